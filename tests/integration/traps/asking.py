"""Asking again and again what cannot tell when it changes."""

import asyncio
from collections.abc import Callable
from typing import Any

PATIENCE_S = 60.0
"""Nothing that goes well takes longer here: a dead member is missed after 6 s."""


async def until(ask: Callable[[], Any], wanted: Any, patience_s: float = PATIENCE_S) -> None:
    """Ask again until the answer is the one wanted; an error shows the last answer."""
    found = None
    try:
        async with asyncio.timeout(patience_s):
            while (found := await ask()) != wanted:  # noqa: ASYNC110 - what is asked cannot tell us when it changes
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"still {found}, and not {wanted}, after {patience_s:.0f} s") from None
