"""The JSON Schema of the police message (2020-12).

Closed everywhere: a field that is not here cannot be sent, so the schema is a fence as well as a description.
"""

from alertbus.plugin import Deed
from alertbus.plugin.schema import Schema, closed, document, excerpt
from alertbus.plugin.wording import NOT_STATED
from alertbus_police.adapter import SCHEMA_NAME
from alertbus_police.required import NOBODY, WORDS

_TEXT: Schema = {"type": "string", "minLength": 1}
_TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
_TIME: Schema = {"type": "string", "format": "date-time"}
_DATE: Schema = {"type": "string", "format": "date"}
_FLAG: Schema = {"type": "boolean"}
_UNLESS_UNSAID: Schema = {"anyOf": [_FLAG, {"const": NOT_STATED}]}


def ppn_schema() -> Schema:
    content: Schema = {
        "title": "Public Protection Notice, POLE-shaped, as sent to police by alertbus",
        "description": (
            "Persons, objects, locations, events and links after the NPCC POLE headings; the fields are our own. "
            f"Every field of `required` is present; `{NOT_STATED}` means that nobody has said."
        ),
        **closed(
            {
                "flag": _TEXT | {"description": "The active flag. Read it first."},
                "exercise": {"type": "string", "pattern": "^EXERCISE "},
                "do_not_reveal_source": _TEXT,
                "schema": {"const": SCHEMA_NAME},
                "notice": _notice(),
                "required": closed(_required(), [*WORDS]),
                "to_complete": {"type": "array", "items": {"enum": [*WORDS.values()]}},
                "briefing": _TEXTS
                | {"description": "Of a newcomer's briefing: what stands and is open, a line for each thing, warnings first."},
                "persons": _list(_person()),
                "objects": _list(closed({"id": _TEXT, "type": _TEXT, "description": _TEXT}, ["id", "type"])),
                "locations": _list(closed({"id": _TEXT, "uprn": _TEXT, "lines": _TEXTS, "postcode": _TEXT}, ["id"])),
                "events": _list(_event()) | {"minItems": 1},
                "links": _list(closed({"from": _TEXT, "to": _TEXT, "type": _TEXT, "certainty": _TEXT}, ["from", "to", "type"])),
            },
            ["schema", "notice", "required", "to_complete", "persons", "objects", "locations", "events", "links"],
        ),
    }
    return document(SCHEMA_NAME, content)


def _notice() -> Schema:
    needed = {
        "id",
        "alert_id",
        "case_id",
        "title",
        "because",
        "source",
        "source_reference",
        "kind",
        "lawful_basis",
        "policy_version",
        "rule",
    }
    optional = {"ended_at", "own_agency", "state", "summary", "action", "contact", "recipient", "case_status"}
    fields: Schema = dict.fromkeys(sorted(needed | optional), _TEXT) | {
        "deed": {"enum": [deed.value for deed in Deed]},
        "severity": {"enum": ["critical", "high", "medium", "low"]},
        "due": _TIME,
        "ended_at": _TIME,
        "review_on": _DATE,
        "withheld": _TEXTS,
        "answering": _list(_TEXT) | {"description": "Who answers in the force, and why it is they: whom a team passed over, and why."},
        "before_this": _TEXTS,
    }
    return closed(fields, sorted(needed | {"deed", "severity", "withheld"}))


def _required() -> Schema:
    refs = {"type": "array", "items": _TEXT, "minItems": 1}
    stated: Schema = {
        "children": refs,
        "adults_present": refs,
        "person_sought": {"anyOf": [{"const": NOBODY}, refs]},
        "child_saw_or_said": {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1},
    }
    return {name: {"anyOf": [{"const": NOT_STATED}, stated.get(name, _TEXT)]} for name in WORDS}


def _person() -> Schema:
    names = ("id", "role", "relation", "certainty", "label", "given_name", "family_name")
    fields: Schema = dict.fromkeys(names, _TEXT) | {
        "child": _FLAG,
        "date_of_birth": _DATE,
        "date_of_death": _DATE,
        "identifiers": _list(closed({"system": {"enum": _SYSTEMS}, "value": _TEXT}, ["system", "value"])),
    }
    return closed(fields, ["id", "child", "identifiers"])


_SYSTEMS = ["pnc", "cro", "prison_number", "crn", "uprn", "la_child_id"]


def _event() -> Schema:
    details = {
        "release": closed({"date": _DATE, "conditions": _TEXTS, "restraining_order": _FLAG, "confirmed": _UNLESS_UNSAID}),
        "flag": closed({"precautions": _TEXTS, "grade": _TEXT}),
        "incident": closed(
            {
                "reference": _TEXT,
                "grade": _TEXT,
                "children_present": _UNLESS_UNSAID,
                "welfare_check": _UNLESS_UNSAID,
                "home_conditions": _TEXT,
                "officer": _TEXT,
                "parental_responsibility": _TEXT,
                "nobody_sought": _FLAG,
                "children_seen_at": _TIME,
                "shared_with": _TEXTS,
                "dash": {"type": "integer", "minimum": 0, "maximum": 24},
                "dash_grade": {"enum": ["standard", "medium", "high"]},
                "dash_reason": _TEXT,
                "reports_in_year": {"type": "integer", "minimum": 0},
                "marac": _FLAG,
                "dvds": {"enum": ["considered", "made"]},
                "dvds_note": _TEXT,
            }
        ),
    }
    fields: Schema = {
        "id": _TEXT,
        "type": _TEXT,
        "occurred_at": _TIME,
        "recorded_at": _TIME,
        "observations": _list(excerpt()),
        "details": closed(details),
    }
    in_words = _TEXTS | {
        "description": "What was stated of a conference, a question, a denial or a request to police, one line for each thing."
    }
    return closed(fields | {"stated": in_words}, [*fields])


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}
