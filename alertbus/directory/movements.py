"""Prisoners' movements, by person: whether one that is stated now happened before another that is known already."""

from collections.abc import Collection

from sqlalchemy import delete, select

from alertbus.directory.tables import movement
from alertbus.model.alert import MOVEMENTS, AcceptedAlert, Action
from alertbus.sql.database import Transaction
from alertbus.sql.engine import upsert


def is_movement(statement: AcceptedAlert) -> bool:
    """True for a real prisoner's movement. An exercise is played in its own time."""
    return statement.alert.kind in MOVEMENTS and statement.alert.exercise is None


async def note_movement(connection: Transaction, statement: AcceptedAlert, person_ids: Collection[str]) -> None:
    """Note that these persons moved, or that they did not after all. Safe to repeat."""
    await connection.execute(delete(movement).where(movement.c.alert_id == statement.alert_id))
    if statement.alert.action is not Action.WITHDRAWN and person_ids:
        rows = [
            {
                "person_id": person_id,
                "alert_id": statement.alert_id,
                "occurred_at": statement.alert.occurred_at,
                "at_liberty": MOVEMENTS[statement.alert.kind],
            }
            for person_id in sorted(person_ids)
        ]
        await connection.execute(upsert(movement, connection.dialect.name, update=["occurred_at", "at_liberty"]), rows)


async def is_overtaken(connection: Transaction, statement: AcceptedAlert, person_ids: Collection[str]) -> bool:
    """True if one of these persons is known to have moved again since, the other way: out of prison, or back into it."""
    if not person_ids:
        return False
    others = movement.c.person_id.in_(person_ids) & (movement.c.alert_id != statement.alert_id)
    query = select(movement.c.occurred_at, movement.c.at_liberty).where(others).order_by(movement.c.occurred_at.desc()).limit(1)
    latest = (await connection.execute(query)).one_or_none()
    if latest is None or latest.occurred_at <= statement.alert.occurred_at:
        return False
    return bool(latest.at_liberty) is not MOVEMENTS[statement.alert.kind]
