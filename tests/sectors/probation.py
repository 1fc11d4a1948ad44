"""Probation and prison: HMPPS's own schema of a domain event, and ours, which says what such an event holds here."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from alertbus_probation import ProbationAdapter
from alertbus_probation.schema import event_schema

from alertbus.plugin import Notice
from alertbus.plugin.testing import sample_notice
from tests.sectors.frame import PLUGINS, Case, by_schema

SECTOR_CHECK = "HMPPS's own domain-event.schema.json; own JSON Schema probation-event.v1"

DOMAIN_EVENT = PLUGINS / "hmpps" / "tests" / "data" / "schema" / "domain-event.schema.json"


def cases() -> Iterator[Case]:
    theirs: dict[str, Any] = json.loads(DOMAIN_EVENT.read_bytes())
    for whose, schema in {"theirs": theirs, "ours": event_schema()}.items():
        for name, case in by_schema(ProbationAdapter(), schema, more()):
            yield f"{whose}: {name}", case


def more() -> Iterator[tuple[str, Notice]]:
    asked = {"request": {"what": "Where will the person live?", "to": "probation", "due": date(2021, 3, 1), "state": "asked"}}
    yield "a question", sample_notice(kind="meeting", details=asked)
    release = {"release": {"date": date(2021, 3, 12), "conditions": ("No contact",), "restraining_order": True, "confirmed": False}}
    yield "a release that nobody confirmed", sample_notice(kind="prisoner_release", details=release)
