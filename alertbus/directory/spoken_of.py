"""Of whom the words of an alert may tell: the people on case files whom it is about, or whom its free text names (NOT-17).

Asked when its persons are found, so that a replay repeats the answer. Whoever comes onto a case file later is not among them, until the
alert's persons are found anew.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from alertbus.directory.claims import holders, pieces
from alertbus.directory.partition import MentionKind
from alertbus.directory.said_in_text import marks_said
from alertbus.directory.tables import held, mention
from alertbus.model.alert import AcceptedAlert
from alertbus.model.free_text import free_text
from alertbus.model.screening import Clue, Revealed


async def people_spoken_of(
    connection: AsyncConnection, statement: AcceptedAlert, people: Sequence[Collection[str]]
) -> tuple[Revealed, ...]:
    """Give what the statement's free text may give away; nothing where it has none. `people` are the ids found for each of its persons.

    Somebody whom the alert is about is one clue, however often the text names them: their name says no more.
    """
    texts = list(free_text(statement.alert))
    if not texts:
        return ()
    said = marks_said(texts)
    found = await holders(connection, statement.alert.exercise or "", said)
    holding = {mark: {person_id for ids in mentions.values() for person_id in ids} for mark, mentions in found.items()}
    about = {person_id for ids in people for person_id in ids}
    on_files = await _on_case_files(connection, about.union(*holding.values()))
    several = sum(bool(ids) for ids in people) > 1
    clues = [
        Revealed(clue=Clue.PERSON, where=_place(statement, number), person_ids=tuple(sorted(ids)))
        for number, ids in enumerate(people)
        if several and not on_files.isdisjoint(ids)
    ]
    for mark, ids in holding.items():
        if ids.isdisjoint(about) and not ids.isdisjoint(on_files):
            clue, places = said[mark]
            clues += [Revealed(clue=clue, where=where, person_ids=tuple(sorted(ids))) for where in places]
    return tuple(sorted(set(clues), key=lambda one: (one.where, one.clue, one.person_ids)))


def _place(statement: AcceptedAlert, number: int) -> str:
    subjects = len(statement.alert.subjects)
    return f"subjects[{number}]" if number < subjects else f"children[{number - subjects}]"


async def _on_case_files(connection: AsyncConnection, person_ids: Collection[str]) -> set[str]:
    """Give those of these ids whose person stands on a case file."""
    found: set[str] = set()
    for some in pieces(sorted(person_ids)):
        query = select(held.c.person_id).join(mention, mention.c.mention_id == held.c.mention_id)
        rows = await connection.execute(query.where(held.c.person_id.in_(some), mention.c.kind == MentionKind.CASE.value))
        found |= set(rows.scalars())
    return found
