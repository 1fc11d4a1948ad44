"""A newcomer's briefing: hers, a colleague's sight of it, and what is there for nobody else."""

from typing import Any

from tests.desk_newcomer_story import AGENCY, MIDWIFE, a_newcomer
from tests.desk_pages import ShownPage
from tests.desk_served import visitor


async def pages(gateway: Any, desk: Any) -> list[ShownPage]:
    case_id, given = await a_newcomer(gateway)
    hers = visitor(MIDWIFE, AGENCY)
    path = f"/briefings/{case_id}"
    return [
        ShownPage("briefing", path, hers, in_main=("Violent person flag", "Mia Ashdown")),
        ShownPage("a colleague's", f"{path}?of={given.obligation.id}", visitor("Jo Goldammer", AGENCY), in_main=(f"It is for {MIDWIFE}",)),
        ShownPage("her inbox", "/inbox?show=mine", hers, in_main=("Read the briefing",)),
        ShownPage("nothing", path, visitor("Jo Goldammer", "court"), status=404),
    ]
