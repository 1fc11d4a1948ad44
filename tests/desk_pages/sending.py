"""What can be sent: the way to it, each form empty, refused, asked about, checked and sent."""

import re
from typing import Any

from alertbus.desk.visitor import Role
from tests.contract.test_desk_send import concern, mark_in
from tests.contract.test_http import fresh
from tests.desk_pages import ShownPage
from tests.desk_served import visitor


async def pages(gateway: Any, desk: Any) -> list[ShownPage]:
    school = fresh("school.")
    who = visitor("Ada Kanarienvogel", "school", Role.PRACTITIONER, setting=school)
    desk.door.who = who
    judged = concern(**{"words-0-text": "Hostile and unkempt."})
    kept = await desk.post("/send/concern", **concern(do="keep"))
    [draft] = re.findall(r"[0-9a-f-]{36}", kept.headers["location"])
    form = (await desk.get("/send/concern")).text
    check = (await desk.post("/send/concern", **concern(kept_as=mark_in(form)))).headers["location"]
    form = (await desk.get("/send/concern")).text
    sent = (await desk.post("/send/concern", **concern(kept_as=mark_in(form)))).headers["location"]
    done = (await desk.post(sent)).headers["location"]
    return [
        ShownPage("send", "/send", who, in_main=("Begun, and not sent", "Sent by you")),
        ShownPage("send kept", f"/send?kept={draft}", who, in_main=("Your draft is kept",)),
        ShownPage("concern", "/send/concern", who, in_main=("Who is it about?",)),
        ShownPage("concern draft", f"/send/concern/{draft}", who, in_main=("Wrenna",)),
        ShownPage("concern more", "/send/concern", who, form=concern(do="add-person"), in_main=("Person 2",)),
        ShownPage("concern refused", "/send/concern", who, form={"do": "check"}, status=422, in_main=("There is a problem",)),
        ShownPage("concern asked", "/send/concern", who, form=judged, status=422, in_main=("Keep my words as they are",)),
        ShownPage("concern check", check, who, in_main=("Check before you send", "Wrenna Quillfeather")),
        ShownPage("concern sent", done, who, in_main=("Your reference",)),
        ShownPage("send nothing", "/send/nothing", who, status=404),
    ]
