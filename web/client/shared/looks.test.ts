/** What the painter makes of a look is what the generator painted: its sheets are read from their PNGs. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inflateSync } from "node:zlib";
import { nameOf, readLook } from "./look_code.ts";
import { type LayerManifest, type Pixels, paintLook } from "./look_painter.ts";

const folder = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "maps", "templates");
const manifest = JSON.parse(readFileSync(join(folder, "looks", "layers.json"), "utf8")) as LayerManifest;

/** The pixels of an RGBA PNG of 8 bits, as the generator writes them. */
function readPng(name: string): Pixels {
  const file = readFileSync(join(folder, name));
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  assert.deepEqual([file[24], file[25], file[28]], [8, 6, 0], "8 bits, RGBA, not interlaced");
  const parts: Buffer[] = [];
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    if (file.toString("latin1", at + 4, at + 8) === "IDAT") parts.push(file.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const raw = inflateSync(Buffer.concat(parts));
  const stride = width * 4;
  const data = new Uint8ClampedArray(stride * height);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (stride + 1)] ?? 0;
    for (let x = 0; x < stride; x += 1) {
      const left = x >= 4 ? (data[y * stride + x - 4] ?? 0) : 0;
      const up = y > 0 ? (data[(y - 1) * stride + x] ?? 0) : 0;
      const corner = x >= 4 && y > 0 ? (data[(y - 1) * stride + x - 4] ?? 0) : 0;
      const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
      const paeth = a <= b && a <= c ? left : b <= c ? up : corner;
      const guess = [0, left, up, (left + up) >> 1, paeth][filter] ?? 0;
      data[y * stride + x] = ((raw[y * (stride + 1) + 1 + x] ?? 0) + guess) & 255;
    }
  }
  return { width, height, data };
}

const atlas = readPng("looks/layers.png");

test("a name says a look and a look its name; other avatars are none", () => {
  const look = readLook("me-3d940d02");
  assert.deepEqual(look, { skin: 3, hair: 13, style: 9, top: 4, cloth: 0, legs: 13, shoes: 0, extra: 2 });
  assert.equal(look && nameOf(look), "me-3d940d02");
  for (const name of ["maple", "me-", "me-3d940d0", "me-3d940d022", "ME-3d940d02", "me-3d940d0!"]) assert.equal(readLook(name), null);
});

for (const [name, code] of Object.entries(manifest.looks)) {
  test(`${name} painted out of layers looks like ${name}`, () => {
    const look = readLook(code);
    const made = look && paintLook(atlas, manifest, look);
    const meant = readPng(`avatars/${name}.png`);
    assert.ok(made && made.width === meant.width && made.height === meant.height);
    let drawn = 0;
    let other = 0;
    for (let i = 0; i < meant.data.length; i += 4) {
      if (meant.data[i + 3] === 0 && made.data[i + 3] === 0) continue;
      drawn += 1;
      // A tone may be rounded the other way.
      const off = [0, 1, 2, 3].some((k) => Math.abs((meant.data[i + k] ?? 0) - (made.data[i + k] ?? 0)) > 1);
      if (off) other += 1;
    }
    // Hair hides a few pixels of a collar here that it shows there.
    assert.ok(other / drawn < 0.03, `${other} of ${drawn} pixels differ`);
  });
}

test("a part that there is not is no look", () => {
  assert.equal(paintLook(atlas, manifest, { skin: 9, hair: 0, style: 0, top: 0, cloth: 0, legs: 0, shoes: 0, extra: 0 }), null);
});
