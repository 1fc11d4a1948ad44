"""The typed sections of an alert's details in plain words, one line for each thing that was stated, for whoever reads them. Pure.

They are read as they stand in a notice or in a chronology: as JSON, with what the reader may not see left out. What nobody stated is not
said, and where it matters it is called not stated: an agreed action without an owner has none (ENG-12).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

NOT_SAID = "not stated"
PACK = "Handover pack"
"""The label of whether a pack came with a handover."""

Called = Callable[[str], str]
"""What to call somebody of the case, by what stands for them in the details."""
SectionLine = tuple[str, str]
"""A label and what was stated."""

HOW = MappingProxyType(
    {
        "visit": "visit",
        "telephone": "telephone call, which is no visit",
        "video": "video call, which is no visit",
        "text": "text message, which is no visit",
        "letter": "letter, which is no visit",
        "office": "at the office",
        "clinic": "at the clinic",
        "cancelled": "cancelled",
        "no_reply": "nobody answered",
    }
)
"""How somebody was in contact, in words: a call does not stand in for a visit (PPN-05)."""


def sections_in_words(details: Mapping[str, Any], who: Called, *, held: bool = False) -> list[SectionLine]:
    """Give the lines of every section that has words here. `held`: free text was held back, so that nothing is called not stated."""
    unsaid = "" if held else NOT_SAID
    lines: list[SectionLine] = []
    for name, in_words in _SECTIONS.items():
        if isinstance(stated := details.get(name), Mapping):
            lines += [(label, value) for label, value in in_words(stated, who, unsaid) if value]
    return lines


def words_of(text: object) -> str:
    """Write a word of the bus for a reader: `child_in_need` as `child in need`."""
    return str(text).replace("_", " ")


def _yes_no(value: object) -> str:
    return {True: "yes", False: "no"}.get(value, "") if isinstance(value, bool) else ""


def _names(stated: Mapping[str, Any], field: str, who: Called) -> str:
    """The people of a field; `nobody` where it was stated that there is none."""
    if field not in stated:
        return ""
    keys = stated[field]
    return ", ".join(dict.fromkeys(map(who, keys))) or "nobody" if isinstance(keys, list | tuple) else who(str(keys))


def _several(stated: Mapping[str, Any], field: str) -> str:
    found = stated.get(field) or ()
    return "; ".join(map(str, found)) if isinstance(found, Sequence) and not isinstance(found, str) else str(found)


def _by(stated: Mapping[str, Any], who: Called) -> str:
    return f", by {who(str(stated['by']))}" if stated.get("by") else ""


def _meeting(stated: Mapping[str, Any], who: Called, _: str) -> Iterator[SectionLine]:
    yield "Meeting", ", ".join(words_of(stated[field]) for field in ("type", "state") if stated.get(field))
    yield "Section 47 enquiry decided", _yes_no(stated.get("s47"))
    yield "Attended from the family", _names(stated, "attended", who)


def _conference(stated: Mapping[str, Any], _: Called, unsaid: str) -> Iterator[SectionLine]:
    yield "Conference", words_of(stated.get("type", ""))
    yield "Outcome", words_of(stated["outcome"]) if stated.get("outcome") else unsaid
    yield "Unanimous", _yes_no(stated.get("unanimous")) or NOT_SAID
    yield "Dissent", words_of(_several(stated, "dissent"))
    yield "Conditions", _several(stated, "conditions")


def _contact(stated: Mapping[str, Any], who: Called, _: str) -> Iterator[SectionLine]:
    mode = str(stated.get("mode", ""))
    yield "Contact", f"{HOW.get(mode, words_of(mode))}{_by(stated, who)}"
    yield "Contact with", _names(stated, "with", who)
    yield "Children seen", _names(stated, "seen", who)
    yield "Seen alone", _names(stated, "seen_alone", who)
    yield "Not seen", _names(stated, "not_seen", who)
    yield "Place of contact", str(stated.get("place") or "")
    yield "Not let see", str(stated.get("refused") or "")


def _instruction(stated: Mapping[str, Any], _: Called, unsaid: str) -> Iterator[SectionLine]:
    hours, days = stated.get("within_hours"), stated.get("within_days")
    within = f"{hours} hours" if hours is not None else f"{days} days" if days is not None else ""
    yield "Instruction", str(stated.get("what") or "")
    yield "To be done within", within or unsaid
    yield "Instruction to", words_of(stated.get("to") or unsaid)
    yield "Instruction by", words_of(stated.get("by") or unsaid)
    yield "Waits for", ", ".join(map(words_of, stated.get("when") or ()))


def _action(stated: Mapping[str, Any], _: Called, unsaid: str) -> Iterator[SectionLine]:
    yield "Agreed action", str(stated.get("what") or "")
    yield "Action owned by", words_of(stated.get("owner") or unsaid)
    yield "Action due", str(stated.get("due") or NOT_SAID)
    yield "Action is", words_of(stated.get("state", "agreed"))


def _request(stated: Mapping[str, Any], _: Called, unsaid: str) -> Iterator[SectionLine]:
    yield "Request", str(stated.get("what") or "")
    yield "Request to", words_of(stated.get("to") or unsaid)
    yield "Request due", str(stated.get("due") or NOT_SAID)
    yield "Request is", words_of(stated.get("state", "asked"))


def _question(stated: Mapping[str, Any], _: Called, unsaid: str) -> Iterator[SectionLine]:
    closed = stated.get("state") == "closed"
    yield "Question closed" if closed else "Open question", str(stated.get("what") or unsaid)
    yield "Closed because", str(stated.get("reason") or (unsaid if closed else ""))


def _consent(stated: Mapping[str, Any], who: Called, _: str) -> Iterator[SectionLine]:
    yield "Consent", f"{words_of(stated.get('state', NOT_SAID))}{_by(stated, who)}, to the plan: {words_of(stated.get('plan', NOT_SAID))}"


def _handover(stated: Mapping[str, Any], _: Called, unsaid: str) -> Iterator[SectionLine]:
    pair = [words_of(stated[field]) if stated.get(field) else unsaid for field in ("from", "to")]
    yield "Handover of the role", words_of(stated.get("role", NOT_SAID))
    yield "Handed over", f"from {pair[0]} to {pair[1]}" if all(pair) else ""
    yield PACK, _yes_no(stated.get("pack")) or NOT_SAID
    yield "Only for the time being", _yes_no(stated.get("interim"))


def _denial(stated: Mapping[str, Any], who: Called, _: str) -> Iterator[SectionLine]:
    yield "Denied", f"{_several(stated, 'of')}{_by(stated, who)}" if stated.get("of") else ""


def _status_change(stated: Mapping[str, Any], _: Called, unsaid: str) -> Iterator[SectionLine]:
    yield "New status", words_of(stated.get("to", NOT_SAID))
    yield "Holds from", str(stated.get("effective") or "")
    yield "Reason", str(stated.get("reason") or unsaid)
    yield "Basis", str(stated.get("basis") or unsaid)


def _school_change(stated: Mapping[str, Any], _: Called, __: str) -> Iterator[SectionLine]:
    yield "School left, by the number of authority and school", str(stated.get("from") or NOT_SAID)
    yield "School joined", str(stated.get("to") or NOT_SAID)
    yield "In care, as the school has it", _yes_no(stated.get("in_care"))
    yield "Authority that looks after the child", str(stated.get("care_authority") or "")


_SECTIONS: Mapping[str, Callable[[Mapping[str, Any], Called, str], Iterator[SectionLine]]] = MappingProxyType(
    {
        "meeting": _meeting,
        "conference": _conference,
        "contact": _contact,
        "instruction": _instruction,
        "action": _action,
        "request": _request,
        "question": _question,
        "consent": _consent,
        "handover": _handover,
        "denial": _denial,
        "status_change": _status_change,
        "school_change": _school_change,
    }
)
IN_WORDS = frozenset(_SECTIONS)
"""The sections that have words here."""
