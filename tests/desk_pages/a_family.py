"""Families in each of their lists, a family as its social worker, its health visitor, its school and probation see it, and its chronology."""

from typing import Any

from alertbus.desk.visitor import Role
from tests.desk_pages import ShownPage
from tests.desk_served import visitor
from tests.family_story import HOLDER, a_family


async def pages(gateway: Any, desk: Any) -> list[ShownPage]:
    story = await a_family(gateway)
    worker = visitor("Jo Goldammer", HOLDER, Role.CASE_HOLDER)
    nurse = visitor("Hanna Visitor", "health_visiting")
    probation = visitor("P. Officer", "probation")
    teacher = visitor("T. Lead", "school", setting="school.124001")
    page = f"/families/{story.case_id}"
    history = f"{page}/chronology"
    return [
        ShownPage("families", "/families", worker, in_main=("Zoë Ashdown",)),
        ShownPage("families overdue", "/families?show=overdue", nurse, in_main=("Zoë Ashdown",)),
        ShownPage("families open", "/families?show=open", nurse),
        ShownPage("no families", "/families", visitor("N. Body", "gp.y99999"), in_main=("No family yet",)),
        ShownPage("family not found", "/families?missing=true", nurse, status=404),
        ShownPage("family of its social worker", page, worker, in_main=("Violent person flag", "Ada Canary")),
        ShownPage("family of its health visitor", page, nurse, in_main=("Violent person flag",)),
        ShownPage("family of a school", page, teacher, in_main=("Duty team",)),
        ShownPage("family of probation", page, probation, in_main=("Duty team",)),
        ShownPage("family of others", page, visitor("N. Body", "gp.y99999"), status=404),
        ShownPage("chronology", history, worker, in_main=("Threat to staff",)),
        ShownPage("chronology of a child", f"{history}?child=3&siblings=true&by=agency", worker, in_main=("About a brother or sister",)),
        ShownPage("chronology with nothing", f"{history}?theme=birth_and_death&child=1", worker, in_main=("Nothing was stated",)),
        ShownPage("chronology with its words", f"{history}/words", worker, form={}, in_main=("where she parks",)),
        ShownPage("chronology of others", history, nurse, status=404),
    ]
