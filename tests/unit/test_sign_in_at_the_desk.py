"""Local users sign in at the desk; nobody else does, and what comes of it is told to nobody but them."""

import hashlib
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from alertbus import logs
from alertbus.audit.chain import AuditedDeed
from alertbus.desk.sign_in import passwords
from alertbus.desk.sign_in.local_users import as_username
from alertbus.desk.sign_in.own_paths import own_path
from alertbus.desk.sign_in.passwords import checked
from alertbus.model.errors import InvalidInput
from alertbus.sql.database import Database
from tests.at_the_door import PASSWORD, URL, Desk, desk, fields, name_shown, opened, person, sign_in, token_shown

CANARY = "Canary Zebedee"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with opened(f"sqlite:///{tmp_path / 'desk.db'}") as found:
        yield found


@pytest.fixture
async def here(database: Database) -> Desk:
    one = desk(database)
    await one.add()
    return one


@pytest.fixture
def log_text() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    before = logging.getLogger().handlers[:], logging.getLogger().level
    logs.configure("json", "DEBUG", "desk", stream=stream)
    yield stream
    logging.getLogger().handlers[:], level = before
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


async def test_a_user_signs_in_goes_on_to_the_page_that_was_asked_for_and_it_is_audited_by_name(here: Desk) -> None:
    async with here.browser() as browser:
        asked = await browser.get("/who?at=now")
        shown = await browser.get(asked.headers["location"])
        answer = await browser.post("/sign-in", data={**fields(shown), "username": " Mary.Obi", "password": PASSWORD})

        assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=%2Fwho%3Fat%3Dnow")
        assert (answer.status_code, answer.headers["location"]) == (303, "/who?at=now")
        assert await name_shown(browser) == "Mary Obi"
    assert here.written.lines == [(AuditedDeed.SIGNED_IN, "Mary Obi", "school.123456", "by password", ())]


@pytest.mark.parametrize("wrong", ["no such user", "wrong password", "locked"])
async def test_a_refusal_says_the_same_and_works_as_long_whoever_was_meant(
    here: Desk, wrong: str, monkeypatch: pytest.MonkeyPatch, log_text: io.StringIO
) -> None:
    worked: list[str] = []
    verify = passwords._matches
    monkeypatch.setattr(passwords, "_matches", lambda kept, typed: worked.append(kept.split("$")[3]) or verify(kept, typed))
    if wrong == "locked":
        await here.door.letting_in.users.change("mary.obi", here.clock(), locked=True)
    username = CANARY if wrong == "no such user" else "mary.obi"

    async with here.browser() as browser:
        answer = await sign_in(browser, username, PASSWORD if wrong != "wrong password" else CANARY)
        assert await name_shown(browser) is None

    reference = desk(here.database)
    async with reference.browser("192.0.2.99") as other:
        said = await sign_in(other, "somebody.else", "another wrong password")
    token = fields(said)["form_token"]
    assert answer.status_code == said.status_code == 422
    assert answer.text.replace(fields(answer)["form_token"], token).replace(username, "somebody.else") == said.text
    assert worked == ["m=19456,t=2,p=1"] * 2
    [(deed, by, agency, reason, about)] = here.written.lines
    assert (deed, about) == (AuditedDeed.SIGN_IN_REFUSED, ())
    who = ("a user whom nobody knows", None) if wrong == "no such user" else ("Mary Obi", "school.123456")
    assert (by, agency, reason) == (*who, wrong)
    assert CANARY not in log_text.getvalue() + json.dumps([str(line) for line in here.written.lines])
    assert "mary" not in log_text.getvalue().lower()


async def test_every_cookie_is_kept_from_scripts_from_other_hosts_and_from_other_sites_requests(here: Desk) -> None:
    async with here.browser() as browser:
        shown = await browser.get("/sign-in")
        answer = await sign_in(browser)
        out = await browser.post("/sign-out", data={"form_token": await token_shown(browser)})

    cookies = [cookie for one in (shown, answer, out) for cookie in one.headers.get_list("set-cookie")]
    assert {cookie.partition("=")[0] for cookie in cookies} == {f"__Host-desk-{use}" for use in ("form", "session", "device", "out")}
    for cookie in cookies:
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/", "secure"} <= attributes
        assert not any(part.startswith("domain") for part in attributes)
    session = next(cookie for cookie in answer.headers.get_list("set-cookie") if "session" in cookie)
    assert "max-age" not in session.lower()
    assert "expires" not in session.lower()


async def test_on_one_machine_without_https_the_cookies_have_no_mark_that_a_browser_would_refuse(database: Database) -> None:
    plain = desk(database, desk_url="http://127.0.0.1:8081")
    async with plain.browser() as browser:
        [cookie] = (await browser.get("/sign-in")).headers.get_list("set-cookie")
    assert cookie.startswith("desk-form=")
    assert "secure" not in cookie.lower()


async def test_cookies_are_secure_wherever_the_desk_has_a_certificate_or_a_proxy_also_if_its_address_is_not_set(database: Database) -> None:
    digest = hashlib.sha256(b"t").hexdigest()
    proxied = {"trusted_proxies": ("10.0.0.7",), "callers": ({"name": "a-system", "agency": "school", "token_sha256": digest},)}
    async with desk(database, desk_url=None, **proxied).browser() as browser:
        [cookie] = (await browser.get("/sign-in")).headers.get_list("set-cookie")
    assert cookie.startswith("__Host-desk-form=")
    assert "Secure" in cookie


async def test_a_session_that_was_planted_in_a_browser_is_not_the_one_of_who_signs_in_with_it(here: Desk) -> None:
    await here.add(person("eve.stranger", name="Eve Stranger"))
    async with here.browser() as attackers, here.browser() as victims:
        await sign_in(attackers, "eve.stranger")
        planted = attackers.cookies["__Host-desk-session"]
        victims.cookies.set("__Host-desk-session", planted, domain="desk.example")
        await victims.get("/sign-in?next=/who")
        shown = fields(await victims.get("/sign-out"))
        assert shown["form_token"] != ""
        before = victims.cookies["__Host-desk-session"]
        # A browser that holds a session is sent on; its form of before still counts.
        victims.cookies.clear()
        page = await victims.get("/sign-in")
        victims.cookies.set("__Host-desk-session", planted, domain="desk.example")
        await victims.post("/sign-in", data={**fields(page), "username": "mary.obi", "password": PASSWORD})
        mine = [cookie.value for cookie in victims.cookies.jar if cookie.name == "__Host-desk-session"]

        assert before == planted
        assert planted not in mine[-1:]
        assert await name_shown(attackers) is None


async def test_a_made_up_or_overlong_token_opens_nothing(here: Desk) -> None:
    for made_up in ("x", "é".encode().decode("latin-1"), "a" * 5000, "' OR 1=1 --"):
        async with here.browser() as browser:
            answer = await browser.get("/who", headers={"cookie": f"__Host-desk-session={made_up}".encode("latin-1")})
            assert answer.status_code == 303


def _all_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_what_opens_a_session_stands_nowhere_in_the_tables(here: Desk, tmp_path: Path) -> None:
    async with here.browser() as browser:
        await sign_in(browser)
        values = [cookie.value for cookie in browser.cookies.jar if cookie.value and len(cookie.value) > 10]
    await here.database.dispose()
    kept = _all_bytes(tmp_path)
    assert len(values) >= 2
    assert not [value for value in values if value.encode() in kept]
    assert PASSWORD.encode() not in kept


async def test_a_form_that_another_site_sends_is_refused_and_tells_it_nothing(here: Desk) -> None:
    async with here.browser() as browser:
        await sign_in(browser)
        for token in ({}, {"form_token": ""}, {"form_token": "0" * 64}, {"form_token": browser.cookies["__Host-desk-session"]}):
            answer = await browser.post("/write", data={"words": CANARY, **token}, headers={"sec-fetch-site": "cross-site"})
            assert answer.status_code == 403
            assert CANARY not in answer.text
        assert (await browser.post("/sign-out", data={})).status_code == 403
        assert (await browser.get("/sign-out")).status_code == 200
        assert await name_shown(browser) == "Mary Obi"


async def test_a_form_of_before_a_new_sign_in_keeps_what_was_typed_and_can_be_sent_again(here: Desk) -> None:
    async with here.browser() as browser:
        await sign_in(browser)
        old = await token_shown(browser)
        await browser.post("/sign-out", data={"form_token": old})
        await sign_in(browser)
        written = {"words": "She said <b>no</b>", "form_token": old, "password": CANARY}
        kept = await browser.post("/write", data=written, headers={"sec-fetch-site": "same-origin"})
        assert kept.status_code == 403
        assert "She said &lt;b&gt;no&lt;/b&gt;" in kept.text
        assert CANARY not in kept.text
        sent = await browser.post("/write", data=fields(kept))
        assert sent.text == "True: She said <b>no</b>"


async def test_another_site_cannot_sign_somebody_in_as_the_attacker(here: Desk) -> None:
    async with here.browser() as browser:
        answer = await browser.post("/sign-in", data={"username": "mary.obi", "password": PASSWORD})
        assert answer.status_code == 403
        assert await name_shown(browser) is None


async def test_a_token_of_a_form_is_of_no_use_in_another_browser(here: Desk) -> None:
    await here.add(person("eve.stranger", name="Eve Stranger"))
    async with here.browser() as one, here.browser() as other:
        await sign_in(one)
        await sign_in(other, "eve.stranger")
        answer = await one.post("/write", data={"words": "x", "form_token": await token_shown(other)})
        assert answer.status_code == 403


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/a//b",
        "javascript:alert(1)",
        "/x\r\nset-cookie: a=b",
        "",
        "who",
    ],
)
async def test_nobody_is_sent_to_another_site_nor_a_header_written_by_next(here: Desk, elsewhere: str) -> None:
    async with here.browser() as browser:
        answer = await sign_in(browser, next_=elsewhere)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        again = await browser.get("/sign-in", params={"next": elsewhere})
        assert again.headers["location"] == "/"
        assert "a" not in browser.cookies


@given(st.text())
def test_whatever_next_says_a_browser_stays_at_the_desk(wanted: str) -> None:
    for one in (wanted, f"/{wanted}", f"//{wanted}", f"/{wanted}//"):
        found = own_path(one)
        at = httpx.URL(URL).join(found)
        assert (at.scheme, at.host) == ("https", "desk.example")
        assert found.startswith("/")
        assert found.isprintable()


def test_a_password_is_refused_for_being_short_or_easily_guessed_and_for_nothing_else() -> None:
    for refused in ("short", "eleven chrs", "passwordpassword", "password1234", "123456789012", "qwertyuiopas", "Mary.Obi2026", "x" * 201):
        with pytest.raises(InvalidInput) as fault:
            checked(refused, "mary.obi", "Mary Obi")
        assert refused not in str(fault.value)
    for taken in (PASSWORD, "correct horse battery staple", "Ein Häuschen am Deich", "пятнадцать ёжиков"):
        assert checked(taken, "mary.obi") == taken


def test_a_password_is_the_same_however_a_keyboard_composes_its_letters() -> None:
    assert checked("Ein Ha\u0308uschen am Deich") == "Ein H\u00e4uschen am Deich"


@given(st.text(max_size=80))
def test_a_username_is_one_plain_word_or_refused(typed: str) -> None:
    try:
        found = as_username(typed)
    except InvalidInput:
        return
    assert found == found.lower().strip()
    assert found.isascii()


async def test_a_hash_of_other_parameters_is_made_anew_at_the_next_sign_in(here: Desk) -> None:
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    await here.door.letting_in.users.change("mary.obi", here.clock(), password_hash=old)
    async with here.browser() as browser:
        await sign_in(browser)
        assert await name_shown(browser) == "Mary Obi"
    assert "m=19456,t=2,p=1" in (await here.door.letting_in.users.get("mary.obi")).password_hash
