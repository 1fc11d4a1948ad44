"""The person reducer: alerts joined with links. Given one person's alerts and links, it says which cases each alert has reached. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from alertbus.model.alert import AcceptedAlert
from alertbus.model.base import Word
from alertbus.model.events import AlertAboutPerson, AlertReachedCase, LinkChanged
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.policy.policy import Policy
from alertbus.reach.owed import LOOK_EVERY, Held, current


class PersonState(Word):
    """One person: the newest word on their links to each case, and the alerts that can still reach one.

    A case from which they were taken off stays as an empty entry, so that an older word arriving late does not bring it back.
    """

    links: Annotated[Mapping[str, LinkChanged], S.ROUTING] = Field(default_factory=dict)
    alerts: Annotated[Mapping[str, Held], S.ROUTING] = Field(default_factory=dict)


EMPTY = PersonState()


def reduce_person(state: PersonState, event: AlertAboutPerson | LinkChanged, policy: Policy) -> tuple[PersonState, list[AlertReachedCase]]:
    """The person after the event, and where alerts have now arrived. Repeating an event repeats its outputs, which is harmless.

    It wakes cases and no more: whether, when and for whom an alert counts on a case is the case's to work out (`join`), from the same
    links, so that a link that ended or has not begun costs one event and tells nobody.
    """
    match event:
        case AlertAboutPerson():
            alert_id = event.alert.alert_id
            held = state.alerts.get(alert_id)
            kept = held.with_statement(event.alert, event.person_id) if held else Held.first(event.alert, event.person_id)
            alerts = {**state.alerts, alert_id: kept}
            links = state.links
            now = event.alert.at
            reached = [
                _reached(case_id, event.person_id, kept, event.alert)
                for case_id, word in links.items()
                if word.links and word.exercise == event.alert.alert.exercise
            ]
        case LinkChanged():
            known = state.links.get(event.case_id)
            if known is not None and known.version > event.version:
                return state, []
            alerts = dict(state.alerts)
            links = {**state.links, event.case_id: event}
            now = max((link.known_at for link in event.links if link.known_at), default=datetime.min.replace(tzinfo=UTC))
            reached = [
                _reached(event.case_id, event.person_id, held, held.statements[-1])
                for held in state.alerts.values()
                if event.links and event.exercise == held.statements[-1].alert.exercise
            ]
    if len(alerts) % LOOK_EVERY == 0 or isinstance(event, LinkChanged):
        alerts = dict(current(alerts.items(), policy, now, waits=True))
    return PersonState(links=links, alerts=alerts), reached


def _reached(case_id: str, person_id: str, held: Held, statement: AcceptedAlert) -> AlertReachedCase:
    others = tuple(s for s in held.statements if s.statement_id != statement.statement_id)
    return AlertReachedCase(case_id=case_id, via=person_id, alert=statement, others=others)
