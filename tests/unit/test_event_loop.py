"""The event loop of a part."""

import asyncio
import sys

import pytest

from alertbus.run import event_loop


async def _whose() -> str:
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not made for Windows")
def test_a_part_runs_on_the_quicker_loop() -> None:
    assert event_loop.run(_whose()) == "uvloop"


def test_a_part_runs_on_pythons_own_loop_where_there_is_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)

    assert event_loop.run(_whose()) == "asyncio"
