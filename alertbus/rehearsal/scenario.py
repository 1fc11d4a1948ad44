"""A scenario folder (DESIGN section 12) read into cases and alerts of one exercise. Pure but for reading two files.

`should_have_reached` is never turned into anything that routes: it only travels beside the alert, for the report.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from alertbus.model.alert import Alert
from alertbus.model.case import Case
from alertbus.model.details import Details, misshapen
from alertbus.model.errors import Fault, InvalidInput

HISTORY = "[history]"
NOT_LINKED_AT_SOURCE = "[children-not-linked-at-source]"
CONFERENCE_INVITE = "[conference-invite]"
NOON = 12
"""Events have a date and no time; each is taken to be recorded at noon, in the order of the file."""


RUNS_ON = timedelta(days=60)
"""Ours: longer than any clock of the shipped policy runs that an alert starts, but for plan reviews and visits."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the scenario: the alert to play, and what the scenario expects of it."""

    id: str
    day: date
    alert: Alert
    expected: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    exercise: str
    cases: tuple[Case, ...]
    events: tuple[Event, ...]
    runs_on: timedelta = RUNS_ON
    """For how long its clock runs on after the last event (`_meta.runs_on_days`): what lapses after it must lapse too."""

    @property
    def event_ids(self) -> dict[str, str]:
        """The events by the bus's ids of their alerts: of an amendment or a withdrawal, the event that it is of."""
        return {event.alert.alert_id: event.alert.amends or event.alert.id for event in self.events}


def load_scenario(folder: Path, exercise: str) -> Scenario:
    """Read `people.json` and `events.jsonl`. Raises `InvalidInput` with the file and line of every fault."""
    people = _people_file(folder)
    try:
        name = str(_meta(people).get("scenario") or folder.name)
        cases = tuple(_cases(people, name, exercise))
        runs_on = timedelta(days=int(_meta(people).get("runs_on_days", RUNS_ON.days)))
    except _MISSHAPEN as error:
        raise InvalidInput([Fault("people.json", f"people and cases in the shape of DESIGN section 12 ({type(error).__name__})")]) from None
    on_file = {person.key for case in cases for person in case.people}
    faults: list[Fault] = []
    events: list[Event] = []
    for number, line in enumerate(_event_lines(folder), start=1):
        if not line.strip():
            continue
        try:
            events.append(_event(json.loads(line), exercise, on_file))
        except _MISSHAPEN as error:
            faults.append(Fault(f"events.jsonl:{number}", f"an event in the shape of DESIGN section 12 ({type(error).__name__})"))
    if faults:
        raise InvalidInput(faults)
    return Scenario(name, exercise, cases, tuple(events), runs_on)


_MISSHAPEN = (ValidationError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)
"""What reading JSON of another shape than ours ends in."""


def _meta(people: Mapping[str, Any]) -> Mapping[str, Any]:
    return people.get("_meta") or {}


def _event_lines(folder: Path) -> list[str]:
    """Lines as JSON Lines has them: other line separators may stand inside a text."""
    try:
        return (folder / "events.jsonl").read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        raise InvalidInput([Fault("events.jsonl", f"a readable file of JSON Lines in {folder.name}")]) from None


def _people_file(folder: Path) -> Mapping[str, Any]:
    try:
        people = json.loads((folder / "people.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise InvalidInput([Fault("people.json", f"a readable JSON file in {folder.name}")]) from None
    if not isinstance(people, dict) or not isinstance(people.get("people"), list):
        raise InvalidInput([Fault("people.json", "an object with a list `people`")])
    return people


def _event(raw: Mapping[str, Any], exercise: str, on_file: set[str]) -> Event:
    notes = raw.get("notes") or ""
    day = date.fromisoformat(raw["date"])
    moment = datetime(day.year, day.month, day.day, NOON, tzinfo=UTC)
    children: Sequence[str] = () if NOT_LINKED_AT_SOURCE in notes else raw.get("children", ())
    summary = raw.get("summary")
    alert = Alert.model_validate(
        {
            "id": raw["id"],
            "source": raw["source_agency"],
            "kind": raw["kind"],
            "occurred_at": moment,
            "recorded_at": moment,
            "subjects": [{"person": _person(key, on_file)} for key in raw.get("subjects", ())],
            "children": [{"role": "child", "person": _person(key, on_file)} for key in children],
            "narrative": [{"text": summary}] if summary else [],
            "details": _details(raw.get("details"), invite=CONFERENCE_INVITE in notes),
            "referrer": {"anonymous": True} if raw["kind"] == "nspcc_concern" else None,
            "history": HISTORY in notes,
            "exercise": exercise,
        }
    )
    expected = raw.get("should_have_reached")
    return Event(raw["id"], day, alert, None if expected is None else tuple(sorted(expected)))


def _details(stated: Any, *, invite: bool) -> Details:
    """What the event states in fields. A section of our name in another form is a fault here, as it is at the door."""
    details = Details.model_validate({"conference_invite": invite} | (stated or {}))
    if any(misshapen(details)):
        raise ValueError("details")
    return details


def _person(key: str, on_file: set[str]) -> dict[str, str]:
    """Somebody on a case by the case's key; anybody else, as far as the alert knows, is somebody without a name."""
    return {"key": key} if key in on_file else {"label": key.replace("_", " ").capitalize()}


def _cases(people: Mapping[str, Any], name: str, exercise: str) -> list[Case]:
    everybody = people["people"]
    listed = people.get("cases")
    if not listed:
        children = [p["key"] for p in everybody if str(p.get("role", "")).startswith("child")]
        listed = [{"id": name, "children": children}]
    several = len(listed) > 1
    return [_case(case, people, everybody, exercise, several=several) for case in listed]


def _case(
    listed: Mapping[str, Any], people: Mapping[str, Any], everybody: Sequence[Mapping[str, Any]], exercise: str, *, several: bool
) -> Case:
    case_id, children = str(listed["id"]), [str(key) for key in listed["children"]]
    involvements = [i for i in people.get("involvements", ()) if not several or i.get("case") == case_id]
    adults = {i["adult"] for i in involvements if i.get("adult")}
    restricted = [p["key"] for p in everybody if any("do not disclose" in str(flag) for flag in p.get("flags", ()))]
    linked = {p["key"]: _relations(p, children) for p in everybody if p["key"] not in children}
    on_file = [p for p in everybody if p["key"] in children or linked.get(p["key"]) or p["key"] in adults]
    return Case.model_validate(
        {
            "id": f"{case_id}.{exercise}",
            "exercise": exercise,
            "routing": {k: v for k, v in (_meta(people).get("routing") or {}).items() if k.endswith(("_kinds", "_days"))} or None,
            "people": [{"key": p["key"], "label": p.get("label"), "born": p.get("born"), "died": p.get("died")} for p in on_file],
            "children": [p["key"] for p in on_file if p["key"] in children],
            "links": [
                {"person": key, "relation": relations[0], "certainty": _certainty(relations), "source": "scenario"}
                for key, relations in linked.items()
                if relations
            ],
            "involvements": [
                *(_involvement(i) for i in involvements),
                *(_manager(m) for m in people.get("managers", ()) if not several or m.get("case") == case_id),
            ],
            "episodes": [
                {"type": e["type"], "children": e.get("children", ()), "from": e.get("from"), "to": e.get("to")}
                for e in people.get("case_episodes", ())
                if not several or e.get("case") == case_id
            ],
            "restrictions": [{"must_not_learn": key} for key in restricted if linked.get(key) or key in adults],
        }
    )


def _relations(person: Mapping[str, Any], children: Sequence[str]) -> list[str]:
    """What this person is to the case's children, in the order of the file; nothing where the file says there is no relation."""
    relations = person.get("relations") or {}
    said = [str(relations[key]) for key in children if relations.get(key)]
    return list(dict.fromkeys(text for text in said if not text.strip().lower().startswith("none")))


def _certainty(relations: Sequence[str]) -> str:
    return "putative" if any("putative" in text.lower() for text in relations) else "reported"


def _involvement(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: raw.get(key) for key in ("agency", "worker", "role", "adult", "from", "to")} | {
        "level": raw.get("level") or "agency",
        "scope": raw.get("scope") or "children_case",
    }


def _manager(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The scenario lists managers apart; they are the case holder's."""
    return {"agency": "childrens_social_care", "level": "manager", "worker": raw.get("label"), "role": raw.get("role")} | {
        key: raw.get(key) for key in ("from", "to")
    }
