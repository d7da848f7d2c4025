"""Who speaks: microphones' levels in, the speakers out. Pure; levels are -dBov (0 loudest .. 127 silence).

One loud poll could be a cough and one quiet poll is a breath: somebody starts to speak after ATTACK
loud polls in a row, and stops RELEASE_SECONDS after the last loud one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# LiveKit's threshold is -35 dBov; 127 is digital silence.
THRESHOLD = 35
ATTACK_POLLS = 2
RELEASE_SECONDS = 0.8


@dataclass(slots=True)
class _Voice:
    loud: int = 0
    last_loud: float = 0.0
    speaking: bool = False


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
