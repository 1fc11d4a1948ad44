"""How far two statements about a person agree, field by field. The levels are what the weights in `evidence_weights` were fitted for."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum

from alertbus.directory.names import forgiving_form, known_forms
from alertbus.directory.spelling import one_slip, shared_pairs, spelled_alike
from alertbus.model.person import Address, Name, exact_form

ALIKE_FROM = 0.88
"""Jaro-Winkler likeness from which two names are alike. Source: the second level of Splink's name comparison."""
SAME_LINES_FROM = 0.75
ALIKE_LINES_FROM = 0.5
"""Shares of letter pairs from which the lines of two addresses are the same, or alike. Chosen on FEBRL4 (bench/matching)."""
A_WORD = 3
"""Letters from which a part of a family name counts as one: "de" and "El" do not."""


class Agreement(StrEnum):
    """A level of agreement, from best to worst; the value says it on a screen, without what was compared. Not every field has every one."""

    SAME = "same"
    WRITTEN = "same but for how it is written"
    FORM = "a form of the same name"
    SWAPPED = "swapped with the family name"
    DAY_AND_MONTH = "day and month swapped"
    ALIKE = "alike"
    PART = "all but one part the same"
    YEAR = "year the same, day not known"
    STREET = "street the same, house different"
    POSTCODE = "postcode the same"
    NEIGHBOUR = "postcode the same, street different"
    LINES = "street the same, postcode different"
    DIFFERENT = "different"
    UNKNOWN = "not known"


def names_agree(one: Name | None, other: Name | None) -> tuple[Agreement, Agreement]:
    """Give the agreement of the given and of the family names. Swapped names are `SWAPPED` and `UNKNOWN`: one piece of evidence."""
    given = given_agrees(_given(one), _given(other))
    family = family_agrees(_family(one), _family(other))
    if Agreement.DIFFERENT in {given, family} or Agreement.ALIKE in {given, family}:
        crosswise = given_agrees(_given(one), _family(other)), given_agrees(_family(one), _given(other))
        same = sum(level in {Agreement.SAME, Agreement.WRITTEN} for level in crosswise)
        if same == 2 or (same == 1 and Agreement.ALIKE in crosswise):  # noqa: PLR2004
            return Agreement.SWAPPED, Agreement.UNKNOWN
    return given, family


def _given(name: Name | None) -> str:
    return (name.given if name else None) or ""


def _family(name: Name | None) -> str:
    return (name.family if name else None) or ""


def given_agrees(one: str, other: str) -> Agreement:
    """Give the agreement of two given names. Further given names that one source leaves out, and known short forms, are `FORM`."""
    level = _spelling(one, other)
    if level in {Agreement.DIFFERENT, Agreement.ALIKE} and known_forms(_words(one)[0], _words(other)[0]):
        return Agreement.FORM
    return level


def family_agrees(one: str, other: str) -> Agreement:
    """Give the agreement of two family names. One of two names, as after a marriage, is `FORM`."""
    level = _spelling(one, other)
    if level is Agreement.DIFFERENT:
        a, b = ({forgiving_form(word) for word in _words(name) if len(word) >= A_WORD} for name in (one, other))
        if a & b:
            return Agreement.FORM
    return level


def _spelling(one: str, other: str) -> Agreement:
    a, b = exact_form(one), exact_form(other)
    if not a or not b:
        return Agreement.UNKNOWN
    if a == b:
        return Agreement.SAME
    a, b = forgiving_form(a), forgiving_form(b)
    if a == b:
        return Agreement.WRITTEN
    return Agreement.ALIKE if spelled_alike(a, b) >= ALIKE_FROM or one_slip(a, b) else Agreement.DIFFERENT


def _words(name: str) -> list[str]:
    return exact_form(name).replace("-", " ").split() or [""]


def births_agree(one: date | None, other: date | None, *, not_known: tuple[bool, bool] = (False, False)) -> Agreement:
    """Give the agreement of two dates of birth. `not_known`: whether each is a day written because the true one is not known."""
    if one is None or other is None:
        return Agreement.UNKNOWN
    if any(not_known):
        return Agreement.YEAR if one.year == other.year else Agreement.DIFFERENT
    if one == other:
        return Agreement.SAME
    if (one.year, one.month, one.day) == (other.year, other.day, other.month):
        return Agreement.DAY_AND_MONTH
    same = (one.year == other.year) + (one.month == other.month) + (one.day == other.day)
    return Agreement.PART if same == 2 or one_slip(one.isoformat(), other.isoformat()) else Agreement.DIFFERENT  # noqa: PLR2004


_NEARNESS = (
    *(Agreement.SAME, Agreement.ALIKE, Agreement.STREET, Agreement.POSTCODE, Agreement.LINES, Agreement.NEIGHBOUR),
    *(Agreement.DIFFERENT, Agreement.UNKNOWN),
)


def places_agree(some: Iterable[Address], others: Iterable[Address]) -> Agreement:
    """Give the best agreement of any address of one with any of the other.

    `SAME` and `ALIKE` are the same house, as far as is said. `LINES` is little: every town has a High Street.
    """
    theirs = list(others)
    return min((_place(one, other) for one in some for other in theirs), key=_NEARNESS.index, default=Agreement.UNKNOWN)


def _place(one: Address, other: Address) -> Agreement:
    houses = [(address.uprn or "").lstrip("0") for address in (one, other)]
    if all(houses) and houses[0] == houses[1]:
        return Agreement.SAME
    codes = [forgiving_form(address.postcode or "") for address in (one, other)]
    lines = [" ".join(exact_form(line) for line in address.lines) for address in (one, other)]
    if not (all(codes) or all(lines)):
        return Agreement.UNKNOWN
    same_code = all(codes) and codes[0] == codes[1]
    near_code = same_code or not all(codes) or one_slip(*codes)
    likeness = shared_pairs(*lines)
    alike = likeness >= (ALIKE_LINES_FROM if same_code else SAME_LINES_FROM)
    if alike and near_code:
        numbers = {number for line in lines if (number := _number(line))}
        if all(houses) or len(numbers) == 2:  # noqa: PLR2004  another house
            return Agreement.STREET
        return Agreement.SAME if same_code and likeness >= SAME_LINES_FROM else Agreement.ALIKE
    if same_code:
        return Agreement.NEIGHBOUR if all(lines) or all(houses) else Agreement.POSTCODE
    return Agreement.LINES if alike else Agreement.DIFFERENT


def _number(lines: str) -> str:
    """Give the first number of an address, which tells neighbours apart; empty when it has none."""
    return next((word for word in lines.split() if word[0].isdigit()), "")
