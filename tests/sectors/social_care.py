"""Children's social care: what is to be recorded holds to the census's own schema, and, once a social worker has put what the message asks
for, to the rules by which the Department for Education takes a return. Both are run once for all cases, in an environment of their own.
"""

import json
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from alertbus_social_care import Census, SocialCareAdapter
from alertbus_social_care.schema import social_care_schema
from jsonschema import Draft202012Validator

from alertbus.plugin import Identifier, IdentifierSystem, Notice, NoticePerson
from alertbus.plugin.testing import sample_notice
from tests.sectors.frame import PLUGINS, ROOT, Case, notices, the_tests

SECTOR_CHECK = "DfE CIN_schema_2024.xsd; csc-validator-be-cin 0.1.13, rules of 2026-27, completed as the message asks; own JSON Schema"

XSD = PLUGINS / "social_care" / "tests" / "data" / "CIN_schema_2024.xsd"
TOLD = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
"""In the census year of the rules; a working day."""

QUERIES = {
    "8675Q": "an enquiry has no conference yet: one of the bus's own clocks",
    "8525Q": "no day of birth is known: asked in `to_complete`, and left out where nobody answers",
    "8770Q": "no UPN of a child of school age is known: an authority finds it",
    "8555Q": "the child died before the referral, which is then of the others at home",
}
"""The queries that some case raises and that may stand, each with its reason. An error may not, nor any other query."""

WRONG = "a code that the census does not have"
"""The case that must fail: neither check is worth anything if it does not see that."""

ANSWERS = {
    "Sex": "F",
    "Ethnicity": "WBRI",
    "Disability": "NONE",
    "PrimaryNeedCode": "N1",
    "ReferralNFA": "false",
    "InitialCategoryOfAbuse": "NEG",
    "LatestCategoryOfAbuse": "NEG",
    "ReasonForClosure": "RC7",
}
"""What a social worker puts where a message asks."""

HEADER = """<Header><CollectionDetails><Collection>CIN</Collection><Year>2027</Year><ReferenceDate>2027-03-31</ReferenceDate></CollectionDetails>
<Source><SourceLevel>L</SourceLevel><LEA>941</LEA><SoftwareCode>Local Authority</SoftwareCode><Release>1.0</Release><SerialNo>001</SerialNo>
<DateTime>2026-11-23T10:00:00</DateTime></Source></Header>"""


def cases() -> Iterator[Case]:
    validator = Draft202012Validator(social_care_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for name, notice in told():
        yield name, lambda name=name, notice=notice: _see(name, notice, validator)  # type: ignore[misc]
    yield WRONG, _a_wrong_code_is_found
    yield "the return as a whole", lambda: _empty(_verdicts()[""])
    real = the_tests("social_care", "test_cin_changes")
    for path in sorted(real.DATA.glob("*.xml")):
        yield f"reads {path.name}", lambda name=path.name: real.test_a_return_of_a_whole_year_is_ignored_and_told_what_to_send(name)  # type: ignore[misc]


def told() -> Iterator[tuple[str, Notice]]:
    """Every notice of the frame in the census year, about a child too young for school; and more about the children and the plans."""
    young = NoticePerson(ref="child-1", child=True, born=date(2024, 5, 17))
    for name, notice in notices():
        yield name, _dated(notice.model_copy(update={"children": (young,)} if notice.children else {}))
    ours = (Identifier(system=IdentifierSystem.LA_CHILD_ID, value="CSC1"), Identifier(system=IdentifierSystem.UPN, value="B801200005001"))
    several = {
        "a pupil with both numbers": young.model_copy(update={"born": date(2016, 6, 1), "identifiers": ours}),
        "a pupil without a number": young.model_copy(update={"born": date(2016, 6, 1)}),
        "a child of whom nothing is known": NoticePerson(ref="child-1", child=True),
        "a child who has died": young.model_copy(update={"died": date(2026, 10, 30)}),
    }
    for name, child in several.items():
        yield name, _dated(sample_notice(kind="ppn", children=(child,)))
    for name, (kind, details) in PLANS.items():
        yield name, _dated(sample_notice(kind=kind, children=(young,), details=details))


PLANS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "closed with a code": ("case_status_change", {"status_change": {"to": "closed", "reason": "RC8"}}),
    "closed without a code": ("case_status_change", {"status_change": {"to": "closed", "reason": "moved away"}}),
    "a child in need plan begins": ("case_status_change", {"status_change": {"to": "child_in_need_plan"}}),
    "a child protection plan begins": ("case_status_change", {"status_change": {"to": "child_protection_plan"}}),
    "an initial conference": ("conference_outcome", {"conference": {"type": "initial"}}),
    "an initial conference with a plan": ("conference_outcome", {"conference": {"type": "initial", "outcome": "child_protection"}}),
    "a review conference": ("conference_outcome", {"conference": {"type": "review", "outcome": "child_protection"}}),
    "a review conference that steps down": ("conference_outcome", {"conference": {"type": "review", "outcome": "child_in_need"}}),
    "an enquiry": ("meeting", {"meeting": {"type": "strategy", "s47": True, "state": "held"}}),
}


def _dated(notice: Notice) -> Notice:
    ended = {"ended_at": TOLD} if notice.ended_at else {}
    return notice.model_copy(update={"occurred_at": TOLD - timedelta(hours=1), "recorded_at": TOLD, **ended})


def _see(name: str, notice: Notice, validator: Draft202012Validator) -> None:
    for census in Census:
        page = json.loads(SocialCareAdapter(census=census).render(notice).body)
        _empty([f"{list(error.path)}: {error.message}" for error in validator.iter_errors(page)])
    if name in PLANS or (notice.obligation.kind == "ppn" and not notice.deed.ends):
        assert "cin" in page, "nothing to record, so nothing was judged"
    _empty(_verdicts().get(name, []))


def _a_wrong_code_is_found() -> None:
    by_schema, *by_rules = _verdicts()[WRONG]
    assert "ReferralSource" in by_schema
    assert by_rules[-1] == "rule 8866"


def _empty(faults: list[str]) -> None:
    assert not faults, faults


@cache
def _verdicts() -> Mapping[str, list[str]]:
    """What the two checks find, by case; under the empty name what they find in the return as a whole."""
    as_sent, as_completed, child_of = {}, [], {}
    for number, (name, notice) in enumerate(told(), 1):
        cin = {census: json.loads(SocialCareAdapter(census=census).render(notice).body).get("cin") for census in Census}
        if cin[Census.SINCE_2025] is None:
            continue
        if "message" in cin[Census.OF_2024]:
            as_sent[name] = cin[Census.OF_2024]["message"]
            child = _completed(cin[Census.SINCE_2025], f"CASE{number}")
        else:
            child = _on_open_case(cin[Census.SINCE_2025], f"CASE{number}")
            as_sent[name] = ET.tostring(_of_2024(child), encoding="unicode")
        as_completed.append(child)
        child_of[f"CASE{number}"] = name
    as_sent[WRONG] = as_sent["a pupil with both numbers"].replace("<ReferralSource>6<", "<ReferralSource>66<")
    wrong = ET.fromstring(ET.tostring(as_completed[0]))
    _only(wrong, "ChildIdentifiers/LAchildID").text, _only(wrong, "CINdetails/ReferralSource").text = "WRONG", "66"
    as_completed.append(wrong)
    child_of["WRONG"] = WRONG
    census = f"<Message>{HEADER}<Children>{''.join(ET.tostring(one, encoding='unicode') for one in as_completed)}</Children></Message>"
    found = _judged({"schema": str(XSD), "messages": as_sent, "census": census})
    verdicts: dict[str, list[str]] = {name: list(faults) for name, faults in found["schema"].items()} | {"": []}
    for code, child_id in found["rules"]:
        if code not in QUERIES:
            verdicts[child_of[child_id] if child_id else ""].append(f"rule {code}")
    raised = {code for code, _ in found["rules"]}
    verdicts[""] += [
        f"rule {code} is raised by nothing: the rules did not run, or it need not be let stand" for code in QUERIES if code not in raised
    ]
    return verdicts


def _judged(asked: dict[str, Any]) -> dict[str, Any]:
    subprocess.run(["make", "--silent", ".venv-cin/.ready"], cwd=ROOT, check=True, timeout=300)
    command = [ROOT / ".venv-cin" / "bin" / "python", ROOT / "tests" / "sectors" / "cin" / "judge.py"]
    done = subprocess.run(command, cwd=ROOT, input=json.dumps(asked), capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _completed(cin: dict[str, Any], number: str) -> ET.Element:
    """The referral's child with what its message asks for, and nothing else, put by a social worker."""
    child = ET.fromstring(cin["message"]).find("Children/Child")
    assert child is not None
    asked = {one["element"] for one in cin["to_complete"]}
    for element in child.iter():
        if element.tag in asked & ANSWERS.keys():
            element.text = ANSWERS[element.tag]
        if element.tag == "LAchildID":
            element.text = number
    if "Disability" in asked:
        ET.SubElement(ET.SubElement(_only(child, "ChildCharacteristics"), "Disabilities"), "Disability").text = ANSWERS["Disability"]
    return child


def _on_open_case(cin: dict[str, Any], number: str) -> ET.Element:
    """A child whose case is open since June, with the elements that a message changes or asks for in their places."""
    said = {one["element"]: one["value"] for one in cin.get("changes", [])}
    said |= {one["element"]: ANSWERS[one["element"]] for one in cin["to_complete"]}
    if "CPPreviewDate" in said:
        said |= {"CPPstartDate": "2026-07-01", "DateOfInitialCPC": "2026-07-01"} | dict.fromkeys(
            ("InitialCategoryOfAbuse", "LatestCategoryOfAbuse"), "NEG"
        )
    if "CPPstartDate" in said:
        said |= {"DateOfInitialCPC": said["CPPstartDate"], "NumberOfPreviousCPP": "1"}
    if "DateOfInitialCPC" in said:
        said |= {"S47ActualStartDate": "2026-06-15"}
    if "S47ActualStartDate" in said:
        said |= {"ICPCnotRequired": "false"}
    known = {"LAchildID": number, "PersonBirthDate": "2024-05-17", "Sex": "F", "Ethnicity": "WBRI", "Disability": "NONE"}
    known |= {"CINreferralDate": "2026-06-02", "ReferralSource": "6", "PrimaryNeedCode": "N1", "ReferralNFA": "false"}
    known |= {"AssessmentActualStartDate": "2026-06-02", "AssessmentAuthorisationDate": "2026-07-01", "AssessmentFactors": "3A"}
    child = ET.Element("Child")
    for path in _IN_ORDER:
        *parents, element = path.split("/")
        if (value := said.get(element, known.get(element))) is None:
            continue
        around = child
        for parent in parents:
            found = around.find(parent)
            around = ET.SubElement(around, parent) if found is None else found
        ET.SubElement(around, element).text = value
    return child


_IN_ORDER = [
    "ChildIdentifiers/LAchildID",
    "ChildIdentifiers/PersonBirthDate",
    "ChildIdentifiers/Sex",
    "ChildIdentifiers/PersonDeathDate",
    "ChildCharacteristics/Ethnicity",
    "ChildCharacteristics/Disabilities/Disability",
    "CINdetails/CINreferralDate",
    "CINdetails/ReferralSource",
    "CINdetails/PrimaryNeedCode",
    "CINdetails/CINclosureDate",
    "CINdetails/ReasonForClosure",
    "CINdetails/Assessments/AssessmentActualStartDate",
    "CINdetails/Assessments/AssessmentAuthorisationDate",
    "CINdetails/Assessments/FactorsIdentifiedAtAssessment/AssessmentFactors",
    "CINdetails/CINPlanDates/CINPlanStartDate",
    "CINdetails/Section47/S47ActualStartDate",
    "CINdetails/Section47/DateOfInitialCPC",
    "CINdetails/Section47/ICPCnotRequired",
    "CINdetails/ReferralNFA",
    "CINdetails/ChildProtectionPlans/CPPstartDate",
    "CINdetails/ChildProtectionPlans/CPPendDate",
    "CINdetails/ChildProtectionPlans/InitialCategoryOfAbuse",
    "CINdetails/ChildProtectionPlans/LatestCategoryOfAbuse",
    "CINdetails/ChildProtectionPlans/NumberOfPreviousCPP",
    "CINdetails/ChildProtectionPlans/Reviews/CPPreviewDate",
]
"""The elements of a child in the order of the schema, each by its way from `Child`."""


def _of_2024(child: ET.Element) -> ET.Element:
    """The same in the spelling of 2024, as a message."""
    message = ET.Element("Message")
    ET.SubElement(message, "Children").append(ET.fromstring(ET.tostring(child)))
    for sex in message.iter("Sex"):
        sex.tag, sex.text = "GenderCurrent", "2"
    return message


def _only(around: ET.Element, name: str) -> ET.Element:
    found = around.find(name)
    assert found is not None
    return found
