"""The identifiers agencies know people and places by: one registry, one canonical form each: equal means same.

Every form an agency is known to send is read; one form is stored. A check digit is always checked, because a mistyped
number that happens to be somebody else's would join two families. No error here ever repeats the value it refuses.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Self

import nhs_number
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from stdnum.gb import upn


class IdentifierSystem(StrEnum):
    """A kind of number, by the body that issues it. `label` is for a screen; `expected` says the shape in words, for an error."""

    label: str
    expected: str

    def __new__(cls, value: str, label: str = "", expected: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        member.expected = expected
        return member

    NHS_NUMBER = "nhs_number", "NHS number", "an NHS number: 10 digits, the last of them its check digit (modulus 11)"
    UPN = (
        "upn",
        "Unique pupil number",
        "a UPN: the check letter, then 12 digits (a temporary one ends in a letter); I, O and S are not used",
    )
    ULN = "uln", "Unique learner number", "a ULN: 10 digits, the first not 0, the last its check digit"
    PNC = (
        "pnc",
        "Police National Computer id",
        "a PNC id: YYYY/NNNNNNND or YY/NND, with or without the slash, D being its check letter",
    )
    CRO = "cro", "Criminal Records Office number", "a CRO number: NNNNNN/YYD or SFYY/ND, D being its check letter"
    PRISON_NUMBER = "prison_number", "Prison number", "a prison (NOMS) number: a letter, 4 digits, 2 letters"
    CRN = "crn", "Probation case reference", "a probation CRN: a letter and 6 digits"
    UPRN = "uprn", "Unique property reference", "a UPRN: 1 to 12 digits, not all 0"
    LA_CHILD_ID = "la_child_id", "Local authority child id", "a local authority's child id: 1 to 20 letters or digits"


IDENTIFIES_ALONE: frozenset[IdentifierSystem] = frozenset(IdentifierSystem) - {IdentifierSystem.UPRN, IdentifierSystem.LA_CHILD_ID}
"""Systems whose number is one person's. A UPRN is a household's; an authority's child id is another child's in the next authority."""


class InvalidIdentifier(ValueError):
    """The number, or the name of its system, is not one we know. `expected` says what is; the value is not kept."""

    code = "identifier_invalid"

    def __init__(self, expected: str) -> None:
        self.expected = expected
        super().__init__(f"expected {expected}")


class UnknownIdentifierSystem(InvalidIdentifier):
    code = "identifier_system_unknown"


def canonical(system: str, value: str, *, this_year: int | None = None) -> tuple[IdentifierSystem, str]:
    """Give the system its one name and the value its one form; to do so twice changes nothing.

    `this_year` settles the century of a PNC id with a two-digit year (above it means 19xx) and matters to nothing else:
    the stored form has four digits, so a replay of stored identifiers reads no clock. Left out, it is the year now.
    """
    known = system_named(system)
    tidy = value.strip().upper() if value.isascii() else ""
    found = _pnc(tidy, this_year) if known is IdentifierSystem.PNC else _FORMS[known](tidy)
    if found is None:
        raise InvalidIdentifier(known.expected + _swapped(known, tidy))
    return known, found


@lru_cache(maxsize=1024)  # few names, and every record has some
def system_named(name: str) -> IdentifierSystem:
    """Find a system by its own name or one that agencies use for it; case, spaces and hyphens do not matter."""
    plain = re.sub(r"[\s-]+", "_", name.strip().lower())
    try:
        return IdentifierSystem(_ALIASES.get(plain, plain))
    except ValueError:
        # Not repeated: what stands in the wrong field may be the number itself.
        raise UnknownIdentifierSystem("one of the systems " + ", ".join(IdentifierSystem)) from None


def never_issued(system: IdentifierSystem, value: str) -> bool:
    """Whether this number, in canonical form, is one that a system or a person writes when there is none.

    Such a number fits its shape, and often its check digit, yet belongs to nobody: what was said keeps it, and nobody is found by it.
    Ten equal digits pass modulus 11; a serial number counts from 1 in every system that has one.
    """
    digits = "".join(character for character in value if character.isdigit())
    if len(set(digits)) == 1 and len(digits) >= _A_LONG_NUMBER:
        return True
    serial = _SERIALS.get(system)
    found = serial.fullmatch(value) if serial else None
    return found is not None and not int(found.group(1))


_A_LONG_NUMBER = 10
_SERIALS: Mapping[IdentifierSystem, re.Pattern[str]] = {
    IdentifierSystem.PNC: re.compile(r"[0-9]{4}/([0-9]+)[A-Z]"),
    IdentifierSystem.CRO: re.compile(r"(?:SF[0-9]{2}/)?([0-9]+)(?:/[0-9]{2})?[A-Z]"),
    IdentifierSystem.PRISON_NUMBER: re.compile(r"[A-Z]([0-9]{4})[A-Z]{2}"),
    IdentifierSystem.CRN: re.compile(r"[A-Z]([0-9]{6})"),
    IdentifierSystem.UPN: re.compile(r"[A-Z][0-9]{9}([0-9]{3})"),
}
"""Where the serial number stands in a canonical form. A temporary UPN ends in a letter and is not looked at."""


def in_test_range(system: IdentifierSystem, value: str) -> bool:
    """Whether this number is for tests and exercises: an NHS number from 900 000 0000 is issued to nobody (STANDARDS section 11)."""
    return system is IdentifierSystem.NHS_NUMBER and value.startswith("9")


def _read_system(name: object) -> object:
    if not isinstance(name, str):
        return name
    try:
        return system_named(name)
    except InvalidIdentifier as fault:
        raise _for_pydantic(fault) from None


class Identifier(BaseModel):
    """One identifier in canonical form.

    Where the century of a two-digit PNC year must not depend on today, validate with `context={"this_year": ...}`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    system: Annotated[IdentifierSystem, BeforeValidator(_read_system)]
    """Whose number it is."""
    value: str
    """The number in its canonical form (STANDARDS section 11)."""

    @field_validator("value", mode="before")
    @classmethod
    def _canonicalise(cls, value: object, info: ValidationInfo) -> object:
        """`value` has the form and the check digit of its `system`; it may be written with spaces, and is kept in the canonical form."""
        system = info.data.get("system")
        if system is None or not isinstance(value, str):
            return value  # the other fault is the one to report
        this_year = info.context.get("this_year") if isinstance(info.context, Mapping) else None
        try:
            return canonical(system, value, this_year=this_year)[1]
        except InvalidIdentifier as fault:
            raise _for_pydantic(fault) from None


def _for_pydantic(fault: InvalidIdentifier) -> PydanticCustomError:
    if isinstance(fault, UnknownIdentifierSystem):
        return PydanticCustomError("identifier_system_unknown", "expected {expected}", {"expected": fault.expected})
    return PydanticCustomError("identifier_invalid", "expected {expected}", {"expected": fault.expected})


def _nhs_number(text: str) -> str | None:
    digits = re.sub(r"[ -]", "", text)
    return digits if re.fullmatch(r"[0-9]{10}", digits) and nhs_number.is_valid(digits) else None


def _upn(text: str) -> str | None:
    # Not stdnum's validate(): its authorities are those of 2011, so it refuses every pupil first registered in one made
    # since (Dorset, Bournemouth, both Northamptonshires, Cumberland). The check letter catches the mistyped ones.
    shape = re.fullmatch(r"[A-HJ-NP-RT-Z][2-9][0-9]{10}[0-9A-HJ-NP-RT-Z]", text)
    return text if shape and upn.calc_check_digit(text[1:]) == text[0] else None


def _uln(text: str) -> str | None:
    digits = text.replace(" ", "")
    if not re.fullmatch(r"[1-9][0-9]{9}", digits):
        return None
    total = sum(int(digit) * weight for digit, weight in zip(digits, range(10, 0, -1), strict=True))
    return digits if total % 11 == 10 else None  # noqa: PLR2004  the rule's own remainder (HESA)


_PNC_FORMS = tuple(
    re.compile(form)
    for form in (
        r"([0-9]{4})/([0-9]{1,7})([A-Z])",
        r"([0-9]{2})/([0-9]{1,7})([A-Z])",
        r"([0-9]{4})([0-9]{7})([A-Z])",
        r"([0-9]{2})([0-9]{1,7})([A-Z])",
    )
)


def _pnc(text: str, this_year: int | None) -> str | None:
    parts = next((found.groups() for form in _PNC_FORMS if (found := form.fullmatch(text))), None)
    if parts is None:
        return None
    year, serial, letter = parts
    serial = serial.zfill(7)
    if letter != _police_letter(year[-2:] + serial):
        return None
    if len(year) == 2:  # noqa: PLR2004
        now = datetime.now(UTC).year if this_year is None else this_year
        year = f"{19 if int(year) > now % 100 else 20}{year}"
    return f"{year}/{serial}{letter}"


def _cro(text: str) -> str | None:
    if found := re.fullmatch(r"([0-9]{1,6})/([0-9]{2})([A-Z])", text):
        serial, year, letter = found.groups()
        serial = serial.zfill(6)
        return f"{serial}/{year}{letter}" if letter == _police_letter(year + serial) else None
    if found := re.fullmatch(r"SF([0-9]{2})/([0-9]{1,6})([A-Z])", text):
        year, serial, letter = found.groups()
        serial = str(int(serial))  # a short file's letter is reckoned over the serial without padding
        return f"SF{year}/{serial}{letter}" if letter == _police_letter(year + serial) else None
    return None


def _police_letter(digits: str) -> str:
    return "ZABCDEFGHJKLMNPQRTUVWXY"[int(digits) % 23]


def _uprn(text: str) -> str | None:
    return text.lstrip("0") or None if re.fullmatch(r"[0-9]{1,12}", text) else None


def _pattern(pattern: str) -> Callable[[str], str | None]:
    return lambda text: text if re.fullmatch(pattern, text) else None


def _swapped(system: IdentifierSystem, text: str) -> str:
    """No ULN is a valid NHS number, so one in the other's field is recognised for certain."""
    if system is IdentifierSystem.NHS_NUMBER and _uln(text):
        return "; this is a ULN, was it put in the wrong field?"
    if system is IdentifierSystem.ULN and _nhs_number(text):
        return "; this is an NHS number, was it put in the wrong field?"
    return ""


_FORMS: Mapping[IdentifierSystem, Callable[[str], str | None]] = {
    IdentifierSystem.NHS_NUMBER: _nhs_number,
    IdentifierSystem.UPN: _upn,
    IdentifierSystem.ULN: _uln,
    IdentifierSystem.CRO: _cro,
    IdentifierSystem.PRISON_NUMBER: _pattern(r"[A-Z][0-9]{4}[A-Z]{2}"),
    IdentifierSystem.CRN: _pattern(r"[A-Z][0-9]{6}"),
    IdentifierSystem.UPRN: _uprn,
    IdentifierSystem.LA_CHILD_ID: _pattern(r"[A-Z0-9]{1,20}"),
}

_ALIASES: Mapping[str, str] = {
    "nhs": "nhs_number",
    "nhsnumber": "nhs_number",
    "noms": "prison_number",
    "noms_number": "prison_number",
    "nomsnumber": "prison_number",
    "prisonnumber": "prison_number",
    "pnc_id": "pnc",
    "cro_number": "cro",
    "lachildid": "la_child_id",
}
