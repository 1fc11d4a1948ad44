"""A family's pages: for whoever is on the case what their agency may see, and for anybody else as if there were none."""

import html
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from alertbus.broker import topics
from alertbus.desk.visitor import Role
from tests.contract.test_http import fresh
from tests.desk_served import desk_over, visitor
from tests.family_story import CHILDS, CORRECTED, FIRST, GOOD, HOLDER, UNSAID, WORDS, a_family

pytestmark = pytest.mark.kafka

WORKER = visitor("Jo Goldammer", HOLDER, Role.CASE_HOLDER)
NURSE = visitor("Hanna Visitor", "health_visiting")
STRANGER = visitor("N. Body", "gp.y99999")


def text_of(page: Any) -> str:
    """What somebody reads on it."""
    main = re.search(r"<main.*</main>", page.text, re.DOTALL)
    assert main is not None
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main[0])))


async def audited(gateway: Any, agency: str, case_id: str) -> list[tuple[str, str, str]]:
    written = [json.loads(record.data) for record in await gateway.records(topics.AUDIT, agency)]
    return [(one["deed"], one["by"], one["reason"]) for one in written if case_id in one["about"]]


async def test_TUR_07_VPF_12_a_family_opens_with_the_warnings_and_says_who_is_there_and_how_to_reach_them(  # noqa: N802
    gateway: Any,
) -> None:
    story = await a_family(gateway)

    async with desk_over(gateway, NURSE) as desk:
        page = await desk.get(f"/families/{story.case_id}")

    text = text_of(page)
    assert (
        text.index("Violent person flag (threat)")
        < text.index("Zoë Ashdown, Łukasz Ashdown and Siân Ashdown")
        < text.index("How it stands")
    )
    for words in (
        "Child in need plan , by the case file",
        "Given Thu 1 Oct, as Children's social care stated",
        "Children's social care, Jo Goldammer, North, T. Manager",
        "To reach any of them, ring Duty team, 01632 960001",
        "Ex partner, reported",
        "In prison since Mon 3 Aug, as Probation stated",
        "Thu 4 Dec 2025, Health visiting (visit)",
    ):
        assert words in text, words


async def test_VPF_09_beside_a_warning_stands_who_has_a_visit_to_make_so_that_they_can_go_together(gateway: Any) -> None:  # noqa: N802
    story = await a_family(gateway)

    async with desk_over(gateway, NURSE) as desk:
        text = text_of(await desk.get(f"/families/{story.case_id}"))

    assert re.search(r"Who has a visit to make, so that you can go together: Children's social care, due \w{3} \d", text)
    assert "The flag does not end home visits" in text, "VPF-10"


async def test_TUR_08_who_held_the_case_before_is_named_to_who_holds_it_now_and_not_to_another_service(gateway: Any) -> None:  # noqa: N802
    story = await a_family(gateway)
    path = f"/families/{story.case_id}"

    async with desk_over(gateway, WORKER) as desk:
        holder = text_of(await desk.get(path))
        desk.door.who = NURSE
        nurse = text_of(await desk.get(path))

    assert "Ada Canary" in holder
    assert "Ada Canary" not in nurse


async def test_END_11_what_is_not_on_the_readers_case_is_not_there_whoever_asks(gateway: Any) -> None:  # noqa: N802
    story = await a_family(gateway)
    left, stranger = visitor("M. Idwife", "midwifery"), STRANGER

    async with desk_over(gateway) as desk:
        for who in (left, stranger):
            desk.door.who = who
            for path in ("", "/chronology", "/chronology/download?form=pdf"):
                there = await desk.get(f"/families/{story.case_id}{path}")
                nowhere = await desk.get(f"/families/{fresh('none-')}{path}")
                assert (there.status_code, nowhere.status_code) == (404, 404)
                assert text_of(there) == text_of(nowhere)
            assert story.case_id not in (await desk.get("/families")).text
            found = await desk.post("/families/find", reference=story.case_id)
            assert found.headers["location"] == "/families?missing=true"
            assert (await desk.post(f"/families/{story.case_id}/chronology/words")).status_code == 404
        desk.door.who = visitor("O. Perator", "operations", Role.OPERATIONS)
        assert [(await desk.get(path)).status_code for path in ("/families", f"/families/{story.case_id}")] == [403, 403]
        desk.door.who = visitor("Hanna Visitor", "health_visiting", Role.PRACTITIONER, Role.CASE_HOLDER)
        assert (await desk.get(f"/families/{story.case_id}/chronology")).status_code == 404, "that role counts only at the case holder"


async def test_NOT_02_an_agency_that_acts_for_an_adult_is_told_whom_to_ring_and_nothing_of_the_children(gateway: Any) -> None:  # noqa: N802
    story = await a_family(gateway)

    async with desk_over(gateway, visitor("P. Officer", "probation")) as desk:
        family, listed = await desk.get(f"/families/{story.case_id}"), await desk.get("/families")

    assert "Duty team, 01632 960001" in family.text
    for word in ("Zoë", "Łukasz", "Siân", "Ashdown", "hild in need", "Goldammer", "Hanna", "School", "Birth"):
        assert word not in family.text + listed.text, word


async def test_the_page_of_a_family_says_what_the_api_says(gateway: Any) -> None:
    story = await a_family(gateway)

    answer = await gateway.http.get(f"/v1/cases/{story.case_id}/status", params={"agency": "health_visiting"})
    listed = await gateway.http.get("/v1/cases", params={"agency": HOLDER, "show": "overdue"})
    history = f"/v1/cases/{story.case_id}/chronology"
    chosen = {"child": 3, "siblings": True, "stated_by": "school", "theme": "concerns"}
    entries = (await gateway.http.get(history, params=chosen)).json()["entries"]
    page = await gateway.http.get(history, params=chosen | {"format": "html"})
    items = await gateway.http.get("/v1/items", params={"case": story.case_id, "overdue": True, "limit": 500})

    assert [one["kind"] for one in entries] == ["school_concern", "school_concern"]
    assert "about Siân Ashdown, and about brothers and sisters; stated by school" in page.text
    assert "Exported by" in page.text
    status = answer.json()
    assert [one["kind"] for one in status["flags"]] == ["violent_person_flag", "threat_to_staff"]
    assert {one["agency"] for one in status["on_case"]} == {HOLDER, "health_visiting", "police", "school.124001"}
    [mine] = [one for one in listed.json()["families"] if one["case_id"] == story.case_id]
    assert (mine["overdue"], mine["open"] >= mine["overdue"]) == (len(items.json()["items"]), True)


async def test_every_opening_is_audited_by_name_before_it_is_shown(gateway: Any) -> None:
    """AUD-08, VOI-11."""
    story = await a_family(gateway)
    page = f"/families/{story.case_id}"

    async with desk_over(gateway, visitor("Ada Kanarienvogel", HOLDER, Role.CASE_HOLDER)) as desk:
        for path in (
            "/families",
            page,
            f"{page}/chronology",
            *(f"{page}/chronology/download?form={form}" for form in ("pdf", "html", "csv")),
        ):
            assert (await desk.get(path)).status_code == 200
        await desk.post(f"{page}/chronology/words")
    deeds = await audited(gateway, HOLDER, story.case_id)
    words = [json.loads(record.data) for record in await gateway.records(topics.AUDIT, HOLDER)]

    by_name = [(deed, reason) for deed, by, reason in deeds if by == "Ada Kanarienvogel"]
    assert [one for one in by_name if one[0] != "items_read"] == [
        ("families_listed", "listed families"),
        ("status_read", "asked how the case stands"),
        ("chronology_read", "read the chronology as page"),
        ("chronology_read", "read the chronology as pdf to take along"),
        ("chronology_read", "read the chronology as html to take along"),
        ("chronology_read", "read the chronology as csv to take along"),
        ("chronology_read", "read the chronology as page"),
    ]
    [opened] = [one for one in words if one["deed"] == "words_read" and one["by"] == "Ada Kanarienvogel"]
    assert set(opened["about"]) == {story.alerts[name] for name in ("school", "ppn", "threat")}


async def test_VOI_11_CHR_07_hard_words_are_closed_until_one_audited_step_opens_them_and_no_others(gateway: Any) -> None:  # noqa: N802
    story = await a_family(gateway)
    path = f"/families/{story.case_id}/chronology"

    async with desk_over(gateway, WORKER) as desk:
        closed = await desk.get(path)
        [statement] = re.findall(
            r'name="statement" value="([^"]+)".{0,600}?Read the words<[^>]+> of Threat to staff', closed.text, re.DOTALL
        )[-1:]
        one = await desk.post(f"{path}/words", statement=statement.rpartition('"')[2])
        every = await desk.post(f"{path}/words")
        strange = await desk.post(f"{path}/words", statement="none-of-these")
        without_token = await desk.http.post(f"{path}/words", data={})

    hard, child = html.escape(WORDS, quote=False), CHILDS.partition("\n")[0]
    assert (hard in closed.text, child in closed.text) == (False, False)
    assert (hard in every.text, child in every.text) == (True, True)
    assert (hard in one.text, child in one.text) == (True, False)
    assert re.search(rf"Threat to staff How grave: Critical .* {re.escape(WORDS)}", text_of(one)), "how grave, and in its own words"
    assert (hard in strange.text, without_token.status_code) == (False, 403)


async def test_CHR_12_what_was_changed_or_taken_back_stands_beside_what_replaced_it(gateway: Any) -> None:  # noqa: N802
    story = await a_family(gateway)

    async with desk_over(gateway, WORKER) as desk:
        text = text_of(await desk.get(f"/families/{story.case_id}/chronology?theme=other"))
        drugs = text_of(await desk.get(f"/families/{story.case_id}/chronology?theme=drugs"))

    assert re.search(rf"Before, recorded Thu 2 Apr, 11:00 {re.escape(FIRST)}.*Now {re.escape(CORRECTED)}", text)
    assert "Changed Fri 3 Apr, 11:00: what stands now is that" in text
    assert "Taken back Wed 22 Apr, 11:00" in drugs
    assert "It was another flat." in drugs


async def test_CHR_03_VOI_07_a_chronology_is_read_by_theme_by_agency_and_by_child_with_its_brothers_and_sisters(  # noqa: N802
    gateway: Any,
) -> None:
    """VOI-06, VOI-09: what a child does not say and what is well stand in it as they were said, like everything else. CHR-02: what one agency
    stated is there from the beginning. CHR-09: how the children were before stands by its date.
    """
    story = await a_family(gateway)
    path = f"/families/{story.case_id}/chronology"

    async def titles(query: str) -> list[str]:
        page = await desk.get(path + query)
        assert page.status_code == 200
        return re.findall(r'<h3 class="desk-item__title">[^:]+(?::\d\d)?: ([^<]+)</h3>', page.text)

    async with desk_over(gateway, WORKER) as desk:
        baby, with_siblings = await titles("?child=3"), await titles("?child=3&siblings=true")
        concerns, police = await titles("?theme=concerns"), await titles("?stated_by=police")
        whole = text_of(await desk.get(path))
        siblings = text_of(await desk.get(f"{path}?child=3&siblings=true"))
        no_child = await desk.get(f"{path}?child=9")
        no_theme = await desk.get(f"{path}?theme=nonsense")

    assert baby == ["Birth"]
    assert with_siblings.count("School concern") == 2
    assert concerns == ["School concern"] * 2
    assert police == ["Violent person flag", "Drug intelligence", "Drug intelligence", "Public Protection Notice", "Threat to staff"]
    assert UNSAID in siblings
    assert GOOD in siblings
    assert "About a brother or sister" in siblings
    assert "About a brother or sister" not in whole
    assert (no_child.status_code, no_theme.status_code) == (422, 404)


async def test_VOI_05_CHR_06_each_contact_says_which_child_was_seen_seen_alone_and_not_seen(gateway: Any) -> None:  # noqa: N802
    story = await a_family(gateway)

    async with desk_over(gateway, WORKER) as desk:
        text = text_of(await desk.get(f"/families/{story.case_id}/chronology?theme=contact"))

    assert text.index("Thu 4 Dec 2025, 09:00: Other information") < text.index("Tue 5 May, 10:00: Non-engagement"), "the earliest first"
    assert "Children seen Zoë Ashdown, Łukasz Ashdown Seen alone Zoë Ashdown" in text
    assert "Contact nobody answered Not seen Łukasz Ashdown" in text


async def test_CHR_11_a_time_without_reports_is_shown_as_such_and_the_chart_says_what_the_table_says(gateway: Any) -> None:  # noqa: N802
    story = await a_family(gateway)

    async with desk_over(gateway, WORKER) as desk:
        page = (await desk.get(f"/families/{story.case_id}/chronology")).text
        nothing = text_of(await desk.get(f"/families/{story.case_id}/chronology?theme=birth_and_death&child=1"))

    drawn = sorted(map(int, re.findall(r'class="desk-chart__number"[^>]*>(\d+)<', page)))
    table = re.search(r'<table class="govuk-table desk-numbers">.*?</table>', page, re.DOTALL)
    assert table is not None
    rows = [re.findall(r'<td class="govuk-table__cell">(\d+)</td>', row) for row in table[0].split("</tr>")]
    counted = sorted(int(cell) for row in rows[1:-2] for cell in row[:-2] if cell != "0")
    assert drawn == counted
    assert "Jun 2026 nothing" in re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "Due and missed" in page
    assert 'role="img" aria-labelledby="chart-title chart-description"' in page
    assert "no sign that nothing happened" in nothing


async def test_a_download_says_at_its_head_who_took_it_and_no_cell_of_it_is_run(gateway: Any) -> None:
    story = await a_family(gateway)
    story.town.now = datetime(2026, 11, 22, 10, tzinfo=UTC)
    formula = '=HYPERLINK("https://evil.example","x")'
    await story.town.state(
        {
            "id": f"formula-{story.case_id}",
            "source": "police",
            "kind": "other",
            "occurred_at": story.town.now,
            "recorded_at": story.town.now,
            "subjects": [{"person": {"identifiers": _man(story.case_id)}}],
            "narrative": [{"text": formula}],
        }
    )
    path = f"/families/{story.case_id}/chronology/download?form="

    async with desk_over(gateway, visitor("=Ada Kanarienvogel", HOLDER, Role.CASE_HOLDER)) as desk:
        sheet, page, paper = [await desk.get(path + form) for form in ("csv", "html", "pdf")]
        unknown = await desk.get(f"{path}exe")

    text = sheet.content.decode("utf-8-sig")
    assert text.startswith('"Exported by","\'=Ada Kanarienvogel, Children\'s social care"')
    assert "\"'" + formula.replace('"', '""') + '"' in text
    assert "Łukasz Ashdown" in text
    assert "Exported by" in page.text
    assert "UK GDPR Art 6(1)(e)" in page.text
    assert paper.content.startswith(b"%PDF-")
    for answer, form in ((sheet, "csv"), (page, "html"), (paper, "pdf")):
        assert answer.headers["content-disposition"] == f'attachment; filename="chronology-{story.case_id}-2026-11-23.{form}"'
        assert answer.headers["cache-control"] == "no-store"
    assert unknown.status_code == 404


def _man(case_id: str) -> list[dict[str, Any]]:
    from tests.family_story import the_case

    return next(one["identifiers"] for one in the_case(case_id)["people"] if one["key"] == "man")


async def test_the_families_of_an_agency_are_listed_by_page_each_once_and_found_by_reference(gateway: Any) -> None:
    agency = fresh("health_visiting_")
    base = {"people": [{"key": "a", "name": {"given": "Ada"}}], "children": ["a"]}
    ids = sorted(fresh("list-") for _ in range(60))
    for one in ids:
        case = {"id": one, **base, "involvements": [{"agency": agency}]}
        assert (await gateway.http.put(f"/v1/cases/{one}", json=case)).status_code == 201
    await gateway.projected(topics.CASES)

    async with desk_over(gateway, visitor(agency=agency)) as desk:
        seen, path = [], "/families"
        for _ in range(4):
            page = (await desk.get(path)).text
            seen += re.findall(r'<td class="govuk-table__cell desk-families__case">([^<]+)</td>', page)
            further = re.search(r'href="(/families[^"]+)" rel="next"', page)
            if further is None:
                break
            path = html.unescape(further[1])
        found = await desk.post("/families/find", reference=f"  {ids[40]} ")
        nothing = await desk.post("/families/find", reference="Kanarienvogel Ashdown")
        quiet = text_of(await desk.get("/families?show=overdue"))

    assert seen == ids
    assert found.headers["location"] == f"/families/{ids[40]}"
    assert nothing.headers["location"] == "/families?missing=true"
    assert "Nothing is overdue" in quiet
