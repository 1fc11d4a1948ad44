"""The inbox in each of its shows, an alert with its words closed and open, and what is not there."""

from datetime import timedelta
from typing import Any

from alertbus.broker import topics
from tests.contract.test_http import alert, fresh, owe
from tests.desk_pages import ShownPage
from tests.desk_served import visitor
from tests.desk_story import AT, morning


async def pages(gateway: Any, desk: Any) -> list[ShownPage]:
    agency = fresh("health_visiting_")
    who = visitor(agency=agency)
    ids = []
    for _ in range(3):
        answer = await gateway.http.post("/v1/alerts", json=alert())
        assert answer.status_code == 202, answer.text
        ids.append(answer.json()["id"])
    await gateway.projected(topics.ALERTS)
    await owe(gateway, *morning(agency, ids))
    gateway.inside.now.at = AT + timedelta(hours=1)
    case = f"/alerts/{ids[0]}"
    return [
        ShownPage("inbox", "/inbox", who, in_main=("Threat to staff",)),
        ShownPage("answered", "/inbox?show=answered", who),
        ShownPage("overdue", "/inbox?show=overdue", who),
        ShownPage("mine", "/inbox?show=mine", who),
        ShownPage("missing", "/inbox?missing=true", who, status=404),
        ShownPage("alert", case, who, in_main=("Threat to staff",)),
        ShownPage("words", f"{case}/words", who, form={}, in_main=("follow the next worker home",)),
        ShownPage("nothing", "/alerts/none", who, status=404),
    ]
