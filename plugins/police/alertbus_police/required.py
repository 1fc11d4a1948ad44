"""The fields that a Public Protection Notice must have (review 3.23, STANDARDS section 5), each stated or marked as not stated.

A blank field reads as "nothing to report"; `not_stated` reads as a question, and `to_complete` puts it in words an
officer can act on (PPN-14).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from alertbus.plugin import Excerpt, Notice, NoticePerson, SaidBy
from alertbus.plugin.wording import ASKED_OF_POLICE, NOT_STATED, section

WORDS: Mapping[str, str] = {
    **ASKED_OF_POLICE,
    "risk_posed": "For each adult, record what risk they pose to the children and to staff.",
    "time_children_seen": "Record when each child was seen, or that they were not seen.",
    "shared_with": "Record which agencies were told, by whom and when.",
}
"""Each required field with what to do when it is missing."""


NOBODY = "nobody"
"""The officers had come to look for nobody."""


def required(notice: Notice) -> dict[str, Any]:
    """Every field of `WORDS`: what the notice says, else `not_stated`."""
    known = section(notice, "incident")
    adults = [p for p in notice.people if not p.child]
    return {
        "children": _refs(notice.children),
        "parental_responsibility": known.get("parental_responsibility") or NOT_STATED,
        "adults_present": _refs(p for p in adults if p.role == "present"),
        "person_sought": NOBODY if known.get("nobody_sought") is True else _refs(p for p in adults if p.role == "sought"),
        "risk_posed": _risk(notice),
        "child_saw_or_said": _child_excerpts(notice.narrative),
        "home_conditions": known.get("home_conditions") or NOT_STATED,
        "officer": known.get("officer") or NOT_STATED,
        "force_reference": known.get("reference") or NOT_STATED,
        "time_children_seen": known.get("children_seen_at") or NOT_STATED,
        "shared_with": "; ".join(known.get("shared_with") or ()) or NOT_STATED,
    }


def to_complete(stated: Mapping[str, Any]) -> list[str]:
    return [words for field, words in WORDS.items() if stated[field] == NOT_STATED]


def _refs(people: Iterable[NoticePerson]) -> list[str] | str:
    return [person.ref for person in people] or NOT_STATED


def _risk(notice: Notice) -> str:
    """Only what an agency graded itself. A risk is never worked out here from what somebody is said to have done
    (NOT-11).
    """
    grade = section(notice, "flag").get("grade")
    return str(grade) if grade else NOT_STATED


def _child_excerpts(narrative: tuple[Excerpt, ...]) -> list[int] | str:
    """Places in the event's `observations`: the words stand there once, unaltered."""
    return [place for place, excerpt in enumerate(narrative) if excerpt.said_by is SaidBy.CHILD] or NOT_STATED
