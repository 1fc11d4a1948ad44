"""Each time that an obligation is put to its role, from when it is owed until it is put anew or is over. Derived from the join. Pure.

What the join owes over all time (`owed`) says when each agency is told of an alert, told something new, or told that it is over. So who is
asked follows from the same facts as who is told, in whatever order they came.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alertbus.model.base import INSTANT, plus
from alertbus.model.case import Case
from alertbus.model.notice import Obligation
from alertbus.policy.policy import STRANGER, UNKNOWN_SECTOR, Policy
from alertbus.reach.owed import Owed, owed_by_obligation
from alertbus.reach.roster import FOREVER, roster
from alertbus.reach.standing import StandingAlert


@dataclass(frozen=True, slots=True)
class Asking:
    """One time that an obligation is put to its role. Its `since` and `due` are those of this time; without a `due` no answer is asked for,
    and only what did not reach the agency goes further.
    """

    obligation: Obligation
    until: datetime
    """The first moment at which nobody is asked by it any more."""
    over: bool = False
    """True if nothing is owed from then on; False if it is put anew then, or never ends."""
    void: bool = False
    """It was taken back, or was not about this case: nothing was owed."""
    told: Owed | None = None
    """The notice by which the agency was told; None for an obligation of the bus's own."""


Askings = tuple[Asking, ...]
"""All of one obligation, in order."""


def askings_of(alert: StandingAlert, case: Case, policy: Policy) -> tuple[Askings, ...]:
    """Every asking that the alert makes on the case, by obligation."""
    known: tuple[Case, Policy, tuple[Askings, ...]] | None = alert.memo.get(askings_of)
    if known is None or known[0] is not case or known[1] is not policy:
        tellings = owed_by_obligation(alert, case, policy)
        asked = [entries for entries in tellings.values() if is_asked(entries[0].obligation.agency, policy)]
        found = (tuple(_askings(entries, alert, case)) for entries in asked)
        known = alert.memo[askings_of] = (case, policy, tuple(one for one in found if one))
    return known[2]


def is_asked(agency: str, policy: Policy) -> bool:
    """False for an agency that is in the policy for the bus's own use, such as the watchdog's: nobody there answers."""
    entry = policy.agency(agency)
    return entry.sector != UNKNOWN_SECTOR or entry is STRANGER


def _askings(entries: Sequence[Owed], alert: StandingAlert, case: Case) -> Iterator[Asking]:
    """`entries` are of one obligation, in the order in which they are read. Of several of one moment the last asks."""
    tellings = list(_with_told_again(entries, alert))
    for place, told in enumerate(tellings):
        following = tellings[place + 1] if place + 1 < len(tellings) else None
        if told.deed.ends or (following is not None and following.at <= told.obligation.since):
            continue
        until, over, void = FOREVER, False, False
        if following is not None:
            until, over = following.at, following.deed.ends or following.obligation.due is None
            void = following.deed.ends
        left = plus(_last_there(told, case), INSTANT)
        if left < until:
            until, over, void = left, True, False
        yield Asking(told.obligation, until, over, void, told)


def _with_told_again(entries: Sequence[Owed], alert: StandingAlert) -> Iterator[Owed]:
    """The tellings, and among them the latest one that a change of the case or of who was meant made necessary: it asks anew."""
    again = alert.told_again.get(entries[0].obligation.id)
    before = [entry for entry in entries if again is None or entry.at <= again.since]
    yield from before
    if again is not None and before and not before[-1].deed.ends:
        yield replace(before[-1], obligation=again, at=again.since)
    yield from entries[len(before) :]


def _last_there(told: Owed, case: Case) -> datetime:
    """The last moment at which the agency is on the case without a break since it was told. Whoever is told as one who has left, or needs
    no involvement of its own, owes the answer all the same.
    """
    posts = [post for post in roster(case).posts if post.involvement.agency == told.obligation.agency]
    last = told.obligation.since
    if told.left or not any(post.start <= last <= post.end for post in posts):
        return FOREVER
    while (further := max(post.end for post in posts if post.start <= plus(last, INSTANT) <= plus(post.end, INSTANT))) > last:
        last = further
    return last
