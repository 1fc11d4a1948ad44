"""Which faults, on whom, when and how: a pure function of the seed, so that a run that failed can be run again.

`after` counts alerts offered, not seconds: a slow machine meets the same fault at the same place in the load. Every deck of cards holds each
kind of fault, so that even a short run tries them all; shuffling decides what meets what.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from alertbus.broker.topics import TOPICS
from alertbus.run.bootstrap import PARTS
from alertbus.stream.state_topics import STATE_TOPICS
from tests.chaos import poison

WORKERS = {"stream": 2, "delivery": 2}
"""How many processes of a part run from the start; of every other part there is one. A third stream worker comes and goes."""

AGENCIES = ("childrens_social_care", "health_visiting", "school", "housing", "probation")
"""Those that have a system of their own, a webhook; everybody else has the built-in inbox."""

GAP = (6, 34)
"""Alerts offered between one fault and the next: at six a second, one fault every three seconds or so, and most last longer."""

_HOUR_BACK = -3600
"""For a stream worker, by whose clock cases are ticked. A signature that delivery dated an hour ago is refused, as it must be."""

BOUND_TO_LAST_S = 60.0
"""No fault is held longer than this."""


class Kind(StrEnum):
    KILLED = "killed"
    STOPPED = "stopped"
    FROZEN = "frozen"
    """SIGSTOP and, seconds later, SIGCONT: a machine that paused and does not know it."""
    WORKER_JOINS = "worker_joins"
    WORKER_LEAVES = "worker_leaves"
    STATE_DELETED = "state_deleted"
    DISK_FULL = "disk_full"
    BROKER_KILLED = "broker_killed"
    BROKER_RESTARTED = "broker_restarted"
    BROKER_AWAY = "broker_away"
    DATABASE_STOPPED = "database_stopped"
    DATABASE_KILLED = "database_killed"
    RECEIVER_SLOW = "receiver_slow"
    RECEIVER_REFUSES = "receiver_refuses"
    RECEIVER_BUSY = "receiver_busy"
    RECEIVER_LIES = "receiver_lies"
    RECEIVER_CUTS = "receiver_cuts"
    CLOCK_MOVED = "clock_moved"
    CLOCK_STOPPED = "clock_stopped"
    """A stream worker's wall clock stands still, and later shows the time again."""
    POISON = "poison"


DECK: dict[Kind, int] = {
    Kind.KILLED: 7,
    Kind.STOPPED: 3,
    Kind.FROZEN: 2,
    Kind.WORKER_JOINS: 2,
    Kind.WORKER_LEAVES: 1,
    Kind.STATE_DELETED: 2,
    Kind.DISK_FULL: 1,
    Kind.BROKER_KILLED: 1,
    Kind.BROKER_RESTARTED: 1,
    Kind.BROKER_AWAY: 1,
    Kind.DATABASE_STOPPED: 1,
    Kind.DATABASE_KILLED: 1,
    Kind.RECEIVER_SLOW: 2,
    Kind.RECEIVER_REFUSES: 2,
    Kind.RECEIVER_BUSY: 1,
    Kind.RECEIVER_LIES: 1,
    Kind.RECEIVER_CUTS: 3,
    Kind.CLOCK_MOVED: 4,
    Kind.CLOCK_STOPPED: 1,
    Kind.POISON: 5,
}
"""One deck: forty-two faults, every kind among them."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`hold_s` is how long it lasts before what was taken away is given back; `how` is the kind's own."""

    number: int
    after: int
    kind: Kind
    target: str
    hold_s: float = 0.0
    how: dict[str, Any] = field(default_factory=dict)


def schedule(seed: int, count: int, parts: Sequence[str] = PARTS) -> list[Fault]:
    """The first `count` faults of this seed, in the order in which they are begun."""
    cards, chance = random.Random(f"cards {seed}"), random.Random(f"faults {seed}")
    kinds: list[Kind] = []
    while len(kinds) < count:
        deck = [kind for kind, copies in DECK.items() for _ in range(copies)]
        cards.shuffle(deck)
        kinds += deck
    processes = processes_of(parts)
    victims: list[str] = []
    after = 0
    faults = []
    for number, kind in enumerate(kinds[:count], start=1):
        after += chance.randint(*GAP)
        if not victims:  # each process is a victim before any is one again
            victims = chance.sample(processes, len(processes))
        target, hold_s, how = _dealt(kind, victims, chance)
        faults.append(Fault(number, after, kind, target, round(hold_s, 1), how))
    return faults


def processes_of(parts: Sequence[str]) -> list[str]:
    """`part-number` of every process that runs from the start."""
    return [f"{part}-{number}" for part in parts for number in range(WORKERS.get(part, 1))]


def _dealt(kind: Kind, victims: list[str], chance: random.Random) -> tuple[str, float, dict[str, Any]]:
    stream = f"stream-{chance.randrange(WORKERS['stream'])}"
    agency = chance.choice(AGENCIES)
    match kind:
        case Kind.KILLED | Kind.STOPPED:
            return victims.pop(), 0, {}
        case Kind.FROZEN:  # shorter and longer than a session (6 s) and a lease (10 s)
            return victims.pop(), chance.uniform(2, 15), {}
        case Kind.WORKER_JOINS:
            return f"stream-{WORKERS['stream']}", chance.uniform(4, 12), {}
        case Kind.WORKER_LEAVES:
            return stream, chance.uniform(4, 12), {}
        case Kind.STATE_DELETED:
            return stream, 0, {}
        case Kind.DISK_FULL:
            return stream, chance.uniform(4, 10), {}
        case Kind.BROKER_KILLED | Kind.BROKER_RESTARTED:
            return "broker", 0, {}
        case Kind.BROKER_AWAY:
            return "broker", 30, {}
        case Kind.DATABASE_STOPPED | Kind.DATABASE_KILLED:
            return "database", chance.uniform(1, 12), {}
        case Kind.RECEIVER_SLOW:
            return agency, chance.uniform(4, 12), {"answers_after_s": round(chance.uniform(1, 5), 1)}
        case Kind.RECEIVER_REFUSES:
            return agency, chance.uniform(2, 8), {"status": chance.choice((400, 403, 422, 500, 502, 503))}
        case Kind.RECEIVER_BUSY:
            return agency, chance.uniform(3, 8), {"retry_after_s": chance.randint(1, 4)}
        case Kind.RECEIVER_LIES:
            return agency, chance.uniform(2, 5), {}
        case Kind.RECEIVER_CUTS:
            return agency, chance.uniform(2, 8), {"where": chance.choice(("request", "before_answer", "answer"))}
        case Kind.CLOCK_MOVED:
            part = chance.choice(("gateway-0", "delivery-0", "delivery-1", "stream-0", "stream-1", "chronicle-0"))
            by_s = (-240, -60, -5, 5, 60, 240)
            return part, chance.uniform(3, 12), {"by_s": chance.choice((_HOUR_BACK, *by_s) if part.startswith("stream") else by_s)}
        case Kind.CLOCK_STOPPED:
            return stream, chance.uniform(4, 12), {}
        case Kind.POISON:
            topic = chance.choice([spec.name for spec in (*TOPICS, *STATE_TOPICS)])
            return topic, 0, {"form": chance.choice(poison.FORMS), "seed": chance.randrange(1 << 30)}
