"""A gateway as it is shipped, in a process of its own, that stands still for ever before it first tells a case of an answer: to be killed there.

Started by `test_answer_killed_between.py`. It says in the file of its first argument when it has come to that place.
"""

import asyncio
import sys
from pathlib import Path

from alertbus.broker.record import Record
from alertbus.intake.publisher import Publisher
from alertbus.model.events import Answered
from alertbus.run.bootstrap import run_part

_send = Publisher.send


async def _halting(self: Publisher, *records: Record) -> None:
    if any(dict(record.headers)["ce_type"] == Answered.type.encode() for record in records):
        Path(sys.argv[1]).write_text("here")  # noqa: ASYNC240  it stands still from here on
        await asyncio.Event().wait()
    await _send(self, *records)


if __name__ == "__main__":
    Publisher.send = _halting  # type: ignore[method-assign]
    asyncio.run(run_part("gateway"))
