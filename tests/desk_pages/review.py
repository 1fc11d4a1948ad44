"""What waits for a person: the list as each who may see it has it, a doubt with its evidence, held words, decided ones, and the way back."""

from typing import Any

from alertbus.desk.visitor import Role
from tests.desk_pages import ShownPage
from tests.desk_served import visitor
from tests.review_story import doubt, held_words, unreadable_message

HOLDER = visitor("Wren Halloway", "childrens_social_care", Role.CASE_HOLDER)
FRONT_DOOR = visitor("Ash Merriweather", "mash", Role.PRACTITIONER)
INTEGRATOR = visitor("Sky Lindqvist", "northants_it", Role.INTEGRATION)


async def pages(gateway: Any, desk: Any) -> list[ShownPage]:
    one, two, asked = await doubt(gateway)
    _, _, settled = await doubt(gateway, born="1986-02-03")
    words = await held_words(gateway)
    await unreadable_message(gateway)
    desk.door.who = HOLDER
    answer = await desk.post(f"/reviews/{settled}/decide", outcome="different")
    assert answer.status_code == 303, answer.text
    await gateway.projected("alertbus.review")
    candidate = (await gateway.http.get(f"/v1/reviews/{asked}")).json()["candidates"][0]["person_id"]
    decide, people = f"/reviews/{asked}/decide", "/reviews/people"
    two_people = {"kind": "merge", "one_case": one, "one_key": "m", "other_case": two, "other_key": "m"}
    return [
        ShownPage("waiting", "/reviews", HOLDER, in_main=("Is this the same person?",)),
        ShownPage("decided", "/reviews?state=decided", HOLDER, in_main=("It is none of them",)),
        ShownPage("of one kind", "/reviews?reason=words_held", HOLDER, in_main=("Words held back",)),
        ShownPage("front door", "/reviews", FRONT_DOOR, in_main=("Is this the same person?",)),
        ShownPage("integration", "/reviews", INTEGRATOR, in_main=("could not be read",)),
        ShownPage("nothing waits", "/reviews", visitor("Rowan Ellery", "police", Role.PRACTITIONER), in_main=("Nothing waits for you",)),
        ShownPage("never asked", "/reviews", visitor("Rowan Ellery", "nspcc", Role.PRACTITIONER), status=403),
        ShownPage("doubt", f"/reviews/{asked}", HOLDER, in_main=("17 Millrace Lane", "Agrees")),
        ShownPage("doubt at the front door", f"/reviews/{asked}", FRONT_DOOR, in_main=("Not shown to you", "Agrees")),
        ShownPage("asked first", decide, HOLDER, form={"outcome": f"same.{candidate}"}, in_main=("The two become one person",)),
        ShownPage("nothing chosen", decide, HOLDER, form={"note": "half a reason"}, status=422, in_main=("half a reason",)),
        ShownPage("taken back", f"/reviews/{settled}", HOLDER, in_main=("Take it back",)),
        ShownPage("held words", f"/reviews/{words}", HOLDER, in_main=("a name",)),
        ShownPage("held words at the front door", f"/reviews/{words}", FRONT_DOOR, in_main=("shown to who holds cases",)),
        ShownPage("no question", "/reviews/none", HOLDER, status=404),
        ShownPage("people", people, HOLDER, in_main=("The first person",)),
        ShownPage("people refused", people, HOLDER, form={"one_case": one}, status=422, in_main=("Choose whether",)),
        ShownPage("people asked first", people, HOLDER, form=two_people, in_main=("Check before it is recorded",)),
        ShownPage("people stated", people, HOLDER, form=two_people | {"confirmed": "yes"}, in_main=("Take it back",)),
    ]
