"""What a briefing says, section by section, as its agency may see it on that day. Pure.

Nothing stands in it that a notice to that agency could not show: alerts of which the agency is told, people and plans through its own sight
(`policy.minimise`, `policy.sight`). Each section stands in the order of its dates; none is put first because it is grave or new (NOT-06).
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cached_property

from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert, SaidBy
from alertbus.model.briefing import (
    BriefedAlert,
    BriefedFlag,
    BriefedHolder,
    BriefedItem,
    BriefedLink,
    BriefedPlan,
)
from alertbus.model.case import Case, Involvement, Level, Link, Scope, Spell, begins, in_uk
from alertbus.model.custody import Custody, CustodyState, custody_on
from alertbus.model.item import ANSWER, Item, ItemState
from alertbus.model.notice import ConsentStanding, NoticePerson
from alertbus.model.receipt import Intent
from alertbus.model.sensitivity import Sensitivity
from alertbus.policy import neutral
from alertbus.policy.minimise import person_seen
from alertbus.policy.policy import Policy
from alertbus.policy.recipient import recipient_of
from alertbus.policy.sight import Sight
from alertbus.reach.join import Decision, Ruling, decide, exposures
from alertbus.reach.newcomers import begun_first, newcomers
from alertbus.reach.reduce_case import CaseState
from alertbus.reach.roster import BEGINNING, FOREVER, roster
from alertbus.reach.standing_facts import consent_on, open_episodes

_OPEN = frozenset({ItemState.OPEN, ItemState.MISSED, ItemState.SUSPENDED})


class BriefingSections:
    """The sections for one agency on one case at one moment."""

    def __init__(self, state: CaseState, case: Case, policy: Policy, agency: str, at: datetime) -> None:
        self._state, self._case, self._agency, self.at = state, case, agency, at
        self._policy = policy.under(case.routing)
        self.sight = Sight(self._policy, recipient_of(agency, case, self._policy, at))
        self._day = _day(at)

    @cached_property
    def known(self) -> list[tuple[AcceptedAlert, Decision]]:
        """The alerts that stand on the case and of which the agency is told, or which it stated; by the day of what happened."""
        found: list[tuple[AcceptedAlert, Decision]] = []
        for alert in self._state.alerts.values():
            rule = self._policy.kind_rule(alert.kind)
            stood = alert.stood_at(self.at, rule)
            if stood is None or (rule.stands.days == 0 and stood.alert.review_on is None):
                continue
            decision = next((one for one in decide(stood, self._case, self._policy) if one.agency == self._agency), None)
            if decision is not None and self._knows(decision, stood):
                found.append((stood, decision))
        return sorted(found, key=lambda one: (one[0].alert.occurred_at, one[0].alert_id))

    def _knows(self, decision: Decision, stood: AcceptedAlert) -> bool:
        if decision.ruling in {Ruling.IS_THE_SOURCE, Ruling.HISTORY}:
            rule = self._policy.kind_rule(stood.alert.kind)
            return any(one.start <= self.at for one in exposures(stood, self._case, rule, None))
        return decision.told and decision.since is not None and decision.since <= self.at

    def flags(self) -> Iterator[BriefedFlag]:
        if not self.sight.full(Sensitivity.ACTION):
            return
        for stood, _ in self.known:
            rule, said = self._policy.kind_rule(stood.alert.kind), stood.alert
            if rule.flag and self.sight.tells(said.kind):
                grade = said.details.flag.grade if said.details.flag else None
                source = None if self._hides(stood) else said.source
                yield BriefedFlag(
                    kind=said.kind,
                    title=rule.title,
                    action=rule.action,
                    since=_day(said.occurred_at),
                    source=source,
                    grade=grade,
                    review_on=said.review_on,
                )

    def stands(self) -> Iterator[BriefedAlert]:
        """Each alert that stands: what, when and from whom; of one whose kind it may not know, only that there is something."""
        for stood, _ in self.known:
            said, hides = stood.alert, self._hides(stood)
            tells = self.sight.tells(said.kind)
            yield BriefedAlert(
                kind=said.kind if tells else neutral.KIND,
                title=self._policy.kind_rule(said.kind).title if tells else neutral.TITLE,
                day=_day(said.occurred_at),
                source=None if hides else said.source,
                source_id=None if hides else said.amends or said.id,
                severity=said.severity,
            )

    def _hides(self, stood: AcceptedAlert) -> bool:
        said = stood.alert
        of_a_child = any(piece.said_by is SaidBy.CHILD for piece in said.narrative)
        return said.anonymous or of_a_child or self._policy.kind_rule(said.kind).hide_source or not self.sight.tells(said.kind)

    def children(self) -> tuple[NoticePerson, ...]:
        return tuple(one for _, one in self._children)

    @cached_property
    def _children(self) -> list[tuple[str, NoticePerson]]:
        links = {link.person: link for link in reversed(self._case.links)}
        listed = [key for key in self._case.children if self.sight.lists(key)]
        return [(key, person_seen(self._case.person(key), links.get(key), self._case, self.sight, child=True)) for key in listed]

    def _refs(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        refs = {key: person.ref for key, person in self._children}
        return tuple(refs[key] for key in keys if key in refs)

    def plans(self) -> Iterator[BriefedPlan]:
        if not self.sight.plan():
            return
        for one in open_episodes(self._case, self.at):
            refs = self._refs(one.children)
            if refs or not one.children:
                yield BriefedPlan(type=one.type, since=_began(one), children=refs)

    def consent(self) -> ConsentStanding | None:
        return consent_on(self._state.consents, self._case, self.at) if self.sight.plan() else None

    @cached_property
    def adults(self) -> list[tuple[Link, NoticePerson]]:
        """Who is linked on the day, as the reader may know them: who acts for an adult knows that adult alone."""
        reader, found = self.sight.recipient, dict[str, tuple[Link, NoticePerson]]()
        if self.sight.secret or not (reader.for_adults or self.sight.template(Sensitivity.ADULT_IDENTITY)):
            self.sight.withheld.add(Sensitivity.ADULT_IDENTITY)
            return []
        for link in self._case.links:
            theirs = link.person in reader.adults if reader.for_adults else link.person not in self._case.children
            if theirs and (link.since or BEGINNING) <= self.at <= (link.until or FOREVER):
                seen = person_seen(self._case.person(link.person), link, self._case, self.sight)
                found[link.person] = (link, seen.model_copy(update={"addresses": (), "identifiers": ()}))
        return list(found.values())

    def links(self) -> Iterator[BriefedLink]:
        whole = not self.sight.recipient.for_adults and bool(self.adults) and self.sight.full(Sensitivity.ADULT_IDENTITY)
        for link, seen in self.adults:
            yield BriefedLink(
                ref=seen.ref,
                relation=seen.relation,
                certainty=link.certainty,
                source=link.source if whole else None,
                since=_began(link) if whole else None,
                in_household=link.in_household if whole else None,
                custody=self._custody(link),
            )

    def _custody(self, link: Link) -> Custody | None:
        """Where somebody is, as far as the reader is told of such movements (PRI-06)."""
        told = [one for one in self._state.movements.values() if self.sight.tells(one.kind)]
        found = custody_on(in_uk(self.at).date(), told, self._case.person(link.person).person_ids)
        if found.state is CustodyState.NOT_STATED:
            return None
        return found if self.sight.full(Sensitivity.ACTION) else found.model_copy(update={"release_on": None, "release_confirmed": None})

    def open(self) -> Iterator[BriefedItem]:
        found = [*self._items(), *self._answers()]
        yield from sorted(found, key=lambda one: (one.since, one.rule, one.agency, one.role, one.child or ""))

    def _items(self) -> Iterator[BriefedItem]:
        """The agency's own, and for who may see the plan those of others; none about a child who is not listed."""
        for one in self._state.items.values():
            if one.rule == ANSWER or one.state not in _OPEN or one.closed_at is not None or one.opened_at > self.at:
                continue
            refs = self._refs((one.child,)) if one.child else ()
            if (one.child and not refs) or not (one.agency == self._agency or self._sees(one)):
                continue
            yield self._item(one, refs[0] if refs else None)

    def _sees(self, item: Item) -> bool:
        return self.sight.plan() and self.sight.tells(item.kind)

    def _item(self, item: Item, child: str | None) -> BriefedItem:
        return BriefedItem(
            rule=item.rule,
            title=item.title,
            agency=item.agency,
            role=item.role,
            since=_day(item.opened_at),
            due=_day(item.due) if item.due else None,
            overdue=item.due is not None and item.due < self.at,
            child=child,
        )

    def _answers(self) -> Iterator[BriefedItem]:
        """The answers that the agency owed before this day and has not given."""
        for stood, decision in self.known:
            if not decision.told or decision.since is None or _day(decision.since) >= self._day or decision.ruling is Ruling.OTHER_UNIT:
                continue
            said = stood.alert
            due = self._policy.due(said.kind, decision.since, said.severity)
            title = self._policy.kind_rule(said.kind).title if self.sight.tells(said.kind) else neutral.TITLE
            for role in self._policy.roles(said.kind, self._agency):
                if not self._answered(ids.obligation_id(stood.alert_id, self._case.id, self._agency, role)):
                    yield BriefedItem(
                        rule=ANSWER,
                        title=title,
                        agency=self._agency,
                        role=role,
                        since=_day(decision.since),
                        due=_day(due),
                        overdue=due < self.at,
                    )

    def _answered(self, obligation_id: str) -> bool:
        given = self._state.answers.get(obligation_id)
        return given is not None and any(
            one.intent is Intent.ACTING and one.receipt_id not in given.undone and one.at <= self.at for one in given.given
        )

    def others(self) -> Iterator[BriefedHolder]:
        """Who else is there. Who acts for an adult, or may know nothing of a plan, is given the case holder alone."""
        if not self.sight.full(Sensitivity.ACTION):
            return
        whole = not self.sight.recipient.for_adults and self.sight.template(Sensitivity.PLAN)
        there: dict[str, None] = {}
        for post in roster(self._case).posts:
            one = post.involvement
            known = whole or self._policy.holds_cases(one.agency)
            if one.agency == self._agency or not post.start <= self.at <= post.end or not known:
                continue
            if one.scope is not Scope.ADULT_LINKED or self.sight.full(Sensitivity.OFFENCE):
                there[one.agency] = None
        for agency in sorted(there):
            yield BriefedHolder(agency=self._called(agency), role=self._policy.agency(agency).role)
            yield from (self._holder(one) for one in self._named(agency) if _holds(one, self.at))

    def ours(self) -> Iterator[BriefedHolder]:
        """The reader's own agency on the case, and who answers for it there."""
        if self.sight.full(Sensitivity.ACTION):
            yield BriefedHolder(agency=self._agency, role=self._policy.agency(self._agency).role)
            yield from (self._holder(one) for one in self._named(self._agency) if _holds(one, self.at))

    def changes(self, within_days: int) -> Iterator[BriefedHolder]:
        """Workers and managers who followed others on the case in the days before, here or elsewhere (TUR-10)."""
        seen = {(one.agency, one.name) for one in self.others()}
        for one in newcomers(self._case).all:
            recent = one.follows and timedelta(0) <= self.at - one.at <= timedelta(days=within_days)
            if recent and (one.agency == self._agency or (self._called(one.agency), one.worker) in seen):
                yield BriefedHolder(agency=self._called(one.agency), level=one.level, name=one.worker, since=_day(one.at))

    def worker(self) -> str | None:
        """The worker whom the case names for the agency on that day, the latest to start."""
        named = [one for one in self._named(self._agency) if one.level is Level.WORKER and _holds(one, self.at)]
        return named[-1].worker if named else None

    def before(self, agency: str | None = None) -> Iterator[BriefedHolder]:
        """Who held it before in the reader's own service, by time; or in that of another `agency`, for a reader who may know of it."""
        if not self.sight.full(Sensitivity.ACTION):
            return
        for one in self._named(agency or self._agency):
            if one.until is not None and one.from_ != one.to and (one.until < self.at or _day(one.until) == self._day):
                yield self._holder(one)

    def _named(self, agency: str) -> list[Involvement]:
        named = [one for one in roster(self._case).named.get(agency, ()) if one.from_ is not None or one.to is not None]
        return sorted(named, key=begun_first)

    def _holder(self, one: Involvement) -> BriefedHolder:
        """By name, with the policy's word for the role: the case's own words for it may say something of the family."""
        return BriefedHolder(
            agency=self._called(one.agency),
            level=one.level,
            name=one.worker,
            role="manager" if one.level is Level.MANAGER else self._policy.agency(one.agency).role,
            team=one.team,
            since=_began(one),
            until=_day(one.until) if one.until and _day(one.until) <= self._day else None,
        )

    def _called(self, agency: str) -> str:
        """To a setting that serves some of the children, another one is no more than what it is: a sibling's school is not named to it."""
        return agency.partition(".")[0] if self.sight.recipient.others_children and agency != self._agency else agency

    def case_status(self) -> str | None:
        return self._case.status if self._case.status and self.sight.plan() else None


def _holds(one: Involvement, at: datetime) -> bool:
    return (one.since or BEGINNING) <= at <= (one.until or FOREVER)


def _began(spell: Spell) -> date | None:
    """The day from which it holds, as it was stated; not that on which the bus heard of it."""
    return None if spell.from_ is None else _day(begins(spell.from_))


def _day(moment: datetime) -> date:
    return in_uk(moment).date()
