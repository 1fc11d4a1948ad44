"""A person as an agency states them: identifiers, names, date of birth, addresses. All optional: nobody is refused for being half known."""

import re
import unicodedata
from datetime import date
from functools import lru_cache
from typing import Annotated

from pydantic import Field, model_validator

from alertbus.model.base import Word
from alertbus.model.identifiers import Identifier
from alertbus.model.sensitivity import Sensitivity as S

KEY = r"^[A-Za-z0-9_.:-]{1,80}$"
"""A person's key in a case file: a short handle, unique within what was imported, never a name."""

_PLAIN = re.compile(r"[A-Za-z0-9 ]*[A-Za-z0-9][A-Za-z0-9 ]*")
_APOSTROPHES = "'`´‘’‛ʻʼʽ′＇՚׳"  # noqa: RUF001  each of them is written for an apostrophe


@lru_cache(maxsize=8192)  # a name is compared with many others
def exact_form(text: str) -> str:
    """Give a name, or a part of one, in the form in which two of them are compared exactly.

    Equal forms are the same name to whoever reads them. What does not count: how Unicode encodes it (NFC, with characters that
    nobody sees left out), capitals, which of the apostrophes or hyphens was typed, white space and other punctuation. Every letter
    counts, and so does every mark on a letter: a vowel sign of an Indian script or an accent makes another name. Nothing is
    transliterated. A text without any letter gives an empty form. Source of the rules: DESIGN section 14.
    """
    if _PLAIN.fullmatch(text):  # most names, and then nothing else is to be done
        return " ".join(text.lower().split())
    seen = "".join(character for character in text if unicodedata.category(character) != "Cf")
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFD", seen).casefold())
    words = "".join(_counted(character) for character in folded).split()
    joined = " ".join(words).replace(" -", "-").replace("- ", "-").strip("- ")
    return unicodedata.normalize("NFC", joined) if any(unicodedata.category(character)[0] in "LMN" for character in joined) else ""


def _counted(character: str) -> str:
    """Give what a character of a name counts as: itself, the one apostrophe, the one hyphen, or a blank."""
    if character in _APOSTROPHES:
        return "'"
    category = unicodedata.category(character)
    if category == "Pd" or character == "−":  # noqa: RUF001  a minus sign typed for a hyphen
        return "-"
    return " " if category[0] in "PSZ" or category == "Cc" else character


class Name(Word):
    """A name as its source writes it; no part of it is derived."""

    given: Annotated[str | None, S.IDENTITY] = Field(default=None, max_length=200)
    """Given names."""
    family: Annotated[str | None, S.IDENTITY] = Field(default=None, max_length=200)
    """Family name."""

    @property
    def full(self) -> str:
        return " ".join(part for part in (self.given, self.family) if part)

    @property
    def normal(self) -> str:
        """The exact form of the whole name: what `exact_form` says of given and family name together."""
        return exact_form(self.full)


class Address(Word):
    """An address, by its Unique Property Reference Number where that is known (STANDARDS section 11)."""

    uprn: Annotated[str | None, S.ADDRESS] = Field(default=None, pattern=r"^\d{1,12}$")
    """Its Unique Property Reference Number: 1 to 12 digits."""
    lines: Annotated[tuple[str, ...], S.ADDRESS] = Field(default=(), max_length=6)
    """Its lines as written, without the postcode."""
    postcode: Annotated[str | None, S.ADDRESS] = Field(default=None, max_length=10)
    """Its postcode as written."""

    @property
    def normal(self) -> str | None:
        """UPRN without leading zeros (STANDARDS section 11), else the postcode without spaces; None when neither is known."""
        if uprn := (self.uprn or "").lstrip("0"):
            return f"uprn:{uprn}"
        return "postcode:" + "".join(self.postcode.split()).upper() if self.postcode else None


class Person(Word):
    """Somebody, as far as an agency knows them. `key` points at somebody in an imported case; `label` is what to call somebody whose name
    is not needed.
    """

    key: Annotated[str | None, S.ROUTING] = Field(default=None, pattern=KEY)
    """Somebody of an imported case, by their key there."""
    label: Annotated[str | None, S.IDENTITY] = Field(default=None, max_length=200)
    """What to call somebody whose name is not needed or not known."""
    identifiers: Annotated[tuple[Identifier, ...], S.IDENTITY] = Field(default=(), max_length=20)
    """Their numbers."""
    name: Annotated[Name | None, S.IDENTITY] = None
    """Their name."""
    born: Annotated[date | None, S.IDENTITY] = Field(default=None, ge=date(1900, 1, 1))
    """Their date of birth."""
    addresses: Annotated[tuple[Address, ...], S.ADDRESS] = Field(default=(), max_length=20)
    """Where they live or lived."""

    @property
    def shown(self) -> str:
        """The words by which a reader who may know who this is is told so."""
        return self.label or (self.name.full if self.name else "") or "a person not named"


class Subject(Word):
    """Somebody an alert is about, and their part in it (`subject`, `victim`, `sought`, `present`...)."""

    role: Annotated[str, S.ROUTING] = Field(default="subject", pattern=r"^[a-z][a-z0-9_]{0,39}$")
    """Their part: `subject`, `victim`, `sought`, `present`."""
    person: Annotated[Person, S.IDENTITY]
    """Who it is."""

    @model_validator(mode="before")
    @classmethod
    def _bare_person(cls, value: object) -> object:
        """In JSON a person may stand in its place, without `role` and `person` around it."""
        if isinstance(value, dict) and "person" not in value and "role" not in value:
            return {"person": value}
        return value
