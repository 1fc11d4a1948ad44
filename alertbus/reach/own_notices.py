"""The notices of obligations that the bus made itself: the first, and those that chase its answer. Pure.

They say what the bus says of its own accord, and nothing of what anybody stated: whoever reads one opens the case.
"""

from alertbus.model import ids
from alertbus.model.case import Case
from alertbus.model.item import ItemStep
from alertbus.model.notice import Deed, Notice
from alertbus.policy.policy import Policy
from alertbus.reach.kept import OwnObligation


def own_notice(own: OwnObligation, case: Case, policy: Policy, *, told: tuple[ItemStep, str, str] | None = None) -> Notice:
    """The notice of an obligation of the bus's own: the first one, or the one `told` to a role by a step, with the notice's id and with who
    was asked before.
    """
    owing, agency = own.obligation, policy.agency(own.obligation.agency)
    step, notice_id, asked = told if told is not None else (None, ids.notice_id(owing.id, own.rule), "")
    role = step.role if step is not None and step.role is not None else owing.role
    who = f"{owing.agency} ({role})".replace("_", " ")
    return Notice(
        id=notice_id,
        deed=Deed.DELIVER if step is None else Deed.ESCALATE,
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
