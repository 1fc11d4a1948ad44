"""The concern: one short form by which any practitioner tells what they saw or were told (CON-01, VOI-02, VOI-08). Pure."""

import re
from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from fastapi.datastructures import FormData

from alertbus.desk.in_words import SAID_BY, SEVERITIES
from alertbus.desk.sending.call_form import CallForm
from alertbus.desk.sending.form_parts import (
    MOST_PEOPLE,
    NUMBERS,
    Fields,
    ShownPart,
    at_fields,
    fields_of,
    numbered,
    one_more,
    people_typed,
    person_shown,
    shown_entries,
    text,
    without,
)
from alertbus.desk.sending.form_parts import day_shown as shown_day
from alertbus.desk.sending.send_form import Stating, kind_hint
from alertbus.desk.sending.written_days import DAY_WANTED, TIME_WANTED, day_written, time_written
from alertbus.desk.visitor import Visitor
from alertbus.model.alert import Alert
from alertbus.model.case import UK, in_uk
from alertbus.model.label_words import asked_of, only_labels
from alertbus.policy.policy import Policy

MOST_WORDS = 8

KINDS: Mapping[str, str] = {
    "school_concern": "A child's welfare or safety",
    "other": "A child's or a family's welfare or safety",
    "missing_child_incident": "A child found alone, or missing",
    "concealed_pregnancy_concern": "A pregnancy that may be concealed",
    "domestic_abuse_incident": "Domestic abuse",
    "threat_to_staff": "A threat to people who work with the family",
}
"""What a concern may be about, in plain words, in the order of the form."""

URGENT: Mapping[str, str] = {
    "critical": "Somebody may be seriously hurt today. Whoever is there now is told, at night too. Ring as well.",
    "high": "A child may come to harm if nobody acts in the next days.",
    "medium": "It needs somebody to look, and it can wait for their working day.",
    "low": "Worth knowing beside what others know.",
}
INFORMED: Mapping[str, str] = {"yes": "Yes", "no": "No"}
BY_HAND: Mapping[str, str] = {"yes": "I saw or heard it myself", "no": "It was told to me"}

_KNOWN = re.compile(
    r"about|on|at|severity|informed|done|persons|wordss|person-(?:1[01]|\d)-(?:part|given|family|called|born|address|postcode|system|number)"
    r"|words-[0-7]-(?:text|by|hand|keep)"
)


class ConcernForm:
    """The form, for anybody who may state and is not asked to use the helpline's own."""

    name = "concern"
    title = "A concern"
    hint = "What you saw or were told of a child or a family. One short form, for anybody who works with people."
    template = "send/concern.html"
    named_by_content = False
    asks_last = False

    def may(self, visitor: Visitor, policy: Policy) -> bool:
        """The helpline has a form of its own, which keeps the caller apart."""
        return not CallForm().may(visitor, policy)

    def fields(self, form: FormData) -> Fields:
        return fields_of(form, _KNOWN)

    def changed(self, typed: Fields, do: str) -> tuple[Fields, str] | None:
        """Give the form with an entry more or less, and where to go on; None for another button."""
        for group, most in (("person", MOST_PEOPLE), ("words", MOST_WORDS)):
            if do == f"add-{group}":
                return one_more(typed, group, most)
            if re.fullmatch(rf"drop-{group}-\d{{1,2}}", do):
                return without(typed, group, int(do.rpartition("-")[2]), most)
        return None

    def doubts(self, typed: Mapping[str, str]) -> Fields:
        """Words that only judge, each asked about once: kept as they are, they are asked about no more."""
        labels = {n: only_labels(text(typed, f"words-{n}-text")) for n in numbered(typed, "words") if not text(typed, f"words-{n}-keep")}
        return {f"words-{number}-text": asked_of(found) for number, found in labels.items() if found}

    def alert(self, typed: Mapping[str, str], _: Mapping[str, str], stating: Stating) -> Alert:
        """Give the alert. Raises `FormFaults`."""
        faults: Fields = {}
        people, where = people_typed(typed, faults)
        happened = _moment(typed, stating.now, faults)
        kind = text(typed, "about")
        if kind not in kinds_for(stating.visitor, stating.policy):
            faults["about"] = "Choose what it is about."
        if text(typed, "severity") not in URGENT:
            faults["severity"] = "Choose how urgent it is."
        words = _words(typed, faults)
        stated: dict[str, Any] = {
            "id": stating.reference,
            "source": stating.visitor.at,
            "kind": kind or "other",
            "occurred_at": happened,
            "recorded_at": max(stating.written_at, happened),
            "severity": text(typed, "severity") if "severity" not in faults else "low",
            "narrative": words,
            "family_informed": {"yes": True, "no": False}.get(text(typed, "informed")),
            **people,
        }
        return stating.alert(stated, lambda found: at_fields(found, where, field_at), faults)

    def shown(self, typed: Mapping[str, str], policy: Policy) -> list[ShownPart]:  # noqa: ARG002  as every form has it
        """The answers, as they are checked before they are sent."""
        happened = " ".join(part for part in (text(typed, "on"), text(typed, "at")) if part)
        day = day_written(text(typed, "on"))
        of_all = [
            ("What it is about", KINDS.get(text(typed, "about"), "")),
            ("When it happened", f"{shown_day(day)}{', ' if text(typed, 'at') else ''}{text(typed, 'at')}" if day else happened),
            ("How urgent", SEVERITIES[text(typed, "severity")][0] if text(typed, "severity") in SEVERITIES else ""),
            ("Family told that you send this", INFORMED.get(text(typed, "informed"), "Not stated")),
            ("Done so far", text(typed, "done") or "Nothing stated"),
        ]
        parts = [person_shown(typed, number) for number in numbered(typed, "person")]
        for number in numbered(typed, "words"):
            by = SAID_BY.get(text(typed, f"words-{number}-by"), "not stated")
            hand = BY_HAND.get(text(typed, f"words-{number}-hand"), "not stated")
            rows = (("In your words", typed.get(f"words-{number}-text", "")), ("Said by", by), ("First hand", hand))
            title = "What was seen or said" + (f", part {number + 1}" if len(numbered(typed, "words")) > 1 else "")
            parts.append(ShownPart(title, rows, f"words-{number}"))
        return [*parts, ShownPart("When, and how urgent", tuple(of_all), "about")]

    def values(self, typed: Mapping[str, str], visitor: Visitor, policy: Policy) -> dict[str, Any]:
        """What the form's template shows beside what was typed."""
        return {
            "people": shown_entries(typed, "person", MOST_PEOPLE),
            "pieces": shown_entries(typed, "words", MOST_WORDS),
            "kinds": [(kind, KINDS[kind], kind_hint(policy, kind)) for kind in kinds_for(visitor, policy)],
            "urgent": [(name, SEVERITIES[name][0], hint) for name, hint in URGENT.items()],
            "numbers": NUMBERS,
        }


def kinds_for(visitor: Visitor, policy: Policy) -> list[str]:
    """What somebody may say that it is about: as their agency may state it, and a school under its own kind."""
    may = [kind for kind in KINDS if kind in policy.kinds and policy.lets_state(visitor.at, kind)]
    return [kind for kind in may if kind != "other" or "school_concern" not in may]


def field_at(path: str) -> str:
    """The field of a path of the alert that is nobody's entry."""
    if found := re.match(r"narrative\[(\d+)\]", path):
        return f"words-{found[1]}-text"
    return {"occurred_at": "on", "recorded_at": "on", "severity": "severity", "kind": "about"}.get(path, "person-0-given")


def _moment(typed: Mapping[str, str], now: datetime, faults: Fields) -> datetime:
    """When it happened, by the clock of the United Kingdom; a day alone is its first minute, which is shown as the day."""
    day = day_written(text(typed, "on"), in_uk(now).date())
    if day is None:
        faults["on"] = f"Write when it happened, or when you were told, as {DAY_WANTED}. Today and yesterday will do."
    at = time()
    if written := text(typed, "at"):
        found = time_written(written)
        if found is None:
            faults["at"] = f"Write the time as {TIME_WANTED}, or leave it out."
        at = found or at
    happened = datetime.combine(day or in_uk(now).date(), at, UK)
    if happened > now and not {"on", "at"} & faults.keys():
        faults["on"] = "This day or time has not come yet. Write when it happened."
    return happened


def _words(typed: Mapping[str, str], faults: Fields) -> list[dict[str, Any]]:
    """What was seen or said, byte for byte, and what was done as a piece of its own: it is the sender's own account."""
    pieces: list[dict[str, Any]] = []
    for number in numbered(typed, "words"):
        said = typed.get(f"words-{number}-text", "")
        if not said.strip():
            faults[f"words-{number}-text"] = "Write what was seen or said, or take this part away."
            continue
        hand = {"yes": True, "no": False}.get(text(typed, f"words-{number}-hand"))
        by = text(typed, f"words-{number}-by")
        if hand is None:
            faults[f"words-{number}-hand"] = "Choose whether you saw or heard it yourself."
        if by not in SAID_BY:
            faults[f"words-{number}-by"] = "Choose whose words these are."
        pieces.append({"text": said, "said_by": by if by in SAID_BY else None, "observed_first_hand": hand})
    if not numbered(typed, "words"):
        faults["words-0-text"] = "Write what was seen or said."
    if done := typed.get("done", ""):
        pieces.append({"text": done, "said_by": "professional", "observed_first_hand": True})
    return pieces
