"""The notices that chase the answer to an obligation of the bus's own: a lapse, a briefing, a handover. Pure.

They say what the bus says of its own accord, and nothing of what anybody stated: whoever reads one opens the case.
"""

from alertbus.model.case import Case
from alertbus.model.item import ItemStep
from alertbus.model.name_in_words import recipient_in_words
from alertbus.model.notice import Deed, Notice
from alertbus.policy.policy import Policy
from alertbus.reach.kept import OwnObligation


def own_notice(own: OwnObligation, case: Case, policy: Policy, step: ItemStep, notice_id: str, asked: str) -> Notice:
    """The notice by which a role is told of an obligation of the bus's own in a step; `asked` is who was asked before."""
    owing, agency = own.obligation, policy.agency(own.obligation.agency)
    role = step.role or owing.role
    who = recipient_in_words(owing.agency, role)
    return Notice(
        id=notice_id,
        deed=Deed.ESCALATE,
        obligation=owing.model_copy(update={"role": role}),
        because=f"{own.title} → you, {who}{asked}",
        rule=own.rule,
        step=step,
        sector=agency.sector,
        title=own.title,
        occurred_at=owing.since,
        recorded_at=owing.since,
        summary=own.summary,
        action=own.action,
        contact=case.contact,
        lawful_basis=policy.lawful_basis.get(agency.sector, policy.lawful_basis["default"]),
        policy_version=policy.version,
    )
