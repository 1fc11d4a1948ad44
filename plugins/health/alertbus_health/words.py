"""The lines that a clinician reads, in the order in which they must be read: the active flag, the rest in plain lines, then each
excerpt untouched.

Adults are told by their part and relation only: health may know that the putative father is meant, not who he is
(STANDARDS section 13). Of the alert's details only the lines written here are shown, so that a section somebody
adds later shows nothing by itself.
"""

from collections.abc import Iterator

from alertbus.plugin import Notice, NoticePerson, in_uk
from alertbus.plugin.briefed import before_this, briefing_lines
from alertbus.plugin.sections import consent_line, section_lines
from alertbus.plugin.wording import (
    HIDE_THE_SOURCE,
    NOT_STATED,
    answering_lines,
    deed_line,
    exercise_mark,
    how_sure,
    incident_facts,
    own_word,
    plain,
    rehearsal,
    section,
    tells_of_release,
    uk_time,
    unsaid_line,
    yes_no,
)

DO_NOT_REVEAL = f"DO NOT REVEAL THE SOURCE: {HIDE_THE_SOURCE}"
WITHDRAWN = "the sender has withdrawn this alert. The flag set for it is ended."
NO_LONGER_YOURS = (
    "this family is no longer yours, or whom it is about is no longer linked to it. The flag set for it here is ended; the concern itself "
    "stands, and others have it."
)
STAYS = "the sender has taken this back. A release of the same person stands, and so does the flag set for it."
CORRECTED = "this was not about this family. The flag set for it was entered in error: take it off the record."


def lines(notice: Notice) -> list[str]:
    """One line each, in reading order, excerpts not included."""
    return [
        line
        for line in (*_first(notice), *_body(notice), *briefing_lines(notice), *_people(notice), *_details(notice), *_small_print(notice))
        if line.strip()
    ]


def part(person: NoticePerson) -> str:
    """Say who somebody is to the family, never their name. The certainty stands in front of the relation (LNK-06)."""
    who = _relation(person) or person.label or "a person not named"
    return f"{who} (part in the alert: {plain(person.role)})" if person.role else who


def happened(notice: Notice) -> str:
    """Give the day alone where the source must not be revealed: the minute may be known to one caller only
    (STANDARDS section 9).
    """
    return in_uk(notice.occurred_at).date().isoformat() if notice.do_not_reveal_source else uk_time(notice.occurred_at)


def _first(notice: Notice) -> Iterator[str]:
    flag = exercise_mark(notice) + notice.flag if notice.flag else None
    hidden = DO_NOT_REVEAL if notice.do_not_reveal_source else None
    taken_back, mistaken = (STAYS, STAYS) if notice.another_stands else (WITHDRAWN, CORRECTED)
    does = deed_line(notice, withdrawn=taken_back, no_longer_yours=NO_LONGER_YOURS, corrected=mistaken, capitals=True)
    yield from filter(None, (flag, rehearsal(notice), does, hidden))


def _body(notice: Notice) -> Iterator[str]:
    yield notice.title
    yield f"You receive this because: {notice.because}"
    yield own_word(notice) or ""
    yield unsaid_line(notice) or ""
    yield from before_this(notice)
    yield notice.summary
    if notice.action:
        yield f"What to do: {notice.action}"
    if notice.contact:
        yield f"Whom to call: {notice.contact}"
    if notice.obligation.due:
        yield f"Answer by: {uk_time(notice.obligation.due)}"
    if notice.recipient:
        yield f"For: {notice.recipient}"
    if answers := answering_lines(notice):
        yield f"Who answers: {' '.join(answers)}"
    yield f"Happened: {happened(notice)}"
    if notice.review_on:
        yield f"To be reviewed on: {notice.review_on.isoformat()}"
    if notice.case_status:
        yield f"Case status: {plain(notice.case_status)}"
    yield consent_line(notice) or ""


def _people(notice: Notice) -> Iterator[str]:
    shown = {child.ref for child in notice.children}
    for child in (c for c in notice.children if c.died):
        yield f"Died on {child.died}: {child.name.full if child.name else child.label or 'a child'}"
    for person in (p for p in notice.people if p.ref not in shown):
        yield f"Concerns: {part(person)}{f', died on {person.died}' if person.died else ''}"


def _details(notice: Notice) -> Iterator[str]:
    release, flag, incident = (section(notice, name) for name in ("release", "flag", "incident"))
    if tells_of_release(notice):
        sure = how_sure(notice).replace("not confirmed", "reported, not confirmed by the prison")
        yield f"Release date: {release.get('date') or plain(NOT_STATED)} ({sure})"
    for precaution in flag.get("precautions", ()):
        yield f"Precaution: {precaution}"
    if flag.get("grade"):
        yield f"Grade: {flag['grade']}"
    if incident.get("reference"):
        yield f"Incident reference: {incident['reference']}"
    if incident.get("grade"):
        yield f"Incident grade: {incident['grade']}"
    facts = incident_facts(notice)
    for name, words in (("children_present", "Children present"), ("welfare_check", "Welfare check made")):
        if name in facts:
            yield f"{words}: {plain(yes_no(facts[name]))}"
    if incident.get("parental_responsibility"):
        yield f"Parental responsibility, as recorded: {incident['parental_responsibility']}"
    if incident.get("home_conditions"):
        yield f"Home conditions, as recorded: {incident['home_conditions']}"
    yield from section_lines(notice)


def _small_print(notice: Notice) -> Iterator[str]:
    yield f"Quote: {notice.obligation.source} {notice.obligation.source_id}"
    yield f"Lawful basis: {notice.lawful_basis}"
    if notice.withheld:
        yield f"Left out for your service: {', '.join(plain(name) for name in notice.withheld)}"


def _relation(person: NoticePerson) -> str | None:
    relation, certainty = (plain(word) if word else None for word in (person.relation, person.certainty))
    if relation is None or certainty is None or certainty in relation:
        return relation
    return f"{relation} (confirmed)" if certainty == "confirmed" else f"{certainty} {relation}"
