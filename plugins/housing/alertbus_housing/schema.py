"""The JSON Schema of the housing message (2020-12) with Hackney's limits, and the function that writes it to
`schemas/`.
"""

import json
from pathlib import Path
from typing import Any

from alertbus_housing.adapter import LONGEST_ADDRESS, SCHEMA_NAME
from alertbus_housing.caution import LONGEST

Schema = dict[str, Any]

_TIME: Schema = {"type": "string", "format": "date-time"}


def alert_schema() -> Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:alertbus:schema:{SCHEMA_NAME}",
        "title": "Cautionary alert, as sent to a landlord by alertbus",
        "description": "After Hackney's cautionary-alerts-api: the body that raises an alert, or ends one.",
        "oneOf": [{"$ref": "#/$defs/create"}, {"$ref": "#/$defs/end"}],
        "$defs": {"create": _create(), "end": _closed({"endDate": _TIME}, ["endDate"])},
    }


def write_schema(folder: Path) -> Path:
    path = folder / f"{SCHEMA_NAME}.json"
    path.write_text(schema_text(), encoding="utf-8")
    return path


def schema_text() -> str:
    return json.dumps(alert_schema(), indent=2, ensure_ascii=False) + "\n"


def _create() -> Schema:
    fields: Schema = {
        "incidentDescription": _text(LONGEST) | {"pattern": "^[^<>]*$"},
        "incidentDate": _TIME | {"description": "In the past."},
        "assureReference": _text(12),
        "alert": _closed({"code": _text(10), "description": _text(50)}, ["code"]),
        "assetDetails": _closed(
            {
                "id": {"type": "string", "format": "uuid"},
                "propertyReference": _text(12),
                "uprn": {"type": "string", "pattern": "^[0-9]{1,12}$"},
                "fullAddress": _text(LONGEST_ADDRESS),
            },
            [],
        ),
        "personDetails": _closed({"id": {"type": "string", "format": "uuid"}, "name": _text(100)}, ["id", "name"]),
    }
    return _closed(fields, [field for field in fields if field != "assetDetails"])


def _text(longest: int) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": longest}


def _closed(properties: Schema, required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
