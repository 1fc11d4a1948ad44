"""People named in free text: the marks by which somebody on a case file is found where a text names them, or gives a number or the place
of theirs (NOT-17). Pure; it finds and decides nothing.

What it finds: a number of any system that is one person's; given and family name side by side in either order, by a form that people are
called by, and with or without accents, hyphens and apostrophes; a postcode; a house number with its street. What it does not find: a
given name alone, a nickname nobody listed, a misspelt name, initials, and somebody described ("the twins at the corner").
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import pairwise, product

from alertbus.directory.marks import SPOKEN, Mark
from alertbus.directory.names import called_by, forgiving_form
from alertbus.model.identifiers import IDENTIFIES_ALONE, IdentifierSystem, InvalidIdentifier, canonical, never_issued
from alertbus.model.person import Person, exact_form
from alertbus.model.screening import Clue
from alertbus.policy.identity_rules import IdentityRules

Places = dict[Mark, tuple[Clue, frozenset[str]]]
"""By mark, what it would give away and where it stands."""

_NUMBERS: Mapping[IdentifierSystem, re.Pattern[str]] = {
    IdentifierSystem.NHS_NUMBER: re.compile(r"(?<!\d)(?=(\d{3}[ -]?\d{3}[ -]?\d{4})(?!\d))"),
    IdentifierSystem.ULN: re.compile(r"(?<!\d)(?=(\d{10})(?!\d))"),
    IdentifierSystem.UPN: re.compile(r"(?<![A-Z0-9])(?=([A-Z]\d{11}[A-Z0-9])(?![A-Z0-9]))"),
    IdentifierSystem.PNC: re.compile(r"(?<![A-Z0-9])(?=((?:\d{4}|\d{2})/?\d{1,7}[A-Z])(?![A-Z0-9]))"),
    IdentifierSystem.CRO: re.compile(r"(?<![A-Z0-9])(?=(\d{1,6}/\d{2}[A-Z]|SF\d{2}/\d{1,6}[A-Z])(?![A-Z0-9]))"),
    IdentifierSystem.PRISON_NUMBER: re.compile(r"(?<![A-Z0-9])(?=([A-Z]\d{4}[A-Z]{2})(?![A-Z0-9]))"),
    IdentifierSystem.CRN: re.compile(r"(?<![A-Z0-9])(?=([A-Z]\d{6})(?![A-Z0-9]))"),
}
"""How each number may stand in a text. Its check digit is tried afterwards. Of a system that is not here no number is looked for."""

_POSTCODE = re.compile(r"(?<![A-Z0-9])(?=([A-Z]{1,2}\d[A-Z\d]?)[ \t-]?(\d[A-Z]{2})(?![A-Z0-9]))")
_CENTURIES = (2000, 2099)
"""Years by which a PNC id of two digits is read as of either century."""
_LONGEST_STREET = 4
_SHORTEST_STREET = 2


def spoken_marks(person: Person, rules: IdentityRules) -> frozenset[Mark]:
    """Give the marks by which a text names this person of a case file, beside their numbers. What is nobody's name or place gives none."""
    found: set[Mark] = set()
    name = person.name
    if name and name.given and name.family and not rules.names_nobody(name.given) and not rules.names_nobody(name.family):
        found |= {_name(*pair) for pair in product(called_by(name.given), called_by(name.family))}
    for address in person.addresses:
        if rules.shared(address):
            continue
        found |= {_postcode(*parts) for parts in _postcodes(address.postcode or "")}
        for line in address.lines:
            words = _words(line)
            house = max((number for number, word in enumerate(words) if word[0].isdigit()), default=None)
            street = words[house:][:_LONGEST_STREET] if house is not None else []
            if len(street) >= _SHORTEST_STREET:
                found.add(_street(street))
    return frozenset(found)


def marks_said(texts: Iterable[tuple[str, str]]) -> Places:
    """Give every mark that these texts, each with its place, may name somebody by. Most are nobody's."""
    found: Places = {}
    for where, text in texts:
        words, here = _words(text), frozenset({where})
        said = {Clue.NAME: (Clue.NAME, here)}  # one object for all marks of a class: most texts have some hundred
        marks = dict.fromkeys(_names(words), said[Clue.NAME])
        if any(map(str.isdigit, text)):  # most texts give no number and no place
            for clue, mark in _numbers_and_places(text, words):
                marks.setdefault(mark, said.get(clue) or said.setdefault(clue, (clue, here)))
        for mark in found.keys() & marks.keys():
            marks[mark] = (found[mark][0], found[mark][1] | here)
        found |= marks
    return found


def _names(words: list[str]) -> set[Mark]:
    """The marks of two words side by side, and of three of which two are one name: Mary Ann Moss, Zeb van Dyke."""
    pairs = set(pairwise(words))
    for one, two, three in set(zip(words, words[1:], words[2:], strict=False)):
        pairs.add((one, f"{two} {three}"))
        pairs.add((f"{one} {two}", three))
    forms = {name: called_by(name) for name in {name for pair in pairs for name in pair}}
    named = {(one, two) if one <= two else (two, one) for first, last in pairs for one in forms[first] for two in forms[last]}
    return {(SPOKEN, sha256(f"name\x1f{one}\x1f{two}".encode()).hexdigest()) for one, two in named}  # as `_name`, some hundred at a time


def _numbers_and_places(text: str, words: list[str]) -> Iterator[tuple[Clue, Mark]]:
    plain = text.upper() if text.isascii() else _plain(text)
    for system, written in _NUMBERS.items():
        for found in written.finditer(plain):
            yield from ((Clue(system.value), mark) for mark in _numbers(system, found.group(1)))
    for parts in _postcodes(plain):
        yield Clue.POSTCODE, _postcode(*parts)
    for start, word in enumerate(words):
        if word[0].isdigit():
            for length in range(_SHORTEST_STREET, _LONGEST_STREET + 1):
                if len(street := words[start : start + length]) == length:
                    yield Clue.ADDRESS, _street(street)


def _plain(text: str) -> str:
    """The text in capitals, with one way to write each letter, digit and hyphen, and nothing invisible."""
    seen = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf").upper()
    return "".join("-" if unicodedata.category(c) == "Pd" else c for c in seen)


def _words(text: str) -> list[str]:
    """The words of a text in their exact form, without the ending of a genitive. Word by word: no text is kept in a cache."""
    written = text.split()
    bare = {one: [b for word in exact_form(one).split() if (b := word.removesuffix("'s").strip("'-"))] for one in set(written)}
    return [word for one in written for word in bare[one]]


def _numbers(system: IdentifierSystem, written: str) -> Iterator[Mark]:
    for year in _CENTURIES if system is IdentifierSystem.PNC else _CENTURIES[:1]:
        try:
            known, value = canonical(system, written, this_year=year)
        except InvalidIdentifier:
            continue
        if known in IDENTIFIES_ALONE and not never_issued(known, value):
            yield known.value, value


def _postcodes(text: str) -> Iterator[tuple[str, str]]:
    return ((found.group(1), found.group(2)) for found in _POSTCODE.finditer(text.upper()))


def _name(one: str, other: str) -> Mark:
    first, last = (one, other) if one <= other else (other, one)
    return _digest("name", first, last)


def _postcode(outward: str, inward: str) -> Mark:
    return _digest("postcode", outward, inward)


def _street(words: list[str]) -> Mark:
    return _digest("street", *map(forgiving_form, words))


def _digest(*parts: str) -> Mark:
    return SPOKEN, sha256("\x1f".join(parts).encode()).hexdigest()
