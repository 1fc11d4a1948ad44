"""The person reducer: alerts joined with links. From one person's alerts and links: which cases each alert has reached, and of which
statements the persons must be found once more. Pure.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field

from alertbus.model.alert import AcceptedAlert
from alertbus.model.base import Count, Word
from alertbus.model.events import AlertAboutPerson, AlertReachedCase, LinkChanged, PersonRevised
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.policy.policy import Policy
from alertbus.reach.roster import BEGINNING
from alertbus.reach.standing import PRUNE_EVERY, StandingAlert, still_needed

PersonEvent = AlertAboutPerson | LinkChanged | PersonRevised


class PersonState(Word):
    """One person: by case the newest version of their links to it, by id the alerts that can still reach a case, and `version`, the
    directory's latest that says that statements about them may be about somebody else (0: there was none).

    A case from which they were taken off stays as an entry without links, so that an older version arriving late does not bring it back.
    """

    links: Annotated[Mapping[str, LinkChanged], S.ROUTING] = Field(default_factory=dict)
    alerts: Annotated[Mapping[str, StandingAlert], S.ROUTING] = Field(default_factory=dict)
    version: Annotated[Count, S.ROUTING] = 0


EMPTY = PersonState()


def reduce_person(
    state: PersonState, event: PersonEvent, policy: Policy
) -> tuple[PersonState, list[AlertReachedCase], list[AcceptedAlert]]:
    """The person after the event, where alerts have now arrived, and which statements must be identified again at the state's `version`.
    Repeating an event repeats its outputs, which is harmless.

    It wakes cases and no more: whether, when and for whom an alert counts on a case is worked out there (`join`), from the same links. A
    link that has ended or not begun costs one event and tells nobody. A statement that was identified at the state's version or later is
    never asked about, so that asking ends.
    """
    match event:
        case AlertAboutPerson():
            after, reached = _alert_stated(state, event, policy)
            return after, reached, _identified_before(state.version, [event.alert])
        case LinkChanged():
            after, reached = _link_changed(state, event, policy)
            return after, reached, []
        case PersonRevised():
            if event.version < state.version:
                return state, [], []
            stated = [statement for alert in state.alerts.values() for statement in alert.statements]
            return state.model_copy(update={"version": event.version}), [], _identified_before(event.version, stated)


def _identified_before(version: int, statements: Iterable[AcceptedAlert]) -> list[AcceptedAlert]:
    """Those whose persons were found when the directory did not know yet what it knows at this version."""
    return [statement for statement in statements if statement.people_version < version]


def _alert_stated(state: PersonState, event: AlertAboutPerson, policy: Policy) -> tuple[PersonState, list[AlertReachedCase]]:
    statement = event.alert
    alert = StandingAlert.with_statements(state.alerts.get(statement.alert_id), (statement,), event.person_id)
    alerts: Mapping[str, StandingAlert] = {**state.alerts, statement.alert_id: alert}
    if len(alerts) % PRUNE_EVERY == 0:
        alerts = dict(still_needed(alerts.items(), policy, statement.at, waits=True))
    reached = [
        _reached(case_id, event.person_id, alert, statement.statement_id)
        for case_id, linked in state.links.items()
        if linked.links and linked.exercise == statement.alert.exercise
    ]
    return state.model_copy(update={"alerts": alerts}), reached


def _link_changed(state: PersonState, event: LinkChanged, policy: Policy) -> tuple[PersonState, list[AlertReachedCase]]:
    known = state.links.get(event.case_id)
    if known is not None and known.version > event.version:
        return state, []
    now = max((link.known_at for link in event.links if link.known_at), default=BEGINNING)
    alerts = dict(still_needed(state.alerts.items(), policy, now, waits=True))
    reached = [
        _reached(event.case_id, event.person_id, alert, alert.statements[-1].statement_id)
        for alert in alerts.values()
        if event.links and event.exercise == alert.statements[-1].alert.exercise
    ]
    return state.model_copy(update={"links": {**state.links, event.case_id: event}, "alerts": alerts}), reached


def _reached(case_id: str, person_id: str, alert: StandingAlert, statement_id: str) -> AlertReachedCase:
    """The alert on its way to a case because of one of its statements. Of each statement the copy goes on that stands here, though an older
    one has just arrived.
    """
    statement = next(s for s in alert.statements if s.statement_id == statement_id)
    others = tuple(s for s in alert.statements if s.statement_id != statement_id)
    return AlertReachedCase(case_id=case_id, via=person_id, alert=statement, others=others)
