"""Workers of some agencies, who answer what is asked of them in the time of a run; those of others never do."""

import asyncio
import contextlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.exc import SQLAlchemyError

from alertbus.model.errors import BusError
from tests.chaos.bus import Bus
from tests.chaos.clocks import QUICK
from tests.chaos.load import Load

WORKER = "A. Tester"

LOOK_S = 1.0

ANSWERS: Mapping[str, float] = {"childrens_social_care": 1.0, "health_visiting": 0.5, "probation": 0.5, "gp": 0.3}
"""By agency, of how many of its obligations somebody answers. Nobody at any other agency ever does."""

_ASKED = text("SELECT id, agency FROM chronicle_obligation WHERE kind IN :kinds AND agency IN :agencies").bindparams(
    bindparam("kinds", expanding=True), bindparam("agencies", expanding=True)
)


@dataclass(slots=True)
class Answering:
    """Looks at what the inboxes show of the quick kinds, and answers some of it at any moment of its chain."""

    bus: Bus
    load: Load
    chance: random.Random
    _met: set[str] = field(default_factory=set)

    async def __call__(self, over: asyncio.Event) -> None:
        while not over.is_set():
            with contextlib.suppress(SQLAlchemyError, BusError, OSError):  # the database may be away
                await self._look()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), LOOK_S)

    async def _look(self) -> None:
        asked: dict[str, Any] = {"kinds": sorted(QUICK.kinds), "agencies": sorted(ANSWERS)}
        async with self.bus.engine.reading() as connection:
            found = [(row.id, row.agency) for row in await connection.execute(_ASKED, asked)]
        for obligation_id, agency in found:
            if obligation_id not in self._met:
                self._met.add(obligation_id)
                if self.chance.random() < ANSWERS[agency]:
                    self.load.answer(obligation_id, WORKER, self.chance.uniform(0, QUICK.whole_s))
