"""What each agency is told, field by field, against a table written by hand; one kind of each class (`make leaks` looks at all kinds)."""

from collections import defaultdict
from datetime import time

import pytest

from alertbus.model.case import UK
from alertbus.model.notice import Deed
from tests.leaks.canaries import FIELDS, found_in, stated
from tests.leaks.seen import ACTS_FOR_HIM, CLASSES, IN_A_BRIEFING, KEPT_KINDS, OF_THE_KIND, RECIPIENTS, by_hand, may_see
from tests.leaks.told import BRIEFING, COLUMN_OF, EVERY_KIND, Sighting, notices, sightings

ONE_OF_EACH = tuple({classes: kind for kind, classes in sorted(CLASSES.items())}.values())


@pytest.fixture(scope="module")
def found() -> list[Sighting]:
    return list(sightings(ONE_OF_EACH))


def test_nobody_is_told_what_they_may_not_see(found: list[Sighting]) -> None:
    leaks = [str(one) for one in found if one.is_leak]

    assert leaks[:20] == []


def test_everybody_is_told_in_some_notice_what_they_may_see(found: list[Sighting]) -> None:
    """So that no row of the table stands for something that nobody sends."""
    seen: dict[str, set[str]] = defaultdict(set)
    for one in found:
        if one.found and one.channel == "notice":
            seen[one.field].add(one.recipient)

    assert {field: columns - seen[field] for field, columns in by_hand().items() if columns - seen[field]} == {}


def test_lnk_07_a_briefing_really_holds_what_only_a_briefing_may(found: list[Sighting]) -> None:
    seen: dict[str, set[str]] = defaultdict(set)
    for one in found:
        if one.found and one.deed == BRIEFING and one.channel == "notice":
            seen[one.field].add(one.recipient)

    assert {field: columns - seen[field] for field, columns in IN_A_BRIEFING.items() if columns - seen[field]} == {}


def test_the_matrix_is_whole(found: list[Sighting]) -> None:
    """Every recipient by every deed, in every form, with and without a restriction."""
    cells = {(one.recipient, one.deed, one.channel, one.restricted) for one in found}

    assert set(by_hand()) | {*OF_THE_KIND, "kind: action"} | {name for name in FIELDS if "words of" in name} == set(FIELDS)
    assert {column for column, *_ in cells} == set(RECIPIENTS)
    assert set(CLASSES) == set(EVERY_KIND)
    wanted = {
        (column, str(deed), channel, restricted)
        for column in RECIPIENTS
        for deed in (*Deed, BRIEFING)
        for channel in ("notice", "plugin", "plain")
        for restricted in (False, True)
        if column != "mash" or deed not in {Deed.NO_LONGER_YOURS, BRIEFING}  # it is on every case, and joins none
    }
    assert wanted - cells == set()


def test_every_field_is_really_stated_and_none_within_another() -> None:
    of_the_policy = {name for name in FIELDS if name.startswith(("kind: ", "flag: "))} | {"alert: its minute"}

    assert found_in(stated()) == set(FIELDS) - of_the_policy
    assert [name for name, text in FIELDS.items() if text and found_in(text) != {name}] == []


@pytest.mark.parametrize(
    "written",
    [
        "943 476 5919",
        "CANARY GIVEN ELDEST",
        "31/01/2016",
        "31 January 2016",
        "nn19cc",
        "1 Canary-Refuge  Street",
        "MSBDYW5hcnlSZWZ1Z2UgU3RyZWV0",
    ],
)
def test_a_canary_is_found_however_it_is_written(written: str) -> None:
    assert len(found_in(written)) == 1


@pytest.mark.parametrize("kind", sorted(KEPT_KINDS))
def test_not_02_nobody_who_acts_for_him_is_told_of_what_he_must_not_learn(kind: str) -> None:
    told = {COLUMN_OF[notice.obligation.agency] for notice in notices(kind, restricted=True)}

    assert told.isdisjoint(ACTS_FOR_HIM)
    assert "hv" in told


def test_not_01_the_end_of_what_a_child_has_said_is_told_by_its_day() -> None:
    ended = [notice.ended_at for notice in notices("ppn", restricted=False) if notice.ended_at]

    assert len(ended) > len(RECIPIENTS)
    assert {moment.astimezone(UK).time() for moment in ended} == {time.min}


def test_a_fence_that_falls_is_found() -> None:
    """A number of the child in the hands of the man's landlord is a leak; in those of the health visitor it is not."""
    cell = Sighting("land", "ppn", "deliver", "plugin", "child: NHS number", restricted=False, found=True)

    assert cell.is_leak
    assert not may_see("land", cell.field, "ppn", restricted=False)
    assert may_see("hv", cell.field, "ppn", restricted=False)
