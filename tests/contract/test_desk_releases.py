"""Releases at the desk, one by one and by the list: faults by row, nothing half done, what failed is given back, and nothing is doubled."""

import csv
import io
import json
import re
import zipfile
from datetime import datetime, timedelta
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from alertbus.broker import topics
from alertbus.broker.consumer import read_all
from alertbus.broker.envelope import decode
from alertbus.desk.sending.sheet_reading import MOST_ROWS, SheetRefused, read_sheet, written_csv
from alertbus.desk.visitor import Visitor
from alertbus.model.identifiers import canonical
from tests.contract.test_http import fresh
from tests.desk_served import TOKEN, DeskServed, desk_over, visitor

pytestmark = pytest.mark.kafka

HEADS = ["Prison number", "CRN", "First names", "Surname", "DOB", "Release date", "Confirmed", "Licence conditions"]


@pytest.fixture
def officer() -> Visitor:
    return visitor("Ada Kanarienvogel", "probation", setting=fresh("probation."))


def row(number: int, **changed: str) -> list[str]:
    said = {
        "Prison number": f"A{number:04}BC",
        "CRN": "",
        "First names": "Zeb",
        "Surname": "Quillfeather",
        "DOB": "31/01/1990",
        "Release date": "14/12/2026",
        "Confirmed": "yes",
        "Licence conditions": "No contact with children; live where approved",
    } | changed
    return [said[head] for head in HEADS]


def as_csv(*rows: list[str], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows([HEADS, *rows])
    return out.getvalue().encode(encoding)


async def upload(desk: DeskServed, content: bytes, name: str = "list.csv") -> Any:
    return await desk.http.post("/send/releases", data={"form_token": TOKEN}, files={"list": (name, content)})


async def stated_by(gateway: Any, source: str) -> list[dict[str, Any]]:
    """Every alert of this source on the topic; of one alert in order."""
    every = [json.loads(decode(one.headers, one.key, one.value).data) async for one in read_all(gateway.bootstrap, [topics.ALERTS])]
    return [one["alert"] for one in every if one.get("alert", {}).get("source") == source]


async def test_fifty_releases_with_three_wrong_rows_are_sent_corrected_and_sent_again_and_none_is_double(
    gateway: Any, officer: Visitor
) -> None:
    rows = [row(number) for number in range(1, 51)]
    rows[4] = row(5, **{"Release date": "31/2/2026"})
    rows[20] = row(21, **{"Prison number": "1234"})
    rows[48] = row(49, DOB="1/1/90", Confirmed="perhaps")
    async with desk_over(gateway, officer) as desk:
        taken = await upload(desk, as_csv(*rows))
        where = taken.headers["location"]
        check = (await desk.get(where)).text
        assert await stated_by(gateway, officer.at) == [], "nothing is sent before a person says so"
        assert "47 rows can be sent, 3 cannot" in check
        assert re.findall(r'desk-row-bad">(\d+)<', check) == ["6", "22", "50"]
        assert "Release date:</strong> Write a day as 27/3/2026" in check
        assert "Prison number:</strong> This should be a prison (NOMS) number" in check

        sent = await desk.post(f"{where}/send")
        again = await desk.post(f"{where}/send")
        assert sent.headers["location"] == again.headers["location"] == where
        page = (await desk.get(where)).text
        assert "47 releases sent" in page
        assert "3 rows were not sent" in page

        back = await desk.get(f"{where}/failed.csv")
        lines = list(csv.reader(io.StringIO(back.content.decode("utf-8-sig"))))
        assert len(lines) == 4
        head = lines[0]
        assert head[-1] == "What is wrong"
        assert lines[1][-1].startswith("Row 6. Release date: Write a day")
        for line, right in zip(
            lines[1:], (("Release date", "28/2/2026"), ("Prison number", "A0021BC"), ("Date of birth", "1/1/1990")), strict=True
        ):
            line[head.index(right[0])] = right[1]
        lines[3][head.index("Confirmed")] = "no"
        second = await upload(desk, written_csv(lines))
        check = (await desk.get(second.headers["location"])).text
        assert "3 rows can be sent" in check
        assert "not taken" not in check, "the column of reasons is ours"
        await desk.post(f"{second.headers['location']}/send")
        assert "3 releases sent" in (await desk.get(second.headers["location"])).text

        whole = await upload(desk, as_csv(*rows))
        shown = (await desk.get(whole.headers["location"])).text
        assert "47 releases were sent before, and will not be told again" in shown

    alerts = await stated_by(gateway, officer.at)
    assert len(alerts) == len({one["id"] for one in alerts}) == 50
    assert {one["kind"] for one in alerts} == {"prisoner_release"}
    first = next(one for one in alerts if one["subjects"][0]["person"]["identifiers"][0]["value"] == "A0001BC")
    assert first["details"]["release"] == {
        "date": "2026-12-14",
        "confirmed": True,
        "conditions": ["No contact with children", "live where approved"],
    }
    audited = [json.loads(one.data) for one in await gateway.records(topics.AUDIT, "probation")]
    about = [alert for one in audited if one["deed"] == "stated" and one["by"] == "Ada Kanarienvogel" for alert in one["about"]]
    assert len(about) >= 50


async def test_a_workbook_with_days_of_excel_and_a_list_of_semicolons_say_the_same(gateway: Any, officer: Visitor) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Release date", "NOMS number", "Sure", "Somebody's own column"])
    sheet.append([datetime(2026, 12, 14), " a1234bc ", True, "x"])  # noqa: DTZ001  as Excel has days
    sheet.append([])
    sheet.append([datetime(2026, 12, 15), "A1235BC", "No", None])  # noqa: DTZ001
    out = io.BytesIO()
    book.save(out)
    async with desk_over(gateway, officer) as desk:
        where = (await upload(desk, out.getvalue(), "list.xlsx")).headers["location"]
        shown = (await desk.get(where)).text
        await desk.post(f"{where}/send")
        cp1252 = as_csv(row(1234, Surname="Ó Bríain", **{"Release date": "2026-12-14"}), delimiter=";", encoding="cp1252")
        again = (await desk.get((await upload(desk, cp1252)).headers["location"])).text

    assert "2 rows can be sent" in shown
    assert "1 column is not taken" in shown
    assert "1 release was sent before" in again
    assert "Ó Bríain" in again
    alerts = await stated_by(gateway, officer.at)
    assert {one["subjects"][0]["person"]["identifiers"][0]["value"]: one["details"]["release"] for one in alerts} == {
        "A1234BC": {"date": "2026-12-14", "confirmed": True},
        "A1235BC": {"date": "2026-12-15", "confirmed": False},
    }
    assert len(alerts) == 2


async def test_a_change_and_a_cancellation_are_said_of_the_same_alert_and_once(gateway: Any, officer: Visitor) -> None:
    heads = ["Prison number", "Release date", "Note", "New or changed", "Changed on"]
    first = [heads, ["A1234BC", "14/12/2026", "", "", ""], ["A9999BC", "14/12/2026", "", "cancelled", "1/3/2021"]]
    change = [heads, ["A1234BC", "14/12/2026", "No fixed address.", "changed", "1/3/2021"]]
    over = [heads, ["A1234BC", "14/12/2026", "", "Cancelled", "2/3/2021"], ["A1236BC", "14/12/2026", "", "changed", ""]]
    async with desk_over(gateway, officer) as desk:
        pages = []
        for lines in (first, change, change, over):
            where = (await upload(desk, written_csv(lines))).headers["location"]
            pages.append((await desk.get(where)).text)
            await desk.post(f"{where}/send")

    assert "No release of this person on this day was sent from here" in pages[0]
    assert "Give the day on which it was changed or cancelled" in pages[3]
    alerts = await stated_by(gateway, officer.at)
    assert [one.get("action", "raised") for one in alerts] == ["raised", "amended", "withdrawn"]
    assert len({one["id"] for one in alerts}) == 1


async def test_a_row_that_stands_twice_is_named_and_an_id_does_not_tell_whom_it_is_about(gateway: Any, officer: Visitor) -> None:
    async with desk_over(gateway, officer) as desk:
        where = (await upload(desk, as_csv(row(7), row(8), row(7, Surname="Other")))).headers["location"]
        shown = (await desk.get(where)).text
        await desk.post(f"{where}/send")
        seal = desk.desk.seal

    assert "stand in row 2 too" in shown
    alerts = await stated_by(gateway, officer.at)
    system, value = canonical("prison_number", "A0007BC")
    made = seal.name_of("release", officer.at, f"{system}:{value}", "2026-12-14")[:12].upper()
    assert f"REL{made}" in {one["id"].replace("-", "") for one in alerts}
    assert not [one["id"] for one in alerts if "0007" in one["id"]]


async def test_one_release_by_the_form_is_the_same_alert_as_by_the_list(gateway: Any, officer: Visitor) -> None:
    async with desk_over(gateway, officer) as desk:
        wrong = await desk.post("/send/release", prison_number="A12", release_date="", do="check")
        going = await desk.post("/send/release", prison_number="a1234bc", release_date="14/12/2026", confirmed="yes", do="check")
        check = going.headers["location"]
        assert "14 December 2026" in (await desk.get(check)).text
        done = await desk.post(check)
        page = (await desk.get(done.headers["location"])).text
        second = await desk.post("/send/release", prison_number="A1234BC", release_date="2026-12-14", do="check")
        before = await desk.get((await desk.post(second.headers["location"])).headers["location"])
        listed = await desk.get((await upload(desk, as_csv(row(1234)))).headers["location"])

    assert set(re.findall(r'<a href="#([\w-]+)">', wrong.text)) == {"prison_number", "release_date"}
    assert "Sent" in page
    assert "This was sent before" in before.text
    assert "1 release was sent before" in listed.text
    assert len(await stated_by(gateway, officer.at)) == 1


async def test_only_whom_the_policy_lets_state_a_release_sees_the_list_and_only_the_uploader_their_own(
    gateway: Any, officer: Visitor
) -> None:
    async with desk_over(gateway, officer) as desk:
        where = (await upload(desk, as_csv(row(1)))).headers["location"]
        desk.door.who = visitor("Ada Obi", "school", setting="school.123456")
        school = [
            await desk.get("/send/releases"),
            await upload(desk, as_csv(row(1))),
            await desk.get(where),
            await desk.get("/send/release"),
        ]
        desk.door.who = visitor("Jo Goldammer", "probation", setting=officer.setting)
        theirs = [await desk.get(where), await desk.post(f"{where}/send"), await desk.get(f"{where}/failed.csv")]
        desk.door.who = None
        nobody = [await desk.get(where), await upload(desk, as_csv(row(1)))]

    assert [answer.status_code for answer in school] == [403, 403, 403, 403]
    assert [answer.status_code for answer in theirs] == [404, 404, 404]
    assert [answer.status_code for answer in nobody] == [303, 303]
    assert await stated_by(gateway, officer.at) == []


async def test_nothing_of_a_list_stands_in_an_address_or_a_log_and_no_cell_runs_in_a_spreadsheet(
    gateway: Any, officer: Visitor, log_text: io.StringIO
) -> None:
    formula = '=HYPERLINK("https://evil.example","Kanarienvogel")'
    async with desk_over(gateway, officer) as desk:
        answer = await upload(
            desk, as_csv(row(1, Surname=formula, **{"Release date": "Kanarienvogel"}), row(2, Surname="<script>alert(1)"))
        )
        where = answer.headers["location"]
        shown = (await desk.get(where)).text
        back = await desk.get(f"{where}/failed.csv")
        excel = await desk.get(f"{where}/failed.xlsx")
        await desk.post(f"{where}/send")
        refused = await upload(desk, b"Kanarienvogel,1\r\n2,3\r\n")

    assert "Kanarienvogel" not in where
    assert "<script>alert" not in shown
    cells = next(line for line in list(csv.reader(io.StringIO(back.content.decode("utf-8-sig"))))[1:])
    assert "'" + formula in cells
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
    assert load_workbook(io.BytesIO(excel.content)).active is not None
    assert read_sheet(back.content).rows[0].cells["family"] == formula, "it comes back as it was"
    assert (refused.status_code, "must hold the heads" in refused.text) == (422, True)
    assert "anarienvogel" not in log_text.getvalue()


def workbook(parts: dict[str, bytes], *, packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packed) as made:
        for name, content in {"[Content_Types].xml": b"<Types/>", **parts}.items():
            made.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"  \r\n ", "empty"),
        (b"\xd0\xcf\x11\xe0 old", "old Excel file"),
        (b"PK\x03\x04 torn", "damaged"),
        (b"\0\1\2", "not a list"),
        (b"Name,Day\r\nx,y\r\n", "must hold the heads"),
        (b"Release date,Date of release\r\n1/1/2026,2/1/2026\r\n", "same thing: Release date"),
        (b"Release date,CRN\r\n,\r\n", "no rows"),
        (b"Release date\r\n" + b"1/1/2026\r\n" * (MOST_ROWS + 1), "more than 5,000 rows"),
        (workbook({"xl/vbaProject.bin": b"x"}), "macros"),
        (workbook({"xl/sheet.xml": b"<a/>" + b" " * 21_000_000}), "unpacks to more"),
        (workbook({f"xl/{number}.xml": b"<a/>" for number in range(300)}), "unpacks to more"),
        (workbook({"xl/workbook.xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}), "not written by a spreadsheet"),
        (workbook({"xl/workbook.xml": b"<a/>"}), "cannot be read"),
    ],
)
def test_what_is_no_list_is_refused_in_words_that_help(content: bytes, words: str) -> None:
    with pytest.raises(SheetRefused) as refused:
        read_sheet(content)
    assert words in refused.value.words


async def test_an_upload_ends_with_its_time_and_its_good_rows_are_forgotten_when_they_are_sent(gateway: Any, officer: Visitor) -> None:
    async with desk_over(gateway, officer) as desk:
        where = (await upload(desk, as_csv(row(1), row(2, **{"Release date": "x"})))).headers["location"]
        await desk.post(f"{where}/send")
        kept = await desk.desk.drafts.find(_owner(officer), where[-36:], "releases", gateway.inside.now())
        assert [cells["prison_number"] for _, cells in kept.more["rows"]] == ["A0002BC"]
        gateway.inside.now.at += timedelta(days=14, minutes=1)
        assert (await desk.get(where)).status_code == 404


def _owner(who: Visitor) -> str:
    from alertbus.desk.sending.drafts import owner_of

    return owner_of(who)
