"""The callers of the bus and what each may do. With none configured (Settings allow that on loopback only) whoever reaches us is let in.

A caller acts for one agency and sees that agency's obligations alone; anything else is 404, as if it did not exist.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from alertbus.model.errors import NotAllowed, NotFound, WhoAreYou
from alertbus.settings import CallerSettings


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who calls; with `agency` None, for any agency. Naming an agency is enough to act for it only where none is configured."""

    name: str
    agency: str | None
    operations: bool

    def acts_for(self, agency: str) -> bool:
        return self.agency is None or self.agency == agency

    def must_operate(self) -> None:
        """Refuse all but operations."""
        if not self.operations:
            raise NotAllowed("only a caller with `operations: true` may do this")

    def may_state(self, agency: str) -> None:
        """Refuse an alert of another agency: each speaks for itself. Operations may pass on anybody's."""
        if not self.operations and self.agency != agency:
            raise NotAllowed("source: an alert is sent by the agency that states it; send it as that agency's caller")

    def holds_cases(self, case_holder: str) -> bool:
        """Whether the caller may see and write whole case files: the agency that holds cases, and operations."""
        own = self.agency or ""
        return self.operations or own == case_holder or own.startswith(f"{case_holder}_")


class Callers:
    """The callers of the settings. Only digests of their tokens are kept, compared in constant time."""

    def __init__(self, configured: Sequence[CallerSettings]) -> None:
        self._configured = tuple(configured)

    @property
    def open(self) -> bool:
        """Nobody is configured: whoever reaches this machine's loopback is let in."""
        return not self._configured

    def identify(self, authorization: str, wanted: str | None) -> Caller:
        """Find the caller with this `Authorization`, who wants to act for the `wanted` agency if one is named.

        Raises `WhoAreYou` without a known token, `NotFound` for another agency's data.
        """
        if self.open:
            return Caller("local", wanted, operations=True)
        known = self._by_token(authorization)
        if wanted is not None and wanted != known.agency:
            raise NotFound("nothing of that agency is yours to see")
        return Caller(known.name, known.agency, known.operations)

    def _by_token(self, authorization: str) -> CallerSettings:
        scheme, _, token = authorization.partition(" ")
        digest = hashlib.sha256(token.strip().encode()).hexdigest()
        found = None
        for caller in self._configured:  # all of them, so that the time taken tells nothing
            if hmac.compare_digest(caller.token_sha256, digest):
                found = caller
        if found is None or scheme.lower() != "bearer":
            raise WhoAreYou("send `Authorization: Bearer` and the token whose SHA-256 stands in ALERTBUS_CALLERS")
        return found
