"""Who speaks: microphones' levels in, the speakers out. Pure; levels are -dBov (0 loudest .. 127 silence).

One loud poll could be a cough and one quiet poll is a breath: somebody starts to speak after ATTACK
loud polls in a row, and stops RELEASE_SECONDS after the last loud one.

How loud they are is told in coarse steps, smoothed over a second or two of speech: whoever ranks speakers
by it should see voices, not syllables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# LiveKit's threshold is -35 dBov; 127 is digital silence.
THRESHOLD = 35
ATTACK_POLLS = 2
RELEASE_SECONDS = 0.8
# The part of a loud poll in the smoothed level: with a poll every 150 ms, 1.4 s of speech count.
SMOOTHING = 0.1
# Levels are told as multiples of this (dB), and another one only when the smoothed level has left the
# present one by more than LEAVE: half a step, and a bit more.
STEP = 6
LEAVE = 4.0


@dataclass(slots=True)
class _Voice:
    loud: int = 0
    last_loud: float = 0.0
    speaking: bool = False
    level: float | None = None  # of loud polls, smoothed
    step: int = 0

    def heard(self, level: int) -> None:
        """A loud poll."""
        if self.level is None:
            self.level, self.step = float(level), round(level / STEP) * STEP
            return
        self.level += (level - self.level) * SMOOTHING
        if abs(self.level - self.step) > LEAVE:
            self.step = round(self.level / STEP) * STEP


class Speakers:
    """Every microphone of one worker, by session."""

    def __init__(self) -> None:
        self._voices: dict[str, _Voice] = {}

    def update(self, levels: Mapping[str, int], now: float) -> None:
        """One poll: the loudest level of each session since the last. Who is missing is forgotten."""
        for gone in self._voices.keys() - levels.keys():
            del self._voices[gone]
        for session, level in levels.items():
            voice = self._voices.setdefault(session, _Voice())
            if level <= THRESHOLD:
                voice.loud += 1
                voice.last_loud = now
                voice.heard(level)
                if voice.loud >= ATTACK_POLLS:
                    voice.speaking = True
            else:
                voice.loud = 0
                if now - voice.last_loud >= RELEASE_SECONDS:
                    voice.speaking = False

    def among(self, sessions: Iterable[str]) -> tuple[str, ...]:
        """Those of `sessions` who speak, sorted."""
        return tuple(
            sorted(name for name in sessions if name in self._voices and self._voices[name].speaking)
        )

    def level(self, session: str) -> int:
        """How loud somebody who speaks is: a multiple of STEP."""
        return self._voices[session].step
