"""Plays the folders of `tests/data/cases` on a whole bus and judges what came of each by its `expected.json` (their README says the form)."""

import asyncio
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from alertbus.broker import topics
from alertbus.broker.consumer import read_all
from alertbus.broker.envelope import decode
from alertbus.chronicle import tables as chronicle
from alertbus.delivery.ledger.tables import ledger
from alertbus.directory.outbox import unheard
from alertbus.model.events import NOTICE_OWED
from alertbus.model.notice import Notice
from alertbus.operations.progress import pending
from alertbus.plugin.manager import Plugins
from alertbus.run.bootstrap import wired
from alertbus.settings import Settings
from alertbus.sql.engine import reading
from alertbus.waiting import eventually

ROOT = Path(__file__).parent / "data/cases"
FOLDERS = sorted(folder.name for folder in ROOT.iterdir() if folder.is_dir())

WRITTEN_ON = date(2026, 11, 29)
"""The day on which the folders were written. Their days from October 2026 on are moved by as many days as have passed since."""

_NEAR = re.compile(r"\b2026-1[0-2]-\d\d")
_SETTLE_S = 120.0
_TRIES = 20

Json = dict[str, Any]


def moved(text: str, today: date) -> str:
    """The text with its days moved: what happened yesterday when it was written happened yesterday. Far years and birthdays stay."""
    by = today - WRITTEN_ON
    return _NEAR.sub(lambda found: (date.fromisoformat(found[0]) + by).isoformat(), text)


def files_of(folder: str) -> list[Path]:
    """The inputs of a folder, in the order of their numbers."""
    return sorted((ROOT / folder).glob("[0-9]*.json"), key=lambda path: int(path.name.partition("-")[0]))


def expected_of(folder: str, today: date) -> Json:
    found: Json = json.loads(moved((ROOT / folder / "expected.json").read_text(encoding="utf-8"), today))
    return found


@dataclass
class Played:
    """All that came of all the folders: answers by folder and file, every notice that was owed, in order, and what the chronicle shows."""

    today: date
    answers: dict[str, dict[str, httpx.Response]] = field(default_factory=dict)
    notices: list[Json] = field(default_factory=list)
    obligations: list[Json] = field(default_factory=list)
    reviews: list[Json] = field(default_factory=list)
    explained: dict[str, list[Json]] = field(default_factory=dict)
    """What `alertbus explain` says, by the alert's id."""

    def alerts_of(self, folder: str, file: str) -> set[str]:
        """The ids of the alerts that a file raised or spoke of; those of a whole folder for `*`."""
        answers = self.answers[folder]
        chosen = answers.values() if file == "*" else [answers[file]]
        bodies = [answer.json() for answer in chosen if answer.is_success]
        found = {alert for body in bodies for alert in body.get("ids", ())}
        return found | {body["id"] for body in bodies if "id" in body and "version" not in body}


async def play(settings: Settings, url: str) -> Played:
    """Post every folder's first file, let the bus settle, then every second file, and so on: no folder's ids are another's."""
    played = Played(datetime.now(UTC).date(), {folder: {} for folder in FOLDERS})
    rounds = max(len(files_of(folder)) for folder in FOLDERS)
    async with wired(settings) as wiring, httpx.AsyncClient(base_url=url, timeout=60) as http:

        async def quiet_twice() -> bool:
            return await _quiet(wiring.bootstrap, wiring.engine) and await _quiet(wiring.bootstrap, wiring.engine)

        for number in range(rounds):
            turn = [(folder, files[number]) for folder in FOLDERS if len(files := files_of(folder)) > number]
            sent = await asyncio.gather(*(_send(http, *_call(path, played.today)) for _, path in turn))
            for (folder, path), answer in zip(turn, sent, strict=True):
                played.answers[folder][path.name] = answer
            assert await eventually(quiet_twice, _SETTLE_S, 0.1), f"the bus did not settle after the files numbered {number + 1}"
        played.notices = [notice async for notice in _notices(wiring.bootstrap)]
        await _shown(wiring.engine, http, played)
    for folder in FOLDERS:
        for wanted in expected_of(folder, played.today).get("explain", ()):
            for alert_id in played.alerts_of(folder, wanted["file"]):
                played.explained[alert_id] = await _explained(settings, alert_id)
    return played


async def _explained(settings: Settings, alert_id: str) -> list[Json]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "alertbus", "explain", alert_id, "--json"),
        env=os.environ | {"ALERTBUS_DATA_DIR": str(settings.data_dir), "ALERTBUS_HTTP_PORT": str(settings.http_port)},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    found: list[Json] = json.loads(out)
    return found


def _call(path: Path, today: date) -> tuple[str, str, str]:
    """The method, the place and the body with which a file is sent; the second word of its name says what it is."""
    body, what = moved(path.read_text(encoding="utf-8"), today), path.stem.split("-")[1]
    if what == "case":
        return "PUT", f"/v1/cases/{json.loads(body)['id']}", body
    return "POST", "/v1/alerts" if what == "alert" else f"/v1/sources/{what}", body


async def _send(http: httpx.AsyncClient, method: str, place: str, body: str) -> httpx.Response:
    """The answer, once there is one: a busy gateway says 503 and that nothing had an effect, and is asked again as every sender asks."""
    answer = await http.request(method, place, content=body, headers={"content-type": "application/json"})
    for _ in range(_TRIES):
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
        await asyncio.sleep(float(answer.headers.get("retry-after", 1)))
        answer = await http.request(method, place, content=body, headers={"content-type": "application/json"})
    return answer


async def _quiet(bootstrap: str, engine: Any) -> bool:
    """Whether no group is behind and nothing is on its way to an agency."""
    if any(group.pending for group in (await pending(bootstrap)).values()):
        return False
    async with reading(engine) as connection:
        unfinished = ledger.c.done_at.is_(None) | ledger.c.receipt_pending
        in_hand = (await connection.execute(select(ledger.c.seq).where(unfinished).limit(1))).first() is not None
        return not in_hand and await unheard(connection) == 0


async def _notices(bootstrap: str) -> Any:
    """Every notice owed, each once; those of one agency and case in their order."""
    seen: set[str] = set()
    async for record in read_all(bootstrap, [topics.NOTICES]):
        envelope = decode(record.headers, record.key, record.value)
        if envelope.type == NOTICE_OWED:
            notice = Notice.model_validate_json(envelope.data)
            if notice.id not in seen:
                seen.add(notice.id)
                yield notice.model_dump(mode="json", by_alias=True)


async def _shown(engine: Any, http: httpx.AsyncClient, played: Played) -> None:
    for agency in sorted({notice["obligation"]["agency"] for notice in played.notices}):
        after: str | None = None
        while True:
            query = {"agency": agency, "state": "all", "limit": "500"} | ({"after": after} if after else {})
            page = (await http.get("/v1/inbox", params=query)).raise_for_status().json()
            played.obligations += page["items"]
            if not (after := page.get("next")):
                break
    async with reading(engine) as connection:
        rows = await connection.execute(select(chronicle.review.c.body))
        played.reviews = [json.loads(row.body) for row in rows]


# Judging.


def faults(folder: str, played: Played) -> list[str]:
    """What of the folder's expectation does not hold, one sentence for each."""
    expected = expected_of(folder, played.today)
    judge = _Judge(folder, played)
    known = {name: getattr(judge, name) for name in _Judge.CHECKS}
    found = list(judge.answers(expected.get("answers", {})))
    for name, wanted in expected.items():
        if name not in {"expectation", "answers"}:
            found += known[name](wanted)
    return found


@dataclass
class _Judge:
    """One folder's judge: a method for each word of `expected.json`."""

    folder: str
    played: Played

    CHECKS = ("told", "never_told", "holds", "open", "open_none", "last", "review", "faults", "history", "ignored", "same_alert", "explain")

    def answers(self, wanted: Mapping[str, Sequence[int]]) -> Iterator[str]:
        for file, answer in self.played.answers[self.folder].items():
            allowed = wanted.get(file, (200, 201, 202))
            if answer.status_code not in allowed:
                yield f"{file} was answered {answer.status_code}, expected {allowed}"

    def told(self, wanted: Sequence[Json]) -> Iterator[str]:
        for pattern, agency in _each_agency(wanted):
            count = len({n["obligation"]["alert_id"] if "times" in pattern else n["id"] for n in self._notices(pattern, agency)})
            if count == 0 or count != pattern.get("times", count):
                yield f"{agency} was told {count} times of {_short(pattern)}"

    def never_told(self, wanted: Sequence[Json]) -> Iterator[str]:
        for pattern, agency in _each_agency(wanted):
            if found := {n["obligation"]["agency"] for n in self._notices(pattern, agency)}:
                yield f"{', '.join(sorted(found))} was told of {_short(pattern)}"

    def last(self, wanted: Sequence[Json]) -> Iterator[str]:
        for pattern, agency in _each_agency(wanted):
            heard = list(self._notices({"case": pattern["case"]}, agency))
            if not heard or not self._fits(heard[-1], pattern, agency):
                yield f"the last that {agency} heard is not {_short(pattern)}"

    def holds(self, wanted: Sequence[Json]) -> Iterator[str]:
        for pattern, agency in _each_agency(wanted):
            items = self._items(pattern, agency)
            if not items:
                yield f"{agency} holds nothing of {_short(pattern)}"
            for item in items:
                yield from (f"{agency}: {fault} in {_short(pattern)}" for fault in _unlike(item, pattern))

    def open(self, wanted: Sequence[Json]) -> Iterator[str]:
        for pattern, agency in _each_agency(wanted):
            if all(item["state"] == "withdrawn" for item in self._items(pattern, agency)):
                yield f"{agency} holds nothing that stands of {_short(pattern)}"

    def open_none(self, wanted: Sequence[Json]) -> Iterator[str]:
        for pattern, agency in _each_agency(wanted):
            if any(item["state"] != "withdrawn" for item in self._items(pattern, agency)):
                yield f"{agency} still holds {_short(pattern)}"

    def review(self, wanted: bool) -> Iterator[str]:
        ours = self.played.alerts_of(self.folder, "*")
        ours |= {answer.json().get("ref") for answer in self.played.answers[self.folder].values()} - {None}
        found = [r["reason"] for r in self.played.reviews if {r.get("alert_id"), r.get("raw_ref"), r["id"]} & ours]
        if bool(found) is not wanted:
            yield f"a person should look: {wanted}; in review: {found}"

    def faults(self, wanted: Mapping[str, Json]) -> Iterator[str]:
        for file, fault in wanted.items():
            found = self.played.answers[self.folder][file].json().get("faults", [])
            if not any(fault.items() <= one.items() for one in found):
                yield f"{file} was answered without the fault {fault}"

    def history(self, wanted: Sequence[str]) -> Iterator[str]:
        for file in wanted:
            body = self.played.answers[self.folder][file].json()
            if not body.get("history") or body["history"] != body.get("ids"):
                yield f"the answer to {file} does not say that it is history"

    def ignored(self, wanted: Mapping[str, str]) -> Iterator[str]:
        for file, pattern in wanted.items():
            body = self.played.answers[self.folder][file].json()
            if not re.match(pattern, body.get("reason", "")):
                yield f"the reason for ignoring {file} is not like '{pattern}'"

    def same_alert(self, wanted: Sequence[str]) -> Iterator[str]:
        found = set().union(*(self.played.alerts_of(self.folder, file) for file in wanted))
        if len(found) != 1:
            yield f"{len(found)} alerts came of {', '.join(wanted)}"

    def explain(self, wanted: Sequence[Json]) -> Iterator[str]:
        for pattern, agency in _each_agency(wanted):
            [alert_id] = self.played.alerts_of(self.folder, pattern["file"])
            rows = [row for row in self.played.explained[alert_id] if (row["case"], row["agency"]) == (pattern["case"], agency)]
            if any(row["told"] == "yes" for row in rows) is not pattern["told"]:
                yield f"explain: that {agency} was told is not {pattern['told']} of {_short(pattern)}"

    def _notices(self, pattern: Json, agency: str | None) -> Iterator[Json]:
        return (notice for notice in self.played.notices if self._fits(notice, pattern, agency))

    def _items(self, pattern: Json, agency: str | None) -> list[Json]:
        """What was told of alerts. What the bus itself asks for, such as about a clock that has lapsed, is meant only by its kind."""
        chosen = {name: value for name, value in pattern.items() if name in {"case", "alert", "file", "kind"}}
        found = [item for item in self.played.obligations if self._fits(item["notice"], chosen, agency)]
        return [item for item in found if "kind" in chosen or item["obligation"]["source"] != "alertbus"]

    def _fits(self, notice: Json, pattern: Json, agency: str | None) -> bool:
        owed = notice["obligation"]
        checks: dict[str, Callable[[Any], bool]] = {
            "case": lambda value: owed["case_id"] == value,
            "alert": lambda value: owed["source_id"] == value,
            "file": lambda value: owed["alert_id"] in self.played.alerts_of(self.folder, value),
            "kind": lambda value: owed["kind"] == value,
            "deed": lambda value: notice["deed"] == value,
            "not_deed": lambda value: notice["deed"] != value,
            "says": lambda value: all(word in _text(notice) for word in value),
            "narrative_says": lambda value: all(word in _words(notice) for word in value),
        }
        return agency in {None, owed["agency"]} and all(checks[k](v) for k, v in pattern.items() if k not in {"agency", "times"})


def _each_agency(wanted: Sequence[Json]) -> Iterator[tuple[Json, str | None]]:
    """Each pattern with each of its agencies; with None for any agency."""
    return ((pattern, agency) for pattern in wanted for agency in pattern.get("agency", [None]))


def _unlike(item: Json, pattern: Json) -> Iterator[str]:
    """What of a `holds` is not so of an obligation and its latest notice."""
    notice, owed = item["notice"], item["obligation"]
    text = _text(notice)
    if item["state"] != pattern.get("state", item["state"]):
        yield f"state {item['state']}"
    if "due" in pattern and datetime.fromisoformat(owed["due"]) != datetime.fromisoformat(pattern["due"]):
        yield f"due {owed['due']}"
    if "due_within_hours" in pattern:
        given = datetime.fromisoformat(owed["due"]) - datetime.fromisoformat(owed["since"])
        if given > timedelta(hours=pattern["due_within_hours"]):
            yield f"{given} to answer"
    yield from (f"no '{word}'" for word in pattern.get("says", ()) if word not in text)
    yield from (f"'{word}'" for word in pattern.get("says_not", ()) if word in text)
    first = f"{notice.get('flag') or ''} {notice['title']}".lower()
    yield from (f"no '{word}' in the first line" for word in pattern.get("flag_says", ()) if word not in first)
    if {"rendered", "rendered_not"} & pattern.keys():
        body = _rendered(notice)
        yield from (f"no '{word}' as rendered" for word in pattern.get("rendered", ()) if word not in body)
        yield from (f"'{word}' as rendered" for word in pattern.get("rendered_not", ()) if word in body)


def _rendered(notice: Json) -> str:
    plugins = Plugins.load()
    said = Notice.model_validate(notice)
    return plugins.render(said, plugins.adapter_for(said.sector)).body.decode()


def _text(notice: Json) -> str:
    """All that the notice says to its reader: not whose it is, nor by which rule."""
    return json.dumps({k: v for k, v in notice.items() if k not in {"id", "obligation", "because", "rule"}}, ensure_ascii=False)


def _words(notice: Json) -> str:
    """What is said of this alert alone, not of every alert of its kind."""
    return " ".join([notice["title"], notice.get("flag") or "", *(one["text"] for one in notice["narrative"])]).lower()


def _short(pattern: Json) -> str:
    return ", ".join(f"{name} {value}" for name, value in pattern.items() if name != "agency")
