"""From what is owed to the notice itself, with what must be read first and who answers for it. Pure."""

from alertbus.model.case import Case, Involvement, Level
from alertbus.model.notice import Notice
from alertbus.policy.minimise import build_notice
from alertbus.policy.policy import Policy
from alertbus.reach.case import CaseState
from alertbus.reach.held import Owed
from alertbus.reach.join import ALWAYS, NEVER, decide


def notice_for(owed: Owed, before: CaseState, after: CaseState, policy: Policy) -> Notice:
    """The notice for one obligation, as its agency may see it.

    What is taken back because the case changed may be about somebody who is no longer on it: such a notice is built from the case before.
    """
    assert owed.decision.exposure is not None
    still_there = after.case is not None and any(p.key == owed.decision.exposure.link.person for p in after.case.people)
    state = after if still_there else before
    assert state.case is not None
    policy = policy.under(state.case.routing)
    involvement = owed.decision.involvement
    return build_notice(
        owed.notice_id,
        owed.deed,
        owed.obligation,
        owed.statement,
        state.case,
        policy,
        link=owed.decision.exposure.link,
        ruling=owed.decision.ruling,
        since=involvement.from_ if involvement else None,
        flag=_flag(owed, state, policy),
        recipient=_recipient(owed, state.case),
    )


def _flag(owed: Owed, state: CaseState, policy: Policy) -> str | None:
    """The line that comes first while a flag or threat stands on this case, for every agency that is told of it (VPF-06, VPF-12)."""
    assert state.case is not None
    own = policy.kind_rule(owed.obligation.kind)
    if own.flag:
        return f"{own.title.upper()}: {own.action}"
    for held in state.alerts.values():
        rule = policy.kind_rule(held.statements[0].alert.kind)
        if rule.flag and held.stands_at(owed.at, rule):
            latest = held.said[-1]
            told = (d for d in decide(latest, state.case, policy) if d.agency == owed.obligation.agency and d.told)
            if any(d.since is not None and d.since <= owed.at for d in told):
                return f"{rule.title.upper()}: {rule.action}"
    return None


def _recipient(owed: Owed, case: Case) -> str | None:
    """The worker, or for a manager's obligation the manager, whom the case names for the agency at that time; the latest to start."""
    level = Level.MANAGER if "manager" in owed.obligation.role else Level.WORKER
    named = [i for i in case.involvements if i.agency == owed.obligation.agency and i.level is level and i.worker and _holds(i, owed)]
    return max(named, key=lambda i: (i.since or ALWAYS, i.worker or "")).worker if named else None


def _holds(involvement: Involvement, owed: Owed) -> bool:
    """Spells without any date say that somebody was there once, not when: they name nobody."""
    if involvement.from_ is None and involvement.to is None:
        return False
    return (involvement.since or ALWAYS) <= owed.at <= (involvement.until or NEVER)
