"""Comparing people without asking anybody: what joins them for certain, what only proposes, and what forbids (DESIGN section 14).

Everything here is pure: the same two statements compare the same at any time and in any place, so a replay decides as before.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import log2

from alertbus.directory.agreement import Agreement, births_agree, names_agree, places_agree
from alertbus.directory.evidence_weights import BORN, FAMILY, GIVEN, HOUSEHOLD, NAME_ALONE, PLACE
from alertbus.directory.names import forgiving_form
from alertbus.model.identifiers import IDENTIFIES_ALONE, IdentifierSystem, in_test_range, never_issued
from alertbus.model.person import Address, Name, Person, exact_form
from alertbus.policy.identity_rules import IdentityRules

ONE_NUMBER: frozenset[IdentifierSystem] = frozenset(
    {
        IdentifierSystem.NHS_NUMBER,
        IdentifierSystem.PNC,
        IdentifierSystem.PRISON_NUMBER,
        IdentifierSystem.CRN,
        IdentifierSystem.UPN,
    }
)
"""Systems that give one person one number, so that two different ones are two persons' (DESIGN section 14)."""

MOST_BLOCKS = 8
"""The most look-ups that one person costs."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two statements about people say of each other. `score` is in bits: log2 of the odds that they are about one person."""

    score: float
    proposes: bool
    """Whether a person should be asked: the score reaches the policy's threshold. It says nothing of `contradicts`."""
    contradicts: tuple[IdentifierSystem, ...]
    """Systems with one number a person, of which both have numbers and share none."""
    agrees: tuple[str, ...]
    """For a screen: each field and how it agrees, without its value."""
    differs: tuple[str, ...]
    """For a screen: each field that does not agree."""


def strong_marks(person: Person, rules: IdentityRules | None = None) -> frozenset[tuple[str, str]]:
    """Give `(system, value)` of each number that is this person's alone. A number that nobody was issued is none.

    Without `rules`, numbers of a test range count.
    """
    test_ranges_count = rules is None or rules.test_ranges_count
    return frozenset(
        (number.system.value, number.value)
        for number in person.identifiers
        if number.system in IDENTIFIES_ALONE
        and not never_issued(number.system, number.value)
        and (test_ranges_count or not in_test_range(number.system, number.value))
    )


def exact_marks(person: Person, rules: IdentityRules) -> frozenset[str]:
    """Give a digest of the exact name, the date of birth and a place, for each UPRN and each postcode of this person.

    Two people with one in common, whom nothing contradicts, may be joined without asking. There is none for somebody whose name is
    nobody's (`IdentityRules.unnamed`), who has a default birthday, or for a place that many people share.
    """
    if not (person.name and person.name.given and person.name.family and person.born):
        return frozenset()
    given, family, born = person.name.given, person.name.family, person.born.isoformat()
    if rules.names_nobody(given) or rules.names_nobody(family) or rules.default_birthday(born):
        return frozenset()
    places = {place for address in person.addresses if not rules.shared(address) for place in _places(address)}
    return frozenset(_digest("exact", exact_form(given), exact_form(family), born, place) for place in places)


def _places(address: Address) -> Iterator[str]:
    if uprn := (address.uprn or "").lstrip("0"):
        yield f"uprn:{uprn}"
    postcode = "".join((address.postcode or "").split()).upper()
    if any(character.isdigit() for character in postcode) and len(set(postcode)) > 1:  # else a word or zeros in its place
        yield f"postcode:{postcode}"


def blocks(person: Person) -> frozenset[str]:
    """Give the digests, at most eight, under which an index lists this person as somebody's candidate.

    Two people who share none are not compared, however alike they are. Each is made of two kinds of evidence, so that few people
    share one by chance, and their kinds differ, so that one slip of writing leaves some. Of many addresses the first ones count.
    """
    given, family = (forgiving_form(part or "") for part in ((person.name.given, person.name.family) if person.name else ("", "")))
    postcodes = [code for address in person.addresses if (code := forgiving_form(address.postcode or ""))]
    found: list[tuple[str, ...]] = []
    if person.born:
        day = f"{person.born.year}-{'-'.join(map(str, sorted((person.born.month, person.born.day))))}"
        found += [("born", day, name[0]) for name in (given, family) if name]
    if given and family and (person.born or person.addresses):  # a name alone never reaches the threshold
        found.append(("name", *sorted((given[:3], family[:3]))))
    found += [("place", code, family[0]) for code in postcodes if family]
    found += [("house", uprn) for address in person.addresses if (uprn := (address.uprn or "").lstrip("0"))]
    found += [("place", code, given[0]) for code in postcodes if given]
    found += [("place and day", code, day) for code in postcodes if person.born]
    return frozenset(_digest(*block) for block in list(dict.fromkeys(found))[:MOST_BLOCKS])


def compare(a: Person, b: Person, rules: IdentityRules) -> Comparison:
    """Compare what is said of two people. Numbers do not enter the score: they join or contradict by themselves."""
    levels = _levels(a, b, rules)
    score = _score(levels) - log2(rules.people)
    contradicts, shared = _numbers(a, b, rules)
    worse = {Agreement.DIFFERENT, Agreement.UNKNOWN}
    agrees = [f"{field}: {level.value}" for field, level in levels.items() if level not in worse]
    differs = [f"{field}: {level.value}" for field, level in levels.items() if level is Agreement.DIFFERENT]
    return Comparison(
        score=score,
        proposes=score >= rules.threshold,
        contradicts=contradicts,
        agrees=(*agrees, *(f"{system.label}: same" for system in shared)),
        differs=(*differs, *(f"{system.label}: different" for system in contradicts)),
    )


GIVEN_NAME, FAMILY_NAME, DATE_OF_BIRTH, ADDRESS = "given name", "family name", "date of birth", "address"


def _levels(a: Person, b: Person, rules: IdentityRules) -> dict[str, Agreement]:
    given, family = names_agree(_named(a, rules), _named(b, rules))
    not_known = _not_known(a, rules), _not_known(b, rules)
    own = [[address for address in person.addresses if not rules.shared(address)] for person in (a, b)]
    return {
        GIVEN_NAME: given,
        FAMILY_NAME: family,
        DATE_OF_BIRTH: births_agree(a.born, b.born, not_known=not_known),
        ADDRESS: places_agree(*own),
    }


def _named(person: Person, rules: IdentityRules) -> Name:
    """Give the name without a part that is nobody's: "Baby" is no evidence for another Baby, nor against the name that comes later."""
    given, family = (person.name.given, person.name.family) if person.name else (None, None)
    return Name(
        given=None if given is None or rules.names_nobody(given) else given,
        family=None if family is None or rules.names_nobody(family) else family,
    )


def _not_known(person: Person, rules: IdentityRules) -> bool:
    return person.born is not None and rules.default_birthday(person.born.isoformat())


def _score(levels: dict[str, Agreement]) -> float:
    place = levels[ADDRESS]
    family = FAMILY[levels[FAMILY_NAME]]
    if place in {Agreement.SAME, Agreement.ALIKE}:
        family = min(family, HOUSEHOLD)
    beside = BORN[levels[DATE_OF_BIRTH]] + PLACE[place]
    if levels[DATE_OF_BIRTH] is place is Agreement.UNKNOWN:
        beside = NAME_ALONE
    return GIVEN[levels[GIVEN_NAME]] + family + beside


def _numbers(a: Person, b: Person, rules: IdentityRules) -> tuple[tuple[IdentifierSystem, ...], tuple[IdentifierSystem, ...]]:
    """Give the systems whose numbers contradict, and those of which the two share a number."""
    ours, theirs = strong_marks(a, rules), strong_marks(b, rules)
    contradicts, shared = [], []
    for system in IdentifierSystem:
        one, other = ({value for kind, value in marks if kind == system} for marks in (ours, theirs))
        if one & other:
            shared.append(system)
        elif one and other and system in ONE_NUMBER:
            contradicts.append(system)
    return tuple(contradicts), tuple(shared)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
