/** A session's media in a fake browser, for tests: what it sends and says, and a world that answers. */
import { afterEach, beforeEach, mock } from "node:test";
import type { ClientMessage, SlotInfo } from "../net/messages.ts";
import { FakeConnection, installFakeBrowser } from "./fake_browser.ts";
import { createMedia, type Media } from "./session.ts";

export const sent: ClientMessage[] = [];
export const said: string[] = [];
export let media: Media;

/** Forget what was sent. */
export const forgetSent = (): void => void (sent.length = 0);
/** Forget what was said. */
export const forgetSaid = (): void => void (said.length = 0);

export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};
export const last = (): FakeConnection => FakeConnection.all.at(-1) as FakeConnection;
export const types = (): string[] => sent.map(({ type }) => type);
export const offer = (ufrag: string, ...mids: string[]): string =>
  [`a=ice-ufrag:${ufrag}`, ...mids.map((mid) => `a=mid:${mid}`)].join("\n");
export const entry = (slot: number, user_id: string, source: SlotInfo["source"], gain = 1): SlotInfo => ({
  slot,
  user_id,
  source,
  gain,
});

/** The world's side of a link: answers, offers slots, and lets both connections connect. */
export async function connect(ufrag = "x"): Promise<{ publish: FakeConnection; subscribe: FakeConnection }> {
  await settle();
  const publish = last();
  media.handle({ type: "media_answer", sdp: "answer" });
  media.handle({ type: "media_offer", sdp: offer(ufrag, "a0", "a1", "v0", "v1") });
  await settle();
  const subscribe = last();
  publish.become("connected");
  subscribe.become("connected");
  return { publish, subscribe };
}

/** Each test of the file begins with a new session. */
export function eachWithASession(): void {
  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    installFakeBrowser();
    forgetSent();
    forgetSaid();
    media = createMedia({ send: (message) => void sent.push(message) });
    media.on("connection", (state) => said.push(state));
    media.on("video", (userId, source, stream) => said.push(`${userId} ${source} ${stream ? "shown" : "gone"}`));
  });
  afterEach(() => {
    media.stop();
    mock.timers.reset();
  });
}
