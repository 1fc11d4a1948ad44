"""The JSON Schema of the social care message (2020-12). Closed everywhere: a field that is not here cannot be sent."""

from alertbus.plugin import Deed, IdentifierSystem
from alertbus.plugin.schema import Schema, closed, document, excerpt
from alertbus.plugin.wording import NOT_STATED
from alertbus_social_care.adapter import SCHEMA_NAME

_TEXT: Schema = {"type": "string", "minLength": 1}
_TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
_TIME: Schema = {"type": "string", "format": "date-time"}
_DATE: Schema = {"type": "string", "format": "date"}
_YES: Schema = {"type": "boolean"}
_UNLESS_UNSAID: Schema = {"anyOf": [_YES, {"const": NOT_STATED}]}


def social_care_schema() -> Schema:
    content: Schema = {
        "title": "Notice for children's social care, as sent by alertbus",
        "description": (
            "What to read, and in `cin` what to record, in the words of the Children in Need census. The census is a statutory return and "
            f"no messaging standard; case systems publish none. `{NOT_STATED}` means that nobody has said."
        ),
        **closed(
            {
                "flag": _TEXT | {"description": "The active flag. Read it first."},
                "exercise": {"type": "string", "pattern": "^EXERCISE "},
                "do_not_reveal_source": _TEXT,
                "schema": {"const": SCHEMA_NAME},
                "notice": _notice(),
                "briefing": _TEXTS | {"description": "Of a newcomer's briefing: what stands and is open, warnings first."},
                "narrative": _list(excerpt()) | {"description": "What was said or seen, word for word."},
                "stated": _TEXTS | {"description": "What was stated in fields, a line for each thing."},
                "details": closed(_details()),
                "children": _list(_person()),
                "adults": _list(_person()),
                "cin": {"oneOf": [_referral(), _changes()]},
            },
            ["schema", "notice", "children", "adults"],
        ),
    }
    return document(SCHEMA_NAME, content)


def _notice() -> Schema:
    needed = {"id", "alert_id", "case_id", "title", "because", "role", "source", "source_reference", "kind"}
    needed |= {"lawful_basis", "policy_version", "rule"}
    optional = {"state", "own_agency", "summary", "action", "contact", "recipient", "unsaid", "case_status", "consent"}
    fields: Schema = dict.fromkeys(sorted(needed | optional), _TEXT) | {
        "deed": {"enum": [deed.value for deed in Deed]},
        "severity": {"enum": ["critical", "high", "medium", "low"]},
        "due": _TIME,
        "ended_at": _TIME,
        "occurred_at": _TIME,
        "recorded_at": _TIME,
        "review_on": _DATE,
        "withheld": _TEXTS,
        "answering": _TEXTS | {"description": "Who answers, and why it is they."},
        "before_this": _TEXTS,
    }
    return closed(fields, sorted(needed | {"deed", "severity", "occurred_at", "recorded_at", "withheld"}))


def _person() -> Schema:
    fields: Schema = dict.fromkeys(("ref", "role", "relation", "certainty", "label", "given_name", "family_name"), _TEXT) | {
        "date_of_birth": _DATE,
        "date_of_death": _DATE,
        "identifiers": _list(closed({"system": {"enum": [*IdentifierSystem]}, "value": _TEXT}, ["system", "value"])),
        "addresses": _list(closed({"uprn": _TEXT, "lines": _TEXTS, "postcode": _TEXT}, ["lines"])),
    }
    return closed(fields, ["ref", "identifiers", "addresses"])


def _details() -> Schema:
    incident: Schema = dict.fromkeys(("reference", "grade", "home_conditions", "officer", "parental_responsibility"), _TEXT) | {
        "children_present": _UNLESS_UNSAID,
        "welfare_check": _UNLESS_UNSAID,
        "dash": {"type": "integer", "minimum": 0, "maximum": 24},
        "nobody_sought": _YES,
    }
    release: Schema = {"date": _DATE, "conditions": _TEXTS, "restraining_order": _YES, "confirmed": _UNLESS_UNSAID}
    return {"release": closed(release), "flag": closed({"precautions": _TEXTS, "grade": _TEXT}), "incident": closed(incident)}


def _referral() -> Schema:
    message = _TEXT | {
        "description": "XML: a `Message` of the census, of CIN_schema_2024.xsd but for `Sex`, without the header of a return."
    }
    return closed({"use": _TEXT, "message": message, "to_complete": _to_complete()}, ["use", "message", "to_complete"])


def _changes() -> Schema:
    one = closed({"element": _TEXT, "value": _TEXT, "children": _refs()}, ["element", "value"])
    changed = _list(one) | {"minItems": 1, "description": "Elements of the census to record on the open case."}
    return closed({"changes": changed, "to_complete": _to_complete()}, ["changes", "to_complete"])


def _to_complete() -> Schema:
    asked = closed({"element": _TEXT, "why": _TEXT, "children": _refs()}, ["element", "why"])
    return _list(asked) | {"description": "Elements that nobody has stated to us: what stands in their place, and what to do."}


def _refs() -> Schema:
    return {"type": "array", "items": _TEXT, "minItems": 1, "description": "By `ref`; all the children, where it is not there."}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}
