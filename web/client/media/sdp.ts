/**
 * The few things that the client reads from or adds to an SDP. Pure text in, text out.
 */
import type { IceCredentials } from "../net/messages.ts";

/** Wishes for one opus m-line; they go into the answer's fmtp, which is what the sender obeys (RFC 7587 §6.1). */
export interface OpusWishes {
  /** Discontinuous transmission: silence costs 5 packets/s instead of 50. */
  readonly dtx: boolean;
  readonly stereo: boolean;
  /** bit/s */
  readonly maxAverageBitrate: number;
}

/** Speech: mono, in-band FEC, and silence that costs next to nothing. */
export const VOICE: OpusWishes = { dtx: true, stereo: false, maxAverageBitrate: 32_000 };
/** The sound of a shared screen: often music, so stereo and never gated. */
export const SCREEN_SOUND: OpusWishes = { dtx: false, stereo: true, maxAverageBitrate: 96_000 };

/** The SDP's m-sections: [0] is the session part, each following one starts with its m-line. */
function sections(sdp: string): string[] {
  return sdp.split(/(?=^m=)/m);
}

/** `sdp` with the wishes written into the opus fmtp of the m-line with MID `mid`; unchanged where it has no opus. */
export function withOpus(sdp: string, mid: string, wishes: OpusWishes): string {
  return sections(sdp)
    .map((section) => (midOf(section) === mid ? tuned(section, wishes) : section))
    .join("");
}

function midOf(section: string): string | null {
  return /^a=mid:(\S+)/m.exec(section)?.[1] ?? null;
}

function tuned(section: string, wishes: OpusWishes): string {
  const payload = /^a=rtpmap:(\d+) opus\/48000/im.exec(section)?.[1];
  if (payload === undefined) return section;
  const fmtp = new RegExp(`^a=fmtp:${payload} (.*?)(\\r?)$`, "m");
  const existing = fmtp.exec(section);
  const parameters = new Map(
    (existing?.[1] ?? "")
      .split(";")
      .map((part) => part.trim())
      .filter((part) => part !== "")
      .map((part) => [part.split("=")[0] ?? part, part] as const),
  );
  const set = (name: string, value: number): void => void parameters.set(name, `${name}=${value}`);
  set("useinbandfec", 1);
  set("usedtx", wishes.dtx ? 1 : 0);
  set("stereo", wishes.stereo ? 1 : 0);
  set("maxaveragebitrate", wishes.maxAverageBitrate);
  const line = `a=fmtp:${payload} ${[...parameters.values()].join(";")}`;
  if (existing) return section.replace(fmtp, `${line}$2`);
  return section.replace(/^(a=rtpmap:\d+ opus\/48000.*?)(\r?\n)/im, `$1$2${line}$2`);
}

/** `sdp` with this codec (`red`, `opus`) as the first of the m-line with MID `mid`: what a sender takes. Null where it is not there. */
export function withFirst(sdp: string, mid: string, name: string): string | null {
  let found = false;
  const parts = sections(sdp).map((section) => {
    const payload = midOf(section) === mid ? new RegExp(`^a=rtpmap:(\\d+) ${name}/48000`, "im").exec(section)?.[1] : undefined;
    if (payload === undefined) return section;
    found = true;
    return section.replace(/^(m=\S+ \d+ \S+)((?: \d+)+)/, (_, head: string, types: string) =>
      [head, payload, ...types.trim().split(" ").filter((type) => type !== payload)].join(" "));
  });
  return found ? parts.join("") : null;
}

/** `sdp` with these ICE credentials in place of those it has: what an ICE restart changes of it (RFC 8839 §4.4.1.1.1). */
export function withCredentials(sdp: string, { ufrag, password }: IceCredentials): string {
  return sdp
    .replace(/^(a=ice-ufrag:)[^\r\n]*/gm, (_, name: string) => name + ufrag)
    .replace(/^(a=ice-pwd:)[^\r\n]*/gm, (_, name: string) => name + password);
}

/** The ICE username fragment: another one means that the other side made a new connection. */
export function iceUfrag(sdp: string): string | null {
  return /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1] ?? null;
}
