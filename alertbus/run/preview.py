"""What an agency's system would receive for an alert, shown on an invented case: for `alertbus plugin render` and for plugin authors."""

from datetime import UTC, datetime

from alertbus.gateway.bodies import read
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case, CasePerson, Involvement, Link
from alertbus.model.ids import notice_id, obligation_id
from alertbus.model.notice import Deed, Message, Notice, Obligation
from alertbus.plugin.manager import Plugins
from alertbus.plugin.protocols import Adapter
from alertbus.policy.minimise import Bodies, cover_for
from alertbus.policy.policy import Policy
from alertbus.policy.reason_path import path_to
from alertbus.policy.recipient import recipient_of
from alertbus.policy.sight import Sight


def preview(plugins: Plugins, adapter: Adapter, raw: bytes, policy: Policy) -> Message:
    """Render the alert for the first agency of the adapter's sector. Everybody named in it is taken to be on one invented case.

    Raises `InvalidInput` for what is no alert, with every fault.
    """
    alert = read(Alert, raw)
    agency = next((name for name, entry in policy.agencies.items() if entry.sector == adapter.sector), adapter.sector)
    return plugins.render(_notice(alert, agency, policy), adapter)


def _notice(alert: Alert, agency: str, policy: Policy) -> Notice:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    everybody = (*alert.subjects, *alert.children)
    people = tuple(
        CasePerson.model_validate({**entry.person.model_dump(), "key": entry.person.key or f"person-{n}", "person_ids": [f"preview-{n}"]})
        for n, entry in enumerate(everybody)
    )
    case = Case(
        id="preview",
        people=people,
        children=tuple(p.key for p in people[len(alert.subjects) :]),
        links=tuple(Link(person=p.key, relation="as the case says") for p in people),
        involvements=(Involvement(agency=agency),),
        contact="the case's duty number",
    )
    accepted = AcceptedAlert.of(alert, at).with_people(tuple(p.person_ids for p in people))
    role = policy.roles(alert.kind, agency)[0]
    obligation = Obligation(
        id=obligation_id(alert.alert_id, case.id, agency, role),
        alert_id=alert.alert_id,
        case_id=case.id,
        agency=agency,
        role=role,
        kind=alert.kind,
        severity=alert.severity,
        source=alert.source,
        source_id=alert.id,
        since=at,
        due=policy.due(alert.kind, at, alert.severity),
        exercise=alert.exercise,
    )
    notice = notice_id(obligation.id, accepted.statement_id)
    sight = Sight(policy, recipient_of(agency, case, policy, at, source=alert.source))
    path = path_to(case, case.links[0], sight)
    cover = cover_for(notice, Deed.DELIVER, obligation, sight, path=path, ruling="preview")
    body, _ = Bodies(accepted, case, policy).for_recipient(sight.recipient)
    return Notice.of(cover, body)
