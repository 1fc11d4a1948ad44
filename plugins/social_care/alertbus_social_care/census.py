"""The words of the Children in Need census that a message uses: elements, and the codes in them (DfE CIN census, code sets of 2024).

The census is a statutory return and no messaging standard: case systems publish none, so its words are what they share (STANDARDS 4).
"""

import re
from collections.abc import Mapping
from enum import StrEnum

from alertbus.plugin import Notice
from alertbus.plugin.wording import section


class Census(StrEnum):
    """Which census a case system speaks: from 2025 a child has a `Sex`; before, a `GenderCurrent`. No other element here differs."""

    OF_2024 = "2024"
    SINCE_2025 = "2025"

    @property
    def sex(self) -> tuple[str, str]:
        """The element, and its code for what was not recorded: the bus never knows it."""
        return ("GenderCurrent", "0") if self is Census.OF_2024 else ("Sex", "U")


NOT_OBTAINED = "NOBT"
"""Of Ethnicity: information not yet obtained."""

ABUSE_OR_NEGLECT, NEED_NOT_STATED = "N1", "N0"

REFERRALS = frozenset(
    {
        "ppn",
        "nspcc_concern",
        "school_concern",
        "concealed_pregnancy_concern",
        "domestic_abuse_incident",
        "missing_child_incident",
        "risk_to_children",
        "drug_intelligence",
        "prisoner_release",
        "unlawfully_at_large",
        "restraining_order_breach",
        "other",
    }
)
"""Kinds that are a referral of the children, where no case of theirs is open (STANDARDS 15). A threat to staff is about the staff."""

_ANONYMOUS, _VOLUNTARY, _UNKNOWN = "9", "8", "10"
_SOURCES: Mapping[str, str] = {
    "school": "2A",
    "nursery": "2B",
    "gp": "3A",
    "health_visiting": "3B",
    "school_nursing": "3C",
    "midwifery": "3F",
    "hospital": "3F",
    "ambulance": "3F",
    "housing": "4",
    "childrens_social_care": "5A",
    "mash": "5B",
    "police": "6",
    "probation": "7",
    "prison": "7",
}
_GRAVE = frozenset({"red", "amber", "high", "medium"})


def referral_source(notice: Notice) -> str:
    """Give the code of who refers. The helpline's is 9, anonymous, where nobody may learn who told, else 8 (STANDARDS 4)."""
    agency = notice.obligation.source.partition(".")[0]
    if agency == "nspcc":
        return _ANONYMOUS if notice.do_not_reveal_source else _VOLUNTARY
    return _SOURCES.get(agency, _UNKNOWN)


def primary_need(notice: Notice) -> str:
    """Give the need that is proposed: abuse or neglect of a police notice that is red or amber (STANDARDS 15); of all else, not stated."""
    grave = notice.obligation.kind == "ppn" and section(notice, "incident").get("grade") in _GRAVE
    return ABUSE_OR_NEGLECT if grave else NEED_NOT_STATED


CLOSURES: Mapping[str, str] = {
    "RC1": "adopted",
    "RC2": "died",
    "RC3": "child arrangements order",
    "RC4": "special guardianship order",
    "RC5": "transferred to services of another local authority",
    "RC6": "transferred to adult social care services",
    "RC7": "services ceased for any other reason, including child no longer in need",
    "RC8": "case closed after assessment, no further action",
    "RC9": "case closed after assessment, referred to early help",
}
_CLOSURE = re.compile(r"(?<!\w)RC[1-9](?!\w)")


def closure_code(reason: object) -> str | None:
    """Give the code that a reason in words names itself; None where it names none. A code is never guessed from the words."""
    named = set(_CLOSURE.findall(reason)) if isinstance(reason, str) else set()
    return named.pop() if len(named) == 1 else None
