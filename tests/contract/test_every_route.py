"""Every address of the desk, behind its real door: what it answers to whoever sends it what no page of ours would."""

import contextlib
import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from alertbus.desk.desk import BY_ITSELF, Desk
from alertbus.desk.guard import HEADERS, HSTS, LARGEST_FORM
from alertbus.desk.sign_in.door import Door
from alertbus.desk.sign_in.passwords import hashed
from alertbus.desk.visitor import Role
from alertbus.desk.web import create_desk_app
from tests.at_the_door import PASSWORD, fields, person
from tests.contract.test_http import fresh
from tests.desk_pages import subjects
from tests.desk_routes import DeskRoute, route_at, routes_of
from tests.desk_served import desk_over
from tests.page_read import PageRead

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

URL = "https://desk.example"
FROM_THE_SERVICE = "/sign-in/ended"
"""The one form that no page of ours sends: the sign-in service brings a token of its own."""

ASKED_BY_THE_SERVICE = {"/sign-in/callback", "/sign-in/begin", FROM_THE_SERVICE}
ON_NO_PAGE = {
    "GET /",
    "GET /sign-in",
    "GET /team/returned",
    "GET /live",
    "GET /sign-out",
    *(f"{method} {path}" for method in ("GET", "POST") for path in ASKED_BY_THE_SERVICE),
}
"""What leads to a page, what a script asks, what somebody types, and what the sign-in service sends people to."""


class DoorDesk:
    """A desk with its real door, and everybody signed in at it who is asked for."""

    def __init__(self, desk: Desk, app: Any) -> None:
        self.desk, self.app = desk, app

    @property
    def routes(self) -> list[DeskRoute]:
        return routes_of(self.app)

    def browser(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=("192.0.2.9", 40_000))
        return httpx.AsyncClient(transport=transport, base_url=URL, timeout=60)

    @contextlib.asynccontextmanager
    async def signed_in(self, *roles: Role, agency: str = "school") -> AsyncIterator[httpx.AsyncClient]:
        username = fresh("vogel.")
        one = person(username, who=f"local:{username}", name="Vogel Obi", agency=agency, setting=None, roles=frozenset(roles or set(Role)))
        await self.desk.door.letting_in.users.add(one, hashed(PASSWORD), self.desk.now())
        async with self.browser() as browser:
            shown = await browser.get("/sign-in")
            answer = await browser.post("/sign-in", data={**fields(shown), "username": username, "password": PASSWORD})
            assert (answer.status_code, answer.headers["location"]) == (303, "/"), answer.text
            yield browser


@pytest.fixture
async def door(gateway: Any) -> AsyncIterator[DoorDesk]:
    inside = gateway.inside
    desk = Desk(inside.settings, inside.engine, inside.intake, inside.policy, inside.now)
    settings = inside.settings.model_copy(update={"desk_url": URL})
    desk.settings = settings
    desk.door = Door(inside.engine, settings, frozenset(inside.policy.agencies), inside.intake.audited, inside.now, desk.page)
    yield DoorDesk(desk, create_desk_app(desk))
    desk.stopping.set()


def forms(routes: list[DeskRoute]) -> list[str]:
    return sorted({one.filled() for one in routes if "POST" in one.methods and one.path != FROM_THE_SERVICE})


async def token_of(browser: httpx.AsyncClient) -> str:
    return fields(await browser.get("/sign-in/sessions"))["form_token"]


async def test_each_answer_of_every_route_carries_the_headers_that_let_nothing_else_in(door: DoorDesk) -> None:
    faults = set()
    async with door.signed_in() as inside, door.browser() as outside:
        for route in door.routes:
            path = route.filled()
            for browser in (inside, outside):
                for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"):
                    if (route.path, method) in {
                        ("/live", "GET"),
                        ("/sign-out", "POST"),
                        ("/sign-in/sessions", "POST"),
                    } and browser is inside:
                        continue  # the first is a stream; nobody is signed out here
                    answer = await browser.request(method, path)
                    lacking = {
                        name for name, value in {**HEADERS, "strict-transport-security": HSTS}.items() if answer.headers.get(name) != value
                    }
                    faults |= {f"{method} {route.path}: {answer.status_code} without {name}" for name in lacking}
                    if answer.status_code >= 500 or "server" in answer.headers or "x-powered-by" in answer.headers:
                        faults.add(f"{method} {route.path}: {answer.status_code} {answer.headers}")
                    if method not in {"GET", "HEAD", "POST"} and answer.status_code < 400:
                        faults.add(f"{method} {route.path} is answered: {answer.status_code}")
    assert faults == set()


async def test_no_form_is_taken_without_the_token_of_a_page_that_this_very_session_was_shown(door: DoorDesk) -> None:
    """Cross-site request forgery: no token, another person's, one of before the sign-in, one with a letter changed."""
    taken = set()
    async with door.signed_in() as browser, door.signed_in() as another, door.browser() as nobody:
        own = await token_of(browser)
        wrong = {
            "none": None,
            "empty": "",
            "another person's": await token_of(another),
            "of who is not signed in": fields(await nobody.get("/sign-in"))["form_token"],
            "changed": own[:-1] + ("A" if own[-1] != "A" else "B"),
        }
        for path in forms(door.routes):
            for called, token in wrong.items():
                for more in ({}, {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}):
                    answer = await browser.post(path, data={} if token is None else {"form_token": token}, headers=more)
                    if answer.status_code not in {
                        403,
                        404,
                    }:  # some look first whether there is such a thing; with real ids `test_every_page` asks
                        taken.add(f"{path}, {called}: {answer.status_code}")
        assert taken == set()
        assert (await browser.get("/sign-in/sessions")).status_code == 200, "nobody was signed out by it"


async def test_what_no_browser_sends_is_refused_without_a_fault_of_ours(door: DoorDesk) -> None:
    """Forms that are huge, of a thousand fields, in other encodings, cut off, with NUL and with lines that look like headers."""
    faults = {}
    nul, header = "a\0b", "a\r\nset-cookie: evil=1\r\n\r\n<script>canary()</script>"
    async with door.signed_in() as browser:
        token = await token_of(browser)
        form = {"content-type": "application/x-www-form-urlencoded"}
        names = (
            "reference",
            "note",
            "to",
            "what",
            "intent",
            "back",
            "read",
            "session",
            "next",
            "show",
            "kind",
            "reason",
            "id",
            "name",
            "by",
        )
        for path in forms(door.routes):
            if path.startswith("/sign-"):
                continue
            bodies = {
                "NUL": {"data": dict.fromkeys(names, nul) | {"form_token": token}},
                "lines": {"data": dict.fromkeys(names, header) | {"form_token": token}},
                "other signs": {"data": dict.fromkeys(names, "\u202e\ufeff\U0010ffff\ud7ff") | {"form_token": token}},
                "long": {"data": dict.fromkeys(names, "x" * 100_000) | {"form_token": token}},
                "many fields": {"content": f"form_token={token}&" + "&".join(f"f{n}=1" for n in range(5_000)), "headers": form},
                "one name often": {"content": f"form_token={token}&" + "note=1&" * 900, "headers": form},
                "no UTF-8": {"content": b"form_token=" + token.encode() + b"&note=%ff%fe%c0&\xff=\xfe", "headers": form},
                "UTF-16": {
                    "content": f"form_token={token}".encode("utf-16"),
                    "headers": {"content-type": form["content-type"] + "; charset=utf-16"},
                },
                "no charset of anybody": {
                    "content": f"form_token={token}",
                    "headers": {"content-type": form["content-type"] + "; charset=x-no"},
                },
                "parts without a border": {"content": b"--x", "headers": {"content-type": "multipart/form-data"}},
                "parts cut off": {
                    "content": b'--x\r\nContent-Disposition: form-data; name="a"',
                    "headers": {"content-type": "multipart/form-data; boundary=x"},
                },
                "JSON": {"json": {"form_token": token}},
                "a file where words belong": {
                    "data": {"form_token": token},
                    "files": {"note": ("../../etc/passwd", b"x"), "to": ("a\0", b"")},
                },
                "too much": {"content": b"x" * (LARGEST_FORM + 1), "headers": form},
                "too much, unannounced": {"content": _pieces(LARGEST_FORM + 100_000), "headers": form},
            }
            for called, sent in bodies.items():
                answer = await browser.post(path, **sent)
                own = answer.headers.get("location", "/").startswith("/") and "evil" not in str(answer.headers)
                if answer.status_code >= 500 or not own or "<script>canary" in answer.text:
                    faults[f"{path}, {called}"] = answer.status_code
    assert {re.sub(r"[0-9a-f-]{36}", "…", name): status for name, status in faults.items()} == {}


async def _pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(0, size, 65_536):
        yield b"x" * 65_536


async def test_no_address_however_written_is_a_fault_of_ours_or_comes_back_as_markup(door: DoorDesk) -> None:
    faults = set()
    odd = (
        "%00",
        "%ff%fe",
        "..%2f..%2fetc%2fpasswd",
        "%0d%0aset-cookie:%20evil=1",
        "'\"><script>canary()</script>",
        "x" * 3_000,
        "{{7*7}}",
        "%25%30%30",
    )
    async with door.signed_in() as browser:
        for route in door.routes:
            if "GET" not in route.methods or route.path == "/live":
                continue
            for one in odd:
                paths = [
                    f"{route.filled()}?{name}={one}"
                    for name in ("next", "after", "show", "kind", "done", "missing", "from", "sort", "page", "q")
                ]
                if "{" in route.path:
                    paths.append(route.filled(one.replace("/", "%2f")))
                for path in paths:
                    answer = await browser.get(path)
                    told = answer.headers.get("location", "/")
                    if (
                        answer.status_code >= 500
                        or "<script>canary" in answer.text
                        or not told.startswith("/")
                        or "evil" in answer.headers.get("set-cookie", "")
                    ):
                        faults.add(f"{route.path} with {one[:20]}: {answer.status_code} {told[:60]}")
    assert faults == set()


ELSEWHERE = (
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/%09/evil.example",
    "/\t/evil.example",
    "javascript:canary()",
    "data:text/html,x",
    "/inbox\r\nset-cookie: evil=1",
    "/inbox%0d%0aset-cookie:%20evil=1",
    "http:evil.example",
    "@evil.example",
    "/@evil.example/..//evil.example",
)


async def test_nobody_is_led_to_another_site_after_they_have_signed_in(door: DoorDesk) -> None:
    username = fresh("vogel.")
    await door.desk.door.letting_in.users.add(person(username, who=f"local:{username}"), hashed(PASSWORD), door.desk.now())
    for where in ELSEWHERE:
        async with door.browser() as browser:
            shown = await browser.get("/sign-in", params={"next": where})
            sent = {**fields(shown), "username": username, "password": PASSWORD, "next": where}
            answer = await browser.post("/sign-in", data=sent)
            location = answer.headers["location"]
            assert answer.status_code == 303, where
            assert location.startswith("/"), where
            assert not location.startswith("//"), where
            assert "\\" not in location, where
            assert "evil=1" not in answer.headers.get("set-cookie", ""), where
            assert httpx.URL(URL).join(location).host == "desk.example"


async def test_a_session_that_was_planted_opens_nothing_and_signing_in_gives_another(door: DoorDesk) -> None:
    """Session fixation. The cookies are this host's alone, over https, and no script reads them."""
    name = door.desk.door.cookies.name("session")
    username = fresh("vogel.")
    await door.desk.door.letting_in.users.add(person(username, who=f"local:{username}"), hashed(PASSWORD), door.desk.now())
    async with door.browser() as browser:
        browser.cookies.set(name, "a-planted-session", domain="desk.example")
        assert (await browser.get("/inbox")).status_code == 303
        for _ in range(2):  # and again where somebody was signed in before: what they had is over
            before = browser.cookies.get(name)
            form = PageRead((await browser.get("/sign-in")).text).forms[-1].fields if before == "a-planted-session" else None
            token = form["form_token"] if form else await token_of(browser)
            answer = await browser.post("/sign-in", data={"form_token": token, "username": username, "password": PASSWORD, "next": "/"})
            assert answer.status_code == 303
            assert browser.cookies.get(name) not in {None, before}
            set_cookies = [one for one in answer.headers.get_list("set-cookie") if one.startswith(name)]
            assert set_cookies
            for one in answer.headers.get_list("set-cookie"):
                flags = {flag.strip().lower() for flag in one.split(";")[1:]}
                assert one.startswith("__Host-"), one
                assert {"secure", "httponly", "path=/", "samesite=lax"} <= flags, one
                assert not any(flag.startswith("domain") for flag in flags), one
            async with door.browser() as thief:
                thief.cookies.set(name, before or "", domain="desk.example")
                assert (await thief.get("/sign-in/sessions")).status_code == 303


async def test_every_route_stands_on_a_page_that_all_pages_tests_look_at(kafka: str, open_gateway: Any, tmp_path: Path) -> None:
    """What is at the desk is in `tests/desk_pages`: as a page there, or as a link or form on one. So a new route is held to everything."""
    met, every = set(), set()
    for subject, pages in subjects().items():
        database = f"sqlite:///{tmp_path}/{subject}.db"
        async with open_gateway(kafka, database_url=database) as gateway, desk_over(gateway) as desk:
            routes = routes_of(desk.app)
            every |= {f"{method} {one.path}" for one in routes for method in one.methods if method != "HEAD"}
            for page in await pages(gateway, desk):
                desk.door.who = page.who
                met |= _named(routes, "GET" if page.form is None else "POST", page.path)
                answer = await (desk.get(page.path) if page.form is None else desk.post(page.path, **page.form))
                if answer.headers.get("content-type", "").startswith("text/html"):
                    read = PageRead(answer.text)
                    met = met.union(*(_named(routes, form.method.upper(), form.action) for form in read.forms))
                    met = met.union(*(_named(routes, "GET", link) for link in [*read.links, f"{desk.desk.dress.root}/desk.css"]))
    assert every - met - ON_NO_PAGE == set()


def _named(routes: list[DeskRoute], method: str, path: str) -> set[str]:
    found = route_at(routes, html.unescape(path), method)
    return set() if found is None else {f"{method} {found.path}"}


async def test_every_page_has_the_same_head_for_one_person_those_of_the_door_too(door: DoorDesk) -> None:
    async with door.signed_in() as browser:
        heads = {path: ways_in((await browser.get(path)).text) for path in ("/inbox", "/reviews", "/sign-in/sessions", "/break-glass")}
    assert len({tuple(head) for head in heads.values()}) == 1, heads
    assert "/reviews" in heads["/sign-in/sessions"]


async def test_what_a_page_reads_by_itself_keeps_nobody_signed_in(door: DoorDesk, gateway: Any) -> None:
    async with door.signed_in() as browser:
        begun = gateway.inside.now.at
        for minutes in (10, 20):
            gateway.inside.now.at = begun + timedelta(minutes=minutes)
            answer = await browser.get("/inbox", headers={BY_ITSELF: "yes"})
        assert answer.status_code == 303, "a quarter of an hour without a person"


def ways_in(page: str) -> list[str]:
    return re.findall(r'<li><a href="(/[^"]*)"', page.partition('class="desk-nav__list"')[2].partition("</ul>")[0])
