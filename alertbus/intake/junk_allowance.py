"""How much that nobody can read is kept for one sender: enough for a person to see what is wrong, and no more. The clock is an input.

Every kept message asks a person to look, and stands on the broker's disks for good. A sender whose format has changed is seen after the
first few; one that goes on must not fill either.
"""

from collections import defaultdict, deque
from datetime import datetime, timedelta

WINDOW = timedelta(hours=1)
MOST_MESSAGES = 200
"""Within the window, of one sender. Chosen: more than a person looks through in an hour."""
MOST_BYTES = 32 * 650_000
"""Chosen: 32 of the largest."""


class JunkAllowance:
    """What each sender had kept within the window, in this process. The same message again costs nothing: it is kept once."""

    def __init__(self) -> None:
        self._kept: defaultdict[str, deque[tuple[datetime, str, int]]] = defaultdict(deque)

    def takes(self, sender: str, ref: str, size: int, now: datetime) -> bool:
        """Say whether the message may be kept, and if so count it."""
        kept = self._kept[sender]
        while kept and kept[0][0] <= now - WINDOW:
            kept.popleft()
        if any(one == ref for _, one, _ in kept):
            return True
        if len(kept) >= MOST_MESSAGES or sum(each for _, _, each in kept) + size > MOST_BYTES:
            return False
        kept.append((now, ref, size))
        return True
