"""The case reducer: alerts joined with involvements. From one case and the alerts that reached it: which notices are owed, and when. Pure.

Time is the `Tick`: what becomes owed later (a health visitor who starts on Monday) is said when the tick that covers it arrives.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from alertbus.model.base import Word
from alertbus.model.case import Case
from alertbus.model.events import AlertReachedCase, CaseChanged, Tick
from alertbus.model.notice import Deed
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.policy.policy import Policy
from alertbus.reach.owed import LOOK_EVERY, Held, Owed, current, owed

CaseEvent = AlertReachedCase | CaseChanged | Tick

BEGINNING = datetime.min.replace(tzinfo=UTC)


class CaseState(Word):
    """One case as it now is, the latest tick, and the alerts that can still cause a notice. What is over is in the chronicle, not here."""

    case: Annotated[Case | None, S.IDENTITY] = None
    now: Annotated[AwareDatetime, S.ROUTING] = BEGINNING
    alerts: Annotated[Mapping[str, Held], S.ROUTING] = Field(default_factory=dict)


EMPTY = CaseState()


def reduce_case(state: CaseState, event: CaseEvent, policy: Policy) -> tuple[CaseState, list[Owed]]:
    """The case after the event, and the notices now owed.

    Saying one twice is harmless (its id is the same), so a repeated event says again what it said the first time: state that already
    knows an input is no proof that its outputs were written (DESIGN section 6).
    """
    match event:
        case AlertReachedCase():
            return _alert_reached(state, event, policy)
        case CaseChanged():
            return _case_changed(state, event.case, policy)
        case Tick():
            return _ticked(state, event, policy)


def _alert_reached(state: CaseState, event: AlertReachedCase, policy: Policy) -> tuple[CaseState, list[Owed]]:
    statement = event.alert
    prior = state.alerts.get(statement.alert_id)
    stated_now = (*event.others, statement)
    repeated = prior is not None and all(s.statement_id in prior.via for s in stated_now)
    if prior is not None and repeated and prior.via[statement.statement_id] != event.via:
        return state, []  # the same statements through another of its people: they were dealt with when they first came
    held = prior or Held.first(statement, event.via)
    for stated in stated_now:
        held = held.with_statement(stated, event.via)
    said: list[Owed] = []
    if state.case is not None:
        before = owed(prior, state.case, policy) if prior is not None and not repeated else {}
        led = _led(state, prior) if prior is not None else BEGINNING
        said = _news(before, led, owed(held, state.case, policy), _led(state, held), by=f"statement {statement.statement_id}")
    alerts = {**state.alerts, statement.alert_id: held}
    if len(alerts) % LOOK_EVERY == 0:
        return _kept(state, alerts, policy, max(_led(state, held), statement.at)), _in_order(said)
    return state.model_copy(update={"alerts": alerts}), _in_order(said)


def _case_changed(state: CaseState, case: Case, policy: Policy) -> tuple[CaseState, list[Owed]]:
    standing = state.case
    if standing is not None and standing.version > case.version:
        return state, []
    after_state = state.model_copy(update={"case": case})
    said: list[Owed] = []
    for held in state.alerts.values():
        before = owed(held, standing, policy) if standing is not None and standing.version < case.version else {}
        by = f"case version {case.version}"
        said += _news(before, _led(state, held), owed(held, case, policy), _led(after_state, held), by=by)
    return _kept(after_state, state.alerts, policy, state.now), _in_order(said)


def _led(state: CaseState, held: Held) -> datetime:
    """How far in time this alert has been led on the case: by the case's ticks and changes, and by its own statements. Another alert's
    statements say nothing of it.
    """
    return max(state.now, (state.case and state.case.known_at) or BEGINNING, held.latest)


def _news(before: Mapping[str, Owed], led: datetime, after: Mapping[str, Owed], horizon: datetime, *, by: str) -> list[Owed]:
    """What is owed now and was not said by then, and the taking back of what was said and is owed no longer: a link made by mistake, a
    late withdrawal. An obligation that still stands, only from another day or by another link, is neither; it is taken back once, whole.
    """
    said = {_about(o) for o in before.values() if o.at <= led}
    owing = {o.obligation.id for o in after.values() if o.at <= horizon}
    owing |= {o.obligation.id for o in before.values() if o.at <= led and o.deed is Deed.WITHDRAW}  # taken back already
    added = [o for o in after.values() if o.at <= horizon and _about(o) not in said]
    gone: dict[str, Owed] = {}
    for entry in before.values():
        if entry.at <= led and entry.deed is not Deed.WITHDRAW and entry.obligation.id not in owing:
            gone.setdefault(entry.obligation.id, entry)
    return added + [entry.taken_back(horizon, by) for entry in gone.values()]


def _about(entry: Owed) -> tuple[str, str, bool]:
    """What a notice says, apart from how it came to be said: on which obligation, which statement, and whether it takes it back."""
    return (entry.obligation.id, entry.statement.statement_id, entry.deed is Deed.WITHDRAW)


def _ticked(state: CaseState, tick: Tick, policy: Policy) -> tuple[CaseState, list[Owed]]:
    now = max(state.now, tick.at)
    said: list[Owed] = []
    if state.case is not None:
        for held in state.alerts.values():
            said += [o for o in owed(held, state.case, policy).values() if tick.since < o.at <= tick.at]
    return _kept(state.model_copy(update={"now": now}), state.alerts, policy, now), _in_order(said)


def next_wake(state: CaseState, policy: Policy) -> datetime | None:
    """When the next tick is needed: the earliest moment after `now` at which something becomes owed, if any."""
    if state.case is None:
        return None
    later = (o.at for held in state.alerts.values() for o in owed(held, state.case, policy).values() if o.at > state.now)
    return min(later, default=None)


def _kept(state: CaseState, alerts: Mapping[str, Held], policy: Policy, now: datetime) -> CaseState:
    """Without what is over, unless it still becomes owed later: a link may be known before it begins."""
    kept = dict(current(alerts.items(), policy, now))
    if state.case is not None:
        for alert_id, held in alerts.items():
            if alert_id not in kept and any(o.at > now for o in owed(held, state.case, policy).values()):
                kept[alert_id] = held
    return state.model_copy(update={"alerts": kept})


def _in_order(said: list[Owed]) -> list[Owed]:
    """By time, then agency: the order in which an agency should read them, and the same at every replay. Who is told of a whole matter in
    one moment reads what was said first, then what corrects it, and last that it was taken back.
    """
    return sorted(said, key=lambda o: (o.at, o.obligation.agency, o.obligation.role, o.deed is Deed.WITHDRAW, o.statement.at, o.notice_id))
