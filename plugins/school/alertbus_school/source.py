"""One concern form in, one alert out, with the time it was seen beside the time it was sent (CON-02, CON-06)."""

from typing import Any

from alertbus.plugin import Action, Alert, Details, Headers, Ignored, Incident, Narrative, SaidBy, Severity, Subject
from alertbus.plugin.forms import read_form, schema_of
from alertbus_school.concern import Piece, SchoolConcern

SCHEMA = "school-concern.v1"

_KINDS = {"concern": "school_concern", "pregnancy": "concealed_pregnancy_concern"}


class School:
    """The source `school`: concern forms. Whose school it is stands in the alert's source, `school.<urn>`."""

    name = "school"

    def parse(self, raw: bytes, headers: Headers) -> list[Alert] | Ignored:  # noqa: ARG002  nothing in them is needed
        form = read_form(SchoolConcern, raw)
        pieces: tuple[SchoolConcern | Piece, ...] = (form, *form.more)
        return [
            Alert(
                id=form.concern_id,
                source=f"school.{form.school.urn}",
                kind=_KINDS[form.about],
                occurred_at=form.seen_at,
                recorded_at=form.sent_at,
                subjects=tuple(Subject(role=adult.role, person=adult.person()) for adult in form.adults),
                children=tuple(Subject(role="child", person=child.person()) for child in form.children),
                action=Action(form.action),
                narrative=tuple(_narrative(piece) for piece in pieces),
                severity=Severity.CRITICAL if form.immediate_danger else Severity.HIGH,
                family_informed=form.family_informed,
                details=Details(incident=Incident(reference=form.concern_id, officer=form.staff_role)),
            )
        ]


def _narrative(piece: SchoolConcern | Piece) -> Narrative:
    return Narrative(text=piece.words, said_by=SaidBy(piece.said_by), observed_first_hand=piece.first_hand)


def schema() -> dict[str, Any]:
    """Give the JSON Schema of the form, as published in `schemas/school-concern.v1.json`."""
    return schema_of(SchoolConcern, SCHEMA)
