"""Calls with a token that nobody has, or none: logged by where they come from, and answered shortly once they come too often.

A caller with a token of its own is always let in, also from an address that others flood: behind one proxy stand many agencies, and an
alert must not wait for somebody else's mistake. What is limited is the flood; a token is long and random, and is not found by trying.
"""

from collections import OrderedDict
from datetime import datetime, timedelta

import structlog

from alertbus.model.errors import BusError, WhoAreYou

MOST = 10
"""Refused calls of one address in a minute; what comes beyond is not logged either. Chosen: a person's mistakes fit, a program's do not."""

MINUTE = timedelta(minutes=1)

ADDRESSES = 1_000
"""Addresses that are remembered, so that they do not fill the memory; the one longest ago goes first."""

log = structlog.get_logger("alertbus.gateway")


class TooManyRefused(BusError):
    """Too many calls without a known token came from this address."""

    code = "too_many_refused"

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"too many calls without a known token came from there; send the right token, or come again in {retry_after_s} s")


class RefusedLogins:
    """Counts the refused calls of each address, in the minute that began with the first of them."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def note(self, address: str, now: datetime, refusal: WhoAreYou) -> BusError:
        """Note a refused call, and give what to answer: the refusal, or that there were too many."""
        began, count = self._of.pop(address, (now, 0))
        if not timedelta() <= now - began < MINUTE:
            began, count = now, 0
        self._of[address] = (began, count + 1)
        if len(self._of) > ADDRESSES:
            self._of.popitem(last=False)
        if count >= MOST:
            return TooManyRefused(max(1, int((began + MINUTE - now).total_seconds())))
        log.warning("a call without a known token was refused", url_host=address, count=count + 1)
        return refusal
