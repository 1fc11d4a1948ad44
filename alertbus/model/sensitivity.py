"""How sensitive a field is. Every field of every word carries one class; the policy maps (sector, class) to what may be shown.

The classes are the rows of the field matrix in STANDARDS section 13. `sensitivity_of` reads the mark back, and a test holds that no
field is without one, so that a new field cannot reach an agency before somebody has decided who may see it.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from typing import get_args

from alertbus.model.base import Word


class Sensitivity(StrEnum):
    """Rows of the matrix. Values are stable: they stand in the policy file and in every notice's list of what was withheld."""

    ROUTING = "routing"
    """Opaque ids, kinds, agencies, times: what the wire needs to work. Shown to every recipient."""
    IDENTITY = "identity"
    """Somebody's identity. Resolved to CHILD_IDENTITY or ADULT_IDENTITY by the person's place on the case."""
    CHILD_IDENTITY = "child_identity"
    ADULT_IDENTITY = "adult_identity"
    NHS_NUMBER = "nhs_number"
    UPN = "upn"
    ADDRESS = "address"
    THREAT = "threat"
    OFFENCE = "offence"
    PLAN = "plan"
    CONFERENCE = "conference"
    """What a child protection conference decided, and who dissented: for everybody who is asked to one (STA-05). A policy that says nothing
    of it shows it as it shows a plan."""
    CHILD_HEALTH = "child_health"
    SUBSTANCE = "substance"
    OBSERVATION = "observation"
    """Things that a professional or the public saw or said, where no narrower class fits."""
    CHILD_VOICE = "child_voice"
    """The child's own words (recommendation C): verbatim or not at all."""
    ACTION = "action"
    """Things asked of the reader: what to do, whom to call, by when."""
    REFERRER = "referrer"
    """The person who told. Sealed: no agency but the referrer's own."""
    UNCLASSIFIED = "unclassified"
    """Sent in a shape that nobody has classified: kept in the chronicle, shown to no agency (fail closed)."""


def sensitivity_of(word: type[Word], field: str) -> Sensitivity | None:
    """The mark on a field, or None when somebody forgot it."""
    return next((m for m in word.model_fields[field].metadata if isinstance(m, Sensitivity)), None)


@cache
def is_free_text(word: type[Word], field: str) -> bool:
    """True for a field that takes words as somebody writes them: a text, or several, that no closed list of values bounds."""
    return _takes_text(word.model_fields[field].annotation) and not _is_closed(word.model_fields[field].metadata)


def _takes_text(annotation: object) -> bool:
    return annotation is str or any(_takes_text(part) for part in get_args(annotation))


def _is_closed(metadata: Iterable[object]) -> bool:
    patterns = (getattr(mark, "pattern", None) for mark in metadata)
    return any(_LIST_OF_VALUES.fullmatch(pattern) for pattern in patterns if pattern)


_LIST_OF_VALUES = re.compile(r"\^\([a-z_|]+\)\$")
