"""How long a notice may wait for its agency's own channel before the case hears that it was not delivered."""

from datetime import timedelta
from pathlib import Path

import pytest

from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.ledger.rows import ESCALATION_PATIENCE
from alertbus.model.item import ItemStep, StepKind
from alertbus.model.notice import Deed
from alertbus.sql.engine import make_engine, metadata
from tests.story import T0, a_notice

PATIENCE = timedelta(minutes=5)
AT_ONCE = {None, StepKind.NOT_DELIVERED}
"""Escalations that are made because a system did not take what came before."""


@pytest.mark.parametrize("kind", [None, *(kind for kind in StepKind if kind is not StepKind.UNOWNED)])
async def test_a_step_because_nobody_answered_has_as_long_as_any_notice_and_one_because_nothing_was_taken_has_not(
    kind: StepKind | None, tmp_path: Path
) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/bus.db")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    ledger = Ledger(engine, PATIENCE)
    step = None if kind is None else ItemStep(kind=kind, role="team_manager", at=T0)
    notice = a_notice("n", deed=Deed.ESCALATE, step=step)
    due = T0 + (ESCALATION_PATIENCE if kind in AT_ONCE else PATIENCE)
    try:
        await ledger.record([notice], T0, bodies=[notice.model_dump_json(exclude_defaults=True).encode()])
        before = await ledger.claim_undelivered(due - timedelta(seconds=1), until=T0)
        first = await ledger.claim_undelivered(due + timedelta(seconds=9), until=T0)
        again = await ledger.claim_undelivered(due + timedelta(hours=9), until=T0)
    finally:
        await engine.dispose()

    assert before == []
    assert [one.since for one in first] == [one.since for one in again] == [due], "the same however often it is claimed"
