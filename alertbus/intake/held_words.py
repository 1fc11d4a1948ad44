"""Words that were held back from a case: shown to whoever decides about them, and the decision on its way to the case (NOT-01, NOT-17)."""

from sqlalchemy import select

from alertbus.chronicle import tables as chronicle
from alertbus.chronicle.reviews import ReviewItem
from alertbus.chronicle.views import view
from alertbus.intake.exercise_time import exercise_time
from alertbus.model.alert import AcceptedAlert
from alertbus.model.base import Word
from alertbus.model.errors import NotFound
from alertbus.model.events import ReviewReason, WordsDecided
from alertbus.model.free_text import free_text
from alertbus.model.identity import ReviewDecided, ReviewOutcome
from alertbus.sql.database import Database

ABOUT_WORDS = frozenset({ReviewOutcome.RELEASE, ReviewOutcome.KEEP})


class PieceHeld(Word):
    """One piece of free text, word for word, with the clues that were found in it; without one it is held with the others."""

    where: str
    text: str
    clues: tuple[str, ...] = ()


async def pieces_held(engine: Database, item: ReviewItem) -> tuple[PieceHeld, ...]:
    """Give the free text that the item asks about: only for who may read case files. Empty for another item. Raises `NotFound`."""
    if item.reason is not ReviewReason.WORDS_HELD or item.statement_id is None:
        return ()
    statement = await _statement(engine, item.statement_id)
    found = [one.partition(" in ") for one in item.clues]
    return tuple(
        PieceHeld(where=where, text=text, clues=tuple(clue for clue, _, place in found if place == where))
        for where, text in free_text(statement.alert)
    )


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
