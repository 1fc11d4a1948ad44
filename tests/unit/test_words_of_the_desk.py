"""How the desk writes moments and spans, and what a card says of where an alert stands."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alertbus.desk.dress import Dress, lacking
from alertbus.desk.in_words import WITHHELD, agency, dated, moment, span
from alertbus.desk.visitor import RIGHTS, Role
from alertbus.model.errors import SettingsFault
from alertbus.model.sensitivity import Sensitivity

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=119), "1 hour"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(hours=48), "2 days"),
        (timedelta(days=400), "400 days"),
    ],
)
def test_a_span_is_told_by_its_largest_unit(length: timedelta, words: str) -> None:
    assert span(length) == words


def test_a_moment_is_told_in_the_time_of_the_united_kingdom_and_by_the_day_alone_where_its_minute_is_hidden() -> None:
    """NOT-01."""
    assert moment(datetime(2026, 7, 1, 8, 5, tzinfo=UTC), NOW) == "Wed 1 Jul, 09:05"
    assert moment(datetime(2020, 11, 18, 0, 0, tzinfo=UTC), NOW) == "Wed 18 Nov 2020"
    assert moment(None) == "not stated"


def test_days_in_sentences_are_written_as_people_write_them_and_references_stay() -> None:
    assert dated("you, since 2026-02-01.") == "you, since Sun 1 Feb 2026."
    assert dated("reference NP-2026-02-01, 2026-13-45") == "reference NP-2026-02-01, 2026-13-45"


def test_an_agency_that_may_not_be_named_is_not_named() -> None:
    assert [agency(name) for name in ("alertbus", "police.northants", "gp", "health_visiting")] == [
        "a partner agency",
        "Police (northants)",
        "GP",
        "Health visiting",
    ]


def test_every_class_that_may_be_withheld_has_words() -> None:
    assert {one.value for one in Sensitivity} - {"routing"} <= WITHHELD.keys()


def test_every_role_has_rights() -> None:
    assert RIGHTS.keys() == set(Role)


def test_a_desk_without_its_style_sheet_says_what_to_do(tmp_path: Path) -> None:
    assert "make env" in str(lacking(tmp_path))
    with pytest.raises(SettingsFault, match="make env"):
        Dress(tmp_path)
