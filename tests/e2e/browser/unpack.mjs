// Unpacks the packaged Chromium below TMPDIR (set by the caller) and prints its path.
import chromium from "@sparticuz/chromium";

console.log(await chromium.executablePath());
