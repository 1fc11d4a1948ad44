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

NOT_YET: dict[str, str] = {
    "01-older-statement-arrives-later": "what was recorded last stands",
    "01-older-statement-arrives-later-own-1": "what was recorded last stands",
    "01-older-statement-arrives-later-own-2": "what was recorded last stands",
    "02-active-again-after-withdrawal": "a flag may stand again after its end",
    "02-active-again-after-withdrawal-own-1": "a flag may stand again after its end",
    "02-active-again-after-withdrawal-own-2": "a flag may stand again after its end",
    "03-explain-tells-of-the-first-statement": "explain tells what stands",
    "03-explain-tells-of-the-first-statement-own-1": "explain tells what stands",
    "03-explain-tells-of-the-first-statement-own-2": "explain tells what stands",
    "04-amended-to-another-person": "an amendment that takes a subject away",
    "04-amended-to-another-person-own-1": "an amendment that takes a subject away",
    "04-amended-to-another-person-own-2": "an amendment that takes a subject away",
    "05-same-name-default-birthday-same-hostel": "different numbers forbid a join",
    "05-same-name-default-birthday-same-hostel-own-1": "different numbers forbid a join",
    "05-same-name-default-birthday-same-hostel-own-2": "different numbers forbid a join",
    "05-same-name-default-birthday-same-hostel-own-3": "different numbers forbid a join",
    "06-newborn-twins-not-yet-named": "different numbers forbid a join; unnamed babies",
    "06-newborn-twins-not-yet-named-own-1": "different numbers forbid a join; unnamed babies",
    "06-newborn-twins-not-yet-named-own-2": "different numbers forbid a join; unnamed babies",
    "07-names-that-differ-in-a-vowel-sign": "a vowel sign changes the name",
    "07-names-that-differ-in-a-vowel-sign-own-1": "a vowel sign changes the name",
    "07-names-that-differ-in-a-vowel-sign-own-2": "a vowel sign changes the name",
    "07-names-that-differ-in-a-vowel-sign-own-3": "a vowel sign changes the name",
    "07-names-that-differ-in-a-vowel-sign-own-4": "a vowel sign changes the name",
    "08-corrected-nhs-number-still-links": "a corrected number is bound no longer",
    "08-corrected-nhs-number-still-links-own-1": "a corrected number is bound no longer",
    "08-corrected-nhs-number-still-links-own-2": "a corrected number is bound no longer",
    "08-corrected-nhs-number-still-links-own-3": "a corrected number is bound no longer",
    "09-wrong-number-in-a-withdrawn-alert": "what an alert said of a number and took back is bound no longer",
    "09-wrong-number-in-a-withdrawn-alert-own-1": "what an alert said of a number and took back is bound no longer",
    "09-wrong-number-in-a-withdrawn-alert-own-2": "what an alert said of a number and took back is bound no longer",
    "10-placeholder-nhs-number": "numbers that nobody was issued",
    "10-placeholder-nhs-number-own-1": "numbers that nobody was issued",
    "10-placeholder-nhs-number-own-2": "numbers that nobody was issued",
    "10-placeholder-nhs-number-own-3": "numbers that nobody was issued",
    "11-prison-numbers-merged": "merges of a source",
    "11-prison-numbers-merged-own-1": "merges of a source",
    "11-prison-numbers-merged-own-2": "merges of a source",
    "11-prison-numbers-merged-own-3": "merges of a source",
    "12-probation-number-meets-prison-number": "numbers that a source ties",
    "12-probation-number-meets-prison-number-own-1": "numbers that a source ties",
    "12-probation-number-meets-prison-number-own-2": "numbers that a source ties",
    "13-alert-codes-in-use-today": "the codes in use today",
    "13-alert-codes-in-use-today-own-1": "the codes in use today",
    "13-alert-codes-in-use-today-own-2": "the codes in use today",
    "14-risk-to-children-says-nothing-own-1": "our words for a prison's code",
    "14-risk-to-children-says-nothing-own-2": "our words for a prison's code",
    "14-risk-to-children-says-nothing": "our words for a prison's code",
    "15-unlawfully-at-large": "unlawfully at large is told at once",
    "15-unlawfully-at-large-own-1": "unlawfully at large is told at once",
    "15-unlawfully-at-large-own-2": "unlawfully at large is told at once",
    "16-time-with-a-zone-name": "times of the publisher's language",
    "16-time-with-a-zone-name-own-1": "times of the publisher's language",
    "16-time-with-a-zone-name-own-2": "times of the publisher's language",
    "16-time-with-a-zone-name-own-3": "times of the publisher's language",
    "17-events-that-matter-without-a-rule": "events that matter have a rule",
    "17-events-that-matter-without-a-rule-own-1": "events that matter have a rule",
    "17-events-that-matter-without-a-rule-own-2": "events that matter have a rule",
    "22-withdrawal-with-the-dates-of-the-raise": "a withdrawal's own dates and words",
    "22-withdrawal-with-the-dates-of-the-raise-own-1": "a withdrawal's own dates and words",
    "22-withdrawal-with-the-dates-of-the-raise-own-2": "a withdrawal's own dates and words",
    "25-published-again": "an event's id leaves out what is publishing",
    "25-published-again-own-1": "an event's id leaves out what is publishing",
    "27-envelopes-of-lambda-and-batches": "batches and envelopes of Lambda",
    "27-envelopes-of-lambda-and-batches-own-1": "batches and envelopes of Lambda",
}
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
