"""What was stated in fields of a contact, a meeting, a conference, a handover or a consent, as lines that every adapter says in the same
words. Public, as `alertbus.plugin` is. Nothing here decides what an agency may know: the notice is minimised already.
"""

from collections.abc import Callable, Collection

from alertbus.model.notice import Notice, NoticePerson
from alertbus.model.sections_in_words import IN_WORDS, PACK, sections_in_words, words_of
from alertbus.model.sensitivity import Sensitivity
from alertbus.plugin.wording import agency_in_words

HELD = "words_held"
"""Stands in `withheld` where the sender's words wait for somebody's decision: what is missing then was not left unsaid."""


def section_lines(notice: Notice, *, only: Collection[str] = IN_WORDS, who: Callable[[NoticePerson], str] | None = None) -> list[str]:
    """Give a line for each thing stated in the sections that are `only` these: `Contact: visit`. `who` says what to call somebody; without
    it a child is called by name, and an adult by what they are to the family, never by name.
    """
    called = who or called_in_words
    people = {person.ref: called(person) for person in (*notice.people, *notice.children)}
    shown = {name: stated for name, stated in notice.details.items() if name in only}
    lines = sections_in_words(shown, lambda ref: people.get(ref, "somebody"), held=HELD in notice.withheld)
    unseen = {PACK} if Sensitivity.PLAN in notice.withheld else set()  # whether one came is withheld then, and was not left unsaid
    return [f"{label}: {value}" for label, value in lines if label not in unseen]


def consent_line(notice: Notice) -> str | None:
    """Say how consent to the plan stands, since when and by whose word; None for a notice that is not about a plan (ENG-03)."""
    if (consent := notice.consent) is None:
        return None
    plan = f" ({words_of(consent.plan)})" if consent.plan else ""
    since = f" on {consent.since.isoformat()}" if consent.since else ""
    source = f", as {agency_in_words(consent.source)} stated" if consent.source else ""
    return f"Consent to the plan{plan}: {words_of(consent.state)}{since}{source}"


def called_in_words(person: NoticePerson) -> str:
    """Say what somebody is called where no adult is named: a child by name, an adult by what they are to the family."""
    if person.child:
        return person.name.full if person.name and person.name.full else person.label or "a child"
    relation, certainty = (word.replace("_", " ") if word else None for word in (person.relation, person.certainty))
    if relation is None:
        return person.label or "somebody"
    return relation if certainty is None or certainty in relation else f"{certainty} {relation}"
