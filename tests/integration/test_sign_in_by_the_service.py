"""People of a county sign in at the desk by their own sign-in service: a real Keycloak, through its own pages, with all its cookies."""

import asyncio
import contextlib
import html
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
import uvicorn

from alertbus.audit.chain import AuditedDeed
from alertbus.desk.visitor import Role
from alertbus.sign_in_settings import OidcSettings
from tests.at_the_door import PASSWORD, Desk, WallClock, desk, fields, name_shown, opened, token_shown

pytestmark = pytest.mark.timeout(900)  # Keycloak starts with the first test

ROLES = {"desk-teacher": "practitioner", "desk-lead": "safeguarding_lead"}


class RealClock(WallClock):
    """The time of day, as Keycloak has it; it may be moved on."""

    def __init__(self) -> None:
        super().__init__(datetime.now(UTC))


@pytest.fixture
async def here(keycloak: Any, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk on the port that Keycloak knows of."""
    service = OidcSettings.model_validate(
        {"issuer": keycloak.issuer, "client_id": "desk", "client_secret": keycloak.secret, "roles": ROLES, "title": "County sign-in"}
    )
    async with opened(f"sqlite:///{tmp_path / 'desk.db'}") as database:
        one = desk(database, RealClock(), desk_url=keycloak.desk_url, desk_oidc=service)
        server = uvicorn.Server(uvicorn.Config(one.app, host="127.0.0.1", port=keycloak.desk_port, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110  uvicorn has a flag, not an event
            await asyncio.sleep(0.01)
        try:
            yield one
        finally:
            server.should_exit = True
            await serving
            await one.door.close()


class LoopbackIsSecure(httpx.AsyncHTTPTransport):
    """Keycloak's cookies are `Secure` also on loopback, which browsers take for secure and Python's cookie jar does not."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        raw = [
            (name, re.sub(rb"(?i); *secure", b"", value) if name.lower() == b"set-cookie" else value) for name, value in answer.headers.raw
        ]
        answer.headers = httpx.Headers(raw)
        return answer


@contextlib.asynccontextmanager
async def browser_at(here: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=here.door.url, transport=LoopbackIsSecure(), timeout=60) as browser:
        yield browser


async def by_service(browser: httpx.AsyncClient, username: str = "mary.obi", next_: str = "/who") -> httpx.Response:
    """Go from the desk's page through Keycloak's form and back, and give the desk's answer to who came back."""
    form = await at_the_form(browser, next_)
    where = html.unescape(re.findall(r'<form[^>]*action="([^"]+)"', form.text)[0])
    back = await browser.post(where, data={"username": username, "password": PASSWORD, "credentialId": ""})
    assert back.status_code == 302, back.text[:2000]
    return await browser.get(back.headers["location"])


async def at_the_form(browser: httpx.AsyncClient, next_: str = "/who") -> httpx.Response:
    sent = await browser.get("/sign-in/begin", params={"next": next_})
    assert sent.status_code == 303
    return await browser.get(sent.headers["location"], follow_redirects=True)


async def test_somebody_of_the_county_signs_in_by_keycloak_and_is_who_its_claims_say(here: Desk) -> None:
    async with browser_at(here) as browser:
        shown = await browser.get("/sign-in?next=/who")
        assert "Sign in with County sign-in" in shown.text
        assert 'type="password"' not in shown.text
        answer = await by_service(browser)
        assert (answer.status_code, answer.headers["location"]) == (303, "/who")
        assert await name_shown(browser) == "Mary Obi"
        token = browser.cookies["desk-session"]
    found = await here.door.letting_in.sessions.find(token, here.clock())
    assert found is not None
    person = found.person
    assert (person.username, person.agency, person.setting, person.team) == ("mary.obi", "school", "school.123456", None)
    assert person.roles == {Role.PRACTITIONER, Role.SAFEGUARDING_LEAD}
    assert here.written.lines == [(AuditedDeed.SIGNED_IN, "Mary Obi", "school.123456", "by the sign-in service", ())]


async def test_keycloak_is_asked_with_pkce_a_state_and_a_nonce_that_are_new_each_time(here: Desk) -> None:
    asked = []
    async with browser_at(here) as browser:
        for _ in range(2):
            sent = await browser.get("/sign-in/begin")
            asked.append({name: values[0] for name, values in parse_qs(urlsplit(sent.headers["location"]).query).items()})
    one, other = asked
    assert one["code_challenge_method"] == "S256"
    assert one["response_type"] == "code"
    assert one["redirect_uri"] == f"{here.door.url}/sign-in/callback"
    for name in ("state", "nonce", "code_challenge"):
        assert len(one[name]) >= 43
        assert one[name] != other[name]


@pytest.mark.parametrize("username", ["no.agency", "strange.agency", "no.role"])
async def test_whose_agency_or_role_is_not_said_is_not_let_in_and_that_is_audited_by_name(here: Desk, username: str) -> None:
    async with browser_at(here) as browser:
        answer = await by_service(browser, username)
        assert answer.status_code == 403
        assert "You are not signed in" in answer.text
        assert await name_shown(browser) is None
        assert not [secret for secret in ("Zebedee", "prison_of_another_county", "canteen") if secret in answer.text]
    [(deed, by, agency, reason, _)] = here.written.lines
    assert (deed, by, agency) == (AuditedDeed.SIGN_IN_REFUSED, "Canary Zebedee", None)
    assert "prison_of_another_county" not in reason


async def test_an_answer_of_keycloak_counts_once_and_only_in_the_browser_that_asked(here: Desk) -> None:
    async with browser_at(here) as mine, browser_at(here) as attackers:
        form = await at_the_form(attackers)
        where = html.unescape(re.findall(r'<form[^>]*action="([^"]+)"', form.text)[0])
        back = (await attackers.post(where, data={"username": "mary.obi", "password": PASSWORD})).headers["location"]

        assert (await mine.get(back)).status_code == 403  # no sign-in was begun here
        await mine.get("/sign-in/begin")
        assert (await mine.get(back)).status_code == 403  # another one was
        assert await name_shown(mine) is None
        assert (await attackers.get(back)).status_code == 303
        assert (await attackers.get(back)).status_code == 403  # a second time


async def test_another_state_issuer_or_code_opens_nothing_nor_does_an_error(here: Desk) -> None:
    wrong = ({"state": "x"}, {"iss": "https://evil.example"}, {"code": "x.y.z"}, {"code": ""}, {"error": "access_denied"})
    for changed in wrong:
        async with browser_at(here) as browser:
            form = await at_the_form(browser)
            where = html.unescape(re.findall(r'<form[^>]*action="([^"]+)"', form.text)[0])
            back = urlsplit((await browser.post(where, data={"username": "mary.obi", "password": PASSWORD})).headers["location"])
            query = {name: values[0] for name, values in parse_qs(back.query).items()} | changed
            answer = await browser.get(f"{back.path}?{urlencode(query)}")
            assert answer.status_code == 403
            assert await name_shown(browser) is None


async def test_after_signing_out_here_keycloak_asks_for_the_password_again(here: Desk) -> None:
    async with browser_at(here) as browser:
        await by_service(browser)
        token = await token_shown(browser)
        out = await browser.post("/sign-out", data={"form_token": token})
        assert await name_shown(browser) is None
        assert "Sign out there too" in out.text

        form = await at_the_form(browser)
        assert 'type="password"' in form.text
        again = await by_service(browser)
        assert again.status_code == 303
        assert await name_shown(browser) == "Mary Obi"


async def test_signing_out_there_too_ends_what_keycloak_knows_and_names_nobody_in_the_address(here: Desk) -> None:
    async with browser_at(here) as browser:
        await by_service(browser)
        out = await browser.post("/sign-out", data={"form_token": await token_shown(browser)})
        [there] = [html.unescape(found) for found in re.findall(r'href="(http[^"]+)"', out.text)]
        assert set(parse_qs(urlsplit(there).query)) == {"client_id", "post_logout_redirect_uri"}
        asked = await browser.get(there, follow_redirects=True)
        where = html.unescape(re.findall(r'<form[^>]*action="([^"]+)"', asked.text)[0])
        gone = await browser.post(str(httpx.URL(there).join(where)), data=fields(asked) | {"confirmLogout": "Logout"})
        assert (gone.status_code, gone.headers["location"]) == (302, f"{here.door.url}/sign-in")


async def test_who_signs_out_at_keycloak_is_signed_out_here_behind_their_back(here: Desk) -> None:
    async with browser_at(here) as browser, browser_at(here) as phone:
        await by_service(browser)
        await by_service(phone)
        there = await here.door.letting_in.service.way_out(f"{here.door.url}/sign-in")  # type: ignore[union-attr]
        asked = await browser.get(str(there), follow_redirects=True)
        where = html.unescape(re.findall(r'<form[^>]*action="([^"]+)"', asked.text)[0])
        await browser.post(str(httpx.URL(str(there)).join(where)), data=fields(asked) | {"confirmLogout": "Logout"})

        assert await name_shown(browser) is None
        assert await name_shown(phone) == "Mary Obi"
    assert here.written.lines[-1][:4] == (AuditedDeed.SESSIONS_ENDED, "Mary Obi", "school", "ended at the sign-in service")
