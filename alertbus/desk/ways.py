"""The pages that somebody can go to from the head of every page, by what they may do. One line is one page."""

from dataclasses import dataclass

from alertbus.desk.visitor import Role, Visitor
from alertbus.model.rights import Right


@dataclass(frozen=True, slots=True)
class Way:
    """A page in the head. `right`: who sees it; None: whoever is signed in. `role`: who alone, of them."""

    href: str
    text: str
    right: Right | None = None
    role: Role | None = None

    def is_for(self, visitor: Visitor) -> bool:
        return (self.right is None or self.right in visitor.rights) and (self.role is None or self.role in visitor.roles)

    def leads_to(self, path: str) -> bool:
        """Whether a page of this path is that page, or one below it."""
        return path == self.href or path.startswith(f"{self.href}/")


WAYS = (
    Way("/inbox", "Inbox", Right.RECEIVE),
    Way("/break-glass", "Break-glass", role=Role.SAFEGUARDING_LEAD),
    Way("/sign-in/sessions", "Where you are signed in"),
)
"""In the order of the head. The first that somebody may see is where they arrive."""


def ways_of(visitor: Visitor) -> tuple[Way, ...]:
    """What stands in the head for this visitor."""
    return tuple(way for way in WAYS if way.is_for(visitor))
