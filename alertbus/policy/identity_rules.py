"""What a policy decides about who is who: which names, birthdays and places prove nothing, and what a doubt needs (DESIGN section 14).

The values of `IdentityRules` are what a policy file without an `identity:` section has; the shipped file says the same with its sources.
"""

from datetime import timedelta
from itertools import pairwise
from typing import Annotated

from pydantic import Field

from alertbus.model.base import Word
from alertbus.model.person import Address, exact_form

_MONTH_AND_DAY = r"^(?:\d{4}-)?(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$"


def _listed(text: str) -> frozenset[str]:
    return frozenset(" ".join(word.split()) for word in text.split(","))


UNNAMED = _listed(
    """
    baby, babe, babyboy, babygirl, newborn, unborn, infant, neonate, fetus, foetus, stillborn, twin, triplet, quad, boy, girl, male, female,
    child, son of, daughter of, b o, bb, bg, unknown, unnamed, not known, not given, not stated, no name, name, anonymous, mr, mrs, ms,
    miss, master, unk, nk, n k, n a, tbc, tba, xx, xxx
    """
)
"""What is written where a newborn has no name yet, or nobody knows it. Ours."""


class IdentityRules(Word):
    """The `identity:` section of a policy: when an exact match without a number proves nothing, and when a likely one is proposed."""

    default_birthdays: frozenset[Annotated[str, Field(pattern=_MONTH_AND_DAY)]] = frozenset({"01-01", "07-01", "12-31"})
    """Days that are written when a birthday is not known: `MM-DD` in every year, or `YYYY-MM-DD`."""
    unnamed: frozenset[str] = UNNAMED
    """Words of one or two parts; a name that contains one is nobody's: "Baby", "Twin 1", "Unknown". Numbers and capitals do not count."""
    shared_postcodes: frozenset[str] = frozenset({"ZZ99"})
    """Postcodes that many unconnected people give, such as a hostel's; the part before the blank stands for all that begin so."""
    shared_uprns: frozenset[Annotated[str, Field(pattern=r"^\d{1,12}$")]] = frozenset()
    """The same, by Unique Property Reference Number: hostels, refuges, prisons, hospitals."""
    people: int = Field(default=100_000, ge=1, le=10_000_000)
    """How many people the directory may know: of so many, somebody is like anybody, so likeness must outweigh that number."""
    threshold: float = Field(default=-2.0, ge=-10, le=4)
    """The score in bits (log2 of the odds) from which a candidate is proposed to a person; -2 is one in five."""
    limit: timedelta = Field(default=timedelta(hours=1), gt=timedelta(0))
    """Within what time a doubt must be decided, nights and weekends included."""
    test_ranges_count: bool = True
    """Whether a number of a test range (NHS numbers from 900 000 0000) tells people apart and joins them, as in tests and exercises."""

    def default_birthday(self, born: str) -> bool:
        """Whether this day (ISO 8601) is one that is written when the true one is not known."""
        return born in self.default_birthdays or born[5:] in self.default_birthdays

    def names_nobody(self, name: str) -> bool:
        """Whether a given or family name is none: empty, initials alone, or with one of the words in `unnamed`."""
        words = "".join(" " if letter.isdigit() or letter == "-" else letter for letter in exact_form(name)).split()
        if all(len(word) == 1 and word.upper() != word for word in words):
            return True  # nothing, or initials: twins share them
        pairs = {" ".join(pair) for pair in pairwise(words)}
        return not self._unnamed.isdisjoint({*words, *pairs})

    def shared(self, address: Address) -> bool:
        """Whether many unconnected people give this address."""
        postcode = "".join((address.postcode or "").split()).upper()
        whole, outward = postcode in self._shared_postcodes, postcode[:-3] in self._shared_postcodes
        return whole or outward or (address.uprn or "").lstrip("0") in self._shared_uprns

    @property
    def _unnamed(self) -> frozenset[str]:
        return self._kept("unnamed", frozenset(exact_form(word) for word in self.unnamed))

    @property
    def _shared_postcodes(self) -> frozenset[str]:
        return self._kept("postcodes", frozenset("".join(postcode.split()).upper() for postcode in self.shared_postcodes) - {""})

    @property
    def _shared_uprns(self) -> frozenset[str]:
        return self._kept("uprns", frozenset(uprn.lstrip("0") for uprn in self.shared_uprns) - {""})

    def _kept(self, what: str, value: frozenset[str]) -> frozenset[str]:
        kept: frozenset[str] = self.memo.setdefault(what, value)
        return kept
