"""Words that were held back from a case: shown to whoever decides about them, and the decision on its way to the case (NOT-01, NOT-17)."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select

from alertbus.chronicle import tables as chronicle
from alertbus.chronicle.reviews import ReviewItem
from alertbus.chronicle.views import view
from alertbus.directory.candidates import on_cases
from alertbus.directory.claims import holders
from alertbus.directory.marks import Mark
from alertbus.directory.said_in_text import marks_said
from alertbus.directory.said_where import stretches
from alertbus.intake.exercise_time import exercise_time
from alertbus.model.alert import AcceptedAlert
from alertbus.model.base import Word
from alertbus.model.errors import NotFound
from alertbus.model.events import ReviewReason, WordsDecided
from alertbus.model.free_text import free_text
from alertbus.model.identity import ReviewDecided, ReviewOutcome
from alertbus.model.screening import Clue
from alertbus.policy.caller_hints import where_hinted
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import database_faults, reading

ABOUT_WORDS = frozenset({ReviewOutcome.RELEASE, ReviewOutcome.KEEP})


class FoundInWords(Word):
    """A stretch of a piece of free text, as characters from its start, and what it gives away. `cases`: on which the people stand to whom
    it may lead, as the directory knows them now; empty for what leads to whoever told.
    """

    clue: Clue
    start: int
    end: int
    cases: tuple[str, ...] = ()


class PieceHeld(Word):
    """One piece of free text, word for word, with the clues that were found in it; without one it is held with the others.

    `found` is where they stand. What cannot be shown again, because those whom it named have left the case files since, is a clue alone.
    """

    where: str
    text: str
    clues: tuple[str, ...] = ()
    found: tuple[FoundInWords, ...] = ()


async def pieces_held(engine: Database, item: ReviewItem) -> tuple[PieceHeld, ...]:
    """Give the free text that the item asks about: only for who may read case files. Empty for another item. Raises `NotFound`."""
    if item.reason is not ReviewReason.WORDS_HELD or item.statement_id is None:
        return ()
    statement = await _statement(engine, item.statement_id)
    clues = [one.partition(" in ") for one in item.clues]
    pieces = [_Piece(where, text, tuple(clue for clue, _, place in clues if place == where)) for where, text in free_text(statement.alert)]
    with database_faults():
        async with reading(engine) as connection:
            found = [await _found(connection, piece, statement.alert.exercise or "", item.case_id) for piece in pieces]
    return tuple(
        PieceHeld(where=piece.where, text=piece.text, clues=piece.clues, found=tuple(some))
        for piece, some in zip(pieces, found, strict=True)
    )


class _Piece(NamedTuple):
    where: str
    text: str
    clues: Sequence[str]


async def _found(connection: Transaction, piece: _Piece, scope: str, case_id: str | None) -> list[FoundInWords]:
    """Look again for what was found in this piece: whom it names that stands on a case file, but for the people of this case."""
    found = [FoundInWords(clue=Clue.CALLER, start=start, end=end) for start, end in where_hinted(piece.text) if Clue.CALLER in piece.clues]
    said = {mark: clue for mark, (clue, _) in marks_said([("", piece.text)]).items() if clue in piece.clues}
    leads: dict[Mark, tuple[str, ...]] = {}
    for mark, mentions in (await holders(connection, scope, list(said))).items() if said else ():
        cases = await on_cases(connection, {person_id for ids in mentions.values() for person_id in ids})
        if cases and case_id not in cases:
            leads[mark] = tuple(cases)
    for start, end, mark in stretches(piece.text, leads):
        found.append(FoundInWords(clue=said[mark], start=start, end=end, cases=leads[mark]))
    return sorted({(one.start, one.end, one.clue): one for one in found}.values(), key=lambda one: (one.start, one.end, one.clue))


async def words_decided(engine: Database, item: ReviewItem, made: ReviewDecided) -> WordsDecided:
    """Give the decision as the case hears it. In an exercise it counts by the exercise's own clock. Raises `NotFound`."""
    if item.case_id is None or item.alert_id is None or item.statement_id is None:
        raise NotFound("no such words: the item does not say of which statement and case they are")
    at = made.at
    if item.exercise is not None:
        at = await exercise_time(engine, item.exercise, (await _statement(engine, item.statement_id)).at)
    released = made.outcome is ReviewOutcome.RELEASE
    return WordsDecided(case_id=item.case_id, alert_id=item.alert_id, statement_id=item.statement_id, released=released, at=at)


async def _statement(engine: Database, statement_id: str) -> AcceptedAlert:
    async with view(engine) as connection:
        query = select(chronicle.alert.c.body).where(chronicle.alert.c.statement_id == statement_id)
        body = (await connection.execute(query)).scalar_one_or_none()
    if body is None:
        raise NotFound("no such statement; the chronicle may not have read it yet, ask again in a moment")
    return AcceptedAlert.model_validate_json(body)
