"""What every adapter says in the same words, so that one agency does not read otherwise than the next. Public, as `alertbus.plugin` is.

Nothing here decides what an agency may know: the notice is minimised already. These are the marks, the sentences and the habits.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from alertbus.model.alert import INCIDENT_FACTS, POLICE_INCIDENTS
from alertbus.model.case import in_uk
from alertbus.model.gaps import ASKED
from alertbus.model.item import StepKind
from alertbus.model.name_in_words import name_in_words
from alertbus.model.notice import Deed, Excerpt, Notice

UK = ZoneInfo("Europe/London")
"""The time in which people at agencies read a clock."""

NOT_STATED = "not_stated"
"""Stands where a required field has no value: a question to whoever reads it, and never a no."""

HIDE_THE_SOURCE = "never say or hint who told us, nor anything from which it could be worked out."
"""What `do_not_reveal_source` asks; an adapter puts its own head before it."""

NO_LONGER_YOURS = (
    "this case is no longer yours, or whom it is about is no longer linked to it. The concern itself stands, and others have it."
)
"""What it means that an alert has ended for this agency alone, where an adapter has no words of its own."""

CORRECTED = "what you were told was not about this case. Take it off this family's record."
"""What it means that an alert was about somebody else, where an adapter has no words of its own."""

ASKED_OF_POLICE = ASKED
"""What a police notice must say, by field, each with what an officer should do where it does not (PPN-14)."""

RECALL = "prisoner_recall"
"""The kind of alert that ends what a release set up."""
_RELEASE_AND_RECALL = frozenset({"prisoner_release", RECALL})

_HEADS = {
    Deed.AMEND: "Amended",
    Deed.WITHDRAW: "Withdrawn",
    Deed.NO_LONGER_YOURS: "No longer yours",
    Deed.CORRECT: "Corrected",
    Deed.ESCALATE: "Not yet answered",
}


_STEP_HEADS = {
    StepKind.REMINDER: "Reminder",
    StepKind.OUT_OF_HOURS: "Out of hours",
    StepKind.OPENING: "Delivered before",
    StepKind.NOT_DELIVERED: "Not delivered",
    StepKind.ESCALATED: "Escalated to you",
}

_STEPS = {
    StepKind.REMINDER: "nobody by name has answered this yet.",
    StepKind.OUT_OF_HOURS: "this comes to you as {role}, because the day team is not there. It is told to them again when they are.",
    StepKind.OPENING: "this was delivered while the day team was not there. Nobody by name has answered it yet.",
    StepKind.NEXT: "nobody by name has answered this, so it has come to you as {role}.",
    StepKind.ESCALATED: "{by} has had this brought to you as {role}, because it is late or will be.",
    StepKind.NOT_DELIVERED: "whoever was to answer this was not reached, so it has come to you as {role}.",
    StepKind.DUTY_LEAD: "nobody by name has answered this, so it has come to you as {role}. You are the last to be asked.",
}
"""What a step says, by its kind; who was asked before, and when, stands in the notice's `because`."""


def exercise_mark(notice: Notice) -> str:
    """Give what goes before a line of a rehearsal, `EXERCISE name. `; empty for a real notice."""
    exercise = notice.obligation.exercise
    return f"EXERCISE {exercise}. " if exercise else ""


def rehearsal(notice: Notice, nobody: str = "no real family") -> str | None:
    """Say that it is a rehearsal and that `nobody` is meant; None for a real notice."""
    mark = exercise_mark(notice)
    return f"{mark}This is a rehearsal: {nobody} is meant." if mark else None


def deed_line(
    notice: Notice,
    *,
    withdrawn: str,
    no_longer_yours: str = NO_LONGER_YOURS,
    corrected: str = CORRECTED,
    capitals: bool = False,
) -> str | None:
    """Say that this amends, ends or chases what was sent before, and since when it is over; None for a first delivery.

    `withdrawn`, `no_longer_yours` and `corrected` say what each end means to this agency. `capitals` is for plain text, where nothing else
    stands out.
    """
    head = _HEADS.get(notice.deed)
    if head is None:
        return None
    if notice.step is not None:
        head = _STEP_HEADS.get(notice.step.kind, head)
    says = {
        Deed.AMEND: "this replaces what was sent before about the same matter.",
        Deed.WITHDRAW: withdrawn,
        Deed.NO_LONGER_YOURS: no_longer_yours,
        Deed.CORRECT: corrected,
        Deed.ESCALATE: _of_step(notice) or "nobody has acknowledged this notice, so it has come to you.",
    }
    ended = f" Ended on {in_uk(notice.ended_at).date().isoformat()}." if notice.ended_at else ""
    return f"{head.upper() if capitals else head}: {says[notice.deed]}{ended}"


def _of_step(notice: Notice) -> str | None:
    says = _STEPS.get(notice.step.kind) if notice.step is not None else None
    if says is None or notice.step is None:
        return None
    by = f"{notice.step.by} ({plain(notice.step.by_agency or '')})"
    return says.format(role=plain(notice.obligation.role), by=by)


def step_word(notice: Notice) -> str | None:
    """Name the step by which an answer is chased, for a field of a machine: `reminder`, `next`; None for every other notice."""
    return notice.step.kind.value if notice.step is not None else None


def own_word(notice: Notice) -> str | None:
    """Say that the reader's own agency stated it; None where another one did."""
    return "Your own agency stated this: it is no second source, and no answer is asked of you." if notice.own_agency else None


def answering_lines(notice: Notice) -> tuple[str, ...]:
    """Say who answers at the agency and why it is they, a sentence for each who was passed over; empty where its teams are not known."""
    found = notice.answering
    if found is None:
        return ()
    return tuple(f"{line}." for line in (*((f"Reached now: {found.desk}",) if found.who and found.desk else ()), *found.trail))


def unsaid_line(notice: Notice) -> str | None:
    """Name what the sender should have stated and did not; None where nothing is missing."""
    if not notice.unsaid:
        return None
    return f"Not stated by the sender, who has been asked: {', '.join(map(plain, notice.unsaid))}."


def uk_time(moment: datetime) -> str:
    """Write a moment as people in the United Kingdom read it, to the minute."""
    local = in_uk(moment)
    return f"{local.date().isoformat()} {local.hour:02}:{local.minute:02} UK time"


def plain(word: str) -> str:
    """Write a word of the bus for a reader: `child_in_need` as `child in need`."""
    return word.replace("_", " ")


def agency_in_words(name: str) -> str:
    """Write an agency's name for a reader: `childrens_social_care` as `children's social care`."""
    return name_in_words(name)


def speaks_of(text: str, words: str) -> bool:
    """Whether the words stand in the text, as words of their own and in whatever case."""
    # Nearly always they do not: then no pattern is made, which for a name that nobody has looked for before takes longer than all else.
    plainly = words.isascii() and (text.isascii() or _LOOK_ALIKES.isdisjoint(text))
    if plainly and words.lower() not in text.lower():
        return False
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE) is not None


_LOOK_ALIKES = frozenset("\u017f\u0130\u0131")
"""Letters beyond ASCII that count as one of it where case does not, and are not it in lower case."""


def section(notice: Notice, name: str) -> Mapping[str, Any]:
    """Give one section of the notice's details; empty where there is none, or where it is not an object."""
    found = notice.details.get(name)
    return found if isinstance(found, Mapping) else {}


def excerpt_fields(excerpt: Excerpt) -> dict[str, Any]:
    """Give an excerpt as fields: its text byte for byte, the digest of it, and who said it, as far as that was stated."""
    return {
        "text": excerpt.text,
        "sha256": excerpt.sha256,
        "said_by": NOT_STATED if excerpt.said_by is None else excerpt.said_by.value,
        "observed_first_hand": NOT_STATED if excerpt.observed_first_hand is None else excerpt.observed_first_hand,
    }


def yes_no(value: object) -> str:
    """Write a fact that is true, false or not stated: `yes`, `no` or `not_stated`, and never one for another (NOT-11)."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else NOT_STATED


def incident_facts(notice: Notice) -> dict[str, bool | str]:
    """Give what is stated of the children at an incident, by field (`model.alert.INCIDENT_FACTS`). Of an incident that police report, each
    is there: `not_stated` where nobody has said (NOT-11).
    """
    stated = section(notice, "incident")
    asked = notice.obligation.kind in POLICE_INCIDENTS
    found = {name: NOT_STATED if stated.get(name) is None else stated[name] for name in INCIDENT_FACTS}
    return {name: value for name, value in found.items() if asked or value != NOT_STATED}


def tells_of_release(notice: Notice) -> bool:
    """Whether the notice says when somebody is released, or is of a kind that should: then it also says how sure that is."""
    return notice.obligation.kind == "prisoner_release" or not section(notice, "release").keys().isdisjoint({"date", "confirmed"})


def how_sure(notice: Notice) -> str:
    """Say how sure the notice's release is: `confirmed`, `not confirmed`, or `confirmed: not stated` (PRI-04)."""
    return {"yes": "confirmed", "no": "not confirmed"}.get(yes_no(section(notice, "release").get("confirmed")), "confirmed: not stated")


def matter(notice: Notice) -> str:
    """Name what a system sets up because of this notice, so that a later one finds it again: by its alert; of a prisoner's release or
    recall by whoever was released, because the recall ends what the release set up (PRI-05).
    """
    who = sorted(person.ref for person in notice.people if person.role == "subject")
    if notice.obligation.kind in _RELEASE_AND_RECALL and who:
        return "\x1f".join(("at liberty", *who))
    return notice.obligation.alert_id


def is_over(notice: Notice) -> bool:
    """Say whether what was set up for the matter ends: what was told is over, or the person was recalled to prison. Where a release of the
    same person stands it does not, nor when the recall itself is taken back.
    """
    return not notice.another_stands if notice.deed.ends else notice.obligation.kind == RECALL


def present(**fields: Any) -> dict[str, Any]:
    """Leave out what is None or empty text: what may not be told or is not known is absent, never blank (ANO-05)."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}
