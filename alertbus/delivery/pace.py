"""The pace of delivery: how much goes out at once, how often a worker looks, how long it waits."""

from dataclasses import dataclass, field
from datetime import timedelta

from alertbus.delivery.circuit import CircuitLimits
from alertbus.delivery.outcome import Limits


@dataclass(frozen=True, slots=True)
class Pace:
    """One worker's pace. Fields that end in `_s` are seconds."""

    in_flight: int = 500
    """How many notices one worker has leased at the same time, of all agencies."""
    per_agency: int = 8
    """How many an agency's system is sent at the same time, where its settings do not say (`at_once`)."""
    per_inbox: int = 125
    """`per_agency` for channels that take many messages in one call (the built-in inbox). Chosen: a quarter of `in_flight`, so
    that a crowd for the inbox leaves room for the other agencies."""
    lease: timedelta = timedelta(seconds=10)
    """A worker whose heartbeat stands still for so long is dead, and its leases are released."""
    look_s: float = 1.0
    """How often a worker looks for what other processes have left due. It knows its own, and takes the next of a lane that it frees, so
    this is for what a dead worker, or one without room, leaves. Chosen: it costs less than 0.1 % of a processor, and nobody waits for
    longer than the first retry does."""
    gather_s: float = 0.01
    """How long an outcome waits for others that are still out, to be written with them. Chosen: nobody waits for what is written, and each
    write saved is a millisecond of processor (two cores, 2026-11-29)."""
    render_limit_s: float = 2.0
    """How long a plugin may take for one notice."""
    grace_s: float = 5.0
    """How long a worker that is told to stop waits for what it has in flight."""
    repair_s: float = 10.0
    """A receipt that may not have reached the broker for this long is published again."""
    limits: Limits = field(default_factory=Limits)
    circuit: CircuitLimits = field(default_factory=CircuitLimits)

    @property
    def longest_wait(self) -> timedelta:
        """No notice is put off for longer by a clock that is right."""
        return self.limits.backoff.longest_wish + self.limits.backoff.cap
