"""What can be sent: the way to it, each form empty, refused, asked about, checked and sent."""

import re
from typing import Any

from alertbus.desk.visitor import Role
from tests.contract.test_desk_calls import call
from tests.contract.test_desk_releases import as_csv, row, upload
from tests.contract.test_desk_send import concern, mark_in
from tests.contract.test_http import fresh
from tests.desk_pages import ShownPage
from tests.desk_served import visitor


async def pages(gateway: Any, desk: Any) -> list[ShownPage]:
    school = fresh("school.")
    who = visitor("Ruth Kanarienvogel", "school", Role.PRACTITIONER, setting=school)
    desk.door.who = who
    judged = concern(**{"words-0-text": "Hostile and unkempt."})
    # Each refused page keeps one draft, however often it is asked for.
    empty = {"do": "check", "about": "school_concern", "kept_as": mark_in((await desk.get("/send/concern")).text)}
    judged |= {"kept_as": mark_in((await desk.get("/send/concern")).text)}
    await desk.post("/send/concern", **empty)
    await desk.post("/send/concern", **judged)
    kept = await desk.post("/send/concern", **concern(do="keep"))
    [draft] = re.findall(r"[0-9a-f-]{36}", kept.headers["location"])
    form = (await desk.get("/send/concern")).text
    check = (await desk.post("/send/concern", **concern(kept_as=mark_in(form)))).headers["location"]
    form = (await desk.get("/send/concern")).text
    sent = (await desk.post("/send/concern", **concern(kept_as=mark_in(form)))).headers["location"]
    done = (await desk.post(sent)).headers["location"]
    more = [*await _releases(desk), *await _calls(desk)]
    desk.door.who = who
    return [
        ShownPage("send", "/send", who, in_main=("Begun, and not sent", "Sent by you")),
        ShownPage("send kept", f"/send?kept={draft}", who, in_main=("Your draft is kept",)),
        ShownPage("concern", "/send/concern", who, in_main=("Who is it about?",)),
        ShownPage("concern draft", f"/send/concern/{draft}", who, in_main=("Her jumper was wet",)),
        ShownPage("concern more", "/send/concern", who, form=concern(do="add-person"), in_main=("Person 2",)),
        ShownPage("concern refused", "/send/concern", who, form=empty, status=422, in_main=("There is a problem",)),
        ShownPage("concern asked", "/send/concern", who, form=judged, status=422, in_main=("Keep my words as they are",)),
        ShownPage("concern check", check, who, in_main=("Check before you send", "Wrenna Quillfeather")),
        ShownPage("concern sent", done, who, in_main=("Your reference",)),
        ShownPage("send nothing", "/send/nothing", who, status=404),
        *more,
    ]


async def _releases(desk: Any) -> list[ShownPage]:
    who = visitor("Ruth Kanarienvogel", "probation", setting=fresh("probation."))
    desk.door.who = who
    rows = [row(number) for number in range(1, 6)]
    rows[2] = row(3, **{"Release date": "31/2/2026", "Surname": "<script>"})
    where = (await upload(desk, as_csv(*rows))).headers["location"]
    sent = (await upload(desk, as_csv(row(21), row(22, **{"Release date": ""})))).headers["location"]
    await desk.post(f"{sent}/send")
    whole = (await upload(desk, as_csv(row(31)))).headers["location"]
    await desk.post(f"{whole}/send")
    before = (await upload(desk, as_csv(row(31)))).headers["location"]
    check = (await desk.post("/send/release", prison_number="A0041BC", release_date="14/12/2026", do="check")).headers["location"]
    one = {"prison_number": "A0042BC", "release_date": "15/12/2026", "do": "check"}
    again = (await desk.post("/send/release", **one, kept_as=mark_in((await desk.get("/send/release")).text))).headers["location"]
    done = (await desk.post(again)).headers["location"]
    empty = {"do": "check", "note": "Nothing else.", "kept_as": mark_in((await desk.get("/send/release")).text)}
    await desk.post("/send/release", **empty)
    return [
        ShownPage("send as probation", "/send", who, in_main=("A list of releases",)),
        ShownPage("release", "/send/release", who, in_main=("Who is released?",)),
        ShownPage("release refused", "/send/release", who, form=empty, status=422, in_main=("There is a problem",)),
        ShownPage("release check", check, who, in_main=("14 December 2026",)),
        ShownPage("release sent", done, who, in_main=("Your reference",)),
        ShownPage("releases", "/send/releases", who, in_main=("What the list looks like",)),
        ShownPage("releases refused", "/send/releases", who, form={}, status=422, in_main=("Choose the file first",)),
        ShownPage("releases judged", where, who, in_main=("4 rows can be sent, 1 cannot",)),
        ShownPage("releases sent", sent, who, in_main=("1 row was not sent",)),
        ShownPage("releases all sent", whole, who, in_main=("Every row was sent",)),
        ShownPage("releases before", before, who, in_main=("sent before",)),
    ]


async def _calls(desk: Any) -> list[ShownPage]:
    who = visitor("Ruth Kanarienvogel", "nspcc", setting=fresh("nspcc."))
    desk.door.who = who
    check = (await desk.post("/send/nspcc", **call())).headers["location"]
    again = (await desk.post("/send/nspcc", **call(kept_as=mark_in((await desk.get("/send/nspcc")).text)))).headers["location"]
    done = (await desk.post(again, **{"last-anonymous": "no", "last-reference": "H-20418"})).headers["location"]
    empty = {"do": "check", "danger": "no", "kept_as": mark_in((await desk.get("/send/nspcc")).text)}
    asked = call(said="I am her aunt.", kept_as=mark_in((await desk.get("/send/nspcc")).text))
    return [
        ShownPage("call", "/send/nspcc", who, in_main=("Write nothing about who called",)),
        ShownPage("call refused", "/send/nspcc", who, form=empty, status=422, in_main=("There is a problem",)),
        ShownPage("call asked", "/send/nspcc", who, form=asked, status=422, in_main=("work out who called",)),
        ShownPage("call check", check, who, in_main=("The caller",)),
        ShownPage("call sent", done, who, in_main=("Your reference",)),
    ]
