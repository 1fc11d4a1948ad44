"""From an obligation to a notice: what remains of an alert for one sector. Pure, and the only place where it is decided.

Minimisation happens before a plugin sees anything (DESIGN section 7). Every field goes through its class; a class the sector may not see is
absent from the notice and named in `withheld`. Verbatim narrative is carried whole or not at all.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from alertbus.model.alert import AcceptedAlert, Action, Alert, Narrative, SaidBy, unclassified
from alertbus.model.base import Word
from alertbus.model.calendar import day_alone
from alertbus.model.case import Case, CasePerson, Certainty, Day, Link
from alertbus.model.free_text import free_text_fields, without_free_text
from alertbus.model.identifiers import Identifier, IdentifierSystem
from alertbus.model.notice import Content, Deed, Excerpt, NoticeBody, NoticeCover, NoticePerson, Obligation
from alertbus.model.sensitivity import Sensitivity, sensitivity_of
from alertbus.policy.policy import Agency, KindRule, Policy

CLASS_OF_IDENTIFIER = {
    IdentifierSystem.NHS_NUMBER: Sensitivity.NHS_NUMBER,
    IdentifierSystem.UPN: Sensitivity.UPN,
    IdentifierSystem.ULN: Sensitivity.UPN,
    IdentifierSystem.PNC: Sensitivity.OFFENCE,
    IdentifierSystem.CRO: Sensitivity.OFFENCE,
    IdentifierSystem.CRN: Sensitivity.OFFENCE,
    IdentifierSystem.PRISON_NUMBER: Sensitivity.OFFENCE,
    IdentifierSystem.UPRN: Sensitivity.ADDRESS,
}


WORDS_WAIT = "The sender's words are held until a person has decided whether they may be shown here."
"""Added to the summary of a notice that goes without words which its agency might read."""

HELD = "words_held"
"""Stands in `withheld` beside the classes: free text was held back from the whole case, not from this sector alone."""

OVER = "What you were told of this matter no longer stands."
"""The summary of a withdrawal. What the kind's own template says of a risk, or tells somebody to do, does not hold any more."""


class Sight:
    """The view of one sector: answers whether a class may be seen, and remembers the classes of which something was left out."""

    def __init__(self, policy: Policy, agency: Agency) -> None:
        self._policy = policy
        self._agency = agency
        self.withheld: set[str] = set()

    def full(self, sensitivity: Sensitivity) -> bool:
        shown = self._policy.share(self._agency.sector, sensitivity) is Content.FULL
        if sensitivity is Sensitivity.ADDRESS and self._agency.acts_for_adults:
            shown = False  # NOT-18, ANO-03: no address where it could reach the person a family is protected from
        if not shown:
            self.withheld.add(sensitivity)
        return shown

    def template(self, sensitivity: Sensitivity) -> bool:
        """True if the sector may have at least the kind's own words in place of the fact."""
        return self._policy.share(self._agency.sector, sensitivity) in {Content.FULL, Content.SUMMARY}


class Bodies:
    """The bodies of the notices about one statement on one case. What is the same for several kinds of agency is worked out once.

    One body serves all agencies of a sector that act for adults, another those that do not. A withdrawal repeats neither the narrative nor
    what to do. It has the times of the sender's own withdrawal and what that says anew; where the alert is now about somebody else
    (`ended_by` amends it), only the time when that was recorded, because the words are about another family. `words_held`: no free text at
    all, only the kind's template and what is not text (NOT-01, NOT-17).
    """

    def __init__(
        self,
        statement: AcceptedAlert,
        case: Case,
        policy: Policy,
        *,
        withdrawn: bool = False,
        ended_by: AcceptedAlert | None = None,
        words_held: bool = False,
    ) -> None:
        self._statement, self._case, self._policy = statement, case, policy
        self._rule = policy.kind_rule(statement.alert.kind)
        self._withdrawn, self._words_held = withdrawn, words_held
        self._narrative = () if withdrawn else statement.alert.narrative
        self._occurred_at, self._recorded_at = statement.alert.occurred_at, statement.alert.recorded_at
        self._must_stay_unknown = any(_must_stay_unknown(said.alert) for said in (statement, ended_by or statement))
        if ended_by is not None:
            own_words = ended_by.alert.action is Action.WITHDRAWN
            self._narrative = tuple(piece for piece in ended_by.alert.narrative if own_words and piece not in statement.alert.narrative)
            self._recorded_at = ended_by.alert.recorded_at
            self._occurred_at = ended_by.alert.occurred_at if own_words else ended_by.alert.recorded_at
        self._present = tuple(_present(statement, case))
        self._made: dict[tuple[str, bool], tuple[NoticeBody, bytes]] = {}

    def for_agency(self, agency: Agency) -> tuple[NoticeBody, bytes]:
        """The body, and its JSON."""
        kind = (agency.sector, agency.acts_for_adults)
        if kind not in self._made:
            body = self._body(agency)
            self._made[kind] = (body, body.model_dump_json(by_alias=True, exclude_defaults=True).encode())
        return self._made[kind]

    def _body(self, agency: Agency) -> NoticeBody:
        alert, case, policy, rule = self._statement.alert, self._case, self._policy, self._rule
        sight = Sight(policy, agency)
        action_shown = sight.full(Sensitivity.ACTION)
        narrative = tuple(_excerpts(self._narrative, rule, sight))
        people = [_person(p.person, p.link, p.role, sight, child=p.child) for p in self._present]
        details = _shown_fields(alert.details, sight)
        waits = False
        if self._words_held:
            given = _shown_fields(without_free_text(alert.details), sight)
            waits, narrative, details = bool(narrative) or given != details, (), given
        case_status = case.status if case.status and sight.full(Sensitivity.PLAN) else None
        hidden = rule.hide_source or self._must_stay_unknown
        return NoticeBody(
            sector=agency.sector,
            title=rule.title,
            occurred_at=day_alone(self._occurred_at) if hidden else self._occurred_at,
            recorded_at=day_alone(self._recorded_at) if hidden else self._recorded_at,
            narrative=narrative,
            summary=" ".join(filter(None, (OVER if self._withdrawn else _summary(rule, sight), WORDS_WAIT if waits else ""))),
            action=rule.action if action_shown and not self._withdrawn else "",
            contact=case.contact if action_shown else None,
            children=tuple(p for p in people if p.child),
            people=tuple(p for p in people if not p.child),
            details=details,
            case_status=case_status,
            review_on=alert.review_on,
            do_not_reveal_source=hidden,
            lawful_basis=policy.lawful_basis.get(agency.sector, policy.lawful_basis["default"]),
            policy_version=policy.version,
            withheld=tuple(
                sorted(
                    sight.withheld | ({Sensitivity.UNCLASSIFIED} if unclassified(alert.details) else set()) | ({HELD} if waits else set())
                )
            ),
        )


def reads_words(alert: Alert, agency: Agency, policy: Policy) -> bool:
    """True if the agency may see any of the alert's free text: released words that it may not see are no news to it."""
    sight = Sight(policy, agency)
    own = policy.kind_rule(alert.kind).narrative
    classes = {Sensitivity.CHILD_VOICE if piece.said_by is SaidBy.CHILD else own for piece in alert.narrative}
    classes |= {sensitivity_of(section, field) or Sensitivity.UNCLASSIFIED for section, field in free_text_fields(alert.details)}
    return any(map(sight.full, classes))


def cover_for(
    notice_id: str,
    deed: Deed,
    obligation: Obligation,
    policy: Policy,
    *,
    path: str,
    ruling: str,
    since: Day | None = None,
    flag: str | None = None,
    recipient: str | None = None,
) -> NoticeCover:
    """The cover for one obligation. `path` is the way by which the alert came to the case (`path_to`); `flag` is the warning that stands
    and must be read first; `since` is the agency's own first day on the case.
    """
    who = f"{obligation.agency} ({obligation.role})".replace("_", " ")
    return NoticeCover(
        id=notice_id,
        deed=deed,
        obligation=obligation,
        recipient=recipient,
        because=f"{path} → you, {who}" + (f", since {since:%Y-%m-%d}" if since else ""),
        flag=flag if flag and Sight(policy, policy.agency(obligation.agency)).full(Sensitivity.ACTION) else None,
        rule=ruling,
    )


def path_to(case: Case, link: Link, agency: Agency, policy: Policy) -> str:
    """The reason path in words, as that agency may see it: person → relation → the case."""
    sight = Sight(policy, agency)
    child = link.person in case.children
    person = case.person(link.person)
    identity = Sensitivity.CHILD_IDENTITY if child else Sensitivity.ADULT_IDENTITY
    who = person.shown if sight.full(identity) else ("a child" if child else "an adult")
    if sight.template(identity):
        putative = link.certainty is Certainty.PUTATIVE and "putative" not in link.relation.casefold()
        relation = f"putative {link.relation}" if putative else link.relation
    else:
        relation = "child" if child else "linked to the children"
    return f"{who} → {relation} → the children's case"


def _must_stay_unknown(alert: Alert) -> bool:
    """True if a child or an anonymous caller is the source, whatever the kind (ANO-04, NOT-01)."""
    anonymous = alert.referrer is not None and alert.referrer.anonymous
    return anonymous or any(piece.said_by is SaidBy.CHILD for piece in alert.narrative)


def _summary(rule: KindRule, sight: Sight) -> str:
    """The kind's template, which says what kind of thing happened; a sector that may not know even that is told to make contact."""
    if sight.template(rule.tells or rule.narrative):
        return rule.summary
    return "There is safeguarding information that concerns you. Ring the contact given."


def _excerpts(narrative: Iterable[Narrative], rule: KindRule, sight: Sight) -> Iterable[Excerpt]:
    for piece in narrative:
        if sight.full(Sensitivity.CHILD_VOICE if piece.said_by is SaidBy.CHILD else rule.narrative):
            excerpt: Excerpt | None = piece.memo.get(Excerpt)
            if excerpt is None:
                excerpt = Excerpt.of(piece.text, piece.said_by, observed_first_hand=piece.observed_first_hand)
                piece.memo[Excerpt] = excerpt
            yield excerpt


@dataclass(frozen=True, slots=True)
class _Present:
    """Somebody who stands in a notice: a child of the case, or a person of the alert who is linked to it."""

    person: CasePerson
    link: Link | None
    role: str | None
    child: bool


def _present(statement: AcceptedAlert, case: Case) -> Iterator[_Present]:
    """The case's children, and those of the alert who are linked to this case. Nobody else: another family's people stay there (NOT-17)."""
    roles: dict[str, str] = {}
    for subject, person_ids in zip(statement.everybody, statement.people, strict=True):
        for person in case.people:
            if not set(person.person_ids).isdisjoint(person_ids):
                roles.setdefault(person.key, subject.role)
    links = {link.person: link for link in reversed(case.links)}
    for person in case.people:
        child = person.key in case.children
        if child or (person.key in roles and person.key in links):
            yield _Present(person, links.get(person.key), roles.get(person.key), child)


def _person(person: CasePerson, link: Link | None, role: str | None, sight: Sight, *, child: bool) -> NoticePerson:
    identity = Sensitivity.CHILD_IDENTITY if child else Sensitivity.ADULT_IDENTITY
    who = sight.full(identity)
    return NoticePerson(
        ref=person.key,
        child=child,
        role=role,
        relation=link.relation if link and sight.template(identity) else None,
        certainty=link.certainty if link and link.certainty is not Certainty.CONFIRMED else None,
        label=person.label if who else None,
        name=person.name if who else None,
        born=person.born if who else None,
        identifiers=tuple(i for i in person.identifiers if sight.full(_class_of(i, child=child))),
        addresses=person.addresses if person.addresses and sight.full(Sensitivity.ADDRESS) else (),
    )


def _class_of(identifier: Identifier, *, child: bool) -> Sensitivity:
    return CLASS_OF_IDENTIFIER.get(identifier.system, Sensitivity.CHILD_IDENTITY if child else Sensitivity.ADULT_IDENTITY)


def _shown_fields(word: Word, sight: Sight) -> dict[str, Any]:
    """The fields of a record that may be shown, class by class, depth first; what is unset or left out does not appear."""
    shown: dict[str, Any] = {}
    for name in type(word).model_fields:
        value = getattr(word, name)
        if value in (None, (), False) and name not in word.model_fields_set:
            continue
        sensitivity = sensitivity_of(type(word), name) or Sensitivity.UNCLASSIFIED
        if isinstance(value, Word):
            if inner := _shown_fields(value, sight):
                shown[name] = inner
        elif value is not None and sight.full(sensitivity):
            shown[name] = value.isoformat() if hasattr(value, "isoformat") else value
    return shown
