"""What the operations page says is wrong: the conditions of the rules that wake somebody, each with its runbook, and in words."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertbus.delivery.outcome import Trouble
from alertbus.desk.flow_in_words import FAILURES, way_of
from alertbus.desk.pages.runbook_pages import as_page
from alertbus.model.errors import NotFound
from alertbus.operations import troubles as words_of_troubles
from alertbus.operations.bus_state import BusState, OnTheWay, StageState
from alertbus.operations.runbook_texts import text_of_runbook, titles
from alertbus.operations.troubles import troubles

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "alertbus.rules.yml"

ITEMS: dict[str, Any] = {"open": 4, "overdue": 1, "unowned": 0, "oldest_unowned": None, "clocks_met": 9, "clocks_missed": 2}
NUMBERS: dict[str, Any] = {"overdue": 0, "oldest_unanswered": None, "items": ITEMS, "review": 0, "oldest_review": None, "unreadable": 0}
RUN: dict[str, Any] = {"difference": 0, "under_way": 0, "age_s": 20.0}


def stage(name: str, oldest_s: float | None = 0.0, pending: int | None = 0) -> StageState:
    return StageState(name=name, pending=pending, oldest_s=oldest_s, came=3)


def bus(**changed: Any) -> BusState:
    calm: dict[str, Any] = {
        "at": datetime(2026, 11, 23, 3, tzinfo=UTC),
        "unknown": (),
        "stages": tuple(map(stage, ("intake", "stream", "delivery", "chronicle"))),
        "on_the_way": OnTheWay(notices=0, failed=0, agencies=0, oldest_s=None),
        "undelivered": (),
        "watchdog_interval_s": 60,
        "watchdog_last_arrival_s": 12.0,
        "ticks": 3,
        "tick_worst_s": 0.4,
        "quarantine": {"poison": 0, "refused": 0},
        "chronicle": NUMBERS,
        "reconcile": RUN,
    }
    return BusState.model_validate(calm | changed)


UNOWNED = NUMBERS | {"items": ITEMS | {"unowned": 2, "oldest_unowned": {"agency": "gp", "age_s": 7200.0}}}
WRONG: dict[str, dict[str, Any]] = {
    "AlertbusStandsStill": {"stages": (stage("intake"), stage("stream", 121.0, 4), stage("delivery"), stage("chronicle"))},
    "AlertbusWatchdogMissing": {"watchdog_last_arrival_s": 181.0},
    "AlertbusReconcileDifference": {"reconcile": RUN | {"difference": 1}},
    "AlertbusNobodyReconciles": {"reconcile": RUN | {"age_s": 601.0}},
    "AlertbusUndelivered": {"on_the_way": OnTheWay(notices=5, failed=3, agencies=1, oldest_s=900.0)},
    "AlertbusUnowned": {"chronicle": UNOWNED},
    "AlertbusTicksLate": {"tick_worst_s": 61.0},
    "AlertbusQuarantine": {"quarantine": {"poison": 1, "refused": 1}},
    "AlertbusCannotBeMeasured": {"unknown": ("progress", "quarantine"), "quarantine": None, "stages": tuple(
        StageState(name=name, pending=None, oldest_s=None, came=None) for name in ("intake", "stream", "delivery", "chronicle")
    )},
}  # fmt: skip


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_what_wakes_somebody_stands_on_the_page_in_words_with_the_same_runbook(rule: dict[str, Any]) -> None:
    [found] = troubles(bus(**WRONG[rule["alert"]]))

    assert found.rule == rule["alert"]
    assert found.wakes is (rule["labels"]["severity"] == "page")
    assert rule["annotations"]["runbook"] == f"deploy/runbooks/{found.runbook}.md"
    assert text_of_runbook(found.runbook).startswith(f"# {rule['alert']}\n")
    assert len(found.words) > 30
    assert found.words[0].isupper() or found.words[0].isdigit()


def test_a_bus_that_works_is_said_to() -> None:
    assert troubles(bus()) == []
    assert {station.health for station in way_of(bus())} == {"well"}


def test_what_wakes_stands_before_what_can_wait_till_morning() -> None:
    found = troubles(bus(**WRONG["AlertbusQuarantine"] | WRONG["AlertbusUnowned"] | WRONG["AlertbusNobodyReconciles"]))

    assert [one.wakes for one in found] == [True, False, False]
    assert "2 answers are owed by nobody, the first for 2 hours at gp" in found[0].words


def test_a_watchdog_that_is_switched_off_or_cannot_be_asked_is_not_called_missing() -> None:
    assert troubles(bus(watchdog_interval_s=0, watchdog_last_arrival_s=None)) == []
    [only] = troubles(bus(watchdog_last_arrival_s=None, unknown=("watchdog",)))
    assert only.rule == "AlertbusCannotBeMeasured"
    [never] = troubles(bus(watchdog_last_arrival_s=None))
    assert "has never come through" in never.words


def test_the_picture_shows_where_it_stands_still_and_what_is_not_known() -> None:
    def healths(wrong: str) -> list[str]:
        return [station.health for station in way_of(bus(**WRONG[wrong]))]

    assert healths("AlertbusStandsStill") == ["well", "well", "wrong", "well", "well", "well"]
    assert healths("AlertbusUndelivered") == ["well", "well", "well", "well", "wrong", "well"]
    assert healths("AlertbusUnowned") == ["well", "well", "well", "well", "well", "wrong"]
    assert healths("AlertbusWatchdogMissing")[0] == "unknown"
    assert healths("AlertbusCannotBeMeasured") == ["well", "unknown", "unknown", "unknown", "well", "well"]


def test_every_class_of_error_has_words_that_somebody_understands_at_night() -> None:
    assert {trouble.value for trouble in Trouble} <= FAILURES.keys()


def test_every_subject_that_may_be_unknown_has_its_words() -> None:
    asked = {"progress", "intake", "delivery", "undelivered", "watchdog", "clock", "quarantine", "chronicle", "reconcile"}

    assert all(words_of_troubles.not_known(subject) for subject in asked)


def test_every_runbook_is_a_page_whose_links_stay_at_the_desk() -> None:
    files = {path.stem for path in (ROOT / "deploy" / "runbooks").glob("*.md")}
    assert titles().keys() == files
    for name in files:
        made = str(as_page(text_of_runbook(name)))
        assert "<li>" in made or "<p>" in made
        assert '.md"' not in made, name
        assert "<h1>" not in made


def test_a_runbook_that_is_none_is_not_found() -> None:
    for name in ("../README", "none", "Undelivered", "undelivered.md", ""):
        with pytest.raises(NotFound):
            text_of_runbook(name)
