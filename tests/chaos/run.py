"""`make chaos`: a bus under load and faults, then silence, then judgement; the last line is one line of JSON.

    python -m tests.chaos.run --seed 1 --faults 200

Exit 1 unless nothing is lost and nothing doubled. Each fault is one line when it is over: number, kind, target, how long, how it went.
"""

import argparse
import asyncio
import json
import logging
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from alertbus.waiting import eventually
from tests.chaos.answering import Answering
from tests.chaos.bus import Bus, running
from tests.chaos.clocks import QUICK, StepVerdict, judge_steps
from tests.chaos.families import Family
from tests.chaos.faults import Done, Injector
from tests.chaos.judge import Seen, Verdict, judge
from tests.chaos.load import Load
from tests.chaos.quick_policy import quick_policy
from tests.chaos.schedule import AGENCIES, Fault, schedule
from tests.chaos.trail import trail_of
from tests.chaos.witness import quiet, steps_seen, testimony

RATE = 6.0
"""Alerts offered in a second."""

CHANGE_EVERY = 12
"""So many alerts to one change of a case."""

REJOIN_EVERY = 50
"""So many alerts to one merge of two people, or one split."""

FAMILIES = 80
AT_ONCE = 5
"""Faults under way together at most: with every one of its parts down, a bus shows nothing but that it is down."""

AFTERWARDS = 30
"""Alerts offered once all is whole again: they show that the bus lives."""

ANSWER_LIMIT_S = 120.0
QUIET_LIMIT_S = 300.0

STEPS_LIMIT_S = 60.0
"""How long the last steps may take: a clock that was set right again is noticed within half a minute."""


@dataclass(frozen=True, slots=True)
class Report:
    seed: int
    done: Sequence[Done]
    survived: int
    verdict: Verdict
    difference: int
    accepted: int
    notices: int
    attempts: int
    unanswered: int
    steps: StepVerdict
    still: str
    """What was still under way when patience ended; empty when all was calm."""
    trail: Sequence[str] = ()
    """What stands on the topics about the cases of what went wrong."""

    @property
    def lost(self) -> int:
        return len(self.verdict.lost) + len(self.steps.lost)

    @property
    def doubled(self) -> int:
        return len(self.verdict.doubled) + len(self.steps.doubled)

    @property
    def disordered(self) -> int:
        return len(self.verdict.disordered) + len(self.steps.disordered)

    @property
    def is_clean(self) -> bool:
        wrong = self.lost or self.doubled or self.disordered or self.steps.early or self.difference
        return not (wrong or self.still or self.unanswered) and self.steps.expected > 0

    def as_json(self) -> str:
        return json.dumps(
            {
                "seed": self.seed,
                "faults": len(self.done),
                "survived": self.survived,
                "lost": self.lost,
                "doubled": self.doubled,
                "difference": self.difference,
                "disordered": self.disordered,
                "steps": self.steps.expected,
                "early": len(self.steps.early),
            }
        )


async def chaos(seed: int, count: int, say: Callable[[str], None]) -> Report:
    """One run from an empty bus to a judgement."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # of a broker that we have just killed it complains by the line
    chance = random.Random(seed)
    async with running(AGENCIES, policy=quick_policy()) as bus:
        load = Load(bus.url, chance, [Family(number) for number in range(FAMILIES)])
        injector = Injector(bus)
        over = asyncio.Event()
        answering = asyncio.create_task(Answering(bus, load, random.Random(f"answers {seed}"))(over))
        try:
            await load.open_cases()
            say(f"a bus of {len(bus.parts.children)} processes is up; {FAMILIES} families; seed {seed}, {count} faults")
            done = await _storm(load, injector, schedule(seed, count), say)
            for _ in range(AFTERWARDS):
                load.offer()
                await asyncio.sleep(1 / RATE)
            await asyncio.sleep(QUICK.whole_s)
            over.set()
            await answering
            unanswered = await load.settle(ANSWER_LIMIT_S)
            await eventually(lambda: _all_steps_taken(bus, injector), within_s=STEPS_LIMIT_S, every_s=2)
            still = await quiet(bus, QUIET_LIMIT_S)
            report = await _judged(bus, load, injector, seed, done, unanswered, still)
            bus.is_kept = not report.is_clean
            return report
        finally:
            answering.cancel()
            await load.close()


async def _all_steps_taken(bus: Bus, injector: Injector) -> bool:
    return not judge_steps(await steps_seen(bus, injector)).lost


async def _storm(load: Load, injector: Injector, faults: Sequence[Fault], say: Callable[[str], None]) -> list[Done]:
    """Offer alerts at a steady pace and begin each fault at its place among them."""
    waiting = list(faults)
    done: list[Done] = []
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(fault: Fault) -> None:
        try:
            result = await injector.inject(fault)
        finally:
            gate.release()
        done.append(result)
        say(f"{result} ({datetime.now(UTC):%H:%M:%S})")

    async with asyncio.TaskGroup() as tasks:
        due = time.monotonic()
        while waiting:
            await load.room()
            load.offer()
            if load.offered % CHANGE_EVERY == 0:
                load.change()
            if load.offered % REJOIN_EVERY == 0:
                load.rejoin()
            while waiting and waiting[0].after <= load.offered and not gate.locked():
                await gate.acquire()
                tasks.create_task(one(waiting.pop(0)))
            due = max(due + 1 / RATE, time.monotonic() - 1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
    return done


async def _judged(bus: Bus, load: Load, injector: Injector, seed: int, done: list[Done], unanswered: int, still: str) -> Report:
    seen, found = await testimony(bus, load, injector.poison)
    last = _last_sign_of_life(seen, load)
    verdict, steps = judge(seen), judge_steps(await steps_seen(bus, injector))
    wrong = (steps.lost, steps.doubled, steps.disordered, steps.early, verdict.doubled, verdict.disordered, verdict.lost)
    return Report(
        seed=seed,
        done=done,
        survived=sum(one.came_back and one.ended < last for one in done),
        verdict=verdict,
        steps=steps,
        difference=found.difference,
        accepted=len(load.accepted),
        notices=len(seen.notices),
        attempts=len(seen.attempts),
        unanswered=unanswered + len(load.refused),
        still=still,
        trail=await trail_of(bus, [entry for entries in wrong for entry in sorted(entries)]),
    )


def _last_sign_of_life(seen: Seen, load: Load) -> float:
    """When the last alert was accepted that also reached a system of an agency. A fault before it was survived."""
    processed = {attempt.key for attempt in seen.attempts if attempt.processed}
    reached = {notice.obligation.alert_id for notice in seen.notices if notice.id in processed}
    return max((one.at for one in load.accepted if one.alert_id in reached), default=float("-inf"))


def tell(report: Report, say: Callable[[str], None]) -> None:
    """The judgement in words."""
    kinds = Counter(one.fault.kind for one in report.done)
    say("tried       " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
    say(f"load        {report.accepted} alerts accepted, {report.notices} notices, {report.attempts} attempts at agencies' systems")
    say(f"accounted   {len(report.verdict.lies)} lies of receivers, {report.verdict.refusals} refusals or withdrawn before they were sent")
    if report.unanswered or report.still:
        say(f"NOT CALM    {report.unanswered} senders unanswered or refused; still under way: {report.still or 'nothing'}")
    say(f"steps       {report.steps.expected} that had to come, because nobody had answered")
    for name, entries in (
        ("LOST", report.verdict.lost | report.steps.lost),
        ("DOUBLED", report.verdict.doubled | report.steps.doubled),
        ("DISORDERED", report.verdict.disordered | report.steps.disordered),
        ("EARLY", report.steps.early),
    ):
        for entry in sorted(entries)[:40]:
            say(f"{name:<11} {entry}")
    for line in report.trail:
        say(f"trail       {line}")


async def _until_told_to_stop(work: Coroutine[Any, Any, Report]) -> Report:
    """SIGTERM ends it as Ctrl-C does: whatever was started is stopped, whatever was mounted is unmounted."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def main() -> int:
    words = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--faults", type=int, default=200)
    given = words.parse_args()
    report = asyncio.run(_until_told_to_stop(chaos(given.seed, given.faults, lambda line: print(line, flush=True))))
    tell(report, print)
    print(report.as_json())
    return 0 if report.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
