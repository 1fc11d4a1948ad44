"""What a case system's own message becomes: the last change of each child, and a reason for everything else."""

import json
from datetime import date
from pathlib import Path
from typing import ClassVar

import pytest
from alertbus_social_care import CinChanges, SocialCareAdapter
from alertbus_social_care.source import NO_CHANGE, RETURN

from alertbus.plugin import Alert, Identifier, IdentifierSystem, Ignored, NoticePerson, UnreadableMessage
from alertbus.plugin.testing import SourceConformance, sample_notice

DATA = Path(__file__).parent / "data"


def message(
    details: str, child: str = "<LAchildID>CSC0000001</LAchildID><PersonBirthDate>2016-06-01</PersonBirthDate><Sex>U</Sex>"
) -> bytes:
    return (
        f"<Message><Children><Child><ChildIdentifiers>{child}</ChildIdentifiers>"
        "<ChildCharacteristics><Ethnicity>NOBT</Ethnicity></ChildCharacteristics>"
        f"<CINdetails><CINreferralDate>2026-06-02</CINreferralDate><ReferralSource>6</ReferralSource>{details}"
        "<ReferralNFA>false</ReferralNFA></CINdetails></Child></Children></Message>"
    ).encode()


CLOSED = "<CINclosureDate>2026-11-02</CINclosureDate><ReasonForClosure>RC8</ReasonForClosure>"
PLAN = "<CINPlanDates><CINPlanStartDate>2026-07-01</CINPlanStartDate></CINPlanDates>"
PROTECTED = (
    "<Section47><S47ActualStartDate>2026-09-01</S47ActualStartDate><DateOfInitialCPC>2026-09-15</DateOfInitialCPC>"
    "<ICPCnotRequired>false</ICPCnotRequired></Section47>"
)
CPP = "<ChildProtectionPlans><CPPstartDate>2026-09-15</CPPstartDate></ChildProtectionPlans>"


class TestConformance(SourceConformance):
    source = CinChanges()
    samples: ClassVar[list[bytes]] = [message(CLOSED), message(PLAN), message(PROTECTED), message("")]


def told(raw: bytes) -> list[Alert]:
    outcome = CinChanges().parse(raw, {})
    assert isinstance(outcome, list)
    return outcome


def refused(raw: bytes) -> list[str]:
    with pytest.raises(UnreadableMessage) as error:
        CinChanges().parse(raw, {})
    return [fault.path for fault in error.value.faults]


def test_a_closure_is_a_change_of_status_with_its_reason() -> None:
    (alert,) = told(message(CLOSED))

    assert alert.model_dump(mode="json", exclude_defaults=True) == {
        "id": alert.id,
        "source": "childrens_social_care",
        "kind": "case_status_change",
        "occurred_at": "2026-11-02T00:00:00Z",
        "recorded_at": "2026-11-02T00:00:00Z",
        "children": [
            {
                "role": "child",
                "person": {"identifiers": [{"system": "la_child_id", "value": "CSC0000001"}], "born": "2016-06-01"},
            }
        ],
        "details": {"status_change": {"to": "closed", "reason": "RC8: case closed after assessment, no further action"}},
    }


def test_of_several_changes_the_last_is_told() -> None:
    (alert,) = told(message(PLAN + PROTECTED))
    assert (alert.kind, alert.occurred_at.date()) == ("conference_outcome", date(2026, 9, 15))

    (alert,) = told(message(PLAN).replace(b"<ReferralNFA>false</ReferralNFA>", b"<ReferralNFA>false</ReferralNFA>" + CPP.encode()))
    assert alert.details.status_change is not None
    assert alert.details.status_change.to == "child_protection_plan"


def test_the_last_episode_is_the_one_that_is_told() -> None:
    older = b"<CINdetails><CINreferralDate>2020-01-02</CINreferralDate><CINclosureDate>2026-11-30</CINclosureDate></CINdetails>"
    (alert,) = told(message(PLAN).replace(b"</CINdetails>", b"</CINdetails>" + older))

    assert alert.details.status_change is not None
    assert alert.details.status_change.to == "child_in_need_plan"


def test_the_same_change_has_the_same_id_and_another_day_another() -> None:
    (first,), (again,) = told(message(CLOSED)), told(message(CLOSED + "<!-- sent again -->"))
    (other,) = told(message(CLOSED.replace("11-02", "11-03")))

    assert first == again
    assert first.id != other.id


def test_a_referral_without_a_change_is_no_news() -> None:
    assert CinChanges().parse(message(""), {}) == Ignored(NO_CHANGE)


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.glob("*.xml")))
def test_a_return_of_a_whole_year_is_ignored_and_told_what_to_send(name: str) -> None:
    assert CinChanges().parse((DATA / name).read_bytes(), {}) == Ignored(RETURN)


def test_what_the_adapter_writes_is_read_and_is_no_news() -> None:
    child = NoticePerson(ref="c", child=True, identifiers=(Identifier(system=IdentifierSystem.LA_CHILD_ID, value="CSC0000001"),))
    cin = json.loads(SocialCareAdapter().render(sample_notice(kind="ppn", children=(child,))).body)["cin"]

    assert CinChanges().parse(cin["message"].encode(), {}) == Ignored(NO_CHANGE)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"", "$"),
        (b"{}", "$"),
        (b"<Message>", "$"),
        (b'<!DOCTYPE Message [<!ENTITY a "b">]><Message/>', "$"),
        (message(CLOSED).decode().encode("utf-16"), "$"),
        (b"<Message><Children/></Message>", "Message.Children.Child"),
        (message(CLOSED.replace("2026-11-02", "2026-02-30")), "Message.Children.Child[1].CINdetails.CINclosureDate"),
        (message(CLOSED.replace("2026-11-02", "02/11/2026")), "Message.Children.Child[1].CINdetails.CINclosureDate"),
        (message(CLOSED.replace("RC8", "RC0")), "Message.Children.Child[1].CINdetails.ReasonForClosure"),
        (message(CLOSED, "<UPN>B801200005001</UPN>"), "Message.Children.Child[1].ChildIdentifiers.LAchildID"),
        (message(CLOSED, "<LAchildID>CSC 1</LAchildID>"), "Message.Children.Child[1].ChildIdentifiers.LAchildID"),
        (message(CLOSED, "<LAchildID>C1</LAchildID><UPN>A801200005001</UPN>"), "Message.Children.Child[1].ChildIdentifiers.UPN"),
        (message("<CINClosureDate>2026-11-02</CINClosureDate>"), "Message.Children.Child.CINdetails"),
        (message("Quillfeather"), "Message.Children.Child.CINdetails"),
        (
            message(CLOSED).replace(b"<CINreferralDate>2026-06-02</CINreferralDate>", b""),
            "Message.Children.Child[1].CINdetails.CINreferralDate",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(raw: bytes, path: str) -> None:
    assert path in refused(raw)
