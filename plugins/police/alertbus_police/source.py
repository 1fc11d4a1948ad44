"""A force's report in, one alert out: every child, every adult who was there, whom the officers looked for, and the
words as they were said.

What the report leaves unsaid stays unsaid, and the bus asks for it in its answer (`to_complete`, PPN-14). Nothing is worked out here: no
risk from what somebody is said to have done (NOT-11), no relation to a family.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from alertbus.plugin import (
    Action,
    Address,
    Alert,
    Details,
    Headers,
    Identifier,
    Ignored,
    InvalidIdentifier,
    Name,
    Narrative,
    Person,
    SaidBy,
    Severity,
    Subject,
    UnreadableMessage,
    canonical,
)
from alertbus.plugin.forms import WHOLE, fields, read_form, read_json, schema_of
from alertbus.plugin.wording import NOT_STATED
from alertbus_police.report import LONGEST, MOST_PEOPLE, MOST_PIECES, MOST_PLACES, REPORT_SCHEMA, Observation, PoliceReport, ReportedPerson

KNOWN_ADDRESS = "known_address"
_OWN_NOTICE = "a notice that the bus sent to police: it is not stated again. A report of the force's own has a head `report`"
_NEVER_TAKEN = frozenset({"dash_questions", "dash_answers", "disclosure", "dvds_disclosure"})
_NEVER = "nothing: the text of a DASH question, or of a disclosure, never travels; give the count, the grade, or that police are to be rung"
_PERSONAL = frozenset({"pnc", "cro", "prison_number", "crn"})
"""Systems whose number is one person's wherever it stands."""
_SEVERITY = {
    "red": Severity.HIGH,
    "high": Severity.HIGH,
    "amber": Severity.MEDIUM,
    "medium": Severity.MEDIUM,
    "standard": Severity.MEDIUM,
    "green": Severity.LOW,
    "low": Severity.LOW,
}
"""How grave an alert is, by the grade that the officer gave. Without one it is as grave as an alert of which nothing is said."""


class PoliceReports:
    """The source `police`: reports of a force's own system."""

    name = "police"

    def parse(self, raw: bytes, headers: Headers) -> list[Alert] | Ignored:  # noqa: ARG002  nothing in them is needed
        whole = read_json(raw)
        if isinstance(whole, dict) and "notice" in whole and "report" not in whole:
            return Ignored(_OWN_NOTICE)
        if never := [path for key, path in fields(whole) if key.lower() in _NEVER_TAKEN]:
            raise UnreadableMessage(*((path, _NEVER) for path in never))
        report = read_form(PoliceReport, raw)
        people = _People(report)
        if faults := [*people.faults, *_inconsistent(report), *_altered(report), *_too_much(report)]:
            raise UnreadableMessage(*faults)
        return [_alert(report, people)]


def report_schema() -> dict[str, Any]:
    """Give the JSON Schema of a report, as published in `schemas/police-ppn-report.v1.json`."""
    return schema_of(PoliceReport, REPORT_SCHEMA)


def _alert(report: PoliceReport, people: "_People") -> Alert:
    head, event = report.report, report.events[0]
    incident = event.details.incident
    return Alert(
        id=head.id,
        source=f"police.{head.force}",
        kind=event.type,
        action=Action(head.action),
        occurred_at=event.occurred_at,
        recorded_at=head.sent_at if head.action != "raised" else event.recorded_at,
        subjects=tuple(people.subjects(children=False)),
        children=tuple(people.subjects(children=True)),
        narrative=(*map(_narrative, event.observations), *(Narrative(text=one.description) for one in report.objects)),
        severity=_SEVERITY.get(incident.grade or "", Severity.MEDIUM) if incident else Severity.MEDIUM,
        review_on=head.review_on,
        details=Details.model_validate(dict(_details(event.details.model_dump(exclude_unset=True)))),
        family_informed=head.family_informed,
        exercise=head.exercise,
    )


def _narrative(seen: Observation) -> Narrative:
    said_by = None if seen.said_by == NOT_STATED else SaidBy(seen.said_by)
    return Narrative(text=seen.text, said_by=said_by, observed_first_hand=_stated(seen.observed_first_hand))


def _details(given: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for section, stated in given.items():
        if kept := {name: value for name, value in (stated or {}).items() if _stated(value) is not None}:
            yield section, kept


def _stated(value: Any) -> Any:
    """Give a value, or None for one of which the report itself says that nobody stated it."""
    return None if value == NOT_STATED else value


class _People:
    """The persons of a report as an alert names them, each with the places that a link gives them; and what is wrong with their numbers."""

    def __init__(self, report: PoliceReport) -> None:
        self._report = report
        places = {place.id: place.address() for place in report.locations}
        self._places: dict[str, list[Address]] = {}
        for link in report.links:
            if link.to in places and places[link.to] not in (have := self._places.setdefault(link.from_, [])):
                have.append(places[link.to])
        self.faults: list[tuple[str, str]] = [
            (f"persons[{n}]", f"links to at most {MOST_PLACES} places")
            for n, one in enumerate(report.persons)
            if len(self._places.get(one.id, ())) > MOST_PLACES
        ]
        year = report.events[0].occurred_at.year
        self._numbers = [[*self._read(n, one, year)] for n, one in enumerate(report.persons)]

    def _read(self, position: int, person: ReportedPerson, year: int) -> Iterator[Identifier]:
        """The century of a police number with a two-digit year follows the report's own year: no clock is read."""
        for n, number in enumerate(person.identifiers):
            path = f"persons[{position}].identifiers[{n}].value"
            try:
                system, value = canonical(number.system, number.value, this_year=year)
            except InvalidIdentifier as fault:
                self.faults.append((path, fault.expected))
                continue
            if number.system in _PERSONAL and value in self._report.report.id:
                self.faults.append(("report.id", "the force's own number for the report, with no number of a person in it"))
            yield Identifier(system=system, value=value)

    def subjects(self, *, children: bool) -> Iterator[Subject]:
        for person, numbers in zip(self._report.persons, self._numbers, strict=True):
            if person.child is children:
                yield Subject(role=person.role or ("child" if children else "subject"), person=self._person(person, numbers))

    def _person(self, person: ReportedPerson, numbers: list[Identifier]) -> Person:
        named = person.given_name or person.family_name
        return Person(
            label=person.label,
            identifiers=tuple(dict.fromkeys(numbers)),
            name=Name(given=person.given_name, family=person.family_name) if named else None,
            born=person.date_of_birth,
            addresses=tuple(self._places.get(person.id, ())),
        )


def _inconsistent(report: PoliceReport) -> Iterator[tuple[str, str]]:
    """Name each id that stands twice, each link that leads nowhere, and each place that nobody is linked to."""
    seen: set[str] = set()
    for array, ids in _ids(report).items():
        for n, one in enumerate(ids):
            if one in seen:
                yield f"{array}[{n}].id", "an id that nothing else in the report has"
            seen.add(one)
    people = {person.id for person in report.persons}
    for n, link in enumerate(report.links):
        if link.from_ not in seen:
            yield f"links[{n}].from", "the id of a person, place, object or event of this report"
    linked = {link.to for link in report.links if link.from_ in people}
    for n, place in enumerate(report.locations):
        if place.id not in linked:
            yield f"locations[{n}]", "a link from a person who is found there: a place of nobody reaches nobody"


def _ids(report: PoliceReport) -> dict[str, list[str]]:
    return {
        "persons": [one.id for one in report.persons],
        "objects": [one.id for one in report.objects],
        "locations": [one.id for one in report.locations],
        "events": [one.id for one in report.events],
    }


def _altered(report: PoliceReport) -> Iterator[tuple[str, str]]:
    for n, seen in enumerate(report.events[0].observations):
        if seen.sha256 and hashlib.sha256(seen.text.encode()).hexdigest() != seen.sha256:
            yield f"events[0].observations[{n}].sha256", "the SHA-256 of the text in UTF-8: the words were altered on the way"


def _too_much(report: PoliceReport) -> Iterator[tuple[str, str]]:
    """Name what an alert has no room for."""
    event = report.events[0]
    children = sum(person.child for person in report.persons)
    if max(children, len(report.persons) - children) > MOST_PEOPLE:
        yield "persons", f"at most {MOST_PEOPLE} children, and as many adults"
    if len(event.observations) + len(report.objects) > MOST_PIECES:
        yield WHOLE, f"at most {MOST_PIECES} observations and objects together"
    if sum(map(len, (*(seen.text for seen in event.observations), *(one.description for one in report.objects)))) > 4 * LONGEST:
        yield "events[0].observations", f"at most {4 * LONGEST} characters in all, with the objects; leave longer papers at the source"
