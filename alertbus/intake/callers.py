"""The callers of the bus and what each may do (DESIGN section 17). With none configured (Settings allow that on loopback only) whoever
reaches us is let in, as any agency and with every right.

A caller acts for one agency and sees that agency's obligations alone; anything else is 404, as if it did not exist.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from alertbus.caller_settings import OPERATORS, CallerSettings
from alertbus.chronicle.alert_sight import AlertSight
from alertbus.chronicle.item_sight import ItemSight
from alertbus.model.alert import Alert
from alertbus.model.errors import Fault, InvalidInput, NotAllowed, NotFound, WhoAreYou
from alertbus.model.rights import Right
from alertbus.plugin import Stated
from alertbus.policy.policy import Policy


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who calls; with `agency` None, for any agency. Naming an agency is enough to act for it only where none is configured."""

    name: str
    agency: str | None
    rights: frozenset[Right]
    sources: tuple[str, ...] | None
    """What it may state as, each with all that follow it after a dot; None: as anybody, and any kind."""
    kinds: frozenset[str] = frozenset()
    """The kinds that it may state; empty: all that the policy lets the agency of a source state."""
    areas: tuple[str, ...] = ()
    """How the ids of the cases begin that `hold_cases` is for; empty: of all cases."""
    workers: frozenset[str] = frozenset()
    """Who may answer through it; empty: anybody who gives a name."""

    def must(self, right: Right) -> None:
        """Refuse a caller without the right."""
        if right not in self.rights:
            raise NotAllowed(f"the right `{right}` is missing; who runs the bus gives it to a caller in ALERTBUS_CALLERS")

    def acts_for(self, agency: str) -> bool:
        """Whether the caller may see and answer what this agency was told."""
        return Right.RECEIVE in self.rights and (self.agency is None or self.agency == agency)

    def staffs(self, agency: str) -> bool:
        """Whether the caller may say who answers for this agency."""
        return Right.STAFF in self.rights and (self.agency is None or self.agency == agency)

    def sees_staff_of(self, agency: str) -> bool:
        """Whether the caller may see who answers for this agency: it says so, or is who is answered for."""
        return self.staffs(agency) or self.acts_for(agency)

    def states_as(self, source: str) -> bool:
        return Right.STATE in self.rights and (self.sources is None or any(_within(source, one) for one in self.sources))

    def must_state(self, stated: Stated, policy: Policy) -> None:
        """Refuse a statement, an amendment or a withdrawal as a source that is not the caller's, or of a kind that is not that agency's."""
        self.must(Right.STATE)
        if not self.states_as(stated.source):
            raise NotAllowed("source: the right `state` of this caller is for other sources; send it as the caller of who states it")
        if not isinstance(stated, Alert):
            return
        self._must_know_otherwise(stated)
        if self.kinds and stated.kind not in self.kinds:
            raise NotAllowed("kind: the right `state` of this caller is for other kinds; send it as another caller")
        unconfirmed = stated.details.release is not None and stated.details.release.confirmed is False
        if self.sources is not None and not unconfirmed and not policy.lets_state(stated.source, stated.kind):
            raise NotAllowed(
                "kind: the right `state` does not reach it: the policy's `may_state` leaves this kind to other agencies. State it as "
                "`other`, or a release as `details.release.confirmed: false`"
            )

    def must_not_hide(self, alert: Alert) -> None:
        """Refuse an alert that would tell nobody: what it found could be asked for without anybody hearing of it."""
        if alert.history and not self.holds_every_case:
            raise NotAllowed("history: the right `hold_cases`, for all cases, is missing; state it as news, and agencies weigh it")

    def _must_know_otherwise(self, alert: Alert) -> None:
        """Refuse a key of a case file: whether it is known would tell who is on one."""
        if self.holds_every_case:
            return
        entries = [(f"subjects[{n}]", entry) for n, entry in enumerate(alert.subjects)]
        entries += [(f"children[{n}]", entry) for n, entry in enumerate(alert.children)]
        words = "numbers, name and birth of the person; keys of case files are for who holds all cases"
        if faults := [Fault(f"{path}.person.key", words, "key_not_yours") for path, entry in entries if entry.person.key]:
            raise InvalidInput(faults)

    @property
    def holds_every_case(self) -> bool:
        """Whether the caller may see and write every case file."""
        return Right.HOLD_CASES in self.rights and not self.areas

    def holds_case(self, case_id: str) -> bool:
        """Whether the caller may see and write this case file."""
        return Right.HOLD_CASES in self.rights and (not self.areas or case_id.startswith(self.areas))

    @property
    def sight(self) -> AlertSight:
        """What the caller may see of alerts."""
        return AlertSight(
            agencies=(None if self.agency is None else frozenset({self.agency})) if Right.RECEIVE in self.rights else frozenset(),
            sources=self.sources if Right.STATE in self.rights else (),
            areas=(self.areas or None) if Right.HOLD_CASES in self.rights else (),
        )

    def item_sight(self, *, as_agency: bool = False) -> ItemSight:
        """What the caller may see of items: who holds cases sees them as such, unless they ask as an agency."""
        areas = () if as_agency or Right.HOLD_CASES not in self.rights else self.areas or None
        return ItemSight(self.agency if Right.RECEIVE in self.rights else None, areas)


class Callers:
    """The callers of the settings, by the digest of their token: none of them is compared with what a call brings. How long a look takes
    tells nothing, because nobody can choose the digest of what they send; and it takes as long for one caller as for a thousand.
    """

    def __init__(self, configured: Sequence[CallerSettings], policy: Policy) -> None:
        self._case_holder = policy.case_holder
        self._by_digest = {known.token_sha256: self._caller(known) for known in configured}

    @property
    def open(self) -> bool:
        """Nobody is configured: whoever reaches this machine's loopback is let in."""
        return not self._by_digest

    def identify(self, authorization: str, wanted: str | None) -> Caller:
        """Find the caller with this `Authorization`, who wants to act for the `wanted` agency if one is named.

        Raises `WhoAreYou` without a known token, `NotFound` for another agency's data.
        """
        if self.open:
            return Caller("local", wanted, frozenset(Right), None)
        scheme, _, token = authorization.partition(" ")
        known = self._by_digest.get(hashlib.sha256(token.strip().encode()).hexdigest())
        if known is None or scheme.lower() != "bearer":
            raise WhoAreYou("send `Authorization: Bearer` and the token whose SHA-256 stands in ALERTBUS_CALLERS")
        if wanted is not None and wanted != known.agency:
            raise NotFound("nothing of that agency is yours to see")
        return known

    def _caller(self, known: CallerSettings) -> Caller:
        return Caller(
            name=known.name,
            agency=known.agency,
            rights=self._rights(known),
            sources=known.sources or (known.agency,),
            kinds=known.kinds,
            areas=known.areas,
            workers=known.workers,
        )

    def _rights(self, known: CallerSettings) -> frozenset[Right]:
        if known.rights is not None:
            return known.rights
        if known.operations:
            return OPERATORS
        usual = frozenset({Right.STATE, Right.RECEIVE, Right.STAFF})
        holder = known.agency == self._case_holder or known.agency.startswith((f"{self._case_holder}_", f"{self._case_holder}."))
        return usual | {Right.HOLD_CASES} if holder else usual


def _within(source: str, prefix: str) -> bool:
    return source == prefix or source.startswith(f"{prefix}.")
