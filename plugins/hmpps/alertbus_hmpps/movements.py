"""What each movement out of and into prison means to the families outside: one row for each reason and code.

`reason` is the publisher's own reading and decides first; `nomisMovementReasonCode` then tells one RELEASED from
another. Where a row cites code, it is the public source of the service named, read in 2026; nothing is copied from it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Meaning(StrEnum):
    AT_LIBERTY = "at_liberty"
    """Out, and free to come to the door: prisoner_release."""
    AT_LARGE = "at_large"
    """Out without leave: not a release, and more urgent than one."""
    RECALLED = "recalled"
    """Back in custody on the same sentence: prisoner_recall."""
    NOTHING = "nothing"
    """Still held, or no movement at all: ignored, with the row's words as the reason."""


@dataclass(frozen=True, slots=True)
class Row:
    meaning: Meaning
    words: str
    condition: str | None = None
    """What a reader should know of the release, in our words."""


_HELD = Meaning.NOTHING
_OUT = Meaning.AT_LIBERTY

RELEASE_REASONS: Mapping[str, Row] = {
    # prison-offender-events, ReleasePrisonerReasonCalculator; hmpps-prisoner-search, PrisonerReleaseReason
    "TEMPORARY_ABSENCE_RELEASE": Row(_HELD, "out on temporary absence: person.temporary-absence.started tells of it"),
    "SENT_TO_COURT": Row(_HELD, "taken to court: not a release"),
    "TRANSFERRED": Row(_HELD, "moved to another prison: not a release"),
    "RELEASED_TO_HOSPITAL": Row(_HELD, "moved to a secure hospital: detained there, not released"),
    "REMOVED_FROM_HOSPITAL": Row(_OUT, "discharged from a secure hospital", "discharged from a secure hospital"),
    "RELEASED": Row(_OUT, "released"),
}

_TO_IMMIGRATION = "left prison for immigration detention or removal; the prison service does not say what follows"

RELEASE_CODES: Mapping[str, Row] = {
    # Only codes that change what RELEASED means, or that a reader should know of. Any other code is a release: the
    # publisher says RELEASED only for movement type REL, and a release missed is worse than one told in vain.
    "CR": Row(_OUT, "conditional release"),  # whereabouts-api, prisoner released sample
    "NCS": Row(_OUT, "non-custodial sentence"),  # probation integration: its plain release sample; he walks from court
    "HD": Row(_OUT, "home detention curfew", "home detention curfew"),  # at home on a tag: at liberty by day
    "ECSL": Row(_OUT, "end of custody supervised licence"),  # probation integration: Release action
    "DD": Row(_OUT, "discharged or deported", _TO_IMMIGRATION),  # probation integration: immigration removal codes.
    "DE": Row(_OUT, "deported, no sentence", _TO_IMMIGRATION),  # Told, because no later event would tell of bail
    "DL": Row(_OUT, "deported on licence", _TO_IMMIGRATION),  # from immigration detention.
    "DEIRC": Row(_OUT, "deported from a removal centre", _TO_IMMIGRATION),
    "ETR": Row(_OUT, "early removal", _TO_IMMIGRATION),
    "ECSLIRC": Row(_OUT, "end of custody to a removal centre", _TO_IMMIGRATION),
    "UAL": Row(Meaning.AT_LARGE, "unlawfully at large"),  # probation integration: absconded, treated as needing recall
    "UAL_ECL": Row(Meaning.AT_LARGE, "unlawfully at large from end of custody licence"),
    "ESCP": Row(Meaning.AT_LARGE, "escaped"),  # [unconfirmed] NOMIS code for an escape
    "HP": Row(_HELD, "discharged to psychiatric hospital: detained there, not released"),  # probation integration:
    "HO": Row(_HELD, "detained under the Mental Health Act: not released"),  # all three are hospital, still in custody
    "HQ": Row(_HELD, "released to mental health detention: not at liberty"),
    "MRG": Row(_HELD, "two prison records merged: nobody moved"),  # probation integration: released-admin-merge
}

UNSAID = Row(
    _OUT,
    "released, without a movement code",
    "the event does not say in what way the person left: ask the prison before you tell anybody at home",
)
"""prisoner-offender-search gives no code: it says RELEASED of a release, of a death, and of somebody at large."""

_DEATHS = frozenset({"DEC", "DIED", "DEATH", "DECEASED"})
"""DEC is the NOMIS code; the others are the words that a service may use as a reason."""
_DIED = re.compile(r"\b(died|deceased|death in custody)\b", re.IGNORECASE)


def is_death(*said: str | None) -> bool:
    """True if a reason, a movement code, or the source's own words say that the person died. It comes before every other reading."""
    texts = [text.replace("_", " ") for text in said if text]
    return any(_DEATHS.intersection(text.upper().split()[-1:]) or _DIED.search(text) for text in texts)


RECEPTION_REASONS: Mapping[str, Row] = {
    # prison-offender-events, ReceivePrisonerReasonCalculator; hmpps-prisoner-search, PrisonerReceiveReason
    "RETURN_FROM_COURT": Row(_HELD, "back from court: not a recall"),
    "TRANSFERRED": Row(_HELD, "moved from another prison: not a recall"),
    "TEMPORARY_ABSENCE_RETURN": Row(_HELD, "back from temporary absence: not a recall"),
    "POST_MERGE_ADMISSION": Row(_HELD, "two prison records merged: nobody moved"),
    "NEW_ADMISSION": Row(_HELD, "admitted on new charges: not a recall"),
    "READMISSION_SWITCH_BOOKING": Row(_HELD, "admitted again on an older booking: not a recall"),
    "READMISSION": Row(Meaning.RECALLED, "admitted again on the same booking"),  # its test record is `recalled.json`
    "RECALL": Row(Meaning.RECALLED, "recalled"),  # what prison-offender-events sent before 2023
    "ADMISSION": Row(_HELD, "admitted to prison: not a recall"),  # the code below decides
}

RECALL_CODES: Mapping[str, Row] = {
    # hmpps-welcome-people-into-prison, RECALL_MOVEMENT_REASONS, unless noted
    "24": Row(Meaning.RECALLED, "recall from intermittent custody"),  # and the recall case of resettlement-passport
    "L": Row(Meaning.RECALLED, "licence revoked"),
    "B": Row(Meaning.RECALLED, "recall from home detention curfew"),
    "Y": Row(Meaning.RECALLED, "recall from a detention and training order"),
    "H": Row(Meaning.RECALLED, "recall from home leave"),
    "ETB": Row(Meaning.RECALLED, "return from the foreign national removal scheme"),
    "ETRB": Row(Meaning.RECALLED, "breach of emergency temporary release"),
    "ETRLR": Row(Meaning.RECALLED, "recall from emergency temporary release"),
    "ETRRIE": Row(Meaning.RECALLED, "emergency temporary release made in error"),
}
