"""Every page of the desk, in each of its states: what is another's stays another's, and what people wrote stays words (`tests/desk_pages`)."""

import re
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from alertbus.chronicle.alert_sight import AlertSight
from alertbus.desk.visitor import Role, Visitor
from tests.contract.test_http import fresh
from tests.desk_pages import ShownPage, subjects
from tests.desk_routes import DeskRoute, route_at, routes_of
from tests.desk_served import TOKEN, DeskServed, desk_over
from tests.markup_everywhere import put_markup_everywhere
from tests.page_read import FormOnPage, PageRead

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

NO_CONTENT = (Role.OPERATIONS, Role.INTEGRATION, Role.AUDITOR)
"""Roles that see the flow, or who did what, and never what it is about."""

_AN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<=[-_])[0-9a-f]{8}(?![0-9a-f])")
_MARK = re.compile(r'name="kept_as" value="[^"]+"')
"""Whose page a form is, sealed anew each time."""
_AN_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<![0-9a-zA-Z])[0-9a-f]{8,64}(?![0-9a-zA-Z])")
_MOMENT = re.compile(r"\d\d:\d\d(:\d\d)?|\d+ (second|minute|hour|day)s?|a moment|just now")


@dataclass
class Shown:
    """The pages of one subject over one desk."""

    gateway: Any
    desk: DeskServed
    pages: list[ShownPage]

    async def ask(self, page: ShownPage, who: Visitor | None = None, path: str | None = None) -> httpx.Response:
        self.desk.door.who = who or page.who
        where = page.path if path is None else path
        return await (self.desk.get(where) if page.form is None else self.desk.post(where, **page.form))

    def route(self, path: str, method: str) -> DeskRoute | None:
        return route_at(routes_of(self.desk.app), path, method)

    def ids_in(self, path: str, method: str = "GET") -> set[str]:
        """What of a path names a record."""
        route = self.route(path, method)
        return set() if route is None else set((route.params(path) or {}).values())


@pytest.fixture(params=sorted(subjects()))
async def shown(request: pytest.FixtureRequest, gateway: Any) -> AsyncIterator[Shown]:
    async with desk_over(gateway) as desk:
        yield Shown(gateway, desk, await subjects()[request.param](gateway, desk))


def others(who: Visitor) -> Iterator[tuple[str, Visitor]]:
    """Everybody who must see nothing of what is this visitor's."""
    elsewhere, somebody = fresh("gp_"), {"name": "Fremder Vogel", "username": "fremder", "session_id": "session-2"}
    if who.roles & set(NO_CONTENT):
        for role in (Role.PRACTITIONER, Role.MANAGER, Role.CASE_HOLDER):
            yield f"{role} of another agency", replace(who, agency=elsewhere, setting=None, roles=frozenset({role}), **somebody)
        return
    roles = who.roles | {Role.CASE_HOLDER}  # which counts nowhere but at the agency that holds cases
    yield "another agency", replace(who, agency=elsewhere, setting=None, roles=roles, **somebody)
    agency = "gp" if who.agency == "childrens_social_care" else who.agency
    yield "another setting", replace(who, agency=agency, setting=f"{agency}.{uuid.uuid4().hex[:6]}", roles=who.roles, **somebody)
    for role in (
        NO_CONTENT if who.agency != "childrens_social_care" else (Role.OPERATIONS, Role.AUDITOR)
    ):  # integration is asked at a holder's
        yield str(role), replace(who, roles=frozenset({role}), **somebody)


async def test_every_page_of_a_subject_is_for_its_reader_alone_and_shows_words_as_words(shown: Shown) -> None:
    """One after the other on one set of pages, because making them takes longer than asking; what changes them stands last."""
    assert await _what_is_wrong_with_them(shown) == {}
    assert await _shown_to_who_is_not_signed_in(shown) == []
    assert await _shown_to_others(shown) == set()
    assert await _taken_without_its_token(shown) == set()
    assert await _done_by_others(shown) == set()
    broken, met = await _with_markup_everywhere(shown)
    assert met > 0, "the words are really there"
    assert broken == {}


async def _what_is_wrong_with_them(shown: Shown) -> dict[str, list[str]]:
    """It shows what it is about, holds nothing of its own style or of other hosts, and nobody's name stands in its address."""
    faults: dict[str, list[str]] = {}
    for page in shown.pages:
        answer = await shown.ask(page)
        found = [] if answer.status_code == page.status else [f"its status is {answer.status_code}"]
        if answer.headers["content-type"].startswith("text/html"):
            read = PageRead(answer.text)
            found += [f"not on it: {words}" for words in page.in_main if words not in read.main and words not in answer.text]
            found += [f"inline: {one}" for one in read.inline] + [f"from elsewhere: {one}" for one in read.elsewhere]
            found += [] if sum(one.startswith("h1 ") for one in read.structure) == 1 else ["not one h1"]
        found += [] if answer.headers["cache-control"] == "no-store" else ["it is kept by a browser"]
        found += [f"{page.who.name} stands in its address"] if page.who.name.split()[0].lower() in page.path.lower() else []
        if found:
            faults[page.name] = found
    return faults


async def _shown_to_others(shown: Shown) -> set[str]:
    """Another agency, another setting, a role that sees no content, by any address that stands on a page: word for word as for nothing."""
    leaks = set()
    for page in shown.pages:
        own = await shown.ask(page)
        read = PageRead(own.text) if own.headers["content-type"].startswith("text/html") else None
        addresses = {page.path} | set(read.links if read and page.status == 200 else ())
        secret = {one for path in addresses for one in _AN_ID.findall(path)} | set(_AN_ID.findall(page.who.agency))
        for called, who in others(page.who):
            for path in addresses:
                if called == "another setting" and page.who.setting is None and path.startswith("/team"):
                    continue  # an agency's own teams are those of its settings too (`Staffing.of`)
                asked = page if path == page.path else replace(page, path=path, form=None)
                answer = await shown.ask(asked, who)
                named = shown.ids_in(path, "GET" if asked.form is None else "POST")
                told = {
                    one
                    for one in secret
                    if one in answer.text and one not in path and not any(one in mine for mine in (who.agency, who.at))
                }
                if told:
                    leaks.add(f"{called} finds {sorted(told)[:3]} at {_shape(path)} of {page.name}")
                if any(map(_AN_ID.search, named)) and not path.startswith("/dress/"):
                    nothing = await shown.ask(asked, who, _nowhere(path, named))
                    if (answer.status_code, _plain(answer.text)) != (nothing.status_code, _plain(nothing.text)):
                        leaks.add(f"{called} is told at {_shape(path)} of {page.name} that it exists: {answer.status_code}")
    return leaks


async def _taken_without_its_token(shown: Shown) -> set[str]:
    """The forms of a page, from its own reader, as another site would send them."""
    taken = set()
    for page in shown.pages:
        own = await shown.ask(page)
        forms = PageRead(own.text).forms if own.headers["content-type"].startswith("text/html") else []
        for form in forms:
            if form.method == "post" and not form.action.startswith("/sign-"):
                answer = await shown.desk.http.post(form.action, data=_filled(form) | {"form_token": "of another site"})
                if answer.status_code != 403:
                    taken.add(f"{_shape(form.action)} of {page.name}: {answer.status_code}")
    return taken


async def _done_by_others(shown: Shown) -> set[str]:
    """What others reach by any form that stands on a page, and which pages are not as they were."""
    first, before = [{page.name: _plain((await shown.ask(page)).text) for page in shown.pages} for _ in range(2)]
    still = {name for name in before if first[name] == before[name]}  # the others change by being asked for: a form was sent again
    done = set()
    for page in shown.pages:
        own = await shown.ask(page)
        if not own.headers["content-type"].startswith("text/html"):
            continue
        forms = [one for one in PageRead(own.text).forms if one.method == "post" and not one.action.startswith(("/sign-", "/find"))]
        for called, who in others(page.who):
            for form in forms:
                shown.desk.door.who = who
                answer = await shown.desk.post(form.action, **_filled(form))
                named = shown.ids_in(form.action, "POST")
                if any(map(_AN_ID.search, named)):
                    nothing = await shown.desk.post(_nowhere(form.action, named), **_filled(form))
                    if answer.status_code != nothing.status_code:
                        done.add(f"{called} sends {_shape(form.action)} of {page.name}: {answer.status_code}, not {nothing.status_code}")
    after = {page.name: _plain((await shown.ask(page)).text) for page in shown.pages}
    assert len(still) > len(before) / 3
    return done | {f"{name} is changed" for name in still if before[name] != after[name]}


async def _with_markup_everywhere(shown: Shown) -> tuple[dict[str, list[str]], int]:
    """Markup in every text of the database, and at every place where a template prints one: what comes of it on each page."""
    before = {page.name: await shown.ask(page) for page in shown.pages}
    changed = await put_markup_everywhere(shown.gateway.inside.engine, shown.desk.desk)
    broken, met = {}, 0
    for page in shown.pages:
        answer = await shown.ask(page)
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        was, now = PageRead(before[page.name].text), PageRead(answer.text)
        met += "canary()" in now.main
        came = [*now.inline, *(f"{tag} more than before" for tag in ("script", "img") if _count(now, tag) > _count(was, tag))]
        came += [f"status {answer.status_code}"] if answer.status_code != page.status else []
        came += ["a sum was worked out"] if "49" in now.main and "49" not in was.main else []
        if came:
            broken[page.name] = came
    assert changed > 0
    return broken, met


@pytest.fixture
async def inbox_and_alert(gateway: Any) -> AsyncIterator[Shown]:
    async with desk_over(gateway) as desk:
        yield Shown(gateway, desk, await subjects()["inbox_and_alert"](gateway, desk))


async def test_a_fence_that_falls_is_found(inbox_and_alert: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await _shown_to_others(inbox_and_alert) == set()
    monkeypatch.setattr(AlertSight, "of_agency", lambda *_: True)
    found = sorted(await _shown_to_others(inbox_and_alert))
    assert all(any(one.startswith(who) for one in found) for who in ("another agency is told", "another setting is told")), found


async def test_a_template_that_escapes_nothing_is_found(inbox_and_alert: Shown) -> None:
    plain = inbox_and_alert.desk.desk.templates
    assert (await _with_markup_everywhere(inbox_and_alert))[0] == {}
    plain.autoescape = False
    assert (await _with_markup_everywhere(inbox_and_alert))[0] != {}


async def _shown_to_who_is_not_signed_in(shown: Shown) -> list[str]:
    """The door, from every page; nothing is there for them but that."""
    found = []
    for page in shown.pages:
        shown.desk.door.who = None
        answer = await (shown.desk.get(page.path) if page.form is None else shown.desk.post(page.path, **page.form))
        to_the_door = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
        if not to_the_door and answer.status_code != 404:
            found.append(page.name)
    return found


def _shape(path: str) -> str:
    return _AN_ID.sub("…", path)


def _nowhere(path: str, named: set[str]) -> str:
    """The path with other ids than any that exist, of the same form: some pages take only a worker's, which is a UUID of version 5."""

    def another(found: re.Match[str]) -> str:
        return str(uuid.uuid5(uuid.uuid4(), "nobody")) if "-" in found[0] else (uuid.uuid4().hex * 2)[: len(found[0])]

    for one in sorted(named, key=len, reverse=True):
        path = path.replace(one, _AN_ID.sub(another, one))
    return path


def _plain(text: str) -> str:
    """A page without what differs each time it is made."""
    return _AN_ID.sub("…", _MOMENT.sub("…", _MARK.sub("…", text)))


def _filled(form: FormOnPage) -> dict[str, str]:
    """The form as somebody would send it, something typed in each field."""
    return {name: value or "Fremder Vogel" for name, value in form.fields.items()} | {"form_token": TOKEN}


def _count(page: PageRead, tag: str) -> int:
    return sum(one.startswith(f"{tag} ") for one in page.structure)
