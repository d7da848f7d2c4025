// Bundles the four entries into web/static/app, and each language but English as a script of its
// own that defines `atriumWords` (see i18n/words.ts). `--watch` rebuilds on change.
import { context } from "esbuild";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { dirname, join } from "node:path";

const here = dirname(fileURLToPath(import.meta.url));
const outdir = join(here, "..", "static", "app");
const common = {
  absWorkingDir: here,
  bundle: true,
  target: ["chrome120", "firefox128", "safari17"],
  minify: true,
  charset: "utf8",
  logLevel: "info",
};
const languages = readdirSync(join(here, "i18n")).filter((name) => name.endsWith(".json") && name !== "en.json");

const builds = await Promise.all([
  context({
    ...common,
    entryPoints: ["world.ts", "meeting.ts", "pages.ts", "admin.ts"],
    outdir,
    format: "esm",
    sourcemap: "linked",
  }),
  ...languages.map((name) =>
    context({
      ...common,
      stdin: { contents: `import words from "./i18n/${name}"; globalThis.atriumWords = words;`, resolveDir: here },
      outfile: join(outdir, "i18n", name.replace(".json", ".js")),
      format: "iife",
    }),
  ),
]);
for (const build of builds) {
  if (process.argv.includes("--watch")) {
    await build.watch();
    continue;
  }
  try {
    await build.rebuild();
  } catch {
    process.exitCode = 1; // what was wrong is printed already
  }
  await build.dispose();
}
