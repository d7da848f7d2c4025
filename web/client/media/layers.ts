/**
 * The simulcast layers of the camera: how many a picture of this size is worth, and which of them are sent.
 *
 * Pure. Browsers drop surplus layers from the top (Chromium: one below 640 × 360, two below 960 × 540), so
 * a small picture is sent in the lowest ones and the others rest.
 */

/** Lowest first; the names are those of the SFU's protocol. */
export const RIDS = ["q", "h", "f"] as const;

/** bit/s of each layer when all three are sent: 240 × 135, 480 × 270 and 960 × 540 at 24 pictures a second. */
const MAX_BITRATES = [150_000, 400_000, 1_100_000] as const;

/** How many layers a picture of this size (px, either way round) is sent in; unknown: as many as there are. */
export function layerCount(width: number | undefined, height: number | undefined): number {
  if (!width || !height) return RIDS.length;
  const pixels = width * height;
  return pixels >= 960 * 540 ? 3 : pixels >= 640 * 360 ? 2 : 1;
}

/** TypeScript's own types do not know it yet (W3C webrtc-svc); a browser that does not either ignores it. */
export interface Encoding extends RTCRtpEncodingParameters {
  readonly scalabilityMode?: string;
  /** W3C webrtc-extensions; left out, a browser goes on with what it sends. */
  readonly codec?: RTCRtpCodec;
}

/**
 * The screen in one layer, for text has to be whole; a path that is too narrow for it gets fewer pictures a
 * second.
 */
export function screenEncodings(): Encoding[] {
  return [{ maxBitrate: 2_500_000, maxFramerate: 15, scalabilityMode: "L1T3" }];
}

/** The encodings to make the camera's sender with. */
export function cameraEncodings(): Encoding[] {
  return RIDS.map((rid, index) => ({
    rid,
    maxFramerate: 24,
    maxBitrate: bitrate(index, RIDS.length),
    scaleResolutionDownBy: 2 ** (RIDS.length - 1 - index),
    scalabilityMode: "L1T3",
  }));
}

/** What these encodings are to be for a picture in `count` layers, of which `wanted` (RIDs) are received. */
export function tune(
  encodings: readonly RTCRtpEncodingParameters[],
  count: number,
  wanted: ReadonlySet<string>,
): RTCRtpEncodingParameters[] {
  // A source that is sent as one stream: its RID is "".
  if (encodings.length === 1) return encodings.map((one) => ({ ...one, active: wanted.size > 0 }));
  return encodings.map((one, index) => ({
    ...one,
    active: index < count && wanted.has(one.rid ?? ""),
    scaleResolutionDownBy: 2 ** Math.max(0, count - 1 - index),
    maxBitrate: bitrate(index, count),
  }));
}

/** These encodings in the codec of this name (VP8), if it is among those that were negotiated. */
export function inCodec(
  encodings: readonly Encoding[],
  negotiated: readonly RTCRtpCodec[],
  name: string,
): RTCRtpEncodingParameters[] {
  const wanted = `video/${name}`.toLowerCase();
  const codec = negotiated.find(({ mimeType }) => mimeType.toLowerCase() === wanted);
  return encodings.map((one) => codec ? { ...one, codec } : { ...one });
}

/** The best layer of `count` gets what a picture of its size is worth: half the side, a third of the bits. */
function bitrate(index: number, count: number): number {
  const shift = count === RIDS.length ? 0 : 1;
  return MAX_BITRATES[Math.min(index + shift, MAX_BITRATES.length - 1)] ?? MAX_BITRATES[0];
}
