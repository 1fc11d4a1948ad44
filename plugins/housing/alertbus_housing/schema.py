"""The JSON Schema of the housing message (2020-12), with Hackney's limits."""

from alertbus.plugin.schema import Schema, closed, document
from alertbus_housing.adapter import LONGEST_ADDRESS, SCHEMA_NAME
from alertbus_housing.caution import LONGEST
from alertbus_housing.source import CREATED, ENDED, OWN_SYSTEM

_TIME: Schema = {"type": "string", "format": "date-time"}


def alert_schema() -> Schema:
    content: Schema = {
        "title": "Cautionary alert, as sent to a landlord by alertbus",
        "description": "After Hackney's cautionary-alerts-api: the body that raises an alert, or ends one, or the event of either.",
        "oneOf": [{"$ref": "#/$defs/create"}, {"$ref": "#/$defs/end"}, {"$ref": "#/$defs/event"}],
        "$defs": {"create": _create(), "end": closed({"endDate": _TIME}, ["endDate"]), "event": _event()},
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
                "fullAddress": _text(LONGEST_ADDRESS) | {"pattern": "^[^<>]*$"},
            },
            [],
        ),
        "personDetails": closed({"id": {"type": "string", "format": "uuid"}, "name": _text(100)}, ["id", "name"]),
    }
    return closed(fields, [field for field in fields if field != "assetDetails"])


def _event() -> Schema:
    uuid: Schema = {"type": "string", "format": "uuid"}
    data: Schema = {
        "alertId": uuid,
        "reason": _or_null(_text(LONGEST)),
        "address": _or_null(_text(LONGEST_ADDRESS)),
        "uprn": _or_null(_text(12)),
        "dateOfIncident": _or_null({"type": "string", "pattern": "^[0-9]{2}/[0-9]{2}/[0-9]{4}$"}),
        "code": _or_null(_text(10)),
        "cautionOnSystem": _or_null(_text(50)),
        "personName": _text(100),
        "mmhid": uuid,
        "assureReference": _text(12),
        "isActive": {"type": "boolean"},
        "endDate": _or_null(_TIME),
    }
    fields: Schema = {
        "eventData": closed({"newData": closed(data, [*data])}, ["newData"]),
        "id": uuid,
        "eventType": {"enum": [CREATED, ENDED]},
        "sourceDomain": {"const": "CautionaryAlert"},
        "sourceSystem": {"const": OWN_SYSTEM},
        "version": {"const": "v1"},
        "correlationId": uuid,
        "dateTime": _TIME,
        "entityId": uuid,
        "user": closed({"name": _text(100)}, ["name"]),
    }
    return closed(fields, [*fields])


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _text(longest: int) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": longest}
