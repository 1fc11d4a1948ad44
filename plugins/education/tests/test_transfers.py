"""Common Transfer Files: a child may have changed school, and nothing else of the file is taken."""

from typing import ClassVar

import pytest
from alertbus_education import TransferFiles
from alertbus_education.transfer import MOST_PUPILS

from alertbus.plugin import Alert, Ignored, UnreadableMessage
from alertbus.plugin.testing import SourceConformance

UPN, TEMPORARY = "B801200005001", "M80120000500A"


IN_CARE = "<LookedAfter><InCare>true</InCare><CareAuthority>801</CareAuthority></LookedAfter>"
PRIVATE = (
    "<Address><SAON>Flat CANARY</SAON><PostCode>ZZ99 9ZZ</PostCode></Address>"
    "<Contacts><Contact><Surname>CANARY</Surname></Contact></Contacts>"
    "<SENhistory><SEN>CANARY</SEN></SENhistory><Attendance><YearData>CANARY</YearData></Attendance><FSMhistory>CANARY</FSMhistory>"
)


def pupil(upn: str = UPN, forename: str = "Wrenna", surname: str = "Quillfeather-Moss", born: str = "2015-05-17", more: str = "") -> str:
    named = f"<UPN>{upn}</UPN><Surname>{surname}</Surname><Forename>{forename}</Forename>"
    return f"<Pupil>{named}<DOB>{born}</DOB><Sex>F</Sex>{more}</Pupil>"


def transfer(
    *pupils: str, to: tuple[str, str] = ("820", "1234"), made: str = "2026-09-07T16:20:00", source: tuple[str, str] = ("801", "2000")
) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?><CTfile><Header><DocumentName>CTF</DocumentName><CTFversion>21.0</CTFversion>'
        f"<DateTime>{made}</DateTime><DocumentQualifier>full</DocumentQualifier><DataDescriptor/><SupplierID>Example MIS</SupplierID>"
        f"<SourceSchool><LEA>{source[0]}</LEA><Estab>{source[1]}</Estab><SchoolName>Example School</SchoolName>"
        "<AcademicYear>2026</AcademicYear></SourceSchool>"
        f"<DestSchool><LEA>{to[0]}</LEA><Estab>{to[1]}</Estab></DestSchool></Header><CTFpupilData>{''.join(pupils)}</CTFpupilData></CTfile>"
    ).encode()


def read(raw: bytes) -> list[Alert]:
    outcome = TransferFiles().parse(raw, {})
    assert isinstance(outcome, list)
    return outcome


def refused(raw: bytes) -> list[str]:
    with pytest.raises(UnreadableMessage) as error:
        TransferFiles().parse(raw, {})
    assert "CANARY" not in str(error.value)
    return [fault.path for fault in error.value.faults]


class TestTransfersConformance(SourceConformance):
    source = TransferFiles()
    samples: ClassVar[list[bytes]] = [
        transfer(pupil(), pupil(TEMPORARY, "Zeb", more=IN_CARE)),
        transfer(pupil(more=PRIVATE), source=("801", "LLLL")),
        transfer(pupil(), to=("XXX", "XXXX")),
    ]


def test_lnk_07_a_child_who_changed_school_is_told_from_which_and_to_which() -> None:
    (raised,) = read(transfer(pupil()))

    assert {**raised.model_dump(mode="json", exclude_defaults=True), "id": ""} == {
        "id": "",
        "source": "school.8012000",
        "kind": "school_changed",
        "occurred_at": "2026-09-07T15:20:00Z",
        "recorded_at": "2026-09-07T15:20:00Z",
        "children": [
            {
                "role": "child",
                "person": {
                    "name": {"given": "Wrenna", "family": "Quillfeather-Moss"},
                    "born": "2015-05-17",
                    "identifiers": [{"system": "upn", "value": UPN}],
                },
            }
        ],
        "severity": "low",
        "details": {"school_change": {"from_": "8012000", "to": "8201234"}},
    }


def test_every_child_of_a_file_is_an_alert_of_its_own_and_a_brother_stands_in_no_other() -> None:
    first, second = read(transfer(pupil(), pupil(TEMPORARY, "Zeb", more=IN_CARE)))

    assert first.id != second.id
    assert [one.person.name.given for one in (*first.children, *second.children) if one.person.name] == ["Wrenna", "Zeb"]
    assert second.details.school_change is not None
    assert (second.details.school_change.in_care, second.details.school_change.care_authority) == (True, "801")


def test_nothing_but_who_and_where_to_is_taken() -> None:
    (raised,) = read(transfer(pupil(more=PRIVATE)))

    assert not [what for what in ("CANARY", "ZZ99", "Example School") if what in raised.model_dump_json()]


@pytest.mark.parametrize("upn", ["A801200005001", "Q207000016049", "B207000016049", "B80120000500I"])
def test_a_upn_with_a_wrong_check_letter_is_refused_where_it_stands(upn: str) -> None:
    assert refused(transfer(pupil(), pupil(upn))) == ["CTfile.CTFpupilData.Pupil[1].UPN"]


@pytest.mark.parametrize("to", [("XXX", "XXXX"), ("MMM", "MMMM"), ("NNN", "NNNN")])
def test_a_file_to_no_known_school_moves_nobody(to: tuple[str, str]) -> None:
    assert isinstance(TransferFiles().parse(transfer(pupil(), to=to), {}), Ignored)


def test_a_file_from_a_school_to_itself_moves_nobody() -> None:
    assert isinstance(TransferFiles().parse(transfer(pupil(), to=("801", "2000")), {}), Ignored)


def test_every_fault_is_told_at_once_and_none_with_its_value() -> None:
    raw = transfer(pupil("CANARY", born="CANARY"), pupil("", "", "", ""), to=("82", "CANARY"), made="CANARY", source=("CANARY", "1"))

    assert refused(raw) == [
        "CTfile.Header.DateTime",
        "CTfile.Header.SourceSchool",
        "CTfile.Header.DestSchool",
        "CTfile.CTFpupilData.Pupil[0].UPN",
        "CTfile.CTFpupilData.Pupil[0].DOB",
        "CTfile.CTFpupilData.Pupil[1]",
    ]


def test_a_child_without_a_number_is_known_by_name_and_birth() -> None:
    (raised,) = read(transfer(pupil("")))

    assert (raised.children[0].person.identifiers, raised.children[0].person.name is not None) == ((), True)


@pytest.mark.parametrize(
    "raw",
    [
        b"<!DOCTYPE CTfile [<!ENTITY a 'CANARY'>]>" + transfer(pupil("&a;"))[38:],
        b'<!DOCTYPE CTfile SYSTEM "http://example.org/CANARY">' + transfer(pupil())[38:],
        b"<OtherFile/>",
        b"CANARY",
        b"<CTfile><Header>",
        b'<?xml version="1.0" encoding="CANARY"?><CTfile/>',
    ],
)
def test_what_is_no_such_file_is_refused_whole_and_no_entity_is_expanded(raw: bytes) -> None:
    assert refused(raw) == ["$"]


def test_a_file_without_pupils_or_with_too_many_is_refused() -> None:
    assert refused(transfer()) == ["CTfile.CTFpupilData"]
    assert refused(transfer(*[pupil()] * (MOST_PUPILS + 1))) == ["CTfile.CTFpupilData"]


@pytest.mark.parametrize(
    ("made", "at"), [("2026-12-07T16:20:00", "16:20"), ("2026-09-07T16:20:00", "15:20"), ("2026-09-07T16:20:00Z", "16:20")]
)
def test_a_time_without_an_offset_is_uk_time(made: str, at: str) -> None:
    assert f"{read(transfer(pupil(), made=made))[0].recorded_at:%H:%M}" == at


def test_a_school_is_called_what_the_bus_calls_it() -> None:
    outcome = TransferFiles(schools={"8012000": "school.123456"}).parse(transfer(pupil()), {})

    assert isinstance(outcome, list)
    assert [one.source for one in outcome] == ["school.123456"]
