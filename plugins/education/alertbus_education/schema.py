"""The JSON Schema of the school's message (2020-12), and the function that writes it to `schemas/`. Closed
everywhere: see `_closed`.
"""

import json
from pathlib import Path
from typing import Any

from alertbus_education.adapter import NOT_STATED, RECIPIENT_ROLE, SCHEMA_NAME

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string", "minLength": 1}
_DATE: Schema = {"type": "string", "format": "date"}
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
        "deed": {"enum": ["deliver", "amend", "withdraw", "escalate"]},
        "recipient": _closed({"role": {"const": RECIPIENT_ROLE}, "name": _TEXT}, ["role"]),
        **dict.fromkeys(("because", "summary", "action", "contact", "lawful_basis"), _TEXT),
        "due": {"type": "string", "format": "date-time"},
        "children": {"type": "array", "items": _child()},
        "incident": _incident(),
        "text": _TEXT | {"description": "The same in sentences; the active flag is its first line."},
        "narrative": {
            "type": "array",
            "items": {"anyOf": [_excerpt(), _closed({"left_out": {"type": "integer", "minimum": 1}}, ["left_out"])]},
        },
    }
    optional = {"flag", "exercise", "do_not_reveal_source", "contact", "due", "incident", "narrative"}
    closed = _closed(fields, [name for name in fields if name not in optional])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:alertbus:schema:{SCHEMA_NAME}",
        "title": "Operation Encompass notification or safeguarding notice, as sent to an education setting by alertbus",
        "description": "For the designated safeguarding lead. No profile says who the adult is.",
        **closed,
        "allOf": [
            {
                "if": _is("scheme", "operation_encompass"),
                "then": {"required": ["incident"]},
                "else": {"properties": {"incident": False}},
            },
            {"if": _is("profile", "minimal"), "then": {"properties": _MINIMAL}},
        ],
    }


def write_schema(folder: Path) -> Path:
    path = folder / f"{SCHEMA_NAME}.json"
    path.write_text(schema_text(), encoding="utf-8")
    return path


def schema_text() -> str:
    return json.dumps(encompass_schema(), indent=2, ensure_ascii=False) + "\n"


_MINIMAL: Schema = {
    "narrative": False,
    "incident": {"properties": {"time": False, "police_reference": False}},
    "children": {"items": {"properties": {"upn": False}}},
}


def _child() -> Schema:
    fields: Schema = {
        "first_name": _TEXT,
        "surname": _TEXT,
        "known_as": _TEXT,
        "date_of_birth": {"anyOf": [_DATE, {"const": NOT_STATED}]},
        "present": _YES_NO,
        "upn": {"type": "string", "pattern": "^[A-Z][0-9]{11}[0-9A-Z]$"},
    }
    return _closed(fields, ["first_name", "surname", "date_of_birth"])


def _incident() -> Schema:
    fields: Schema = {
        "date": _DATE,
        "hour": {"type": "integer", "minimum": 0, "maximum": 23},
        "time": {"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]$"},
        "children_present": _YES_NO,
        "welfare_check": _YES_NO,
        "police_reference": _TEXT,
    }
    return _closed(fields, ["date", "hour", "children_present", "welfare_check"])


def _excerpt() -> Schema:
    fields: Schema = {
        "text": {"type": "string", "minLength": 1, "description": "Verbatim: what was said or seen, unaltered."},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "said_by": {"enum": ["child", "parent", "professional", "public"]},
        "observed_first_hand": {"type": "boolean"},
    }
    return _closed(fields, [*fields])


def _is(field: str, value: str) -> Schema:
    return {"properties": {field: {"const": value}}, "required": [field]}


def _closed(properties: Schema, required: list[str]) -> Schema:
    """Describe an object in which a field that is not named cannot be sent."""
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
