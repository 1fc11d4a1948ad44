"""What a person decides about a review item: recorded, audited, and acted upon at once (DESIGN section 14).

In this order: audited as begun; the statement that follows, by whose `(source, id)` a second one has no second effect; the
decision on the broker, beside its item; the doubt of the alert closed, or opened again; what follows published; the front
door's own decision counted as its answer; audited as done. Cut short anywhere, the same call again takes up the moment and
the name of the first and ends the same.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from alertbus.audit.chain import AuditedDeed
from alertbus.broker.record import Record
from alertbus.chronicle.reviews import ReviewItem, ReviewState, proposals_about, review_item, review_items, unanswered_on
from alertbus.directory.candidates import mentions_of
from alertbus.directory.claims import locked
from alertbus.directory.doubts import close_doubt, doubt_case_id
from alertbus.directory.who_is_who import WhoIsWho, WhoIsWhoRegister
from alertbus.intake.acknowledgements import AnswerIntake
from alertbus.intake.answer_bodies import Acknowledgement
from alertbus.intake.by_name import Audited, later, named
from alertbus.intake.callers import Caller
from alertbus.intake.doubt_again import open_doubt_again
from alertbus.intake.held_words import ABOUT_WORDS, words_decided
from alertbus.intake.publisher import Publisher
from alertbus.intake.who import WhoIsWhoIntake
from alertbus.model.base import Word
from alertbus.model.errors import BusError, Fault, InvalidInput
from alertbus.model.events import ReviewReason
from alertbus.model.identity import PersonMerged, PersonPointer, PersonSplit, ReviewDecided, ReviewOutcome
from alertbus.model.receipt import Intent
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults, reading
from alertbus.wire import records

_ABOUT_PEOPLE = frozenset({ReviewOutcome.SAME, ReviewOutcome.DIFFERENT})

_MOST_OF_ALERT = 1_000
"""Items of one alert that are looked at, and decisions about words that are remembered. Chosen: an alert has at most some fifty people, and
the chronicle is seconds behind."""


class AlreadyDecided(BusError):
    """Somebody has decided the item otherwise, and that stands."""

    code = "already_decided"


class ReviewDecision(Word):
    """What a named person decides about a review item. `person_id` says for `same` which candidate it is."""

    outcome: Annotated[ReviewOutcome, S.ROUTING]
    person_id: Annotated[str | None, S.ROUTING] = Field(default=None, pattern=r"^[0-9a-f-]{36}$")
    by: Annotated[str, S.ROUTING] = Field(min_length=2, max_length=120)
    note: Annotated[str | None, S.OBSERVATION] = Field(default=None, max_length=2000)


@dataclass(frozen=True, slots=True)
class _SaidOfItem:
    """What earlier decisions about the item said of who is who. `stands` is what was not taken back."""

    every: tuple[WhoIsWho, ...]

    @property
    def stands(self) -> tuple[WhoIsWho, ...]:
        return tuple(one for one in self.every if not one.taken_back)

    def reopened_since(self, decided_at: datetime) -> bool:
        """True if all of it was taken back after that moment: the item was reopened, even if the chronicle has not read that yet."""
        return bool(self.every) and not self.stands and max(one.at for one in self.every) > decided_at


class DecisionIntake:
    """The one door for decisions. Each is durable on the broker before a call returns."""

    def __init__(
        self,
        engine: Database,
        publisher: Publisher,
        people: WhoIsWhoIntake,
        answers: AnswerIntake,
        audited: Audited,
        front_door: str,
        now: Callable[[], datetime],
    ) -> None:
        self._engine, self._publisher, self._people, self._answers, self._audited = engine, publisher, people, answers, audited
        self._front_door, self._now = front_door, now
        self._register = WhoIsWhoRegister(engine)
        self._turn = asyncio.Lock()
        self._about_words: dict[str, ReviewDecided] = {}

    async def decide(
        self, item_id: str, outcome: ReviewOutcome, person_id: str | None = None, *, by: str, note: str | None = None, caller: Caller
    ) -> ReviewItem:
        """Decide the item and give it as it now is. The same decision again changes nothing; who decided first stays named.

        Raises `NotFound` for an item that nobody asked about; `InvalidInput` for an outcome or candidate that is none of the item's, or
        where numbers contradict it; `AlreadyDecided` where another decision stands; `Unavailable` when it is not durable in time.
        """
        name, why = named(by), (note or "").strip() or None
        async with self._turn:
            item = await review_item(self._engine, item_id, self._now(), self._front_door)
            _must_be_possible(item, outcome, person_id)
            with database_faults():
                stated = await self._stated(item)
            made = await self._made(item, stated, outcome, person_id, name, why)
            deeds = AuditedDeed.REVIEW_BEGUN, AuditedDeed.REVIEW_DONE
            async with self._audited.deed(*deeds, caller, by=name, reason=why or outcome.value, about=[item_id]):
                await self._act(item, stated, made)
                await self._publisher.send(records.review_decided(made, item.key))
                if made.outcome in ABOUT_WORDS:
                    self._remember(made)
                await self._follow(item, made, caller)
        is_open = outcome is ReviewOutcome.REOPENED
        shown = {"outcome": outcome, "by": made.by, "decided_at": made.at, "person_id": made.person_id, "note": made.note}
        return item.model_copy(update={**shown, "state": ReviewState.OPEN if is_open else ReviewState.DECIDED})

    def _remember(self, made: ReviewDecided) -> None:
        """Words that went out cannot be kept back, though the chronicle has yet to read that they did."""
        if len(self._about_words) >= _MOST_OF_ALERT:
            self._about_words.clear()
        self._about_words[made.id] = made

    async def _stated(self, item: ReviewItem) -> _SaidOfItem:
        source, exercise = self._front_door, item.exercise
        merged = await self._register.standing(PersonMerged, source, _merge_id(item), exercise)
        split = [await self._register.standing(PersonSplit, source, _split_id(item, n), exercise) for n in range(1, len(item.person_ids))]
        return _SaidOfItem(tuple(one for one in (merged, *split) if one is not None))

    async def _made(
        self, item: ReviewItem, stated: _SaidOfItem, outcome: ReviewOutcome, person_id: str | None, by: str, note: str | None
    ) -> ReviewDecided:
        """Give the decision to record: that which stands if it is the same, so that repeating it is harmless. Raises `AlreadyDecided`."""
        at = later(self._now(), item.decided_at, *(one.at for one in stated.every))
        new = ReviewDecided(id=item.id, outcome=outcome, at=at, by=by, person_id=person_id, note=note)
        known = _known(item) or self._about_words.get(item.id)
        if known is not None and known.outcome in _ABOUT_PEOPLE and stated.reopened_since(known.at):
            known = None
        if known is None and stated.stands:
            known = await self._unfinished(item, stated.stands[0], note)
        if outcome is ReviewOutcome.REOPENED:
            if known is not None:
                return new
            if item.outcome is ReviewOutcome.REOPENED:
                return _again(item) or new
            if item.outcome is not None:
                return new
            raise InvalidInput([Fault("outcome", "another outcome: nothing was decided about this item that could be taken back", "enum")])
        if known is None:
            return new
        if (known.outcome, known.person_id) == (outcome, person_id):
            return known
        otherwise = "It stands: have the sender state the words anew"
        if outcome not in ABOUT_WORDS:
            otherwise = (
                f"To decide otherwise, take that back first: outcome `reopened`, or `alertbus review decide {item.id} reopen --by NAME`"
            )
        raise AlreadyDecided(f"decided already as '{known.outcome}' by {known.by} at {known.at:%Y-%m-%d %H:%M} UTC. {otherwise}")

    async def _unfinished(self, item: ReviewItem, one: WhoIsWho, note: str | None) -> ReviewDecided:
        """Give the decision whose statement stands and whose record the chronicle has not read, or which was never written."""
        same = isinstance(one, PersonMerged)
        person_id = None
        if same:
            with database_faults():
                async with reading(self._engine) as connection:
                    named_at = await mentions_of(connection, item.candidates)
            person_id = next((p for p in item.candidates if one.people[1] in map(pointer_of, named_at[p])), None)
        outcome = ReviewOutcome.SAME if same else ReviewOutcome.DIFFERENT
        return ReviewDecided(id=item.id, outcome=outcome, at=one.at, by=one.by or self._front_door, person_id=person_id, note=note)

    async def _act(self, item: ReviewItem, stated: _SaidOfItem, made: ReviewDecided) -> None:
        """State what follows from the decision about who is who, or take back what followed from an earlier one."""
        if made.outcome is ReviewOutcome.REOPENED:
            for one in stated.stands:
                await self._people.accept(one.model_copy(update={"taken_back": True, "at": later(made.at, one.at), "by": made.by}))
        if made.outcome in ABOUT_WORDS:
            await self._publisher.send(records.words_decided(await words_decided(self._engine, item, made)))
        if made.outcome not in _ABOUT_PEOPLE:
            return
        question, others = await self._pointed_at(item)
        if question is None:
            if stated.stands:
                return  # said before, and those of whom it was said have changed since
            gone = "`seen`: what was stated has changed since, and the person in question is no longer named there"
            raise InvalidInput([Fault("outcome", gone, "gone")])
        standing = {(type(one), one.id) for one in stated.stands}
        saying = _followed_by(item, made, question, others)
        for one in saying:
            if (type(one), one.id) not in standing:
                await self._people.accept(one)
        if made.outcome is ReviewOutcome.SAME and made.person_id:
            await self._must_have_joined(question, made.person_id, saying)

    async def _pointed_at(self, item: ReviewItem) -> tuple[PersonPointer | None, dict[str, PersonPointer]]:
        """Give where the person in question is named, if they still are, and each candidate: on a case file, if they are on one."""
        assert item.in_question is not None
        with database_faults():
            async with reading(self._engine) as connection:
                places = await mentions_of(connection, item.person_ids)
        own = f"case/{item.case_id}/" if item.case_id else f"alert/{item.alert_id}/"
        question = next((place for place in places[item.in_question] if place.startswith(own)), None)
        others = {p: next((place for place in places[p] if place != question), None) for p in item.candidates}
        return pointer_of(question) if question else None, {person_id: pointer_of(place) for person_id, place in others.items() if place}

    async def _must_have_joined(self, question: PersonPointer, person_id: str, said: Sequence[WhoIsWho]) -> None:
        """Take the statement back where it joined nobody, because numbers contradict: else it would pass for told."""
        with database_faults():
            async with reading(self._engine) as connection:
                places = await mentions_of(connection, [person_id])
        if question in map(pointer_of, places[person_id]):
            return
        for one in said:
            standing = await self._register.standing(type(one), one.source, one.id, one.exercise)
            at = later(self._now(), standing.at if standing else None)
            await self._people.accept((standing or one).model_copy(update={"taken_back": True, "at": at}))
        contradicted = (
            "an outcome that their numbers allow: each has a number of a system that gives one person one, and they differ. Have the "
            "wrong number corrected where it was stated, and the bus joins them by itself; if both are this person's, say so with "
            "`alertbus people merge`"
        )
        raise InvalidInput([Fault("outcome", contradicted, "contradicted")])

    async def _follow(self, item: ReviewItem, made: ReviewDecided, caller: Caller) -> None:
        """Close the doubt of which the front door was told, once nobody of the alert is in doubt, or open it again; publish that.

        The front door's own decision is also its answer to what it was told; another agency's is not.
        """
        closes = made.outcome is not ReviewOutcome.REOPENED
        if item.alert_id and item.in_question and made.outcome is not ReviewOutcome.SEEN:
            with database_faults():
                closed = closes and not await self._others_in_doubt(item)
                if closed or not closes:
                    async with self._engine.begin() as connection:
                        await locked(connection)
                        await (close_doubt if closed else open_doubt_again)(connection, item.alert_id, made.at)
            await self._people.republish()
            if also := await self._also_settled(item, made):
                await self._publisher.send(*also)
            if closed and caller.acts_for(self._front_door):
                answer = Acknowledgement(by=made.by, intent=Intent.ACTING, note="decided in review")
                for obligation_id in await unanswered_on(self._engine, doubt_case_id(item.alert_id), self._front_door):
                    await self._answers.acknowledge(obligation_id, answer, caller)
            return
        await self._people.republish()
        if item.reason is ReviewReason.FLAG_PROPOSED and (others := await self._other_proposals(item, made)):
            await self._publisher.send(*others)

    async def _other_proposals(self, item: ReviewItem, made: ReviewDecided) -> list[Record]:
        """Give decisions on the other proposals of a flag for the same person: a person is asked once (VPF-05)."""
        mark = f"settled with {item.id}"
        every = await proposals_about(self._engine, item.person_ids[0], self._now(), self._front_door)
        if made.outcome is ReviewOutcome.REOPENED:
            changed = [one for one in every if one.state is ReviewState.DECIDED and one.note == mark]
        else:
            changed = [one for one in every if one.state is ReviewState.OPEN and one.id != item.id]
        said = [ReviewDecided(id=o.id, outcome=made.outcome, at=later(made.at, o.decided_at), by=made.by, note=mark) for o in changed]
        return [records.review_decided(decided, one.key) for decided, one in zip(said, changed, strict=True)]

    async def _also_settled(self, item: ReviewItem, made: ReviewDecided) -> list[Record]:
        """Give decisions on items which say that the same person of the alert is on nobody's case: settled with `same`, open without it."""
        asked = await self._of_alert(
            item, ReviewReason.NOBODY_LINKED, ReviewState.DECIDED if made.outcome is ReviewOutcome.REOPENED else None
        )
        mark, found = f"settled with {item.id}", []
        for one in asked:
            if one.person_ids != (item.in_question,):
                continue
            outcome = ReviewOutcome.SEEN
            if made.outcome is ReviewOutcome.REOPENED and one.note == mark:
                outcome = ReviewOutcome.REOPENED
            elif made.outcome is not ReviewOutcome.SAME or one.state is ReviewState.DECIDED:
                continue
            said = ReviewDecided(id=one.id, outcome=outcome, at=later(made.at, one.decided_at), by=made.by, note=mark)
            found.append(records.review_decided(said, one.key))
        return found

    async def _of_alert(self, item: ReviewItem, reason: ReviewReason, state: ReviewState | None) -> list[ReviewItem]:
        now = self._now()
        return await review_items(
            self._engine, now, self._front_door, state=state, reasons=[reason], alert_id=item.alert_id, limit=_MOST_OF_ALERT
        )

    async def _others_in_doubt(self, item: ReviewItem) -> bool:
        asked = await self._of_alert(item, ReviewReason.UNSURE_MATCH, ReviewState.OPEN)
        return any(other.in_question not in {None, item.in_question} for other in asked)


def _followed_by(
    item: ReviewItem, made: ReviewDecided, question: PersonPointer, others: Mapping[str, PersonPointer]
) -> list[PersonMerged] | list[PersonSplit]:
    """Give what the decision states. Of a candidate of whom nothing stands any more there is nothing to part."""
    common: dict[str, Any] = {"by": made.by, "exercise": item.exercise, "at": made.at}
    if made.outcome is ReviewOutcome.DIFFERENT:
        found = [(number, others[p]) for number, p in enumerate(item.candidates, start=1) if p in others]
        return [PersonSplit(id=_split_id(item, n), source=item.owner, people=(question, other), **common) for n, other in found]
    if made.person_id is None or made.person_id not in others:
        raise InvalidInput([Fault("person_id", "somebody who is still known: of this candidate nothing stands any more", "gone")])
    return [PersonMerged(id=_merge_id(item), source=item.owner, people=(question, others[made.person_id]), **common)]


def _known(item: ReviewItem) -> ReviewDecided | None:
    return _again(item) if item.state is ReviewState.DECIDED else None


def _again(item: ReviewItem) -> ReviewDecided | None:
    """Give the item's latest decision as it was recorded, to be written once more."""
    if item.outcome is None or item.by is None or item.decided_at is None:
        return None
    return ReviewDecided(id=item.id, outcome=item.outcome, at=item.decided_at, by=item.by, person_id=item.person_id, note=item.note)


def _must_be_possible(item: ReviewItem, outcome: ReviewOutcome, person_id: str | None) -> None:
    if (item.reason is ReviewReason.WORDS_HELD) is not (outcome in ABOUT_WORDS):
        words = (
            "`release` or `keep`: the item asks about words. Words that went out stay out; those kept back, have their sender state anew"
        )
        other = "another outcome: the item does not ask about words"
        raise InvalidInput([Fault("outcome", words if item.reason is ReviewReason.WORDS_HELD else other, "enum")])
    if outcome in _ABOUT_PEOPLE and item.in_question is None:
        raise InvalidInput([Fault("outcome", "`seen` or `reopened`: the item does not ask who somebody is", "enum")])
    if outcome is ReviewOutcome.SAME and person_id not in item.candidates:
        where = f"the id of one of the item's candidates; `alertbus review show {item.id}` lists them"
        raise InvalidInput([Fault("person_id", where, "not_a_candidate")])
    if outcome is not ReviewOutcome.SAME and person_id is not None:
        raise InvalidInput([Fault("person_id", "nothing: only `same` names a candidate", "extra_forbidden")])


def _merge_id(item: ReviewItem) -> str:
    return f"review-{item.id}"


def _split_id(item: ReviewItem, number: int) -> str:
    return f"review-{item.id}-{number}"


def pointer_of(mention_id: str) -> PersonPointer:
    kind, of, place = mention_id.split("/", 2)
    return PersonPointer(case_id=of, key=place) if kind == "case" else PersonPointer(alert_id=of, entry=int(place))
