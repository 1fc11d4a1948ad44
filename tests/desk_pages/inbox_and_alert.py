"""The inbox in each of its shows, an alert with its words closed and open, before and after its answer, and what is not there."""

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
    told = morning(agency, ids)
    await owe(gateway, *told)
    gateway.inside.now.at = AT + timedelta(hours=1)
    desk.door.who = who
    done = await desk.post(f"/obligations/{told[2].obligation.id}/answer", intent="acting", back="open")
    await gateway.projected(topics.RECEIPTS)
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
        ShownPage("just answered", done.headers["location"], who, in_main=("You are acting on it", "Take it back")),
        ShownPage("answered alert", f"/alerts/{ids[2]}", who, in_main=("Say what was done",)),
        ShownPage("refused answer", f"/obligations/{told[0].obligation.id}/answer", who, {"intent": "passing_on"}, 422, ("Give the name",)),
        ShownPage("refused deed", f"/obligations/{told[2].obligation.id}/acted", who, {"what": ""}, 422, ("Say in a few words",)),
    ]
