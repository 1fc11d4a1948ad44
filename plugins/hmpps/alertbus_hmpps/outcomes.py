"""What the bus makes of a type of event, in one of five ways, and the words that say so.

Every type has one outcome and one reason, so that "harmless" and "nobody has thought of it" never read the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from alertbus.plugin import Ignored

NOT_YET_KNOWN = "not yet known:"
"""How the reason begins for whatever has no row in a table here: an event type, an alert code, a register type. Stable: an operator counts
by it what the bus threw away because nobody has decided about it yet. It stands at the start of the whole reason, in a batch too.
"""


class Outcome(StrEnum):
    """What becomes of a type of event. Values are stable: they stand in reasons and in the README."""

    TOLD = "told"
    """It becomes an alert, unless the message itself shows that nothing happened that matters outside."""
    LINKS_PEOPLE = "links people"
    """It says that two numbers are one person's, or are not. Nobody is told; standing alerts may now meet a case."""
    HARMLESS = "harmless"
    """It raises nothing, because nothing in it changes what is safe for a child, or because another event says the same."""
    HELD_BACK = "held back"
    """It matters, and it is not for the bus to tell: somebody else decides, or telling would do harm."""
    UNDECIDED = "not yet known"
    """Nobody has decided."""


@dataclass(frozen=True, slots=True)
class EventRow:
    """One type of event: its outcome, and the reason in words that follow `because`."""

    outcome: Outcome
    reason: str

    def ignored(self) -> Ignored:
        """The outcome as the sender hears it, for a type that raises nothing."""
        if self.outcome is Outcome.UNDECIDED:
            return Ignored(self.reason)
        return Ignored(f"{self.outcome} because {self.reason}")


UNDECIDED = EventRow(Outcome.UNDECIDED, f"{NOT_YET_KNOWN} this event type has no row in the plugin's table; nothing was raised")
"""A type that is not in the table. It is ignored, not refused: HMPPS publishes over two hundred, and adds to them. It is never repeated."""

BY_POLICE = "it is for police and MAPPA to decide, case by case, who is told"
"""MAPPA, sex offender and terrorism registers (STANDARDS 5)."""

DIED = "he died in custody: this is no release; the prison tells the family, and the bus does not go before it"
"""The one outcome of a death, whichever topic says it. A release told in its place would have a family prepare for him."""


def rows(outcome: Outcome, reason: str, names: str) -> Mapping[str, EventRow]:
    """Give one row to each name of a list written with blanks between."""
    return dict.fromkeys(names.split(), EventRow(outcome, reason))
