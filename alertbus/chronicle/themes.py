"""The themes of a chronology: what kinds of alert are read together (CHR-03). Pure. A theme says what something is about, never how grave
it is, and none stands before another because of it (NOT-06).
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Theme(StrEnum):
    """What an entry of a chronology is about. The values stand in addresses and never change."""

    SAFETY_OF_STAFF = "safety_of_staff"
    CONCERNS = "concerns"
    POLICE = "police"
    PRISON = "prison"
    DRUGS = "drugs"
    CONTACT = "contact"
    DECISIONS = "decisions"
    WORKERS = "workers"
    BIRTH_AND_DEATH = "birth_and_death"
    OTHER = "other"


THEMES: Mapping[Theme, str] = MappingProxyType(
    {
        Theme.CONCERNS: "Concerns about the children",
        Theme.POLICE: "Police incidents",
        Theme.SAFETY_OF_STAFF: "Safety of staff",
        Theme.PRISON: "Prison and release",
        Theme.DRUGS: "Drugs",
        Theme.CONTACT: "Contact with the family",
        Theme.DECISIONS: "Meetings and decisions",
        Theme.WORKERS: "Who is on the case",
        Theme.BIRTH_AND_DEATH: "Births and deaths",
        Theme.OTHER: "Everything else",
    }
)
"""What each is called, in the order in which they are listed."""

_KINDS: Mapping[str, Theme] = MappingProxyType(
    {
        "violent_person_flag": Theme.SAFETY_OF_STAFF,
        "threat_to_staff": Theme.SAFETY_OF_STAFF,
        "risk_to_staff": Theme.SAFETY_OF_STAFF,
        "nspcc_concern": Theme.CONCERNS,
        "school_concern": Theme.CONCERNS,
        "concealed_pregnancy_concern": Theme.CONCERNS,
        "risk_to_children": Theme.CONCERNS,
        "missing_child_incident": Theme.CONCERNS,
        "ppn": Theme.POLICE,
        "domestic_abuse_incident": Theme.POLICE,
        "restraining_order_breach": Theme.POLICE,
        "prisoner_release": Theme.PRISON,
        "prisoner_recall": Theme.PRISON,
        "unlawfully_at_large": Theme.PRISON,
        "prisoner_contact_change": Theme.PRISON,
        "drug_intelligence": Theme.DRUGS,
        "non_engagement": Theme.CONTACT,
        "conference_outcome": Theme.DECISIONS,
        "meeting": Theme.DECISIONS,
        "case_status_change": Theme.DECISIONS,
        "worker_change": Theme.WORKERS,
        "involvement_started": Theme.WORKERS,
        "involvement_ended": Theme.WORKERS,
        "school_changed": Theme.WORKERS,
        "birth": Theme.BIRTH_AND_DEATH,
        "death": Theme.BIRTH_AND_DEATH,
    }
)


def theme_of(kind: str, *, contact: bool = False) -> Theme:
    """The theme of a kind; of one that the bus does not know, everything else. A kind without a theme of its own that states a `contact`
    with the family is about that.
    """
    return _KINDS.get(kind, Theme.CONTACT if contact else Theme.OTHER)
