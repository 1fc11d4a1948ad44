"""A notice for a children's social care case system: JSON in reading order, and beside it what to record, in the words of the census.

What the census has no place for (the flag, the words that were said, why it came, by when somebody answers) is what a social worker must
read first, so it does not stand inside the XML: the XML is one field of the message, and a case system takes it out and imports it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from alertbus.plugin import CONTRACT, Message, Notice, NoticePerson, ReceiptGiven
from alertbus.plugin.briefed import before_this, briefing_lines
from alertbus.plugin.forms import read_answer
from alertbus.plugin.sections import called_in_words, consent_line, section_lines
from alertbus.plugin.wording import (
    HIDE_THE_SOURCE,
    NOT_STATED,
    answering_lines,
    deed_line,
    excerpt_fields,
    exercise_mark,
    incident_facts,
    own_word,
    present,
    rehearsal,
    section,
    step_word,
    tells_of_release,
    unsaid_line,
)
from alertbus.plugin.writing import as_page
from alertbus_social_care.census import Census
from alertbus_social_care.changes import Change, changes
from alertbus_social_care.referral import USE, children_of, is_referral, referral, to_complete

MEDIA_TYPE = "application/json"
SCHEMA_NAME = "social-care-cin.v1"

DETAILS: Mapping[str, tuple[str, ...]] = {
    "release": ("date", "conditions", "restraining_order", "confirmed"),
    "flag": ("precautions", "grade"),
    "incident": (
        "reference",
        "grade",
        "children_present",
        "welfare_check",
        "home_conditions",
        "officer",
        "dash",
        "parental_responsibility",
        "nobody_sought",
    ),
}
"""The sections shown field by field, and their fields. One that somebody adds to the model is shown when it is written here."""

DO_NOT_REVEAL = HIDE_THE_SOURCE.capitalize()
WITHDRAWN = "the sender has taken this back. Record that on the case; a referral made of it stays on record, with what became of it."
CORRECTED = "this was not about this case: the wrong person was meant. Take it off these children's record."
NO_LONGER_YOURS = "this case is no longer yours, or whom it is about is no longer linked to it. The concern stands, and others have it."


class SocialCareAdapter:
    """`census` says which of the two spellings of a child's sex the case system reads."""

    name = "social_care"
    sector = "social_care"
    contract = CONTRACT
    formats: Sequence[str] = (MEDIA_TYPE,)

    def __init__(self, *, census: Census = Census.SINCE_2025) -> None:
        self._census = census

    def render(self, notice: Notice) -> Message:
        headers = {"x-alertbus-schema": SCHEMA_NAME, "x-alertbus-deed": notice.deed.value}
        if step := step_word(notice):
            headers["x-alertbus-step"] = step
        body = as_page(_page(notice, self._census))
        return Message(media_type=MEDIA_TYPE, body=body, filename=f"{notice.id}.json", headers=headers)

    def parse_receipt(self, raw: bytes) -> ReceiptGiven:
        return read_answer(raw)


def _page(notice: Notice, census: Census) -> dict[str, Any]:
    """In reading order: the flag, the marks, what to do, what was said, about whom, and last what to record."""
    return present(
        flag=exercise_mark(notice) + notice.flag if notice.flag else None,
        exercise=rehearsal(notice),
        do_not_reveal_source=DO_NOT_REVEAL if notice.do_not_reveal_source else None,
        schema=SCHEMA_NAME,
        notice=_notice(notice),
        briefing=briefing_lines(notice, who=_named) or None,
        narrative=[excerpt_fields(excerpt) for excerpt in notice.narrative] or None,
        stated=section_lines(notice, who=_named) or None,
        details=dict(_details(notice)) or None,
        children=[_person(person) for person in children_of(notice)],
        adults=[_person(person) for person in notice.people if not person.child],
        cin=_cin(notice, census),
    )


def _notice(notice: Notice) -> dict[str, Any]:
    owed = notice.obligation
    return present(
        id=notice.id,
        alert_id=owed.alert_id,
        case_id=owed.case_id,
        deed=notice.deed.value,
        state=deed_line(notice, withdrawn=WITHDRAWN, no_longer_yours=NO_LONGER_YOURS, corrected=CORRECTED),
        ended_at=notice.ended_at.isoformat() if notice.ended_at else None,
        title=exercise_mark(notice) + notice.title,
        because=notice.because,
        own_agency=own_word(notice),
        before_this=before_this(notice) or None,
        summary=notice.summary,
        action=notice.action,
        contact=notice.contact,
        due=owed.due.isoformat() if owed.due else None,
        role=owed.role,
        recipient=notice.recipient,
        answering=[*answering_lines(notice)] or None,
        unsaid=unsaid_line(notice),
        source=owed.source,
        source_reference=owed.source_id,
        kind=owed.kind,
        severity=owed.severity.value,
        occurred_at=notice.occurred_at.isoformat(),
        recorded_at=notice.recorded_at.isoformat(),
        review_on=notice.review_on.isoformat() if notice.review_on else None,
        case_status=notice.case_status,
        consent=consent_line(notice),
        lawful_basis=notice.lawful_basis,
        policy_version=notice.policy_version,
        rule=notice.rule,
        withheld=[*notice.withheld],
    )


def _person(person: NoticePerson) -> dict[str, Any]:
    name = person.name
    return present(
        ref=person.ref,
        role=person.role,
        relation=person.relation,
        certainty=person.certainty,
        label=person.label,
        given_name=name.given if name else None,
        family_name=name.family if name else None,
        date_of_birth=person.born.isoformat() if person.born else None,
        date_of_death=person.died.isoformat() if person.died else None,
        identifiers=[{"system": i.system.value, "value": i.value} for i in person.identifiers],
        addresses=[present(uprn=a.uprn, lines=[*a.lines], postcode=a.postcode) for a in person.addresses],
    )


def _named(person: NoticePerson) -> str:
    """What the lines call somebody: by name, which social care knows."""
    return (person.name.full if person.name else None) or person.label or called_in_words(person)


def _details(notice: Notice) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of a release it is always said whether it is confirmed (PRI-04), and of an incident whether the children were there."""
    for name, fields in DETAILS.items():
        given = section(notice, name)
        if name == "release" and tells_of_release(notice):
            given = {**given, "confirmed": NOT_STATED if given.get("confirmed") is None else given["confirmed"]}
        if name == "incident":
            given = {**given, **incident_facts(notice)}
        if shown := {field: _plain(given[field]) for field in fields if given.get(field) is not None}:
            yield name, shown


def _cin(notice: Notice, census: Census) -> dict[str, Any] | None:
    if is_referral(notice):
        return {"use": USE, "message": referral(notice, census), "to_complete": to_complete(notice, census)}
    found = changes(notice)
    if not found:
        return None
    return present(
        changes=[_change(one, value=one.value) for one in found if one.value] or None,
        to_complete=[_change(one, why=one.why) for one in found if not one.value],
    )


def _change(change: Change, **said: str | None) -> dict[str, Any]:
    return present(element=change.element, **said, children=[*change.children] or None)


def _plain(value: Any) -> Any:
    return [*value] if isinstance(value, tuple | list) else value if isinstance(value, bool | int) else str(value)
