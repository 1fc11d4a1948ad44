"""From what is owed to the notices themselves, each with the line that must be read first and the person who answers for it. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.calendar import day_alone
from alertbus.model.case import Case, Involvement, Level, Link
from alertbus.model.item import StepKind
from alertbus.model.notice import ConsentStanding, Deed, Notice, NoticeBody, NoticeCover, joined
from alertbus.model.screening import Revealed
from alertbus.policy.minimise import Bodies, cover_for
from alertbus.policy.policy import KindRule, Policy
from alertbus.policy.reason_path import path_to
from alertbus.policy.recipient import Recipient, as_asked, recipient_of
from alertbus.policy.sight import Sight
from alertbus.reach.join import Ruling, decide, exposures
from alertbus.reach.matters import EarlierOfMatter
from alertbus.reach.obligations import briefing_of
from alertbus.reach.owed import Owed
from alertbus.reach.reduce_case import CaseState
from alertbus.reach.roster import BEGINNING, FOREVER, roster
from alertbus.reach.standing_facts import consent_on

_SAME_PERSON = frozenset({StepKind.REMINDER, StepKind.OPENING})
_RELEASE, _RECALL = "prisoner_release", "prisoner_recall"


@dataclass(frozen=True, slots=True)
class Told:
    """The notice by which one obligation is told, in two halves. The body, and its JSON, is shared with agencies that may see the same."""

    owed: Owed
    cover: NoticeCover
    body: NoticeBody
    body_json: bytes
    held: tuple[Revealed, ...] = ()
    """What was found in the words that the notice goes without: a person must decide about them. Empty where nobody is to be asked."""

    @property
    def notice(self) -> Notice:
        return Notice.of(self.cover, self.body)

    @property
    def json(self) -> bytes:
        return joined(self.cover.model_dump_json(by_alias=True, exclude_defaults=True).encode(), self.body_json)


def notices_for(entries: Iterable[Owed], before: CaseState, after: CaseState, policy: Policy) -> Iterator[Told]:
    """Each notice that is owed, as its agency may see it. `before` and `after` are the case's states around the event that made it owed.

    A notice that is taken back because the case changed may be about somebody who is no longer on it: it is built from the case before.
    """
    bodies: dict[tuple[bool, str, int, Deed | None, str, bool, bool, ConsentStanding], Bodies] = {}
    contexts: dict[int, _LinkContext] = {}
    for owed in entries:
        assert owed.decision.exposure is not None
        link = owed.decision.exposure.link
        context = contexts.get(id(link)) or contexts.setdefault(id(link), _LinkContext(link, before, after, policy))
        over, held = owed.deed if owed.deed.ends else None, owed.words_held(context.case)
        consent = consent_on(context.consents, context.case, owed.at)
        about = (
            context.there,
            owed.statement.statement_id,
            owed.statement.people_version,
            over,
            owed.of.statement_id,
            owed.left,
            held,
            consent,
        )
        if about not in bodies:
            bodies[about] = Bodies(
                owed.statement,
                context.case,
                context.policy,
                over=over,
                ended_by=owed.ended_by,
                left=owed.left,
                words_held=held,
                consent=consent,
            )
        involvement = owed.decision.involvement
        sight = context.sight_of(owed)
        body, body_json = bodies[about].for_recipient(sight.recipient)
        cover = cover_for(
            owed.notice_id,
            owed.deed,
            owed.obligation,
            sight,
            path=context.path(sight),
            ruling=owed.decision.ruling,
            since=involvement.from_ if involvement else None,
            flag=_flag(owed, context, sight),
            recipient=_recipient(owed, context.case),
            ended_at=day_alone(owed.ended_at) if owed.ended_at and body.do_not_reveal_source else owed.ended_at,
            own_agency=owed.decision.ruling is Ruling.OTHER_UNIT,
            another_stands=owed.deed.ends and _another_stands(owed, context),
            step=owed.step,
            asked=owed.asked,
            folded_into=None if owed.deed.ends else briefing_of(owed.decision, owed.statement, context.case, context.policy),
            repeats=None if owed.deed.ends else context.earlier_of(owed.statement).told(owed.obligation.agency),
        )
        yield Told(owed, cover, body, body_json, owed.asks_about(context.case))


class _LinkContext:
    """A link by which alerts came to the case, and everything that is the same for all agencies that are told because of it."""

    def __init__(self, link: Link, before: CaseState, after: CaseState, policy: Policy) -> None:
        self.there = after.case is not None and any(person.key == link.person for person in after.case.people)
        state = after if self.there else before
        assert state.case is not None
        self.case, self.policy = state.case, policy.under(state.case.routing)
        self.alerts, self.consents = state.alerts.values(), after.consents
        self.flags = [(alert, rule) for alert in self.alerts if (rule := self.policy.kind_rule(alert.kind)).flag]
        self._link, self._before, self._standing = link, before.case, state.alerts
        self._earlier: dict[str, EarlierOfMatter] = {}
        self._sights: dict[Recipient, Sight] = {}
        self._paths: dict[Sight, str] = {}

    def sight_of(self, owed: Owed) -> Sight:
        """What the reader of a notice may see: its agency on the case, on the day on which it is owed. An agency that a change of the case
        took off it reads as what it was before.
        """
        agency, case = owed.obligation.agency, self.case
        if self._before is not None and agency not in case.agencies and agency in self._before.agencies:
            case = self._before
        scope = owed.decision.involvement.scope if owed.decision.involvement else None
        recipient = recipient_of(agency, case, self.policy, owed.at, source=owed.of.alert.source, scope=scope)
        recipient = as_asked(recipient, agency, owed.statement.alert.details)
        return self._sights.get(recipient) or self._sights.setdefault(recipient, Sight(self.policy, recipient))

    def earlier_of(self, statement: AcceptedAlert) -> EarlierOfMatter:
        """What came before it of the same matter."""
        known = self._earlier.get(statement.statement_id)
        if known is None:
            known = self._earlier[statement.statement_id] = EarlierOfMatter(statement, self._standing, self.case, self.policy)
        return known

    def path(self, sight: Sight) -> str:
        return self._paths.get(sight) or self._paths.setdefault(sight, path_to(self.case, self._link, sight))


def _flag(owed: Owed, context: _LinkContext, sight: Sight) -> str | None:
    """The line that comes first while a flag or threat stands on this case, for every agency that is told of it (VPF-06, VPF-12) and may
    know what it is. The end of a flag is not headed by it.
    """
    own = context.policy.kind_rule(owed.obligation.kind)
    if own.flag and not owed.deed.ends and sight.tells(owed.obligation.kind):
        return flag_line(own, owed.statement.alert)
    for alert, rule in context.flags:
        flagged = alert.stood_at(owed.at, rule)
        if flagged is not None and sight.tells(flagged.alert.kind) and _is_told(owed, flagged, context.case, context.policy):
            return flag_line(rule, flagged.alert)
    return None


def flag_line(rule: KindRule, flagged: Alert) -> str:
    """The line of a flag. A grade that was stated stands in it: a reader tells intimidation from a threat before the door (VPF-07)."""
    grade = flagged.details.flag and flagged.details.flag.grade
    return f"{rule.title.upper()}{f' ({grade})' if grade else ''}: {rule.action}"


def _another_stands(owed: Owed, context: _LinkContext) -> bool:
    """True if what ends is a release or a recall, and the agency has been told of another release of the same person, which stands."""
    ended, rule = owed.obligation, context.policy.kind_rule(_RELEASE)
    if ended.kind not in {_RELEASE, _RECALL}:
        return False
    others = [alert for alert in context.alerts if alert.kind == _RELEASE and alert.standing.alert_id != ended.alert_id]
    standing = [other for alert in others if (other := alert.stood_at(owed.at, rule)) is not None]
    released = _subjects(owed.statement)
    return any(_subjects(one) & released and _is_told(owed, one, context.case, context.policy) for one in standing)


def _subjects(statement: AcceptedAlert) -> set[str]:
    return {person_id for person_ids in statement.people[: len(statement.alert.subjects)] for person_id in person_ids}


def _is_told(owed: Owed, flagged: AcceptedAlert, case: Case, policy: Policy) -> bool:
    """True if the agency has been told of the flag when the notice is owed, or stated it. No notice may tell it of one not meant for it."""
    for decision in (found for found in decide(flagged, case, policy) if found.agency == owed.obligation.agency):
        if decision.ruling is Ruling.IS_THE_SOURCE:
            return any(one.start <= owed.at for one in exposures(flagged, case, policy.kind_rule(flagged.alert.kind), None))
        return decision.told and decision.since is not None and decision.since <= owed.at
    return False


def _recipient(owed: Owed, case: Case) -> str | None:
    """The worker, or for a manager's obligation the manager, whom the case names for the agency at that time; the latest to start. Whoever
    is told next is somebody else, whom no case names.
    """
    if owed.step is not None and owed.step.kind not in _SAME_PERSON:
        return None
    level = Level.MANAGER if "manager" in owed.obligation.role else Level.WORKER
    named = [i for i in roster(case).named.get(owed.obligation.agency, ()) if i.level is level and _holds(i, owed)]
    return max(named, key=lambda i: (i.since or BEGINNING, i.worker or "")).worker if named else None


def _holds(involvement: Involvement, owed: Owed) -> bool:
    """True if the involvement covers the moment of the notice. One without any date says that somebody was there once, not when: it names
    nobody.
    """
    if involvement.from_ is None and involvement.to is None:
        return False
    return (involvement.since or BEGINNING) <= owed.at <= (involvement.until or FOREVER)
