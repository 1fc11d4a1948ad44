"""What the rules for items ask of a statement: kept compactly, matched, and found on the case. Pure.

Of an alert the statement that was recorded last stands; after a withdrawal none does. Only statements that some rule can ask for are kept.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Self

from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.base import plus
from alertbus.model.case import Case
from alertbus.policy.item_rules import REVIEW_ON, ItemOpening, Matching, attributes_of
from alertbus.policy.minimise import must_stay_unknown
from alertbus.policy.policy import Policy
from alertbus.reach.kept import CaseFact
from alertbus.reach.roster import BEGINNING, FOREVER, roster

DEATH = "death"
"""The kind by which a child's death is stated; its clocks end there (NOT-26)."""

_ACTIONS = tuple(Action)


class _AskedFor(NamedTuple):
    """Everything that a policy's rules ask of statements."""

    paths: tuple[tuple[str, str, str], ...]
    """Each path with the attributes of its section and of its field."""
    direct: tuple[Matching, ...]
    """What opens or closes an item, begins a row anew, or gives later statements a meaning."""
    dependent: tuple[ItemOpening, ...]
    """What opens an item only after an earlier statement."""
    kinds: frozenset[str]
    sections: frozenset[str]
    """A statement that is of none of the kinds and has none of the sections is not asked for directly."""


def _asked(policy: Policy) -> _AskedFor:
    known: _AskedFor | None = policy.memo.get(_AskedFor)
    if known is None:
        known = policy.memo[_AskedFor] = _made(policy)
    return known


def _made(policy: Policy) -> _AskedFor:
    openings = [one for rule in policy.items.values() for one in rule.opens]
    direct: list[Matching] = [one for one in openings if one.case is None and one.after is None]
    direct += [one for rule in policy.items.values() for one in rule.closes]
    direct += [other for one in openings for other in (one.after, one.reset) if other is not None]
    paths = sorted({path for rule in policy.items.values() for path in rule.paths})
    return _AskedFor(
        tuple((path, *found) for path in paths if (found := attributes_of(path)) is not None),
        tuple(direct),
        tuple(one for one in openings if one.after is not None),
        frozenset({DEATH}).union(*(one.kinds for one in direct)),
        frozenset(path.partition(".")[0] for one in direct if not one.kinds for path in (*one.where, *one.stated)),
    )


def fact_of(statement: AcceptedAlert, policy: Policy) -> CaseFact:
    """What is kept of a statement."""
    alert, subjects = statement.alert, len(statement.alert.subjects)
    return CaseFact(
        statement_id=statement.statement_id,
        alert_id=statement.alert_id,
        source_id=alert.amends or alert.id,
        agency=alert.source,
        kind=alert.kind,
        action=alert.action,
        occurred_at=alert.occurred_at,
        recorded_at=alert.recorded_at,
        at=statement.at,
        told_at=min(statement.at, statement.first_at or statement.at),
        subjects=tuple(one for ids in statement.people[:subjects] for one in ids),
        children=tuple(one for ids in statement.people[subjects:] for one in ids),
        since=statement.people_since,
        people_version=statement.people_version,
        exercise=alert.exercise,
        by_day=policy.kind_rule(alert.kind).hide_source or must_stay_unknown(alert),
        said=dict(_said(statement, policy)),
    )


def _said(statement: AcceptedAlert, policy: Policy) -> Iterator[tuple[str, Any]]:
    details = statement.alert.details
    for path, section, attribute in _asked(policy).paths:
        word = getattr(details, section)
        value = None if word is None else getattr(word, attribute)
        if value is not None and value != ():
            yield path, list(value) if isinstance(value, tuple) else value.isoformat() if isinstance(value, date) else value
    if statement.alert.review_on is not None:
        yield REVIEW_ON, statement.alert.review_on.isoformat()


def concerns_items(alert: AcceptedAlert, facts: Mapping[str, CaseFact], policy: Policy) -> bool:
    """Whether any rule for items can ask for a statement, given what is kept of the case. Cheap: most alerts are of no such kind."""
    asked = _asked(policy)
    said = alert.alert
    if said.history:
        return False
    if (said.kind in asked.kinds or not asked.sections.isdisjoint(said.details.model_fields_set)) and _asked_for(alert, policy):
        return True
    if any(fact.alert_id == alert.alert_id for fact in facts.values()):
        return True
    return bool(asked.dependent and facts) and any(_awaited(said.kind, one, facts.values()) for one in asked.dependent)


def _asked_for(alert: AcceptedAlert, policy: Policy) -> bool:
    fact = fact_of(alert, policy)
    return fact.kind == DEATH or any(matches(fact, one) for one in _asked(policy).direct)


def _awaited(kind: str, opening: ItemOpening, facts: Iterable[CaseFact]) -> bool:
    """Whether an earlier statement waits for one of that kind."""
    if opening.after is None or (opening.kinds and kind not in opening.kinds):
        return False
    return any(matches(fact, opening.after) and names_kind(fact, opening, kind) for fact in facts)


def gives_meaning(fact: CaseFact, policy: Policy) -> bool:
    """Whether statements of other kinds matter because of this one: those that came before it must be looked at again."""
    return any(one.after is not None and matches(fact, one.after) for one in _asked(policy).dependent)


def names_kind(earlier: CaseFact, opening: ItemOpening, kind: str) -> bool:
    """Whether a statement of that kind is among those that the earlier one names, where the opening asks for that."""
    return opening.kinds_in is None or kind in (earlier.said.get(opening.kinds_in) or ())


def matches(fact: CaseFact, matching: Matching) -> bool:
    """Whether a rule means this statement."""
    if matching.kinds and fact.kind not in matching.kinds:
        return False
    said, wanted = fact.said, matching.memo.get(_AskedOfDetails) or matching.memo.setdefault(_AskedOfDetails, _AskedOfDetails.of(matching))
    for path in matching.stated:
        if path not in said:
            return False
    for path, values in wanted.where:
        if not _says(said.get(path), values):
            return False
    return not any(_says(said.get(path), values) for path, values in wanted.unless) and not any(path in said for path in matching.unstated)


class _AskedOfDetails(NamedTuple):
    """What a rule asks of the details, in the form in which it is looked up: every statement on a case is asked, by every rule."""

    where: tuple[tuple[str, frozenset[str | bool | None]], ...]
    unless: tuple[tuple[str, frozenset[str | bool | None]], ...]

    @classmethod
    def of(cls, matching: Matching) -> Self:
        return cls(*(tuple((p, frozenset(map(folded, v))) for p, v in part.items()) for part in (matching.where, matching.unless)))


def _says(value: Any, values: frozenset[str | bool | None]) -> bool:
    if isinstance(value, list):
        return any(folded(one) in values for one in value)
    return value in values or folded(value) in values


def folded(value: Any) -> Any:
    """The same for two ways to write the same words."""
    return " ".join(value.split()).casefold() if isinstance(value, str) else value


def standing(facts: Iterable[CaseFact]) -> list[CaseFact]:
    """Of each alert what stands: what was recorded last, unless that took it back. In the order in which things happened."""
    return sorted((one[-1] for one in by_alert(facts).values() if one[-1].action is not Action.WITHDRAWN), key=lambda fact: fact.order)


def by_alert(facts: Iterable[CaseFact]) -> dict[str, list[CaseFact]]:
    """The statements of each alert, the one that stands last."""
    found: dict[str, list[CaseFact]] = defaultdict(list)
    for fact in facts:
        found[fact.alert_id].append(fact)
    for statements in found.values():
        statements.sort(key=lambda fact: (fact.recorded_at, fact.at, _ACTIONS.index(fact.action), fact.statement_id))
    return found


def known_on_case(fact: CaseFact, case: Case, policy: Policy) -> datetime | None:
    """From when on the statement is known on the case: it counts, and somebody whom it is about is linked. None if that never is so."""
    if fact.exercise != case.exercise:
        return None
    rule = policy.kind_rule(fact.kind)
    waits = FOREVER if rule.stands.days is None else plus(fact.at, timedelta(days=max(rule.stands.days, rule.meets_later_days)))
    ids = {*fact.subjects, *fact.children}
    starts: list[datetime] = []
    for tie in roster(case).ties:
        both = tie.person_ids & ids
        if not both:
            continue
        met = min(max(fact.since.get(one, BEGINNING), tie.joined_at.get(one, BEGINNING)) for one in both)
        start = max(fact.at, tie.start, met)
        if start <= min(waits, tie.end):
            starts.append(start)
    return min(starts, default=None)
