"""Case ids are keys, headers and addresses, so nothing about anybody may be read from one. Pure.

What is looked for: the number of a person or a postcode, by its check or its shape, and the numbers, names and birthdays of the people
on the case. What cannot be told from a code passes: two letters of a name, or a name of the letters a to f among digits.
"""

import re
from collections.abc import Iterator

from alertbus.model.case import Case
from alertbus.model.errors import Fault
from alertbus.model.identifiers import IdentifierSystem, InvalidIdentifier, canonical
from alertbus.model.person import exact_form

_WHOLE = tuple(system for system in IdentifierSystem if system not in {IdentifierSystem.UPRN, IdentifierSystem.LA_CHILD_ID})
"""The systems whose shape is taken for a number of theirs where it is the whole id; among those left out any number would be one."""

_CHECKED = (IdentifierSystem.NHS_NUMBER, IdentifierSystem.UPN, IdentifierSystem.PNC, IdentifierSystem.CRO, IdentifierSystem.ULN)
"""The systems with a check digit: such a number is known among other things too."""

_SURE = 10
"""Characters of a word among others that are taken for a number with a check digit; in a shorter one chance is too often right."""
_DRAWN = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
"""An id that the bus gave, drawn by lot: whatever it looks like, it says nothing."""
_POSTCODE = re.compile(r"(?:[A-Z]{1,2}[0-9][A-Z0-9]?|GIR)[0-9][A-BD-HJLNP-UW-Z]{2}")
_SHORTEST = 3
_LONG_ENOUGH = 5
"""Letters of a name that are recognised in the middle of a word; fewer must be all of it."""


def fault_of_id(case: Case) -> Fault | None:
    """Give what is wrong with the id of a case that is new; None if nothing is."""
    stated = _DRAWN.sub("", case.id)
    if found := _number(stated) or _of_people(stated, case):
        told = f"an id that says nothing of anybody, and this one holds {found}; or let `POST /v1/cases` give one"
        return Fault("id", told, "id_tells")
    return None


def _number(case_id: str) -> str | None:
    bare = re.sub(r"[._-]", "", case_id)
    among = [word for word in re.split(r"[._-]", case_id) if len(word) >= _SURE]
    for words, systems in (([case_id, bare], _WHOLE), (among, _CHECKED)):
        for word in words:
            for system in systems:
                if _is_number(system, word):
                    return f"what has the form of {system.expected.partition(':')[0]}"
    if _POSTCODE.fullmatch(bare.upper()):
        return "what has the form of a postcode"
    return None


def _is_number(system: IdentifierSystem, word: str) -> bool:
    try:
        canonical(system, word)
    except InvalidIdentifier:
        return False
    return True


def _of_people(case_id: str, case: Case) -> str | None:
    bare = _bare(case_id)
    words = [word for word in re.split(r"[^a-z]+", case_id.casefold()) if len(word) >= _SHORTEST]
    alone = set(re.split(r"[._-]", case_id.casefold()))
    for entry in case.people:
        if any(_bare(number.value) in bare for number in entry.identifiers if len(_bare(number.value)) > _LONG_ENOUGH):
            return "a number of somebody on the case"
        if entry.born and any(entry.born.strftime(form) in bare for form in ("%Y%m%d", "%d%m%Y")):
            return "the birthday of somebody on the case"
        for name in _names(entry.name.given if entry.name else None, entry.name.family if entry.name else None):
            code = set(name) <= set("abcdef")
            if name in alone or (not code and name in words) or (len(name) >= _LONG_ENOUGH and not code and any(name in w for w in words)):
                return "a name of somebody on the case"
    return None


def _names(*stated: str | None) -> Iterator[str]:
    for name in stated:
        exact = exact_form(name or "").replace("-", " ")
        yield from (word for word in {*exact.replace("'", "").split(), *exact.replace("'", " ").split()} if len(word) >= _SHORTEST)


def _bare(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())
