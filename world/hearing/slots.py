"""Which of a listener's receive slots carries whom. Pure.

A listener has a fixed pool of audio and video slots. Ranked wishes come in; whoever is among the first
as many as there are slots gets one and keeps that slot for as long as they stay among them, because a
slot that changes its source costs a keyframe and a gap. Reserved (pre-warmed) sources rank after all
that are heard.

Slots of one number are one stream to the browser, which plays their sound and their picture in step, and
no others. So the voice and the face of a person get the same number, and so do a screen and its sound.

Rank in public space is distance, with a bonus for those who have a slot already; for video, the pinned
person comes first. For audio, people who speak (or did a moment ago) do, and among them those who are
heard best: how loud they speak times what the distance leaves of it. In a private room distance does not
matter: people who spoke last come first, and while more speak than there are slots, the loudest. That ranking
is the same for everybody in the room and is made once, so a room of a thousand costs each listener a dozen
steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from signaling.messages import KIND_OF_SOURCE, Kind, Source
from world.hearing.audibility import Audibility, gain
from world.space.player import Player

AUDIO_SLOTS = 12
VIDEO_SLOTS = 12
# Somebody who stopped speaking keeps a speaker's rank so long (seconds): a pause for breath is no reason
# to give the slot away.
SPEAKING_HOLD = 3.0
# A newcomer must be nearer by this factor to take the slot of somebody who has one.
INCUMBENT = 0.85
# Distances are compared squared.
_INCUMBENT2 = INCUMBENT * INCUMBENT
# Among speakers, a newcomer must be heard louder by this factor (amplitude): more than one step of the
# levels that are told (6 dB), so that no voice that sways between two of them comes and goes.
LOUDER = 2.2
# A listener with more wishes than slots is ranked anew this often (seconds).
RERANK_SECONDS = 0.25


# What belongs together: lips match.
_OTHER_HALF: Mapping[Source, Source] = MappingProxyType(
    {"mic": "camera", "camera": "mic", "screen": "screen_audio", "screen_audio": "screen"}
)
_NOTHING: Mapping[Source, int] = MappingProxyType({})


class Wish(NamedTuple):
    """A source that should have a slot; `active` false reserves one."""

    player: Player
    source: Source
    active: bool


class SlotTable:
    """The slots of one kind of one listener."""

    __slots__ = ("_where", "slots")

    def __init__(self, size: int) -> None:
        self.slots: list[Wish | None] = [None] * size
        # Whose sources are in which slot. Most people whom this is asked of have none.
        self._where: dict[Player, dict[Source, int]] = {}

    def held_by(self, player: Player) -> Mapping[Source, int]:
        """The slots of this person's sources. Do not change."""
        return self._where.get(player, _NOTHING)

    def release(self, wishes: list[Wish]) -> bool:
        """Free the slots of all who are not among the first of `wishes`. Returns whether anything changed."""
        keys = {(wish.player, wish.source) for wish in wishes[: len(self.slots)]}
        changed = False
        for slot, held in enumerate(self.slots):
            if held is not None and (held.player, held.source) not in keys:
                self._free(slot, held)
                changed = True
        return changed

    def give(self, wishes: list[Wish], beside: SlotTable) -> bool:
        """Give slots to the first of `wishes` (best first), after `release`. Whether anything changed.

        `beside` is the table of the other kind.
        """
        changed = False
        free: list[int] | None = None
        for wish in wishes[: len(self.slots)]:
            slot = self._where.get(wish.player, _NOTHING).get(wish.source)
            if slot is None:
                if free is None:
                    free = [index for index, held in enumerate(self.slots) if held is None]
                slot = _place(wish, free, beside)
                free.remove(slot)
                self._where.setdefault(wish.player, {})[wish.source] = slot
            elif self.slots[slot] == wish:
                continue
            self.slots[slot] = wish
            changed = True
        return changed

    def review(self, player: Player, heard: bool | None, carried: Iterable[Source]) -> bool:
        """Take back what this person's slots carry and may not any more; give nothing.

        `heard` true: they are heard, false: slots are only reserved for them, None: neither. `carried`: their
        sources that can be received. Returns whether anything changed.
        """
        changed = False
        for source, slot in list(self.held_by(player).items()):
            wish = Wish(player, source, False)
            if heard is None or source not in carried:
                self._free(slot, wish)
                changed = True
            elif not heard and self.slots[slot] != wish:
                self.slots[slot] = wish
                changed = True
        return changed

    def _free(self, slot: int, wish: Wish) -> None:
        self.slots[slot] = None
        held = self._where[wish.player]
        del held[wish.source]
        if not held:
            del self._where[wish.player]


def _place(wish: Wish, free: list[int], beside: SlotTable) -> int:
    """Which of the `free` slots: the one beside this source's other half, else one beside which there is room
    for it, else any."""
    other = beside.held_by(wish.player).get(_OTHER_HALF[wish.source])
    if other is not None and other in free:
        return other
    taken = beside.slots
    return next((slot for slot in free if slot >= len(taken) or taken[slot] is None), free[0])


class Ears:
    """Both tables of one listener."""

    __slots__ = ("audio", "overflow", "rings", "video")

    def __init__(self, audio: int = AUDIO_SLOTS, video: int = VIDEO_SLOTS) -> None:
        self.audio = SlotTable(audio)
        self.video = SlotTable(video)
        # More wishes than slots: rank matters, so it is looked at again as people move and speak.
        self.overflow = False
        # How far away those in the video slots are (world.attention).
        self.rings: dict[tuple[Player, Source], int] = {}

    def assign(self, audio: list[Wish], video: list[Wish]) -> bool:
        """Assign both kinds. Returns whether anything changed."""
        self.overflow = len(audio) > len(self.audio.slots) or len(video) > len(self.video.slots)
        # Who goes makes room in both before anybody is given a place.
        changed = self.audio.release(audio)
        changed = self.video.release(video) or changed
        changed = self.audio.give(audio, self.video) or changed
        return self.video.give(video, self.audio) or changed

    def carry(self, player: Player) -> bool:
        """Whether a slot carries this person, or is reserved for them."""
        return bool(self.audio.held_by(player) or self.video.held_by(player))

    def review(self, player: Player, heard: bool | None, carried: Iterable[Source]) -> bool:
        """As `SlotTable.review`, of both kinds."""
        changed = self.audio.review(player, heard, carried)
        return self.video.review(player, heard, carried) or changed

    def table(self, kind: Kind) -> SlotTable:
        """The table of a kind."""
        return self.audio if kind == "audio" else self.video


class RoomRank(NamedTuple):
    """Everything that is on the air in one private room, best first."""

    audio: list[Wish]
    video: list[Wish]

    def head(self) -> tuple[list[Wish], list[Wish]]:
        """What decides the slots of everybody who has pinned nobody: two more than there are slots, one for
        the listener itself and one that shows that there are too many."""
        return self.audio[: AUDIO_SLOTS + 2], self.video[: VIDEO_SLOTS + 2]


def rank_room(members: Iterable[Player], now: float, before: RoomRank | None = None) -> RoomRank:
    """Rank a room for all who are in it: last speakers first (where more speak than can be heard: by
    loudness), then who was in the head of the rank `before`, then by id. `now` in seconds."""
    audio: list[tuple[float, float, bool, str, Wish]] = []
    video: list[tuple[float, float, bool, str, Wish]] = []
    known = set[Wish]().union(*before.head()) if before is not None else set[Wish]()
    members = [player for player in members if player.sources]
    crowd = sum("mic" in player.sources and now - player.spoke_at < SPEAKING_HOLD for player in members)
    # Who is heard, and the one who is heard by those (nobody hears themselves), is not replaced lightly.
    kept: dict[Wish, float] = {}
    if before is not None and crowd > AUDIO_SLOTS:
        kept = dict.fromkeys(before.audio[:AUDIO_SLOTS], LOUDER * LOUDER)
        kept.update(dict.fromkeys(before.audio[AUDIO_SLOTS : AUDIO_SLOTS + 1], LOUDER))
    for player in members:
        # Whole seconds, and everybody who speaks now is equal: turns do not shuffle the speakers.
        spoke = -now if now - player.spoke_at < SPEAKING_HOLD else -player.spoke_at // 1
        for source in player.on_air():
            wish = Wish(player, source, True)
            if KIND_OF_SOURCE[source] == "audio":
                loud = player.loudness * kept.get(wish, 1.0) if spoke == -now and crowd > AUDIO_SLOTS else 0.0
                audio.append((spoke, -loud, wish not in known, player.user_id, wish))
            else:
                rank = spoke if source == "camera" else -now - 1.0
                video.append((rank, 0.0, wish not in known, player.user_id, wish))
    audio.sort(key=_rank)
    video.sort(key=_rank)
    return RoomRank([entry[4] for entry in audio], [entry[4] for entry in video])


def _rank(entry: tuple[float, float, bool, str, Wish]) -> tuple[float, float, bool, str]:
    return entry[:4]


def room_wishes(listener: Player, rank: RoomRank, ears: Ears) -> tuple[list[Wish], list[Wish]]:
    """What one listener of a ranked room should get: (audio, video), one more than fits at most."""
    audio = _others(listener, rank.audio, len(ears.audio.slots))
    if not listener.watch:
        return audio, []
    video = _others(listener, rank.video, len(ears.video.slots))
    if listener.pinned is not None:
        pinned = [wish for wish in rank.video if wish.player.user_id == listener.pinned]
        if pinned and listener.user_id != listener.pinned:
            video = pinned + [wish for wish in video if wish.player.user_id != listener.pinned]
    return audio, video


def _others(listener: Player, ranked: list[Wish], slots: int) -> list[Wish]:
    """The first `slots` + 1 that the listener can receive: one more shows that there are too many."""
    chosen: list[Wish] = []
    carrier, piped = listener.carrier, listener.piped
    for wish in ranked:
        player = wish.player
        if player is not listener and (player.carrier == carrier or (piped and player.piped)):
            chosen.append(wish)
            if len(chosen) > slots:
                break
    return chosen


def public_wishes(
    listener: Player, audibility: Audibility, ears: Ears, now: float
) -> tuple[list[Wish], list[Wish]]:
    """What one listener in public space should get: (audio, video), best first."""
    # Ids and sources tell all entries apart, so they sort without a key and never compare wishes.
    audio: list[tuple[bool, bool, float, float, str, str, Wish]] = []
    video: list[tuple[bool, bool, float, str, str, Wish]] = []
    x, y, carrier, piped = listener.x, listener.y, listener.carrier, listener.piped
    watch, pinned = listener.watch, listener.pinned
    in_audio, in_video = ears.audio.held_by, ears.video.held_by
    for other, active in audibility.reach(listener).items():
        if not other.sources or (other.carrier != carrier and not (piped and other.piped)):
            continue
        distance = (other.x - x) ** 2 + (other.y - y) ** 2
        closer = distance * _INCUMBENT2
        user_id = other.user_id
        for source in other.on_air():
            if source == "camera" or source == "screen":
                if watch:
                    far = closer if source in in_video(other) else distance
                    wish = Wish(other, source, active)
                    video.append((not active, user_id != pinned, far, user_id, source, wish))
            else:
                held = source in in_audio(other)
                far = closer if held else distance
                silent, loud = now - other.spoke_at >= SPEAKING_HOLD, 0.0
                if not silent:
                    loud = other.loudness * gain(math.sqrt(distance)) * (LOUDER if held else 1.0)
                audio.append((not active, silent, -loud, far, user_id, source, Wish(other, source, active)))
    audio.sort()
    video.sort()
    return [entry[6] for entry in audio], [entry[5] for entry in video]
