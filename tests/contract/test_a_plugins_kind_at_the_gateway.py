"""A kind that a shipped plugin offers (`cpis_accessed`, of health): taken and checked by a real gateway, then told to the case's agencies."""

import uuid
from typing import Any

import pytest

from alertbus.model.alert import AcceptedAlert
from alertbus.model.events import CaseChanged
from alertbus.plugin.manager import Plugins
from alertbus.policy.load import load_policy
from tests.asked import Machine, a_case, reached

pytestmark = pytest.mark.kafka

PLUGINS = Plugins.load()
POLICY = load_policy(additions=PLUGINS.additions).model_copy(update={"items": {}})
CPIS = {"care": "emergency_department", "ods": "RAX01", "plan": "child_protection_plan", "accessed_on": "2020-11-18"}


def accessed(**cpis: Any) -> dict[str, Any]:
    return {
        "id": uuid.uuid4().hex,
        "source": "hospital",
        "kind": "cpis_accessed",
        "occurred_at": "2020-11-18T14:05:00Z",
        "recorded_at": "2020-11-18T15:00:00Z",
        "subjects": [{"person": {"identifiers": [{"system": "crn", "value": "X123456"}]}}],
        "details": {"cpis": cpis},
    }


async def test_what_is_wrong_with_it_is_told_by_its_path_and_what_is_right_reaches_each_agency_as_far_as_it_may_see_it(
    kafka: str, open_gateway: Any
) -> None:
    async with open_gateway(kafka, plugins=PLUGINS) as gateway:
        wrong = await gateway.http.post("/v1/alerts", json=accessed(care="a bar", ods="somewhere near", name="Jo"))
        assert wrong.status_code == 422
        assert sorted(fault["path"] for fault in wrong.json()["faults"]) == ["details.cpis.care", "details.cpis.name", "details.cpis.ods"]
        assert not any(word in wrong.text for word in ("a bar", "somewhere near", "Jo"))

        taken = await gateway.http.post("/v1/alerts", json=accessed(**CPIS))
        assert taken.status_code == 202
        (record,) = await gateway.records("alertbus.alerts", taken.json()["id"])

    accepted = AcceptedAlert.model_validate_json(record.data)
    assert accepted.alert.details.by_plugin == {"cpis": CPIS}
    machine = Machine(policy=POLICY)
    case = a_case("childrens_social_care", "health_visiting", "school")
    told = machine.follow(CaseChanged(case=case), reached(accepted.with_people((("id-ex",),))))

    seen = {one.obligation.agency: dict(one.details) for one in told}
    assert seen["childrens_social_care"] == {"cpis": CPIS}
    assert set(seen) == {"childrens_social_care", "health_visiting", "school"}
    assert {one.title for one in told} == {"Child seen in unscheduled care"}
    assert all(PLUGINS.render(notice, PLUGINS.adapter_for(notice.sector)).body for notice in told), "no adapter stumbles over it"
