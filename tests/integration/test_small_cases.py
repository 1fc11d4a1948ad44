"""Small inputs that once went wrong, and others of their kinds, on a whole bus: each folder of `tests/data/cases` holds what it expects."""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import date

import pytest

from alertbus.broker.jars import find_java
from alertbus.run.supervisor import Supervisor
from alertbus.run.temporary import any_port
from alertbus.settings import load_settings
from tests.small_cases import FOLDERS, WRITTEN_ON, Played, expected_of, faults, files_of, moved, play

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]

NOT_YET: dict[str, str] = {}
"""Folder → what must come first. Strict: whoever makes one pass takes it off the list."""


@pytest.fixture(scope="module")
async def played(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Played]:
    """Every folder, played on one bus of four processes."""
    if find_java() is None:
        pytest.skip("no Java 17 or newer: apt-get install default-jre-headless")
    settings = load_settings(data_dir=tmp_path_factory.mktemp("cases"), http_port=any_port("127.0.0.1"), partitions=3, reconcile_s=0)
    supervisor = Supervisor(settings, lambda _: None)
    done, watching = asyncio.Event(), None
    try:
        await supervisor.start()
        watching = asyncio.create_task(supervisor.watch(done))
        yield await play(settings, supervisor.url)
    finally:
        done.set()
        if watching:
            await watching
        await supervisor.stop()


def _marked(folder: str) -> object:
    marks = [pytest.mark.xfail(strict=True, reason=NOT_YET[folder])] if folder in NOT_YET else []
    return pytest.param(folder, marks=marks)


@pytest.mark.parametrize("folder", [_marked(folder) for folder in FOLDERS])
def test_what_the_folder_expects_comes_of_it(played: Played, folder: str) -> None:
    assert faults(folder, played) == [], expected_of(folder, played.today)["expectation"]


def test_the_list_of_what_is_not_yet_so_names_folders_that_are_there() -> None:
    assert set(NOT_YET) <= set(FOLDERS)


@pytest.mark.parametrize("folder", FOLDERS)
def test_an_expectation_names_files_of_its_folder_and_is_one_sentence(folder: str) -> None:
    expected, names = expected_of(folder, WRITTEN_ON), {path.name for path in files_of(folder)}
    named = {*expected.get("answers", ()), *expected.get("faults", ()), *expected.get("history", ()), *expected.get("ignored", ())}
    named |= {pattern["file"] for part in expected.values() if isinstance(part, list) for pattern in part if "file" in pattern}

    assert named <= names
    assert expected["expectation"].endswith(".")
    assert len(expected) > 1


def test_no_number_and_no_id_stands_in_two_folders() -> None:
    """They are all played on one bus: a number in two folders would join two families."""
    found: dict[str, set[str]] = defaultdict(set)
    for folder in FOLDERS:
        for path in files_of(folder):
            for said in re.findall(r'"(?:value|id|alertUuid|registrationId)": "([^"]+)"', path.read_text(encoding="utf-8")):
                found[said].add(folder)

    assert {said: folders for said, folders in found.items() if len(folders) > 1} == {}


def test_days_near_the_day_of_writing_move_and_others_stay() -> None:
    text = '"2026-11-28T18:00:00Z" "1990-01-01" "2010-01-01" "2026-06-19" "2031-01-01" "100030000001"'

    assert moved(text, WRITTEN_ON) == text
    assert moved(text, date(2027, 1, 1)) == text.replace("2026-11-28", "2026-12-31")
