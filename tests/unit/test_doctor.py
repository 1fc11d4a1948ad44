"""`alertbus doctor`: what works, what needs a look and what is wrong are told apart, and only what is wrong ends it with 1."""

import json
from datetime import UTC, datetime

import pytest
import typer

from alertbus.cli import doctor
from alertbus.settings import Settings

Findings = list[tuple[str, str, str]]


def examined(findings: Findings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def examine(_: Settings) -> Findings:
        return findings

    monkeypatch.setattr(doctor, "_examine", examine)


async def test_a_calendar_whose_list_ends_too_early_needs_a_look_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.time, "time", datetime(2031, 3, 1, tzinfo=UTC).timestamp)

    with pytest.raises(doctor.NeedsALook, match=r"listed to 2028.*policy as bank_holidays"):
        await doctor._calendar(Settings())


async def test_a_calendar_that_reaches_far_enough_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.time, "time", datetime(2026, 11, 29, tzinfo=UTC).timestamp)

    assert await doctor._calendar(Settings()) == "bank holidays are listed to 2028"


def test_what_needs_a_look_is_shown_and_does_not_fail(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    examined([(doctor.WELL, "clock", "plausible"), (doctor.WARNING, "calendar", "the list ends")], monkeypatch)

    doctor.doctor(json_=True)

    found = {one["what"]: (one["well"], one["warning"]) for one in json.loads(capsys.readouterr().out)}
    assert found == {"clock": (True, False), "calendar": (True, True)}


def test_what_is_wrong_ends_it_with_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    examined([(doctor.WRONG, "broker", "does not answer")], monkeypatch)

    with pytest.raises(typer.Exit) as ended:
        doctor.doctor(json_=False)

    assert ended.value.exit_code == 1
    assert "!!  broker" in capsys.readouterr().out
