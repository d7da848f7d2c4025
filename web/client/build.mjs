// Bundles the three pages' entries into web/static/app. `--watch` rebuilds on change.
import { context } from "esbuild";
import { fileURLToPath } from "node:url";
import { dirname, join } from "node:path";

const here = dirname(fileURLToPath(import.meta.url));

const build = await context({
  absWorkingDir: here,
  entryPoints: ["world.ts", "meeting.ts", "pages.ts"],
  outdir: join(here, "..", "static", "app"),
  bundle: true,
  format: "esm",
  target: ["chrome120", "firefox128", "safari17"],
  minify: true,
  sourcemap: "linked",
  logLevel: "info",
});
if (process.argv.includes("--watch")) {
  await build.watch();
} else {
  try {
    await build.rebuild();
  } catch {
    process.exitCode = 1; // what was wrong is printed already
  }
  await build.dispose();
}
