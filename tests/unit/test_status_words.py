"""What `alertbus status` says of the whole bus: counts, and a warning where somebody should look."""

from typing import Any

import pytest

from alertbus.cli import status
from alertbus.intake.ignored import WhyIgnored, why_ignored

QUIET: dict[str, Any] = {
    "clock": {"ticks": 0, "worst_s": None},
    "broker": "127.0.0.1:9092",
    "gateway": "up",
    "parts": [],
    "progress": {"groups": {}},
    "chronicle": {
        "unreadable": 0,
        "alerts": 0,
        "cases": 0,
        "overdue": 0,
        "oldest_unanswered": None,
        "review": 0,
        "items": {"open": 0, "overdue": 0, "unowned": 0, "oldest_unowned": None, "clocks_met": 0, "clocks_missed": 0},
    },
    "undelivered": [],
    "reconcile": None,
    "quarantine": 0,
    "review": {"open": 0, "by_reason": {}, "oldest": None},
    "ignored": [],
    "bank_holidays": {"warning": False, "text": "bank holidays are listed to 2028"},
    "policy": "1",
    "plugins": [],
}


def told(capsys: pytest.CaptureFixture[str], **changed: Any) -> str:
    status._tell_bus(QUIET | changed)
    return capsys.readouterr().out


def test_messages_that_nobody_has_decided_about_are_counted_by_source(capsys: pytest.CaptureFixture[str]) -> None:
    counts = [
        {"source": "hmpps", "outcome": "no_alert", "count": 40, "latest_at": "2026-11-29T12:00:00Z"},
        {"source": "hmpps", "outcome": "not_yet_known", "count": 2, "latest_at": "2026-11-29T12:00:00Z"},
        {"source": "nspcc", "outcome": "not_yet_known", "count": 1, "latest_at": "2026-11-29T12:00:00Z"},
    ]

    assert "43 messages, of them not yet known: hmpps 2, nspcc 1" in told(capsys, ignored=counts)
    assert "0 messages, of them not yet known: none" in told(capsys)


def test_holidays_beyond_the_list_are_a_warning_and_otherwise_not_spoken_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Warning: add days" in told(capsys, bank_holidays={"warning": True, "text": "add days"})
    assert "bank holidays" not in told(capsys)


def test_what_nobody_owns_is_said_with_its_age_and_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    oldest = {"obligation_id": "o", "agency": "gp", "since": "2026-11-29T12:00:00Z", "age_s": 5400.0}
    items = {"open": 9, "overdue": 4, "unowned": 2, "oldest_unowned": oldest, "clocks_met": 5, "clocks_missed": 3}
    said = told(capsys, chronicle=QUIET["chronicle"] | {"items": items})

    assert "2, THE OLDEST 1.5 h, of gp; `alertbus items list --unowned` names them" in said
    assert "9 running, 4 of them late; so far 5 met, 3 missed" in said
    assert "unowned nothing" in " ".join(told(capsys).split())


def test_how_late_time_comes_to_the_cases_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert "12 in five minutes, the latest of them 75.5 s late" in told(capsys, clock={"ticks": 12, "worst_s": 75.5})
    assert "none in five minutes" in told(capsys)


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("not yet known: no rule for this event type", WhyIgnored.NOT_YET_KNOWN),
        (" Not yet known: nobody has thought of it", WhyIgnored.NOT_YET_KNOWN),
        ("a move within a prison", WhyIgnored.NO_ALERT),
        ("what is not yet known: nothing", WhyIgnored.NO_ALERT),
        ("", WhyIgnored.NO_ALERT),
    ],
)
def test_a_reason_is_classed_by_how_it_begins(reason: str, outcome: WhyIgnored) -> None:
    assert why_ignored(reason) is outcome
