"""Reads the first five of those who were there, whoever else was."""

import json
from typing import Any

from alertbus.plugin import Alert, Name, Person, Stated, Subject
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "reads-all-of-many-or-refuses-them"


class FirstPersonsOnly(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        (alert,) = super().stated(call)
        assert isinstance(alert, Alert)
        there = call.get("present", [])
        assert isinstance(there, list)
        seen = tuple(Subject(role="present", person=Person(name=Name(given=one["given"], family=one["family"]))) for one in there)
        return [alert.model_copy(update={"subjects": (*alert.subjects, *seen[:5])})]


source = FirstPersonsOnly()
samples = (
    json.dumps({**json.loads(CALL), "present": [{"given": "Orsolya", "family": "Fennimore"}]}).encode(),
    ENQUIRY,
)
