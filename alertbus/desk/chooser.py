"""Whom somebody may hand something over to: their colleagues by name, and of each who is away, until when and who covers."""

from dataclasses import dataclass

from alertbus.desk.desk import Desk
from alertbus.desk.in_words import moment
from alertbus.desk.visitor import Visitor
from alertbus.serving.colleagues import Colleague, colleagues_of

LONGEST = 40
"""Names in a list to choose from. Chosen: fifteen such lists stand on one inbox, which weighs under 150 kB; of more people, one types."""


@dataclass(frozen=True, slots=True)
class ColleagueShown:
    """A colleague, and what stands beside the name."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Chooser:
    """One list for a page. Both are empty where the agency has recorded no team: then a name is typed."""

    chosen: tuple[ColleagueShown, ...] = ()
    """Few enough to choose from."""
    suggested: tuple[ColleagueShown, ...] = ()
    """More than that: offered while somebody types."""


async def chooser(desk: Desk, visitor: Visitor) -> Chooser:
    """Give the visitor's colleagues."""
    now = desk.now()
    found = colleagues_of(await desk.intake.teams.book.fresh(), visitor.at, visitor.ref, now)
    shown = tuple(ColleagueShown(one.name, _words(one, desk)) for one in found)
    return Chooser(chosen=shown) if len(shown) <= LONGEST else Chooser(suggested=shown)


def _words(one: Colleague, desk: Desk) -> str:
    if not one.away:
        return one.name
    until = f" until {moment(one.away_until, desk.now())}" if one.away_until else ""
    return f"{one.name}: away{until}; {f'{one.cover} covers' if one.cover else 'nobody covers'}"
