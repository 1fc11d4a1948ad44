"""The pages for whoever is on call, in calm and in trouble."""

from typing import Any

from sqlalchemy import update

from alertbus.chronicle.projector import apply, read
from alertbus.delivery.ledger.tables import LedgerState, ledger
from alertbus.desk.visitor import Role
from tests.contract.test_desk_operations import AT, followable, quarantined
from tests.contract.test_http import fresh
from tests.desk_pages import ShownPage
from tests.desk_served import visitor
from tests.story import Log, unowned


async def pages(gateway: Any, desk: Any) -> list[ShownPage]:
    who = visitor("Nora Night", "bus", Role.OPERATIONS)
    log = Log()
    log.item(unowned(fresh("item-"), AT))
    async with gateway.inside.engine.begin() as connection:
        await apply(connection, read(log.records))
    alert_id, one = await followable(gateway, fresh("ref-"), fresh("gp_"))
    trouble = {"state": LedgerState.FAILED.value, "failed_at": AT, "error_class": "unreachable", "attempts": 5, "fallback": "inbox"}
    async with gateway.inside.engine.begin() as connection:
        await connection.execute(update(ledger).where(ledger.c.notice_id == one.id).values(**trouble))
    name, _ = await quarantined(gateway)
    base = "/operations"
    return [
        ShownPage("bus in trouble", base, who, in_main=("Something is wrong", "owed by nobody")),
        ShownPage("agencies", f"{base}/agencies", who, in_main=("their system does not answer",)),
        ShownPage("quarantine", f"{base}/quarantine", who, in_main=(name,)),
        ShownPage("quarantine refused", f"{base}/quarantine", who, form={"entries": name}, status=422, in_main=("Say in a few words",)),
        ShownPage("put back", f"{base}/quarantine?back=1&left=1", who, in_main=("1 record was put back",)),
        ShownPage("plugins", f"{base}/plugins", who, in_main=("What is installed",)),
        ShownPage("follow", f"{base}/follow", who, in_main=("Follow one alert",)),
        ShownPage("no such reference", f"{base}/follow", who, form={"reference": "none"}, status=422, in_main=("No alert has that",)),
        ShownPage("followed", f"{base}/follow/{alert_id}", who, in_main=("It stands still at 1 agency",)),
        ShownPage("runbooks", f"{base}/runbooks", who, in_main=("AlertbusUnowned",)),
        ShownPage("runbook", f"{base}/runbooks/quarantine", who, in_main=("disposition",)),
        ShownPage("not theirs", base, visitor(agency="school"), status=403),
    ]
