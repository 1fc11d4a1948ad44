"""What people state at the desk: checked as a system's, once, in their own name; and what is not finished is kept for them alone."""

import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest

from alertbus.broker import topics
from alertbus.desk.sending.tables import draft as draft_table
from alertbus.desk.visitor import Role
from tests.contract.test_http import fresh
from tests.desk_served import DeskServed, desk_over, visitor

pytestmark = pytest.mark.kafka

HOSTILE = "<script>alert('canary')</script>\"'&"


@pytest.fixture
def school() -> str:
    return fresh("school.")


def secretary(school: str, name: str = "Ada Kanarienvogel") -> Any:
    return visitor(name, "school", Role.PRACTITIONER, setting=school)


def concern(**changed: str) -> dict[str, str]:
    return {
        "about": "school_concern",
        "person-0-part": "child",
        "person-0-given": "Wrenna",
        "person-0-family": "Quillfeather",
        "person-0-born": "17/5/2019",
        "person-0-postcode": "zz99 3wz",
        "words-0-text": "Her jumper was wet through.\r\nShe said “I slept in the bath”.",
        "words-0-by": "professional",
        "words-0-hand": "yes",
        "on": "17/6/2021",
        "at": "8.40am",
        "severity": "high",
        "done": "I rang the duty worker at 9.10am.",
        "informed": "no",
        "do": "check",
    } | changed


def mark_in(page: str) -> str:
    return re.findall(r'name="kept_as" value="([^"]+)"', page)[0]


async def to_the_check(desk: DeskServed, **changed: str) -> str:
    """Fill in the form, and give the address of the check page."""
    opened = await desk.get("/send/concern")
    answer = await desk.post("/send/concern", **concern(kept_as=mark_in(opened.text)), **changed)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def alert_of(gateway: Any, sent_page: str) -> tuple[str, dict[str, Any]]:
    [alert_id] = re.findall(r'href="/alerts/([0-9a-f-]+)"', sent_page)
    [record] = await gateway.records(topics.ALERTS, alert_id)
    return alert_id, json.loads(record.data)["alert"]


async def test_con_07_a_concern_is_filled_in_checked_and_sent_beside_the_local_procedure_step(gateway: Any, school: str) -> None:
    async with desk_over(gateway, secretary(school)) as desk:
        form = (await desk.get("/send/concern")).text
        check = await to_the_check(desk)
        shown = (await desk.get(check)).text
        sent = await desk.post(check)
        page = (await desk.get(sent.headers["location"])).text

    assert "Tell the designated safeguarding lead" in form
    assert "Do not tell the parent" in page
    assert "Wrenna Quillfeather" in shown
    assert "17 May 2019" in shown
    alert_id, stated = await alert_of(gateway, page)
    assert stated["id"] in page
    assert (stated["source"], stated["kind"], stated["severity"], stated["family_informed"]) == (school, "school_concern", "high", False)
    assert stated["occurred_at"].startswith("2021-06-17T08:40:00")
    assert [one["text"] for one in stated["narrative"]] == [
        "Her jumper was wet through.\nShe said “I slept in the bath”.",
        "I rang the duty worker at 9.10am.",
    ]
    [child] = stated["children"]
    assert child["person"]["name"] == {"given": "Wrenna", "family": "Quillfeather"}
    assert child["person"]["addresses"][0]["postcode"] == "ZZ99 3WZ"
    audited = [json.loads(one.data) for one in await gateway.records(topics.AUDIT, "school")]
    assert [(one["by"], one["deed"], one["caller"]) for one in audited if alert_id in one["about"]] == [
        ("Ada Kanarienvogel", "stated", "desk")
    ]


async def test_a_double_click_or_going_back_and_sending_again_makes_one_alert(gateway: Any, school: str) -> None:
    async with desk_over(gateway, secretary(school)) as desk:
        form = (await desk.get("/send/concern")).text
        typed = concern(kept_as=mark_in(form))
        check = (await desk.post("/send/concern", **typed)).headers["location"]
        answers = [await desk.post(check) for _ in range(3)]
        again = await desk.post("/send/concern", **typed)
        back = await desk.get(again.headers["location"])
        page = (await desk.get(answers[0].headers["location"])).text

    assert {answer.headers["location"] for answer in answers} == {back.headers["location"]}
    alert_id, _ = await alert_of(gateway, page)
    assert len(await gateway.records(topics.ALERTS, alert_id)) == 1


async def test_what_is_sent_while_the_first_answer_is_lost_is_the_same_statement(gateway: Any, school: str) -> None:
    """The broker has it, and the desk dies before it notes that it was sent."""
    async with desk_over(gateway, secretary(school)) as desk:
        check = await to_the_check(desk)
        noted, desk.desk.drafts.sent = desk.desk.drafts.sent, _nothing  # type: ignore[method-assign]
        await desk.post(check)
        desk.desk.drafts.sent = noted  # type: ignore[method-assign]
        gateway.inside.now.at += timedelta(minutes=3)
        again = await desk.post(check)
        alert_id, _ = await alert_of(gateway, (await desk.get(again.headers["location"])).text)

    assert len(await gateway.records(topics.ALERTS, alert_id)) == 1
    assert await gateway.reviews(alert_id) == []


async def _nothing(*_: Any) -> None:
    pass


async def test_every_fault_stands_at_its_field_and_everything_typed_is_kept(gateway: Any, school: str) -> None:
    wrong = concern(
        **{
            "about": "",
            "severity": "",
            "on": "31/2/2026",
            "at": "25.10",
            "person-0-born": "17/5/19",
            "person-0-system": "nhs_number",
            "person-0-number": "9988462442",
            "person-1-given": HOSTILE,
            "words-0-by": "",
            "words-0-hand": "",
        }
    )
    async with desk_over(gateway, secretary(school)) as desk:
        answer = await desk.post("/send/concern", **wrong)
        numbers = await desk.post(
            "/send/concern", **concern(**{"person-0-system": "nhs_number", "person-0-number": "9988462442", "on": "1/1/2031"})
        )

    assert answer.status_code == numbers.status_code == 422
    faulty = set(re.findall(r'<a href="#([\w-]+)">', answer.text))
    assert faulty == {"about", "severity", "on", "at", "person-0-born", "person-0-number", "person-1-part", "words-0-by", "words-0-hand"}
    for field in faulty:
        assert f'id="{field}"' in answer.text
        assert f'id="{field}-error"' in answer.text
    assert "<script>alert" not in answer.text
    assert "canary" in answer.text
    assert "9988462442" in answer.text
    assert set(re.findall(r'<a href="#([\w-]+)">', numbers.text)) == {"person-0-number", "on"}
    assert "its check digit" in numbers.text
    assert "has not come yet" in numbers.text


async def test_voi_08_words_that_only_judge_are_asked_about_once_and_may_stay(gateway: Any, school: str) -> None:
    async with desk_over(gateway, secretary(school)) as desk:
        asked = await desk.post("/send/concern", **concern(**{"words-0-text": "Mum was hostile and chaotic."}))
        kept = concern(**{"words-0-text": "Mum was hostile and chaotic.", "words-0-keep": "yes"}, kept_as=mark_in(asked.text))
        on = await desk.post("/send/concern", **kept)
        sent = await desk.post(on.headers["location"])
        _, stated = await alert_of(gateway, (await desk.get(sent.headers["location"])).text)

    assert asked.status_code == 422
    assert "Say what was seen, heard or smelt" in asked.text
    assert "Keep my words as they are" in asked.text
    assert stated["narrative"][0]["text"] == "Mum was hostile and chaotic."


async def test_several_people_and_several_voices_are_stated_without_scripts(gateway: Any, school: str) -> None:
    async with desk_over(gateway, secretary(school)) as desk:
        more = await desk.post("/send/concern", **concern(do="add-person"))
        assert 'id="person-1-given"' in more.text
        assert 'id="person-2-given"' not in more.text
        typed = concern(
            **{
                "person-1-part": "parent",
                "person-1-called": "the mother",
                "person-2-part": "subject",
                "person-2-given": "Zeb",
                "words-1-text": "Mummy locks the door.",
                "words-1-by": "child",
                "words-1-hand": "no",
            },
            kept_as=mark_in(more.text),
        )
        fewer = await desk.post("/send/concern", **typed | {"do": "drop-person-1"})
        assert 'id="person-1-given" name="person-1-given" type="text" value="Zeb"' in fewer.text
        check = (await desk.post("/send/concern", **typed)).headers["location"]
        sent = await desk.post(check)
        _, stated = await alert_of(gateway, (await desk.get(sent.headers["location"])).text)

    assert [(one.get("role"), one["person"].get("label")) for one in stated["subjects"]] == [("parent", "the mother"), (None, None)]
    assert [(one["said_by"], one["observed_first_hand"]) for one in stated["narrative"]] == [
        ("professional", True),
        ("child", False),
        ("professional", True),
    ]


async def test_today_stays_the_day_on_which_it_was_written(gateway: Any, school: str) -> None:
    async with desk_over(gateway, secretary(school)) as desk:
        day = gateway.inside.now.at
        opened = await desk.get("/send/concern")
        typed = concern(kept_as=mark_in(opened.text), on="Today", at="")
        kept = await desk.post("/send/concern", **typed | {"do": "keep"})
        gateway.inside.now.at += timedelta(days=3)
        draft = (await desk.get(f"/send/concern/{kept.headers['location'][-36:]}")).text
        [on] = re.findall(r'name="on" type="text" value="([^"]+)"', draft)

    assert on == f"{day.day}/{day.month}/{day.year}"


async def test_what_an_agency_may_not_state_is_neither_offered_nor_taken(gateway: Any) -> None:
    async with desk_over(gateway, visitor("Ada Obi", "housing")) as desk:
        page = (await desk.get("/send")).text
        form = (await desk.get("/send/concern")).text
        refused = await desk.post("/send/concern", **concern())
        missing = [await desk.get(path) for path in ("/send/nothing", "/send/concern/nothing", "/send/concern/nothing/check")]
        desk.door.who = visitor("Ada Obi", "housing", Role.OPERATIONS)
        none = [await desk.get("/send"), await desk.get("/send/concern"), await desk.post("/send/concern", **concern())]

    assert "A list of releases" not in page
    assert 'value="school_concern"' not in form
    assert 'value="other"' in form
    assert (refused.status_code, "Choose what it is about" in refused.text) == (422, True)
    assert [answer.status_code for answer in missing] == [404, 404, 404]
    assert [answer.status_code for answer in none] == [403, 403, 403]


async def test_a_draft_is_its_writers_alone_sealed_and_gone_when_it_is_sent_thrown_away_or_old(gateway: Any, school: str) -> None:
    async with desk_over(gateway, secretary(school)) as desk:
        kept = await desk.post("/send/concern", **concern(do="keep"))
        assert kept.headers["location"].startswith("/send?kept=")
        page = (await desk.get(kept.headers["location"])).text
        [where] = re.findall(r'href="(/send/concern/[0-9a-f-]{36})"', page)
        assert "Wrenna" not in page
        assert "Wrenna" in (await desk.get(where)).text

        for other in (
            secretary(school, "Jo Goldammer"),
            secretary(fresh("school.")),
            visitor("Ada Kanarienvogel", "school", Role.OPERATIONS, setting=school),
        ):
            desk.door.who = other
            theirs = [await desk.get(where), await desk.get(f"{where}/check"), await desk.post(f"{where}/check")]
            assert {answer.status_code for answer in theirs} <= {403, 404}
            await desk.post(f"/send/drafts/{where[-36:]}/throw-away")

        desk.door.who = secretary(school)
        async with gateway.inside.engine.begin() as connection:
            [row] = (await connection.execute(draft_table.select().where(draft_table.c.id == where[-36:]))).mappings().all()
        assert not [word for word in (b"Wrenna", b"Quillfeather", b"jumper", b"bath") if word in row["sealed"]]
        assert "Kanarienvogel" not in str(dict(row))

        assert (await desk.post(f"/send/drafts/{where[-36:]}/throw-away")).status_code == 303
        assert (await desk.get(where)).status_code == 404
        await desk.post("/send/concern", **concern(do="keep"))
        gateway.inside.now.at += timedelta(days=14, minutes=1)
        assert "/send/concern/" not in (await desk.get("/send")).text
    async with gateway.inside.engine.begin() as connection:
        rows = (await connection.execute(draft_table.select().where(draft_table.c.until <= gateway.inside.now()))).all()
    assert rows == []


async def test_what_was_typed_when_the_session_had_ended_is_kept_for_who_was_shown_the_page(gateway: Any, school: str) -> None:
    async with desk_over(gateway, secretary(school)) as desk:
        mark = mark_in((await desk.get("/send/concern")).text)
        desk.door.who = None
        out = await desk.post("/send/concern", **concern(kept_as=mark, form_token="of before"))
        nothing = await desk.post("/send/concern", **concern(kept_as="made up", form_token="of before"))
        desk.door.who = secretary(school, "Jo Goldammer")
        theirs = (await desk.get("/send")).text
        desk.door.who = secretary(school)
        mine = (await desk.get("/send")).text
        [where] = re.findall(r'href="(/send/concern/[0-9a-f-]{36})"', mine)
        back = (await desk.get(where)).text

    assert out.headers["location"] == nothing.headers["location"] == "/sign-in?next=%2Fsend"
    assert "/send/concern/" not in theirs
    assert "Quillfeather" in back


async def test_what_people_type_stands_in_no_address_and_no_log(gateway: Any, school: str, log_text: io.StringIO) -> None:
    async with desk_over(gateway, secretary(school)) as desk:
        answers = [
            await desk.post("/send/concern", **concern(do="keep")),
            await desk.post("/send/concern", **concern(do="Quillfeather")),
            await desk.post("/send/concern", **concern(severity="Quillfeather")),
            await desk.post("/send/Quillfeather", **concern()),
        ]
        check = await to_the_check(desk)
        answers += [await desk.get(check), await desk.post(check), await desk.get("/send")]

    assert all("Quillfeather" not in answer.headers.get("location", "") for answer in answers)
    assert [answer.status_code for answer in answers] == [303, 303, 422, 404, 200, 303, 200]
    assert not [word for word in ("Quillfeather", "Wrenna", "jumper", "Kanarienvogel") if word in log_text.getvalue()]


async def test_a_form_without_its_token_states_nothing(gateway: Any, school: str) -> None:
    async with desk_over(gateway, secretary(school)) as desk:
        check = await to_the_check(desk)
        for path in ("/send/concern", check, f"/send/drafts/{check.split('/')[3]}/throw-away"):
            assert (await desk.http.post(path, data=concern())).status_code == 403
        assert "Wrenna" in (await desk.get(check)).text


async def test_a_statement_at_the_desk_bears_its_caller_as_one_by_the_api(gateway: Any, school: str) -> None:
    async with desk_over(gateway, secretary(school)) as desk:
        sent = await desk.post(await to_the_check(desk))
        alert_id, _ = await alert_of(gateway, (await desk.get(sent.headers["location"])).text)

    found = [r async for r in _all(gateway) if r.key == alert_id.encode()]
    assert [dict(one.headers).get("ce_caller") for one in found] == [b"desk"]


async def _all(gateway: Any) -> Any:
    from alertbus.broker.consumer import read_all

    async for one in read_all(gateway.bootstrap, [topics.ALERTS]):
        yield one
