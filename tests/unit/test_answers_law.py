"""Who is asked next, as a law: for any order and any repetition of what arrives, and for any ticks, the steps are those that a computation
from scratch gives. None is early, none is lost, none is given twice. The computation shares no code with the reducers.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert
from alertbus.model.calendar import add_working_days, is_working_day
from alertbus.model.case import Case
from alertbus.model.events import AlertReachedCase, Answered, CaseChanged, ItemEscalated, NotDelivered, Tick
from alertbus.model.notice import Deed
from alertbus.model.receipt import Intent
from alertbus.policy.policy import Policy
from alertbus.policy.within import Within
from alertbus.reach import plans, standing
from alertbus.reach.reduce_case import CaseEvent
from alertbus.reconcile.oracle import obligations_from_scratch
from tests.asked import MONDAY, POLICY, Machine, a_case, reached, said, ticked

UK = ZoneInfo("Europe/London")
END = MONDAY + timedelta(days=4000)
BEGINNING = datetime.min.replace(tzinfo=UTC)
SETTLE = timedelta(minutes=10)
"""For so long after it was heard of, an answer waits for its alert."""


def _policy() -> Policy:
    """The shipped one, with a team that has a chain of its own, and a kind whose answers hold for a time."""
    agencies, kinds = dict(POLICY.agencies), dict(POLICY.kinds)
    school = agencies["school"].model_dump() | {"teams": {"East": {"chain": ("head_teacher", "trust_lead")}}, "duty_lead": "proprietor"}
    agencies["school"] = type(agencies["school"]).model_validate(school)
    held = kinds["school_concern"].model_dump() | {"acting_for": {"hours": 30}}
    kinds["school_concern"] = type(kinds["school_concern"]).model_validate(held)
    return POLICY.model_copy(update={"agencies": agencies, "kinds": kinds})


SHAPED = _policy()
KINDS = ("other", "restraining_order_breach", "school_concern", "case_status_change")
ROLES_ASKED = 8
"""More than any chain has."""


@pytest.fixture(autouse=True)
def nothing_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a case forgets because it is over is for other tests: here every order of arrival counts, however late."""
    for module in (standing, plans):
        for kept in ("SETTLE", "REMEMBERED"):
            monkeypatch.setattr(module, kept, timedelta(days=40_000))


RunsOut = Callable[[datetime], datetime]
"""When an answer of a moment holds no more: while the day team is not there, it holds until they are."""


class Step(NamedTuple):
    """A step, as somebody would write it on paper."""

    notice_id: str
    obligation_id: str
    role: str
    at: datetime
    told_whenever: bool = False
    """It follows from a report, so it is due as soon as that is known."""


# ------------------------------------------------------------------------------------------------ from scratch


def is_open(agency: str, moment: datetime) -> bool:
    if agency != "childrens_social_care":
        return True
    local = moment.astimezone(UK)
    return is_working_day(local.date()) and time(9) <= local.time() < time(17)


def when_open(agency: str, moment: datetime) -> datetime:
    """The moment, or the next opening of the day teams."""
    if is_open(agency, moment):
        return moment
    local = moment.astimezone(UK)
    day = local.date()
    if not (is_working_day(day) and local.time() < time(9)):
        day = add_working_days(day, 1)
    return datetime.combine(day, time(9), UK).astimezone(UTC)


def later_by(within: Within, moment: datetime) -> datetime:
    return within.after(moment.astimezone(UTC), frozenset()).astimezone(UTC)


@dataclass
class Known:
    """What has been delivered so far."""

    statements: list[AcceptedAlert] = field(default_factory=list)
    case: Case | None = None
    answers: dict[str, Answered] = field(default_factory=dict)
    undone: set[str] = field(default_factory=set)
    reports: dict[str, NotDelivered] = field(default_factory=dict)
    escalated: list[ItemEscalated] = field(default_factory=list)
    now: datetime = BEGINNING

    def take(self, event: CaseEvent) -> None:
        match event:
            case AlertReachedCase():
                self.statements.append(event.alert)
            case CaseChanged():
                self.case = max((c for c in (self.case, event.case) if c), key=lambda c: c.version)
            case Tick():
                self.now = max(self.now, event.at)
            case Answered() if event.undoes:
                self.undone.add(event.undoes)
            case Answered():
                self.answers.setdefault(event.receipt_id, event)
            case ItemEscalated():
                self.escalated.append(event)
            case NotDelivered():
                first = self.reports.get(event.notice_id)
                self.reports[event.notice_id] = event if first is None or event.at < first.at else first

    def until(self, alert_id: str) -> datetime:
        """How far time has come for an alert: by ticks, by the case's versions, and by its own statements."""
        known_at = self.case.known_at if self.case and self.case.known_at else self.now
        return max(self.now, known_at, *(one.at for one in self.statements if one.alert_id == alert_id))

    def due(self) -> dict[str, Step]:
        """Every step that must have been taken by now, by its id."""
        return {s.notice_id: s for alert_id, s in self.planned() if s.told_whenever or s.at <= self.until(alert_id)}

    def planned(self) -> Iterator[tuple[str, Step]]:
        if self.case is None:
            return
        owed = obligations_from_scratch(self.statements, {"c1": self.case}, SHAPED, END)
        by_id = {one.statement_id: one for one in self.statements}
        for key, due in owed.items():
            for step in self._of_one(key, due.agency, due.role, [(at, by_id.get(one or "")) for at, one in due.read]):
                yield due.alert_id, step

    def _of_one(self, key: str, agency: str, role: str, read: list[tuple[datetime, AcceptedAlert | None]]) -> Iterator[Step]:
        """The steps of one obligation: each time that its agency read something new, until it read something else or left."""
        news = [(at, one) for place, (at, one) in enumerate(read) if place == 0 or _words(one) != _words(read[place - 1][1])]
        for place, (since, one) in enumerate(news):
            until = news[place + 1][0] if place + 1 < len(news) else END
            left = self._left(agency, since)
            if one is None or until <= since:
                continue
            end = until if left is None else min(until, left + timedelta(microseconds=1))
            yield from self._of_asking(key, agency, role, one, since, end, gone=left is None)

    def _left(self, agency: str, since: datetime) -> datetime | None:
        """When the agency leaves; None if it had left before it was asked."""
        assert self.case is not None
        (spell,) = [one for one in self.case.involvements if one.agency == agency]
        end = spell.until or END
        return end if end >= since else None

    def _of_asking(
        self, key: str, agency: str, role: str, statement: AcceptedAlert, since: datetime, until: datetime, *, gone: bool
    ) -> Iterator[Step]:
        """Whoever is told after they have left is asked for no answer; what does not reach them goes further all the same."""
        kind, severity = statement.alert.kind, statement.alert.severity
        rule = SHAPED.kinds[kind]
        urgent = rule.safety or severity == "critical"
        answers = [a for a in self.answers.values() if a.obligation_id == key and since <= a.at < until and a.receipt_id not in self.undone]
        answers.sort(key=lambda a: (a.at, a.receipt_id))
        folded = gone or (statement.at != since and not rule.safety)  # a newcomer answers to the briefing (decision 0025)
        moved = [] if folded else [e for e in self.escalated if e.item_id == key and since <= e.at < until]

        def wait(moment: datetime) -> datetime:
            return moment.astimezone(UTC) if urgent else when_open(agency, moment).astimezone(UTC)

        def runs_out(answered: datetime) -> datetime:
            return END if rule.acting_for is None else wait(later_by(rule.acting_for, answered))

        begins = dict[str, datetime]()  # of whom a spell would have told, had nobody answered in it
        for number, (start, end, again) in enumerate(self._spells(answers, moved, runs_out, since, until)):
            due = SHAPED.due(kind, start, severity).astimezone(UTC)
            if again and rule.acting_for is not None:  # its time counts from when the answer ran out, unless it has passed by the opening
                ended = [later_by(rule.acting_for, a.at) for a in answers if a.intent is Intent.ACTING]
                sooner = SHAPED.due(kind, max(one for one in ended if wait(one) == start), severity).astimezone(UTC)
                due = sooner if sooner > start else due
            remind = start if again else start + (due - start) * 0.5

            steps = [(f"{role}, reminder", role, wait(remind), False)]
            if number == 0 and urgent and not is_open(agency, start):
                steps.append(("emergency_duty_team, out_of_hours", "emergency_duty_team", start, False))
                steps.append((f"{role}, opening", role, when_open(agency, start), False))
            order = self._order(agency, role, rule.chain, since)
            reports = [r for r in self.reports.values() if r.obligation_id == key and start <= r.at < end]
            at, last = END if folded else wait(due), start
            anew = self._held(answers, moved, runs_out, start - timedelta(microseconds=1)) and start != since
            for place, one in enumerate(order):
                before = role if place == 0 else order[place - 1]
                heard = [r.at for r in reports if r.role == before or (place == 0 and r.role not in (role, *order))]
                early = min(heard, default=END)
                asks = [e.at for e in moved if start <= e.at < end and (e.seen >= last or (anew and place == 0 and e.at == start))]
                if min(asks, default=END) < min(at, early):
                    at = last = min(asks)
                    steps.append((one, one, at, True))
                else:
                    last = min(at, early)
                    steps.append((one, one, last, early <= at))
                at = wait(later_by(rule.next_within or SHAPED.escalation.next_within, at))
            by_somebody = anew and any(e.at == start for e in moved)
            goes_on = {whom: begins.get(whom, start) if by_somebody else start for what, whom, _, _ in steps if what == whom}
            for what, whom, moment, reported in steps:
                begun = goes_on[whom] if what == whom else start
                if moment < end and (reported or not folded):
                    yield Step(ids.escalation_id(key, begun.isoformat(), what), key, whom, moment, reported)
            begins = {whom: goes_on[whom] for what, whom, moment, _ in steps if what == whom and moment >= end}

    def _order(self, agency: str, role: str, chain: tuple[str, ...], since: datetime) -> list[str]:
        assert self.case is not None
        lead = "duty_lead"
        if agency == "school":
            lead = "proprietor"
            if any(one.team == "East" for one in self.case.involvements if one.agency == agency):
                chain = ("head_teacher", "trust_lead")
        after = list(chain[chain.index(role) + 1 :]) if role in chain else list(chain)
        return [*after, lead]

    def _spells(
        self, answers: list[Answered], moved: list[ItemEscalated], runs_out: RunsOut, since: datetime, until: datetime
    ) -> Iterator[tuple[datetime, datetime, bool]]:
        """When it waits for an answer, from and to; and whether it waits again because an answer ran out."""
        marks = {since: False} | {one.at: False for one in moved}
        for answer in answers:
            marks.setdefault(answer.at, False)
            if answer.intent is Intent.ACTING:
                marks[runs_out(answer.at)] = True
        moments = sorted(moment for moment in marks if since <= moment < until)
        begun: tuple[datetime, bool] | None = None
        for moment in moments:
            held = self._held(answers, moved, runs_out, moment)
            if held and begun is not None:
                yield begun[0], moment, begun[1]
                begun = None
            elif not held and begun is None:
                released = any(a.at == moment and a.intent is not Intent.ACTING for a in answers) or moment in {one.at for one in moved}
                begun = (moment, moment != since and not released)
        if begun is not None:
            yield begun[0], until, begun[1]

    def _held(self, answers: list[Answered], moved: list[ItemEscalated], runs_out: RunsOut, moment: datetime) -> bool:
        """Whether somebody acts at a moment, by what each of them said last; or has acted. What came before an escalation counts no more."""
        last: dict[str, Answered] = {}
        anew = max((one.at for one in moved if one.at <= moment), default=BEGINNING)
        for answer in (one for one in answers if anew < one.at <= moment):
            if answer.acted:
                return True
            last[answer.by] = answer
        acting = [one for one in last.values() if one.intent is Intent.ACTING]
        return any(moment < runs_out(one.at) for one in acting)


def _words(one: AcceptedAlert | None) -> Any:
    return None if one is None else (one.alert.narrative, one.alert.severity)


# ------------------------------------------------------------------------------------------------ what happens

minutes = st.integers(0, 9 * 24 * 60)


def moment(number: int) -> datetime:
    return MONDAY - timedelta(days=3) + timedelta(minutes=number)


@st.composite
def cases(draw: st.DrawFn) -> list[Case]:
    """One or two versions. The second adds an agency, moves the school to another team, or says when somebody leaves."""
    team = draw(st.sampled_from([None, "East", "West"]))
    first = a_case({"agency": "school", "team": team}, "childrens_social_care")
    if draw(st.booleans()):
        return [first]
    at = moment(draw(minutes))
    involved = [one.model_dump(by_alias=True) for one in first.as_stated().involvements]
    change = draw(st.sampled_from(["joins", "leaves", "moves"]))
    if change == "joins":
        involved.append({"agency": "gp"})
    elif change == "leaves":
        involved[0]["to"] = at + timedelta(hours=draw(st.integers(0, 100)))
    else:
        involved[0]["team"] = draw(st.sampled_from([None, "East"]))
    body = {**first.as_stated().model_dump(by_alias=True), "involvements": involved, "people": [one.model_dump() for one in first.people]}
    return [first, Case.model_validate(body).learned(first, at)]


@st.composite
def matters(draw: st.DrawFn, number: int) -> list[AcceptedAlert]:
    """One alert: raised, and then amended in the same or in other words, or withdrawn, in any sequence."""
    kind, severity = draw(st.sampled_from(KINDS)), draw(st.sampled_from(["medium", "medium", "critical"]))
    at, text = draw(minutes), "first"
    found = [said(number, moment(at), kind=kind, severity=severity, narrative=[{"text": text}])]
    for place in range(draw(st.integers(0, 2))):
        at += draw(st.integers(1, 3000))
        action = draw(st.sampled_from(["amended", "amended", "withdrawn"]))
        text = draw(st.sampled_from([text, f"other {place}"]))
        own_id = {"id": f"A-{number}.{place}", "amends": f"A-{number}"}
        stated = {"action": action, "severity": severity, "narrative": [{"text": text}], **own_id}
        found.append(said(number, moment(at), kind=kind, **stated))
    return found


@st.composite
def heard(draw: st.DrawFn, alerts: list[AcceptedAlert]) -> list[CaseEvent]:
    """Answers, some of them taken back, and notices that reached nobody."""
    found: list[CaseEvent] = []
    for number in range(draw(st.integers(0, 5))):
        alert = draw(st.sampled_from(alerts))
        agency = draw(st.sampled_from(["school", "childrens_social_care", "gp"]))
        kind = alert.alert.kind
        role = draw(st.sampled_from(SHAPED.roles(kind, agency)))
        key = ids.obligation_id(alert.alert_id, "c1", agency, role)
        at = alert.at + timedelta(minutes=draw(st.integers(1, 4000)), seconds=number)  # each in a moment of its own, and behind the alert
        who = {"case_id": "c1", "alert_id": alert.alert_id, "obligation_id": key, "agency": agency}
        what = draw(st.sampled_from(["answered", "answered", "not reached", "escalated"]))
        if what == "escalated":
            about = {"case_id": "c1", "item_id": key, "alert_id": alert.alert_id, "agency": "school", "by": draw(st.sampled_from("AB"))}
            at += timedelta(seconds=17)  # in no moment in which anything else is
            seen = at - timedelta(minutes=draw(st.sampled_from([0, 1, 200, 5000])))
            found.append(ItemEscalated.model_validate(about | {"at": at, "seen": seen}))
        elif what == "answered":
            intent, acted = draw(st.sampled_from(list(Intent))), draw(st.integers(0, 5)) == 0
            answer = {"receipt_id": f"r{number}", "by": draw(st.sampled_from("AB")), "intent": "acting" if acted else intent}
            found.append(Answered.model_validate(who | answer | {"acted": acted, "at": at}))
            if draw(st.integers(0, 3)) == 0:
                undo = answer | {"receipt_id": f"u{number}", "undoes": f"r{number}", "at": at + timedelta(minutes=3)}
                found.append(Answered.model_validate(who | undo))
        else:
            at += timedelta(seconds=29)  # nor in the moment of a statement: which of the two was first decides who was not reached
            asked = draw(st.sampled_from([role, "team_manager", "head_teacher", "duty_manager", "duty_lead"]))
            report = {"notice_id": f"n{number}", "role": asked, "reason": "unreachable", "at": at}
            found.append(NotDelivered.model_validate(who | report))
    return found


@st.composite
def worlds(draw: st.DrawFn) -> list[CaseEvent]:
    alerts = [one for number in range(draw(st.integers(1, 2))) for one in draw(matters(number))]
    versions = [CaseChanged(case=one) for one in draw(cases())]
    return [*versions, *(reached(one) for one in alerts), *draw(heard(alerts))]


def time_of(event: CaseEvent) -> datetime:
    match event:
        case CaseChanged():
            return event.case.known_at or MONDAY
        case AlertReachedCase():
            return event.alert.at
        case Tick() | Answered() | NotDelivered() | ItemEscalated():
            return event.at
        case _:
            raise AssertionError(event)


def moves_time(event: CaseEvent) -> bool:
    return not isinstance(event, Answered | NotDelivered | ItemEscalated)


ticks = st.lists(
    st.tuples(st.one_of(minutes, st.integers(0, 10**6)), st.sampled_from([0, 1, 600, 10**5])).map(
        lambda two: ticked(moment(two[0]), moment(two[0]) - timedelta(minutes=two[1], microseconds=1))
    ),
    max_size=8,
)


@st.composite
def orders(draw: st.DrawFn) -> list[CaseEvent]:
    """Any order with repetitions, but what a case forgets it does not need any more: that is for other tests. So the case is known first, a
    correction or an answer comes before time has gone far beyond it, and an answer after its alert. Alerts may come years late.
    """
    events = [*draw(worlds()), *draw(ticks)]
    shuffled = draw(st.permutations(events)) if draw(st.booleans()) else sorted(events, key=time_of)
    found: list[CaseEvent] = [next(one for one in shuffled if _is_first(one))]
    for event in (one for one in shuffled if moves_time(one) and not _is_first(one)):
        place = len(found)
        if any(_of_one(event, one) for one in found):
            first = next(n for n, one in enumerate(found) if _of_one(event, one))
            place = next((n for n, one in enumerate(found) if n > first and time_of(one) > time_of(event) + SETTLE), place)
        found.insert(place, event)
    for event in (one for one in shuffled if not moves_time(one)):
        mine = [n for n, one in enumerate(found) if isinstance(one, AlertReachedCase) and one.alert.alert_id == event.alert_id]
        far = [n for n, one in enumerate(found) if time_of(one) > time_of(event) + SETTLE]
        told = max(n for n in mine if time_of(found[n]) <= time_of(event))
        first = told if any(n < told for n in far) else mine[0]  # time that has gone far leaves nothing waiting for what it asks about
        found.insert(draw(st.integers(first + 1, next((n for n in far if n > first), len(found)))), event)
    repeated = [one for event in found for one in [event] * draw(st.sampled_from([1, 1, 1, 2]))]
    return [*with_others(repeated), ticked(END)]


def _is_first(event: CaseEvent) -> bool:
    return isinstance(event, CaseChanged) and event.case.version == 1


def _of_one(event: CaseEvent, other: CaseEvent) -> bool:
    """True for two statements of one alert, or two versions of the case."""
    if isinstance(event, AlertReachedCase) and isinstance(other, AlertReachedCase):
        return event.alert.alert_id == other.alert.alert_id
    return isinstance(event, CaseChanged) and isinstance(other, CaseChanged)


def with_others(events: list[CaseEvent]) -> Iterator[CaseEvent]:
    """A statement brings along what came before of its alert, as it does from its person's stage."""
    come: dict[str, dict[str, AcceptedAlert]] = {}
    for event in events:
        if isinstance(event, AlertReachedCase):
            others = come.setdefault(event.alert.alert_id, {})
            yield event.model_copy(update={"others": tuple(one for key, one in others.items() if key != event.alert.statement_id)})
            others[event.alert.statement_id] = event.alert
        else:
            yield event


def played(events: list[CaseEvent]) -> Iterator[tuple[Known, dict[str, Any]]]:
    """Follow the events one by one: what is known after each, and the steps that it gave, by their ids."""
    machine, known = Machine(SHAPED), Known()
    for event in events:
        known.take(event)
        about_alerts = [one for one in machine.follow(event) if one.obligation.kind in KINDS]
        yield known, {one.id: one for one in about_alerts if one.deed is Deed.ESCALATE and one.step is not None}


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(orders())
def test_in_any_order_no_step_is_early_lost_or_doubled(events: list[CaseEvent]) -> None:
    given_steps: dict[str, Any] = {}
    required: dict[str, Step] = {}
    for known, told in played(events):
        required = known.due()
        for one, notice in told.items():
            assert one in required, "early, or of something that is answered or over"
            assert (notice.obligation.role, notice.obligation.id) == (required[one].role, required[one].obligation_id)
        given_steps |= told
        assert required.keys() <= given_steps.keys(), "lost"


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds(), ticks, st.integers(0, 2**32))
def test_whatever_arrives_in_time_in_whatever_order_gives_exactly_the_steps_of_the_computation(
    world: list[CaseEvent], some: list[Tick], seed: int
) -> None:
    """In time: what is said of an obligation is heard in the order of its times, and before time has come further."""
    facts = [one for one in world if not isinstance(one, CaseChanged) or one.case.version == 1]
    draw = random.Random(seed)
    said_of = [one for one in facts if not moves_time(one)]
    movers = sorted([one for one in (*facts, *some) if moves_time(one)], key=lambda one: (time_of(one), isinstance(one, Tick)))
    order: list[CaseEvent] = []
    for mover in movers:
        last = time_of(mover) if isinstance(mover, Tick) else time_of(mover) - timedelta(microseconds=1)
        before = [one for one in said_of if one not in order and time_of(one) <= last]
        heard = sorted(draw.sample(before, len(before)), key=lambda one: (time_of(one), isinstance(one, NotDelivered)))
        order += [*heard, mover]
    rest = [one for one in said_of if one not in order]
    order += sorted(rest, key=lambda one: (time_of(one), isinstance(one, NotDelivered)))
    order.append(ticked(END))

    given_steps: dict[str, Any] = {}
    known = Known()
    for after, told in played(order):
        known = after
        given_steps |= told

    expected = known.due()
    assert given_steps.keys() == expected.keys()
    for one, step in expected.items():
        assert given_steps[one].step.role == step.role
        assert step.told_whenever or given_steps[one].step.at == step.at
