"""The JSON Schema of the event (2020-12): HMPPS's own schema of a domain event, and what this one adds. Closed everywhere."""

from alertbus.plugin import Deed
from alertbus.plugin.schema import Schema, closed, document, excerpt
from alertbus.plugin.wording import NOT_STATED
from alertbus_probation.adapter import SCHEMA_NAME, TYPE_PREFIX, TYPES, VERSION

_TEXT: Schema = {"type": "string", "minLength": 1}
_TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
_TIME: Schema = {"type": "string", "format": "date-time"}
_DATE: Schema = {"type": "string", "format": "date"}
_YES: Schema = {"type": "boolean"}


def event_schema() -> Schema:
    deeds = "|".join(deed.value.replace("_", "-") for deed in Deed)
    fields: Schema = {
        "flag": _TEXT | {"description": "The active flag. Read it first."},
        "exercise": {"type": "string", "pattern": "^EXERCISE "},
        "doNotRevealSource": _TEXT,
        "eventType": {"type": "string", "pattern": rf"^{TYPE_PREFIX}\.[a-z0-9-]+\.({deeds})$"},
        "version": {"const": VERSION},
        "description": _TEXT,
        "occurredAt": _TIME,
        "personReference": closed({"identifiers": _numbers()}, ["identifiers"]),
        "additionalInformation": _information(),
    }
    content: Schema = {
        "title": "Safeguarding alert for probation and prison, as sent by alertbus",
        "description": (
            "In the shape of an HMPPS domain event. It is about the adult: no child is named or quoted in it, and no address stands in it "
            f"but that adult's own. `{NOT_STATED}` means that nobody has said."
        ),
        **closed(fields, ["eventType", "version", "description", "occurredAt", "personReference", "additionalInformation"]),
    }
    return document(SCHEMA_NAME, content)


def _information() -> Schema:
    needed = (
        "noticeId",
        "alertId",
        "caseId",
        "because",
        "role",
        "kind",
        "source",
        "sourceReference",
        "lawfulBasis",
        "policyVersion",
        "rule",
    )
    optional = ("state", "ownAgency", "summary", "action", "contact", "recipient", "unsaid", "narrativeHeldBack")
    fields: Schema = dict.fromkeys((*needed, *optional), _TEXT) | {
        "deed": {"enum": [deed.value for deed in Deed]},
        "severity": {"enum": ["critical", "high", "medium", "low"]},
        "endedAt": _TIME,
        "due": _TIME,
        "recordedAt": _TIME,
        "reviewOn": _DATE,
        "beforeThis": _TEXTS,
        "answering": _TEXTS | {"description": "Who answers, and why it is they."},
        "asked": _TEXTS | {"description": "What is asked of you, and what became of it, a line for each thing."},
        "briefing": _TEXTS,
        "narrative": {"type": "array", "items": excerpt(), "description": "What was said or seen, word for word."},
        "people": {"type": "array", "items": _person(), "description": "The adults."},
        "children": {"type": "integer", "minimum": 0, "description": "How many children it is about. Nothing else is said of them."},
        "release": closed(
            {"date": _DATE, "conditions": _TEXTS, "restrainingOrder": _YES, "confirmed": {"anyOf": [_YES, {"const": NOT_STATED}]}}
        ),
        "precautions": closed({"precautions": _TEXTS, "grade": _TEXT}),
        "withheld": _TEXTS,
    }
    return closed(fields, [*needed, "deed", "severity", "recordedAt", "people", "children", "withheld"])


def _person() -> Schema:
    fields: Schema = dict.fromkeys(("ref", "role", "relation", "certainty", "label", "givenName", "familyName"), _TEXT) | {
        "dateOfBirth": _DATE,
        "dateOfDeath": _DATE,
        "identifiers": _numbers(),
        "addresses": {"type": "array", "items": closed({"uprn": _TEXT, "lines": _TEXTS, "postcode": _TEXT}, ["lines"])},
    }
    return closed(fields, ["ref", "identifiers"])


def _numbers() -> Schema:
    return {"type": "array", "items": closed({"type": {"enum": [*TYPES.values()]}, "value": _TEXT}, ["type", "value"])}
