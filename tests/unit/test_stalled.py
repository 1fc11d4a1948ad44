"""When the bus stands still: a record that waits too long, or a watchdog that came before and comes no more."""

import pytest

from alertbus.operations.progress import STALLED_S, WATCHDOG_MISSED, Behind, stalled


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
    groups = {"alertbus-stream": Behind(0, None), "alertbus-delivery": Behind(7, oldest_s)}

    assert stalled(groups, last_arrival_s, every_s) is answer
