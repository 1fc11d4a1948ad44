"""An adapter that keeps every rule. A bad one is this one with one fault."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from alertbus.plugin import Message, Notice, NoticePerson
from alertbus.plugin.briefed import briefing_lines
from alertbus.plugin.wording import excerpt_fields, how_sure, incident_facts, tells_of_release


class Pages:
    """A notice as JSON in reading order: `page` says what, `message` sends it."""

    name = "northfield"
    sector = "northfield"
    contract = 1
    formats: Sequence[str] = ("application/json",)

    def render(self, notice: Notice) -> Message:
        return self.message(notice, self.page(notice))

    def message(self, notice: Notice, page: dict[str, Any]) -> Message:
        return Message(media_type="application/json", body=json.dumps(page).encode(), filename=f"{notice.id}.json")

    def page(self, notice: Notice) -> dict[str, Any]:
        fields = {
            "flag": notice.flag,
            "exercise": notice.obligation.exercise,
            "do_not_reveal_source": notice.do_not_reveal_source or None,
            "title": notice.title,
            "deed": notice.deed.value,
            "action": notice.action,
            "summary": notice.summary,
            "because": notice.because,
            "release": how_sure(notice) if tells_of_release(notice) else None,
            "incident": incident_facts(notice),
            "narrative": self.narrative(notice),
            "people": [self.person(person) for person in (*notice.children, *notice.people)],
            "briefing": briefing_lines(notice) if notice.briefing else None,
            "withheld": notice.withheld,
        }
        return {name: value for name, value in fields.items() if value}

    def narrative(self, notice: Notice) -> Iterable[dict[str, Any]]:
        return [excerpt_fields(excerpt) for excerpt in notice.narrative]

    def person(self, person: NoticePerson) -> dict[str, Any]:
        return {
            "ref": person.ref,
            "called": person.label or (person.name.full if person.name else ""),
            "relation": person.relation,
            "certainty": person.certainty,
            "died": person.died and person.died.isoformat(),
            "addresses": [", ".join(address.lines) for address in person.addresses],
        }
