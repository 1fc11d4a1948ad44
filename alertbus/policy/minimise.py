"""From an obligation to a notice: what remains of an alert for one recipient. Pure, and the only place where it is decided.

Minimisation happens before a plugin sees anything (DESIGN section 7). Every field goes through its class; a class the recipient may not see
is absent from the notice and named in `withheld`. Verbatim narrative is carried whole or not at all. `policy.recipient` says who the
recipient is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert, Action, Alert, Narrative, SaidBy, unclassified
from alertbus.model.base import Word
from alertbus.model.case import Case, CasePerson, Certainty, Day, Link
from alertbus.model.identifiers import Identifier, IdentifierSystem
from alertbus.model.notice import Content, Deed, Excerpt, NoticeBody, NoticeCover, NoticePerson, Obligation
from alertbus.model.sensitivity import Sensitivity, is_free_text, sensitivity_of
from alertbus.policy import neutral
from alertbus.policy.policy import KindRule, Policy
from alertbus.policy.recipient import Recipient

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


OVER = "What you were told of this matter no longer stands."
"""The summary of a withdrawal. What the kind's own template says of a risk, or tells somebody to do, does not hold any more."""


A_CHILD, A_SIBLING = "a child", "a sibling"
"""What a child is called to who acts for an adult, and to a setting that does not work with them."""


class Sight:
    """The view of one recipient: answers whether something may be seen, and remembers the classes of which something was left out."""

    def __init__(self, policy: Policy, recipient: Recipient) -> None:
        self._policy = policy
        self.recipient = recipient
        self.withheld: set[str] = set()
        self._tells: dict[str, bool] = {}

    def full(self, sensitivity: Sensitivity, *, theirs: bool = True) -> bool:
        """True if the sector may see the class, and this of it is the recipient's to see."""
        shown = theirs and self._policy.share(self.recipient.sector, sensitivity) is Content.FULL
        if not shown:
            self.withheld.add(sensitivity)
        return shown

    def free_text(self, sensitivity: Sensitivity) -> bool:
        """True for words as somebody wrote them. Who acts for an adult reads only what its own agency wrote."""
        return self.full(sensitivity, theirs=self.recipient.own_words or not self.recipient.for_adults)

    def plan(self) -> bool:
        """True if the family's plan may be seen, which is nothing for who acts for an adult."""
        return self.full(Sensitivity.PLAN, theirs=not self.recipient.for_adults)

    def address(self, key: str) -> bool:
        """True if this person's address may be seen: by who acts for an adult, that adult's own and no other (NOT-18, ANO-03)."""
        return self.full(Sensitivity.ADDRESS, theirs=not self.recipient.for_adults or key in self.recipient.adults)

    def acts_for(self, key: str) -> bool:
        """False for an adult who is not the one for whom the recipient acts: of them it has a name at most, no birth date and no number."""
        return not (self.recipient.for_adults and self.recipient.adults) or key in self.recipient.adults

    def works_with(self, key: str) -> bool:
        """True if the recipient is there for this child, and not for an adult or for other children of the case."""
        return not self.recipient.for_adults and key not in self.recipient.others_children

    def lists(self, key: str) -> bool:
        """True if this child is listed at all: nobody hears of a child before it is born (NOT-20), nor as if it lived after its death
        (NOT-26), and who acts for an adult from whom births are kept hears of no child (NOT-02, ANO-02).
        """
        if key in self.recipient.unborn or self.secret:
            return False
        knows = self._policy.share(self.recipient.sector, Sensitivity.CHILD_IDENTITY) is Content.FULL and self.works_with(key)
        return knows or key not in self.recipient.died

    @property
    def secret(self) -> bool:
        """True for who must not learn that there is a child: to be called a father would say so."""
        return self.recipient.for_adults and self.recipient.kept_from

    def relation(self, key: str, *, child: bool) -> bool:
        """True if it may be read what somebody is to the family: words of the case, which were not written for who acts for an adult."""
        theirs = self.works_with(key) if child else not self.recipient.for_adults
        return theirs and self.template(Sensitivity.CHILD_IDENTITY if child else Sensitivity.ADULT_IDENTITY)

    def label(self, person: CasePerson) -> str | None:
        """What the case calls somebody; to who acts for an adult only where there is no name, and never where it would tell of a child."""
        return None if self.recipient.for_adults and (self.secret or person.name) else person.label

    def template(self, sensitivity: Sensitivity) -> bool:
        """True if the sector may have at least the kind's own words in place of the fact."""
        return self._policy.share(self.recipient.sector, sensitivity) in {Content.FULL, Content.SUMMARY}

    def tells(self, kind: str) -> bool:
        """True if the recipient may know what kind of alert it is. Where not, nothing in the notice may say so (`policy.neutral`)."""
        found = self._tells.get(kind)
        if found is None:
            rule = self._policy.kind_rule(kind)
            found = self._tells[kind] = self.template(rule.tells or rule.narrative)
        return found

    def chain(self, kind: str) -> tuple[str, ...]:
        """The roles that are told in turn while nobody answers."""
        return self._policy.kind_rule(kind).chain


class Bodies:
    """The bodies of the notices about one statement on one case. What is the same for several kinds of agency is worked out once.

    Recipients with equal views have one body. A withdrawal repeats neither the narrative nor what to do. It has the times of the sender's
    own withdrawal and what that says anew; where the alert is now about somebody else (`ended_by` amends it), only the time when that was
    recorded, because the words are about another family.
    """

    def __init__(
        self, statement: AcceptedAlert, case: Case, policy: Policy, *, withdrawn: bool = False, ended_by: AcceptedAlert | None = None
    ) -> None:
        self._statement, self._case, self._policy = statement, case, policy
        self._rule = policy.kind_rule(statement.alert.kind)
        self._withdrawn = withdrawn
        self._narrative = () if withdrawn else statement.alert.narrative
        self._occurred_at, self._recorded_at = statement.alert.occurred_at, statement.alert.recorded_at
        self._must_stay_unknown = any(_must_stay_unknown(said.alert) for said in (statement, ended_by or statement))
        if ended_by is not None:
            own_words = ended_by.alert.action is Action.WITHDRAWN
            self._narrative = tuple(piece for piece in ended_by.alert.narrative if own_words and piece not in statement.alert.narrative)
            self._recorded_at = ended_by.alert.recorded_at
            self._occurred_at = ended_by.alert.occurred_at if own_words else ended_by.alert.recorded_at
        self._present = tuple(_present(statement, case))
        self._made: dict[Recipient, tuple[NoticeBody, bytes]] = {}

    def for_recipient(self, recipient: Recipient) -> tuple[NoticeBody, bytes]:
        """The body, and its JSON."""
        if recipient not in self._made:
            body = self._body(recipient)
            self._made[recipient] = (body, body.model_dump_json(by_alias=True, exclude_defaults=True).encode())
        return self._made[recipient]

    def _body(self, recipient: Recipient) -> NoticeBody:
        alert, case, policy, rule = self._statement.alert, self._case, self._policy, self._rule
        sight = Sight(policy, recipient)
        tells = sight.tells(alert.kind)
        action_shown = sight.full(Sensitivity.ACTION)
        narrative = tuple(_excerpts(self._narrative, rule, sight)) if tells else ()
        present = self._present if tells else tuple(replace(one, role=None) for one in self._present)
        people = [_person(p, case, sight) for p in present if not p.child or sight.lists(p.person.key)]
        details = _shown_fields(alert.details, sight) if tells else {}
        left_out = {Sensitivity.UNCLASSIFIED} if unclassified(alert.details) else set()
        case_status = case.status if case.status and sight.plan() else None
        return NoticeBody(
            sector=recipient.sector,
            title=rule.title if tells else neutral.TITLE,
            occurred_at=self._occurred_at,
            recorded_at=self._recorded_at,
            narrative=narrative,
            summary=OVER if self._withdrawn else rule.summary if tells else neutral.SUMMARY,
            action=(rule.action if tells else neutral.ACTION) if action_shown and not self._withdrawn else "",
            contact=case.contact if action_shown else None,
            children=tuple(p for p in people if p.child),
            people=tuple(p for p in people if not p.child),
            details=details,
            case_status=case_status,
            review_on=alert.review_on if tells else None,
            do_not_reveal_source=not tells or rule.hide_source or self._must_stay_unknown,
            lawful_basis=policy.lawful_basis.get(recipient.sector, policy.lawful_basis["default"]),
            policy_version=policy.version,
            withheld=tuple(sorted(sight.withheld | (left_out if tells else {Sensitivity.OBSERVATION}))),
        )


def cover_for(
    notice_id: str,
    deed: Deed,
    obligation: Obligation,
    sight: Sight,
    *,
    path: str,
    ruling: str,
    since: Day | None = None,
    flag: str | None = None,
    recipient: str | None = None,
) -> NoticeCover:
    """The cover for one obligation, as its agency may see that. `path` is the way by which the alert came to the case (`path_to`); `flag`
    is the warning that stands and must be read first; `since` is the agency's own first day on the case.
    """
    tells = sight.tells(obligation.kind)
    who = f"{obligation.agency} ({obligation.role})".replace("_", " ")
    return NoticeCover(
        id=notice_id,
        deed=deed,
        obligation=obligation if tells else neutral.neutral(obligation),
        recipient=recipient,
        because=f"{path} → you, {who}" + (f", since {since:%Y-%m-%d}" if since else ""),
        flag=flag if flag and sight.full(Sensitivity.ACTION) else None,
        rule=ruling,
        chain=None if tells else sight.chain(obligation.kind),
    )


def _must_stay_unknown(alert: Alert) -> bool:
    """True if a child or an anonymous caller is the source, whatever the kind (ANO-04, NOT-01)."""
    anonymous = alert.referrer is not None and alert.referrer.anonymous
    return anonymous or any(piece.said_by is SaidBy.CHILD for piece in alert.narrative)


def _excerpts(narrative: Iterable[Narrative], rule: KindRule, sight: Sight) -> Iterable[Excerpt]:
    for piece in narrative:
        if sight.free_text(Sensitivity.CHILD_VOICE if piece.said_by is SaidBy.CHILD else rule.narrative):
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


def _person(present: _Present, case: Case, sight: Sight) -> NoticePerson:
    """Somebody as the recipient's sector may see them; a child it does not work with is one of the children, and no more."""
    person, link = present.person, present.link
    if present.child and not sight.works_with(person.key):
        return _some_child(present, case, sight)
    identity = Sensitivity.CHILD_IDENTITY if present.child else Sensitivity.ADULT_IDENTITY
    who = sight.full(identity)
    whole = who and (present.child or sight.full(identity, theirs=sight.acts_for(person.key)))
    return NoticePerson(
        ref=person.key if who and not sight.secret else ids.person_ref(case.id, person.key),
        child=present.child,
        role=None if sight.secret else present.role,
        relation=link.relation if link and sight.relation(person.key, child=present.child) else None,
        certainty=link.certainty if link and not sight.secret and link.certainty is not Certainty.CONFIRMED else None,
        label=sight.label(person) if who else None,
        name=person.name if who else None,
        born=person.born if whole else None,
        died=person.died if who and person.key in sight.recipient.died else None,
        identifiers=tuple(i for i in person.identifiers if _identifier_shown(i, present, sight)),
        addresses=person.addresses if person.addresses and sight.address(person.key) else (),
    )


def _some_child(present: _Present, case: Case, sight: Sight) -> NoticePerson:
    """A child of whom the recipient may know that it is there; its name besides, where the policy gives that to who acts for an adult."""
    person, reader = present.person, sight.recipient
    named = reader.for_adults and reader.names_children and sight.full(Sensitivity.CHILD_IDENTITY)
    sight.withheld.add(Sensitivity.CHILD_IDENTITY)  # not of which numbers and addresses: that would be something about this child
    return NoticePerson(
        ref=ids.person_ref(case.id, person.key),
        child=True,
        role=None if reader.for_adults else present.role,
        label=person.label if named else A_CHILD if reader.for_adults else A_SIBLING,
        name=person.name if named else None,
    )


def _identifier_shown(identifier: Identifier, present: _Present, sight: Sight) -> bool:
    sensitivity = _class_of(identifier, child=present.child)
    if sensitivity is Sensitivity.ADDRESS:
        return sight.address(present.person.key)
    return sight.full(sensitivity, theirs=present.child or sight.acts_for(present.person.key))


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
        elif value is not None and (sight.free_text(sensitivity) if is_free_text(type(word), name) else sight.full(sensitivity)):
            shown[name] = value.isoformat() if hasattr(value, "isoformat") else value
    return shown
