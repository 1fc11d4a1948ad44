"""What nobody can read is kept for a person to look at, up to a bound for each sender; and what a plugin prints is kept nowhere."""

import io
import json
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus import logs, unheard
from alertbus.intake.junk_allowance import MOST_BYTES, MOST_MESSAGES, WINDOW, JunkAllowance
from alertbus.intake.messages import LARGEST_RAW

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_so_many_and_so_much_are_kept_of_one_sender_and_another_is_not_hindered() -> None:
    many, large = JunkAllowance(), JunkAllowance()

    assert sum(many.takes("school", str(n), 1, NOW) for n in range(2 * MOST_MESSAGES)) == MOST_MESSAGES
    assert many.takes("police", "p", 1, NOW)
    assert sum(large.takes("school", str(n), LARGEST_RAW, NOW) for n in range(100)) == MOST_BYTES // LARGEST_RAW


def test_the_same_message_again_costs_nothing_and_an_hour_later_there_is_room() -> None:
    allowance = JunkAllowance()
    for n in range(MOST_MESSAGES):
        assert allowance.takes("school", str(n), 1, NOW)

    assert allowance.takes("school", "0", 1, NOW)
    assert not allowance.takes("school", "new", 1, NOW + WINDOW - timedelta(seconds=1))
    assert allowance.takes("school", "new", 1, NOW + WINDOW)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, LARGEST_RAW), st.integers(0, 7200)), max_size=300))
def test_within_any_hour_no_more_than_the_bound_is_kept(messages: list[tuple[int, int, int]]) -> None:
    allowance, kept = JunkAllowance(), dict[str, tuple[datetime, int]]()
    for number, size, second in sorted(messages, key=lambda one: one[2]):
        at = NOW + timedelta(seconds=second)
        if allowance.takes("school", str(number), size, at) and (str(number) not in kept or kept[str(number)][0] <= at - WINDOW):
            kept[str(number)] = (at, size)
        lately = [each for when, each in kept.values() if when > at - WINDOW]
        assert (len(lately) <= MOST_MESSAGES, sum(lately) <= MOST_BYTES) == (True, True)


def test_what_a_plugin_prints_goes_nowhere_and_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    out, screen = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(unheard, "_counts", Counter())
    logs.configure("json", "info", "delivery", stream=out)

    unheard.drop_what_is_printed()
    for _ in range(5):
        print("Zeb Quillfeather", flush=True)

    assert screen.getvalue() == ""
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(line["event"], line["count"]) for line in lines] == [("something was printed and is not kept", n) for n in (1, 2, 4)]
    assert "Quillfeather" not in out.getvalue()
