"""Housing, both ways: the body of a real council API, by that API's own limits, and the events of its register."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

from alertbus_housing import HousingAdapter, HousingCautions
from alertbus_housing.schema import alert_schema

from alertbus.plugin import Action, Alert, Ignored, Notice
from tests.sectors.frame import PLUGINS, Case, by_schema, notices, the_tests

SECTOR_CHECK = (
    "own JSON Schema housing-cautionary-alert.v1; each message against the limits of Hackney's cautionary-alerts-api, read from its list of "
    "fields; the event of its register, in and out"
)
DATA = PLUGINS / "housing" / "tests" / "data"
API = json.loads((DATA / "cautionary-alert.fields.json").read_text(encoding="utf-8"))
CREATE = API["createRequest"]["fields"]
CAUTIONS = the_tests("housing", "test_cautions")


def cases() -> Iterator[Case]:
    for form in ("call", "event"):
        for name, case in by_schema(HousingAdapter(form=form), alert_schema()):
            yield f"{form}: {name}", case
    for name, notice in notices():
        yield f"Hackney's limits: {name}", partial(_within_limits, notice)
        yield f"Hackney's envelope: {name}", partial(_in_the_envelope, notice)
    yield "the register's own example warns the others", _warns
    yield "its end takes the warning back", _takes_back
    for code in API["codesSeen"]:
        yield f"code {code} has an outcome", partial(_has_outcome, code)


def _within_limits(notice: Notice) -> None:
    message = HousingAdapter().render(notice)
    body, route = json.loads(message.body), message.headers["x-alertbus-route"]
    assert route in API["routes"]
    if "endDate" in body:
        assert set(body) == set(API["endRequest"])
        assert body["endDate"] <= _utc(notice.ended_at or notice.recorded_at)
        return
    _fits("", body, CREATE)
    assert body["incidentDate"] <= _utc(notice.recorded_at), "an incident lies in the past when it is recorded"


def _fits(path: str, body: dict[str, Any], rules: dict[str, Any]) -> None:
    """Each field of the body is one of the API's and within its limits; each that the API requires is there."""
    assert set(body) <= set(rules), f"{path}: a field that the API does not know"
    for name, rule in rules.items():
        where, value = f"{path}.{name}", body.get(name)
        if isinstance(value, dict):
            _fits(where, value, rule)
        elif value is None:
            assert not rule.get("required"), f"{where} is required"
        else:
            assert 0 < len(value) <= rule.get("maxLength", 1000), f"{where}: its length"
            assert not set(value) & set("<>"), f"{where}: markup"
            assert rule.get("type") != "uuid" or UUID(value).int, f"{where}: an id that is none"


def _in_the_envelope(notice: Notice) -> None:
    sent = json.loads(HousingAdapter(form="event").render(notice).body)
    assert sent["eventType"] in API["event"]["eventTypes"]
    assert {name.partition(".")[0] for name in API["event"]["envelope"]} == set(sent)
    assert (sent["sourceDomain"], sent["version"]) == (API["event"]["sourceDomain"], API["event"]["version"])
    assert isinstance(CAUTIONS.read(sent), Ignored), "what the bus sent is not stated again"


def _warns() -> None:
    (raised,) = HousingCautions().parse(CAUTIONS.EXAMPLE.read_bytes(), {})
    assert isinstance(raised, Alert)
    assert (raised.kind, raised.action) == ("violent_person_flag", Action.RAISED)


def _takes_back() -> None:
    raised, over = CAUTIONS.alert(CAUTIONS.event()), CAUTIONS.alert(CAUTIONS.ended())
    assert (over.alert_id, over.action) == (raised.alert_id, Action.WITHDRAWN)


def _has_outcome(code: str) -> None:
    outcome = CAUTIONS.read(CAUTIONS.event(code=code))
    assert isinstance(outcome, Ignored if API["codesSeen"][code]["kind"] == "location" else list)


def _utc(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
