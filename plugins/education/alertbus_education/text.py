"""The sentences a designated safeguarding lead reads, and the fixed ones that stand in for what may not be told.

The minimal Encompass text takes nothing from the alert but dates and yes or no, because its own words say who and
what; the reason path is left out too, because it leads through the adult.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from alertbus.plugin import Deed, Notice, NoticePerson
from alertbus.plugin.briefed import before_this, briefing_lines
from alertbus.plugin.sections import section_lines
from alertbus.plugin.wording import (
    HIDE_THE_SOURCE,
    NOT_STATED,
    answering_lines,
    deed_line,
    exercise_mark,
    own_word,
    plain,
    rehearsal,
    section,
    uk_time,
    unsaid_line,
)

LEAD = "the safeguarding lead who sent it"
ENCOMPASS = "Operation Encompass: there was an incident that concerns a child at your setting."
BECAUSE = "A child at your setting is linked to what happened."
ACTION = "Look out for the child and offer silent or overt support. Do not raise it with the family."
SUMMARY = "There is a safeguarding notice about a child at your setting."
FLAG = "Staff safety: do not meet the family alone. Call before you do."
DO_NOT_REVEAL = f"Do not reveal the source: {HIDE_THE_SOURCE}"
WITHDRAWN = "the sender has withdrawn this notice."
CORRECTED = "this was not about the child at your setting. Take it off the child's record."
WHEN_OVER: Mapping[Deed, str] = {
    Deed.WITHDRAW: "Keep the record, and end anything you put in place for it.",
    Deed.NO_LONGER_YOURS: "Nothing more is asked of you. If the child is still at your setting, call.",
    Deed.CORRECT: "End anything you put in place for it.",
}
"""What to do about a notice that ends something."""

_TITLES = dict.fromkeys(("prisoner_release", "prisoner_recall", "unlawfully_at_large"), "Safety plan update")


class SchoolText:
    """A notice in sentences for a school. `safe` gives its second words where the first would say who somebody is."""

    def __init__(self, notice: Notice, *, safe: Callable[[str | None, str], str], encompass: bool, minimal: bool) -> None:
        self._notice = notice
        self._mark = exercise_mark(notice)
        template = encompass and minimal
        self.flag = self._mark + safe(notice.flag, FLAG) if notice.flag else None
        self.exercise = rehearsal(notice, "no real child")
        self.do_not_reveal = DO_NOT_REVEAL if notice.do_not_reveal_source else None
        self.because = BECAUSE if template else safe(notice.because, BECAUSE)
        self.summary = ENCOMPASS if template and not notice.deed.ends else safe(notice.summary, SUMMARY)
        self.action = WHEN_OVER.get(notice.deed) or safe(notice.action, ACTION)
        self.contact = safe(notice.contact, "") or None
        what = _TITLES.get(notice.obligation.kind, "Safeguarding notice")
        self._title = "Operation Encompass notification" if encompass else f"{what}: call {self.contact or LEAD}"

    def lines(self) -> Iterator[str]:
        """Begin with the flag, always (VPF-06)."""
        notice = self._notice
        yield from filter(
            None, (self.flag, self.exercise, deed_line(notice, withdrawn=WITHDRAWN, corrected=CORRECTED, capitals=True), self.do_not_reveal)
        )
        yield self._mark + self._title
        yield self.summary
        yield f"You receive this because: {self.because}"
        yield from filter(None, (own_word(notice), unsaid_line(notice), *before_this(notice)))
        yield f"What to do: {self.action}"
        if grade := section(notice, "flag").get("grade"):
            yield f"Grade: {grade}"
        if self.contact:
            yield f"Whom to call: {self.contact}"
        if notice.obligation.due:
            yield f"Answer by: {uk_time(notice.obligation.due)}"
        yield f"For the designated safeguarding lead only{f': {notice.recipient}' if notice.answering and notice.recipient else ''}."
        yield from answering_lines(notice)


def children(children: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for child in children:
        names = [child[part] for part in ("first_name", "surname") if child[part] != NOT_STATED] or [child.get("known_as", "not named")]
        present = f", present: {plain(child['present'])}" if "present" in child else ""
        died = f", died {child['date_of_death']}" if "date_of_death" in child else ""
        yield f"Child: {' '.join(names)}, born {plain(child['date_of_birth'])}{died}{present}"


def incident(incident: Mapping[str, Any] | None) -> Iterator[str]:
    if incident is None:
        return
    hour = f"{incident['hour']:02}"
    yield f"Incident: {incident['date']}, {incident.get('time') or f'between {hour}:00 and {hour}:59'}"
    yield f"Children present: {plain(incident['children_present'])}"
    yield f"Welfare check made: {plain(incident['welfare_check'])}"
    if "police_reference" in incident:
        yield f"Police reference: {plain(incident['police_reference'])}"
        yield "Where it was: ask the police, with their reference"
        yield f"Where the children were: {plain(incident['children_where'])}"
        for field, label in (("voice_of_the_child", "What the child said"), ("circumstances", "What happened")):
            yield f"{label}: {plain(NOT_STATED) if incident[field] == NOT_STATED else 'word for word, below'}"


def conference(notice: Notice, safe: Callable[[str | None, str], str]) -> Iterator[str]:
    """Say what a conference decided, which a school is asked to (STA-05), and who answers now (TUR-07); a line that would say who an adult
    is, not.
    """
    yield from filter(None, (safe(line, "") for line in section_lines(notice, only={"conference", "handover", "request"})))


def briefing(notice: Notice, safe: Callable[[str | None, str], str]) -> Iterator[str]:
    """Say what a newcomer is given, with a child's given name alone, because the family name may be an adult's; a line that would say who
    an adult is, not.
    """
    yield from filter(None, (safe(line, "") for line in briefing_lines(notice, who=_given_name)))


def _given_name(person: NoticePerson) -> str:
    return (person.name.given if person.child and person.name else None) or person.label or "a child"


def release(release: Mapping[str, Any] | None) -> Iterator[str]:
    """Say from which day, and whether that is confirmed; not whose release it is."""
    if release is not None:
        sure = {"yes": "confirmed", "no": "not confirmed"}.get(release["confirmed"], "confirmed: not stated")
        yield f"From: {plain(release['date'])} ({sure})"
