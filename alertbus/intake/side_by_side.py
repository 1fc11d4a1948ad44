"""The person in question and those who may be the same, side by side, for whoever decides a review item.

What agrees and differs is said without the values. The values themselves, from the alert and from the case files, are only
for a caller who may read case files.
"""

from collections.abc import Sequence

from sqlalchemy import select

from alertbus.chronicle import tables as chronicle
from alertbus.chronicle.reviews import ReviewItem
from alertbus.chronicle.views import view
from alertbus.directory.candidates import mentions_of, on_cases, people_of
from alertbus.directory.comparing import compare
from alertbus.model.alert import AcceptedAlert
from alertbus.model.base import Word
from alertbus.model.person import Person
from alertbus.policy.identity_rules import IdentityRules
from alertbus.sql.database import Database, Transaction

MOST_PLACES = 20
"""The most places of one candidate that are shown and compared. Chosen: a person on more case files than this is shown by the oldest."""


class PersonInPlace(Word):
    """Somebody as one case file or one alert names them. `person` None: the caller may not read case files."""

    case_id: str | None = None
    key: str | None = None
    alert_id: str | None = None
    person: Person | None = None


class CandidateShown(Word):
    """Somebody who may be the person in question; of the ids of one person, the first.

    `agrees` and `differs` name fields and how far they agree, never what stands in them.
    """

    person_id: str
    cases: tuple[str, ...]
    agrees: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    contradicts: bool = False
    """A number of a system that gives one person one differs: they can only be the same if one of the numbers is wrong."""
    places: tuple[PersonInPlace, ...] = ()


class SideBySide(Word):
    """`in_question` None: the item is about nobody, or what named them was taken back since."""

    in_question: PersonInPlace | None = None
    candidates: tuple[CandidateShown, ...] = ()


async def side_by_side(engine: Database, item: ReviewItem, rules: IdentityRules, *, may_see: bool) -> SideBySide:
    """Give the item's people as they are stated now, the values only if the caller `may_see` them. Raises `DatabaseUnavailable`."""
    if not item.candidates and item.in_question is None:
        return SideBySide()
    async with view(engine) as connection:
        places = await mentions_of(connection, item.person_ids)
        own = f"case/{item.case_id}/" if item.case_id else f"alert/{item.alert_id}/"
        question = next((p for p in places[item.in_question] if p.startswith(own)), None) if item.in_question else None
        asked = await _stated_in(connection, [question]) if question else {}
        shown: dict[tuple[str, ...], CandidateShown] = {}
        for person_id in item.candidates:
            elsewhere = tuple(place for place in places[person_id] if place != question)[:MOST_PLACES]
            if elsewhere and elsewhere in shown:
                continue  # another id of the same person
            people = await _stated_in(connection, elsewhere)
            agrees, differs, contradicts = _evidence(asked.get(question or ""), list(people.values()), rules)
            shown[elsewhere or (person_id,)] = CandidateShown(
                person_id=person_id,
                cases=tuple(await on_cases(connection, [person_id])),
                agrees=agrees,
                differs=differs,
                contradicts=contradicts,
                places=tuple(_in_place(place, people.get(place), may_see=may_see) for place in elsewhere),
            )
    in_question = _in_place(question, asked.get(question), may_see=may_see) if question else None
    return SideBySide(in_question=in_question, candidates=tuple(shown.values()))


async def _stated_in(connection: Transaction, places: Sequence[str]) -> dict[str, Person]:
    """Give the people as these places name them: the directory knows those of case files, the chronicle what alerts said."""
    found = await people_of(connection, places)
    for place in places:
        kind, of, entry = place.split("/", 2)
        if kind == "alert" and place not in found:
            said = chronicle.alert.c
            query = select(said.body).where(said.alert_id == of).order_by(said.recorded_at.desc(), said.position.desc())
            for body in (await connection.execute(query)).scalars():
                people = AcceptedAlert.model_validate_json(body).everybody
                if int(entry) < len(people):
                    found[place] = people[int(entry)].person
                    break
    return found


def _evidence(asked: Person | None, others: Sequence[Person], rules: IdentityRules) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Give what agrees and differs where the two are most alike, and every number that contradicts anywhere."""
    compared = [] if asked is None else [compare(asked, other, rules) for other in others]
    if not compared:
        return (), (), False
    best = max(compared, key=lambda one: one.score)
    contradictions = [f"{system.label}: different" for one in compared for system in one.contradicts]
    return best.agrees, tuple(dict.fromkeys((*best.differs, *contradictions))), bool(contradictions)


def _in_place(place: str, person: Person | None, *, may_see: bool) -> PersonInPlace:
    kind, of, rest = place.split("/", 2)
    stated = person if may_see else None
    if kind == "case":
        bare = stated and Person.model_validate({name: getattr(stated, name) for name in _SHOWN})
        return PersonInPlace(case_id=of, key=rest, person=bare)
    return PersonInPlace(alert_id=of, person=stated)


_SHOWN = ("label", "identifiers", "name", "born", "addresses")
"""Of somebody on a case file, what a comparison needs, and no more."""
