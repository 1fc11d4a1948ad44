"""A notice as POLE-shaped JSON: persons, objects, locations, events and the links between them (NPCC headings,
STANDARDS section 5).

There is no public police schema, so this one is ours and `schema.py` states it. No NHS number, UPN or health detail
goes to police: not even when a notice held one by mistake.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from alertbus.plugin import CONTRACT, Address, IdentifierSystem, Message, Notice, NoticePerson
from alertbus.plugin.briefed import before_this, briefing_lines
from alertbus.plugin.sections import called_in_words, section_lines
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
    tells_of_release,
)
from alertbus.plugin.writing import as_page
from alertbus_police.required import required, to_complete

MEDIA_TYPE = "application/json"
SCHEMA_NAME = "police-ppn.v1"

NOT_FOR_POLICE = frozenset({IdentifierSystem.NHS_NUMBER, IdentifierSystem.UPN, IdentifierSystem.ULN})
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
        "parental_responsibility",
        "nobody_sought",
        "children_seen_at",
        "shared_with",
        "dash",
        "dash_grade",
        "dash_reason",
        "reports_in_year",
        "marac",
        "dvds",
    ),
}
"""The sections and fields that police are shown. One that somebody adds to the model later is shown when it is
written here, not before.
"""

IN_WORDS = frozenset({"conference", "handover", "question", "denial", "request"})
"""The sections that police are shown in plain words: a plan is the family's and no matter of theirs, but they are asked to
conferences, call whoever answers now (TUR-07), and are asked for what they hold (LNK-05)."""

DO_NOT_REVEAL = HIDE_THE_SOURCE.capitalize()
RING_POLICE = "Nothing of the disclosure itself is here, and none of it travels: ask the force that made the report."
WITHDRAWN = "the sender has withdrawn this alert. End any marker set for it."
NO_LONGER_YOURS = (
    "this case is no longer yours, or whom it is about is no longer linked to it. End any marker set for this case; the concern itself "
    "stands, and others have it."
)
CORRECTED = "this was not about this case. Remove any marker set for it: the wrong person was meant."


class PoliceAdapter:
    """The Public Protection Notice."""

    name = "police"
    sector = "police"
    contract = CONTRACT
    formats: Sequence[str] = (MEDIA_TYPE,)

    def render(self, notice: Notice) -> Message:
        body = as_page(_ppn(notice), indent=1)
        return Message(
            media_type=MEDIA_TYPE,
            body=body,
            filename=f"{notice.id}.json",
            headers={"x-alertbus-schema": SCHEMA_NAME, "x-alertbus-deed": notice.deed.value},
        )


def _ppn(notice: Notice) -> dict[str, Any]:
    """In reading order: the flag, the marks, what to do, what must not be missing, then the records."""
    stated = required(notice)
    places = _Places(notice)
    return present(
        flag=exercise_mark(notice) + notice.flag if notice.flag else None,
        exercise=rehearsal(notice),
        do_not_reveal_source=DO_NOT_REVEAL if notice.do_not_reveal_source else None,
        schema=SCHEMA_NAME,
        notice=_notice(notice),
        required=stated,
        briefing=briefing_lines(notice, who=_named) or None,
        to_complete=[] if notice.deed.ends or notice.briefing else to_complete(stated),
        persons=[_person(p, child=p.child or p in notice.children) for p in _everybody(notice)],
        objects=[],
        locations=places.locations,
        events=[_event(notice)],
        links=[*_links(notice), *places.links],
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
        recipient=notice.recipient,
        answering=[*answering_lines(notice)] or None,
        source=owed.source,
        source_reference=owed.source_id,
        kind=owed.kind,
        severity=owed.severity.value,
        review_on=notice.review_on.isoformat() if notice.review_on else None,
        case_status=notice.case_status,
        lawful_basis=notice.lawful_basis,
        policy_version=notice.policy_version,
        rule=notice.rule,
        withheld=[*notice.withheld],
    )


def _everybody(notice: Notice) -> list[NoticePerson]:
    """Children first, each person once, whichever list names them."""
    seen: dict[str, NoticePerson] = {}
    for person in (*notice.children, *notice.people):
        seen.setdefault(person.ref, person)
    return list(seen.values())


def _person(person: NoticePerson, *, child: bool) -> dict[str, Any]:
    name = person.name
    return present(
        id=person.ref,
        child=child,
        role=person.role,
        relation=person.relation,
        certainty=person.certainty,
        label=person.label,
        given_name=name.given if name else None,
        family_name=name.family if name else None,
        date_of_birth=person.born.isoformat() if person.born else None,
        date_of_death=person.died.isoformat() if person.died else None,
        identifiers=[{"system": i.system.value, "value": i.value} for i in person.identifiers if i.system not in NOT_FOR_POLICE],
    )


def _named(person: NoticePerson) -> str:
    """What a briefing calls somebody: by name, which police know."""
    return (person.name.full if person.name else None) or person.label or called_in_words(person)


def _event(notice: Notice) -> dict[str, Any]:
    return present(
        id=notice.obligation.alert_id,
        type=notice.obligation.kind,
        occurred_at=notice.occurred_at.isoformat(),
        recorded_at=notice.recorded_at.isoformat(),
        observations=[excerpt_fields(excerpt) for excerpt in notice.narrative],
        details=dict(_details(notice)),
        stated=section_lines(notice, only=IN_WORDS) or None,
    )


def _details(notice: Notice) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of a release it is always said whether it is confirmed (PRI-04), and of an incident whether the children were there."""
    for name, fields in DETAILS.items():
        given = section(notice, name)
        if name == "release" and tells_of_release(notice):
            given = {**given, "confirmed": NOT_STATED if given.get("confirmed") is None else given["confirmed"]}
        if name == "incident":
            given = {**given, **incident_facts(notice)}
        if shown := {f: _plain(given[f]) for f in fields if given.get(f) is not None}:
            yield name, shown | ({"dvds_note": RING_POLICE} if "dvds" in shown else {})


def _links(notice: Notice) -> Iterator[dict[str, Any]]:
    """Yield what each person is to the family, and their part in the event. The certainty goes with the relation, always
    (LNK-06).
    """
    for person in _everybody(notice):
        if person.relation:
            certainty = {"certainty": person.certainty} if person.certainty else {}
            yield {"from": person.ref, "to": notice.obligation.case_id, "type": person.relation} | certainty
        if person.role:
            yield {"from": person.ref, "to": notice.obligation.alert_id, "type": person.role}


class _Places:
    """Addresses as POLE locations: each once, with a link from everybody who has it."""

    def __init__(self, notice: Notice) -> None:
        self.locations: list[dict[str, Any]] = []
        self.links: list[dict[str, Any]] = []
        known: dict[Address, str] = {}
        for person in _everybody(notice):
            for address in person.addresses:
                if address not in known:
                    known[address] = f"location-{len(known) + 1}"
                    self.locations.append(present(id=known[address], uprn=address.uprn, lines=[*address.lines], postcode=address.postcode))
                self.links.append({"from": person.ref, "to": known[address], "type": "known_address"})


def _plain(value: Any) -> Any:
    return [*value] if isinstance(value, tuple | list) else value if isinstance(value, bool | int) else str(value)
