"""The one place where the kit calls a plugin: limits that end with the call, and nobody who listens to what it prints."""

import logging
import resource
import signal
import sys
import time

import pytest

from alertbus.plugin.kit import calling
from alertbus.plugin.kit.calling import OutOfBounds, call, listened
from alertbus.plugin.kit.conformance import Broken


def test_what_it_gives_and_what_it_raises_come_through() -> None:
    assert call(sorted, [2, 1]) == [1, 2]
    with pytest.raises(KeyError):
        call({}.__getitem__, "a")


@pytest.mark.parametrize("ending", [SystemExit, GeneratorExit, type("EndOfAll", (BaseException,), {})])
def test_what_would_end_the_process_is_a_finding(ending: type[BaseException]) -> None:
    def ends() -> None:
        raise ending

    with pytest.raises(Broken, match=f"raised {ending.__name__}, which would end the process"):
        call(ends)


def test_a_loop_that_catches_everything_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "SECONDS", 0.2)

    def loops() -> None:
        while True:
            try:
                while True:
                    pass
            except Exception:  # noqa: BLE001  as a careless plugin does
                pass

    with pytest.raises(OutOfBounds, match=r"a call worked for longer than 0\.2 s"):
        call(loops)


def test_memory_is_held_during_the_call_and_free_after_it() -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)

    with pytest.raises(OutOfBounds, match="wanted more than 256 MB"):
        call(bytearray, 300 * 2**20)

    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_a_timer_that_ran_before_goes_on_after_the_call() -> None:
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: rung.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 60)
        call(sorted, [2, 1])
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        assert 50 < left <= 60
        assert signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL
    finally:
        signal.signal(signal.SIGALRM, before)
    assert rung == []


def test_what_it_prints_and_logs_is_counted_and_shown_to_nobody(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    def speaks() -> None:
        print("Wintergreen")
        print("Wintergreen", file=sys.stderr)
        logging.getLogger("northfield").error("Wintergreen")

    call(speaks)
    with listened(deep=True) as heard:
        speaks()

    assert heard.characters >= 3 * len("Wintergreen")
    assert capfd.readouterr() == ("", "")
    assert caplog.text == ""


def test_each_call_is_counted_for_who_watches_the_process() -> None:
    before = calling.made()

    call(time.gmtime)

    assert calling.made() == before + 1
