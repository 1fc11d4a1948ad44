"""A chronology as text, CSV, HTML or JSON; as PDF, see `chronology_pdf`. Pure. Nobody's words are altered, with one exception in CSV (see
`as_csv`).
"""

import csv
import functools
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from alertbus.chronicle.answers import AgencyTold, ChronologyEntry
from alertbus.chronicle.chronology_counts import ChronologyTally
from alertbus.model.alert import INCIDENT_FACTS, POLICE_INCIDENTS, Action, Narrative, Severity
from alertbus.model.case import in_uk
from alertbus.model.name_in_words import begun, name_in_words
from alertbus.model.notice import ENDED
from alertbus.model.sections_in_words import IN_WORDS, sections_in_words

if TYPE_CHECKING:
    from jinja2 import Template

CAUTION = "Do not reveal the source."
HELD_BACK = "The words are held back: they may tell of another family or of who told. The front door decides (review)."


@dataclass(frozen=True, slots=True)
class Exported:
    """What stands at the head of a chronology that leaves the bus: who took it, for which agency, when, on what basis, and what of it."""

    by: str
    agency: str
    at: datetime
    basis: str
    chosen: str
    """Which entries: all, or those of a theme, a child or an agency."""
    tally: ChronologyTally

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """The head, a label and what it says each."""
        return (
            ("Exported by", f"{self.by}, {_words(self.agency)}"),
            ("On", _moment(self.at)),
            ("Basis", self.basis),
            ("Entries", self.chosen),
            (
                "Keep it safe",
                "It names children and adults. Who may not see the case may not see this. Destroy it when you have done with it.",
            ),
        )


def as_text(case_id: str, entries: Sequence[ChronologyEntry]) -> str:
    """For a terminal or an e-mail."""
    blocks = [f"Chronology of case {case_id}: {count_line(entries)}"]
    for entry in entries:
        lines = [f"{_moment(entry.occurred_at)}  {_words(entry.agency)}: {_what(entry)}"]
        if _recorded_later(entry):
            lines.append(f"  Recorded {_moment(entry.recorded_at)}")
        lines.append(f"  About: {_about(entry)}")
        lines += [f"  {_speaker(piece)}: {piece.text}" for piece in entry.narrative]
        lines += [f"  {HELD_BACK}"] if entry.words_held else []
        lines += [f"  {name}: {value}" for name, value in _details(entry)]
        lines.append(f"  AgencyTold: {'; '.join(_told(told) for told in entry.told) or _nobody(entry)}")
        if entry.do_not_reveal_source:
            lines.append(f"  {CAUTION}")
        lines.append(f"  Reference: {entry.source}, {entry.source_id}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def as_csv(case_id: str, entries: Sequence[ChronologyEntry], exported: Exported | None = None) -> str:
    """For a spreadsheet, one row per statement; with `exported` its head stands above, and a row without anything between.

    A cell that a spreadsheet would run as a formula gets an apostrophe in front, the narrative too: the words come
    from the public. Every other form has them as they were. The guard is three lines of this file on purpose: the
    library for it (defusedcsv) lets tab and carriage return through, and rewrites `|` in the middle of somebody's words.
    """
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    if exported is not None:
        writer.writerows([harmless_cell(cell) for cell in line] for line in exported.lines)
        writer.writerow([])
    writer.writerow(_COLUMNS)
    for entry in entries:
        writer.writerow([harmless_cell(cell(case_id, entry)) for cell in _COLUMNS.values()])
    return out.getvalue()


def as_json(case_id: str, entries: Sequence[ChronologyEntry]) -> str:
    """For programs: `{"case_id", "entries": [...]}`, each a `ChronologyEntry`."""
    listed = [entry.model_dump(mode="json") for entry in entries]
    return orjson.dumps({"case_id": case_id, "entries": listed}, option=orjson.OPT_INDENT_2).decode() + "\n"


def as_html(case_id: str, entries: Sequence[ChronologyEntry], exported: Exported | None = None) -> str:
    """Write one page that needs nothing else: for a screen reader, a browser without a network, and paper.

    `templates/chronology.html.j2` is the page. Whatever stands in an entry is escaped there.
    """
    return _page().render(case_id=case_id, entries=entries, count=count_line(entries), shown=WORDING, exported=exported)


@functools.cache
def _page() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = PackageLoader("alertbus.chronicle")
    pages = Environment(
        loader=templates, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    return pages.get_template("chronology.html.j2")


FORMATS: Mapping[str, Callable[[str, Sequence[ChronologyEntry]], str]] = {
    "text": as_text,
    "csv": as_csv,
    "html": as_html,
    "json": as_json,
}
"""The forms by the name that a caller asks for."""


def _moment(moment: datetime) -> str:
    """Write a moment as the clock on a wall in the United Kingdom shows it."""
    local = in_uk(moment)
    return f"{local.day} {local:%B} {local.year:04}, {local:%H:%M}"


def count_line(entries: Sequence[ChronologyEntry]) -> str:
    """How many entries there are, and how often there was hostility to staff of low severity, of which nobody was hurried (VPF-08)."""
    count = f"{len(entries)} {'entry' if len(entries) == 1 else 'entries'}, the earliest first"
    low = {e.alert_id for e in entries if e.kind == "threat_to_staff" and e.severity is Severity.LOW and e.action is not Action.WITHDRAWN}
    withdrawn = {e.alert_id for e in entries if e.action is Action.WITHDRAWN}
    return f"{count}; hostility to staff of low severity: {len(low - withdrawn)}" if low - withdrawn else count


def _recorded_later(entry: ChronologyEntry) -> bool:
    return in_uk(entry.recorded_at).date() != in_uk(entry.occurred_at).date()


def _what(entry: ChronologyEntry) -> str:
    action = "" if entry.action == "raised" else f", {entry.action}"
    return f"{_words(entry.kind)}{action} ({entry.severity})" + (", history" if entry.history else "")


def _about(entry: ChronologyEntry) -> str:
    others = f"{entry.others} not on this case" if entry.others else ""
    return ", ".join(filter(None, (*entry.about, others)))


def _speaker(piece: Narrative) -> str:
    """Who said it and whether it was seen first-hand, each as stated: what nobody said is not stated (NOT-11, VOI-02)."""
    hand = {True: "first hand", False: "second hand", None: "first hand not stated"}[piece.observed_first_hand]
    return f"{piece.said_by.capitalize() if piece.said_by else 'Speaker not stated'}, {hand}"


def _details(entry: ChronologyEntry) -> list[tuple[str, str]]:
    found = []
    for section, content in entry.details.items():
        if section in IN_WORDS:
            continue
        parts = content.items() if isinstance(content, dict) else [("", content)]
        for name, value in parts:
            shown = ", ".join(map(_said, value)) if isinstance(value, list) else _said(value)
            found.append((_words(f"{section} {name}".strip()), shown))
    found += sections_in_words(entry.details, lambda key: entry.known_as.get(key, key), held=entry.words_held)
    if "confirmed" not in entry.details.get("release", {"confirmed": True}):
        found.append(("Release confirmed", "not stated"))  # PRI-04
    if entry.kind in POLICE_INCIDENTS:
        unsaid = [name for name in INCIDENT_FACTS if name not in entry.details.get("incident", {})]
        found += [(_words(f"incident {name}"), "not stated") for name in unsaid]
    return found


def _said(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _told(told: AgencyTold) -> str:
    answer = f"{_words(told.agency)}, {name_in_words(told.role)}, {_moment(told.since)}: {ENDED.get(told.deed, told.state)}"
    if told.ended_at is not None:
        answer += f" {_moment(told.ended_at)}"
    if told.copied_to:
        answer += f" (copied to {', '.join(told.copied_to)}, not delivered by its own channel)"
    if told.acknowledged_by is not None and told.acknowledged_at is not None:
        answer += f" by {told.acknowledged_by}, {_moment(told.acknowledged_at)}"
    return answer


def _nobody(entry: ChronologyEntry) -> str:
    return "nobody (history)" if entry.history else "nobody"


def _replaces(entry: ChronologyEntry, entries: Sequence[ChronologyEntry]) -> str:
    """Of a statement that changes or takes back an earlier one, which; nothing of one that stands alone (CHR-12)."""
    if entry.action is Action.RAISED:
        return ""
    before = [one for one in entries if one.alert_id == entry.alert_id and one.recorded_at < entry.recorded_at]
    what = "takes back" if entry.action is Action.WITHDRAWN else "changes"
    return f"This {what} what was recorded {_moment(before[-1].recorded_at)}" if before else f"This {what} an earlier statement"


def _words(name: str) -> str:
    return begun(name_in_words(name))


def harmless_cell(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else cell


_COLUMNS: Mapping[str, Callable[[str, ChronologyEntry], str]] = {
    "case": lambda case_id, _: case_id,
    "occurred_at": lambda _, e: in_uk(e.occurred_at).isoformat(),
    "recorded_at": lambda _, e: in_uk(e.recorded_at).isoformat(),
    "agency": lambda _, e: e.agency,
    "source": lambda _, e: e.source,
    "source_id": lambda _, e: e.source_id,
    "kind": lambda _, e: e.kind,
    "action": lambda _, e: e.action,
    "severity": lambda _, e: e.severity,
    "history": lambda _, e: "yes" if e.history else "no",
    "about": lambda _, e: _about(e),
    "narrative": lambda _, e: "\n\n".join(piece.text for piece in e.narrative),
    "said_by": lambda _, e: "; ".join(_speaker(piece) for piece in e.narrative),
    "details": lambda _, e: "; ".join(f"{name}: {value}" for name, value in _details(e)),
    "told": lambda _, e: "; ".join(map(_told, e.told)),
    "do_not_reveal_source": lambda _, e: "yes" if e.do_not_reveal_source else "no",
    "words_held": lambda _, e: "yes" if e.words_held else "no",
}

WORDING: Mapping[str, Any] = {
    "about": _about,
    "caution": CAUTION,
    "details": _details,
    "held_back": HELD_BACK,
    "moment": _moment,
    "nobody": _nobody,
    "recorded_later": _recorded_later,
    "replaces": _replaces,
    "speaker": _speaker,
    "told": _told,
    "what": _what,
    "words": _words,
}
"""The wording that the forms share."""
