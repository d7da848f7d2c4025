"""One room on two workers: media crosses by pipe, once, and never into another room. Counted at sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from sfu.forward.planes import planes
from sfu.pipes.table import Place
from signaling.bus import InProcessBus
from signaling.control import AcceptPlay, AcceptPublish, Answer, LayersWanted, PipeWants
from tests.support.media_worker import EVENTS, WorkerUnderTest, hear, running_worker, until
from tests.support.scripted_client import AUDIO, OPUS_FRAME, VIDEO, VP8_KEYFRAME, ScriptedClient

H264 = 102
H264_LINES = (
    f"a=rtpmap:{H264} H264/90000\r\na=fmtp:{H264} packetization-mode=1;profile-level-id=42e01f\r\n"
    f"a=rtcp-fb:{H264} nack\r\na=rtcp-fb:{H264} nack pli\r\n"
)


class Pair:
    """Workers `a` and `b` on one bus; speakers are on a, listeners on b unless said otherwise."""

    def __init__(self, a: WorkerUnderTest, b: WorkerUnderTest) -> None:
        self.a, self.b = a, b
        self.clients: list[ScriptedClient] = []

    async def speaker(self, session: str, router: str, at: WorkerUnderTest | None = None) -> ScriptedClient:
        client, worker = ScriptedClient(), at or self.a
        self.clients.append(client)
        offer = client.offer("av", ssrcs=(1111, 2222))
        answer = await worker.expect(AcceptPublish(session, router, EVENTS, offer, {}), Answer)
        await client.connect(answer.sdp)
        await worker.routes((session, router, []))
        return client

    async def listener(self, session: str, router: str, at: WorkerUnderTest | None = None) -> ScriptedClient:
        client, worker = ScriptedClient(), at or self.b
        self.clients.append(client)
        offer = client.offer("aavv", "recvonly")
        answer = await worker.expect(AcceptPlay(session, router, EVENTS, offer), Answer)
        await client.connect(answer.sdp)
        return client

    def slot_of(self, place: Place) -> int:
        """The handle of a slot of a's end of the pipe to b."""
        return self.a.worker.media.pipes.ends["b"].slots[place].handle

    def sent_over_pipe(self) -> int:
        """RTP packets that a sent to b."""
        end = self.a.worker.media.pipes.ends["b"]
        return sum(self.a.worker.media.forwarder.slot_state(s.handle).packets for s in end.slots.values())


@pytest.fixture(params=planes())
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        bus = InProcessBus()
        stack.push_async_callback(bus.close)
        a = await stack.enter_async_context(running_worker("a", bus=bus, plane=request.param))
        b = await stack.enter_async_context(running_worker("b", bus=bus, plane=request.param))
        made = Pair(a, b)
        yield made
        for client in made.clients:
            client.close()


def speak(*clients: ScriptedClient) -> None:
    for client in clients:
        client.send_rtp(1111, AUDIO, OPUS_FRAME)
        client.send_rtp(2222, VIDEO, VP8_KEYFRAME)


async def talk_until(
    condition: Callable[[], bool], what: str, speakers: list[ScriptedClient], ears: list[ScriptedClient]
) -> None:
    """Let them speak until the condition holds."""
    for _ in range(500):
        speak(*speakers)
        await asyncio.sleep(0.01)
        for client in [*speakers, *ears]:
            client.receive()
        if condition():
            return
    raise AssertionError(f"never happened: {what}")


def heard(client: ScriptedClient) -> int:
    return sum(client.rtp.values())


async def test_a_listener_hears_and_sees_who_is_on_another_worker(pair: Pair) -> None:
    ann = await pair.speaker("ann", "s:public")
    ears = await pair.listener("ears", "s:public")
    await pair.b.routes(("ann", "s:public", []), home="a")
    await pair.b.routes(("ears", "s:public", [hear(0, "ann"), hear(0, "ann", "camera")]))
    await talk_until(lambda: len(ears.rtp) == 2, "sound and picture cross", [ann], [ears])
    slot = await pair.b.slot("ears", "video", 0)
    assert (slot.source_session, slot.source, slot.active) == ("ann", "camera", True)


async def test_a_stream_crosses_once_however_many_listen(pair: Pair) -> None:
    ann = await pair.speaker("ann", "s:public")
    crowd = [await pair.listener(f"ears{i}", "s:public") for i in range(6)]
    await pair.b.routes(("ann", "s:public", []), home="a")
    await pair.b.routes(*((f"ears{i}", "s:public", [hear(0, "ann")]) for i in range(6)))
    await talk_until(lambda: all(map(heard, crowd)), "everybody hears", [ann], crowd)
    await asyncio.sleep(0.1)
    before_sent, before_heard = pair.sent_over_pipe(), [heard(client) for client in crowd]
    for _ in range(50):
        ann.send_rtp(1111, AUDIO, OPUS_FRAME)
    await talk_until(
        lambda: all(heard(c) >= b + 50 for c, b in zip(crowd, before_heard, strict=True)), "all", [], crowd
    )
    assert pair.sent_over_pipe() == before_sent + 50


async def test_who_walks_into_a_private_room_is_silent_on_the_other_worker_too(pair: Pair) -> None:
    ann = await pair.speaker("ann", "s:public")
    ears, spy = await pair.listener("ears", "s:public"), await pair.listener("spy", "s:public")
    await pair.b.routes(("ann", "s:public", []), home="a")
    await pair.b.routes(
        ("ears", "s:public", [hear(0, "ann"), hear(0, "ann", "camera")]),
        ("spy", "s:public", [hear(0, "ann")]),
    )
    await talk_until(lambda: len(ears.rtp) == 2 and heard(spy) > 0, "they hear", [ann], [ears, spy])
    # One tick's batches, as the world sends them: to her own worker and to the one that knows her.
    await pair.a.routes(("ann", "s:room", []))
    await pair.b.routes(("ann", "s:room", []), home="a")
    await asyncio.sleep(0.05)
    for client in (ears, spy):
        client.receive()
    before = heard(ears), heard(spy)
    for _ in range(40):
        speak(ann)
        await asyncio.sleep(0.01)
    # Whatever they still ask for:
    await pair.b.routes(("ears", "s:public", [hear(0, "ann"), hear(1, "ann"), hear(1, "ann", "camera")]))
    for _ in range(40):
        speak(ann)
        await asyncio.sleep(0.01)
    for client in (ears, spy):
        client.receive()
    assert (heard(ears), heard(spy)) == before


@pytest.mark.parametrize("told", ["a", "b"])
async def test_one_of_both_workers_is_enough_to_keep_a_private_room_silent(pair: Pair, told: str) -> None:
    """The other one's command is late, or lost."""
    ann = await pair.speaker("ann", "s:public")
    ears = await pair.listener("ears", "s:public")
    await pair.b.routes(("ann", "s:public", []), home="a")
    await pair.b.routes(("ears", "s:public", [hear(0, "ann")]))
    await talk_until(lambda: heard(ears) > 0, "she is heard", [ann], [ears])
    if told == "a":
        await pair.a.routes(("ann", "s:room", []))
    else:
        await pair.b.routes(("ann", "s:room", []), home="a")
    await asyncio.sleep(0.05)
    ears.receive()
    before = heard(ears)
    for _ in range(120):  # longer than wants are refreshed
        speak(ann)
        await asyncio.sleep(0.01)
    ears.receive()
    assert heard(ears) == before


async def test_who_comes_back_is_heard_again_and_in_the_room_by_those_in_it(pair: Pair) -> None:
    ann = await pair.speaker("ann", "s:public")
    ears, inside = await pair.listener("ears", "s:public"), await pair.listener("inside", "s:room")
    await pair.b.routes(("ann", "s:public", []), home="a")
    await pair.b.routes(("ears", "s:public", [hear(0, "ann")]), ("inside", "s:room", []))
    await talk_until(lambda: heard(ears) > 0, "she is heard", [ann], [ears])
    await pair.a.routes(("ann", "s:room", []))
    await pair.b.routes(("ann", "s:room", []), home="a")
    await pair.b.routes(("ears", "s:public", []), ("inside", "s:room", [hear(0, "ann")]))
    await talk_until(lambda: heard(inside) > 0, "the room hears her", [ann], [inside, ears])
    before = heard(ears)
    await talk_until(lambda: heard(inside) > 20, "and goes on", [ann], [inside, ears])
    assert heard(ears) == before
    await pair.a.routes(("ann", "s:public", []))
    await pair.b.routes(("ann", "s:public", []), home="a")
    await pair.b.routes(("ears", "s:public", [hear(0, "ann")]), ("inside", "s:room", []))
    await asyncio.sleep(0.05)
    inside.receive()
    quiet = heard(inside)
    await talk_until(lambda: heard(ears) > before + 5, "the hall hears her again", [ann], [inside, ears])
    assert heard(inside) == quiet


async def test_a_source_that_opens_later_crosses_then_and_its_end_is_the_end(pair: Pair) -> None:
    ears = await pair.listener("ears", "s:public")
    await pair.b.routes(("ann", "s:public", []), home="a")
    await pair.b.routes(("ears", "s:public", [hear(0, "ann")]))
    await until(lambda: "b" in pair.a.worker.media.pipes.ends, "the pipe")
    ann = await pair.speaker("ann", "s:public")
    await talk_until(lambda: heard(ears) > 0, "she is heard", [ann], [ears])
    await pair.a.close_session("ann")
    await until(lambda: not pair.b.worker.media.pipes.ends["a"].imports, "her stream is gone on b")


async def test_a_worker_that_began_anew_is_joined_again(pair: Pair) -> None:
    ears = await pair.listener("ears", "s:public")
    ann = await pair.speaker("ann", "s:public")
    await pair.b.routes(("ann", "s:public", []), home="a")
    await pair.b.routes(("ears", "s:public", [hear(0, "ann")]))
    await talk_until(lambda: heard(ears) > 0, "she is heard", [ann], [ears])
    pair.a.worker.media.pipes.drop("b")  # it knows nothing of the pipe any more
    ears.receive()
    before = heard(ears)
    await talk_until(lambda: heard(ears) > before + 5, "and is heard over a new one", [ann], [ears])


async def test_a_session_that_moves_to_the_listeners_worker_needs_no_pipe_any_more(pair: Pair) -> None:
    ann = await pair.speaker("ann", "s:public")
    ears, near = await pair.listener("ears", "s:public"), await pair.listener("near", "s:public", pair.a)
    await pair.b.routes(("ann", "s:public", []), home="a")
    await pair.b.routes(("ears", "s:public", [hear(0, "ann")]))
    await pair.a.routes(("near", "s:public", [hear(0, "ann")]))
    await talk_until(lambda: heard(ears) > 0 and heard(near) > 0, "both hear her", [ann], [ears, near])
    # She is on both workers for a moment, and then on b alone.
    there = await pair.speaker("other", "s:public", pair.b)  # epochs of b go on
    client = ScriptedClient()
    pair.clients.append(client)
    offer = client.offer("av", ssrcs=(1111, 2222))
    answer = await pair.b.expect(AcceptPublish("ann", "s:public", EVENTS, offer, {}), Answer)
    await client.connect(answer.sdp)
    before = heard(ears)
    await talk_until(lambda: heard(ears) > before + 5, "meanwhile she is heard", [ann, client], [ears])
    await pair.b.routes(("ann", "s:public", []))
    await pair.a.routes(("ann", "s:public", []), home="b")
    await until(lambda: bool(pair.a.worker.media.pipes.ends["b"].imports), "a fetches her from b")
    await pair.a.bus.publish("worker.a", b'{"type":"close_session","session":"ann","epoch":1,"home":"b"}')
    old_ears, old_near = heard(ears), heard(near)
    await talk_until(
        lambda: heard(ears) > old_ears + 5 and heard(near) > old_near + 5,
        "both hear her new connection",
        [client],
        [ears, near, ann],
    )
    assert "ann" not in pair.a.worker.media.sessions
    assert not any(s.session == "ann" for s in pair.b.worker.media.pipes.ends["a"].imports)
    there.close()


async def test_keyframes_and_lost_packets_are_asked_for_across_the_pipe(pair: Pair) -> None:
    ann = await pair.speaker("ann", "s:public")
    ears = await pair.listener("ears", "s:public")
    await pair.b.routes(("ann", "s:public", []), home="a")
    await pair.b.routes(("ears", "s:public", [hear(0, "ann", "camera")]))
    await talk_until(lambda: heard(ears) > 0, "she is seen", [ann], [ears])
    end = pair.b.worker.media.pipes.ends["a"]
    producer = next(iter(end.imports.values())).producers[0]
    asked = pair.a.metric("atrium_sfu_keyframe_requests_total")
    await asyncio.sleep(0.4)
    pair.b.worker.media.reports.keyframe_needed(producer.handle)
    await talk_until(
        lambda: pair.a.metric("atrium_sfu_keyframe_requests_total") > asked,
        "a PLI reaches her",
        [ann],
        [ears],
    )
    state = pair.b.worker.media.forwarder.producer_state(producer.handle)
    pair.b.worker.media.desk.packets_lost(producer.handle, [state.highest & 0xFFFF], 0.0)
    resent = pair.a.metric("atrium_sfu_nacks_received_total")
    pair.b.worker.media.forwarder.missing = (  # type: ignore[method-assign]
        lambda producer, sequences: sequences
    )
    await until(lambda: pair.a.metric("atrium_sfu_nacks_received_total") > resent, "a NACK reaches a")


async def test_forged_rtcp_of_a_pipe_is_dropped(pair: Pair) -> None:
    ann = await pair.speaker("ann", "s:public")
    ears = await pair.listener("ears", "s:public")
    await pair.b.routes(("ann", "s:public", []), home="a")
    await pair.b.routes(("ears", "s:public", [hear(0, "ann")]))
    await talk_until(lambda: heard(ears) > 0, "she is heard", [ann], [ears])
    end = pair.a.worker.media.pipes.ends["b"]
    before = end.bad_rtcp
    assert pair.a.worker.media.pipes.rtcp(end.peer, b"\x81\xce" + bytes(40))
    assert end.bad_rtcp == before + 1


# --- simulcast ---------------------------------------------------------------------------------------

MID, RID = 1, 2
# RID, SSRC and bytes of a picture, lowest first.
LAYERS = (("q", 5000, 80), ("h", 5001, 300), ("f", 5002, 900))


async def test_the_layers_of_a_picture_cross_one_by_one_and_each_listener_gets_its_own(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfu.routing.pausing.PAUSE_SECONDS", 0.2)
    camera = ScriptedClient()
    pair.clients.append(camera)
    offer = camera.offer("v", mid=MID) + "\r\n".join(
        [
            f"a=extmap:{RID} urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
            *(f"a=rid:{rid} send" for rid, _, _ in LAYERS),
            "a=simulcast:send q;h;f",
            "",
        ]
    )
    answer = await pair.a.expect(AcceptPublish("ann", "s:public", EVENTS, offer, {}), Answer)
    await camera.connect(answer.sdp)
    await pair.a.routes(("ann", "s:public", []))
    near, far = await pair.listener("near", "s:public"), await pair.listener("far", "s:public")
    await pair.b.routes(("ann", "s:public", []), home="a")
    seen = [hear(0, "ann", "camera")]
    await pair.b.routes(("near", "s:public", seen), ("far", "s:public", seen))

    async def film(condition: Callable[[], bool], what: str) -> None:
        for _ in range(200):
            for rid, ssrc, size in LAYERS:
                camera.send_rtp(ssrc, VIDEO, VP8_KEYFRAME + bytes(size), (MID, "0"), (RID, rid))
            await asyncio.sleep(0.05)
            for client in (camera, near, far):
                client.receive()
            if condition():
                return
        raise AssertionError(f"never happened: {what}")

    media = pair.b.worker.media

    def fed(session: str) -> int:
        """Which layer feeds the listener's picture."""
        subscribe = media.sessions[session].subscribe
        slot = next(s for s in subscribe.slots if s.kind == "video") if subscribe is not None else None
        feed = media.feeds.of(slot.handle) if slot is not None else None
        return feed.source.index(feed.fed) if feed is not None else -1

    await film(lambda: fed("near") == fed("far") == 2, "both see the best of three layers")

    def select(session: str, layer: int) -> None:
        subscribe = media.sessions[session].subscribe
        assert subscribe is not None
        media.select(next(s for s in subscribe.slots if s.kind == "video").handle, layer)

    select("far", 0)
    await film(lambda: (fed("near"), fed("far")) == (2, 0), "one of them sees the lowest")
    before = heard(near), heard(far)
    await film(lambda: heard(near) > before[0] + 5 and heard(far) > before[1] + 5, "both go on")
    # Three layers, each once.
    sending = pair.a.worker.media
    lanes = sending.pipes.ends["b"].pool.lanes
    assert len(lanes) == 3

    # What nobody there receives does not cross, and then need not be sent in either.
    def crossing() -> list[int]:
        feeds = [sending.feeds.of(pair.slot_of(place)) for place in lanes.values()]
        return sorted(feed.spatial for feed in feeds if feed is not None and feed.fed)

    def asked_for() -> tuple[str, ...]:
        told = [event.rids for event in pair.a.events if isinstance(event, LayersWanted)]
        return told[-1] if told else ("q", "h", "f")

    assert crossing() == [0, 1, 2]
    select("near", 0)
    await film(lambda: crossing() == [0], "the lowest crosses alone")
    await film(lambda: asked_for() == ("q",), "its publisher is asked for that one")
    before = heard(near), heard(far)
    await film(lambda: heard(near) > before[0] + 5 and heard(far) > before[1] + 5, "it is seen meanwhile")
    end = sending.pipes.ends["b"]
    sending.pipes.take_wants(PipeWants("b", end.theirs, end.wanted_number, tuple(end.wanted)))
    assert crossing() == [0, 1, 2], "a worker of the last release says nothing of layers"
    await film(lambda: crossing() == [0], "until this one says it again")
    select("near", 2)
    await film(lambda: asked_for() == ("q", "h", "f"), "its publisher is asked for all again")
    await film(lambda: (fed("near"), fed("far")) == (2, 0), "and the best is seen again")


async def test_who_takes_another_codec_on_another_worker_is_heeded_and_fed(
    pair: Pair,
) -> None:
    camera = ScriptedClient()
    pair.clients.append(camera)
    offer = camera.offer("v", ssrcs=(2222,))
    for line in (f"SAVPF {VIDEO}", f"a=rtpmap:{VIDEO} VP8/90000"):
        assert line in offer
    offer = offer.replace(f"SAVPF {VIDEO}", f"SAVPF {VIDEO} {H264}") + H264_LINES
    answer = await pair.a.expect(AcceptPublish("ann", "s:public", EVENTS, offer, {}), Answer)
    await camera.connect(answer.sdp)
    await pair.a.routes(("ann", "s:public", []))
    player = ScriptedClient()
    pair.clients.append(player)
    asked = player.offer("v", "recvonly").replace(f"{VIDEO} VP8/90000", f"{VIDEO} H264/90000")
    asked += f"a=fmtp:{VIDEO} packetization-mode=1;profile-level-id=42e01f\r\n"
    answer = await pair.b.expect(AcceptPlay("pete", "s:public", EVENTS, asked), Answer)
    await player.connect(answer.sdp)
    near = await pair.listener("near", "s:public")
    await pair.b.routes(("ann", "s:public", []), home="a")
    seen = [hear(0, "ann", "camera")]
    await pair.b.routes(("pete", "s:public", seen), ("near", "s:public", seen))

    def got(client: ScriptedClient) -> int:
        client.receive()
        return sum(client.rtp.values())

    async def film(kind: int, payload: bytes, condition: Callable[[], bool], what: str) -> None:
        async with asyncio.timeout(20):
            while not condition():
                camera.send_rtp(2222, kind, payload)
                camera.receive()
                await asyncio.sleep(0.01)

    def told() -> list[str]:
        return [event.codec for event in pair.a.events if isinstance(event, LayersWanted) and event.codec]

    await film(VIDEO, VP8_KEYFRAME, lambda: got(near) > 5, "who takes VP8 sees it")
    assert got(player) == 0
    # No codec suits both: who sees keeps the picture. When that one goes, the other is heeded.
    await pair.b.routes(("near", "s:public", []))
    await film(VIDEO, VP8_KEYFRAME, lambda: told() == ["H264"], "its publisher is asked for H264")
    before = got(near)
    await film(H264, b"\x65 a picture", lambda: got(player) > 5, "who takes H264 sees it")
    assert got(near) <= before + 1
