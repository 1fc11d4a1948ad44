"""The desk's inbox: what an agency was told, a card for each family; its answers, in the visitor's own name; and nothing of another's."""

import asyncio
import html
import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alertbus.broker import topics
from alertbus.desk.visitor import Role
from alertbus.model.notice import Excerpt, Notice, NoticePerson
from alertbus.serving import alert_opened
from tests.contract.test_http import alert, fresh, notice, owe
from tests.desk_served import desk_over, visitor

pytestmark = pytest.mark.kafka

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
HOSTILE = "<script>alert('canary')</script><img src=x onerror=alert(1)>\"'&"


@pytest.fixture
def agency() -> str:
    return fresh("school_")


def told(agency: str, minutes: int = 0, **changed: Any) -> Notice:
    own = {name: changed.pop(name) for name in list(changed) if name not in {"case_id", "severity", "due", "kind", "exercise", "alert_id"}}
    since = (AT + timedelta(minutes=minutes)).isoformat()
    made = notice(agency, since=since, **changed)
    return made.model_copy(update=own)


async def stated(gateway: Any) -> str:
    """An alert that the chronicle knows; gives its id."""
    answer = await gateway.http.post("/v1/alerts", json=alert())
    assert answer.status_code == 202, answer.text
    await gateway.projected(topics.ALERTS)
    return str(answer.json()["id"])


async def test_an_inbox_shows_a_card_for_each_family_the_most_pressing_first(gateway: Any, agency: str) -> None:
    case = fresh("case-")
    late = told(agency, 3, case_id=case, due="2026-11-23T08:10:00Z", severity="low", title="Late one")
    grave = told(agency, 2, severity="critical", title="Grave one")
    same = told(agency, 1, case_id=case, severity="medium", title="Same family")
    await owe(gateway, late, grave, same)

    async with desk_over(gateway, visitor(agency=agency)) as desk:
        page = (await desk.get("/inbox")).text

    assert page.index("Late one") < page.index("Same family") < page.index("Grave one"), "what is overdue first, and its family with it"
    assert page.count('<section class="desk-card') == 2
    assert "Overdue by" in page


async def test_what_sources_wrote_is_shown_as_they_wrote_it_and_never_runs(gateway: Any, agency: str) -> None:
    person = NoticePerson(ref="p1", role="subject", relation=HOSTILE, label=HOSTILE)
    child = NoticePerson(ref="c1", child=True, label=HOSTILE)
    free = dict.fromkeys(("title", "because", "summary", "action", "contact", "flag", "lawful_basis", "recipient"), HOSTILE)
    one = told(
        agency,
        alert_id=await stated(gateway),
        narrative=(Excerpt.of(HOSTILE),),
        people=(person,),
        children=(child,),
        details={"incident": {"place": HOSTILE}},
        **free,
    )
    await owe(gateway, one)

    async with desk_over(gateway, visitor(agency=agency)) as desk:
        path = f"/alerts/{one.obligation.alert_id}"
        pages = [await desk.get("/inbox"), await desk.get(path), await desk.post(f"{path}/words")]

    for page in pages:
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "canary" in page.text, "it is shown, escaped"


async def test_whoever_is_called_a_case_holder_at_an_agency_that_holds_no_cases_sees_no_more_than_its_own(
    gateway: Any, agency: str
) -> None:
    theirs = told(fresh("gp_"), title="Kanarienvogel title", alert_id=await stated(gateway))
    await owe(gateway, theirs)
    path = f"/alerts/{theirs.obligation.alert_id}"

    async with desk_over(gateway, visitor("Kanarienvogel Obi", agency, Role.PRACTITIONER, Role.CASE_HOLDER)) as desk:
        refused = await desk.get(path)
        desk.door.who = visitor("Kanarienvogel Obi", "childrens_social_care", Role.CASE_HOLDER)
        shown = await desk.get(path)

    assert (refused.status_code, "Kanarienvogel title" in refused.text, shown.status_code) == (404, False, 200)


async def test_another_agencys_alert_answers_exactly_as_one_that_does_not_exist(gateway: Any, agency: str) -> None:
    theirs = told(fresh("gp_"), title="Kanarienvogel title", alert_id=await stated(gateway))
    nowhere = fresh("no-such-")
    await owe(gateway, theirs)

    async with desk_over(gateway, visitor(agency=agency)) as desk:
        pairs = [
            (await desk.get(f"/alerts/{theirs.obligation.alert_id}"), await desk.get(f"/alerts/{nowhere}")),
            (await desk.post(f"/alerts/{theirs.obligation.alert_id}/words"), await desk.post(f"/alerts/{nowhere}/words")),
            (
                await desk.post(f"/obligations/{theirs.obligation.id}/answer", intent="acting"),
                await desk.post(f"/obligations/{nowhere}/answer", intent="acting"),
            ),
            (
                await desk.post(f"/obligations/{theirs.obligation.id}/answer", intent="not_ours"),
                await desk.post(f"/obligations/{nowhere}/answer", intent="not_ours"),
            ),
            (
                await desk.post(f"/obligations/{theirs.obligation.id}/acted", what="a thing"),
                await desk.post(f"/obligations/{nowhere}/acted", what="a thing"),
            ),
        ]

    for of_another, of_nobody in pairs:
        assert (of_another.status_code, _moments_apart(of_another.text)) == (404, _moments_apart(of_nobody.text))
        assert "Kanarienvogel title" not in of_another.text


def _moments_apart(page: str) -> str:
    return re.sub(r"\d\d:\d\d|/obligations/[\w-]+|/alerts/[\w-]+|(?<=name=\"subject\" value=)\"[\w-]+\"", "", page)


async def test_another_agencys_alert_is_refused_as_soon_as_one_that_does_not_exist(
    gateway: Any, agency: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who stated an alert is waited for until the chronicle shows it. For all others the wait would say that there is such an alert."""
    theirs = told(fresh("gp_"), alert_id=await stated(gateway))
    await owe(gateway, theirs)
    monkeypatch.setattr(alert_opened, "_PATIENCE_S", 3600.0)

    async with asyncio.timeout(60), desk_over(gateway, visitor(agency=agency)) as desk:
        for path in (theirs.obligation.alert_id, fresh("no-such-")):
            assert (await desk.get(f"/alerts/{path}")).status_code == 404


async def test_one_press_answers_in_the_visitors_own_name_and_another_takes_it_back(gateway: Any, agency: str) -> None:
    one = told(agency, title="Threat")
    await owe(gateway, one)

    async with desk_over(gateway, visitor("Ada Kanarienvogel", agency)) as desk:
        answered = await desk.post(f"/obligations/{one.obligation.id}/answer", intent="acting", by="Somebody Else", back="open")
        assert answered.status_code == 303
        where = answered.headers["location"]
        assert "Ada" not in where
        await gateway.projected(topics.RECEIPTS)
        shown = (await desk.get(where)).text
        assert "You are acting on it" in shown
        assert "Somebody Else" not in shown
        [undo] = re.findall(r'action="(/obligations/[^"]+/undo)"', shown)
        back = await desk.post(undo, back="open")
        await gateway.projected(topics.RECEIPTS)
        assert "took the answer back" in (await desk.get(back.headers["location"])).text
        gateway.inside.now.at += timedelta(minutes=6)
        assert (await desk.post(undo, back="open")).status_code == 303, "taken back before: nothing changes"

        late = await desk.post(f"/obligations/{one.obligation.id}/answer", intent="acting", back="open")
        await gateway.projected(topics.RECEIPTS)
        gateway.inside.now.at += timedelta(minutes=6)
        page = (await desk.get(late.headers["location"])).text
        assert "/undo" not in page, "after five minutes there is no button"


async def test_an_answer_that_lacks_something_comes_back_with_what_was_typed_and_what_is_missing(gateway: Any, agency: str) -> None:
    one = told(agency)
    await owe(gateway, one)

    async with desk_over(gateway, visitor(agency=agency)) as desk:
        passed = await desk.post(f"/obligations/{one.obligation.id}/answer", intent="passing_on", to="", back="mine")
        refused = await desk.post(f"/obligations/{one.obligation.id}/answer", intent="not_ours", note="", back="mine")
        nothing = await desk.post(f"/obligations/{one.obligation.id}/answer", intent="perhaps", note="What I typed", back="mine")

    assert (passed.status_code, refused.status_code, nothing.status_code) == (422, 422, 422)
    assert "Give the name of the colleague" in passed.text
    assert "Say why it is not yours" in refused.text
    assert "What I typed" in nothing.text


async def test_a_reference_finds_an_alert_that_was_told_and_stands_in_no_address(gateway: Any, agency: str) -> None:
    one, theirs = told(agency, alert_id=await stated(gateway)), told(fresh("gp_"), alert_id=await stated(gateway))
    await owe(gateway, one, theirs)

    async with desk_over(gateway, visitor(agency=agency)) as desk:
        for reference in (theirs.obligation.alert_id, "Kanarienvogel Obi", "", HOSTILE):
            found = await desk.post("/find", reference=reference)
            assert (found.status_code, found.headers["location"]) == (303, "/inbox?missing=true")
        found = await desk.post("/find", reference=one.obligation.alert_id)
        assert found.headers["location"] == f"/alerts/{one.obligation.alert_id}"
        page = await desk.get("/inbox?missing=true")

    assert page.status_code == 404
    assert "Nothing with that reference was told to your agency" in page.text


@pytest.mark.parametrize("role", [Role.OPERATIONS, Role.INTEGRATION, Role.AUDITOR])
async def test_who_receives_nothing_sees_no_inbox_and_no_alert(gateway: Any, agency: str, role: Role) -> None:
    one = told(agency, title="Kanarienvogel title", alert_id=await stated(gateway))
    await owe(gateway, one)

    async with desk_over(gateway, visitor("Ada Kanarienvogel", agency, role)) as desk:
        inbox, alert = await desk.get("/inbox"), await desk.get(f"/alerts/{one.obligation.alert_id}")

    assert (inbox.status_code, alert.status_code) == (403, 404)
    assert "Kanarienvogel title" not in inbox.text + alert.text


async def test_nobody_who_is_not_signed_in_sees_or_does_anything(gateway: Any, agency: str) -> None:
    one = told(agency, title="Kanarienvogel title")
    await owe(gateway, one)

    async with desk_over(gateway) as desk:
        desk.door.who = None
        for path in ("/inbox", "/live", f"/alerts/{one.obligation.alert_id}"):
            answer = await desk.get(path)
            assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
        for path in (f"/alerts/{one.obligation.alert_id}/words", f"/obligations/{one.obligation.id}/answer", "/find"):
            assert (await desk.post(path, intent="acting")).status_code == 303


async def test_a_form_without_its_token_does_nothing(gateway: Any, agency: str) -> None:
    one = told(agency)
    await owe(gateway, one)

    async with desk_over(gateway, visitor(agency=agency)) as desk:
        for path in (f"/obligations/{one.obligation.id}/answer", f"/alerts/{one.obligation.alert_id}/words", "/find"):
            assert (await desk.http.post(path, data={"intent": "acting"})).status_code == 403
        page = await desk.get("/inbox")

    assert "Nobody here has answered yet" in page.text


async def test_every_opening_is_audited_by_the_readers_name_before_anything_is_shown(gateway: Any, agency: str) -> None:
    """AUD-08, VOI-11: the page and the words of the source are two openings."""
    one = told(agency, alert_id=await stated(gateway), severity="high", narrative=(Excerpt.of("Said it would end badly."),))
    await owe(gateway, one)

    async with desk_over(gateway, visitor("Ada Kanarienvogel", agency)) as desk:
        path = f"/alerts/{one.obligation.alert_id}"
        closed = (await desk.get(path)).text
        opened = (await desk.post(f"{path}/words")).text

    assert "Said it would end badly." not in closed
    assert "Said it would end badly." in opened
    written = [json.loads(record.data) for record in await gateway.records(topics.AUDIT, agency)]
    assert [(one["by"], one["deed"], one["caller"]) for one in written] == [
        ("Ada Kanarienvogel", "alert_opened", "desk"),
        ("Ada Kanarienvogel", "alert_opened", "desk"),
        ("Ada Kanarienvogel", "words_read", "desk"),
    ]
    assert all(one["about"] == [path.rpartition("/")[2]] for one in written)


async def test_the_words_of_a_source_are_shown_byte_for_byte(gateway: Any, agency: str) -> None:
    """VOI-01."""
    words = "  He said \u201cI\u2019ll <b>be</b> back\u201d &amp; left.\n\n\tNaïve café, Ŵyn; 3 < 4.  "
    one = told(agency, alert_id=await stated(gateway), severity="low", narrative=(Excerpt.of(words),))
    await owe(gateway, one)

    async with desk_over(gateway, visitor(agency=agency)) as desk:
        page = (await desk.get(f"/alerts/{one.obligation.alert_id}")).text

    [shown] = re.findall(r'<blockquote class="desk-words__text">(.*?)</blockquote>', page, re.DOTALL)
    assert html.unescape(shown) == words


async def test_what_people_type_stands_in_no_address_and_no_log(gateway: Any, agency: str, log_text: io.StringIO) -> None:
    one = told(agency, title="Kanarienvogel title", alert_id=await stated(gateway))
    await owe(gateway, one)

    async with desk_over(gateway, visitor("Ada Kanarienvogel", agency)) as desk:
        where = f"/obligations/{one.obligation.id}"
        answers = [
            await desk.post("/find", reference="Kanarienvogel reference"),
            await desk.post(f"{where}/answer", intent="not_ours", note="Kanarienvogel reason", back="Kanarienvogel"),
            await desk.post(f"{where}/answer", intent="passing_on", to="Jo Kanarienvogel", note="x" * 5000),
            await desk.post(f"{where}/acted", what="Kanarienvogel deed"),
            await desk.get("/inbox?show=Kanarienvogel"),
            await desk.get("/inbox?after=Kanarienvogel"),
        ]

    assert all("anarienvogel" not in answer.headers.get("location", "") for answer in answers)
    assert [answer.status_code for answer in answers] == [303, 303, 422, 303, 404, 422]
    assert "anarienvogel" not in log_text.getvalue()


async def test_quiet_says_what_it_means(gateway: Any, agency: str) -> None:
    async with desk_over(gateway, visitor("Ada Obi", agency)) as desk:
        desk.desk.settings = desk.desk.settings.model_copy(update={"watchdog_interval_s": 60})
        pages = {show: (await desk.get(f"/inbox?show={show}")).text for show in ("open", "overdue", "mine", "answered")}

    assert "Nothing waits for an answer" in pages["open"]
    assert "Nothing is overdue" in pages["overdue"]
    assert "Nothing waits for you, Ada Obi" in pages["mine"]
    assert "Nothing has been answered here yet" in pages["answered"]
    assert "The bus may be standing still" in pages["open"], "no test alert has ever come here"


async def test_filters_and_pages_show_each_alert_once(gateway: Any) -> None:
    agency = fresh("school.")
    every = [told(agency, n, kind="ppn" if n % 3 else "threat_to_staff", title=f"Number {n:03}.") for n in range(50)]
    await owe(gateway, *every)

    async with desk_over(gateway, visitor(agency=agency)) as desk:
        for query, expected in (("", 50), ("?kind=ppn", 33), ("?show=mine&kind=ppn", 0), ("?show=overdue", 0)):
            found, path = [], f"/inbox{query}"
            for _ in range(6):
                page = (await desk.get(path)).text
                found += re.findall(r">(Number \d\d\d\.)</a>", page)
                further = re.search(r'href="(/inbox[^"]+)" rel="next"', page)
                if further is None:
                    break
                path = further[1].replace("&amp;", "&")
            assert (len(found), len(set(found))) == (expected, expected), query


async def test_a_filter_offers_the_kinds_that_an_agency_may_know_and_says_no_other_back(gateway: Any) -> None:
    async with desk_over(gateway, visitor(agency="ambulance")) as desk:
        page = (await desk.get("/inbox?kind=drug_intelligence")).text
    async with desk_over(gateway, visitor(agency="police")) as desk:
        of_police = (await desk.get("/inbox?kind=drug_intelligence")).text
    title = desk.desk.policy.kinds["drug_intelligence"].title

    assert "drug_intelligence" not in page
    assert html.escape(title) not in page
    assert f'<option value="drug_intelligence" selected>{html.escape(title)}<' in of_police
    assert '<option value="other">Safeguarding information<' in page, "what comes to it without its kind can be looked for"
    assert '<option value="threat_to_staff">' in page


async def test_every_answer_carries_headers_that_let_nothing_else_in(gateway: Any, agency: str) -> None:
    async with desk_over(gateway, visitor(agency=agency)) as desk:
        answers = [await desk.get(path) for path in ("/inbox", "/alerts/none", "/no-such-page", f"{desk.desk.dress.root}/desk.css")]
        page = answers[0].text

    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        for name, value in (
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
        ):
            assert answer.headers[name] == value
    assert [answer.headers["cache-control"] for answer in answers] == ["no-store"] * 3 + ["public, max-age=31536000, immutable"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page), "nothing inline"
    assert not re.search(r'(?:src|href|action)="https?:', page), "nothing from anywhere else"
