"""A report made in a process of its own: it reads and parses much, and whoever waits for a page or a call must not wait for it.

The question comes as one line of JSON by standard input, with the database's address, which stands in no list of processes that way; the
report goes out by standard output. Nothing else is said: what goes wrong is told by the exit code alone, because an error's text may hold
anything.
"""

import asyncio
import json
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alertbus.chronicle.audit_reports import AuditReport, audit_report
from alertbus.chronicle.report_data import Period
from alertbus.model.errors import Unavailable
from alertbus.sql.engine import make_engine

LONGEST_S = 120.0
"""A report that takes longer is given up. Chosen: nobody waits for two minutes before a page, and an hour's report would never end."""


@dataclass(frozen=True, slots=True)
class ReportQuestion:
    """What is to be made. `own`: only of what this agency stated or was owed."""

    database: str
    name: str
    case_holder: str
    period: Period
    now: datetime
    own: str | None = None

    def as_bytes(self) -> bytes:
        moments = [None if one is None else one.isoformat() for one in (self.period.since, self.period.until, self.now)]
        return json.dumps([self.database, self.name, self.case_holder, moments, self.period.exercise, self.own]).encode()

    @classmethod
    def of(cls, written: bytes) -> "ReportQuestion":
        database, name, holder, moments, exercise, own = json.loads(written)
        since, until, now = (None if one is None else datetime.fromisoformat(one) for one in moments)
        assert now is not None
        return cls(database, name, holder, Period(since, until, exercise), now, own)


async def made_apart(question: ReportQuestion) -> AuditReport:
    """Let another process make the report. Raises `Unavailable` where it does not, or takes too long."""
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout"), asyncio.subprocess.PIPE) | {"stderr": asyncio.subprocess.DEVNULL}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", __name__, **pipes)
    try:
        async with asyncio.timeout(LONGEST_S):
            said, _ = await process.communicate(question.as_bytes())
    except TimeoutError:
        said = b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0 or not said:
        raise Unavailable("the report could not be made; try again in a moment, or ask for a shorter period")
    title, about, columns, rows, summed_by, summary = json.loads(said)
    lines = [[tuple(line) for line in some] for some in (rows, summary)]
    return AuditReport(title, about, tuple(columns), lines[0], tuple(summed_by), lines[1])


async def _answer(question: ReportQuestion) -> AuditReport:
    engine = make_engine(question.database)
    try:
        return await audit_report(question.name, engine, question, question.period, question.now, question.own)
    finally:
        await engine.dispose()


def _main() -> int:
    try:
        found = asyncio.run(_answer(ReportQuestion.of(sys.stdin.buffer.read())))
        sys.stdout.buffer.write(json.dumps(found).encode())
    except Exception:  # noqa: BLE001  its text may hold anything; the other process says that there is no report
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
