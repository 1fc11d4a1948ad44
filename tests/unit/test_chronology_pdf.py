"""A chronology on paper: every name with its own letters, nobody's words altered, and on each page whose it is."""

import io
from datetime import UTC, datetime

import pytest
from pypdf import PdfReader

from alertbus.chronicle.answers import ChronologyEntry
from alertbus.chronicle.chronology_counts import tally
from alertbus.chronicle.chronology_pdf import MARK, NOT_DRAWN, as_pdf
from alertbus.chronicle.formats import CAUTION, HELD_BACK, Exported
from alertbus.model.alert import Action, Narrative, SaidBy
from tests.unit.test_formats import TOLD, entry

HOSTILE = '<b>bold</b> & <a href="https://evil.example">x</a> <img src="file:///etc/passwd"/> <font color="[[[] for x in ()]]">y</font> %s {{ x }}'


def paper(*entries: ChronologyEntry) -> PdfReader:
    exported = Exported(
        by="Siân Ŵyn",
        agency="childrens_social_care",
        at=datetime(2026, 11, 30, 9, tzinfo=UTC),
        basis="UK GDPR Art 6(1)(e)",
        chosen="all that the bus holds of this case",
        tally=tally(entries, [("zoe", "Zoë")]),
    )
    return PdfReader(io.BytesIO(as_pdf("case-1", entries, exported)))


def text_of(read: PdfReader) -> str:
    return "\n".join(page.extract_text() for page in read.pages)


@pytest.mark.parametrize("name", ["Zoë", "Łukasz", "Siân", "Ŵyn", "Ó Conaill", "Šárka", "Øyvind", "Γιώργος", "Пётр", "Đặng"])
def test_a_name_comes_out_with_its_own_letters(name: str) -> None:
    text = text_of(paper(entry(about=(name,), narrative=(Narrative(text=f"{name} said so."),))))

    assert f"About: {name}" in text
    assert f"{name} said so." in text
    assert NOT_DRAWN[:40] not in text


def test_a_letter_that_cannot_be_drawn_is_marked_and_the_first_page_says_so() -> None:
    read = paper(entry(narrative=(Narrative(text="\u0639\u0644\u064a said so."),)))

    assert "cannot draw" in read.pages[0].extract_text()
    assert f"{MARK * 3} said so." in text_of(read)


def test_every_page_says_whose_it_is_and_the_first_on_what_basis_it_was_taken() -> None:
    read = paper(*(entry(statement_id=f"s{n}", alert_id=f"a{n}") for n in range(60)))

    assert len(read.pages) > 3
    for number, page in enumerate(read.pages, 1):
        assert "exported by Siân Ŵyn, 30 November 2026, 09:00" in page.extract_text()
        assert f"Page {number}" in page.extract_text()
    first = read.pages[0].extract_text()
    for words in ("Exported by: Siân Ŵyn, Children's social care", "Basis: UK GDPR Art 6(1)(e)", "Entries: all that", "About Zoë: 0"):
        assert words in first


def test_what_sources_wrote_is_words_and_never_markup() -> None:
    read = paper(entry(narrative=(Narrative(text=HOSTILE, said_by=SaidBy.PUBLIC),), source_id=HOSTILE, about=(HOSTILE,)))

    flat = "".join(text_of(read).split())
    assert flat.count("".join(HOSTILE.split())) == 3
    assert not any("/Annots" in page for page in read.pages), "no link"


def test_lines_and_spaces_of_somebodys_words_stay_where_they_were() -> None:
    text = text_of(paper(entry(narrative=(Narrative(text="I hid.\n\nMummy  cried.\r\nThen quiet."),))))

    lines = [line.strip().replace("\N{NO-BREAK SPACE}", " ") for line in text.splitlines()]
    assert [line for line in lines if line in {"I hid.", "Mummy  cried.", "Then quiet."}] == ["I hid.", "Mummy  cried.", "Then quiet."]


def test_CHR_12_what_was_said_before_what_is_held_and_who_was_told_stand_in_it() -> None:  # noqa: N802  the id is written so
    later = datetime(2020, 8, 1, tzinfo=UTC)
    held = entry(narrative=(), words_held=True, do_not_reveal_source=True)
    amended = entry(statement_id="s-2", action=Action.AMENDED, recorded_at=later, told=(TOLD,))

    text = " ".join(text_of(paper(held, amended)).split())

    assert HELD_BACK in text
    assert CAUTION in text
    assert "This changes what was recorded 19 July 2020, 00:30." in text
    assert "acknowledged by R. Postholder" in text


def test_words_of_any_length_fit_on_paper() -> None:
    assert len(paper(entry(narrative=(Narrative(text="x" * 20_000), Narrative(text="word " * 8_000)))).pages) > 5
