"""The wall clock as a test moves it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.integration.traps.asking import until


class WallClock:
    """The wall clock of workers, in this process and in others, as a test moves it. Workers that have none keep the machine's."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._stands: datetime | None = None
        self.looks = 0
        self.move(timedelta())

    def __call__(self) -> datetime:
        self.looks += 1
        return self._stands or datetime.now(UTC) + self.moved

    def move(self, by: timedelta) -> None:
        """Set it so far from the machine's."""
        self.moved, self._stands = by, None
        self.file.with_suffix(".new").write_text(str(by.total_seconds()))
        self.file.with_suffix(".new").rename(self.file)

    def stop(self) -> None:
        """Let it stand still, for workers in this process."""
        self._stands = datetime.now(UTC) + self.moved

    async def looked_at(self, times: int = 5) -> None:
        """Return when workers in this process have looked at it so many times more."""
        wanted = self.looks + times

        async def enough() -> bool:
            return self.looks >= wanted

        await until(enough, True)
