"""The operations pages and calls: the flow of the bus for whoever is on call, and nothing of any family."""

import asyncio
import io
import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from alertbus.audit import trail
from alertbus.audit.chain import AuditedDeed
from alertbus.broker import topics
from alertbus.broker.producer import Producer
from alertbus.caller_settings import CallerSettings
from alertbus.chronicle.projector import apply, read
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.ledger.tables import LedgerState, ledger
from alertbus.desk.visitor import Role, Visitor
from alertbus.model.notice import Notice
from alertbus.model.receipt import Receipt, Stage
from alertbus.operations.gauges import Vitals
from alertbus.plugin.set_aside import SetAside
from alertbus.quarantine.entry import refused
from alertbus.serving.operations_shown import OperationsReader
from tests.contract.test_http import alert, fresh, notice, owe
from tests.contract.test_what_callers_may import by
from tests.desk_served import desk_over, visitor
from tests.story import Log, unowned

pytestmark = pytest.mark.kafka

CANARY = "Kanarienvogel"
AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
PAGES = (
    "/operations",
    "/operations/agencies",
    "/operations/quarantine",
    "/operations/plugins",
    "/operations/follow",
    "/operations/runbooks",
)
WELL_BEFORE_THE_CLIENT_S = 20
"""Kafka's client gives up after 40 s. The page gives up after three; a slow machine may take longer to write it."""
CALLS = ("state", "agencies", "plugins", "quarantine")


def operator(name: str = "Nora Night") -> Visitor:
    return visitor(name, "bus", Role.OPERATIONS)


async def followable(gateway: Any, reference: str, agency: str, **changed: Any) -> tuple[str, Notice]:
    """An alert that one agency is told of, everywhere but in the stages: gives its id and the notice."""
    answer = await gateway.http.post("/v1/alerts", json=alert(id=reference, narrative=[{"text": f"{CANARY} said so"}]))
    assert answer.status_code == 202, answer.text
    await gateway.projected(topics.ALERTS)
    alert_id = str(answer.json()["id"])
    one = notice(agency, alert_id=alert_id, case_id=fresh(f"{CANARY.lower()}-"), source_id=reference, **changed)
    one = one.model_copy(update={"title": f"{CANARY} title", "because": f"{CANARY}'s mother", "recipient": f"{CANARY} Obi"})
    await owe(gateway, one)
    await Ledger(gateway.inside.engine).record([one], AT + timedelta(minutes=1))
    return alert_id, one


async def told(gateway: Any, one: Notice, *stages: Stage) -> None:
    log, owed = Log(), one.obligation
    common = {"notice_id": one.id, "obligation_id": owed.id, "alert_id": owed.alert_id, "case_id": owed.case_id, "agency": owed.agency}
    for minutes, stage in enumerate(stages, 2):
        named = {"by": f"{CANARY} Obi", "intent": "acting"} if stage is Stage.ACKNOWLEDGED else {}
        log.receipt(Receipt(id=str(uuid.uuid4()), stage=stage, at=AT + timedelta(minutes=minutes), **common, **named))
    async with gateway.inside.engine.begin() as connection:
        await apply(connection, read(log.records))


@pytest.mark.parametrize("path", [*PAGES, "/operations/follow/none", "/operations/runbooks/unowned"])
async def test_only_who_operates_is_let_in(gateway: Any, path: str) -> None:
    async with desk_over(gateway) as desk:
        for role in set(Role) - {Role.OPERATIONS}:
            desk.door.who = visitor("Somebody Else", "childrens_social_care", role)
            assert (await desk.get(path)).status_code == 403, role
        desk.door.who = None
        assert (await desk.get(path)).status_code == 303


async def test_the_calls_are_for_who_operates_alone(kafka: str, open_gateway: Any) -> None:
    import hashlib

    said: dict[str, dict[str, Any]] = {
        "ops": {"agency": "bus", "rights": ["operate"]},
        "csc": {"agency": "childrens_social_care"},
        "mender": {"agency": "bus", "rights": ["integrate", "audit"]},
    }
    callers = [CallerSettings(name=name, token_sha256=hashlib.sha256(name.encode()).hexdigest(), **one) for name, one in said.items()]
    async with open_gateway(kafka, callers=callers) as guarded:
        for name, expected in (("ops", 200), ("csc", 403), ("mender", 403)):
            for call in CALLS:
                assert (await guarded.http.get(f"/v1/operations/{call}", headers=by(name))).status_code == expected, (name, call)
        refused_to = [
            (await guarded.http.post("/v1/operations/followed", json={"reference": "x"}, headers=by("csc"))).status_code,
            (await guarded.http.post("/v1/operations/quarantine/redrives", json={}, headers=by("csc"))).status_code,
        ]
        unknown = await guarded.http.post("/v1/operations/followed", json={"reference": "no-such"}, headers=by("ops"))

    assert refused_to == [403, 403]
    assert unknown.status_code == 404


async def test_what_nobody_owns_stands_at_the_top_with_what_to_do(gateway: Any) -> None:
    log = Log()
    log.item(unowned("one", gateway.inside.now() - timedelta(hours=2), case_id=f"{CANARY}-case"))
    async with gateway.inside.engine.begin() as connection:
        await apply(connection, read(log.records))

    async with desk_over(gateway, operator()) as desk:
        page = (await desk.get("/operations")).text
        runbook = (await desk.get("/operations/runbooks/unowned")).text
    called = (await gateway.http.get("/v1/operations/state")).json()

    assert "Something is wrong" in page
    assert page.index("1 answer is owed by nobody, the first for 2 hours at health visiting") < page.index("The way of an alert")
    assert 'href="/operations/runbooks/unowned"' in page
    assert "Telephone, now" in runbook
    assert CANARY not in page + json.dumps(called)
    assert ("AlertbusUnowned", "unowned") in {(one["rule"], one["runbook"]) for one in called["troubles"]}
    assert called["chronicle"]["items"]["oldest_unowned"].keys() == {"agency", "since", "age_s"}


async def test_without_a_broker_the_page_comes_quickly_and_says_what_is_not_known(gateway: Any) -> None:
    inside = gateway.inside
    away = Vitals("127.0.0.1:1", inside.engine, inside.now, 60)

    async with desk_over(gateway, operator()) as desk:
        desk.desk.operations = OperationsReader(inside.settings, inside.intake, away, inside.now, "127.0.0.1:1")
        async with asyncio.timeout(WELL_BEFORE_THE_CLIENT_S):
            page = await desk.get("/operations")
        quarantine = await desk.get("/operations/quarantine")

    assert page.status_code == 200
    assert "Not known just now: how far the stages are (the broker does not answer), what lies in quarantine." in page.text
    assert "does not answer" in page.text
    assert "Everything is answered" in page.text, "what the database knows is shown"
    assert quarantine.status_code == 503


async def test_a_broker_that_takes_the_call_and_says_nothing_keeps_nobody_waiting(gateway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    over = asyncio.Event()

    async def never(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    monkeypatch.setattr("alertbus.operations.bus_state.LIMIT_S", 0.3)
    monkeypatch.setattr("alertbus.serving.quarantine_kept.READ_LIMIT_S", 0.3)
    inside = gateway.inside
    async with await asyncio.start_server(never, "127.0.0.1", 0) as mute, desk_over(gateway, operator()) as desk:
        address = f"127.0.0.1:{mute.sockets[0].getsockname()[1]}"
        away = Vitals(address, inside.engine, inside.now, 60)
        desk.desk.operations = OperationsReader(inside.settings, inside.intake, away, inside.now, address)
        async with asyncio.timeout(WELL_BEFORE_THE_CLIENT_S):
            answers = [(await desk.get(path)).status_code for path in ("/operations", "/operations/quarantine")]
        over.set()

    assert answers == [200, 503]


async def test_an_agency_that_is_not_reached_stands_first_with_the_reason_in_words(gateway: Any) -> None:
    agency, well = fresh("gp_"), fresh("aaa_school_")
    for name in (agency, well):
        _, one = await followable(gateway, fresh("ref-"), name)
        if name == agency:
            failed = {"state": LedgerState.FAILED.value, "failed_at": AT, "error_class": "unreachable", "fallback": "inbox", "attempts": 7}
            async with gateway.inside.engine.begin() as connection:
                await connection.execute(update(ledger).where(ledger.c.notice_id == one.id).values(**failed))

    async with desk_over(gateway, operator()) as desk:
        page = (await desk.get("/operations/agencies")).text
        now = (await desk.get("/operations")).text
    called = (await gateway.http.get("/v1/operations/agencies")).json()["items"]

    assert called[0]["agency"] == agency
    assert called[0]["failures"] == [
        {"agency": agency, "reason": "unreachable", "count": 1, "since": "2026-11-23T08:00:00Z", "in_fallback": 1}
    ]
    assert "1 not delivered since Mon 23 Nov, 08:00: their system does not answer (unreachable)" in page
    assert "The fallback (inbox) has 1 of them" in page
    assert page.index("Not reached") < page.index("aaa_school") if "aaa_school" in page else True
    assert "1 notice cannot be delivered (" in now
    assert CANARY not in page + now + json.dumps(called)


async def test_whoever_is_woken_arrives_where_it_says_what_is_wrong(gateway: Any) -> None:
    async with desk_over(gateway, operator()) as desk:
        first = await desk.get("/")
        desk.door.who = visitor("Ada Both", "bus", Role.OPERATIONS, Role.PRACTITIONER)
        both = await desk.get("/")

    assert (first.headers["location"], both.headers["location"]) == ("/operations", "/inbox")


async def test_counting_that_takes_too_long_keeps_nobody_from_what_waits(gateway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    agency = fresh("gp_")
    await followable(gateway, fresh("ref-"), agency)
    monkeypatch.setattr("alertbus.operations.agency_flow.LIMIT_S", -1.0)

    [found] = [one for one in (await gateway.http.get("/v1/operations/agencies")).json()["items"] if one["agency"] == agency]
    async with desk_over(gateway, operator()) as desk:
        page = (await desk.get("/operations/agencies")).text

    assert (found["waiting"], found["answered"], found["with_them"]) == (1, None, None)
    assert "1 waiting" in page
    assert "How many are there without an answer is not known just now" in page


async def test_since_when_an_agency_is_left_alone_is_what_delivery_says_with_its_heartbeat(gateway: Any) -> None:
    agency = fresh("gp_")
    until = gateway.inside.now() + timedelta(minutes=4)
    book = Ledger(gateway.inside.engine)
    await book.beat("one", {agency: {"since": AT.isoformat(), "until": until.isoformat()}})

    async with desk_over(gateway, operator()) as desk:
        page = (await desk.get("/operations/agencies")).text
        metrics = (await gateway.http.get("/metrics")).text
        first = (await gateway.http.get("/v1/operations/agencies")).json()["items"][0]
        await book.beat("one")
        closed = (await desk.get("/operations/agencies")).text

    assert "Left alone (its circuit is open) since Mon 23 Nov, 08:00:00, because its system did not answer. One message is tried at" in page
    assert f'alertbus_agencies_left_alone{{agency="{agency}"}} 1.0' in metrics
    assert (first["agency"], first["left_alone_since"]) == (agency, "2026-11-23T08:00:00Z")
    assert "Left alone" not in closed


async def test_aud_08_an_alert_is_followed_by_its_reference_and_who_looked_is_on_record_first(gateway: Any, log_text: io.StringIO) -> None:
    reference, agency = fresh("NP-"), fresh("gp_")
    alert_id, one = await followable(gateway, reference, agency)
    await told(gateway, one, Stage.SENT, Stage.ACCEPTED)

    async with desk_over(gateway, operator("Nora Night")) as desk:
        found = await desk.post("/operations/follow", reference=f" {reference} ")
        page = (await desk.get(found.headers["location"])).text
        await told(gateway, one, Stage.SENT, Stage.ACCEPTED, Stage.ACKNOWLEDGED)
        answered = (await desk.get(found.headers["location"])).text
    called = await gateway.http.post("/v1/operations/followed", json={"reference": reference})
    audited = [one for one in await trail.records(gateway.bootstrap) if alert_id in one.about]

    assert (found.status_code, found.headers["location"]) == (303, f"/operations/follow/{alert_id}")
    assert "Every system has it. 1 agency has not answered yet" in page
    assert "It has come all the way" in answered
    for stage in ("Accepted by the gateway", "Durable on the broker", "Taken up by delivery", "Answered by a named person"):
        assert stage in page
    assert {one.deed for one in audited} == {AuditedDeed.ALERT_FOLLOWED}
    assert [one.by for one in audited].count("Nora Night") == 2
    assert called.json()["agencies"][0]["state"] == "acknowledged"
    assert called.json()["on_broker_at"] is not None
    for text in (page, answered, called.text, log_text.getvalue()):
        assert CANARY.lower() not in text.lower()
        assert one.obligation.case_id not in text
        assert "threat_to_staff" not in text
        assert "Threat to staff" not in text
    assert reference not in page + answered + called.text + log_text.getvalue(), "a reference may be anything that a sender likes"


async def test_a_reference_that_no_alert_has_stays_in_the_form(gateway: Any) -> None:
    async with desk_over(gateway, operator()) as desk:
        for reference in ("no-such-reference", "", "x" * 300):
            page = await desk.post("/operations/follow", reference=reference)
            assert page.status_code == 422
            assert "No alert has that reference" in page.text
            assert f'value="{reference}"' in page.text
        assert (await desk.get("/operations/follow/none")).status_code == 404


async def test_an_alert_that_stands_still_says_where_and_why(gateway: Any) -> None:
    alert_id, one = await followable(gateway, fresh("ref-"), fresh("gp_"))
    trouble = {"state": LedgerState.FAILED.value, "failed_at": AT, "error_class": "not_let_in", "attempts": 5}
    async with gateway.inside.engine.begin() as connection:
        await connection.execute(update(ledger).where(ledger.c.notice_id == one.id).values(**trouble))

    async with desk_over(gateway, operator()) as desk:
        page = (await desk.get(f"/operations/follow/{alert_id}")).text

    assert "It stands still at 1 agency: their system does not let us in" in page
    assert "tried 5 times" in page


async def quarantined(gateway: Any) -> tuple[str, Notice]:
    """A notice that an agency's system has refused, in quarantine: gives the entry's name on the topic, and the notice."""
    one = notice(fresh("gp_")).model_copy(update={"title": f"{CANARY} title"})
    entry = refused(one, "refused", by="/alertbus/delivery", at=AT, attempt=1, version="plain 0.1.0")
    producer = Producer(gateway.bootstrap)
    await producer.start()
    await producer.send_all([entry])
    await producer.stop()
    shown = (await gateway.http.get("/v1/operations/quarantine")).json()
    [name] = [found["id"] for found in shown["waiting"] if found["agency"] == one.obligation.agency]
    return name, one


async def test_a_record_is_put_back_by_a_person_with_a_reason_and_both_are_in_the_audit(gateway: Any) -> None:
    name, one = await quarantined(gateway)

    async with desk_over(gateway, operator("Nora Night")) as desk:
        before = (await desk.get("/operations/quarantine")).text
        done = await desk.post("/operations/quarantine", entries=name, reason="The agency has mended its door")
        after = (await desk.get(done.headers["location"])).text
        again = await desk.post("/operations/quarantine", entries=name, reason="Once more")
    put_back = [r for r in await gateway.records(topics.NOTICES, one.obligation.lane) if r.extensions.get("redriveof")]
    audited = [r for r in await trail.records(gateway.bootstrap) if any(one.id in place for place in r.places)]

    assert f'value="{name}"' in before
    assert (done.status_code, done.headers["location"]) == (303, "/operations/quarantine?back=1&left=0")
    assert "1 record was put back on its topic" in after
    assert f'value="{name}"' not in after
    assert "by Nora Night" in after
    assert len(put_back) == 1, "a second time does nothing"
    assert again.headers["location"] == "/operations/quarantine?back=1&left=0"
    assert [(r.deed, r.by, r.reason, r.caller) for r in audited] == [
        (AuditedDeed.REDRIVE_BEGUN, "Nora Night", "The agency has mended its door", "desk"),
        (AuditedDeed.REDRIVE_DONE, "Nora Night", "The agency has mended its door", "desk"),
    ]
    assert CANARY not in before + after


async def test_nothing_is_put_back_without_a_choice_and_a_reason_and_what_was_typed_stays(gateway: Any) -> None:
    name, one = await quarantined(gateway)

    async with desk_over(gateway, operator()) as desk:
        no_reason = await desk.post("/operations/quarantine", entries=name, reason="  ")
        no_choice = await desk.post("/operations/quarantine", reason="Mended the door")
        unknown = await desk.post("/operations/quarantine", entries="0-999999", reason="Mended the door")
    nameless = await gateway.http.post("/v1/operations/quarantine/redrives", json={"ids": [name], "by": "root", "reason": "mended"})

    assert (no_reason.status_code, no_choice.status_code, unknown.status_code, nameless.status_code) == (422, 422, 422, 422)
    assert "Say in a few words what was mended" in no_reason.text
    assert f'id="entry-{name}" name="entries" type="checkbox" value="{name}" aria-describedby="about-{name}" checked' in no_reason.text
    assert "Choose what to put back" in no_choice.text
    assert "Mended the door</textarea>" in no_choice.text
    assert await gateway.records(topics.NOTICES, one.obligation.lane) == []


async def test_plugins_are_shown_with_who_uses_them_and_what_is_missing(gateway: Any) -> None:
    async with desk_over(gateway, operator()) as desk:
        page = (await desk.get("/operations/plugins")).text
    called = (await gateway.http.get("/v1/operations/plugins")).json()

    [adapter] = [one for one in called["installed"] if one["kind"] == "adapter"]
    assert (adapter["name"], adapter["sector"], adapter["tier"], adapter["contract"]) == ("systems", "health", "not_checked_here", 1)
    assert "health_visiting" in adapter["agencies"]
    assert "police" in called["without_adapter"]
    assert "not checked here" in page
    assert "Police" in page


async def test_a_plugin_that_is_set_aside_is_shown_with_its_reason_and_whom_it_keeps_from_being_told(gateway: Any) -> None:
    aside = SetAside.of("police", "1.0", "ImportError at alertbus_police/adapter.py:12", {})
    gateway.inside.plugins.set_aside = (aside,)
    async with desk_over(gateway, operator()) as desk:
        page = (await desk.get("/operations/plugins")).text
        agencies = (await desk.get("/operations/agencies")).text
    called = (await gateway.http.get("/v1/operations/plugins")).json()

    assert called["set_aside"] == [{"plugin": "police", "version": "1.0", "reason": aside.reason, "agencies": ["police"]}]
    assert "police" not in called["without_adapter"]
    assert f"<code>{aside.reason}</code>" in page
    assert "Nothing can be sent to Police until it is mended" in page
    assert "nothing can be sent" in agencies


async def test_nothing_of_an_alert_comes_to_the_pages_for_who_operates(gateway: Any, tmp_path: Path) -> None:
    alert_id, _ = await followable(gateway, fresh(f"{CANARY}-"), fresh("gp_"))

    async with desk_over(gateway, operator()) as desk:
        shown = [(await desk.get(path)).text for path in (*PAGES, f"/operations/follow/{alert_id}")]
        refused_pages = [(await desk.get(path)).status_code for path in ("/inbox", f"/alerts/{alert_id}")]
    called = [(await gateway.http.get(f"/v1/operations/{call}")).text for call in CALLS]

    assert CANARY.lower() not in "".join(shown + called).lower()
    assert refused_pages == [403, 404]
