"""Who was told of an alert, who was not, and why, as whoever holds cases is shown it: of those they hold, audited first."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from alertbus.audit.chain import AuditedDeed
from alertbus.intake.callers import Caller
from alertbus.intake.intake import Intake
from alertbus.model.alert import Alert
from alertbus.model.rights import Right
from alertbus.operations.explaining import Explainer, Explanation
from alertbus.policy.policy import Policy
from alertbus.sql.database import Database

_MOST_NAMED = 900
"""Cases named in an audit record, which holds a thousand ids at most."""


class ExplanationReader:
    """Explains alerts to callers. Each raises `NotAllowed` for a caller without the right, and what the audit raises."""

    def __init__(self, engine: Database, intake: Intake, policy: Policy, now: Callable[[], datetime]) -> None:
        self._intake, self._explainer = intake, Explainer(engine, policy, now)

    async def of_sent(self, alert_id: str, caller: Caller, *, by: str | None = None) -> Explanation:
        """Explain one that was accepted. `by` is the person who reads. Raises `NotFound`."""
        caller.must(Right.HOLD_CASES)
        found, explanation = await self._explainer.of_sent(alert_id, caller.sight)
        return await self._shown(explanation, caller, found, by=by)

    async def of_unsent(self, alert: Alert, caller: Caller) -> Explanation:
        """Explain who would be told now. Nothing is accepted, and nobody is told."""
        caller.must(Right.HOLD_CASES)
        return await self._shown(await self._explainer.of_unsent(alert), caller)

    async def _shown(self, explanation: Explanation, caller: Caller, *about: str, by: str | None = None) -> Explanation:
        lines = [line for line in explanation.lines if caller.holds_case(line["case"])]
        cases = sorted({line["case"] for line in lines})[:_MOST_NAMED]
        reason = "asked who is told, and why"
        await self._intake.audited.note(AuditedDeed.EXPLANATION_READ, caller, about=[*about, *cases], reason=reason, by=by)
        return replace(explanation, lines=lines)
