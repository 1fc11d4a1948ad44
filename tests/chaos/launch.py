"""Runs one part as `alertbus run` does, with what only a test may do to it: its wall clock moved, or one safety cut out of it.

    python -m tests.chaos.launch PART NUMBER

Two environment variables are read here and nowhere in the product. `CHAOS_CLOCK` names a file that holds seconds to add to the wall clock,
or `stopped`, and may change while the part runs; the monotonic clock is left alone, as it is when a real clock is stepped. `CHAOS_CUT` names
a cut (`tests.chaos.cuts`).
"""

import asyncio
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

STOPPED = "stopped"

_LOOK_S = 0.1
"""How long a look into the clock's file counts."""


class MovedClock:
    """The machine's wall clock and an offset; or a moment at which it stands still."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read = time.time
        self._looked = float("-inf")
        self._offset = 0.0
        self._stands: float | None = None

    def time(self) -> float:
        moment = time.monotonic()
        if moment - self._looked > _LOOK_S:
            self._looked = moment
            self._set(self._file.read_text() or "0")
        return self._read() + self._offset if self._stands is None else self._stands

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time(), UTC)

    def _set(self, words: str) -> None:
        if words == STOPPED:
            self._stands = self._stands or self._read() + self._offset
        else:
            self._stands, self._offset = None, float(words)


def main(part: str, number: int) -> None:
    clock = MovedClock(Path(os.environ["CHAOS_CLOCK"]))
    time.time = clock.time  # before anything else is imported, so that the Kafka client keeps this time too
    from alertbus.run import bootstrap

    bootstrap.now = clock.now
    if cut := os.environ.get("CHAOS_CUT"):
        from tests.chaos import cuts

        cuts.apply(cut)
    asyncio.run(bootstrap.run_part(part, number))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
