"""Guessing a password is slow, for however many guess together; and whoever has signed in before with a browser is never kept out by it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.audit.chain import AuditedDeed
from alertbus.desk.sign_in.slowing_down import ALL_STRANGERS, ONE_ADDRESS, ONE_PLACE, Slowness, network
from alertbus.sql.database import Database
from tests.at_the_door import Desk, desk, name_shown, opened, person, sign_in, token_shown

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


async def _fail(here: Desk, times: int, address: str = "203.0.113.9", username: str = "mary.obi") -> None:
    """Count so many failures, without the hashes: each of them takes thirty milliseconds."""
    for _ in range(times):
        attempt = await here.door.letting_in.slowing.count(username, address, None, here.clock())
        assert attempt.wait is None


async def test_after_five_failures_even_the_right_password_waits_and_longer_each_time(here: Desk) -> None:
    waits = []
    async with here.browser() as browser:
        for _ in range(5):
            assert (await sign_in(browser, password="not this one at all")).status_code == 422
        for _ in range(4):
            early = await sign_in(browser)
            assert early.status_code == 429
            waits.append(int(early.headers["retry-after"]))
            assert f"Wait {waits[-1]} second" in early.text
            here.clock.pass_by(seconds=waits[-1])
            assert (await sign_in(browser, password="not this one at all")).status_code == 422
        here.clock.pass_by(seconds=32)
        assert (await sign_in(browser)).status_code == 303
    assert waits == [2, 4, 8, 16]
    assert here.written.deeds() == [AuditedDeed.SIGN_IN_REFUSED] * 9 + [AuditedDeed.SIGNED_IN]


async def test_a_user_who_does_not_exist_is_slowed_down_like_one_who_does(here: Desk) -> None:
    answers = []
    for username in ("mary.obi", "no.body"):
        async with here.browser(f"198.51.100.{len(username)}") as browser:
            answers.append([(await sign_in(browser, username, "not this one at all")).status_code for _ in range(7)])
    assert answers == [[422] * 5 + [429] * 2] * 2


async def test_hammering_prolongs_nothing_and_is_not_written_a_thousand_times(here: Desk) -> None:
    await _fail(here, 5)
    async with here.browser("203.0.113.9") as browser:
        for _ in range(30):
            assert (await sign_in(browser)).status_code == 429
        here.clock.pass_by(seconds=2)
        assert (await sign_in(browser)).status_code == 303
    assert here.written.deeds() == [AuditedDeed.SIGNED_IN]


async def test_a_stranger_elsewhere_does_not_keep_a_safeguarding_lead_out(here: Desk) -> None:
    await _fail(here, 5)
    async with here.browser("192.0.2.7") as own, here.browser("203.0.113.9") as strangers:
        assert (await sign_in(strangers)).status_code == 429
        assert (await sign_in(own)).status_code == 303


async def test_a_browser_that_has_signed_in_before_gets_in_while_a_thousand_addresses_guess(here: Desk) -> None:
    async with here.browser() as own, here.browser("192.0.2.8") as new:
        await sign_in(own)
        await own.post("/sign-out", data={"form_token": await token_shown(own)})
        await _fail(here, ONE_PLACE.free, "192.0.2.7")  # one of them sits behind the lead's own proxy
        for number in range(ALL_STRANGERS.free - ONE_PLACE.free):
            await _fail(here, 1, f"203.0.{number}.1")

        assert (await sign_in(new)).status_code == 429
        assert (await sign_in(own)).status_code == 303
        assert await name_shown(own) == "Mary Obi"

        await here.door.letting_in.slowing.forget("mary.obi")
        assert (await sign_in(new)).status_code == 303


async def test_a_known_browser_is_known_as_its_user_alone_and_is_slowed_down_itself(here: Desk) -> None:
    await here.add(person("ann.lee", name="Ann Lee"))
    async with here.browser() as own:
        await sign_in(own)
        await own.post("/sign-out", data={"form_token": await token_shown(own)})
        await _fail(here, 5, "192.0.2.7", "ann.lee")
        assert (await sign_in(own, "ann.lee")).status_code == 429
        for _ in range(5):
            assert (await sign_in(own, password="not this one at all")).status_code == 422
        assert (await sign_in(own)).status_code == 429


async def test_who_has_a_user_of_their_own_does_not_wipe_out_what_they_did_to_others(here: Desk) -> None:
    for number in range(ONE_ADDRESS.free - 1):
        await _fail(here, 1, "203.0.113.9", f"user{number}")
    async with here.browser("203.0.113.9") as browser:
        assert (await sign_in(browser)).status_code == 303
        await _fail(here, 1, "203.0.113.9", "one.more")
        assert (await here.door.letting_in.slowing.count("yet.another", "203.0.113.9", None, here.clock())).wait == timedelta(seconds=1)


async def test_of_many_guesses_at_the_same_moment_no_more_are_looked_at_than_one_after_the_other(here: Desk) -> None:
    other = desk(here.database, here.clock)
    slowing = (here.door.letting_in.slowing, other.door.letting_in.slowing)
    attempts = await asyncio.gather(*(slowing[n % 2].count("mary.obi", "203.0.113.9", None, here.clock()) for n in range(40)))
    assert sum(attempt.wait is None for attempt in attempts) == ONE_PLACE.free


RULES = st.builds(
    Slowness,
    free=st.integers(1, 9),
    first=st.timedeltas(timedelta(seconds=1), timedelta(minutes=1)),
    longest=st.timedeltas(timedelta(minutes=1), timedelta(hours=1)),
    quiet=st.timedeltas(timedelta(hours=1), timedelta(days=2)),
)


@given(RULES, st.integers(0, 10**6), st.timedeltas(timedelta(days=-2), timedelta(days=3)))
def test_nobody_waits_longer_than_the_longest_and_more_failures_never_wait_less(rule: Slowness, failures: int, since: timedelta) -> None:
    now = T0 + since
    wait = rule.wait(failures, T0, now)
    assert timedelta() <= wait <= rule.longest
    assert wait <= rule.wait(failures + 1, T0, now)
    assert rule.wait(failures, T0, now + wait) == timedelta() or since < timedelta()
    assert rule.wait(rule.free - 1, T0, now) == timedelta()


def test_an_address_of_ipv6_is_its_network_and_one_that_is_none_is_like_all_others() -> None:
    assert network("2001:db8::1") == network("2001:db8::2") != network("2001:db8:0:1::1")
    assert network("::ffff:192.0.2.7") == network("192.0.2.7")
    assert network("testclient") == network("") == "unknown"
