"""Which clocks delivery trusts: its own steady one for what is due, and nobody's for who is alive.

A wall clock may be moved by hours while a worker runs. What is due is counted from when the worker started, by a clock that only goes
forward; and that another worker lives is seen by its beat changing, so two workers need not agree on the time at all.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta


class Steady:
    """The wall clock as it was at the start, moved on by a clock that nobody can set (`monotonic`, in seconds)."""

    def __init__(self, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._start = now()
        self._began = monotonic()

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=self._monotonic() - self._began)


class Heartbeats:
    """Tells which workers are dead: those whose beat has stood still for `patience_s` of this worker's own steady time."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._seen: dict[str, tuple[int, float]] = {}

    def dead(self, beats: Mapping[str, int], moment: float) -> list[str]:
        """Take each owner's beat as it is at this moment (seconds); give the dead. An owner seen for the first time counts from now."""
        self._seen = {
            owner: seen if (seen := self._seen.get(owner)) is not None and seen[0] == beat else (beat, moment)
            for owner, beat in beats.items()
        }
        return sorted(owner for owner, (_, since) in self._seen.items() if moment - since >= self._patience_s)
