"""When the bus stands still: a record that waits too long, or a watchdog that came before and comes no more."""

import re
from pathlib import Path

import pytest

from alertbus.broker.groups import GROUPS
from alertbus.operations.progress import STALLED_S, WATCHDOG_MISSED, Lag, stalled


@pytest.mark.parametrize(
    ("oldest_s", "last_arrival_s", "every_s", "answer"),
    [
        (None, None, 0, False),
        (None, None, 60, False),  # a new bus, whose first has yet to come
        (STALLED_S, 60.0, 60, False),
        (STALLED_S + 1, 60.0, 60, True),
        (STALLED_S + 1, None, 0, True),
        (0.5, WATCHDOG_MISSED * 60.0, 60, False),
        (0.5, WATCHDOG_MISSED * 60.0 + 1, 60, True),
        (0.5, 10_000.0, 0, False),  # switched off
    ],
)
def test_a_bus_stands_still_or_it_does_not(oldest_s: float | None, last_arrival_s: float | None, every_s: int, answer: bool) -> None:
    groups = {"alertbus-stream": Lag(0, None), "alertbus-delivery": Lag(7, oldest_s)}

    assert stalled(groups, last_arrival_s, every_s) is answer


@pytest.mark.parametrize("group", GROUPS)
def test_the_name_of_a_group_is_stated_once(group: str) -> None:
    """Whoever works as a group and whoever asks how far it has come mean the same one."""
    product = Path(__file__).parents[2] / "alertbus"
    stating = re.compile(rf"= \"{group}\"|\"{group}\":")

    assert [p.name for p in product.rglob("*.py") if stating.search(p.read_text(encoding="utf-8"))] == ["groups.py"]
