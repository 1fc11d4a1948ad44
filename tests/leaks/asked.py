"""The other part of the leak matrix: a real bus, asked everything by everybody, and everything it writes besides.

One case holds the family, another the man's other family. Each recipient has a caller with a token; so have a sender that is on no case, the
operator, and an agency of the other family. What a caller is answered is judged by whom the answer is for; what stands in a log, in a key,
in a header, in the name of a file or in an error may hold nothing of anybody.
"""

import asyncio
import copy
import hashlib
import io
import json
import os
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import yaml
from pypdf import PdfReader

from alertbus.broker.consumer import read_all
from alertbus.broker.topics import TOPICS
from alertbus.model.case import UK
from alertbus.plugin.manager import Plugins
from alertbus.run.bootstrap import wired
from alertbus.run.supervisor import Supervisor
from alertbus.run.temporary import any_port
from alertbus.settings import Settings, load_settings
from alertbus.waiting import eventually
from tests import small_cases
from tests.fake_notify import EMAIL_TEMPLATE, KEY, SMS_TEMPLATE, FakeNotify, fake_notify
from tests.leaks.canaries import ALERT, CASE, FIELDS, found_in
from tests.leaks.seen import RECIPIENTS, may_see
from tests.leaks.told import canary_policy

KINDS = (
    "threat_to_staff",
    "prisoner_release",
    "prisoner_contact_change",
    "restraining_order_breach",
    "ppn",
    "nspcc_concern",
    "birth",
    "drug_intelligence",
    "case_status_change",
    "never_heard_of",
)
"""One kind of each class of words and of what its template gives away, and one whose source stays hidden always."""

HAPPENED = datetime.now(UTC).replace(second=7) - timedelta(hours=1, minutes=37)
MINUTES = tuple(dict.fromkeys(f"{moment:%H:%M}" for moment in (HAPPENED, HAPPENED.astimezone(UK))))

BESIDES = {"sender": "court", "operator": "it_department", "of-others": "hospital"}
"""Callers who are no recipient on the case: who states the alerts, who runs the bus, and who works with the other family."""

FOLDERS = {"police": "police", "hv": "health_visiting", "hous": "housing"}
"""Recipients whose channel is a folder."""

NUDGED: dict[str, Any] = {
    "id": f"{RECIPIENTS['hv']}.north",
    "agency": RECIPIENTS["hv"],
    "name": "North",
    "nudges": [{"email": "north@example.org"}, {"phone": "07700 900123"}],
}
"""A team that is told, outside the desk, that something waits for its agency."""

TO_THE_PLAN = frozenset({"csc", "mash", "hv", "gp"})
"""Who may read the family's plan."""

WITH_THE_CHILDREN = TO_THE_PLAN | {"police", "sch-1", "sch-2"}
"""Who works with the children and may know that there is a plan."""

OF_THE_FAMILY = ("child: ", "sibling: ", "lost child: ", "unborn: ", "mother: ", "bystander: ", "case: ")
FILE_OF_THE_CASE = (*OF_THE_FAMILY, "man: ")
STATED_BY_THE_SENDER = frozenset({"alert: source", "alert: sender's id", "kind: its name"})
NEVER_IN_A_CHRONOLOGY = frozenset({"alert: referrer", "alert: unclassified section", "alert: unclassified name"})

SPOILT = "where a template leaks: "
"""Begins the places of a desk that was spoilt on purpose."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """One field looked for in one place, and whether it may stand there for whoever reads it."""

    place: str
    reader: str
    field: str
    found: bool
    allowed: bool

    @property
    def is_leak(self) -> bool:
        return self.found and not self.allowed and not self.place.startswith(SPOILT)

    def __str__(self) -> str:
        return f"{self.reader} finds {self.field} in {self.place}"


def looked_through(place: str, reader: str, text: str, allowed: frozenset[str] = frozenset(), kind: str = "") -> Iterator[Answer]:
    found = found_in(text, kind, MINUTES if kind else ())
    for field in FIELDS:
        yield Answer(place, reader, field, field in found, field in allowed)


def of_the_notice(reader: str, case_id: str, kind: str) -> frozenset[str]:
    """What a reader may find in what is about an alert of this kind on this case."""
    if case_id == CASE["id"]:
        return (
            frozenset(field for field in FIELDS if may_see(reader, field, kind, restricted=False)) if reader in RECIPIENTS else frozenset()
        )
    # On the other family's case: nothing that identifies this one, whoever reads it.
    elsewhere = {"csc": "csc", "mash": "mash", "of-others": "hv"}.get(reader)
    if elsewhere is None:
        return frozenset()
    ours = {field for field in FIELDS if field.startswith("other family: ")}
    seen = {field for field in FIELDS if may_see(elsewhere, field, kind, restricted=False) and not field.startswith(OF_THE_FAMILY)}
    return frozenset(ours | seen)


# What is stated.


def _no_ids(person: Json) -> Json:
    return {name: value for name, value in person.items() if name != "person_ids"}


def the_case() -> Json:
    return {**CASE, "people": [_no_ids(person) for person in CASE["people"]]} | {"version": 0}


def the_other_case() -> Json:
    man = next(_no_ids(person) for person in CASE["people"] if person["key"] == FIELDS["man: key"])
    parent = {"key": FIELDS["other family: key"], "name": {"given": FIELDS["other family: parent"]}}
    parent |= {"identifiers": [{"system": "nhs_number", "value": FIELDS["other family: number"]}]}
    parent |= {"addresses": [{"lines": [FIELDS["other family: address"]]}]}
    child = {"key": "other-child", "name": {"given": FIELDS["other family: child"]}, "born": "2017-07-07"}
    people = [man | {"key": "he"}, parent, child]
    links = [{"person": "he", "relation": "father"}, {"person": FIELDS["other family: key"], "relation": "mother"}]
    involvements = [{"agency": "childrens_social_care"}, {"agency": BESIDES["of-others"]}]
    return {"id": "case-2", "people": people, "children": ["other-child"], "links": links, "involvements": involvements}


def senders_id(kind: str) -> str:
    return f"{ALERT['id']}-{kind}"


def the_alert(kind: str, *, others: bool) -> Json:
    """About the man, the mother and the eldest; `others`: about his other family as well."""
    at = HAPPENED.isoformat()
    stated = {**copy.deepcopy(ALERT), "id": senders_id(kind), "kind": kind, "occurred_at": at, "recorded_at": at}
    man, mother, other = stated["subjects"]
    man["person"] |= {"name": {"given": FIELDS["man: given name"]}, "identifiers": [_identifier("pnc", "man: PNC")]}
    mother["person"] = {"identifiers": [_identifier("nhs_number", "mother: NHS number")]}
    other["person"].pop("key")
    if kind != "case_status_change":  # only that changes a status
        del stated["details"]["status_change"]
    stated["subjects"] = [man, mother, *([other] if others else [])]
    stated["children"] = [{"role": "victim", "person": {"identifiers": [_identifier("nhs_number", "child: NHS number")]}}]
    return stated


def _identifier(system: str, field: str) -> dict[str, str]:
    return {"system": system, "value": FIELDS[field]}


# The bus.


@dataclass(slots=True)
class AskedBus:
    settings: Settings
    url: str
    callers: dict[str, httpx.AsyncClient]
    kinds: dict[str, str]
    """Alert id → its kind."""
    notify: FakeNotify
    """Who carries nudges out of the bus."""

    async def settle(self) -> None:
        async with wired(self.settings) as wiring:

            async def quiet_twice() -> bool:
                return all([await small_cases._quiet(wiring.bootstrap, wiring.engine) for _ in range(2)])

            assert await eventually(quiet_twice, 120.0, 0.2), "the bus did not settle"


def _token(column: str) -> str:
    return f"a-token-that-only-{column}-has"


def _written(folder: Path, notify: FakeNotify) -> Path:
    """The settings of the bus, in a file, because its parts are processes."""
    callers = [
        {"name": f"system-{column}", "agency": agency, "token_sha256": hashlib.sha256(_token(column).encode()).hexdigest()}
        | ({"operations": True} if column == "operator" else {})
        for column, agency in (RECIPIENTS | BESIDES).items()
    ]
    policy = canary_policy(*KINDS).model_dump(mode="json", exclude={"overrides"})
    if "may_state" in policy:
        policy["may_state"] = {}  # one sender states them all
    (folder / "policy.yaml").write_text(yaml.safe_dump(policy), encoding="utf-8")
    for column in FOLDERS:
        (folder / column).mkdir()
    stated = {
        "callers": callers,
        "policy": str(folder / "policy.yaml"),
        "channels": {agency: {"channel": "file", "folder": str(folder / column)} for column, agency in FOLDERS.items()},
        "log_level": "DEBUG",
        "log_format": "json",
        "reconcile_s": 5,
        "nudges": {"api_key": KEY, "email_template": EMAIL_TEMPLATE, "sms_template": SMS_TEMPLATE, "url": notify.url},
    }
    file = folder / "bus.yaml"
    file.write_text(yaml.safe_dump(stated), encoding="utf-8")
    file.chmod(0o600)
    return file


@asynccontextmanager
async def a_bus(folder: Path) -> AsyncIterator[AskedBus]:
    async with fake_notify() as notify, _a_bus(folder, notify) as bus:
        yield bus


@asynccontextmanager
async def _a_bus(folder: Path, notify: FakeNotify) -> AsyncIterator[AskedBus]:
    before = os.environ.get("ALERTBUS_CONFIG")
    os.environ["ALERTBUS_CONFIG"] = str(_written(folder, notify))
    settings = load_settings(data_dir=folder / "bus", http_port=any_port("127.0.0.1"), partitions=3, watchdog_interval_s=0)
    supervisor, done, watching = Supervisor(settings, lambda _: None), asyncio.Event(), None
    clients: dict[str, httpx.AsyncClient] = {}
    try:
        await supervisor.start()
        watching = asyncio.create_task(supervisor.watch(done))
        for column in RECIPIENTS | BESIDES:
            headers = {"authorization": f"Bearer {_token(column)}"}
            clients[column] = httpx.AsyncClient(base_url=supervisor.url, headers=headers, timeout=60)
        yield AskedBus(settings, supervisor.url, clients, {}, notify)
    finally:
        for client in clients.values():
            await client.aclose()
        done.set()
        if watching is not None:
            await watching
        await supervisor.stop()
        os.environ.pop("ALERTBUS_CONFIG", None) if before is None else os.environ.update(ALERTBUS_CONFIG=before)


async def state_all(bus: AskedBus) -> None:
    holder, sender = bus.callers["csc"], bus.callers["sender"]
    for case in (the_case(), the_other_case()):
        (await holder.put(f"/v1/cases/{case['id']}", json=case)).raise_for_status()
    (await bus.callers["hv"].put(f"/v1/teams/{NUDGED['id']}", json=NUDGED)).raise_for_status()
    for kind in ("violent_person_flag", *KINDS):
        answer = await sender.post("/v1/alerts", json=the_alert(kind, others=kind == "ppn"))
        assert answer.status_code == 202, answer.text
        bus.kinds[answer.json()["id"]] = kind
    await bus.settle()


# What is looked at.


async def looked_at(folder: Path) -> list[Answer]:
    """Everything, on one bus."""
    async with a_bus(folder) as bus:
        await state_all(bus)
        found = [answer async for answer in _inboxes(bus)]
        found += [answer async for answer in _alerts(bus)]
        found += [answer async for answer in _cases(bus)]
        found += [answer async for answer in _workings(bus)]
        found += [answer async for answer in _refusals(bus)]
        found += await _the_desk(bus)
        await bus.settle()
        found += [answer async for answer in _nudges(bus)]
        found += list(_files(bus, folder))
        found += [answer async for answer in _records(bus)]
    return [*found, *_logs(folder)]


async def _the_desk(bus: AskedBus) -> list[Answer]:
    """Its pages; and those of a desk with a template that prints a child's number, as a place of their own: there it must be found."""
    from tests.leaks import at_the_desk as pages

    async with pages.a_desk(bus) as desk:
        found = [answer async for answer in pages.pages_of(bus, desk)]
    landlord = [one for one in pages.readers() if one.column == "land"]
    async with pages.a_desk(bus, spoilt=FIELDS["child: NHS number"]) as desk:
        leaking = [answer async for answer in pages.pages_of(bus, desk, iter(landlord))]
    return found + [replace(one, place=f"{SPOILT}{one.place}") for one in leaking]


async def _inboxes(bus: AskedBus) -> AsyncIterator[Answer]:
    for reader, http in bus.callers.items():
        items = (await http.get("/v1/inbox", params={"state": "all", "limit": "500"})).json().get("items", [])
        for item in items:
            for answer in _item("inbox", reader, item, bus):
                yield answer
        async for item in _live(http, len(items)):
            for answer in _item("events", reader, item, bus):
                yield answer


def _item(place: str, reader: str, item: Json, bus: AskedBus) -> Iterator[Answer]:
    owed = item["obligation"]
    kind = bus.kinds.get(owed["alert_id"], "other")
    yield from looked_through(place, reader, json.dumps(item, ensure_ascii=False), of_the_notice(reader, owed["case_id"], kind), kind)


async def _live(http: httpx.AsyncClient, count: int) -> AsyncIterator[Json]:
    """As many server-sent events as there are open obligations, if they come in time."""
    with _patience():
        async with asyncio.timeout(3), http.stream("GET", "/v1/events") as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data: ") and count > 0:
                    count -= 1
                    yield json.loads(line.removeprefix("data: "))
                if count <= 0:
                    return


class _patience:  # noqa: N801  reads as a word
    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is not None and issubclass(kind, TimeoutError)


async def _alerts(bus: AskedBus) -> AsyncIterator[Answer]:
    """By the bus's id and by the sender's: what became of it, and the caller's own notices."""
    for alert_id, kind in bus.kinds.items():
        for asked in (alert_id, senders_id(kind)):
            for reader, http in bus.callers.items():
                whole = (await http.get(f"/v1/alerts/{asked}")).json()
                notices = whole.pop("notices", [])
                for notice in notices:
                    owed = notice["obligation"]
                    allowed = of_the_notice(reader, owed["case_id"], kind)
                    for answer in looked_through("alert look-up", reader, json.dumps(notice, ensure_ascii=False), allowed, kind):
                        yield answer
                status = _of_the_status(reader, kind, told=bool(notices))
                for answer in looked_through("alert status", reader, json.dumps(whole, ensure_ascii=False), status, kind):
                    yield answer


def _of_the_status(reader: str, kind: str, *, told: bool) -> frozenset[str]:
    if reader == "sender":
        return STATED_BY_THE_SENDER | {"alert: its minute"}
    if reader == "of-others" and told:
        return of_the_notice(reader, "case-2", kind)
    reasons = of_the_notice(reader, CASE["id"], kind)  # each obligation says why, as its agency may see it
    return reasons if told else frozenset()


async def _cases(bus: AskedBus) -> AsyncIterator[Answer]:
    file = frozenset(field for field in FIELDS if field.startswith(FILE_OF_THE_CASE))
    said = frozenset(FIELDS) - NEVER_IN_A_CHRONOLOGY - {field for field in FIELDS if field.startswith("other family: ")}
    for reader, http in bus.callers.items():
        case = await http.get("/v1/cases/case-1")
        for answer in looked_through("case file", reader, case.text, file if reader == "csc" else frozenset()):
            yield answer
        status = await http.get("/v1/cases/case-1/status")
        for answer in looked_through("case status", reader, status.text, _of_the_case_status(reader)):
            yield answer
        briefing = await http.get("/v1/briefings/case-1")
        for answer in looked_through("briefing", reader, briefing.text, frozenset()):  # all were there from the start: nobody was given one
            yield answer
        listed = await http.get("/v1/cases")
        for answer in looked_through(
            "list of families", reader, listed.text, of_the_list(reader) | (file if reader == "csc" else frozenset())
        ):
            yield answer
        for form in ("json", "csv", "html", "pdf", "text"):
            page = await http.get("/v1/cases/case-1/chronology", params={"format": form})
            shown = text_of_pdf(page.content) if page.headers["content-type"] == "application/pdf" else page.text
            for answer in looked_through(f"chronology as {form}", reader, shown, said if reader == "csc" else frozenset()):
                yield answer


def text_of_pdf(content: bytes) -> str:
    """What somebody reads on the paper, on one line: a name may stand at the end of one."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


def _may(reader: str, field: str, kind: str) -> bool:
    return reader in RECIPIENTS and may_see(reader, field, kind, restricted=False, briefing=True)


def of_the_list(reader: str) -> frozenset[str]:
    """In a list stand the children of each family, for the other family's agencies that family's."""
    theirs = frozenset({"other family: child"}) if reader in {"csc", "of-others"} else frozenset()
    return theirs | {field for field in _of_the_case_status(reader) if field.startswith(OF_THE_FAMILY)}


def _of_the_case_status(reader: str) -> frozenset[str]:
    """Who works to the plan is told of it; others whom to ring and, where they may know that there is a plan, since when, by whose word."""
    seen = of_the_notice(reader, CASE["id"], "case_status_change")
    of_the_day = frozenset({"alert: status from"}) if "alert: source" in seen else frozenset()
    beside = {field for field in ("flag: title", "flag: action") if _may(reader, field, "violent_person_flag")}
    beside |= {
        field for field in ("kind: title", "kind: action") if _may(reader, field, "threat_to_staff")
    }  # which heads a page as a flag does
    if reader in WITH_THE_CHILDREN:  # who is there and linked, and where they are, as a briefing of that day would say
        beside |= {field for field in FIELDS if field.startswith(FILE_OF_THE_CASE) and _may(reader, field, "violent_person_flag")}
        beside |= {field for field in ("alert: release date",) if _may(reader, field, "prisoner_release")}
    if reader == "gp":
        beside |= {"case: the surgery's team"}  # its own
    return beside | (seen | {"case: episode"} if reader in TO_THE_PLAN else seen & {"case: contact", "alert: source"} | of_the_day)


async def _workings(bus: AskedBus) -> AsyncIterator[Answer]:
    """Lists of what waits for a person, numbers, pages about the API: nothing in them is about anybody."""
    for reader, http in bus.callers.items():
        for place in ("/v1/reviews?state=all", "/metrics", "/-/progress", "/-/ready", "/-/healthy", "/docs", "/openapi.json"):
            for answer in looked_through(place.partition("?")[0], reader, (await http.get(place)).text, frozenset({"alert: source"})):
                yield answer
        for place in ("state", "agencies", "plugins", "quarantine"):
            shown = await http.get(f"/v1/operations/{place}")
            assert shown.status_code == (200 if reader == "operator" else 403), (place, reader)
            for answer in looked_through(f"operations: {place}", reader, shown.text):
                yield answer
        for kind in KINDS:  # the flow of an alert, and nothing of what flows
            followed = await http.post("/v1/operations/followed", json={"reference": senders_id(kind)})
            assert followed.status_code == (200 if reader == "operator" else 403), (kind, reader)
            to_the_minute = re.sub(r"(T\d\d:\d\d):[\d.]+", r"\1", followed.text)  # minutes and seconds look like hours and minutes
            for answer in looked_through("operations: followed", reader, to_the_minute, frozenset(), kind):
                yield answer
        for item in (await http.get("/v1/reviews", params={"state": "all"})).json().get("items", []):
            page = await http.get(f"/v1/reviews/{item['id']}")
            whole = frozenset(FIELDS) if reader == "csc" else frozenset({"alert: source"})
            for answer in looked_through("review item", reader, page.text, whole):
                yield answer


# Refusals.


def broken(whole: Json) -> Iterator[tuple[str, Json]]:
    """The body with one value of it at a time in a form that no field has, its canary in it."""
    for path in _places(whole):
        spoilt = copy.deepcopy(whole)
        *way, last = path
        inner: Any = spoilt
        for step in way:
            inner = inner[step]
        inner[last] = {"what_is_this": [inner[last]]}
        yield ".".join(map(str, path)), spoilt


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield (*path, name)
        yield from _places(one, (*path, name))


async def _refusals(bus: AskedBus) -> AsyncIterator[Answer]:
    for reader, method, place, body, headers in _hostile(bus):
        answer = await bus.callers[reader].request(method, place, content=body, headers=headers)
        text = f"{answer.status_code} {dict(answer.headers)} {answer.text}"
        if answer.is_success:
            text = ""  # it was taken: what became of it is not told here
        for cell in looked_through(f"refusal of {method} {place.partition('?')[0].rpartition('/')[0]}", reader, text):
            yield cell


def _hostile(bus: AskedBus) -> Iterator[tuple[str, str, str, bytes, Json]]:
    """Who sends what: every field broken once, in an alert and in a case; canaries where ids, formats and cursors belong."""
    json_ = {"content-type": "application/json"}
    for _, body in broken(the_alert("ppn", others=True)):
        yield "sender", "POST", "/v1/alerts", json.dumps(body).encode(), json_
    for _, body in broken(the_case()):
        yield "csc", "PUT", "/v1/cases/case-1", json.dumps(body).encode(), json_
    whole = json.dumps(the_alert("ppn", others=True)).encode()
    yield "sender", "POST", "/v1/alerts", whole[:-20], json_
    yield "sender", "POST", "/v1/alerts", whole[:-1] + b"," + whole[1:], json_
    yield "sender", "POST", "/v1/alerts", whole, {"content-type": "text/plain"}
    yield "sender", "POST", "/v1/alerts", whole, json_ | {"ce-specversion": FIELDS["alert: officer"], "ce-id": FIELDS["man: given name"]}
    yield "police", "POST", "/v1/alerts", whole, json_
    yield "police", "PUT", "/v1/cases/case-1", json.dumps(the_case()).encode(), json_
    plugins = Plugins.load()
    for source in (*sorted(plugins.sources), "no_such_source"):
        yield "sender", "POST", f"/v1/sources/{source}", whole, json_
    for sector in sorted(name for name, adapter in plugins.adapters.items() if hasattr(adapter, "parse_receipt")):
        yield "police", "POST", f"/v1/receipts/{sector}", whole, json_
    somebody = FIELDS["child: given name"]
    for reader in ("police", "csc"):
        for place in (
            f"/v1/alerts/{somebody}",
            f"/v1/cases/{somebody}",
            f"/v1/cases/{somebody}/chronology",
            f"/v1/cases/{somebody}/status",
            f"/v1/briefings/{somebody}",
            f"/v1/reviews/{somebody}",
        ):
            yield reader, "GET", place, b"", {}
        for query in ("state", "after", "agency", "exercise", "limit"):
            yield reader, "GET", f"/v1/inbox?{query}={somebody}", b"", {"accept": somebody}
        yield reader, "GET", f"/v1/cases/case-1/chronology?format={somebody}", b"", {}
        yield reader, "DELETE", f"/v1/cases/{somebody}", b"", {}
    answer = {"by": FIELDS["case: the surgery's worker"] * 20, "intent": somebody, "note": FIELDS["alert: words of a child"]}
    yield "police", "POST", f"/v1/obligations/{somebody}/acknowledgements", json.dumps(answer).encode(), json_
    decision = {"outcome": somebody, "by": FIELDS["man: given name"]}
    yield "csc", "POST", f"/v1/reviews/{somebody}/decisions", json.dumps(decision).encode(), json_
    people = {"a": FIELDS["man: key"], "b": FIELDS["man: PNC"], "by": somebody}
    yield "csc", "POST", "/v1/people/merges", json.dumps(people).encode(), json_


# What it writes.


def _files(bus: AskedBus, folder: Path) -> Iterator[Answer]:
    """The folders of channels: names hold nothing, and a message what its agency may see of that kind."""
    for column in FOLDERS:
        names = sorted((folder / column).iterdir())
        yield from looked_through("names of files", "whoever sees the folder", " ".join(path.name for path in names))
        for path in names:
            text = path.read_text(encoding="utf-8")
            if path.name.endswith(".meta.json"):
                yield from looked_through("headers of files", "whoever sees the folder", text)
                continue
            told = [kind for kind in ("violent_person_flag", *KINDS) if may_see(column, "alert: source", kind, restricted=False)]
            every = frozenset().union(*(of_the_notice(column, CASE["id"], kind) for kind in told))
            yield from looked_through("file", column, text, every)
        assert len(names) > len(KINDS)


async def _nudges(bus: AskedBus) -> AsyncIterator[Answer]:
    """What went to who carries e-mails and text messages: that something waits, and nothing of what."""

    async def both() -> bool:
        return {one["path"].rpartition("/")[2] for one in bus.notify.sent} == {"email", "sms"}

    assert await eventually(both, 30.0, 0.2), "nobody was nudged"
    for kind in KINDS:  # no kind is named to it
        for answer in looked_through("nudges", "whoever carries them", "\n".join(bus.notify.raw), frozenset(), kind):
            yield answer


async def _records(bus: AskedBus) -> AsyncIterator[Answer]:
    """Keys and headers of every record on every topic, and what topics there are."""
    async with wired(bus.settings) as wiring:
        names = [spec.name for spec in TOPICS]
        async for record in read_all(wiring.bootstrap, names):
            outside = [record.key or b"", *(part for name, value in record.headers for part in (name.encode(), value))]
            text = b" ".join(outside).decode(errors="replace")
            for answer in looked_through(f"key or header on {record.topic}", "whoever runs the broker", text):
                yield answer


def _logs(folder: Path) -> Sequence[Answer]:
    found = [path for path in (folder / "bus").rglob("*.log") if not path.stem.isdigit()]  # those are the broker's records themselves
    assert len(found) >= 4, found
    return [
        answer
        for path in found
        for answer in looked_through(f"the log of {path.stem}", "whoever reads logs", path.read_text(encoding="utf-8", errors="replace"))
    ]
