// Bundles the four entries into web/static/app, and each language but English as a script of its
// own that defines `atriumWords` (see i18n/words.ts). `--watch` rebuilds on change.
import { context } from "esbuild";
import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
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

// What effects load when they are wanted: models, WebAssembly and worklets, from our own server.
const effects = join(outdir, "effects");
const packages = join(here, "node_modules");
rmSync(join(outdir, "chunks"), { recursive: true, force: true }); // their names have their content in them
mkdirSync(effects, { recursive: true });
for (const [from, names] of [
  ["@sapphi-red/web-noise-suppressor/dist", ["rnnoise.wasm", "rnnoise_simd.wasm"]],
  [
    "@mediapipe/selfie_segmentation",
    [
      "selfie_segmentation.js",
      "selfie_segmentation.binarypb",
      "selfie_segmentation_landscape.tflite",
      "selfie_segmentation_solution_simd_wasm_bin.js",
      "selfie_segmentation_solution_simd_wasm_bin.wasm",
      "selfie_segmentation_solution_wasm_bin.js",
      "selfie_segmentation_solution_wasm_bin.wasm",
    ],
  ],
]) {
  for (const name of names) copyFileSync(join(packages, from, name), join(effects, name));
}
copyFileSync(join(packages, "@sapphi-red/web-noise-suppressor/dist/rnnoise/workletProcessor.js"), join(effects, "rnnoise_worklet.js"));

const builds = await Promise.all([
  context({
    ...common,
    entryPoints: ["world.ts", "meeting.ts", "pages.ts", "admin.ts"],
    outdir,
    format: "esm",
    // What is imported when it is wanted becomes a chunk of its own.
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
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
