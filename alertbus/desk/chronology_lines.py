"""A chronology as people read it on a page: a line for each statement, with what it replaces beside it, and hard words closed. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from alertbus.chronicle.answers import AgencyTold, ChronologyEntry
from alertbus.chronicle.chronology_counts import entry_theme
from alertbus.chronicle.formats import WORDING
from alertbus.chronicle.themes import THEMES
from alertbus.desk.in_words import agency, role
from alertbus.model.alert import Action, SaidBy, Severity
from alertbus.model.notice import ENDED

_SAID: Mapping[Action, str] = {Action.RAISED: "Stated", Action.AMENDED: "Changed", Action.WITHDRAWN: "Taken back"}


@dataclass(frozen=True, slots=True)
class ToldLine:
    """One agency role that was told: who it is, and how far that has come."""

    who: str
    stands: str


@dataclass(frozen=True, slots=True)
class ChronologyLine:
    """One statement. `number` is its place in what was chosen, from 1."""

    number: int
    entry: ChronologyEntry
    title: str
    said: str
    theme: str
    about: str
    siblings_only: bool
    """It is about brothers or sisters of the child who was chosen, and not about that child."""
    details: tuple[tuple[str, str], ...]
    told: tuple[ToldLine, ...]
    answered: int
    """How many of those who were told have answered, by name."""
    before: ChronologyEntry | None
    """The statement of the same alert that this one changes or takes back (CHR-12)."""
    after: ChronologyEntry | None
    """The one that came after it."""
    open: bool
    """Its words are shown: they are not hard to read, or somebody has opened them (VOI-11)."""


def chronology_lines(
    entries: Sequence[ChronologyEntry],
    every: Sequence[ChronologyEntry],
    titles: Mapping[str, str],
    *,
    first: int,
    child: str | None,
    opened: Collection[str] = (),
) -> list[ChronologyLine]:
    """Make the lines of `entries`, a part of `every`. `titles`: what each kind is called; `child`: the key of the one who was chosen;
    `opened`: the statements whose words somebody has opened.
    """
    return [
        ChronologyLine(
            number=number,
            entry=one,
            title=titles.get(one.kind, WORDING["words"](one.kind)),
            said=_SAID[one.action],
            theme=THEMES[entry_theme(one)],
            about=WORDING["about"](one),
            siblings_only=child is not None and child not in one.children,
            details=tuple(WORDING["details"](one)),
            told=tuple(map(_told, one.told)),
            answered=sum(told.acknowledged_by is not None for told in one.told),
            before=_beside(one, every, earlier=True),
            after=_beside(one, every, earlier=False),
            open=not hard(one) or one.statement_id in opened,
        )
        for number, one in enumerate(entries, first)
    ]


def hard(entry: ChronologyEntry) -> bool:
    """Whether the words stay closed until somebody asks for them (VOI-11): a child's own, and those of what is grave."""
    grave = entry.severity in {Severity.CRITICAL, Severity.HIGH}
    return bool(entry.narrative) and (grave or any(one.said_by is SaidBy.CHILD for one in entry.narrative))


def _beside(entry: ChronologyEntry, every: Sequence[ChronologyEntry], *, earlier: bool) -> ChronologyEntry | None:
    """Of the statements of the same alert the last one before this, or the first one after it, as they were recorded."""
    others = [one for one in every if one.alert_id == entry.alert_id and one.statement_id != entry.statement_id]
    place = _order(entry)
    if earlier:
        return max((one for one in others if _order(one) < place), key=_order, default=None)
    return min((one for one in others if _order(one) > place), key=_order, default=None)


def _order(entry: ChronologyEntry) -> tuple[object, int]:
    return entry.recorded_at, tuple(Action).index(entry.action)


def _told(one: AgencyTold) -> ToldLine:
    who = f"{agency(one.agency)}, {role(one.role)}"
    if one.deed in ENDED:
        return ToldLine(who, ENDED[one.deed])
    if one.acknowledged_by:
        return ToldLine(who, f"answered by {one.acknowledged_by}, {WORDING['moment'](one.acknowledged_at)}")
    return ToldLine(who, f"told {WORDING['moment'](one.since)}; nobody has answered")
