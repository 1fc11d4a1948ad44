"""Who signs in, and who is refused, stands in the audit chain of their agency; where it cannot be written, nobody is let in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alertbus.audit import tables as _audit  # noqa: F401  the tables stand in `metadata` once they are imported
from alertbus.audit import trail
from alertbus.audit.chain import AuditedDeed
from alertbus.broker.faults import BrokerFault
from alertbus.broker.producer import Producer
from alertbus.broker.topics import ensure_topics
from alertbus.intake.by_name import Audited
from alertbus.intake.publisher import Publisher
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, migrate
from tests.at_the_door import PASSWORD, Desk, WallClock, desk, name_shown, person, sign_in, token_shown

CANARY = "Canary Zebedee 1987"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    await migrate(url)
    found = make_engine(url)
    yield found
    await found.dispose()


@pytest.fixture
async def here(kafka: str, database: Database) -> AsyncIterator[Desk]:
    await ensure_topics(kafka)
    producer = Producer(kafka)
    await producer.start()
    clock = WallClock()
    audited = Audited(trail.Trail(kafka, database, producer, clock), Publisher(producer))
    yield desk(database, clock, audit=audited)
    await audited.close()
    await producer.stop()


async def test_a_sign_in_a_refusal_and_a_sign_out_stand_in_the_chain_of_the_agency_without_what_was_typed(here: Desk, kafka: str) -> None:
    await here.add(person(name="Mary Audited"))
    before = {(one.chain, one.number) for one in await trail.records(kafka)}
    async with here.browser() as browser:
        await sign_in(browser, CANARY, CANARY)
        await sign_in(browser, password=CANARY)
        await sign_in(browser)
        await browser.post("/sign-out", data={"form_token": await token_shown(browser)})

    written = [one for one in await trail.records(kafka) if (one.chain, one.number) not in before]
    told = sorted((one.chain, one.number, one.deed, one.by) for one in written)
    assert [(chain, deed, by) for chain, _, deed, by in told] == [
        ("operations", AuditedDeed.SIGN_IN_REFUSED, "a user whom nobody knows"),
        ("school", AuditedDeed.SIGN_IN_REFUSED, "Mary Audited"),
        ("school", AuditedDeed.SIGNED_IN, "Mary Audited"),
        ("school", AuditedDeed.SIGNED_OUT, "Mary Audited"),
    ]
    assert {one.caller for one in written} == {"desk"}
    assert not [one for one in written if CANARY in one.model_dump_json() or PASSWORD in one.model_dump_json()]


async def test_while_the_audit_cannot_be_written_nobody_is_let_in(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise BrokerFault("no broker", "start it")

    await here.add()
    monkeypatch.setattr(trail.Trail, "append_all", away)
    async with here.browser() as browser:
        with pytest.raises(BrokerFault):
            await sign_in(browser)
        assert await name_shown(browser) is None
    assert await here.door.letting_in.sessions.of("local:mary.obi", here.clock()) == []
