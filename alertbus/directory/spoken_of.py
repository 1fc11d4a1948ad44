"""Of whom the words of an alert may tell: the people on case files whom it is about, or whom its free text names (NOT-17).

Asked when its persons are found, so that a replay repeats the answer. Whoever comes onto a case file later is not among them, until the
alert's persons are found anew.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from alertbus.directory.claims import holders, pieces
from alertbus.directory.marks import Mark
from alertbus.directory.partition import MentionKind
from alertbus.directory.said_in_text import Places, marks_said
from alertbus.directory.tables import held, mention
from alertbus.model.alert import AcceptedAlert
from alertbus.model.free_text import free_text
from alertbus.model.screening import Clue, Revealed
from alertbus.sql.database import Transaction


@dataclass(frozen=True, slots=True)
class NamedInText:
    """What one statement's free text says that is somebody's: by mark of it, the class and places, and the ids of those who have it."""

    said: Places
    holding: Mapping[Mark, frozenset[str]]


async def named_in(connection: Transaction, statements: Iterable[AcceptedAlert]) -> dict[str, NamedInText]:
    """Look up what these statements' texts say, by statement; one without free text is left out. As many cost little more than one."""
    said = {one.statement_id: (one.alert.exercise or "", marks_said(texts)) for one in statements if (texts := list(free_text(one.alert)))}
    found: dict[str, dict[Mark, frozenset[str]]] = {}
    for scope in {scope for scope, _ in said.values()}:
        marks = {mark for of, places in said.values() if of == scope for mark in places}
        held_by = (await holders(connection, scope, marks)).items()
        found[scope] = {mark: frozenset(person_id for ids in mentions.values() for person_id in ids) for mark, mentions in held_by}
    return {
        one: NamedInText(places, {mark: found[scope][mark] for mark in places.keys() & found[scope].keys()})
        for one, (scope, places) in said.items()
    }


def spoken_by(named: NamedInText, people: Sequence[Collection[str]]) -> set[str]:
    """Give everybody of whom it must be known whether they stand on a case file; nobody where the text can give nothing away."""
    about = {person_id for ids in people for person_id in ids}
    if not named.holding and sum(bool(ids) for ids in people) < _SEVERAL:
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
    several = sum(bool(ids) for ids in people) >= _SEVERAL
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


_SEVERAL = 2
"""An alert about one person only reaches no case on which that person is not."""


def _place(statement: AcceptedAlert, number: int) -> str:
    subjects = len(statement.alert.subjects)
    return f"subjects[{number}]" if number < subjects else f"children[{number - subjects}]"


async def on_case_files(connection: Transaction, person_ids: Collection[str]) -> set[str]:
    """Give those of these ids whose person stands on a case file."""
    found: set[str] = set()
    for some in pieces(sorted(person_ids)):
        query = select(held.c.person_id).join(mention, mention.c.mention_id == held.c.mention_id)
        rows = await connection.execute(query.where(held.c.person_id.in_(some), mention.c.kind == MentionKind.CASE.value))
        found |= set(rows.scalars())
    return found
