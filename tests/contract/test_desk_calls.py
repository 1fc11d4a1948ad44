"""The helpline's form: what a caller said is stated, and who called is asked by no page, kept in no draft and shown nowhere again."""

import io
import json
import re
from typing import Any

import pytest

from alertbus.broker import topics
from alertbus.desk.sending.tables import draft as draft_table
from alertbus.desk.visitor import Visitor
from tests.contract.test_desk_send import alert_of, mark_in
from tests.contract.test_http import fresh
from tests.desk_served import desk_over, visitor

pytestmark = pytest.mark.kafka

REFERENCE = "H-20417"


@pytest.fixture
def helpline() -> Visitor:
    return visitor("Ada Kanarienvogel", "nspcc", setting=fresh("nspcc."))


def call(**changed: str) -> dict[str, str]:
    return {
        "person-0-part": "child",
        "person-0-given": "Wrenna",
        "person-0-family": "Quillfeather",
        "said": "The baby cries for hours and nobody comes.",
        "on": "22/6/2021",
        "at": "7.40pm",
        "danger": "no",
        "do": "check",
    } | changed


async def test_ano_01_a_call_is_sent_and_what_is_said_of_the_caller_is_on_no_page_in_no_draft_and_no_log(
    gateway: Any, helpline: Visitor, log_text: io.StringIO
) -> None:
    async with desk_over(gateway, helpline) as desk:
        form = (await desk.get("/send/nspcc")).text
        going = await desk.post("/send/nspcc", **call(kept_as=mark_in(form)), **{"last-anonymous": "yes", "last-reference": REFERENCE})
        check = going.headers["location"]
        pages = [(await desk.get(path)).text for path in (check, check.removesuffix("/check"), "/send")]
        async with gateway.inside.engine.begin() as connection:
            rows = (await connection.execute(draft_table.select().where(draft_table.c.id == check.split("/")[3]))).mappings().all()
        opened = desk.desk.seal.open(rows[0]["sealed"], f"{rows[0]['id']}\x1f{rows[0]['owner']}\x1fnspcc")
        wrong = await desk.post(check, **{"last-anonymous": "yes", "last-reference": "Jane"})
        sent = await desk.post(check, **{"last-anonymous": "yes", "last-reference": REFERENCE})
        pages += [(await desk.get(path)).text for path in (sent.headers["location"], check, check.removesuffix("/check"), "/send")]
        alert_id, stated = await alert_of(gateway, pages[3])
        await gateway.projected(topics.ALERTS)
        pages.append((await desk.get(f"/alerts/{alert_id}")).text)

    assert "not kept in a draft" in form
    assert opened is not None
    assert b"Wrenna" in opened
    assert REFERENCE.encode() not in opened
    assert not [page for page in pages if REFERENCE in page]
    assert wrong.status_code == 422
    assert re.findall(r'<a href="#([\w-]+)">', wrong.text) == ["last-reference"]
    assert (stated["kind"], stated["severity"], stated["referrer"]) == (
        "nspcc_concern",
        "high",
        {"anonymous": True, "reference": REFERENCE},
    )
    assert stated["narrative"] == [
        {"text": "The baby cries for hours and nobody comes.", "said_by": "public", "observed_first_hand": False}
    ]
    audited = [one.data.decode() for one in await gateway.records(topics.AUDIT, "nspcc") if alert_id in one.data.decode()]
    assert next(json.loads(one)["deed"] for one in audited) == "stated"
    assert not [text for text in (*audited, log_text.getvalue()) if REFERENCE in text]


async def test_not_01_words_that_tell_how_to_reach_a_caller_are_refused_and_those_that_hint_are_asked_about(
    gateway: Any, helpline: Visitor
) -> None:
    async with desk_over(gateway, helpline) as desk:
        reach = await desk.post("/send/nspcc", **call(said="Ring me on 01632 960777."))
        hint = await desk.post("/send/nspcc", **call(said="I am her aunt and the baby cries."))
        kept = await desk.post("/send/nspcc", **call(said="I am her aunt and the baby cries.", keep="yes"))

    assert (reach.status_code, "never takes how to reach a caller" in reach.text) == (422, True)
    assert (hint.status_code, "somebody may work out who called" in hint.text) == (422, True)
    assert kept.status_code == 303


async def test_only_the_helpline_has_this_form_and_it_has_no_other(gateway: Any, helpline: Visitor) -> None:
    async with desk_over(gateway, helpline) as desk:
        own = (await desk.get("/send")).text
        concern = await desk.get("/send/concern")
        desk.door.who = visitor("Ada Obi", "school", setting="school.123456")
        other = [await desk.get("/send/nspcc"), await desk.post("/send/nspcc", **call())]

    assert "A call to the helpline" in own
    assert "/send/concern" not in own
    assert (concern.status_code, [answer.status_code for answer in other]) == (403, [403, 403])


async def test_a_last_page_that_is_older_than_the_sign_in_shows_nothing_of_the_caller_again(gateway: Any, helpline: Visitor) -> None:
    async with desk_over(gateway, helpline) as desk:
        check = (await desk.post("/send/nspcc", **call())).headers["location"]
        desk.door.who = None
        out = await desk.post(check, **{"last-anonymous": "yes", "last-reference": REFERENCE})
        desk.door.who = helpline
        again = (await desk.get(check)).text

    assert (out.status_code, out.headers["location"]) == (303, "/sign-in?next=%2Fsend")
    assert REFERENCE not in out.text + again
    assert "give them again" in again
