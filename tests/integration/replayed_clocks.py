"""The clocks that the events of a scenario start, computed from its files and the policy's YAML alone, beside those that a replay reports.

It shares no code with the reducers, nor with what reads scenarios.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from tests.facts_from_scratch import ALWAYS, LONDON, NEVER, Family, Said, Span
from tests.items_from_scratch import FromScratch

ReportedClock = tuple[str, str, str | None, str, str | None, str]
"""The event that started it, the rule, the UK day by which it is due, where it stands, the event that closed it, and the child."""


def expected_clocks(folder: Path, end: datetime) -> set[ReportedClock]:
    """Compute them as they must be at the end. Clocks that the case itself starts are left out."""
    people = json.loads((folder / "people.json").read_text(encoding="utf-8"))
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    written = yaml.safe_load((files("alertbus.policy") / "default.yaml").read_text(encoding="utf-8"))
    found = FromScratch(written, _family(people), [_said(event) for event in events], [], end).all()
    return {
        (alert, rule, owed.due and owed.due.astimezone(LONDON).date().isoformat(), owed.state, owed.closed_by, child)
        for (rule, alert, child), owed in found.items()
        if alert in {event["id"] for event in events} and owed.state != "void"
    }


def reported_clocks(report: Mapping[str, Any]) -> set[ReportedClock]:
    return {
        (clock["event"], clock["clock"], clock["due"], clock["state"], clock["closed_by"], clock["child"] or "")
        for clock in report["clocks"]
        if clock["event"] is not None
    }


def last_moment(folder: Path, runs_on: timedelta) -> datetime:
    """Where the exercise's clock stands at the end."""
    days = [json.loads(line)["date"] for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    return _noon(max(days)) + runs_on


def _noon(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) + timedelta(hours=12)


def _said(event: Mapping[str, Any]) -> Said:
    at = _noon(event["date"])
    details = event.get("details") or {}
    return Said(event["id"], "raised", event["kind"], event["source_agency"], at, at, at, event["subjects"][0], details)


def _family(people: Mapping[str, Any]) -> Family:
    children = [one["key"] for one in people["people"] if one["role"] == "child"]
    agencies = {
        one["agency"]: (one["scope"], Span(datetime.combine(date.fromisoformat(one["from"]), datetime.min.time(), LONDON), NEVER))
        for one in people["involvements"]
    }
    relations = {one["key"]: next(iter(one["relations"].values())) for one in people["people"] if one.get("relations")}
    return Family(children, dict.fromkeys([one["key"] for one in people["people"]], ALWAYS), relations, agencies, [])
