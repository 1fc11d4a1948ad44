"""The JSON Schema of the school's message (2020-12). Closed everywhere: a field that is not here cannot be sent."""

from alertbus.plugin import Deed
from alertbus.plugin.schema import Schema, closed, document, excerpt
from alertbus.plugin.wording import NOT_STATED
from alertbus_education.adapter import ASK_POLICE, RECIPIENT_ROLE, SCHEMA_NAME

_TEXT: Schema = {"type": "string", "minLength": 1}
_DATE: Schema = {"type": "string", "format": "date"}
_DATE_OR_NOT: Schema = {"anyOf": [_DATE, {"const": NOT_STATED}]}
_YES_NO: Schema = {"enum": ["yes", "no", NOT_STATED]}


def encompass_schema() -> Schema:
    fields: Schema = {
        "flag": _TEXT | {"description": "The active flag. Read it first."},
        "exercise": {"type": "string", "pattern": "^EXERCISE "},
        "do_not_reveal_source": _TEXT,
        "schema": {"const": SCHEMA_NAME},
        "scheme": {"enum": ["operation_encompass", "safeguarding_notice"]},
        "profile": {"enum": ["minimal", "full"]},
        "notice_id": _TEXT,
        "reference": _TEXT,
        "deed": {"enum": [deed.value for deed in Deed]},
        "ended_on": _DATE | {"description": "Of a notice that ends something: since when."},
        "recipient": closed({"role": {"const": RECIPIENT_ROLE}, "name": _TEXT, "why": {"type": "array", "items": _TEXT}}, ["role"]),
        **dict.fromkeys(("because", "summary", "action", "contact", "lawful_basis"), _TEXT),
        "due": {"type": "string", "format": "date-time"},
        "children": {"type": "array", "items": _child()},
        "incident": _incident(),
        "release": closed({"date": _DATE_OR_NOT, "confirmed": _YES_NO}, ["date", "confirmed"]),
        "flag_grade": {"enum": ["abuse", "intimidation", "threat", "violence"]},
        "text": _TEXT | {"description": "The same in sentences; the active flag is its first line."},
        "narrative": {
            "type": "array",
            "items": {"anyOf": [excerpt(), closed({"left_out": {"type": "integer", "minimum": 1}}, ["left_out"])]},
        },
    }
    optional = {"ended_on", "flag", "exercise", "do_not_reveal_source", "contact", "due", "incident", "release", "flag_grade", "narrative"}
    content: Schema = {
        "title": "Operation Encompass notification or safeguarding notice, as sent to an education setting by alertbus",
        "description": "For the designated safeguarding lead. No profile says who the adult is.",
        **closed(fields, [name for name in fields if name not in optional]),
        "allOf": [
            {
                "if": _is("scheme", "operation_encompass"),
                "then": {"required": ["incident"]},
                "else": {"properties": {"incident": False}},
            },
            {"if": _is("profile", "minimal"), "then": {"properties": _MINIMAL}},
        ],
    }
    return document(SCHEMA_NAME, content)


FULL_ALONE = ("time", "police_reference", "location", "children_where", "voice_of_the_child", "circumstances")
"""The fields of an incident that the full profile adds: all of them, always; what was sent before there were the last four is valid too."""

_MINIMAL: Schema = {
    "narrative": False,
    "incident": {"properties": dict.fromkeys(FULL_ALONE, False)},
    "children": {"items": {"properties": {"upn": False}}},
}


def _child() -> Schema:
    fields: Schema = {
        "first_name": _TEXT,
        "surname": _TEXT,
        "known_as": _TEXT,
        "date_of_birth": _DATE_OR_NOT,
        "date_of_death": _DATE,
        "present": _YES_NO,
        "upn": {"type": "string", "pattern": "^[A-Z][0-9]{11}[0-9A-Z]$"},
    }
    return closed(fields, ["first_name", "surname", "date_of_birth"])


def _incident() -> Schema:
    fields: Schema = {
        "date": _DATE,
        "hour": {"type": "integer", "minimum": 0, "maximum": 23},
        "time": {"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]$"},
        "children_present": _YES_NO,
        "welfare_check": _YES_NO,
        "police_reference": _TEXT,
        "location": {"const": ASK_POLICE, "description": "No address goes to a school: the police give it to the lead who asks."},
        "children_where": _TEXT,
        "voice_of_the_child": _excerpts("What the child said."),
        "circumstances": _excerpts("What happened, in the words of whoever told it."),
    }
    return closed(fields, ["date", "hour", "children_present", "welfare_check"])


def _excerpts(what: str) -> Schema:
    places: Schema = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1}
    return {"anyOf": [places, {"const": NOT_STATED}], "description": f"{what} Places in `narrative`, where the words stand once."}


def _is(field: str, value: str) -> Schema:
    return {"properties": {field: {"const": value}}, "required": [field]}
