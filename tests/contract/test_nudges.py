"""Nudges by GOV.UK Notify: that something waits at the desk, to who gave an address; never what, whose or which kind (NOT-04, VOI-11)."""

import io
import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import select
from structlog.testing import capture_logs

from alertbus.delivery.nudges.notify import Notify
from alertbus.delivery.nudges.nudge_tables import nudged as table
from alertbus.delivery.nudges.nudge_turns import NudgeTurns, nudge_counts, nudged_key
from alertbus.model.errors import SettingsFault
from alertbus.model.notice import Excerpt, Notice, NoticePerson
from alertbus.model.person import Name
from alertbus.model.team import NudgeAddress
from alertbus.nudge_settings import NudgeSettings
from alertbus.operations.gauges import Vitals, measured
from alertbus.serving.inbox_shown import InboxReader
from alertbus.serving.nudging import Nudging
from alertbus.settings import load_settings
from tests.contract.test_http import fresh, notice, owe
from tests.fake_notify import EMAIL_TEMPLATE, KEY, SMS_TEMPLATE, FakeNotify, fake_notify

pytestmark = pytest.mark.kafka

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
EMAIL, PHONE, WHO = "canary.obi@example.org", "07700 900123", "Kanarienvogel Obi"
LINK = "https://desk.example/inbox"


@pytest.fixture
def agency() -> str:
    return fresh("health_visiting_")


@pytest.fixture
async def notify() -> AsyncIterator[FakeNotify]:
    async with fake_notify() as fake:
        yield fake


def settings(notify: FakeNotify, **more: Any) -> NudgeSettings:
    given = {"api_key": SecretStr(KEY), "email_template": EMAIL_TEMPLATE, "sms_template": SMS_TEMPLATE, "url": notify.url} | more
    return NudgeSettings(**given)


class Nudged:
    def __init__(self, gateway: Any, notify: FakeNotify, agency: str) -> None:
        self.gateway, self.notify, self.agency = gateway, notify, agency
        self.told: list[Notice] = []
        inside = gateway.inside
        inside.now.at = AT
        inbox = InboxReader(inside.engine, inside.intake.teams.book, inside.policy, inside.now)
        turns = NudgeTurns(inside.engine, timedelta(minutes=30))
        self.nudging = Nudging(inside.engine, inbox, inside.policy, turns, Notify(settings(notify)), LINK, inside.now)

    async def team(self, *nudges: dict[str, Any], **more: Any) -> None:
        team = {
            "id": f"{self.agency}.north",
            "agency": self.agency,
            "name": "North",
            "members": [{"name": WHO, "roles": ["health_visitor"]}, {"name": "Jo Other", "roles": ["school_nurse"]}],
            "nudges": list(nudges),
            **more,
        }
        answer = await self.gateway.http.put(f"/v1/teams/{team['id']}", json=team)
        assert answer.status_code in {200, 201}, answer.text
        await self.gateway.inside.intake.teams.book.renew()

    async def comes(self, severity: str = "medium", minutes: int = 0, kind: str = "birth", **more: Any) -> Notice:
        since = (AT + timedelta(minutes=minutes)).isoformat()
        told = notice(self.agency, since=since, severity=severity, kind=kind).model_copy(update={"recipient": WHO, **more})
        self.told.append(told)
        await owe(self.gateway, *self.told)
        return told

    async def look(self, minutes: int = 0) -> list[str]:
        """Look at that moment; gives the addresses that were written to by this look."""
        self.gateway.inside.now.at = AT + timedelta(minutes=minutes)
        before = len(self.notify.sent)
        await self.nudging.look()
        return [one.get("email_address") or one["phone_number"] for one in self.notify.sent[before:]]


@pytest.fixture
def nudged(gateway: Any, notify: FakeNotify, agency: str) -> Nudged:
    return Nudged(gateway, notify, agency)


async def test_whoever_gave_an_address_is_told_that_something_waits_by_a_link_and_nothing_else(nudged: Nudged) -> None:
    await nudged.team({"who": WHO, "email": EMAIL}, {"phone": PHONE})
    await nudged.comes()

    assert sorted(await nudged.look()) == sorted([EMAIL, PHONE])
    by_path = {one["path"]: one for one in nudged.notify.sent}
    email, sms = by_path["/v2/notifications/email"], by_path["/v2/notifications/sms"]
    assert {name: email[name] for name in email if name != "path"} == {
        "email_address": EMAIL,
        "template_id": EMAIL_TEMPLATE,
        "personalisation": {"link": LINK},
    }
    assert sms["personalisation"] == {"link": LINK}
    assert await nudged.look(1) == [], "the same news is told once"


async def test_nothing_of_a_family_nor_its_kind_goes_out_or_stands_in_a_log_or_a_table(nudged: Nudged) -> None:
    child = NoticePerson(ref="canary-ref", child=True, name=Name(given="CanaryGiven", family="CanaryFamily"))
    await nudged.team({"who": WHO, "email": EMAIL})
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    try:
        with capture_logs() as lines:
            told = await nudged.comes(
                "critical",
                title="CanaryTitle",
                summary="CanarySummary",
                narrative=(Excerpt.of("CanaryWords"),),
                children=(child,),
                kind="birth",
            )
            await nudged.look()
            nudged.notify.status = 400
            await nudged.comes("critical", 5)
            await nudged.look(5)
    finally:
        logging.getLogger().removeHandler(handler)
    rows = await nudged.gateway.inside.engine.read(lambda connection: [tuple(row) for row in connection.execute(select(table))])

    out = "\n".join(nudged.notify.raw)
    assert EMAIL in out, "it went out at all"
    for secret in (
        "Canary",
        "birth",
        "critical",
        told.obligation.id,
        told.obligation.alert_id,
        told.obligation.case_id,
        WHO,
        nudged.agency,
    ):
        assert secret not in out, secret
    kept = f"{lines} {stream.getvalue()} {rows}"
    assert "400" in kept, "the failure is logged"
    for secret in (EMAIL, PHONE, WHO, "Canary", KEY):
        assert secret not in kept, secret


async def test_one_nudge_in_half_an_hour_and_what_is_urgent_at_once(nudged: Nudged) -> None:
    await nudged.team({"who": WHO, "email": EMAIL})
    await nudged.comes()
    assert await nudged.look() == [EMAIL]
    await nudged.comes(minutes=5)
    assert await nudged.look(6) == []
    assert await nudged.look(31) == [EMAIL], "when the time has passed, though nothing else has come"
    await nudged.comes("critical", 33)
    assert await nudged.look(33) == [EMAIL]
    await nudged.comes("critical", 34, kind="threat_to_staff")
    assert await nudged.look(34) == [EMAIL], "two urgent ones, a minute apart"


async def test_what_waits_for_somebody_else_nudges_nobody_here(nudged: Nudged) -> None:
    await nudged.team({"who": "Jo Other", "email": EMAIL})
    await nudged.comes("critical")
    assert await nudged.look() == []


async def test_an_exercise_nudges_nobody(nudged: Nudged) -> None:
    await nudged.team({"email": EMAIL})
    rehearsed = notice(nudged.agency, since=AT.isoformat(), severity="critical")
    obligation = rehearsed.obligation.model_copy(update={"id": fresh("rehearsed-"), "exercise": "x1"})
    nudged.told[:] = [rehearsed.model_copy(update={"id": fresh("rehearsed-"), "obligation": obligation})]
    await owe(nudged.gateway, *nudged.told)
    assert await nudged.look() == []

    await nudged.comes("critical", 1)
    assert await nudged.look(1) == [EMAIL], "what is real does"


async def test_ooh_a_team_that_is_closed_is_nudged_at_opening_unless_it_is_urgent(nudged: Nudged) -> None:
    hours = [{"opens": "12:00", "closes": "13:00"}]
    await nudged.team({"email": EMAIL}, hours=hours)
    await nudged.comes()
    assert await nudged.look() == []
    assert await nudged.look(121) == [EMAIL]
    await nudged.comes("critical", 300)
    assert await nudged.look(300) == [EMAIL]


async def test_whoever_is_away_is_not_written_to(nudged: Nudged) -> None:
    away = {"who": WHO, "cover": "Jo Other", "from": "2026-11-20", "to": "2026-11-27"}
    await nudged.team({"who": WHO, "email": EMAIL}, {"who": "Jo Other", "phone": PHONE}, absences=[away])
    await nudged.comes()

    assert await nudged.look() == [PHONE], "who covers is"


@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
async def test_what_is_not_taken_is_counted_and_tried_again_and_stops_nothing(nudged: Nudged, status: int) -> None:
    before = await nudge_counts(nudged.gateway.inside.engine)
    await nudged.team({"email": EMAIL})
    await nudged.comes("critical")
    nudged.notify.status = status
    assert await nudged.look() == []
    nudged.notify.status = 201
    assert await nudged.look(6) == [EMAIL]

    after = await nudge_counts(nudged.gateway.inside.engine)
    assert (after["failed"] - before.get("failed", 0), after["sent"] - before.get("sent", 0)) == (1, 1)
    inside = nudged.gateway.inside
    registry = await measured(Vitals(nudged.gateway.bootstrap, inside.engine, inside.now, 0))
    assert registry.get_sample_value("alertbus_nudges_total", {"outcome": "failed"}) == after["failed"]


async def test_two_processes_send_one_nudge(gateway: Any, notify: FakeNotify, agency: str) -> None:
    one, other = Nudged(gateway, notify, agency), Nudged(gateway, notify, agency)
    await one.team({"email": EMAIL})
    await one.comes("critical")

    assert await one.look() + await other.look() == [EMAIL]


def test_an_address_is_an_email_or_a_telephone_number_and_of_somebody_in_the_team() -> None:
    for wrong in ({}, {"email": EMAIL, "phone": PHONE}, {"email": "no address"}, {"phone": "ring me"}):
        with pytest.raises(ValidationError):
            NudgeAddress.model_validate(wrong)
    key = nudged_key("gp.north", NudgeAddress(email=EMAIL, who=WHO))
    assert (EMAIL in key, "Obi" in key) == (False, False)


def test_a_wrong_account_stops_the_start_by_its_shape_and_quotes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"api_key": "canary-key", "email_template": "no-id", "url": "http://elsewhere.example"}
    monkeypatch.setenv("ALERTBUS_NUDGES", json.dumps(given))

    with pytest.raises(SettingsFault) as fault:
        load_settings()

    assert "NUDGES" in str(fault.value)
    assert "canary-key" not in str(fault.value)
