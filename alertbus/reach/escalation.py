"""The notice for whoever holds the case that an agency was not reached. Pure.

It never says more than its reader may see: which agency and which role were not reached, and nothing of what they were to be told. Who is
told next at the agency itself is a step like any other (`steps`).
"""

from alertbus.model import ids
from alertbus.model.name_in_words import name_in_words, recipient_in_words
from alertbus.model.notice import Deed, Notice, Obligation
from alertbus.policy.policy import Policy

UNCLASSED = "other"
"""The kind of the case holder's notice: the alert's own kind may be one of which the case holder is not told (fail closed)."""


def holder_told(owing: Obligation, reason: str, policy: Policy) -> Notice | None:
    """The case holder's notice that an obligation's own role was not reached; the front door's, where that is the case holder itself, so
    that somebody else knows. It names who was not reached; of the alert it takes over nothing but its severity and its times.
    """
    if (informed := _informed(owing, policy)) is None:
        return None
    agency, missed = policy.agency(informed), recipient_in_words(owing.agency, owing.role)
    obligation_id = ids.not_reached_id(owing.id, informed)
    of_it = {"id": obligation_id, "agency": informed, "role": agency.role, "kind": UNCLASSED, "source": "alertbus", "source_id": owing.id}
    return Notice(
        id=ids.escalation_id(obligation_id, owing.since.isoformat(), agency.role),
        deed=Deed.ESCALATE,
        obligation=owing.model_copy(update=of_it),
        sector=agency.sector,
        title="An agency was not reached",
        because=f"{missed} was not reached ({name_in_words(reason)}) about this case → you, {recipient_in_words(informed, agency.role)}",
        occurred_at=owing.since,
        recorded_at=owing.since,
        summary=f"A notice to {missed} could not be handed over.",
        action=f"Ring {name_in_words(owing.agency)} now and quote the obligation.",
        lawful_basis=policy.lawful_basis.get(agency.sector, policy.lawful_basis["default"]),
        policy_version=policy.version,
        rule="not_reached",
    )


def _informed(owing: Obligation, policy: Policy) -> str | None:
    holder = policy.case_holder
    if policy.agency(owing.agency) is not policy.agency(holder):
        return holder
    return policy.front_door if policy.front_door != holder else None
