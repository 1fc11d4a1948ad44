"""A copy on a fallback channel is told as a copy: nowhere does it count as a delivery by the agency's own channel."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from alertbus.chronicle.answers import AgencyTold, ChronologyEntry
from alertbus.chronicle.derive import copied_to
from alertbus.chronicle.exercise_record import taken_notices
from alertbus.chronicle.formats import as_text
from alertbus.chronicle.projector import apply, read
from alertbus.chronicle.tables import ObligationState
from alertbus.delivery.ledger.tables import LedgerState
from alertbus.model.alert import Action, Severity
from alertbus.model.receipt import Receipt, Stage
from tests.story import T0, Log, a_case, a_notice, a_receipt, accepted, bus
from tests.unit.test_judge import delivered, judged
from tests.unit.test_restore import ledger_of, restored_ledger, two

NOTICE = a_notice("n")
REFUSED = a_receipt(NOTICE, Stage.REFUSED)
COPIED = a_receipt(NOTICE, Stage.COPIED, T0 + timedelta(minutes=1))


def in_the_old_form(copy: Receipt) -> Receipt:
    stated = copy.model_dump(mode="json", exclude={"channel"}) | {"stage": "accepted", "detail": f"fallback:{copy.channel}"}
    return Receipt.model_validate_json(json.dumps(stated))


def test_a_copy_that_was_told_of_in_the_old_form_is_read_as_the_same_copy() -> None:
    assert in_the_old_form(COPIED) == COPIED


@pytest.mark.parametrize("stated", [{"stage": "copied"}, {"stage": "accepted", "channel": "inbox"}])
def test_the_channel_stands_with_a_copy_and_with_nothing_else(stated: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="where a copy is"):
        Receipt.model_validate(COPIED.model_dump(exclude={"stage", "channel"}) | stated)


def test_a_copy_is_shown_until_the_agencys_own_channel_has_delivered() -> None:
    later = a_receipt(NOTICE, Stage.ACCEPTED, T0 + timedelta(minutes=2))
    other = a_receipt(a_notice("other"), Stage.ACCEPTED)

    assert copied_to([REFUSED]) == ()
    assert copied_to([REFUSED, COPIED, other]) == ("inbox",)
    assert copied_to([COPIED, later]) == ()


def test_the_chronology_says_of_a_copy_that_its_own_channel_did_not_deliver() -> None:
    told = AgencyTold(agency="school", role="head", state=ObligationState.REFUSED, since=T0, copied_to=("inbox",))
    entry = ChronologyEntry(
        statement_id="s",
        alert_id="a",
        occurred_at=T0,
        recorded_at=T0,
        agency="police",
        source="police",
        source_id="1",
        kind="ppn",
        action=Action.RAISED,
        severity=Severity.HIGH,
        told=(told,),
    )

    assert "refused (copied to inbox, not delivered by its own channel)" in as_text("case-1", [entry])


@pytest.mark.parametrize("copy", [COPIED, in_the_old_form(COPIED)])
async def test_a_rehearsal_does_not_count_a_copy_as_having_reached_the_agency(copy: Receipt) -> None:
    log = Log()
    refused, taken = a_notice("n", exercise="drill"), a_notice("m", exercise="drill")
    log.notice(refused)
    log.notice(taken)
    for receipt in (REFUSED, copy, a_receipt(taken, Stage.ACCEPTED)):
        log.receipt(receipt)
    async with two() as (engine, _):
        async with engine.begin() as connection:
            await apply(connection, read(log.records))

        assert [one.notice.id for one in await taken_notices(engine, "drill")] == ["m"]


def test_a_copy_is_no_receipt_of_how_delivery_ended() -> None:
    log = Log()
    notices = bus(log, [a_case()], [accepted("T-1")])
    log.receipt(a_receipt(notices[0], Stage.COPIED))
    for notice in notices[1:]:
        log.receipt(a_receipt(notice, Stage.SENT))

    found = judged(log, ledger={notice.id: delivered(notice, "refused") for notice in notices})

    assert found.unreceipted == (notices[0].obligation.id,)


@pytest.mark.parametrize("copy", [COPIED, in_the_old_form(COPIED)])
def test_a_rebuilt_ledger_knows_the_copy_and_still_owes_the_notice(copy: Receipt) -> None:
    async def law() -> None:
        async with two() as (_, engine):
            await restored_ledger(engine, [NOTICE], [copy], None)

            assert await ledger_of(engine, "state", "done_at", "fallback", "fallback_due") == [(LedgerState.WAITING, None, "inbox", None)]

    asyncio.run(law())
