"""The JSON Schema of the housing message (2020-12), with Hackney's limits."""

from alertbus.plugin.schema import Schema, closed, document
from alertbus_housing.adapter import LONGEST_ADDRESS, SCHEMA_NAME
from alertbus_housing.caution import LONGEST

_TIME: Schema = {"type": "string", "format": "date-time"}


def alert_schema() -> Schema:
    content: Schema = {
        "title": "Cautionary alert, as sent to a landlord by alertbus",
        "description": "After Hackney's cautionary-alerts-api: the body that raises an alert, or ends one.",
        "oneOf": [{"$ref": "#/$defs/create"}, {"$ref": "#/$defs/end"}],
        "$defs": {"create": _create(), "end": closed({"endDate": _TIME}, ["endDate"])},
    }
    return document(SCHEMA_NAME, content)


def _create() -> Schema:
    fields: Schema = {
        "incidentDescription": _text(LONGEST) | {"pattern": "^[^<>]*$"},
        "incidentDate": _TIME | {"description": "In the past."},
        "assureReference": _text(12),
        "alert": closed({"code": _text(10), "description": _text(50)}, ["code"]),
        "assetDetails": closed(
            {
                "id": {"type": "string", "format": "uuid"},
                "propertyReference": _text(12),
                "uprn": {"type": "string", "pattern": "^[0-9]{1,12}$"},
                "fullAddress": _text(LONGEST_ADDRESS),
            },
            [],
        ),
        "personDetails": closed({"id": {"type": "string", "format": "uuid"}, "name": _text(100)}, ["id", "name"]),
    }
    return closed(fields, [field for field in fields if field != "assetDetails"])


def _text(longest: int) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": longest}
