"""A notice as an event in the shape of HMPPS domain events: a type, a version, when, about whom, and the rest in `additionalInformation`.

The shape is theirs, the types and fields are ours: HMPPS publishes events and takes none from outside. The flag and the marks stand before
everything else, which their consumers pass over and a reader does not.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from alertbus.plugin import CONTRACT, IdentifierSystem, Message, Notice, NoticePerson, ReceiptGiven
from alertbus.plugin.briefed import before_this, briefing_lines
from alertbus.plugin.forms import read_answer
from alertbus.plugin.sections import section_lines
from alertbus.plugin.wording import (
    HIDE_THE_SOURCE,
    NOT_STATED,
    answering_lines,
    deed_line,
    excerpt_fields,
    exercise_mark,
    own_word,
    present,
    rehearsal,
    section,
    step_word,
    tells_of_release,
    unsaid_line,
)
from alertbus.plugin.writing import as_page
from alertbus_probation.fence import HELD_BACK, addresses_of, adults, children_in, identifiers_of, names_a_child, shown, words_said

MEDIA_TYPE = "application/json"
SCHEMA_NAME = "probation-event.v1"
TYPE_PREFIX = "safeguarding-alert"
VERSION = 1

FLAG_HELD_BACK = "Staff safety: there is a warning. Ask the contact before any contact or visit."
"""Stands for a flag that names a child."""
WORDS_HELD_BACK = "What was said is not shown, because it names a child. Ask the contact."

TYPES: Mapping[IdentifierSystem, str] = {
    IdentifierSystem.CRN: "CRN",
    IdentifierSystem.PRISON_NUMBER: "NOMS",
    IdentifierSystem.PNC: "PNC",
    IdentifierSystem.CRO: "CRO",
}
"""The numbers by the names that HMPPS events give them."""

RELEASE: Mapping[str, str] = {"date": "date", "conditions": "conditions", "restraining_order": "restrainingOrder", "confirmed": "confirmed"}
FLAG: Mapping[str, str] = {"precautions": "precautions", "grade": "grade"}
IN_WORDS = frozenset({"request", "handover"})
"""The sections shown in words: what somebody asks of them and what became of it (PRI-03, LNK-05), and who answers now (TUR-07)."""

DO_NOT_REVEAL = HIDE_THE_SOURCE.capitalize()
WITHDRAWN = "the sender has taken this back. Take away what you set because of it, such as a condition or an appointment."
NO_LONGER_YOURS = "the person is no longer linked to the family, or is no longer yours. What was told stands, and others have it."
CORRECTED = "this was not about this person: somebody else was meant. Take it off their record."


class ProbationAdapter:
    """For `probation` and `prison`, which act for an adult."""

    name = "probation"
    sector = "probation"
    contract = CONTRACT
    formats: Sequence[str] = (MEDIA_TYPE,)
    flag_marks: Sequence[str] = (FLAG_HELD_BACK,)

    def render(self, notice: Notice) -> Message:
        headers = {"x-alertbus-schema": SCHEMA_NAME, "x-alertbus-deed": notice.deed.value}
        if step := step_word(notice):
            headers["x-alertbus-step"] = step
        return Message(media_type=MEDIA_TYPE, body=as_page(_event(notice)), filename=f"{notice.id}.json", headers=headers)

    def parse_receipt(self, raw: bytes) -> ReceiptGiven:
        return read_answer(raw)


def event_type(notice: Notice) -> str:
    """Name the event as HMPPS names its own: `safeguarding-alert.prisoner-release.deliver`."""
    return ".".join((TYPE_PREFIX, *(word.replace("_", "-") for word in (notice.obligation.kind, notice.deed.value))))


def _event(notice: Notice) -> dict[str, Any]:
    flag = notice.flag and (shown(notice, notice.flag) or FLAG_HELD_BACK)
    numbers = [number for person in adults(notice) if person.role == "subject" for number in identifiers_of(person)]
    return present(
        flag=exercise_mark(notice) + flag if flag else None,
        exercise=rehearsal(notice, "nobody"),
        doNotRevealSource=DO_NOT_REVEAL if notice.do_not_reveal_source else None,
        eventType=event_type(notice),
        version=VERSION,
        description=exercise_mark(notice) + _words(notice, notice.title),
        occurredAt=notice.occurred_at.isoformat(),
        personReference={"identifiers": [{"type": TYPES[number.system], "value": number.value} for number in numbers]},
        additionalInformation=_information(notice),
    )


def _information(notice: Notice) -> dict[str, Any]:
    owed, said = notice.obligation, words_said(notice)
    lines = [line for line in section_lines(notice, only=IN_WORDS, who=_called) if not names_a_child(notice, line)]
    return present(
        noticeId=notice.id,
        alertId=owed.alert_id,
        caseId=owed.case_id,
        deed=notice.deed.value,
        state=deed_line(notice, withdrawn=WITHDRAWN, no_longer_yours=NO_LONGER_YOURS, corrected=CORRECTED),
        endedAt=notice.ended_at.isoformat() if notice.ended_at else None,
        because=_words(notice, notice.because),
        ownAgency=own_word(notice),
        beforeThis=before_this(notice) or None,
        summary=_words(notice, notice.summary),
        action=_words(notice, notice.action),
        asked=lines or None,
        contact=shown(notice, notice.contact),
        due=owed.due.isoformat() if owed.due else None,
        role=owed.role,
        recipient=notice.recipient,
        answering=[*answering_lines(notice)] or None,
        unsaid=unsaid_line(notice),
        briefing=[line for line in briefing_lines(notice, who=_called) if not names_a_child(notice, line)] or None,
        narrative=[excerpt_fields(excerpt) for excerpt in said or ()] or None,
        narrativeHeldBack=WORDS_HELD_BACK if said is None else None,
        people=[_person(person) for person in adults(notice)],
        children=children_in(notice),
        release=_release(notice) or None,
        precautions=dict(_given(notice, "flag", FLAG)) or None,
        kind=owed.kind,
        severity=owed.severity.value,
        source=owed.source,
        sourceReference=owed.source_id,
        recordedAt=notice.recorded_at.isoformat(),
        reviewOn=notice.review_on.isoformat() if notice.review_on else None,
        lawfulBasis=notice.lawful_basis,
        policyVersion=notice.policy_version,
        rule=notice.rule,
        withheld=[*notice.withheld],
    )


def _words(notice: Notice, text: str) -> str:
    return HELD_BACK if names_a_child(notice, text) else text


def _person(person: NoticePerson) -> dict[str, Any]:
    name = person.name
    return present(
        ref=person.ref,
        role=person.role,
        relation=person.relation,
        certainty=person.certainty,
        label=person.label,
        givenName=name.given if name else None,
        familyName=name.family if name else None,
        dateOfBirth=person.born.isoformat() if person.born else None,
        dateOfDeath=person.died.isoformat() if person.died else None,
        identifiers=[{"type": TYPES[number.system], "value": number.value} for number in identifiers_of(person)],
        addresses=[present(uprn=a.uprn, lines=[*a.lines], postcode=a.postcode) for a in addresses_of(person)] or None,
    )


def _called(person: NoticePerson) -> str:
    """What the lines call somebody: an adult by name, a child never."""
    if person.child:
        return "a child"
    return (person.name.full if person.name else None) or person.label or "somebody"


def _release(notice: Notice) -> dict[str, Any]:
    """The release, with how sure it is wherever a release is told (PRI-04)."""
    found = dict(_given(notice, "release", RELEASE))
    if tells_of_release(notice):
        found.setdefault("confirmed", NOT_STATED)
    return found


def _given(notice: Notice, name: str, fields: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """The fields of a section that are shown, by the names of the event; words that name a child give way."""
    for field, called in fields.items():
        value = section(notice, name).get(field)
        if isinstance(value, list | tuple):
            value = [_words(notice, str(one)) for one in value]
        if value is not None:
            yield called, value if isinstance(value, bool | list) else str(value)
