"""`alertbus plugin check` from outside: a process for the plugin, watched, and ended when it hangs, grows or says too much."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alertbus.plugin.kit.adapter_suite import AdapterConformance
from alertbus.plugin.kit.source_suite import SourceConformance
from alertbus.plugin.kit.tier_report import LIMITS, KitRule, Report, RuleResult, Tier, latest, rules_of, words_of

STALL = 15.0
"""Seconds after which a call that does not end has hung: the process cannot stop it itself, so it is ended."""
LONGEST = 600.0
"""Seconds for the whole check."""
LARGEST = 1024 * 1024 * 1024
"""Bytes of memory in use."""
_MOST_TOLD = 4_000_000
_LOOK = 0.25

_SUITES: dict[str, type[Any]] = {"adapter": AdapterConformance, "source": SourceConformance}


@dataclass(slots=True)
class JudgedObject:
    """One object of the plugin, and what was found of it."""

    name: str
    kind: str
    results: list[RuleResult] = field(default_factory=list)
    judging: str = ""
    ended: bool = False

    @property
    def report(self) -> Report:
        """What was found; what could not be judged any more is unjudged."""
        found = {result.rule: result for result in latest(iter(self.results))}
        rules = rules_of(_SUITES[self.kind])
        return Report(tuple(found.get(words_of(test)) or _result(test, rule, unjudged=words_of(LIMITS)) for test, rule in rules.items()))


@dataclass(slots=True)
class Checked:
    """What the check of one plugin found. `cannot` says why it could not be loaded, if so."""

    judgements: list[JudgedObject] = field(default_factory=list)
    cannot: str = ""

    @property
    def tier(self) -> Tier:
        """The lowest tier of its objects."""
        tiers = [judgement.report.tier for judgement in self.judgements]
        return min(tiers, key=lambda tier: tier.height) if tiers and not self.cannot else Tier.NONE


def checked(target: str) -> Checked:
    """Check a plugin at a path, or an installed one by its name. Whatever it does, this returns."""
    reading, writing = os.pipe()
    try:
        process = subprocess.Popen(  # noqa: S603  our own program, in our own Python
            [sys.executable, "-m", "alertbus.plugin.kit.check_child", target, str(writing)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(writing,),
            start_new_session=True,
        )
    finally:
        os.close(writing)
    found = Checked()
    watch = _Watch(process, found)
    try:
        why = watch.until_done(reading)
    finally:
        os.close(reading)
        _end(process)
    if why:
        _blame(found, why)
    if not found.cannot and not found.judgements:
        found.cannot = "it offers no adapter and no source, which alone have a tier. What else it offers the bus accepts."
    return found


class _Watch:
    """Reads what the child tells, and looks after it."""

    def __init__(self, process: subprocess.Popen[bytes], found: Checked) -> None:
        self._process, self._found = process, found
        self._began = self._moved = time.monotonic()
        self._calls = -1
        self._done = False

    def until_done(self, reading: int) -> str:
        """Give nothing when the child has told all, else why it did not."""
        rest, told = b"", 0
        with selectors.DefaultSelector() as selector:
            selector.register(reading, selectors.EVENT_READ)
            while not self._done:
                if selector.select(_LOOK):
                    piece = os.read(reading, 65_536)
                    if not piece:
                        return _how_it_ended(self._process)
                    told += len(piece)
                    *lines, rest = (rest + piece).split(b"\n")
                    for line in lines:
                        self._take(line)
                if why := self._out_of_bounds(told):
                    return why
        return ""

    def _take(self, line: bytes) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            return  # somebody else wrote into our pipe: what is not ours says nothing
        if not isinstance(event, dict):
            return
        if "calls" in event and event["calls"] == self._calls:
            return  # alive, and still in the same call
        self._moved = time.monotonic()
        self._calls = event.get("calls", self._calls)
        self._done = "done" in event
        _take(event, self._found)

    def _out_of_bounds(self, told: int) -> str:
        now = time.monotonic()
        if now - self._moved > STALL:
            return f"one call did not end within {STALL:g} s"
        if now - self._began > LONGEST:
            return f"the check took longer than {LONGEST:g} s"
        if told > _MOST_TOLD:
            return "it told more than a check has to tell"
        if _memory_of(self._process.pid) > LARGEST:
            return f"it used more than {LARGEST // 2**20} MB of memory"
        return ""


def _take(event: dict[str, Any], found: Checked) -> None:
    if "cannot" in event:
        found.cannot = str(event["cannot"])
    elif "object" in event:
        found.judgements.append(JudgedObject(str(event["object"]), str(event["kind"])))
    elif found.judgements:
        last = found.judgements[-1]
        last.judging = str(event.get("begin", last.judging))
        last.ended = last.ended or "end" in event
        for test, rule in rules_of(_SUITES[last.kind]).items():
            if event.get("rule") == words_of(test):
                more = {key: str(event.get(key, "")) for key in ("broken", "unjudged", "exempt", "why", "unseen")}
                last.results.append(_result(test, rule, **more))


def _blame(found: Checked, why: str) -> None:
    """Put it on the rule of limits of the object that was judged; before there is one, the plugin could not be loaded."""
    last = found.judgements[-1] if found.judgements else None
    if last is None or last.ended:
        found.cannot = f"while it was loaded: {why}."
        return
    rules = rules_of(_SUITES[last.kind])
    test = LIMITS if LIMITS in rules else next(iter(rules))
    last.results.append(_result(test, rules[test], broken=f"{why} (while `{last.judging}` was judged)"))


def _result(
    test: str, rule: KitRule, *, broken: str = "", unjudged: str = "", exempt: str = "", why: str = "", unseen: str = ""
) -> RuleResult:
    return RuleResult(words_of(test), rule.tier, why or rule.why, rule.mend, broken, unjudged, rule.protects, exempt, unseen)


def _how_it_ended(process: subprocess.Popen[bytes]) -> str:
    code = process.wait()
    if code < 0:
        return f"the plugin ended the process ({signal.Signals(-code).name})"
    return f"the plugin ended the process (exit code {code})"


def _memory_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it, and whatever it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.wait()
