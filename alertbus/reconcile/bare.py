"""What a reconciliation keeps of statements and cases: what decides who is told, and nothing of what was said or about whom. Pure."""

import hashlib
from typing import cast

from pydantic_core import to_json

from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.base import Word
from alertbus.model.case import Case, CasePerson, Level
from alertbus.model.details import Details
from alertbus.model.free_text import AnyWord, free_text_fields
from alertbus.model.person import Person, Subject

_SOMEBODY = Subject(person=Person())
_WORDS = "-"


def says_the_same(one: AcceptedAlert, later: AcceptedAlert) -> bool:
    """Say of two bare statements whether the later one changes nothing that an agency may see.

    When it happened counts only where both sources tell it apart from when it was written down.
    """
    if any(said.alert.occurred_at == said.alert.recorded_at for said in (one, later)):
        later = later.model_copy(update={"alert": later.alert.model_copy(update={"occurred_at": one.alert.occurred_at})})

    def shown(said: AcceptedAlert) -> tuple[object, ...]:
        alert, people = said.alert, [sorted(person_ids) for person_ids in said.people]
        return said.words_of is not None, alert.id, alert.kind, alert.severity, alert.review_on, alert.history, alert.occurred_at, people

    return shown(one) == shown(later)


def _mark(said: Alert) -> str:
    """Give a mark of what an agency may see of a statement: another mark, other words.

    It is too short to find out from it what was said, or even to confirm a guess at it.
    """
    details = [getattr(said.details, name) for name in Details.model_fields]
    shown = (said.subjects, said.children, said.narrative, details, said.anonymous)
    return hashlib.sha256(to_json(shown)).hexdigest()[:4]


def bare_statement(statement: AcceptedAlert) -> AcceptedAlert:
    """Keep what decides who is told, and nothing of what was said or about whom: persons are the directory's ids. Of words that may be held
    it stays known which kinds of them there are: who may read them is told when they are released.
    """
    said = statement.alert
    kinds = {piece.said_by: piece.model_copy(update={"text": _WORDS}) for piece in said.narrative} if statement.reveals else {}
    details = _without_words(said.details) if statement.reveals else Details()
    bare = said.model_copy(
        update={
            "id": _mark(said),
            "amends": None,
            "subjects": (_SOMEBODY,) * len(said.subjects),
            "children": (_SOMEBODY,) * len(said.children),
            "narrative": tuple(kinds.values()),
            "details": details.model_copy(update={"conference_invite": said.details.conference_invite}),
            "referrer": None,
            "lawful_basis": None,
        }
    )
    return statement.model_copy(update={"alert": bare, "reveals": ()})


def _without_words(word: AnyWord) -> AnyWord:
    """Keep of the details only which fields hold free text."""
    sections = {name: value for name in type(word).model_fields if isinstance(value := getattr(word, name), Word)}
    kept: dict[str, object] = {name: _without_words(value) for name, value in sections.items()}
    for section, field in free_text_fields(word):
        if section is type(word):
            kept[field] = _WORDS if isinstance(getattr(word, field), str) else (_WORDS,)
    return cast("AnyWord", type(word).model_construct(set(kept), **kept))


def bare_case(case: Case) -> Case:
    return case.model_copy(
        update={
            "status": None,
            "contact": None,
            "people": tuple(CasePerson(key=person.key, person_ids=person.person_ids, joined_at=person.joined_at) for person in case.people),
            "links": tuple(link.model_copy(update={"relation": "-", "source": None}) for link in case.links),
            "involvements": tuple(
                spell.model_copy(update={"worker": None, "role": None, "team": None})
                for spell in case.involvements
                if spell.level is Level.AGENCY or spell.adult is not None
            ),
            "episodes": (),
        }
    )
