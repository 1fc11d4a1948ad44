"""What `alertbus demo` ends at: a desk on which each of its people finds something to do, with the password on the screen and no other."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from alertbus.broker.jars import find_java
from alertbus.cli.demo import CHILD_BI
from alertbus.cli.demo_desk import told
from alertbus.desk.dress import lacking
from alertbus.desk.visitor import Role
from alertbus.rehearsal.desk_people import PEOPLE, DemoPerson, made_password
from alertbus.rehearsal.desk_staged import StagedDesk, stage_desk
from alertbus.run.bootstrap import DESK, PARTS, now, wired
from alertbus.run.supervisor import Supervisor
from alertbus.run.temporary import any_port
from alertbus.settings import load_settings

pytestmark = pytest.mark.kafka


@dataclass
class Demo:
    supervisor: Supervisor
    staged: StagedDesk
    password: str

    @property
    def url(self) -> str:
        return self.supervisor.settings.desk_address


@pytest.fixture(scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    if find_java() is None:
        pytest.skip("no Java 17 or newer: apt-get install default-jre-headless")
    if lacking() is not None:
        pytest.fail("the desk's style sheet was not made: make env")
    folder = tmp_path_factory.mktemp("demo")
    settings = load_settings(data_dir=folder, http_port=any_port("127.0.0.1"), desk_port=any_port("127.0.0.1"), watchdog_interval_s=0)
    supervisor = Supervisor(settings, lambda _: None, (*PARTS, DESK))
    done = asyncio.Event()
    watching: asyncio.Task[None] | None = None
    try:
        await supervisor.start()
        watching = asyncio.create_task(supervisor.watch(done))
        password = made_password()
        async with wired(settings) as wiring:
            yield Demo(supervisor, await stage_desk(CHILD_BI, wiring, password, now()), password)
    finally:
        done.set()
        if watching:
            await watching
        await supervisor.stop()


async def signed_in(http: httpx.AsyncClient, demo: Demo, who: DemoPerson, password: str | None = None) -> httpx.Response:
    page = (await http.get("/sign-in")).text
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found is not None
    fields = {"form_token": found[1], "username": who.username, "password": password or demo.password}
    return await http.post("/sign-in", data=fields)


async def test_each_of_them_signs_in_and_whoever_works_with_families_has_the_review_s_before_them(demo: Demo) -> None:
    for who in PEOPLE:
        async with httpx.AsyncClient(base_url=demo.url, timeout=30) as http:
            assert (await signed_in(http, demo, who)).status_code == 303, who.username
            inbox = await http.get("/inbox")
            if who.role in {Role.OPERATIONS, Role.INTEGRATION, Role.AUDITOR}:
                assert inbox.status_code == 403
                continue
            assert inbox.status_code == 200
            assert demo.staged.family in inbox.text, who.username
            assert "I am acting on this" in inbox.text, who.username
            assert "Exercise: nobody real is meant" in inbox.text


async def test_what_nobody_answered_has_lapsed_and_the_rest_was_answered_in_its_time(demo: Demo) -> None:
    probation = next(one for one in PEOPLE if one.username == "probation")
    visiting = next(one for one in PEOPLE if one.username == "health-visitor")
    async with httpx.AsyncClient(base_url=demo.url, timeout=30) as http:
        await signed_in(http, demo, probation)
        page = (await http.get("/inbox?show=overdue")).text
        assert "Breach of a restraining order" in page
        assert "Overdue by" in page
    async with httpx.AsyncClient(base_url=demo.url, timeout=30) as http:
        await signed_in(http, demo, visiting)
        assert "Health Visitor 1 is acting on it" in (await http.get("/inbox?show=answered")).text


async def test_another_password_opens_nothing_and_the_screen_names_them_all_and_the_address_last_but_one(demo: Demo) -> None:
    async with httpx.AsyncClient(base_url=demo.url, timeout=30) as http:
        refused = await signed_in(http, demo, PEOPLE[0], "another-password-entirely")
    lines = told(demo.supervisor.settings, demo.supervisor.url, demo.staged, demo.password, with_desk=True)

    assert (refused.status_code, "session" in refused.headers.get("set-cookie", "")) == (422, False)
    assert all(any(line.strip().startswith(one.username) for line in lines) for one in PEOPLE)
    assert demo.password in "\n".join(lines)
    assert lines[-2].endswith(demo.url)
    assert "127.0.0.1" in lines[-2]
