"""Of whom the words of an alert may tell: the people on case files whom it is about, or whom its free text names (NOT-17).

Asked when its persons are found, so that a replay repeats the answer. Whoever comes onto a case file later is not among them, until the
alert's persons are found anew.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from alertbus.directory.marks import Mark
from alertbus.directory.said_in_text import Places
from alertbus.model.alert import AcceptedAlert
from alertbus.model.screening import Clue, Revealed


@dataclass(frozen=True, slots=True)
class NamedInText:
    """What one statement's free text says that is somebody's: by mark of it, the class and places, and the ids of those who have it."""

    said: Places
    holding: Mapping[Mark, frozenset[str]]


def spoken_by(named: NamedInText, people: Sequence[Collection[str]]) -> set[str]:
    """Give everybody of whom it must be known whether they stand on a case file; nobody where the text can give nothing away."""
    about = {person_id for ids in people for person_id in ids}
    if not named.holding and sum(bool(ids) for ids in people) < SEVERAL:
        return set()
    return about.union(*named.holding.values())


def clues_of(
    statement: AcceptedAlert, people: Sequence[Collection[str]], named: NamedInText, on_files: Collection[str]
) -> tuple[Revealed, ...]:
    """Give what the statement's free text may give away. `people` are the ids found for each of its persons, `on_files` those of
    `spoken_by` who stand on a case file.

    Somebody whom the alert is about is one clue, however often the text names them: their name says no more.
    """
    here = frozenset(on_files)
    about = {person_id for ids in people for person_id in ids}
    several = sum(bool(ids) for ids in people) >= SEVERAL
    clues = [
        Revealed(clue=Clue.PERSON, where=_place(statement, number), person_ids=tuple(sorted(ids)))
        for number, ids in enumerate(people)
        if several and not here.isdisjoint(ids)
    ]
    for mark, ids in named.holding.items():
        if ids.isdisjoint(about) and not ids.isdisjoint(here):
            clue, places = named.said[mark]
            clues += [Revealed(clue=clue, where=where, person_ids=tuple(sorted(ids))) for where in places]
    return tuple(sorted(set(clues), key=lambda one: (one.where, one.clue, one.person_ids)))


SEVERAL = 2
"""An alert about one person only reaches no case on which that person is not."""


def _place(statement: AcceptedAlert, number: int) -> str:
    subjects = len(statement.alert.subjects)
    return f"subjects[{number}]" if number < subjects else f"children[{number - subjects}]"
