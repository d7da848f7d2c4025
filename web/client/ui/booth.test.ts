import assert from "node:assert/strict";
import { test } from "node:test";
import { verdict, wayWords } from "./booth.ts";

const path = (type: string, protocol: string) => ({ type, protocol, roundTripMs: 1, estimate: null });

test("a relay is named, and a direct way with its protocol", () => {
  assert.match(wayWords(path("relay", "tls")), /TURN.*TLS/);
  assert.equal(wayWords(path("prflx", "udp")), "Direct, UDP");
  assert.equal(wayWords(path("host", "tcp")), "Direct, TCP");
  assert.match(wayWords(null), /Not known/);
});

test("loss counts more than delay, and silence is told after some time only", () => {
  assert.match(verdict(80, 0, 1), /well/);
  assert.match(verdict(500, 0.01, 1), /long/);
  assert.match(verdict(80, 0.2, 1), /lost/);
  assert.equal(verdict(null, null, 3), "");
  assert.match(verdict(null, 0, 50), /Nothing comes back/);
});
