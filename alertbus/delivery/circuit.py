"""One circuit per agency: a system that does not answer is left alone, then asked once; nobody else waits for it.

Pure: a state, what happened, and the time go in; the next state comes out. A circuit delays, it never drops.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self


class CircuitState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"
    """One message is out to see whether the system answers again."""


@dataclass(frozen=True, slots=True)
class CircuitLimits:
    failures: int = 5
    """So many in a row, with no success between, open it."""
    first: timedelta = timedelta(seconds=2)
    longest: timedelta = timedelta(minutes=5)
    probe: timedelta = timedelta(minutes=1)
    """A probe that has not reported by then was lost with its worker: another one may go."""
    gone: timedelta = timedelta(hours=1)
    """How long an agency is left alone that said its address is gone."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """`until`: open until then; when probing, the probe counts as lost from then on."""

    state: CircuitState = CircuitState.CLOSED
    failures: int = 0
    openings: int = 0
    until: datetime | None = None

    def room(self, now: datetime, wanted: int) -> int:
        """How many messages may go out now, of `wanted`."""
        if self.state is CircuitState.CLOSED:
            return wanted
        assert self.until is not None
        return min(1, wanted) if now >= self.until else 0

    def left(self, now: datetime, limits: CircuitLimits) -> Self:
        """Say that a message has gone out. After an open time it is the probe."""
        if self.state is CircuitState.CLOSED:
            return self
        return replace(self, state=CircuitState.PROBING, until=now + limits.probe)

    def succeeded(self) -> Self:
        """Close: any sign of life counts, also that of a message which left before the circuit opened."""
        return type(self)()

    def failed(self, now: datetime, limits: CircuitLimits) -> Self:
        """Count one. A probe's failure opens again for twice as long; news from before the opening changes nothing."""
        if self.state is CircuitState.OPEN:
            return self
        failures = self.failures + 1
        if self.state is CircuitState.CLOSED and failures < limits.failures:
            return replace(self, failures=failures)
        rest = min(limits.longest, limits.first * 2 ** min(self.openings, 30))
        return replace(self, state=CircuitState.OPEN, failures=failures, openings=self.openings + 1, until=now + rest)

    def unanswered(self, now: datetime) -> Self:
        """Let the next go at once: the probe never reached the system, because the bus itself failed."""
        return replace(self, state=CircuitState.OPEN, until=now) if self.state is CircuitState.PROBING else self

    def asked_to_wait(self, until: datetime) -> Self:
        """Open until then, as the system wishes. An opening that lasts longer stands."""
        if self.state is CircuitState.OPEN and self.until is not None and self.until > until:
            return self
        return replace(self, state=CircuitState.OPEN, until=until)
