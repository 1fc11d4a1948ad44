"""The outcome of one attempt, and what follows from it: retry, give up, disable, each with its reason. Pure.

Only a definite refusal is ever given up. Trouble on the way (a dead system, a broken plugin, a full disk) is tried
again for as long as it lasts, at an interval that is capped, and is told once so that a person can act.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Self


class Trouble(StrEnum):
    """Classes of error. Stable and free of personal data: they stand in the ledger, in receipts and on metrics."""

    UNREACHABLE = "unreachable"
    CUT = "connection_cut"
    SLOW = "too_slow"
    BUSY = "busy"
    SERVER_ERROR = "server_error"
    UNUSUAL = "unusual_answer"
    """Neither yes nor no, for example a redirect, which we do not follow: the notice would go to a stranger."""
    NOT_LET_IN = "not_let_in"
    """Its door refused us, not the message: wrong key, wrong address. Somebody may mend it."""
    GONE = "gone"
    """Its system asks never to be called again at this address."""
    REFUSED = "refused"
    REFUSED_IN_REPLY = "refused_in_reply"
    """Its status said yes and its reply no: the reply counts."""
    GIVEN_UP = "given_up_by_the_carrier"
    """A carrier had it, and says later that the agency's system never fetched it."""
    REFUSED_LATER = "refused_by_letter"
    """Its system took it from a carrier, and wrote back later that it refuses it."""
    FOLDER = "folder_unavailable"
    DIFFERENT = "already_there_differently"
    UNSENDABLE = "unsendable"
    """The message cannot be put on this channel at all."""
    PLUGIN = "plugin_fault"
    CHANNEL = "channel_fault"


@dataclass(frozen=True, slots=True)
class Reply:
    """What an agency's system wrote back while it took a message. `body` None: too long, or in an encoding that was not asked for."""

    body: bytes | None = field(repr=False)
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A channel's report on one message. `handed_over`: the carrier has it, the agency's system has not yet spoken. `reply` is what that
    wrote back, for its plugin to read; `remark` what is noted of a message that was accepted all the same.
    """

    trouble: Trouble | None = None
    retry_after: timedelta | None = None
    handed_over: bool = False
    reply: Reply | None = None
    remark: str | None = None


ACCEPTED = Outcome()
HANDED_OVER = Outcome(handed_over=True)


class Act(StrEnum):
    SETTLE = "settle"
    RETRY = "retry"
    GIVE_UP = "give_up"
    DISABLE = "disable"
    """Leave the whole agency alone for a long time, then ask once. Its notices stay owed and are told as failed."""


class Reason(StrEnum):
    """Why. Shown to operators; values are stable."""

    ACCEPTED = "accepted_by_the_system"
    HANDED_OVER = "handed_over_to_the_carrier"
    ON_THE_WAY = "trouble_on_the_way"
    ASKED_TO_WAIT = "the_system_asked_to_wait"
    MAY_BE_MENDED = "refusal_that_may_be_mended"
    REFUSED = "refused_for_good"
    REFUSED_OFTEN = "refused_too_often"
    ADDRESS_GONE = "the_address_is_gone"
    CANNOT_BE_MADE = "our_own_part_failed"


SAID_LATER = frozenset({Trouble.GIVEN_UP, Trouble.REFUSED_LATER})
"""Trouble of which is heard only after a carrier had taken the message."""


class Health(StrEnum):
    """Whether an attempt shows that the agency's system answers. Its circuit goes by this."""

    ALIVE = "alive"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential with full jitter: a wait is anything from nothing to a ceiling, so that a crowd does not return at once."""

    base: timedelta = timedelta(seconds=1)
    cap: timedelta = timedelta(minutes=5)
    longest_wish: timedelta = timedelta(hours=1)
    """The most that a Retry-After is honoured for: a year would be giving up in silence."""

    def wait(self, attempts: int, retry_after: timedelta | None, random: Callable[[], float]) -> timedelta:
        """Give the wait after attempt number `attempts` (from 1), at least a `retry_after` that is within the limit."""
        ceiling = min(self.cap, self.base * float(2 ** min(attempts - 1, 30)))
        jitter = ceiling * random()
        return jitter if retry_after is None else min(retry_after, self.longest_wish) + jitter


@dataclass(frozen=True, slots=True)
class Rule:
    """How one class of error is treated."""

    health: Health
    attempts: int | None = None
    """After so many it is given up. None: it is tried for ever."""
    told_after: int = 5
    """The attempt from which a receipt tells of the trouble."""
    own_lane_after: int | None = None
    """After so many attempts it leaves its lane, so that one broken message does not hold back a family's others."""


_ON_THE_WAY = Rule(Health.DOWN)
_OUR_OWN = Rule(Health.UNKNOWN, told_after=1, own_lane_after=3)
_FINAL = Rule(Health.ALIVE, attempts=1)

RULES: Mapping[Trouble, Rule] = MappingProxyType(
    {
        Trouble.UNREACHABLE: _ON_THE_WAY,
        Trouble.CUT: _ON_THE_WAY,
        Trouble.SLOW: _ON_THE_WAY,
        Trouble.BUSY: _ON_THE_WAY,
        Trouble.SERVER_ERROR: _ON_THE_WAY,
        Trouble.UNUSUAL: Rule(Health.DOWN, told_after=1),
        Trouble.NOT_LET_IN: Rule(Health.DOWN, attempts=5, told_after=1),
        Trouble.GONE: Rule(Health.DOWN, told_after=1),
        Trouble.FOLDER: Rule(Health.DOWN, told_after=1),
        Trouble.REFUSED: _FINAL,
        Trouble.REFUSED_IN_REPLY: _FINAL,
        Trouble.GIVEN_UP: _FINAL,
        Trouble.REFUSED_LATER: _FINAL,
        Trouble.DIFFERENT: _FINAL,
        Trouble.UNSENDABLE: Rule(Health.UNKNOWN, attempts=1),
        Trouble.PLUGIN: _OUR_OWN,
        Trouble.CHANNEL: _OUR_OWN,
    }
)

DOWN = tuple(trouble for trouble, rule in RULES.items() if rule.health is Health.DOWN)
"""Trouble that says that the agency's system does not answer."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What follows from an attempt. `wait` is set for what is tried again; `told`: a receipt tells of the trouble from now on."""

    act: Act
    reason: Reason
    health: Health
    wait: timedelta | None = None
    told: bool = True
    own_lane: bool = False
    """It moves to a lane of its own: see `Rule.own_lane_after`."""


@dataclass(frozen=True, slots=True)
class Limits:
    backoff: Backoff = field(default_factory=Backoff)
    rules: Mapping[Trouble, Rule] = field(default_factory=lambda: RULES)

    @classmethod
    def hasty(cls) -> Self:
        """For one machine and for tests: the same rules, waits of milliseconds."""
        return cls(Backoff(timedelta(milliseconds=5), timedelta(milliseconds=50)))


def decide(outcome: Outcome, attempts: int, *, random: Callable[[], float], limits: Limits) -> FollowUp:
    """Decide what follows from attempt number `attempts` (from 1). `random` gives a float in [0, 1)."""
    trouble = outcome.trouble
    if trouble is None:
        reason = Reason.HANDED_OVER if outcome.handed_over else Reason.ACCEPTED
        return FollowUp(Act.SETTLE, reason, Health.ALIVE)
    rule = limits.rules[trouble]
    if rule.attempts is not None and attempts >= rule.attempts:
        reason = Reason.REFUSED if rule.attempts == 1 else Reason.REFUSED_OFTEN
        return FollowUp(Act.GIVE_UP, reason, rule.health)
    return FollowUp(
        Act.DISABLE if trouble is Trouble.GONE else Act.RETRY,
        _why_again(outcome, rule),
        rule.health,
        wait=limits.backoff.wait(attempts, outcome.retry_after, random),
        told=attempts >= rule.told_after,
        own_lane=rule.own_lane_after is not None and attempts >= rule.own_lane_after,
    )


def from_status(status: int, retry_after: str | None, now: datetime) -> Outcome:
    """Read an HTTP answer. 409 is a receiver that knows our idempotency key: it has the message already."""
    trouble = _TROUBLE_OF_STATUS.get(status) or _TROUBLE_OF_CLASS.get(status // 100, Trouble.UNUSUAL)
    if status // 100 == _SUCCESS or status == _CONFLICT:
        return ACCEPTED
    wish = read_retry_after(retry_after, now) if trouble in {Trouble.BUSY, Trouble.SERVER_ERROR} else None
    return Outcome(trouble, wish)


_SUCCESS = 2
_CONFLICT = 409
_TROUBLE_OF_CLASS = {4: Trouble.REFUSED, 5: Trouble.SERVER_ERROR}
_TROUBLE_OF_STATUS = {
    **dict.fromkeys((408, 425, 429, 503), Trouble.BUSY),
    **dict.fromkeys((401, 403, 404, 405, 407, 421), Trouble.NOT_LET_IN),
    410: Trouble.GONE,  # as Standard Webhooks has it
}


def read_retry_after(text: str | None, now: datetime) -> timedelta | None:
    """Read seconds or an HTTP date (RFC 9110, 10.2.3). Anything else, and the past, is no wish at all."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:10]), 10**8))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment - now if moment > now else None


def _why_again(outcome: Outcome, rule: Rule) -> Reason:
    if outcome.trouble is Trouble.GONE:
        return Reason.ADDRESS_GONE
    if outcome.retry_after is not None:
        return Reason.ASKED_TO_WAIT
    if rule.attempts is not None:
        return Reason.MAY_BE_MENDED
    return Reason.ON_THE_WAY if rule.health is Health.DOWN else Reason.CANNOT_BE_MADE
