"""Golden: more listeners and more sizes than one batch has room for, on every plane."""

from __future__ import annotations

import os

import pytest

from sfu.forward import outbox, srtp
from sfu.forward.contract import Drop, ExtensionIds
from sfu.forward.datagrams import TX_CELLS
from tests.support.plane_rig import Rig, payloads

LISTENERS = 300


async def test_a_burst_of_all_sizes_reaches_more_listeners_than_a_batch_holds(rig: Rig) -> None:
    assert LISTENERS > TX_CELLS / 3
    ids = ExtensionIds(mid=1, transport_cc=2)
    source = rig.source()
    heard = []
    for index in range(LISTENERS):
        slot, listener = rig.slot(extensions=ids if index % 3 else None, mid=str(index % 3))
        rig.forwarder.route(slot, source.handle)
        heard.append(listener)
    await rig.settle()
    sent = source.send(1, key=True)
    await rig.settle()
    for size in (1800, 40, 1100, 1100, 1250, 700):
        sent += source.send(1, payload=b"\x00\x01" + os.urandom(size))
    await rig.settle()
    numbers = set()
    for listener in heard:
        got = listener.receive()
        assert payloads(sorted(got, key=lambda packet: packet.sequence)) == payloads(sent)
        assert listener.refused == []
        numbers.add(tuple(sorted(packet.sequence - got[0].sequence for packet in got)))
    assert numbers == {tuple(range(7))}
    counters = rig.forwarder.counters()
    assert counters.sent == 7 * LISTENERS
    assert rig.dropped() == {}


@pytest.mark.parametrize("refused", [0, 3, 5])
async def test_what_cannot_be_protected_is_not_sent_and_the_rest_is(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    if rig.forwarder.plane == "native":
        pytest.skip("its SRTP is out of a test's reach; the fuzzer refuses there")
    source = rig.source()
    heard = []
    for _ in range(2):
        slot, listener = rig.slot()
        rig.forwarder.route(slot, source.handle)
        heard.append(listener)
    source.send(1, key=True)
    await rig.settle()
    first = [payloads(listener.receive()) for listener in heard]
    assert [len(got) for got in first] == [1, 1]
    calls = 0

    def refusing(*arguments: object) -> int:
        nonlocal calls
        calls += 1
        return 1 if calls == refused + 1 else srtp.protect(*arguments)

    before = rig.forwarder.counters()
    monkeypatch.setattr(outbox, "protect", refusing)
    sent = payloads(source.send(3))
    await rig.settle()
    missing = sent[refused % 3]
    got = [payloads(listener.receive()) for listener in heard]
    assert sorted(map(len, got)) == [2, 3]
    for one in got:
        assert one in (sent, [payload for payload in sent if payload != missing])
    after = rig.forwarder.counters()
    assert after.dropped[Drop.PROTECT] == 1
    assert after.sent - before.sent == 5
    assert after.sent_bytes - before.sent_bytes == 5 * (len(sent[0]) + 12 + 16)
