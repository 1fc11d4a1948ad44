"""A doubt is told to the front door at once: as a case of its own, on which only the front door is (DESIGN section 14).

Whom an alert is about may be somebody on a family's case, or not. The agencies of that case are told by the decision, not
before; until then the alert stands on the doubt's case, with a clock, and everything that holds for an obligation holds.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import insert, select, update

from alertbus.directory.case_rows import digest_of, linked_people, row_of, take_off
from alertbus.directory.tables import case_version
from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert
from alertbus.model.base import INSTANT, plus
from alertbus.model.case import Case, CasePerson, Certainty, Involvement, Link, Scope
from alertbus.sql.database import Transaction

PREFIX = "doubt-"
"""How the ids of these cases begin. No agency may give a case such an id."""


def doubt_case_id(alert_id: str) -> str:
    return PREFIX + ids.event_id("doubt", alert_id)


def is_doubt(case_id: str) -> bool:
    return case_id.startswith(PREFIX)


async def open_doubt(connection: Transaction, statement: AcceptedAlert, people: Mapping[int, tuple[str, ...]], front_door: str) -> None:
    """Write the case of this alert's doubt, or add to it: by place among the alert's people, the ids under which they are known for now.

    Within the caller's transaction; the gateway publishes it. What stands already is not written again.
    """
    case_id, at = doubt_case_id(statement.alert_id), statement.at
    row = (await connection.execute(select(case_version).where(case_version.c.case_id == case_id))).one_or_none()
    before = Case.model_validate_json(row.snapshot) if row else None
    known = {person.key: person.person_ids for person in before.people} if before else {}
    named = known | {f"person-{place}": person_ids for place, person_ids in people.items()}
    if before is not None and named == known:
        return
    case = _case(case_id, named, front_door).learned(before, at if before is None else max(at, plus(before.known_at or at, INSTANT)))
    values = row_of(case, digest_of(case.as_stated()), published=False)
    if before is None:
        await connection.execute(insert(case_version).values(values))
    else:
        await connection.execute(update(case_version).where(case_version.c.case_id == case_id).values(values))
        await take_off(connection, case_id, linked_people(before), linked_people(case))


async def close_doubt(connection: Transaction, alert_id: str, at: datetime) -> None:
    """End the front door's involvement: the doubt is decided. What it was told stays told. Closed or not there, nothing happens."""
    case_id = doubt_case_id(alert_id)
    row = (await connection.execute(select(case_version).where(case_version.c.case_id == case_id))).one_or_none()
    before = Case.model_validate_json(row.snapshot) if row else None
    if before is None or all(one.to is not None for one in before.involvements):
        return
    ended = tuple(one.model_copy(update={"to": at}) for one in before.involvements)
    case = before.model_copy(update={"involvements": ended}).learned(before, at)
    values = row_of(case, digest_of(case.as_stated()), published=False)
    await connection.execute(update(case_version).where(case_version.c.case_id == case_id).values(values))


def _case(case_id: str, named: Mapping[str, tuple[str, ...]], front_door: str) -> Case:
    return Case(
        id=case_id,
        status="doubt",
        people=tuple(CasePerson(key=key, label="The person in question", person_ids=person_ids) for key, person_ids in named.items()),
        links=tuple(Link(person=key, relation="person in question", certainty=Certainty.REPORTED) for key in named),
        involvements=(Involvement(agency=front_door, scope=Scope.FRONT_DOOR),),
    )
