"""A chronology in every form: nobody's words altered, and a page that anybody can read."""

import csv
import hashlib
import io
import json
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from alertbus.chronicle import formats
from alertbus.chronicle.answers import AgencyTold, ChronologyEntry
from alertbus.chronicle.tables import ObligationState
from alertbus.model.alert import Action, Narrative, SaidBy, Severity
from alertbus.model.notice import Deed
from alertbus.plugin.kit.samples import SPOKEN

WHEN = datetime(2020, 7, 18, 23, 30, tzinfo=UTC)  # the 19th in the United Kingdom


def entry(**stated: Any) -> ChronologyEntry:
    given: dict[str, Any] = {
        "statement_id": "s-1",
        "alert_id": "a-1",
        "occurred_at": WHEN,
        "recorded_at": WHEN,
        "agency": "police",
        "source": "police.north",
        "source_id": "OUR-1",
        "kind": "threat_to_staff",
        "action": Action.RAISED,
        "severity": Severity.HIGH,
        "about": ("Ex-Partner 2", "Child"),
        "narrative": (Narrative(text=SPOKEN, said_by=SaidBy.CHILD, observed_first_hand=False),),
    }
    return ChronologyEntry(**{**given, **stated})


TOLD = AgencyTold(
    agency="health_visiting",
    role="health_visitor",
    state=ObligationState.ACKNOWLEDGED,
    since=WHEN,
    acknowledged_by="R. Postholder",
    acknowledged_at=datetime(2020, 7, 20, 8, 0, tzinfo=UTC),
)


class Page(HTMLParser):
    """What a browser makes of a page: tags with their attributes, and the text of each kind of element."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br", "link", "img"}:
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self._open):
            self.texts[tag][-1] += data


def test_vpf_08_low_hostility_to_staff_is_counted_at_the_head_of_a_chronology() -> None:
    def said(number: int, **stated: Any) -> ChronologyEntry:
        return entry(statement_id=f"s-{number}", alert_id=f"a-{number}", **{"severity": Severity.LOW, **stated})

    told = [said(1), said(2), said(3, action=Action.WITHDRAWN), said(3), said(4, severity=Severity.HIGH), said(5, kind="ppn")]
    count = "6 entries, the earliest first; hostility to staff of low severity: 2"

    assert formats.as_text("case-1", told).startswith(f"Chronology of case case-1: {count}\n")
    assert count in formats.as_html("case-1", told)
    assert "hostility" not in formats.as_text("case-1", told[2:5])


def test_text_says_who_said_what_when_about_whom_and_who_was_told() -> None:
    said = (Narrative(text="He was at the door."),)
    read = "acknowledged by R. Postholder, 20 July 2020, 09:00"
    release = {"release": {"date": "2020-08-01"}}

    assert formats.as_text("case-1", [entry(narrative=said, told=(TOLD,), details=release)]) == (
        "Chronology of case case-1: 1 entry, the earliest first\n"
        "\n"
        "19 July 2020, 00:30  Police: Threat to staff (high)\n"
        "  About: Ex-Partner 2, Child\n"
        "  Speaker not stated, first hand not stated: He was at the door.\n"
        "  Release date: 2020-08-01\n"
        "  Release confirmed: not stated\n"
        f"  AgencyTold: Health visiting, health visitor, 19 July 2020, 00:30: {read}\n"
        "  Reference: police.north, OUR-1\n"
    )


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        (Deed.WITHDRAW, "withdrawn 20 July 2020, 09:00"),
        (Deed.NO_LONGER_YOURS, "no longer theirs 20 July 2020, 09:00"),
        (Deed.CORRECT, "corrected, not about this case 20 July 2020, 09:00"),
    ],
)
@pytest.mark.parametrize("form", ["text", "csv", "html"])
def test_how_it_ended_for_an_agency_is_said_with_its_day(form: str, deed: Deed, words: str) -> None:
    over = AgencyTold(
        agency="school", role="lead", state=ObligationState.WITHDRAWN, since=WHEN, deed=deed, ended_at=datetime(2020, 7, 20, 8, tzinfo=UTC)
    )

    assert f"School, lead, 19 July 2020, 00:30: {words}" in formats.FORMATS[form]("case-1", [entry(told=(over,))])


def test_what_is_not_plain_is_said() -> None:
    written = formats.as_text(
        "case-1",
        [
            entry(
                action=Action.WITHDRAWN,
                history=True,
                others=2,
                do_not_reveal_source=True,
                recorded_at=datetime(2020, 7, 25, 9, tzinfo=UTC),
            )
        ],
    )

    assert "Threat to staff, withdrawn (high), history" in written
    assert "Recorded 25 July 2020, 10:00" in written
    assert "About: Ex-Partner 2, Child, 2 not on this case" in written
    assert "AgencyTold: nobody (history)" in written
    assert "Do not reveal the source." in written


def digests(pieces: list[str]) -> set[str]:
    return {hashlib.sha256(piece.encode()).hexdigest() for piece in pieces}


def test_words_come_through_every_form_unaltered() -> None:
    entries = [entry()]
    said = digests([SPOKEN])
    (row,) = csv.DictReader(io.StringIO(formats.as_csv("case-1", entries), newline=""))

    assert SPOKEN in formats.as_text("case-1", entries)
    assert digests([row["narrative"]]) == said
    assert digests([json.loads(formats.as_json("case-1", entries))["entries"][0]["narrative"][0]["text"]]) == said
    assert digests(Page(formats.as_html("case-1", entries)).texts["blockquote"]) == said


def test_page_is_a_table_that_a_screen_reader_can_walk() -> None:
    page = Page(formats.as_html("case-1", [entry(), entry(told=(TOLD,))]))
    heads = [attributes for tag, attributes in page.tags if tag == "th"]

    assert ("html", {"lang": "en-GB"}) in page.tags
    assert page.texts["h1"] == page.texts["title"] == ["Chronology of case case-1"]
    assert page.texts["caption"] == ["2 entries, the earliest first"]
    assert [head["scope"] for head in heads] == ["col"] * 6 + ["row"] * 2
    assert [attributes["datetime"] for tag, attributes in page.tags if tag == "time"] == [WHEN.isoformat()] * 2
    assert page.texts["li"] == ["Health visiting, health visitor, 19 July 2020, 00:30: acknowledged by R. Postholder, 20 July 2020, 09:00"]


def test_page_needs_nothing_else_and_runs_nothing() -> None:
    hostile = "<script>alert(1)</script><img src=//elsewhere.example>"
    source = formats.as_html(
        "case-1",
        [entry(about=(hostile,), source_id=hostile, details={"status": hostile}, narrative=(Narrative(text=hostile),))],
    )
    page = Page(source)

    assert {tag for tag, _ in page.tags} & {"script", "img", "link", "iframe"} == set()
    assert not [name for _, attributes in page.tags for name in attributes if name in {"src", "href", "onclick"}]
    policies = [a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert "@media print" in source
    assert page.texts["blockquote"] == [hostile]


@pytest.mark.parametrize("formula", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\tx", "\rx"])
def test_no_cell_is_run_as_a_formula(formula: str) -> None:
    source = formats.as_csv("case-1", [entry(narrative=(Narrative(text=formula),), source_id=formula)])
    (row,) = csv.DictReader(io.StringIO(source, newline=""))

    assert (row["narrative"], row["source_id"]) == (f"'{formula}", f"'{formula}")


def test_json_is_what_the_chronicle_answered() -> None:
    entries = [entry(told=(TOLD,)), entry(history=True)]

    written = json.loads(formats.as_json("case-1", entries))

    assert written["case_id"] == "case-1"
    assert [ChronologyEntry.model_validate(one) for one in written["entries"]] == entries


@pytest.mark.parametrize("form", sorted(formats.FORMATS))
def test_case_without_a_history_is_a_document_all_the_same(form: str) -> None:
    written = formats.FORMATS[form]("case-1", [])

    assert written.endswith("\n")
    assert "case-1" in written or form == "csv"


HOSTILE = "<b onclick=x>\"'&{{ 7 * 7 }}</b>"


@pytest.mark.parametrize("field", ["agency", "source", "source_id", "kind", "about", "details", "narrative", "told"])
def test_no_field_of_an_entry_becomes_markup(field: str) -> None:
    stated: dict[str, Any] = {
        "about": (HOSTILE,),
        "details": {"release": {"note": HOSTILE}},
        "narrative": (Narrative(text=HOSTILE),),
        "told": (TOLD.model_copy(update={"acknowledged_by": HOSTILE}),),
    }
    source = formats.as_html("case-1", [entry(**{field: stated.get(field, HOSTILE)})])
    page = Page(source)

    assert "b" not in {tag for tag, _ in page.tags}
    assert "49" not in source
    assert "&lt;b onclick=x&gt;&#34;&#39;&amp;{{ 7 * 7 }}&lt;/b&gt;" in source.casefold()


def test_a_case_id_is_escaped_wherever_it_stands() -> None:
    page = Page(formats.as_html(HOSTILE, []))

    assert page.texts["h1"] == page.texts["title"] == [f"Chronology of case {HOSTILE}"]


@pytest.mark.parametrize("write", [formats.as_text, formats.as_html, formats.as_csv])
def test_not_11_a_chronology_says_what_nobody_stated_and_not_that_of_what_was(write: Any) -> None:
    unsaid = entry(kind="ppn", narrative=(Narrative(text="Seen."),), details={"release": {"date": "2021-03-12"}})
    facts = {"incident": {"children_present": False, "welfare_check": True}, "release": {"confirmed": False}}
    stated = entry(kind="ppn", narrative=(Narrative(text="Seen.", said_by=SaidBy.PUBLIC, observed_first_hand=True),), details=facts)

    assert write("case-1", [unsaid]).casefold().count("not stated") == 5
    assert "not stated" not in write("case-1", [stated]).casefold()
