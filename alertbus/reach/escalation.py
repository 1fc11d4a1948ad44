"""Escalation: the notices for the next person at an agency that was not reached, and for whoever holds the case. Pure.

One function serves every reason; today there is one, that a notice could not be delivered. Such a notice never says more than its agency
may see: the next person gets the agency's own notice again, and the case holder learns only which agency and role were not reached.
"""

from collections.abc import Iterator

from alertbus.model import ids
from alertbus.model.notice import Deed, Notice, Obligation
from alertbus.policy.policy import STRANGER, UNKNOWN_SECTOR, Policy

UNCLASSED = "other"
"""The kind of the case holder's notice: the alert's own kind may be one of which the case holder is not told (fail closed)."""


def escalations(notice: Notice, reason: str, policy: Policy) -> Iterator[Notice]:
    """The notices that are owed because this one did not reach anybody, for a `reason` that is free of personal data.

    Ids follow from the obligation, from when it is owed and from who is next: to call it again gives the same notices. An end asks
    nothing, so it has no next person; nor has an agency that is in the policy for the bus's own use, such as the watchdog's. What is an
    escalation already goes one step further along the chain; the case holder is told once, of the first notice.
    """
    known = policy.agency(notice.obligation.agency)
    if notice.deed.ends or (known.sector == UNKNOWN_SECTOR and known is not STRANGER):
        return
    if (role := next_person(notice, policy)) is not None:
        yield _readdressed(notice, role, reason)
    if notice.deed is not Deed.ESCALATE and (holder := holder_told(notice.obligation, reason, policy)) is not None:
        yield holder


def next_person(notice: Notice, policy: Policy) -> str | None:
    """The role after this one in the kind's chain; the first one if this role is not in it; None after the last, or without a chain."""
    chain = policy.kind_rule(notice.obligation.kind).chain if notice.chain is None else notice.chain
    role = notice.obligation.role
    after = chain[chain.index(role) + 1 :] if role in chain else chain
    return after[0] if after else None


def _readdressed(notice: Notice, role: str, reason: str) -> Notice:
    """The agency's own notice for another role there, unaltered: how much an agency may see does not depend on the role."""
    owed = notice.obligation
    return notice.model_copy(
        update={
            "id": ids.escalation_id(owed.id, owed.since.isoformat(), role),
            "deed": Deed.ESCALATE,
            "obligation": owed.model_copy(update={"role": role}),
            "recipient": None,
            "because": f"{notice.because}; not reached: {_words(owed.role)} ({_words(reason)})",
        }
    )


def holder_told(owing: Obligation, reason: str, policy: Policy) -> Notice | None:
    """The case holder's notice that an obligation's own role was not reached; the front door's, where that is the case holder itself, so
    that somebody else knows. It names who was not reached; of the alert it takes over nothing but its severity and its times.
    """
    if (informed := _informed(owing, policy)) is None:
        return None
    agency, missed = policy.agency(informed), f"{_words(owing.agency)} ({_words(owing.role)})"
    obligation_id = ids.not_reached_id(owing.id, informed)
    of_it = {"id": obligation_id, "agency": informed, "role": agency.role, "kind": UNCLASSED, "source": "alertbus", "source_id": owing.id}
    return Notice(
        id=ids.escalation_id(obligation_id, owing.since.isoformat(), agency.role),
        deed=Deed.ESCALATE,
        obligation=owing.model_copy(update=of_it),
        sector=agency.sector,
        title="An agency was not reached",
        because=f"{missed} was not reached ({_words(reason)}) about this case → you, {_words(informed)} ({_words(agency.role)})",
        occurred_at=owing.since,
        recorded_at=owing.since,
        summary=f"A notice to {missed} could not be handed over.",
        action=f"Ring {_words(owing.agency)} now and quote the obligation.",
        lawful_basis=policy.lawful_basis.get(agency.sector, policy.lawful_basis["default"]),
        policy_version=policy.version,
        rule="not_reached",
    )


def _informed(owing: Obligation, policy: Policy) -> str | None:
    holder = policy.case_holder
    if policy.agency(owing.agency) is not policy.agency(holder):
        return holder
    return policy.front_door if policy.front_door != holder else None


def _words(name: str) -> str:
    return name.replace("_", " ")
