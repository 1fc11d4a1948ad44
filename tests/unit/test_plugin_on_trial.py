"""What `alertbus plugin run` puts on its throw-away bus: a copy of the plugin, the policy with its rows, an invented family, and no setting of yours."""

import asyncio
import json
import os
import stat
from pathlib import Path

import pytest

from alertbus.model.alert import Alert
from alertbus.model.errors import PluginFault
from alertbus.plugin.kit.samples import sample_alert
from alertbus.plugin.scaffolding import NewPlugin
from alertbus.policy.load import load_policy
from alertbus.rehearsal import trial as on_trial
from alertbus.rehearsal.trial import Trial, alone, put_on_trial, received
from tests.plugin_command import ask, dropped_in

pytestmark = pytest.mark.usefixtures("nothing_stays_imported")


def scaffold(folder: Path) -> Path:
    for place, text in NewPlugin("trialfire", "trialfire", known_sectors=frozenset(load_policy().sharing)).written():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(text)
    return folder


def tried(path: Path, tmp_path: Path) -> tuple[Trial, list[str]]:
    said: list[str] = []
    (tmp_path / "bus").mkdir(mode=0o700)
    return put_on_trial(path, tmp_path / "bus", None, said.append), said


def test_a_project_brings_its_agency_its_rows_and_its_samples(tmp_path: Path) -> None:
    trial, said = tried(scaffold(tmp_path / "trialfire"), tmp_path)

    assert (trial.agencies, trial.sources, said) == (("trialfire",), ("trialfire-in",), [])
    assert load_policy(trial.folder / "policy.yaml").agency("trialfire").sector == "trialfire"
    assert sorted(file.name for file in (trial.samples / "trialfire-in").iterdir()) == ["concern.json", "enquiry.json"]
    assert json.loads(trial.environment["ALERTBUS_CHANNELS"]) == {
        "trialfire": {"channel": "file", "folder": str(tmp_path / "bus" / "received" / "trialfire")}
    }


def test_the_copy_is_nobodys_to_change_and_the_tests_stay_behind(tmp_path: Path) -> None:
    folder = scaffold(tmp_path / "trialfire")
    (folder / "alertbus_trialfire" / "adapter.py").chmod(0o666)
    trial, _ = tried(folder, tmp_path)

    copied = list((trial.folder / "plugins").rglob("*"))
    assert not [file for file in copied if stat.S_IMODE(file.stat().st_mode) & 0o077]
    assert "tests" not in {file.name for file in copied}
    assert not [file for file in copied if file.is_relative_to(folder)]


def test_a_sector_that_nobody_has_entered_gets_an_agency_that_is_told_the_least(tmp_path: Path) -> None:
    trial, said = tried(dropped_in(tmp_path, "trialone"), tmp_path)

    policy = load_policy(trial.folder / "policy.yaml")
    assert trial.agencies == ("trialone",)
    assert policy.sharing["trialone"] == load_policy().sharing["unknown"]
    assert "one is added that is told the least. Put rows into policy.yaml beside the plugin" in said[0]


def test_a_plugin_of_a_sector_that_has_agencies_is_tried_as_the_first_of_them(tmp_path: Path) -> None:
    trial, said = tried(dropped_in(tmp_path, "trialone", "unknown"), tmp_path)

    assert (trial.agencies, said) == (("alertbus_watchdog",), [])


def test_one_that_no_bus_would_take_beside_the_installed_ones_is_refused_before_anything_starts(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    file = dropped_in(tmp_path, "trialone", "housing")

    with pytest.raises(PluginFault, match="housing"):
        tried(file, tmp_path)
    assert ask(capfdbinary, "plugin", "run", file).code == 2


def test_one_that_cannot_be_imported_is_refused_before_anything_starts(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    answered = ask(capfdbinary, "plugin", "run", dropped_in(tmp_path, "trialbad", text="1 / 0"))

    assert answered.code == 2
    assert "ZeroDivisionError" in answered.err


def test_the_family_is_the_reviews_and_the_agency_works_with_it(tmp_path: Path) -> None:
    trial, _ = tried(dropped_in(tmp_path, "trialone"), tmp_path)

    (family,) = on_trial._cases(trial, on_trial._threat(on_trial.datetime.now(on_trial.UTC)))

    assert family.exercise == "trial"
    assert {"trialone", "health_visiting", "school"} <= set(family.agencies)


def test_whoever_ones_own_alert_names_stands_on_a_case_of_their_own(tmp_path: Path) -> None:
    trial, _ = tried(dropped_in(tmp_path, "trialone"), tmp_path)

    _, own = on_trial._cases(trial, sample_alert(exercise="trial"))

    assert [person.name.family for person in own.people if person.name] == ["Quillfeather", "Quillfeather-Moss"]
    assert not [person for person in own.people if person.person_ids]
    assert (own.exercise, list(own.agencies)) == ("trial", ["trialone"])


def test_no_setting_of_ones_own_is_left_but_of_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALERTBUS_DATABASE_URL", "ALERTBUS_BOOTSTRAP_SERVERS", "ALERTBUS_CALLERS_FILE", "ALERTBUS_LOG_LEVEL"):
        monkeypatch.setenv(name, "of the operator")
    environment = dict(os.environ)
    monkeypatch.setattr(os, "environ", environment)

    alone({"ALERTBUS_DATA_DIR": str(tmp_path)})

    assert {name for name in environment if name.startswith("ALERTBUS_")} == {"ALERTBUS_DATA_DIR", "ALERTBUS_LOG_LEVEL"}


async def test_what_arrives_is_given_once_and_what_lies_beside_it_is_no_message(tmp_path: Path) -> None:
    trial, _ = tried(dropped_in(tmp_path, "trialone"), tmp_path)
    folder, seen, stop = trial.received / "trialone", set[Path](), asyncio.Event()
    for name in ("key.json", "key.meta.json", ".key.json.part"):
        (folder / name).write_text("{}")

    assert [file.name for file in await received(trial, seen, stop)] == ["key.json"]
    assert await received(trial, seen, stop, limit_s=0.0) == []
    stop.set()
    assert await received(trial, seen, stop) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere",), "there is no such file or folder"),
        (("FILE", "--alert", "nowhere.json"), "--alert: nowhere.json is no file."),
        (("FILE", "--message", "nowhere.json"), "--message: nowhere.json is no file."),
        (("FILE", "--into", "FOLDER"), "is there and not empty"),
    ],
)
def test_a_wrong_question_is_told_who_what_and_what_to_do(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], arguments: tuple[str, ...], said: str
) -> None:
    file = dropped_in(tmp_path, "trialone")
    given = [{"FILE": str(file), "FOLDER": str(tmp_path)}.get(one, one) for one in arguments]

    answered = ask(capfdbinary, "plugin", "run", *given)

    assert answered.code == 2
    assert said in answered.err


def test_ones_own_alert_is_checked_before_anything_starts(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    alert = tmp_path / "alert.json"
    alert.write_text('{"id": "Quillfeather"}')

    answered = ask(capfdbinary, "plugin", "run", dropped_in(tmp_path, "trialone"), "--alert", alert)

    assert answered.code == 1
    assert "occurred_at: " in answered.err
    assert "Quillfeather" not in answered.err


def test_the_invented_threat_is_one_that_the_door_takes() -> None:
    threat = on_trial._threat(on_trial.datetime.now(on_trial.UTC))

    assert isinstance(threat, Alert)
    assert load_policy().lets_state(threat.source, threat.kind)
