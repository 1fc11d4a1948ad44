"""From an obligation to a notice: what remains of an alert for one recipient. Pure, and the only place where it is decided.

Minimisation happens before a plugin sees anything (DESIGN section 7). Every field goes through its class; a class the recipient may not see
is absent from the notice and named in `withheld`. Verbatim narrative is carried whole or not at all. `policy.recipient` says who the
recipient is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert, Action, Alert, Narrative, SaidBy
from alertbus.model.calendar import day_alone
from alertbus.model.case import Case, CasePerson, Certainty, Day, Link
from alertbus.model.free_text import free_text_fields, without_free_text
from alertbus.model.gaps import unsaid
from alertbus.model.identifiers import Identifier, IdentifierSystem
from alertbus.model.item import ItemStep
from alertbus.model.name_in_words import recipient_in_words
from alertbus.model.notice import ConsentStanding, Deed, Excerpt, NoticeBody, NoticeCover, NoticePerson, Obligation, Repeats
from alertbus.model.on_case import said_here
from alertbus.model.sensitivity import Sensitivity
from alertbus.policy import neutral
from alertbus.policy.advice import action_for
from alertbus.policy.policy import KindRule, Policy
from alertbus.policy.recipient import Recipient, as_asked, recipient_of
from alertbus.policy.shown_details import classes_of, ref_of, shown_fields, shown_sections, unshowable
from alertbus.policy.sight import Sight

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
"""Stands in `withheld` beside the classes: free text was held back from the whole case, not from this recipient alone."""

OVER: Mapping[Deed, str] = MappingProxyType(
    {
        Deed.WITHDRAW: "The sender has taken this back. What you were told of this matter no longer stands.",
        Deed.NO_LONGER_YOURS: "This is no longer yours. The concern itself still stands, and goes to whoever works with the family now.",
        Deed.CORRECT: "This was not about your case. What you were told does not concern this family.",
    }
)
"""The summary of a notice that ends something. What the kind's own template says of a risk, or tells somebody to do, is not said again."""


A_CHILD, A_SIBLING = "a child", "a sibling"
"""What a child is called to who acts for an adult, and to a setting that does not work with them."""


class Bodies:
    """The bodies of the notices about one statement on one case. What is the same for several kinds of agency is worked out once.

    Recipients with equal views have one body. What ends something (`over` is the deed of that notice) repeats neither the narrative nor
    what to do. It has the times of the sender's own withdrawal and what that says anew; where the alert is now about somebody else
    (`ended_by` amends it), only the time when that was recorded, because the words are about another family. `words_held`: no free text at
    all, only the kind's template and what is not text (NOT-01, NOT-17).

    For an agency that has `left`, the case as it now is stays unseen: nobody whom the alert does not name, no address, no status.
    """

    def __init__(
        self,
        statement: AcceptedAlert,
        case: Case,
        policy: Policy,
        *,
        over: Deed | None = None,
        ended_by: AcceptedAlert | None = None,
        left: bool = False,
        words_held: bool = False,
        consent: ConsentStanding | None = None,
    ) -> None:
        self._statement, self._case, self._policy = statement, case, policy
        self._rule = policy.kind_rule(statement.alert.kind)
        self._over, self._left, self._words_held = over, left, words_held
        self._consent = consent if Sensitivity.PLAN in {self._rule.narrative, self._rule.tells} else None
        self._narrative = () if over else statement.alert.words
        self._occurred_at, self._recorded_at = statement.alert.occurred_at, statement.alert.recorded_at
        self._must_stay_unknown = any(must_stay_unknown(said.alert) for said in (statement, ended_by or statement))
        if ended_by is not None:
            own_words = ended_by.alert.action is Action.WITHDRAWN
            self._narrative = tuple(piece for piece in ended_by.alert.words if own_words and piece not in statement.alert.words)
            self._recorded_at = ended_by.alert.recorded_at
            self._occurred_at = ended_by.alert.occurred_at if own_words else ended_by.alert.recorded_at
        self._present = tuple(_present(statement, case))
        self._details = said_here(statement, case)
        self._made: dict[Recipient, tuple[NoticeBody, bytes]] = {}

    def for_recipient(self, recipient: Recipient) -> tuple[NoticeBody, bytes]:
        """The body, and its JSON."""
        if recipient not in self._made:
            body = _to_who_left(self._body(recipient)) if self._left else self._body(recipient)
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
        details = shown_fields(self._details, sight, case) if tells else {}
        waits = False
        if self._words_held and tells:
            given = shown_fields(without_free_text(self._details), sight, case)
            waits, narrative, details = bool(narrative) or given != details, (), given
        if tells and not self._over:
            details |= shown_sections(alert.details, rule.details, sight)
        left_out = {Sensitivity.UNCLASSIFIED} if unshowable(alert.details, rule.details) else set()
        summary = OVER[self._over] if self._over else rule.summary if tells else neutral.SUMMARY
        case_status = case.status if case.status and sight.plan() else None
        hidden = not tells or rule.hide_source or self._must_stay_unknown  # a day alone where others have the minute would tell the kind
        return NoticeBody(
            sector=recipient.sector,
            title=rule.title if tells else neutral.TITLE,
            occurred_at=day_alone(self._occurred_at) if hidden else self._occurred_at,
            recorded_at=day_alone(self._recorded_at) if hidden else self._recorded_at,
            narrative=narrative,
            summary=f"{summary} {WORDS_WAIT}" if waits else summary,
            action=(action_for(self._statement, case, rule, sight) if tells else neutral.ACTION) if action_shown and not self._over else "",
            contact=case.contact if action_shown else None,
            children=tuple(p for p in people if p.child),
            people=tuple(p for p in people if not p.child),
            details=details,
            case_status=case_status,
            consent=self._consent if self._consent and tells and sight.plan() else None,
            review_on=alert.review_on if tells else None,
            do_not_reveal_source=hidden,
            lawful_basis=policy.lawful_basis.get(recipient.sector, policy.lawful_basis["default"]),
            policy_version=policy.version,
            unsaid=unsaid(alert) if tells and not self._over else (),
            withheld=tuple(sorted(sight.withheld | ((left_out | ({HELD} if waits else set())) if tells else {Sensitivity.OBSERVATION}))),
        )


def _to_who_left(body: NoticeBody) -> NoticeBody:
    """The fact and whom it is about, and nothing that may have come to the case since the agency was there."""
    named = (tuple(p.model_copy(update={"addresses": ()}) for p in people if p.role) for people in (body.children, body.people))
    children, people = named
    return body.model_copy(update={"children": children, "people": people, "case_status": None, "consent": None})


def reads_words(statement: AcceptedAlert, agency: str, case: Case, policy: Policy) -> bool:
    """True if the agency may see any of the alert's free text: released words that it may not see are no news to it."""
    alert = statement.alert
    sight = Sight(policy, as_asked(recipient_of(agency, case, policy, statement.at, source=alert.source), agency, alert.details))
    own = policy.kind_rule(alert.kind).narrative
    texts: set[tuple[Sensitivity, ...]] = {
        (Sensitivity.CHILD_VOICE if piece.said_by is SaidBy.CHILD else own,) for piece in alert.narrative
    }
    texts |= {classes_of(section, field) for section, field in free_text_fields(alert.details)}
    return sight.tells(alert.kind) and (sight.asked or any(all(map(sight.free_text, classes)) for classes in texts))


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
    ended_at: datetime | None = None,
    another_stands: bool = False,
    own_agency: bool = False,
    step: ItemStep | None = None,
    asked: str = "",
    folded_into: str | None = None,
    repeats: Repeats | None = None,
) -> NoticeCover:
    """The cover for one obligation, as its agency may see that. `path` is the way by which the alert came to the case (`path_to`); `flag`
    is the warning that stands and must be read first; `since` is the agency's own first day on the case; `asked` is who was asked before.
    """
    tells = sight.tells(obligation.kind)
    who = recipient_in_words(obligation.agency, obligation.role)
    return NoticeCover(
        id=notice_id,
        deed=deed,
        obligation=obligation if tells else neutral.neutral(obligation),
        recipient=recipient,
        because=f"{path} → you, {who}"
        + (f", since {since:%Y-%m-%d}" if since else "")
        + ("; your own agency stated this" if own_agency else "")
        + asked,
        flag=flag if flag and sight.full(Sensitivity.ACTION) else None,
        rule=ruling,
        ended_at=ended_at,
        another_stands=another_stands and tells,
        chain=None if tells else sight.chain(obligation.kind),
        step=step,
        own_agency=own_agency,
        folded_into=folded_into,
        repeats=repeats if tells else None,
    )


def must_stay_unknown(alert: Alert) -> bool:
    """True if a child or an anonymous caller is the source, whatever the kind (ANO-04, NOT-01)."""
    return alert.anonymous or any(piece.said_by is SaidBy.CHILD for piece in alert.narrative)


def _excerpts(narrative: Iterable[Narrative], rule: KindRule, sight: Sight) -> Iterable[Excerpt]:
    for piece in narrative:
        if sight.free_text(Sensitivity.CHILD_VOICE if piece.said_by is SaidBy.CHILD else rule.narrative):
            yield excerpt_of(piece)


def excerpt_of(piece: Narrative) -> Excerpt:
    """The piece as it stands in notices, with its SHA-256, taken once."""
    excerpt: Excerpt | None = piece.memo.get(Excerpt)
    if excerpt is None:
        excerpt = Excerpt.of(piece.text, piece.said_by, observed_first_hand=piece.observed_first_hand)
        piece.memo[Excerpt] = excerpt
    return excerpt


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


def person_seen(person: CasePerson, link: Link | None, case: Case, sight: Sight, *, child: bool = False) -> NoticePerson:
    """Somebody of the case of whom no alert speaks, as the recipient may see them."""
    return _person(_Present(person, link, None, child), case, sight)


def _person(present: _Present, case: Case, sight: Sight) -> NoticePerson:
    """Somebody as the recipient's sector may see them; a child it does not work with is one of the children, and no more."""
    person, link = present.person, present.link
    if present.child and not sight.works_with(person.key):
        return _some_child(present, case, sight)
    identity = Sensitivity.CHILD_IDENTITY if present.child else Sensitivity.ADULT_IDENTITY
    who = sight.full(identity)
    whole = who and (present.child or sight.full(identity, theirs=sight.acts_for(person.key)))
    return NoticePerson(
        ref=ref_of(person.key, sight, case),
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
