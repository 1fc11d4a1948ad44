"""What the tests of this plugin build their messages from, and how they read an outcome."""

import json
from pathlib import Path
from typing import Any

import pytest
from alertbus_hmpps import Hmpps

from alertbus.plugin import Alert, Ignored, Stated, UnreadableMessage

DATA = Path(__file__).parent / "data"
CASES = DATA / "cases"


def case(name: str) -> Any:
    return json.loads((CASES / name).read_text(encoding="utf-8"))


def event(kind: str, *numbers: str, **changes: Any) -> dict[str, Any]:
    """Build an event about the person with these numbers; the length tells a CRN from a prison number. None takes a field out."""
    identifiers = [{"type": "NOMS" if number[-1].isalpha() else "CRN", "value": number} for number in numbers or ("C3690BB",)]
    whole = {
        "eventType": kind,
        "version": 1,
        "occurredAt": "2026-11-27T17:00:00Z",
        "description": "The publisher's own words",
        "personReference": {"identifiers": identifiers},
        "additionalInformation": {},
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not None}


def parse(message: object) -> list[Stated] | Ignored:
    return Hmpps().parse(json.dumps(message).encode(), {})


def reason(message: object) -> str:
    outcome = parse(message)
    assert isinstance(outcome, Ignored), outcome
    return outcome.reason


def statements(message: object) -> list[Stated]:
    outcome = parse(message)
    assert isinstance(outcome, list), outcome
    return outcome


def alerts(message: object) -> list[Alert]:
    stated = statements(message)
    found = [one for one in stated if isinstance(one, Alert)]
    assert len(found) == len(stated)
    return found


def alert(message: object) -> Alert:
    (one,) = alerts(message)
    return one


def refused(message: object) -> list[str]:
    with pytest.raises(UnreadableMessage) as error:
        parse(message)
    return [fault.path for fault in error.value.faults]
