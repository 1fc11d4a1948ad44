"""A session at the desk is over when its time is, when its owner ends it and when their rights change: everywhere, with the next request."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from alertbus.audit.chain import AuditedDeed
from alertbus.desk.sign_in import signed_in
from alertbus.desk.sign_in.passwords import hashed
from alertbus.desk.sign_in.signed_in import IDLE, LONGEST_SESSION, NOTED_EVERY, SKEW, is_over
from alertbus.desk.visitor import Role
from alertbus.sql.database import Database
from tests.at_the_door import PASSWORD, Desk, desk, name_shown, opened, person, sign_in, token_shown

T0 = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    async with opened(url) as found:
        yield found


@pytest.fixture
async def here(database: Database) -> Desk:
    one = desk(database)
    await one.add()
    return one


async def test_who_does_nothing_for_fifteen_minutes_is_signed_out_and_who_goes_on_is_not(here: Desk) -> None:
    async with here.browser() as browser:
        await sign_in(browser)
        for _ in range(4):
            here.clock.pass_by(minutes=14)
            assert await name_shown(browser) == "Mary Obi"
        here.clock.pass_by(minutes=15)
        assert await name_shown(browser) is None
        here.clock.pass_by(minutes=-10)
        here.clock.pass_by(minutes=10)
        assert await name_shown(browser) is None


async def test_after_eight_hours_everybody_signs_in_again_however_busy(here: Desk) -> None:
    async with here.browser() as browser:
        await sign_in(browser)
        for _ in range(47):
            here.clock.pass_by(minutes=10)
            assert await name_shown(browser) == "Mary Obi"
        here.clock.pass_by(minutes=10)
        assert await name_shown(browser) is None


async def test_a_page_that_keeps_itself_up_to_date_does_not_keep_its_reader_signed_in(here: Desk) -> None:
    sessions = here.door.letting_in.sessions
    token = await sessions.begin(person(), here.clock(), rights_version=1)
    for _ in range(14):
        here.clock.pass_by(minutes=1)
        assert await sessions.find(token, here.clock(), counts=False) is not None
    here.clock.pass_by(minutes=1)
    assert await sessions.find(token, here.clock(), counts=False) is None


async def test_a_page_that_stays_open_hears_of_the_end_of_its_session(here: Desk) -> None:
    sessions = here.door.letting_in.sessions
    token = await sessions.begin(person(), here.clock(), rights_version=1)
    request = Request({"type": "http", "headers": [(b"cookie", f"__Host-desk-session={token}".encode())]})
    assert await here.door.visitor(request) is not None
    assert await here.door.visitor(request, counts=False) is not None
    await here.door.letting_in.users.end_sessions("mary.obi", here.clock())
    assert await here.door.visitor(request, counts=False) is None


async def test_two_hundred_open_pages_ask_for_their_sessions_together_and_hear_of_the_end_within_a_second(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions, asked = here.door.letting_in.sessions, []
    tokens = [await sessions.begin(person(), here.clock(), rights_version=1) for _ in range(200)]
    requests = [Request({"type": "http", "headers": [(b"cookie", f"__Host-desk-session={one}".encode())]}) for one in tokens]
    read = here.database.read
    monkeypatch.setattr(here.database, "read", lambda ask: asked.append(ask) or read(ask))
    assert all([await here.door.stays_open(one) for one in requests])
    assert len(asked) == 1
    await sessions.end_all("local:mary.obi")
    monkeypatch.setattr(signed_in, "ASKED_EVERY_S", 0.0)
    assert not any([await here.door.stays_open(one) for one in requests])


MOVES = st.lists(
    st.tuples(st.sampled_from(["ask", "ask", "feed", "end"]), st.integers(-90, 20 * 60).map(lambda s: timedelta(seconds=s))), max_size=60
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
async def test_in_whatever_order_requests_and_hours_come_nobody_is_let_in_after_a_sessions_end(
    here: Desk, moves: list[tuple[str, timedelta]]
) -> None:
    sessions, now = here.door.letting_in.sessions, T0
    token = await sessions.begin(person(), now, rights_version=1)
    last, ended = now, False
    for move, length in moves:
        now += length
        if move == "end":
            ended = await sessions.end(token) or ended
            continue
        found = await sessions.find(token, now, counts=move == "ask")
        if ended or now - last >= IDLE or now - T0 >= LONGEST_SESSION or T0 - now > SKEW:
            assert found is None
        elif now - last < IDLE - NOTED_EVERY:
            assert found is not None
        if found is not None and move == "ask":
            last = max(last, now)


@given(st.timedeltas(timedelta(), timedelta(days=1)), st.timedeltas(timedelta(), timedelta(days=400)))
def test_a_session_that_is_over_stays_over_as_time_goes_on(seen: timedelta, later: timedelta) -> None:
    begun, seen_at = T0, T0 + seen
    now = seen_at + later
    if is_over(begun, seen_at, now):
        assert is_over(begun, seen_at, now + timedelta(seconds=1))


async def test_whose_rights_change_loses_every_session_at_once_and_so_do_browsers_known_as_theirs(here: Desk) -> None:
    users, now = here.door.letting_in.users, here.clock()
    changes = (
        lambda: users.change("mary.obi", now, roles=[Role.MANAGER]),
        lambda: users.change("mary.obi", now, password_hash=hashed(PASSWORD)),
        lambda: users.end_sessions("mary.obi", now),
        lambda: users.change("mary.obi", now, locked=True),
    )
    await here.add(person("ann.lee", name="Ann Lee"))
    other = desk(here.database, here.clock)
    async with here.browser() as desktop, other.browser() as phone, here.browser() as anns:
        await sign_in(anns, "ann.lee")
        for change in changes:
            await sign_in(desktop)
            await sign_in(phone)
            assert [await name_shown(one) for one in (desktop, phone)] == ["Mary Obi"] * 2
            await change()
            assert [await name_shown(one) for one in (desktop, phone)] == [None] * 2
        assert (await sign_in(phone)).status_code == 422
        await users.change("mary.obi", now, locked=False)
        assert (await sign_in(phone)).status_code == 303
        assert await name_shown(anns) == "Ann Lee"


async def test_a_sign_in_that_was_under_way_while_the_user_was_locked_opens_nothing(here: Desk) -> None:
    users, sessions = here.door.letting_in.users, here.door.letting_in.sessions
    before = await users.get("mary.obi")
    await users.change("mary.obi", here.clock(), locked=True)
    await users.change("mary.obi", here.clock(), locked=False)
    token = await sessions.begin(before.person, here.clock(), rights_version=before.rights_version)
    assert await sessions.find(token, here.clock()) is None


async def test_two_desk_processes_on_one_database_know_the_same_sessions_and_what_one_ends_is_over_at_the_other(here: Desk) -> None:
    other = desk(here.database, here.clock)
    async with here.browser() as browser:
        await sign_in(browser)
        async with other.browser(cookies=browser.cookies) as same_browser:
            assert await name_shown(same_browser) == "Mary Obi"
            await same_browser.post("/sign-out", data={"form_token": await token_shown(same_browser)})
        assert await name_shown(browser) is None


async def test_somebody_sees_and_ends_their_own_sessions_and_nobody_elses(here: Desk) -> None:
    await here.add(person("ann.lee", name="Ann Lee"))
    async with here.browser() as mine, here.browser() as my_phone, here.browser() as anns:
        for browser, username in ((mine, "mary.obi"), (my_phone, "mary.obi"), (anns, "ann.lee")):
            await sign_in(browser, username)
        sessions = here.door.letting_in.sessions
        [hers] = await sessions.of("local:ann.lee", here.clock())
        ids = {one.id for one in await sessions.of("local:mary.obi", here.clock())}
        shown = await mine.get("/sign-in/sessions")

        assert all(id_ in shown.text for id_ in ids)
        assert hers.id not in shown.text
        assert shown.text.count("This browser") == 1

        token = await token_shown(mine)
        await mine.post("/sign-in/sessions", data={"form_token": token, "session": hers.id})
        await mine.post("/sign-in/sessions", data={"form_token": token, "session": "' OR 1=1 --"})
        assert await name_shown(anns) == "Ann Lee"
        assert AuditedDeed.SESSIONS_ENDED not in here.written.deeds()

        await mine.post("/sign-in/sessions", data={"form_token": token})
        assert [await name_shown(one) for one in (mine, my_phone, anns)] == [None, None, "Ann Lee"]
    assert here.written.lines[-1] == (AuditedDeed.SESSIONS_ENDED, "Mary Obi", "school.123456", "all sessions ended by themselves", ())


async def test_one_session_of_ones_own_is_ended_by_its_id_and_the_others_go_on(here: Desk) -> None:
    async with here.browser() as mine, here.browser() as my_phone:
        await sign_in(my_phone)
        [phone] = await here.door.letting_in.sessions.of("local:mary.obi", here.clock())
        await sign_in(mine)
        await mine.post("/sign-in/sessions", data={"form_token": await token_shown(mine), "session": phone.id})
        assert [await name_shown(one) for one in (mine, my_phone)] == ["Mary Obi", None]


async def test_a_session_that_was_signed_out_is_over_also_for_who_has_copied_its_cookie(here: Desk) -> None:
    async with here.browser() as browser, here.browser() as thief:
        await sign_in(browser)
        thief.cookies.update(browser.cookies)
        assert await name_shown(thief) == "Mary Obi"
        out = await browser.post("/sign-out", data={"form_token": await token_shown(browser)})
        assert "You are signed out" in out.text
        assert await name_shown(thief) is None
    assert here.written.deeds()[-1] == AuditedDeed.SIGNED_OUT


async def test_pages_asked_for_at_the_same_moment_by_one_session_are_all_answered(here: Desk) -> None:
    async with here.browser() as browser:
        await sign_in(browser)
        here.clock.pass_by(minutes=5)
        assert await asyncio.gather(*(name_shown(browser) for _ in range(20))) == ["Mary Obi"] * 20
