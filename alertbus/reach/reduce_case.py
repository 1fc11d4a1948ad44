"""The case reducer: alerts joined with involvements. From one case and the alerts that reached it: which notices are owed now. Pure.

Every alert on the case is evaluated up to a moment of its own (`evaluated_until`): the notices that were due by then have been given out.
An event changes the alert, the case or the moment; what is given out is the difference between the evaluation before it and the one after
it (`owed.newly_owed`). Time comes as a `Tick`: a notice that becomes owed later, to a health visitor who starts on Monday, is given out
when the tick that covers Monday arrives.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import Field

from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.base import Moment, Word
from alertbus.model.case import Case
from alertbus.model.custody import Movement
from alertbus.model.events import AlertReachedCase, Answered, CaseChanged, ItemDecided, ItemEscalated, NotDelivered, Tick, WordsDecided
from alertbus.model.item import Item
from alertbus.model.notice import Deed
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.policy.policy import Policy
from alertbus.reach.kept import Answers, CaseFact, DecisionsOnItem, OverAlert, OwnObligation
from alertbus.reach.obligations import answer_due
from alertbus.reach.owed import NOTHING_OWED, Evaluation, Owed, newly_owed, outdated, owed, retracted
from alertbus.reach.plans import plan_of
from alertbus.reach.roster import BEGINNING
from alertbus.reach.standing import PRUNE_EVERY, StandingAlert, settled, still_needed
from alertbus.reach.standing_facts import ConsentSaid, consents_with

CaseEvent = AlertReachedCase | CaseChanged | Tick | WordsDecided | Answered | NotDelivered | ItemDecided | ItemEscalated


class CaseState(Word):
    """One case as it now is, the latest tick (`now`), and by id the alerts that can still cause a notice.

    What is over is in the chronicle, and here as text alone (`over`).
    """

    case: Annotated[Case | None, S.IDENTITY] = None
    now: Annotated[Moment, S.ROUTING] = BEGINNING
    alerts: Annotated[Mapping[str, StandingAlert], S.ROUTING] = Field(default_factory=dict)
    decided: Annotated[Mapping[str, WordsDecided], S.ROUTING] = Field(default_factory=dict)
    """Decisions about words of alerts that are not here, by statement: such an alert has yet to arrive, or is over and was forgotten."""
    consents: Annotated[Mapping[str, ConsentSaid], S.ROUTING] = Field(default_factory=dict)
    """By alert, what was last stated of consent to the family's plan."""
    facts: Annotated[Mapping[str, CaseFact], S.ROUTING] = Field(default_factory=dict)
    """By statement, what opened or closed items and may still do so."""
    items: Annotated[Mapping[str, Item], S.ROUTING] = Field(default_factory=dict)
    """By id, the items that are open, or over only a short while."""
    item_decisions: Annotated[Mapping[str, DecisionsOnItem], S.ROUTING] = Field(default_factory=dict)
    """By item, what people decided about it."""
    answers: Annotated[Mapping[str, Answers], S.ROUTING] = Field(default_factory=dict)
    """By obligation, what was answered."""
    own: Annotated[Mapping[str, OwnObligation], S.ROUTING] = Field(default_factory=dict)
    """By id, the bus's own obligations that somebody may still be asked about."""
    unowned: Annotated[Mapping[str, Item], S.ROUTING] = Field(default_factory=dict)
    """By obligation, the items of answers that nobody has given, or only just now, of alerts that are forgotten."""
    movements: Annotated[Mapping[str, Movement], S.ROUTING] = Field(default_factory=dict)
    """By alert, what was stated of where prisoners are: kept when the alert is over, because where somebody is stays so."""
    over: Annotated[Mapping[str, OverAlert], S.ROUTING] = Field(default_factory=dict)
    """By id, the alerts that are over and that somebody may still bring again, unread."""
    chased_from: Annotated[Moment | None, S.ROUTING] = None
    """What was put to an agency by then is not asked for: of the answers to it the case has not heard. None before an event is followed."""
    next_at: Annotated[Moment | None, S.ROUTING] = None
    """No later than the next moment at which something becomes owed by time alone; None when nothing does."""
    urgent: Annotated[bool, S.ROUTING] = False
    """One of its alerts is about somebody's safety now: where many cases wait for a tick, it is ticked first."""


EMPTY = CaseState()


def reduce_case(state: CaseState, event: CaseEvent, policy: Policy) -> tuple[CaseState, list[Owed]]:
    """The case after the event, and the notices now owed, in the order in which an agency should read them.

    A repeated event gives out again what it gave out the first time, under the same ids, which is harmless: that the state knows an event
    is no proof that what it caused was written (DESIGN section 6).
    """
    match event:
        case AlertReachedCase():
            after, found = _alert_reached(state, event, policy)
        case CaseChanged():
            after, found = _case_changed(state, event.case, policy)
        case Tick():
            after, found = _ticked(state, event, policy)
        case WordsDecided():
            after, found = _words_decided(state, event, policy)
        case Answered() | NotDelivered() | ItemDecided() | ItemEscalated():
            return state, []  # these change who is asked next, and nothing about who is told
    return after, sorted(found, key=_reading_order)


def evaluated_until(state: CaseState, alert: StandingAlert) -> datetime:
    """The moment up to which this alert's obligations on this case have already been worked out: by the case's ticks and changes, and by
    the alert's own statements. Another alert's statements do not count (decision 0014).
    """
    return max(state.now, (state.case and state.case.known_at) or BEGINNING, alert.latest)


def _alert_reached(state: CaseState, event: AlertReachedCase, policy: Policy) -> tuple[CaseState, list[Owed]]:
    statement = event.alert
    known = state.alerts.get(statement.alert_id)
    arrived = (*event.others, statement)
    alert = StandingAlert.with_statements(known, arrived, event.via)
    early = {one: made for one, made in state.decided.items() if made.alert_id == statement.alert_id}
    if early and known is None:
        alert = alert.model_copy(update={"decided": early})
        state = state.model_copy(update={"decided": {one: made for one, made in state.decided.items() if one not in early}})
    repeated = known is alert  # no new statement, and of none a higher version of who was meant
    if repeated and alert.via[statement.statement_id] != event.via:
        return state, []  # the same statements through another of its people: they were dealt with when they first came
    if repeated:
        return state, _given_again(state, alert, policy)
    before = NOTHING_OWED if known is None else _evaluation(state, known, policy)
    alert, found = _changed(before, state, alert, policy, by=_named(statement))
    return with_alert(state, alert, policy), found


def with_alert(state: CaseState, alert: StandingAlert, policy: Policy) -> CaseState:
    """The case with an alert that has reached it, or as that now is; now and then without those that are over."""
    alert_id = alert.standing.alert_id
    moved = Movement.stated_by(alert.standing)
    changed = {
        "alerts": {**state.alerts, alert_id: alert},
        "consents": consents_with(state.consents, alert),
        "movements": {**state.movements, alert_id: moved} if moved is not None else state.movements,
    }
    after = state.model_copy(update=changed)
    if len(after.alerts) % PRUNE_EVERY:
        return after
    return _pruned(after, policy, evaluated_until(state, alert), arrived=alert_id)


def _named(statement: AcceptedAlert) -> str:
    """What made a change necessary: a statement, or a later version of who was meant by it."""
    version = f", version {statement.people_version}" if statement.people_version else ""
    return f"statement {statement.statement_id}{version}"


def _case_changed(state: CaseState, case: Case, policy: Policy) -> tuple[CaseState, list[Owed]]:
    if state.case is not None and state.case.version > case.version:
        return state, []
    after = state.model_copy(update={"case": case})
    if state.case is not None and state.case.version == case.version:
        again = [entry for alert in state.alerts.values() for entry in _given_again(state, alert, policy)]
        return _pruned(after, policy, state.now), again
    alerts: dict[str, StandingAlert] = {}
    found: list[Owed] = []
    for alert_id, alert in state.alerts.items():
        before = _evaluation(state, alert, policy)
        alerts[alert_id], given = _changed(before, after, alert, policy, by=f"case version {case.version}")
        found += given
    return _pruned(after.model_copy(update={"alerts": alerts}), policy, state.now), found


def _ticked(state: CaseState, tick: Tick, policy: Policy) -> tuple[CaseState, list[Owed]]:
    """What the tick covers, and whatever came before that and is not worked out yet: it was written for one moment, and passes all."""
    alerts: dict[str, StandingAlert] = {}
    found: list[Owed] = []
    for alert_id, alert in state.alerts.items():
        owing = owed(alert, state.case, policy) if state.case is not None else ()
        since = min(tick.since, evaluated_until(state, alert))  # a tick that begins too late leaves nothing out
        given = [entry for entry in owing if since < entry.at <= tick.at and entry.notice_id not in alert.outdated]
        alerts[alert_id] = _asking(alert, given, state.case)
        found += given
    after = state.model_copy(update={"now": max(state.now, tick.at), "alerts": alerts})
    return _pruned(after, policy, after.now), found


def _words_decided(state: CaseState, made: WordsDecided, policy: Policy) -> tuple[CaseState, list[Owed]]:
    known = state.alerts.get(made.alert_id)
    if known is None:
        return state.model_copy(
            update={"decided": {**state.decided, made.statement_id: made.beside(state.decided.get(made.statement_id))}}
        ), []
    alert = known.with_decided(made)
    if alert is known:
        return state, _given_again(state, known, policy)
    alert, found = _changed(_evaluation(state, known, policy), state, alert, policy, by=f"words of {made.statement_id}")
    after = state.model_copy(update={"alerts": {**state.alerts, made.alert_id: alert}})
    return _pruned(after, policy, evaluated_until(after, alert)), found


def _asking(alert: StandingAlert, found: Iterable[Owed], case: Case | None) -> StandingAlert:
    """The alert with the statements noted of whose words a person is asked, because these notices go without them."""
    told = (owed for owed in found if owed.deed is not Deed.WITHDRAW)
    held = {owed.statement.statement_id for owed in told if case is not None and owed.asks_about(case)}
    return alert if held <= set(alert.asked) else alert.model_copy(update={"asked": tuple(sorted(held.union(alert.asked)))})


def _changed(before: Evaluation, state: CaseState, alert: StandingAlert, policy: Policy, *, by: str) -> tuple[StandingAlert, list[Owed]]:
    """The notices that the change `by` makes necessary, and the alert with those marked that are outdated already."""
    after = _evaluation(state, alert, policy)
    found = [_asked_again(entry, policy) for entry in newly_owed(before, after, by=by, retracted=alert.retracted)]
    left_out = outdated(before, after, found).union(alert.outdated) - {entry.notice_id for entry in found}
    gone = retracted(before, after).union(alert.retracted)
    if left_out != set(alert.outdated) or gone != set(alert.retracted):
        alert = alert.model_copy(update={"outdated": tuple(sorted(left_out)), "retracted": tuple(sorted(gone))})
    if again := {entry.obligation.id: entry.obligation for entry in found if entry.is_again}:
        alert = alert.model_copy(update={"told_again": {**alert.told_again, **again}})
    return _asking(alert, found, state.case), found


def _asked_again(entry: Owed, policy: Policy) -> Owed:
    """What is told again asks for an answer anew, in the time that its kind gives."""
    owing = entry.obligation
    if not entry.is_again or owing.due is None:
        return entry
    of_kind = policy.due_at(owing.agency, owing.kind, owing.since, policy.due(owing.kind, owing.since, owing.severity))
    due = answer_due(entry.decision.ruling, entry.decision.involvement, owing.since, of_kind, policy)
    return replace(entry, obligation=owing.model_copy(update={"due": due}))


def _given_again(state: CaseState, alert: StandingAlert, policy: Policy) -> list[Owed]:
    return [entry for entry in _evaluation(state, alert, policy).due() if entry.notice_id not in alert.outdated]


def _evaluation(state: CaseState, alert: StandingAlert, policy: Policy) -> Evaluation:
    if state.case is None:
        return NOTHING_OWED
    until = evaluated_until(state, alert)
    stood = frozenset(statement.statement_id for statement in alert.chain)
    return Evaluation(owed(alert, state.case, policy), until, stood, alert, state.case)


def _pruned(state: CaseState, policy: Policy, now: datetime, *, arrived: str | None = None) -> CaseState:
    """Without the alerts that are over at `now`, unless something still becomes owed later: a link may be known before it begins, words
    that wait for a person may be released, and somebody may still be asked. What has `arrived` stays until what follows is worked out.
    """
    alerts = state.alerts
    kept = dict(still_needed(alerts.items(), policy, now))
    kept |= {
        alert_id: alert
        for alert_id, alert in alerts.items()
        if alert_id not in kept and (alert_id == arrived or alert.waits_for_decision or _goes_on(state, alert, policy, now))
    }
    early = {one: made for one, made in state.decided.items() if not settled(made.at, now)}
    return state.model_copy(update={"alerts": kept, "decided": early})


def _goes_on(state: CaseState, alert: StandingAlert, policy: Policy, now: datetime) -> bool:
    """True if time will bring something of the alert, or has brought it and no tick has said so. Nobody looks closely before an answer to
    it is due: most are answered by then.
    """
    until, said = evaluated_until(state, alert), alert.standing
    if said.alert.action is not Action.WITHDRAWN and min(now, until) < policy.due(alert.kind, said.at, said.alert.severity):
        return True
    plan = plan_of(alert, state.case, policy, state.answers, state.chased_from or BEGINNING)
    return now <= plan.kept_until or plan.next_after(until) is not None


def _reading_order(entry: Owed) -> tuple[datetime, str, str, int, bool, str]:
    """By time, then agency; the same at every replay. An agency that is told all of an alert in one moment reads first what was stated
    first, then what corrects it, and last that it was taken back.
    """
    who = entry.obligation
    return (entry.at, who.agency, who.role, entry.place, entry.deed.ends, entry.notice_id)
