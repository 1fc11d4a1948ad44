"""The caution for a housing officer: one of four, its landlord's code, and one sentence of at most 100
characters.

Every sentence is a template but for the flag, its grade, a release date and the telephone contact, and a flag that says more
than how to visit gives way to the template too: no category of abuse, plan, health detail, offence or name may
reach a landlord's screen, where many see it and it stays.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from alertbus.plugin import Notice, NoticePerson
from alertbus.plugin.wording import RECALL, how_sure, matter, section, speaks_of

LONGEST = 100
"""Characters of `incidentDescription` (Hackney)."""

DUTY_TEAM = "duty team"


class Caution(StrEnum):
    """Why a housing officer should take care; what a landlord maps to its own codes."""

    STAFF_SAFETY = "staff_safety"
    VERBAL_ABUSE = "verbal_abuse"
    RELEASE = "release"
    CALL_FIRST = "call_first"


@dataclass(frozen=True, slots=True)
class Code:
    code: str
    description: str

    def __post_init__(self) -> None:
        if not (0 < len(self.code) <= 10 and len(self.description) <= 50):  # noqa: PLR2004  Hackney's limits
            raise ValueError("a cautionary alert code has 1 to 10 characters and its description at most 50")


CODES: Mapping[Caution, Code] = {
    Caution.STAFF_SAFETY: Code("CV", "No Lone Visits"),
    Caution.VERBAL_ABUSE: Code("VA", "Verbal Abuse or Threat of"),
    Caution.RELEASE: Code("CV", "No Lone Visits"),
    # The bus's own: no code of Hackney's says this, and CV would call a family violent that nobody has called so.
    Caution.CALL_FIRST: Code("CALL", "Call duty team before contact"),
}

_THREATS = frozenset({"threat_to_staff", "violent_person_flag"})
_SAYS_MORE = re.compile(
    r"abus|neglect|assault|violen|rape|sex|offen[cds]|crim|convict|arrest|prison|custod|licence|probation|mappa|"
    r"marac|court|injunction|weapon|knife|gun|"
    r"drug|alcohol|drunk|health|mental|pregnan|birth|baby|child|plan|conference|social care|police|partner|father|"
    r"mother|tenant|\bh(e|im|is|er|ers)\b|\bshe\b",
    re.IGNORECASE,
)
"""Words that would tell a landlord more than how to visit. Too many are caught rather than too few: the template
says the same.
"""
_VERBAL = frozenset({"abuse", "intimidation"})
_GRADES = _VERBAL | {"threat", "violence"}
_NO_DAY = "a day not known"


def caution(notice: Notice) -> Caution:
    """Put a standing flag before whatever the notice itself is about (VPF-06)."""
    kind = notice.obligation.kind
    if kind in _THREATS:
        grade = section(notice, "flag").get("grade")
        return Caution.VERBAL_ABUSE if grade in _VERBAL else Caution.STAFF_SAFETY
    if notice.flag:
        return Caution.STAFF_SAFETY
    return Caution.RELEASE if kind in {"prisoner_release", RECALL} else Caution.CALL_FIRST


def reference(notice: Notice) -> str:
    """Eight letters and digits for the telephone, the same for every notice of one obligation, so that a withdrawal
    finds its alert; and for a release and a recall of one person, so that the recall finds the release's.

    Made from the obligation's id, because a withdrawal has a notice id of its own. Base 32 has no 0, 1 or 8 to mishear.
    """
    owed, about = notice.obligation, matter(notice)
    meant = owed.id if about == owed.alert_id else f"{owed.case_id}\x1f{owed.agency}\x1f{about}"
    digest = hashlib.sha256(meant.encode()).digest()
    return base64.b32encode(digest)[:8].decode()


def description(notice: Notice) -> str:
    """Write the whole text, the flag or its template first. Where 100 characters do not hold it, the contact
    becomes "duty team", the mark about the source stays in its header alone, and the flag gives way to the
    template, in that order. Nothing is ever cut.
    """
    mark = "EXERCISE. " if notice.obligation.exercise else ""
    source = " Do not reveal source." if notice.do_not_reveal_source else ""
    ref = reference(notice)
    tries = (
        f"{mark}{warning} Call {whom} ref {ref}.{tail}"
        for warning in _warnings(notice)
        for tail in dict.fromkeys((source, ""))
        for whom in filter(None, (_contact(notice), DUTY_TEAM))
    )
    return next(text for text in tries if len(text) <= LONGEST)


def _warnings(notice: Notice) -> Iterator[str]:
    """Yield from what says most to what always fits. A release under a standing flag says both."""
    flag = _flag(notice)
    if notice.obligation.kind == "unlawfully_at_large":
        yield "Do not visit alone. Household at risk now: in danger call 999."
    elif notice.flag and notice.obligation.kind == "prisoner_release":
        for visit in filter(None, (flag, "Do not visit alone.")):
            yield f"{visit} Household at risk from {_release_date(notice)}{_unsure(notice)}."
        yield f"No lone visits. {_risk_in_short(notice)}"
    elif flag:
        yield flag + _grade(notice)
    yield _template(notice)
    yield _risk_in_short(notice)


def _flag(notice: Notice) -> str | None:
    """Give the flag as it came, if it speaks of the visit alone and of nobody."""
    flag = _plain_words(notice, notice.flag)
    if flag is None or _SAYS_MORE.search(flag):
        return None
    return flag if flag.endswith((".", "!")) else f"{flag}."


def _template(notice: Notice) -> str:
    match caution(notice):
        case Caution.STAFF_SAFETY:
            return f"Staff safety: do not visit alone.{_grade(notice)}"
        case Caution.VERBAL_ABUSE:
            return f"Staff safety: verbal abuse or threats.{_grade(notice)}"
        case Caution.RELEASE:
            return f"Household may be at risk from {_release_date(notice)}{_unsure(notice)}."
        case Caution.CALL_FIRST:
            return "Before contact:"


def _grade(notice: Notice) -> str:
    """The grade beside the caution: four grades share two codes, and none may be lost (VPF-07)."""
    grade = section(notice, "flag").get("grade")
    return f" Grade: {grade}." if grade in _GRADES else ""


def _unsure(notice: Notice) -> str:
    """Say that a release is not confirmed, or that nobody has said whether it is (PRI-04)."""
    sure = how_sure(notice)
    return "" if sure == "confirmed" else f", {sure}"


def _risk_in_short(notice: Notice) -> str:
    """The same of a release in the fewest words, which fit beside the mark of an exercise."""
    day, unsure = _release_date(notice), _unsure(notice)
    if day == _NO_DAY and unsure.endswith("not stated"):
        return "Risk; day and confirmation not stated."
    return f"Risk from {day}{unsure}."


def _release_date(notice: Notice) -> str:
    try:
        return date.fromisoformat(str(section(notice, "release").get("date"))).isoformat()
    except ValueError:
        return _NO_DAY


def _contact(notice: Notice) -> str | None:
    return _plain_words(notice, notice.contact)


def _plain_words(notice: Notice, text: str | None) -> str | None:
    """Only what can be shown on anybody's screen: one line, no markup, and none of the family in it."""
    line = " ".join((text or "").split())
    everybody = (*notice.children, *notice.people)
    if not line or set(line) & set("<>&{}[]") or any(_names(person, line) for person in everybody):
        return None
    return line


def _names(person: NoticePerson, text: str) -> bool:
    name = person.name
    parts = [person.label, *((name.given, name.family) if name else ()), *(i.value for i in person.identifiers)]
    return any(speaks_of(text, part) for part in parts if part)
