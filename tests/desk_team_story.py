"""A health visiting team, invented: who works there, what it was told, and what it let lapse."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from alertbus.chronicle import projector
from alertbus.desk.visitor import Role, Visitor
from alertbus.model.item import ANSWER, Item, ItemState, ItemStep, StepKind
from alertbus.model.notice import Notice
from tests.contract.test_http import alert, fresh
from tests.desk_served import visitor
from tests.desk_story import child, told
from tests.story import Log

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
"""A Monday."""
ADA, JO, LEE, KIT = "Kanarienvogel Obi", "Jo Goldammer", "Lee Chan", "Kit Rowan"


class TeamStory(NamedTuple):
    """The agency, its team, what waits for nobody, what is late, and what waits in time."""

    agency: str
    team_id: str
    unowned: Notice
    late: Notice
    waits: Notice

    def who(self, name: str, *roles: Role) -> Visitor:
        return visitor(name, self.agency, *roles)

    @property
    def manager(self) -> Visitor:
        return self.who(LEE, Role.MANAGER)


async def put_team(gateway: Any, agency: str, **said: Any) -> str:
    members = [
        {"name": ADA, "roles": ["health_visitor"]},
        {"name": JO, "roles": ["health_visitor"]},
        {"name": KIT, "roles": ["school_nurse"], "from": "2026-12-07"},
    ]
    whole = {
        "name": "Health visiting, north",
        "members": members,
        "managers": [{"name": LEE}],
        "hours": [{"opens": "09:00", "closes": "17:00"}],
        "out_of_hours": {"text": "Emergency duty team, 01632 960001"},
    } | said
    team_id = f"{agency}.{fresh('t')}"
    answer = await gateway.http.put(f"/v1/teams/{team_id}", json=whole)
    assert answer.status_code == 201, answer.text
    return team_id


def an_answer_owed(of: Notice, *steps: ItemStep, **stated: Any) -> Item:
    """The item of an obligation's answer, as the case stage says it."""
    owed = of.obligation
    body = {
        "id": owed.id,
        "case_id": owed.case_id,
        "rule": ANSWER,
        "title": of.title,
        "agency": owed.agency,
        "role": owed.role,
        "kind": owed.kind,
        "alert_id": owed.alert_id,
        "source_id": owed.source_id,
        "obligation_id": owed.id,
        "opened_at": owed.since,
        "due": owed.due,
        "state": ItemState.MISSED,
        "steps": steps,
        "policy_version": "test",
        "at": AT,
    }
    return Item.model_validate(body | stated)


async def write(gateway: Any, notices: list[Notice], items: list[Item]) -> None:
    """Put them into the chronicle, which reads each offset once: what one test shows comes from one log."""
    log = Log(AT)
    for notice in notices:
        log.notice(notice)
    for item in items:
        log.item(item)
    async with gateway.inside.engine.begin() as connection:
        await projector.apply(connection, projector.read(log.records), starts={(one.topic, one.partition) for one in log.records})


async def a_team(gateway: Any, **said: Any) -> TeamStory:
    """A team with something unowned, something late of which the manager was told, and something that waits in time; each has an alert."""
    agency = fresh("health_visiting_")
    team_id = await put_team(gateway, agency, **said)
    ids = [(await gateway.http.post("/v1/alerts", json=alert())).json()["id"] for _ in range(3)]
    await gateway.projected("alertbus.alerts")
    names = (("Mia", "Ashdown"), ("Noor", "Briarwood"), ("Eli", "Cray"))
    unowned, late, waits = (
        told(agency, title, -days * 24 * 60, alert_id=ids[n], due=due, recipient=ADA, children=(child(*names[n]),), case_id=fresh("north-"))
        for n, (title, days, due) in enumerate(
            (("Threat to staff", 9, "2026-11-14T09:00:00Z"), ("Missed appointment", 2, "2026-11-21T09:00:00Z"), ("Birth", 0, None))
        )
    )
    reminder = ItemStep(kind=StepKind.REMINDER, role="health_visitor", at=AT - timedelta(days=2))
    manager = ItemStep(kind=StepKind.NEXT, role="team_manager", at=AT - timedelta(days=1))
    lead = ItemStep(kind=StepKind.DUTY_LEAD, role="duty_lead", at=AT + timedelta(hours=4))
    items = [
        an_answer_owed(unowned, reminder, manager, ItemStep(kind=StepKind.UNOWNED, at=AT - timedelta(hours=2)), unowned=True),
        an_answer_owed(late, reminder, manager, next=lead),
    ]
    await write(gateway, [unowned, late, waits], items)
    gateway.inside.now.at = AT + timedelta(hours=2)
    return TeamStory(agency, team_id, unowned, late, waits)
