"""A chronology as PDF, for a meeting and for paper. Pure. The words are those of the other forms, whole and in their order.

The letters are Noto Sans, which has every letter of the Latin, Greek and Cyrillic scripts, carried in the file, so that a name looks the
same on every machine. A letter that it has not is drawn as a mark, and the first page says so: no name is misspelt in silence.
"""

import functools
import io
import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any
from xml.sax.saxutils import escape

from alertbus.chronicle.answers import ChronologyEntry
from alertbus.chronicle.formats import CAUTION, HELD_BACK, WORDING, Exported, count_line

MARK = "\ufffd"
"""Drawn in place of a letter that the typeface has not."""

NOT_DRAWN = (
    f"Some letters here are of a script that this PDF cannot draw: each stands as {MARK}. They are whole in the "
    "spreadsheet and in the page for the browser."
)
_FACE = "NotoSans"
_MARGIN = 48
_SPACES = re.compile(r" {2,}|(?<=\n) |^ ")


def as_pdf(case_id: str, entries: Sequence[ChronologyEntry], exported: Exported) -> bytes:
    """Write the file. It takes a second for some hundred entries, so it is made in a thread by whoever serves others."""
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate

    page = _PaperPage()
    made = io.BytesIO()
    title = f"Chronology of case {case_id}"
    paper = SimpleDocTemplate(
        made,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN + 12,
        bottomMargin=_MARGIN,
        title=title,
        author="alertbus",
        lang="en-GB",
    )
    story = [page.of("h1", title), *_head(page, exported, count_line(entries))]
    for entry in entries:
        story += _entry(page, entry, entries)
    if page.letters_missing:
        story.insert(1, page.of("strong", NOT_DRAWN))
    running = page.drawable(f"{title} \u2013 exported by {exported.by}, {WORDING['moment'](exported.at)}")
    paper.build(story, onFirstPage=functools.partial(_margins, running), onLaterPages=functools.partial(_margins, running))
    return made.getvalue()


def _margins(running: str, canvas: Any, paper: Any) -> None:
    """The line at the head and the number at the foot of every page: one that is found alone says whose it is."""
    canvas.setFont(_FACE, 8)
    canvas.drawString(_MARGIN, paper.pagesize[1] - 34, running[:130])
    canvas.drawRightString(paper.pagesize[0] - _MARGIN, 28, f"Page {canvas.getPageNumber()}")


def _head(page: "_PaperPage", exported: Exported, count: str) -> Iterator[Any]:
    for name, value in exported.lines:
        yield page.labelled("text", name, value)
    yield page.of("h2", "How many alerts, each counted once by its latest statement")
    tally = exported.tally
    for name, number in (*tally.themes, *((f"About {called}", number) for called, number in tally.children)):
        yield page.of("text", f"{name}: {number}")
    yield page.of("text", f"About brothers and sisters together: {tally.several_children}")
    yield page.of("text", "Nothing was stated on days that are not listed. That is no sign that nothing happened.")
    yield page.of("h2", count)


def _entry(page: "_PaperPage", entry: ChronologyEntry, entries: Sequence[ChronologyEntry]) -> Iterator[Any]:
    shown = WORDING
    yield page.of("when", f"{shown['moment'](entry.occurred_at)}: {shown['what'](entry)}")
    said = f"{shown['words'](entry.agency)}. Reference: {entry.source}, {entry.source_id}"
    if shown["recorded_later"](entry):
        said += f". Recorded {shown['moment'](entry.recorded_at)}"
    yield page.of("text", said)
    if entry.do_not_reveal_source:
        yield page.of("strong", CAUTION)
    if before := shown["replaces"](entry, entries):
        yield page.of("strong", f"{before}.")
    if about := shown["about"](entry):
        yield page.labelled("text", "About", about)
    if entry.words_held:
        yield page.of("text", HELD_BACK)
    for piece in entry.narrative:
        yield page.of("small", shown["speaker"](piece))
        yield page.of("words", piece.text)
    for name, value in shown["details"](entry):
        yield page.labelled("text", name, value)
    told = "; ".join(map(shown["told"], entry.told)) or shown["nobody"](entry)
    yield page.labelled("small", "Told", told)


class _PaperPage:
    """Makes paragraphs, and remembers whether a letter could not be drawn."""

    def __init__(self) -> None:
        self.letters_missing = False
        self._has, self._styles = _typeface(), _styles()

    def of(self, style: str, text: str) -> Any:
        """A paragraph with the text as it stands: its lines and its spaces too."""
        return self._made(style, self._as_markup(text))

    def labelled(self, style: str, name: str, text: str) -> Any:
        return self._made(style, f"<u>{self._as_markup(name)}</u>: {self._as_markup(text)}")

    def drawable(self, text: str) -> str:
        """The text with a mark for every letter that the typeface has not."""
        drawn = "".join(one if ord(one) in self._has or one in "\n\t" else MARK for one in text)
        self.letters_missing = self.letters_missing or drawn != text
        return drawn

    def _made(self, style: str, marked: str) -> Any:
        from reportlab.platypus import Paragraph

        return Paragraph(marked, self._styles[style])

    def _as_markup(self, text: str) -> str:
        lines = self.drawable(text.replace("\r\n", "\n").replace("\r", "\n")).replace("\t", "    ")
        kept = _SPACES.sub(lambda found: "\N{NO-BREAK SPACE}" * len(found[0]), lines)
        return escape(kept).replace("\n", "<br/>")


@functools.cache
def _typeface() -> frozenset[int]:
    """Make the typeface known, and give the code points that it has letters for."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    font = TTFont(_FACE, str(files("fontpkg_noto_sans") / "files" / "NotoSans[wdth,wght].ttf"))
    pdfmetrics.registerFont(font)
    pdfmetrics.registerFontFamily(_FACE, normal=_FACE, bold=_FACE, italic=_FACE, boldItalic=_FACE)
    return frozenset(font.face.charToGlyph)


@functools.cache
def _styles() -> dict[str, Any]:
    from reportlab.lib.colors import black, white
    from reportlab.lib.styles import ParagraphStyle

    def style(name: str, size: float, **more: Any) -> ParagraphStyle:
        given = {"leading": size * 1.4, "spaceAfter": 2, "splitLongWords": 1, **more}
        return ParagraphStyle(name, fontName=_FACE, fontSize=size, textColor=black, backColor=white, **given)

    return {
        "h1": style("h1", 18, spaceAfter=8),
        "h2": style("h2", 12, spaceBefore=10, spaceAfter=4),
        "when": style("when", 11, spaceBefore=12, keepWithNext=1, borderWidth=0),
        "text": style("text", 9.5),
        "strong": style("strong", 10.5, borderWidth=1, borderColor=black, borderPadding=3, spaceBefore=5, spaceAfter=6),
        "small": style("small", 8.5),
        "words": style("words", 10, leftIndent=14, spaceAfter=4),
    }
