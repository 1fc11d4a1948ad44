"""A kind of its own: unscheduled care looked up a child on the Child Protection - Information Sharing service (CP-IS).

CP-IS tells the local authority of each such access (REPC_MT000004GB01): somewhere, today, the child is being seen. It says where
and in what sort of care, and not why.
"""

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from alertbus.plugin import AlertKind, DetailsSection, Sensitivity


class CpisAccess(DetailsSection):
    """What CP-IS says of an access. None: not stated."""

    care: Annotated[
        Literal["emergency_department", "minor_injuries", "walk_in", "out_of_hours_gp", "ambulance", "maternity", "paediatrics"] | None,
        Sensitivity.OBSERVATION,
    ] = None
    ods: Annotated[str | None, Sensitivity.OBSERVATION] = Field(None, pattern=r"^[A-Z0-9]{3,10}$")
    plan: Annotated[Literal["child_protection_plan", "looked_after", "unborn_child_protection_plan"] | None, Sensitivity.PLAN] = None
    accessed_on: Annotated[dt.date | None, Sensitivity.OBSERVATION] = None


CPIS_ACCESSED = AlertKind(
    name="cpis_accessed",
    section="cpis",
    details=CpisAccess,
    may_state=("health", "ambulance"),
    rule={
        "title": "Child seen in unscheduled care",
        "audience": ["case_agencies"],
        "stands": {"days": 0},
        "respond_within": {"working_days": 1},
        "chain": ["team_manager"],
        "narrative": "observation",
        "summary": "Unscheduled care looked up a child of this family on the child protection register. Why it was seen is not said.",
        "action": "Social care: ring the place that saw the child. Others: ask at your next contact.",
        "cite": ["STANDARDS 3.1", "CP-IS REPC_MT000004GB01", "1 working day is ours"],
    },
)
