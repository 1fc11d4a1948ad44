"""What somebody may see of alerts: what their agency was told, what they stated themselves, and what reached the cases they hold. Pure.

Whoever only stated an alert learns that it was accepted, and nothing by which to tell whether anybody in it is known (DESIGN section 17).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from alertbus.chronicle.answers import AlertStatus


@dataclass(frozen=True, slots=True)
class AlertSight:
    """None stands for all: all agencies, all sources, all cases."""

    agencies: frozenset[str] | None = None
    sources: tuple[str, ...] | None = None
    areas: tuple[str, ...] | None = None
    """How the ids of the cases begin that are held."""

    @property
    def everything(self) -> bool:
        return self.areas is None

    def of_agency(self, agency: str) -> bool:
        return self.agencies is None or agency in self.agencies

    def of_source(self, source: str) -> bool:
        return self.sources is None or any(source == one or source.startswith(f"{one}.") for one in self.sources)

    def of_case(self, case_id: str) -> bool:
        return self.areas is None or case_id.startswith(self.areas)

    def of_alert(self, source: str, told: Iterable[str], cases: Iterable[str]) -> bool:
        """Whether any of the alert may be seen: stated as `source`, told to these agencies, come to these cases."""
        return self.everything or self.of_source(source) or any(map(self.of_agency, told)) or any(map(self.of_case, cases))

    def through(self, status: AlertStatus) -> AlertStatus:
        """The status with what may be seen of it. Why somebody must look at an alert says who is known: that is for who holds all cases."""
        if self.everything:
            return status
        owed = tuple(one for one in status.obligations if self.of_agency(one.agency) or self.of_case(one.case_id))
        seen = {one.case_id for one in owed}
        cases = tuple(case_id for case_id in status.cases if case_id in seen or self.of_case(case_id))
        asked = status.to_complete if self.of_source(status.source) else ()
        return status.model_copy(update={"obligations": owed, "cases": cases, "review": (), "to_complete": asked})
