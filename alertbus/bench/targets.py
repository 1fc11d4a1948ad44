"""What a figure of the bench must reach, and whether it did. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

JUDGED = {True: "met", False: "MISSED", None: ""}


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure must reach (the project's own aims, on 2 cores with broker, workers and receivers on one machine)."""

    name: str
    path: tuple[str, ...]
    """Where the figure stands in the bench's JSON."""
    bound: float
    unit: str = ""
    at_least: bool = False
    missing: tuple[str, ...] = ()
    """Where the reason stands, when the figure could not be measured because the bus was not able to: then the target is missed."""

    def value(self, found: Mapping[str, Any]) -> float | None:
        """None where it was not measured."""
        value: float | None = _at(found, self.path)
        return value

    def judged(self, found: Mapping[str, Any]) -> bool | None:
        """Whether it was met; None where nothing was measured."""
        value = self.value(found)
        if value is None:
            return False if self.missing and _at(found, self.missing) is not None else None
        return value >= self.bound if self.at_least else value < self.bound

    @property
    def words(self) -> str:
        return f"{'at least' if self.at_least else 'under'} {self.bound:g}{self.unit and ' '}{self.unit}"


def _at(found: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def shown(value: float | None, unit: str = "") -> str:
    """A figure as the table shows it; a dash where it was not measured."""
    return "-" if value is None else f"{value:,g}{unit and ' '}{unit}"
