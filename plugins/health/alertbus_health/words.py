"""What a clinician reads, in the order they must read it: the active flag, the rest in plain lines, then each
excerpt untouched.

Adults are told by their part and relation only: health may know that the putative father is meant, not who he is
(STANDARDS section 13). Of the alert's details only the lines written here are shown, so that a section somebody
adds later shows nothing by itself.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from alertbus.plugin import Deed, Notice, NoticePerson

_UK = ZoneInfo("Europe/London")

_DEEDS = {
    Deed.AMEND: "AMENDED: this replaces what was sent before about the same matter.",
    Deed.WITHDRAW: "WITHDRAWN: the sender has withdrawn this alert. The flag set for it is ended.",
    Deed.ESCALATE: "NOT YET ANSWERED: nobody has acknowledged this notice, so it has come to you.",
}

DO_NOT_REVEAL = "DO NOT REVEAL THE SOURCE: never say or hint who told us, nor anything from which it could be worked out."


def lines(notice: Notice) -> list[str]:
    """One line each, in reading order, excerpts not included."""
    return [line for line in (*_first(notice), *_body(notice), *_people(notice), *_details(notice), *_small_print(notice)) if line.strip()]


def part(person: NoticePerson) -> str:
    """Who somebody is to the family, never their name. How sure anybody is stands in front of the relation (LNK-06)."""
    who = _relation(person) or person.label or "a person not named"
    return f"{who} (part in the alert: {_plain(person.role)})" if person.role else who


def when(moment: datetime) -> str:
    return f"{moment.astimezone(_UK):%Y-%m-%d %H:%M} UK time"


def happened(notice: Notice) -> str:
    """Give the day alone where the source must not be revealed: the minute may be known to one caller only
    (STANDARDS section 9).
    """
    return notice.occurred_at.astimezone(_UK).date().isoformat() if notice.do_not_reveal_source else when(notice.occurred_at)


def _first(notice: Notice) -> Iterator[str]:
    exercise = notice.obligation.exercise
    mark = f"EXERCISE {exercise}. " if exercise else ""
    if notice.flag:
        yield f"{mark}{notice.flag}"
    if exercise:
        yield f"EXERCISE {exercise}. This is a rehearsal: no real family is meant."
    if notice.deed in _DEEDS:
        yield _DEEDS[notice.deed]
    if notice.do_not_reveal_source:
        yield DO_NOT_REVEAL


def _body(notice: Notice) -> Iterator[str]:
    yield notice.title
    yield f"You receive this because: {notice.because}"
    yield notice.summary
    if notice.action:
        yield f"What to do: {notice.action}"
    if notice.contact:
        yield f"Whom to call: {notice.contact}"
    if notice.obligation.due:
        yield f"Answer by: {when(notice.obligation.due)}"
    if notice.recipient:
        yield f"For: {notice.recipient}"
    yield f"Happened: {happened(notice)}"
    if notice.review_on:
        yield f"To be reviewed on: {notice.review_on.isoformat()}"
    if notice.case_status:
        yield f"Case status: {_plain(notice.case_status)}"


def _people(notice: Notice) -> Iterator[str]:
    shown = {child.ref for child in notice.children}
    for person in (p for p in notice.people if p.ref not in shown):
        yield f"Concerns: {part(person)}"


def _details(notice: Notice) -> Iterator[str]:
    release, flag, incident = (_section(notice.details, name) for name in ("release", "flag", "incident"))
    if release.get("date"):
        unsure = "" if release.get("confirmed", True) else " (reported, not confirmed by the prison)"
        yield f"Release date: {release['date']}{unsure}"
    for precaution in flag.get("precautions", ()):
        yield f"Precaution: {precaution}"
    if flag.get("grade"):
        yield f"Grade: {flag['grade']}"
    if incident.get("reference"):
        yield f"Incident reference: {incident['reference']}"
    if incident.get("grade"):
        yield f"Incident grade: {incident['grade']}"
    for name, words in (("children_present", "Children present"), ("welfare_check", "Welfare check made")):
        if incident.get(name) is not None:
            yield f"{words}: {'yes' if incident[name] else 'no'}"
    if incident.get("home_conditions"):
        yield f"Home conditions, as recorded: {incident['home_conditions']}"


def _small_print(notice: Notice) -> Iterator[str]:
    yield f"Quote: {notice.obligation.source} {notice.obligation.source_id}"
    yield f"Lawful basis: {notice.lawful_basis}"
    if notice.withheld:
        yield f"Left out for your service: {', '.join(_plain(name) for name in notice.withheld)}"


def _section(details: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = details.get(name)
    return section if isinstance(section, Mapping) else {}


def _relation(person: NoticePerson) -> str | None:
    relation, certainty = (_plain(word) if word else None for word in (person.relation, person.certainty))
    if relation is None or certainty is None or certainty in relation:
        return relation
    return f"{relation} (confirmed)" if certainty == "confirmed" else f"{certainty} {relation}"


def _plain(word: str) -> str:
    return word.replace("_", " ")
