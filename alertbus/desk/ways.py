"""The pages that somebody can go to from the head of every page, by what they may do. One line is one page."""

from collections.abc import Callable
from dataclasses import dataclass

from alertbus.desk.visitor import Role, Visitor
from alertbus.model.rights import Right
from alertbus.serving.reports_shown import READS_REPORTS


@dataclass(frozen=True, slots=True)
class Way:
    """A page in the head. `right`: who sees it; None: whoever is signed in. `seen_by`, where one right does not say it."""

    href: str
    text: str
    right: Right | None = None
    seen_by: Callable[[Visitor], bool] = lambda _: True

    def leads_to(self, path: str) -> bool:
        """Whether a page of this path is that page, or one below it."""
        return path == self.href or path.startswith(f"{self.href}/")


WAYS = (
    Way("/inbox", "Inbox", Right.RECEIVE),
    Way("/families", "Families", Right.RECEIVE),
    Way("/send", "Send", Right.STATE),
    Way("/team", "Team", Right.RECEIVE),
    Way("/reviews", "Review", seen_by=lambda visitor: visitor.is_asked),
    Way("/reports", "Reports", seen_by=lambda visitor: bool(visitor.rights & READS_REPORTS)),
    Way("/operations", "Operations", Right.OPERATE),
    Way("/break-glass", "Break-glass", seen_by=lambda visitor: Role.SAFEGUARDING_LEAD in visitor.roles),
    Way("/sign-in/sessions", "Where you are signed in"),
)
"""In the order of the head. Where somebody arrives, `arrives_at` says."""


def arrives_at(visitor: Visitor) -> str:
    """Where somebody arrives: the first page of the head that they may see; who operates alone, where it says what is wrong."""
    woken = Right.OPERATE in visitor.rights and Right.RECEIVE not in visitor.rights
    return "/operations" if woken else ways_of(visitor)[0].href


def ways_of(visitor: Visitor) -> tuple[Way, ...]:
    """What stands in the head for this visitor."""
    return tuple(way for way in WAYS if way.seen_by(visitor) and (way.right is None or way.right in visitor.rights))
