"""What is another agency's, seen by break-glass; the form that asks why; who the lead reads of; an alert that its source has changed; and why
each agency was told.
"""

import uuid
from datetime import timedelta
from typing import Any

from alertbus.broker import topics
from alertbus.desk.visitor import Role
from alertbus.model.notice import Deed, Excerpt
from tests.contract.test_http import alert, fresh, owe
from tests.desk_pages import ShownPage
from tests.desk_served import visitor
from tests.desk_story import AT, morning

REASON = "Her teacher is with her and she will not go home"
HOLDER = "childrens_social_care"


async def pages(gateway: Any, desk: Any) -> list[ShownPage]:
    ids = []
    for _ in range(3):
        answer = await gateway.http.post("/v1/alerts", json=alert())
        assert answer.status_code == 202, answer.text
        ids.append(answer.json()["id"])
    await gateway.projected(topics.ALERTS)
    every = morning(HOLDER, ids)
    amended = every[1].model_copy(
        update={
            "id": str(uuid.uuid4()),
            "deed": Deed.AMEND,
            "recorded_at": every[1].recorded_at + timedelta(minutes=20),
            "title": "Public Protection Notice, completed",
            "narrative": (Excerpt.of("There were two children in the house."),),
        }
    )
    await owe(gateway, *every, amended)
    gateway.inside.now.at = AT + timedelta(hours=1)
    outsider, holder = visitor("Kanarienvogel Obi", fresh("school_")), visitor("Ada Obi", HOLDER, Role.CASE_HOLDER)
    lead = visitor("Ann Lee", HOLDER, Role.SAFEGUARDING_LEAD)
    await desk.desk.glass.ask(outsider, "alert", ids[0], REASON, holder=HOLDER)
    asked = {"kind": "alert", "subject": ids[1]}
    return [
        ShownPage("not yours", f"/alerts/{ids[1]}", outsider, status=404, in_main=("I need to see this",)),
        ShownPage("why", "/break-glass/form", outsider, form=asked, in_main=("Why must you see this now?",)),
        ShownPage("no reason", "/break-glass/ask", outsider, form=asked | {"reason": "urgent"}, status=422, in_main=("urgent",)),
        ShownPage("through the glass", f"/alerts/{ids[0]}", outsider, in_main=("by break-glass until", "Threat to staff")),
        ShownPage("words through the glass", f"/alerts/{ids[0]}/words", outsider, form={}, in_main=("follow the next worker home",)),
        ShownPage("changed", f"/alerts/{ids[1]}", holder, in_main=("Changed by its source on",)),
        ShownPage("changed words", f"/alerts/{ids[1]}/words", holder, form={}, in_main=("There were two children",)),
        ShownPage("explained", f"/alerts/{ids[1]}/explanation", holder, in_main=("Told since",)),
        ShownPage("inbox of a lead", "/inbox", lead, in_main=("Break-glass",)),
    ]
