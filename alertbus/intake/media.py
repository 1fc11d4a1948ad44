"""No pictures, film or sound in an alert: words and a reference only (NOT-05, review 3.28). Pure.

A recording stays where it was made; whoever has seen it writes down what they saw, and gives the reference by which it is found. What
comes written out as letters or numbers is refused at the door, wherever it stands, also where nobody has classified the field.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from alertbus.model.alert import Alert
from alertbus.model.errors import Fault

LONGEST_RUN = 512
"""Letters and digits without a space. Chosen: no word and no reference is as long, and no picture is as short (384 bytes)."""

LONGEST_COLUMN = 1_000
"""Numbers in one list. Chosen: no form of a professional has so many."""

_LINE = 60
"""Characters of a picture's line, at least: encoders break lines at 60, 64 or 76."""

_IN_ONE_PIECE = rf"[\w+/=-]{{{LONGEST_RUN},}}"
_IN_LINES = rf"(?:[\w+/=-]{{{_LINE},80}}\s+){{8,}}"
_WRITTEN_OUT = re.compile(rf"data:[\w.+/;=-]{{1,200}};base64,|{_IN_ONE_PIECE}|{_IN_LINES}", re.ASCII | re.IGNORECASE)
_LETTERS = 16
"""Different characters that a run must have: as many as hexadecimal digits. A line of dashes is no picture."""

_EXPECTED = "words, and a reference to where the recording is kept; pictures, film and sound are not carried, have them summarised"


def media_in(alert: Alert) -> Iterator[Fault]:
    """Name each part of the alert that holds something other than words. Names that a sender made up are not repeated."""
    for number, piece in enumerate(alert.narrative):
        if _is_media(piece.text):
            yield Fault(f"narrative[{number}].text", _EXPECTED, "media_not_carried")
    if alert.details.model_fields_set and any(map(_is_media, _leaves(alert.details.model_dump()))):
        yield Fault("details", _EXPECTED, "media_not_carried")


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        yield value
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def _is_media(value: Any) -> bool:
    if isinstance(value, str):
        if ";" not in value and max(map(len, value.split()), default=0) < _LINE:
            return False  # plain words, at a fifth of what the search through them costs
        runs = (found[0] for found in _WRITTEN_OUT.finditer(value))
        return any(run.lower().startswith("data:") or len(set(run)) >= _LETTERS for run in runs)
    return isinstance(value, Sequence) and sum(isinstance(one, int | float) for one in value) > LONGEST_COLUMN
