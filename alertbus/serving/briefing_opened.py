"""A newcomer's briefings on a case, as whoever opens them may see them: audited first, then shown (VPF-11, TUR-02, INT-09)."""

from datetime import datetime

from alertbus.audit.chain import AuditedDeed
from alertbus.chronicle.briefings_given import BriefingsGiven, briefings_given
from alertbus.intake.callers import Caller
from alertbus.intake.intake import Intake
from alertbus.model.errors import NotFound

NO_BRIEFING = "no briefing of this agency on such a case"


async def briefings_opened(
    intake: Intake, caller: Caller, case_id: str, *, worker: str | None = None, now: datetime, by: str | None = None
) -> BriefingsGiven:
    """Give what the caller's agency was given on the case, the latest first, and what came before. `by` is the person who reads.

    Raises `NotFound` for any other agency, for one that has left the case and for a caller without an agency, whether or not there is such
    a case; `BrokerUnavailable` or `DatabaseUnavailable` where the audit cannot be written.
    """
    if caller.agency is None:
        raise NotFound(NO_BRIEFING)
    found = await briefings_given(intake.engine, intake.policy, caller.agency, case_id, worker=worker, now=now)
    await intake.audited.note(AuditedDeed.BRIEFING_READ, caller, about=[case_id], reason="read its briefings on the case", by=by)
    return found
