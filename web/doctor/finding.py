"""What a check has found. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

State = Literal["good", "warning", "bad", "skipped"]
SIGNS: dict[State, str] = {"good": "ok", "warning": "warn", "bad": "BAD", "skipped": "-"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what it looked at, how that stands, and what to do about it (empty when nothing)."""

    check: str
    state: State
    found: str
    advice: str = ""


def exit_code(findings: Sequence[Finding]) -> int:
    """1 when something must be mended before it works, else 0."""
    return int(any(finding.state == "bad" for finding in findings))


def as_text(findings: Sequence[Finding]) -> str:
    """For people: a line each, with the advice below it."""
    width = max((len(finding.check) for finding in findings), default=0)
    lines = []
    for finding in findings:
        lines.append(f"{SIGNS[finding.state]:>4}  {finding.check:<{width}}  {finding.found}")
        if finding.advice:
            lines.append(f"{'':>4}  {'':<{width}}  → {finding.advice}")
    bad = sum(finding.state == "bad" for finding in findings)
    warned = sum(finding.state == "warning" for finding in findings)
    lines.append(f"{bad} to mend, {warned} to look at, {len(findings)} checked")
    return "\n".join(lines)


def as_builtins(findings: Sequence[Finding]) -> dict[str, object]:
    """For machines."""
    return {"ok": not exit_code(findings), "findings": [asdict(finding) for finding in findings]}
