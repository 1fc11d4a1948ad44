"""The reason path in words: why an agency is told, as far as that agency may see it. Pure."""

from alertbus.model.case import Case, CasePerson, Certainty, Link
from alertbus.model.name_in_words import name_in_words
from alertbus.model.sensitivity import Sensitivity
from alertbus.policy.minimise import A_CHILD, A_SIBLING
from alertbus.policy.sight import Sight


def path_to(case: Case, link: Link, sight: Sight) -> str:
    """The reason path in words, as that recipient may see it: person → relation → the case."""
    person, child = case.person(link.person), link.person in case.children
    who = _which_child(person, sight) if child else _which_adult(person, sight)
    if sight.secret:
        return f"{'somebody' if child else who} → linked to this case"
    if sight.relation(person.key, child=child):
        putative = link.certainty is Certainty.PUTATIVE and "putative" not in link.relation.casefold()
        relation = name_in_words(f"putative {link.relation}" if putative else link.relation)
    else:
        relation = "child" if child else "linked to the children"
    return f"{who} → {relation} → the children's case"


def _which_adult(adult: CasePerson, sight: Sight) -> str:
    if not sight.full(Sensitivity.ADULT_IDENTITY):
        return "an adult"
    name = adult.name.full if adult.name else ""
    return (name or sight.label(adult) or "an adult") if sight.recipient.for_adults else adult.shown


def _which_child(child: CasePerson, sight: Sight) -> str:
    if not sight.recipient.for_adults and child.key in sight.recipient.others_children:
        return A_SIBLING
    known = sight.full(Sensitivity.CHILD_IDENTITY, theirs=sight.works_with(child.key)) and sight.lists(child.key)
    return child.shown if known else A_CHILD
