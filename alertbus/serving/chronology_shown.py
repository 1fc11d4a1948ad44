"""A case's chronology as whoever holds the case reads it: audited first, then shown, whole or what they chose of it (CHR-01, CHR-03)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from alertbus.audit.chain import AuditedDeed
from alertbus.chronicle.answers import ChronologyEntry
from alertbus.chronicle.chronology import case_and_chronology
from alertbus.chronicle.chronology_counts import entry_theme, tally
from alertbus.chronicle.formats import Exported
from alertbus.chronicle.item_queries import ItemsAsked
from alertbus.chronicle.item_sight import ItemShown
from alertbus.chronicle.themes import THEMES, Theme
from alertbus.intake.callers import Caller
from alertbus.intake.intake import Intake
from alertbus.model.case import Case
from alertbus.model.errors import Fault, InvalidInput, NotFound
from alertbus.model.item import ANSWER, ItemState
from alertbus.model.sections_in_words import words_of
from alertbus.policy.policy import Policy
from alertbus.serving.items_shown import ItemsWanted, items_shown
from alertbus.sql.database import Database

NO_CHRONOLOGY = "no such case"
_MOST_ITEMS = 500


@dataclass(frozen=True, slots=True)
class ChronologyChosen:
    """Which entries: all, or those of a theme, of an agency, about a child. `child` is its place among the case's children, from 1: an
    address holds no name and no key. `siblings`: what is about its brothers and sisters too, because what they live through counts for it,
    for a baby most of all (VOI-07).
    """

    theme: Theme | None = None
    stated_by: str | None = None
    child: int | None = None
    siblings: bool = False

    @property
    def everything(self) -> bool:
        """Nothing is left out."""
        return self.theme is None and self.stated_by is None and self.child is None

    def takes(self, entry: ChronologyEntry, case: Case) -> bool:
        """Whether the entry is one of those."""
        if self.theme is not None and entry_theme(entry) is not self.theme:
            return False
        if self.stated_by is not None and entry.agency != self.stated_by:
            return False
        return self.child is None or self.key(case) in entry.children or (self.siblings and bool(entry.children))

    def key(self, case: Case) -> str | None:
        """The child's key on the case. Raises `InvalidInput` where there is no such child."""
        if self.child is None:
            return None
        if not 1 <= self.child <= len(case.children):
            raise InvalidInput([Fault("child", "the place of a child among the case's children, from 1", "range")])
        return case.children[self.child - 1]

    def in_words(self, case: Case) -> str:
        """What was chosen, for whoever reads an export: it may not be taken for the whole."""
        key, parts = self.key(case), []
        if self.theme is not None:
            parts.append(f"theme: {THEMES[self.theme]}")
        if key is not None:
            also = ", and about brothers and sisters" if self.siblings else ""
            parts.append(f"about {case.person(key).shown}{also}")
        if self.stated_by is not None:
            parts.append(f"stated by {words_of(self.stated_by)}")
        return f"only those of this choice: {'; '.join(parts)}" if parts else "all that the bus holds of this case"


@dataclass(frozen=True, slots=True)
class ChronologyShown:
    """What was read: the case, every entry of it, those that were chosen, and the clocks that were missed."""

    case: Case
    every: tuple[ChronologyEntry, ...]
    entries: tuple[ChronologyEntry, ...]
    chosen: ChronologyChosen
    missed: tuple[ItemShown, ...] = ()

    @property
    def children(self) -> tuple[tuple[str, str], ...]:
        """The key of each child of the case, and what it is called."""
        return tuple((key, self.case.person(key).shown) for key in self.case.children)

    @property
    def agencies(self) -> tuple[str, ...]:
        """Who stated anything."""
        return tuple(sorted({one.agency for one in self.every}))


class ChronologyReader:
    """Reads chronologies. They are not minimised, so they are for who holds the case. Every reading is audited before it is shown."""

    def __init__(self, engine: Database, intake: Intake, policy: Policy, now: Callable[[], datetime]) -> None:
        self._engine, self._intake, self._policy, self._now = engine, intake, policy, now

    async def read(
        self,
        case_id: str,
        caller: Caller,
        chosen: ChronologyChosen,
        *,
        form: str,
        by: str | None = None,
        with_clocks: bool = False,
    ) -> ChronologyShown:
        """Read it, to be shown in a form. `by` is the person who reads. Raises `NotFound` for who does not hold the case, as for
        one that is not there.
        """
        if not caller.holds_case(case_id):
            raise NotFound(NO_CHRONOLOGY)
        case, every = await case_and_chronology(self._engine, case_id)
        entries = tuple(one for one in every if chosen.takes(one, case))
        about = [case_id]
        await self._intake.audited.note(AuditedDeed.CHRONOLOGY_READ, caller, about=about, reason=f"read the chronology as {form}", by=by)
        missed = await self._missed(case_id, caller, chosen.key(case), by) if with_clocks else ()
        return ChronologyShown(case, tuple(every), entries, chosen, missed)

    async def _missed(self, case_id: str, caller: Caller, child: str | None, by: str | None) -> tuple[ItemShown, ...]:
        wanted = ItemsWanted(ItemsAsked.ALL, case_id, limit=_MOST_ITEMS)
        found = (await items_shown(self._intake, caller, wanted, self._now(), by=by)).items
        clocks = (one for one in found if one.rule != ANSWER and one.due is not None)
        late = (one for one in clocks if one.overdue or one.state is ItemState.MISSED)
        return tuple(one for one in late if child is None or one.child in {None, child})

    def exported(self, found: ChronologyShown, *, by: str, agency: str | None) -> Exported:
        """The head of what leaves the bus: whose hands it goes into, when, and on what basis."""
        at = agency or self._policy.case_holder
        basis = self._policy.lawful_basis
        return Exported(
            by=by,
            agency=at,
            at=self._now(),
            basis=basis.get(self._policy.agency(at).sector, basis["default"]),
            chosen=found.chosen.in_words(found.case),
            tally=tally(found.entries, found.children),
        )
