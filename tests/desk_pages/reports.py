"""The reports as a manager, an auditor and who holds cases see them; of a period with nothing, and of days that are none."""

from typing import Any

from alertbus.desk.visitor import Role
from tests.desk_pages import ShownPage
from tests.desk_served import visitor
from tests.report_story import a_spring

MANAGER = visitor("Jo Goldammer", "childrens_social_care", Role.PRACTITIONER, Role.MANAGER)
HOLDER = visitor("Wren Halloway", "childrens_social_care", Role.CASE_HOLDER)
HEALTH_LEAD = visitor("Ash Merriweather", "health_visiting", Role.PRACTITIONER, Role.SAFEGUARDING_LEAD)
SERGEANT = visitor("Rowan Ellery", "police.northants", Role.MANAGER)
AUDITOR = visitor("Sky Lindqvist", "county", Role.AUDITOR)
OPERATOR = visitor("Lee Marchbanks", "county", Role.OPERATIONS)
NOBODY = visitor("Kanarienvogel Obi", "health_visiting")


async def pages(gateway: Any, desk: Any) -> list[ShownPage]:
    await a_spring(gateway)
    return [
        ShownPage("all of them", "/reports", MANAGER, in_main=("Strategy meetings", "Deliveries")),
        ShownPage("a health visitor's lead", "/reports", HEALTH_LEAD, in_main=("Deliveries",)),
        ShownPage("notices by team", "/reports/ppn", MANAGER, in_main=("North", "South", "How many")),
        ShownPage("meetings by team", "/reports/meetings", MANAGER, in_main=("North", "workload")),
        ShownPage("conferences", "/reports/conferences", MANAGER, in_main=("child in need",)),
        ShownPage("deliveries of one agency", "/reports/deliveries", HEALTH_LEAD, in_main=("Health visiting",)),
        ShownPage("each of them", "/reports/ppn", HOLDER, in_main=("spring-0",)),
        ShownPage("numbers for an auditor", "/reports/ppn", AUDITOR, in_main=("fewer than 8",)),
        ShownPage("deliveries for operations", "/reports/deliveries", OPERATOR, in_main=("Health visiting",)),
        ShownPage("nothing", "/reports/ppn?from=2024-01-01&to=2024-01-31", MANAGER, in_main=("Nothing of the kind",)),
        ShownPage("no day", "/reports/ppn?from=tomorrow", MANAGER, status=422, in_main=("Give a day",)),
        ShownPage("wrong way round", "/reports/ppn?from=2026-02-01&to=2026-01-01", MANAGER, status=422, in_main=("must not be after",)),
        ShownPage("no such report", "/reports/workers", MANAGER, status=404),
        ShownPage("another agency's", "/reports/meetings", HEALTH_LEAD, status=404),
        ShownPage("none for a practitioner", "/reports", NOBODY, status=403),
    ]
