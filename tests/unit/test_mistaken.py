"""The reconciler's own view of who is who: a wrong join put in by force, and a missed one, are seen from the claims alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alertbus.broker.record import Record
from alertbus.directory.doubts import doubt_case_id
from alertbus.model.alert import AcceptedAlert
from alertbus.model.case import Case
from alertbus.model.identity import PersonMerged, PersonSplit
from alertbus.plugin.kit.samples import sample_alert
from alertbus.reconcile.mistaken import ClaimsRead
from alertbus.wire import records
from tests.story import POLICY
from tests.unit.test_restore import stood

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
NHS_1, NHS_2 = ({"system": "nhs_number", "value": v} for v in ("9845990290", "9959195651"))
PRISON_1, PRISON_2 = ({"system": "prison_number", "value": v} for v in ("G7574EC", "B6273AG"))
PNC = {"system": "pnc", "value": "1995/0004242F"}
CRN = {"system": "crn", "value": "M330675"}
ALI = {
    "name": {"given": "Mohammed", "family": "Ali"},
    "born": "1990-03-01",
    "addresses": [{"lines": ["Room 12", "Station House"], "postcode": "NN1 1AA"}],
}
BABY = {"name": {"given": "Baby", "family": "Okafor"}, "born": "2026-02-01", "addresses": [{"postcode": "NN2 2BB"}]}


def case(case_id: str, *ids: str, version: int = 1, **person: Any) -> Record:
    stated = {"id": case_id, "version": version, "people": [{"key": "p", "person_ids": ids} | person]}
    return records.case_recorded(Case.model_validate(stated), T0)


def alert(name: str, *ids: str, action: str = "raised", **person: Any) -> Record:
    said = sample_alert(id=name, subjects=[{"person": person}], children=[], recorded_at=T0, action=action, kind="violent_person_flag")
    found = AcceptedAlert.of(said, T0).with_people((ids,))
    return records.alert_about_people(found, ids or ("nobody",))[0]


def said(kind: type[Any], *numbers: Any, at: datetime = T0) -> Record:
    return records.about_who_is_who(kind(id="m", source="prison.hmpps", at=at, people=[{"identifier": one} for one in numbers]))


def mistaken(*written: Record) -> list[str]:
    claims = ClaimsRead(None, POLICY)
    for one in written:
        claims.take(stood(one))
    return sorted(fault.id for fault in claims.mistaken(T0))


@pytest.mark.parametrize(
    "written",
    [
        pytest.param([case("a", "1", identifiers=[NHS_1, PRISON_1], **ALI), case("b", "1", identifiers=[NHS_2, PRISON_2], **ALI)], id="05"),
        pytest.param([case("a", "1", identifiers=[NHS_1], **BABY), case("b", "1", identifiers=[NHS_2], **BABY)], id="06"),
        pytest.param(
            [case("a", "1", **ALI), case("b", "1", **(ALI | {"name": {"given": "\u092e\u094b\u0928\u093e", "family": "Ali"}}))], id="07"
        ),
        pytest.param(
            [
                case("x", "1", identifiers=[NHS_1]),
                case("x", "1", identifiers=[NHS_2], version=2),
                case("y", "1", identifiers=[NHS_1]),
            ],
            id="08",
        ),
        pytest.param([case("a", "1"), case("b", "1")], id="nothing in common"),
    ],
)
def test_people_taken_for_one_against_what_is_claimed_are_a_difference(written: list[Record]) -> None:
    assert mistaken(*written)


def test_a_release_under_a_number_that_was_taken_back_is_a_difference_where_it_is_still_told() -> None:
    family, release = case("f09", "1", identifiers=[PNC]), alert("release", "1", identifiers=[PRISON_1])
    wrong = alert("VPF-10", "1", identifiers=[PNC, PRISON_1])

    assert mistaken(family, wrong, release) == []
    assert mistaken(family, wrong, alert("VPF-10", "1", action="withdrawn", identifiers=[PNC]), release)


def test_people_who_share_a_number_and_are_taken_for_several_are_a_difference() -> None:
    assert mistaken(case("a", "1", identifiers=[PNC]), case("b", "2", identifiers=[PNC])) == ["b"]
    assert mistaken(case("a", "1", identifiers=[PNC]), alert("1", "2", identifiers=[PNC]))


def test_what_a_merge_says_must_be_done_and_what_a_split_forbids_must_not() -> None:
    one, two = case("a", "1", identifiers=[PRISON_1]), case("b", "2", identifiers=[PRISON_2])
    both = case("a", "1", "2", identifiers=[PRISON_1]), case("b", "1", "2", identifiers=[PRISON_2])

    assert mistaken(one, two) == []
    assert mistaken(one, two, said(PersonMerged, PRISON_1, PRISON_2)) == ["b"]
    assert mistaken(*both, said(PersonMerged, PRISON_1, PRISON_2)) == []
    assert mistaken(*both) != []
    assert mistaken(*both, said(PersonSplit, PRISON_1, PRISON_2)) != []


@pytest.mark.parametrize("parted", [NHS_1, PNC], ids=["as it was merged", "by another number"])
def test_a_merge_of_three_makes_nobody_one_once_two_of_them_are_parted(parted: Any) -> None:
    def on_file(first: str, second: str, third: str) -> list[Record]:
        people = [(first, [NHS_1, PNC]), (second, [PRISON_1]), (third, [CRN])]
        return [case(f"{n}", one, identifiers=numbers) for n, (one, numbers) in enumerate(people)]

    merged = said(PersonMerged, NHS_1, PRISON_1, CRN)
    split = said(PersonSplit, parted, PRISON_1, at=T0 + timedelta(minutes=1))

    assert mistaken(*on_file("a", "b", "c"), merged) == ["1", "2"]
    assert mistaken(*on_file("a", "b", "c"), merged, split) == []
    assert mistaken(*on_file("a", "b", "c"), merged, said(PersonSplit, parted, PRISON_1, at=T0 - timedelta(minutes=1))) == ["1", "2"]


def test_who_was_parted_and_merged_again_later_must_be_one() -> None:
    split, merge = said(PersonSplit, PNC, CRN), said(PersonMerged, PNC, CRN, at=T0 + timedelta(minutes=1))
    parted = case("a", "1", identifiers=[CRN]), case("b", "2", identifiers=[PNC])
    whole = case("a", "1", "2", identifiers=[CRN]), case("b", "1", "2", identifiers=[PNC])

    assert mistaken(*parted, split, merge) != []
    assert mistaken(*whole, split, merge, alert("1", "1", "2", identifiers=[CRN])) == []
    assert mistaken(*whole, split, merge, alert("1", "3", identifiers=[CRN])) != []


def test_two_of_one_file_are_two_though_another_file_gives_one_person_both_their_numbers() -> None:
    people = [{"key": "f", "person_ids": ("1",), "identifiers": [NHS_1]}, {"key": "g", "person_ids": ("2",), "identifiers": [CRN]}]
    file = records.case_recorded(Case.model_validate({"id": "a", "version": 1, "people": people}), T0)

    assert mistaken(file, case("c", "3", identifiers=[NHS_1, CRN])) == []


def test_who_has_a_number_of_two_who_were_parted_is_neither_and_that_is_no_difference() -> None:
    two = case("a", "1", identifiers=[PNC, NHS_1]), case("b", "2", identifiers=[PNC, PRISON_1])
    third = case("c", "3", identifiers=[PNC])

    assert mistaken(*two, third, said(PersonSplit, NHS_1, PRISON_1)) == []
    assert mistaken(*two, third) != []
    assert mistaken(*two, alert("1", "3", identifiers=[PNC]), said(PersonSplit, NHS_1, PRISON_1)) != []


def test_a_doubt_names_nobody_so_whom_it_asks_about_is_taken_for_nobody_else() -> None:
    asked = doubt_case_id("1")

    assert mistaken(alert("1", "1", identifiers=[PNC]), case(asked, "1")) == []
    assert mistaken(alert("1", "1", identifiers=[PNC]), case("a", "1")) != []


def test_no_name_and_no_number_comes_out() -> None:
    claims = ClaimsRead(None, POLICY)
    for one in (case("a", "1", identifiers=[NHS_1], **ALI), case("b", "1", identifiers=[NHS_2], **ALI)):
        claims.take(stood(one))

    found = repr(claims.mistaken(T0))

    assert [word for word in ("Mohammed", "Ali", NHS_1["value"], NHS_2["value"]) if word in found] == []
