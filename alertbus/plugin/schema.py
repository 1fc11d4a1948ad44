"""The JSON Schema (2020-12) of a plugin's message or form: its parts, and the one way in which it is published.

    python -m alertbus_police > schemas/police-ppn.v1.json

A plugin's `__main__` prints its schema with `publish`, and a test of the plugin compares the file with `text_of`.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any

from alertbus.plugin.wording import NOT_STATED

Schema = dict[str, Any]


def document(name: str, content: Schema) -> Schema:
    """Make a whole schema of `content`, published as `schemas/<name>.json`."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:alertbus:schema:{name}", **content}


def closed(properties: Schema, required: Sequence[str] = ()) -> Schema:
    """Describe an object in which a field that is not named cannot be sent: a fence as well as a description."""
    return {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False}


def excerpt() -> Schema:
    """Describe what `wording.excerpt_fields` gives."""
    fields: Schema = {
        "text": {"type": "string", "minLength": 1, "description": "Verbatim: what was said or seen, unaltered."},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "said_by": {"enum": ["child", "parent", "professional", "public", NOT_STATED]},
        "observed_first_hand": {"anyOf": [{"type": "boolean"}, {"const": NOT_STATED}]},
    }
    return closed(fields, [*fields])


def text_of(schema: Schema) -> str:
    """Write a schema as it stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def publish(schema: Schema) -> None:
    """Print a schema, to be kept as its file."""
    sys.stdout.write(text_of(schema))
