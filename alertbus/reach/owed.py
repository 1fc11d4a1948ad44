"""What one alert owes on one case: the obligations of the agencies that are told, and the notices that must exist for them. Pure.

`owed` knows no clock: it lists what is owed over all time. `Evaluation` adds how far in time it has been worked out, and `newly_owed` says
what two of them differ by: the notices that a change of the alert or of the case makes necessary.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.case import Case
from alertbus.model.item import ItemStep
from alertbus.model.notice import Cause, Deed, Obligation
from alertbus.model.screening import Revealed, revealed_to
from alertbus.policy.minimise import reads_words
from alertbus.policy.policy import Policy
from alertbus.reach.join import Decision, decide, still_concerned
from alertbus.reach.obligations import obligations
from alertbus.reach.over import Over, deed_of_end, over
from alertbus.reach.roster import BEGINNING
from alertbus.reach.sameness import tells_the_same
from alertbus.reach.standing import StandingAlert, standing_order, stands_until

_LAST = 1_000_000
"""The place, among the notices of one moment, of what a change of the case or of the order of arrival makes necessary."""


@dataclass(frozen=True, slots=True)
class Owed:
    """A notice that must exist from `at` on: for which obligation, what it does, on which statement, by which decision.

    A withdrawal is of what was told last (`statement`); `ended_by` is the statement that ended it, None when a change of the case or of
    who was meant did. `place` is that of its statement among those that ever stood. `presumed`: told by a statement that is forgotten.
    `ended_at` is when it was over for the agency, for a notice that says so.
    """

    obligation: Obligation
    deed: Deed
    statement: AcceptedAlert
    decision: Decision
    at: datetime
    notice_id: str
    ended_by: AcceptedAlert | None = None
    place: int = 0
    presumed: bool = False
    ended_at: datetime | None = None
    left: bool = False
    """Its agency, or whom it was told through, is not on the case at that time any more: it hears what corrects the fact, and no more."""
    step: ItemStep | None = None
    """Of a notice that chases an answer: why it comes to the role that its obligation now names, and when."""
    asked: str = ""
    """Who was asked before, and when, in words."""

    def taken_back(self, at: datetime, by: str, why: Over) -> "Owed":
        """The notice that ends this one; `by` names what made it necessary, and is part of its id."""
        taken = ids.notice_id(self.obligation.id, self.statement.statement_id, withdrawn_by=by)
        return replace(self, deed=why.deed, at=at, notice_id=taken, ended_by=why.by, place=_LAST, ended_at=why.at)

    def ended(self, statement: AcceptedAlert, place: int, deed: Deed) -> "Owed":
        """The notice that ends this one because of another statement of the alert: its withdrawal, or one about somebody else."""
        by, since = statement.statement_id, _briefing(self.obligation)
        taken = ids.notice_id(self.obligation.id, by, withdrawn_by=by, since=since)
        ended_at = statement.alert.recorded_at
        return replace(self, deed=deed, at=statement.at, notice_id=taken, ended_by=statement, place=place, ended_at=ended_at)

    def told_again(self, at: datetime, by: str) -> "Owed":
        """The notice that tells this again, as new: what was told after it, or took it back, has turned out not to stand."""
        again = ids.notice_id(self.obligation.id, self.statement.statement_id, since=f"{at.isoformat()}, {by}")
        told = self.obligation.model_copy(update={"since": at})
        return replace(self, obligation=told, deed=Deed.DELIVER, at=at, notice_id=again, place=_LAST)

    @property
    def is_again(self) -> bool:
        """Whether it tells again what had been taken back, or had turned out not to stand."""
        return self.place == _LAST and not self.deed.ends

    def given_anew(self, by: str) -> "Owed":
        """The same notice under another id."""
        return replace(self, notice_id=ids.notice_id(self.obligation.id, self.notice_id, since=by))

    @property
    def of(self) -> AcceptedAlert:
        """The statement that makes the notice necessary."""
        return self.ended_by or self.statement

    def words_held(self, case: Case) -> bool:
        """True if the notice goes without free text: what it tells, or the withdrawal that ends it, would give away something there."""
        return bool(_clues(self.statement, case)) or (self.ended_by is not None and bool(self.asks_about(case)))

    def asks_about(self, case: Case) -> tuple[Revealed, ...]:
        """What was found in the words of the statement that makes the notice necessary, where these are its words and are held: a person
        must decide about them.
        """
        if not self.of.reveals:
            return ()
        own_words = self.ended_by is None or self.ended_by.alert.action is Action.WITHDRAWN
        return _clues(self.of, case) if own_words and (not self.deed.ends or self.ended_by is not None) else ()

    @property
    def content(self) -> tuple[str, bool]:
        """The same for two notices of an obligation that tell the same: by the same statement, that it stands or that nothing does."""
        return (self.of.statement_id, self.deed.ends)


def _clues(statement: AcceptedAlert, case: Case) -> tuple[Revealed, ...]:
    return revealed_to(statement.reveals, case) if statement.reveals and statement.words_of is None else ()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The notices that an `alert` owes on one version of a `case` over all time, worked out as far as `until`. `stood` are the statements
    that ever stood, by id.
    """

    owed: tuple[Owed, ...] = ()
    until: datetime = BEGINNING
    stood: frozenset[str] = frozenset()
    alert: StandingAlert | None = None
    case: Case | None = None

    def over(self, told: Owed) -> Over:
        """Why what was told is owed no longer."""
        if self.alert is None or self.case is None:
            return Over(Deed.CORRECT, self.until)
        return over(told.decision, self.alert.standing, self.case, self.until)

    def due(self) -> list[Owed]:
        return [entry for entry in self.owed if entry.at <= self.until]

    def due_by_obligation(self) -> dict[str, list[Owed]]:
        """What is due, of each obligation in the order in which it is read."""
        return _by_obligation(self.due())


def _by_obligation(entries: Iterable[Owed]) -> dict[str, list[Owed]]:
    found: dict[str, list[Owed]] = {}
    for entry in entries:
        found.setdefault(entry.obligation.id, []).append(entry)
    for of_one in found.values():
        of_one.sort(key=lambda entry: (entry.at, entry.place))
    return found


NOTHING_OWED = Evaluation()


def newly_owed(before: Evaluation, after: Evaluation, *, by: str, retracted: Collection[str] = ()) -> list[Owed]:
    """The notices that are due after a change and were not before it, and the withdrawals of those that are owed no longer, such as by a
    link made by mistake or after a late withdrawal. `by` names the change. A notice that is among those `retracted` earlier has another id
    when it is given again: its agency's systems know the old one.

    An obligation that is still owed, only from another day or through another link, is told anew by neither. Nobody is told of a statement
    who was told already by one that was recorded later. An obligation is taken back once, whole.
    """
    were, are = before.due_by_obligation(), after.due_by_obligation()
    found: list[Owed] = []
    for one in dict.fromkeys((*were, *are)):
        found += _difference(were.get(one, []), are.get(one, []), after, by)
    return [entry.given_anew(by) if entry.notice_id in retracted else entry for entry in found]


def retracted(before: Evaluation, after: Evaluation) -> frozenset[str]:
    """The notices that were due before a change and are not after it."""
    return frozenset(e.notice_id for e in before.due()) - {e.notice_id for e in after.due()}


def outdated(before: Evaluation, after: Evaluation, given: Iterable[Owed]) -> frozenset[str]:
    """The notices that are due after a change, were not before it, and are not given: nobody is ever given them."""
    return frozenset(e.notice_id for e in after.due()) - {e.notice_id for e in before.due()} - {e.notice_id for e in given}


def _difference(before: list[Owed], after: list[Owed], evaluation: Evaluation, by: str) -> Iterator[Owed]:
    """What takes the reader of one obligation from what they have read to what is due."""
    told = {entry.content for entry in before}
    read = before[-1] if before else None
    latest = standing_order(read.of) if read is not None else None
    for entry in after:
        if entry.content in told or (latest is not None and standing_order(entry.of) < latest):
            continue
        closed = read is not None and read.deed.ends
        if closed and entry.deed.ends:
            continue
        read = replace(entry, deed=Deed.DELIVER) if closed else entry
        yield read
    stands = after[-1] if after and not after[-1].deed.ends else None
    if read is None:
        return
    if stands is None:
        if not read.deed.ends:
            yield read.taken_back(evaluation.until, by, evaluation.over(read))
    elif read.deed.ends or _never_stood(read.statement, stands.statement, evaluation):
        yield stands.told_again(evaluation.until, by)


def _never_stood(read: AcceptedAlert, stands: AcceptedAlert, evaluation: Evaluation) -> bool:
    """True if what an agency read last did not stand, as is known only now, and differs from what does."""
    return read.statement_id not in evaluation.stood and not tells_the_same(read, stands)


def owed(alert: StandingAlert, case: Case, policy: Policy) -> tuple[Owed, ...]:
    """Every notice that the alert owes on the case over all time. The same facts give the same answer."""
    known: tuple[Case, Policy, tuple[Owed, ...]] | None = alert.memo.get(owed)  # every tick asks it of every alert
    if known is None or known[0] is not case or known[1] is not policy:
        known = alert.memo[owed] = (case, policy, _owed(alert, case, policy))
    return known[2]


def owed_by_obligation(alert: StandingAlert, case: Case, policy: Policy) -> dict[str, list[Owed]]:
    """The same, of each obligation in the order in which it is read."""
    return _by_obligation(owed(alert, case, policy))


def _owed(alert: StandingAlert, case: Case, policy: Policy) -> tuple[Owed, ...]:
    telling = _Telling(alert, case, policy)
    for place, statement in enumerate(alert.chain):
        if statement.alert.action is Action.WITHDRAWN:
            telling.end(place, telling.open)
        else:
            telling.tell(place)
    return tuple(telling.found)


class _Telling:
    """The statements that stood, told one after the other. `open` is by obligation what its agency was told last, while that stands."""

    def __init__(self, alert: StandingAlert, case: Case, policy: Policy) -> None:
        self._chain, self._case, self._policy = alert.chain, case, policy
        self._begun = 0
        self.found: list[Owed] = []
        self.open: dict[str, Owed] = {}
        first = alert.forgotten(policy.kind_rule(alert.chain[0].alert.kind))
        if first is not None:  # who was told of it is asked: they are told what changed, and that it is withdrawn
            for decision, obligation in self._reached(first, alert.chain[0].at):
                self.open[obligation.id] = replace(_notice_owed(obligation, first, decision, Deed.DELIVER, 0), presumed=True)

    def end(self, place: int, ending: Iterable[str]) -> None:
        """These hear that what they were told is over, by the statement at this place."""
        statement = self._chain[place]
        for one in list(ending):
            told = self.open.pop(one)
            self.found.append(told.ended(statement, place, deed_of_end(told.decision, statement, self._case)))
        if statement.alert.action is Action.WITHDRAWN:
            self._begun = place + 1

    def tell(self, place: int) -> None:
        """Everybody reached while the statement stands is told of it; whoever was told because of somebody it is not about, that it is
        over.
        """
        statement = self._chain[place]
        reached = list(self._reached(statement, self._replaced_at(place)))
        if statement.words_of is not None:  # to who was told and may read them, and to newcomers while their statement stands
            until = stands_until(self._chain[place - 1], self._policy.kind_rule(statement.alert.kind))
            reached = [
                (d, o) for d, o in reached if (self._reads(statement, o) if o.id in self.open else d.since is not None and d.since <= until)
            ]
        at_once = {obligation.id for decision, obligation in reached if decision.since == statement.at}
        self.end(place, [one for one in self.open if one not in at_once and not self._still_concerns(statement, self.open[one])])
        if not statement.alert.history and statement.words_of is None:
            for told in [told for one, told in self.open.items() if one not in at_once]:
                self._correct(place, told)
        for decision, obligation in reached:
            if obligation.id not in self.open:
                self._brief(place, decision, obligation.id)
            self._add(place, obligation, statement, decision)

    def _correct(self, place: int, told: Owed) -> None:
        """Who was told before and is not there any more reads what is stated now (CHR-12, LNK-13), and owes no answer."""
        statement = self._chain[place]
        decision = replace(told.decision, since=statement.at)
        for _, obligation in obligations([decision], statement, self._case, self._policy):
            if obligation.id == told.obligation.id:
                self._add(place, obligation.model_copy(update={"due": None}), statement, decision, left=True)

    def _brief(self, place: int, decision: Decision, obligation_id: str) -> None:
        """Who joins reads first what else was stated of it since it was raised, if that reaches them as well."""
        for earlier in range(self._begun, place):
            statement = self._chain[earlier]
            if self._chain[earlier + 1].words_of == statement.statement_id:
                continue  # they read it with its words
            for also, obligation in self._reached(statement, None):
                if obligation.id == obligation_id and also.since == decision.since:
                    self._add(earlier, obligation, statement, also)

    def _add(self, place: int, obligation: Obligation, statement: AcceptedAlert, decision: Decision, *, left: bool = False) -> None:
        """A notice, unless it would tell its agency nothing that it has not just been told: what was acknowledged stays so."""
        last = self.open.get(obligation.id)
        if last is not None and not last.presumed and tells_the_same(last.statement, statement):
            return
        deed = Deed.DELIVER if last is None else Deed.AMEND
        entry = _notice_owed(obligation, statement, decision, deed, place, left=left)
        self.open[obligation.id] = entry
        self.found.append(entry)

    def _still_concerns(self, statement: AcceptedAlert, told: Owed) -> bool:
        owing = told.obligation
        if owing.role not in self._policy.roles(statement.alert.kind, owing.agency):
            return False
        same = _reaches_the_same(statement, told.statement)
        return same or owing.agency in still_concerned(statement, self._case, self._policy, told.statement)

    def _reads(self, statement: AcceptedAlert, owing: Obligation) -> bool:
        return reads_words(statement, owing.agency, self._case, self._policy)

    def _reached(self, statement: AcceptedAlert, replaced_at: datetime | None) -> Iterator[tuple[Decision, Obligation]]:
        decisions = decide(statement, self._case, self._policy, replaced_at)
        return obligations(decisions, statement, self._case, self._policy)

    def _replaced_at(self, place: int) -> datetime | None:
        return self._chain[place + 1].at if place + 1 < len(self._chain) else None


def _reaches_the_same(one: AcceptedAlert, other: AcceptedAlert) -> bool:
    """True if two statements give the same agencies a right to be told, whoever they are: so it need not be worked out."""
    return (
        one.people == other.people
        and one.alert.kind == other.alert.kind
        and len(one.alert.subjects) == len(other.alert.subjects)
        and one.alert.details.conference_invite == other.alert.details.conference_invite
    )


def _notice_owed(
    obligation: Obligation, statement: AcceptedAlert, decision: Decision, deed: Deed, place: int, *, left: bool = False
) -> Owed:
    notice = ids.notice_id(obligation.id, statement.statement_id, since=_briefing(obligation))
    return Owed(obligation, deed, statement, decision, obligation.since, notice, place=place, left=left)


def _briefing(obligation: Obligation) -> str:
    """What distinguishes a newcomer's notices from earlier ones, of the same statement, that were taken back with a link or a spell."""
    return "" if obligation.cause is Cause.ALERT else obligation.since.isoformat()
