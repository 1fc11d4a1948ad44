"""A team as its people and its manager see it, its forms as they begin and as they come back, and what was answered meanwhile."""

from typing import Any

from alertbus.desk.team_forms import FORMS
from alertbus.desk.visitor import Role
from alertbus.model.team import worker_ref
from tests.contract.test_http import fresh
from tests.desk_pages import ShownPage
from tests.desk_served import visitor
from tests.desk_team_story import ADA, JO, LEE, a_team


async def pages(gateway: Any, desk: Any) -> list[ShownPage]:
    absences = [{"who": ADA, "from": "2026-11-20", "cover": JO}]
    story = await a_team(gateway, absences=absences, duty=[{"who": JO, "from": "2026-11-23"}], deputy=LEE)
    manager, path = story.manager, f"/team/{story.team_id}"
    nobody = visitor(LEE, fresh("gp_"), Role.MANAGER)
    return [
        ShownPage("team", "/team", story.who(JO), in_main=(f"{JO} covers",)),
        ShownPage("manager", "/team", manager, in_main=("Waiting for nobody", "Ask the next person now")),
        ShownPage("recorded", "/team?changed=absence", manager, in_main=("The absence is on record",)),
        ShownPage("no team", "/team", nobody, in_main=("No team is recorded",)),
        ShownPage("new", "/team/new", nobody, in_main=("You stand in it as its manager",)),
        ShownPage("new refused", "/team/new", nobody, form={"name": ""}, status=422, in_main=("Enter a name for the team",)),
        *(ShownPage(word, f"{path}/{word}", manager, in_main=(form.title,)) for word, form in FORMS.items()),
        *(ShownPage(f"{word} refused", f"{path}/{word}", manager, form={"version": "1"}, status=422) for word in FORMS if word != "deputy"),
        ShownPage(
            "conflict", f"{path}/deputy", manager, form={"version": "7", "deputy": JO}, status=409, in_main=("has changed this team",)
        ),
        ShownPage("ended twice", f"{path}/back", manager, form={"key": "none"}, status=409, in_main=("The team has changed",)),
        ShownPage("nobody left", f"/team/items/{story.unowned.obligation.id}/ask-next", manager, form={}, status=422),
        ShownPage("returned", f"/team/returned/{worker_ref(story.agency, ADA)}", story.who(ADA), in_main=("while you were away",)),
        ShownPage("not theirs", f"{path}/absence", nobody, status=404),
    ]
