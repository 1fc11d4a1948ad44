"""Waiting a moment for the chronicle, which shows what was accepted here a little later."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from alertbus.model.errors import NotFound

T = TypeVar("T")

PATIENCE_S = 2.0
"""Seconds. Chosen: the chronicle is a few hundred milliseconds behind, and a person waits."""


async def until_found(look: Callable[[], Awaitable[T | None]], missing: str) -> T:
    """Give what is found within `PATIENCE_S`. Raises `NotFound` with these words."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while (found := await look()) is None:
        if asyncio.get_running_loop().time() > deadline:
            raise NotFound(missing)
        await asyncio.sleep(0.05)
    return found
