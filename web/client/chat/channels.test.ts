import assert from "node:assert/strict";
import { test } from "node:test";
import { type ChatLine, Channels, EVERYONE, keyOf, MOST_LINES, NEARBY } from "./channels.ts";

const line = (id: string, more: Partial<ChatLine> = {}): ChatLine => ({
  id,
  user_id: "ann",
  name: "Ann",
  text: id,
  scope: "server",
  at: Number.parseInt(id, 36) || 0,
  to: null,
  file: null,
  reactions: [],
  ...more,
});
const ids = (channels: Channels): string[] => channels.at(EVERYONE).lines.map(({ id }) => id);

test("live lines and pages come together in the order in which they were said, each once", () => {
  const channels = new Channels();
  channels.add(line("5"));
  channels.addPage(EVERYONE, [line("3"), line("4"), line("5")], true, null);
  channels.add(line("7"));
  assert.equal(channels.add(line("7")), false);
  channels.add(line("6"));
  channels.addPage(EVERYONE, [line("1"), line("2"), line("3")], false, "3");
  assert.deepEqual(ids(channels), ["1", "2", "3", "4", "5", "6", "7"]);
  assert.equal(channels.at(EVERYONE).more, false);
});

test("a line that is said while the newest page is asked for stays", () => {
  const channels = new Channels();
  channels.add(line("7"));
  channels.addPage(EVERYONE, [line("3"), line("5")], true, null);
  assert.deepEqual(ids(channels), ["3", "5", "7"]);
  const empty = new Channels();
  empty.add(line("1"));
  empty.addPage(EVERYONE, [], false, null);
  assert.deepEqual(ids(empty), ["1"]);
});

test("what was taken back during an absence is gone, and what is older than the page stays", () => {
  const channels = new Channels();
  channels.addPage(EVERYONE, [line("1"), line("3"), line("4"), line("5")], false, null);
  channels.stale();
  channels.addPage(EVERYONE, [line("3"), line("5"), line("6")], true, null);
  assert.deepEqual(ids(channels), ["1", "3", "5", "6"]);
  assert.equal(channels.at(EVERYONE).more, false);
});

test("after a long absence the newest page begins anew instead of leaving a hole", () => {
  const channels = new Channels();
  channels.addPage(EVERYONE, [line("1"), line("2")], false, null);
  channels.stale();
  assert.equal(channels.at(EVERYONE).fetched, false);
  channels.addPage(EVERYONE, [line("8"), line("9")], true, null);
  assert.deepEqual(ids(channels), ["8", "9"]);
  assert.equal(channels.at(EVERYONE).more, true);
});

test("after a short absence the pages join and reactions are as they are now", () => {
  const channels = new Channels();
  channels.addPage(EVERYONE, [line("1"), line("2")], false, null);
  const loved = line("2", { reactions: [{ reaction: "heart", count: 2, mine: true }] });
  channels.addPage(EVERYONE, [loved, line("3")], true, null);
  assert.deepEqual(ids(channels), ["1", "2", "3"]);
  assert.equal(channels.at(EVERYONE).more, false);
  assert.deepEqual(channels.at(EVERYONE).lines[1]?.reactions, loved.reactions);
});

test("memory is bounded, and what was dropped can be fetched again", () => {
  const channels = new Channels();
  channels.at(EVERYONE).more = false;
  for (let i = 0; i < MOST_LINES + 5; i++) channels.add(line(String(i).padStart(5, "0")));
  assert.equal(ids(channels).length, MOST_LINES);
  assert.equal(ids(channels)[0], "00005");
  assert.equal(channels.at(EVERYONE).more, true);
});

test("a reaction changes its line's count and keeps what is mine until I change it", () => {
  const channels = new Channels();
  channels.add(line("1"));
  channels.react("1", "heart", 1, true);
  channels.react("1", "heart", 2, null);
  assert.deepEqual(channels.at(EVERYONE).lines[0]?.reactions, [{ reaction: "heart", count: 2, mine: true }]);
  channels.react("1", "heart", 1, false);
  assert.equal(channels.at(EVERYONE).lines[0]?.reactions[0]?.mine, false);
  channels.react("1", "heart", 0, null);
  assert.deepEqual(channels.at(EVERYONE).lines[0]?.reactions, []);
  assert.equal(channels.react("no such line", "heart", 1, true), null);
});

test("a line that was taken back is gone", () => {
  const channels = new Channels();
  channels.add(line("1"));
  assert.equal(channels.remove("1")?.key, "server");
  assert.deepEqual(ids(channels), []);
});

test("each zone and each person has a channel, nearby lines are never marked as read", () => {
  assert.equal(keyOf({ scope: "zone", to: "z" }), "zone:z");
  assert.notEqual(keyOf({ scope: "direct", to: "a" }), keyOf({ scope: "direct", to: "b" }));
  const channels = new Channels();
  channels.add(line("local-1", { scope: "nearby" }));
  assert.equal(channels.lastKept(NEARBY), null);
  assert.equal(channels.at(NEARBY).fetched, true);
  channels.forget(NEARBY);
  assert.equal(channels.at(NEARBY).lines.length, 0);
});
