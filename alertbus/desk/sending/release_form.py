"""The release notice: one release from prison, by whoever the policy lets state one (PRI-01). Pure."""

import re
from collections.abc import Mapping
from typing import Any

from fastapi.datastructures import FormData

from alertbus.desk.sending.form_parts import Fields, ShownPart, day_shown, fields_of, text
from alertbus.desk.sending.release_rows import BY_NAME, COLUMNS, release_of
from alertbus.desk.sending.send_form import Stating
from alertbus.desk.sending.written_days import day_written
from alertbus.desk.visitor import Visitor
from alertbus.model.alert import Alert
from alertbus.policy.policy import Policy

RELEASE_KIND = "prisoner_release"

_FIELDS = re.compile("|".join(one.name for one in COLUMNS))
_YES_NO = {"yes": "Yes", "no": "No"}
_CHANGE = {
    "new": "A release that was not sent before",
    "changed": "It was sent before, and something changed",
    "cancelled": "It was sent before, and will not happen",
}


class ReleaseForm:
    """The form, for prison and probation."""

    name = "release"
    title = "A release from prison"
    hint = "One person and the day. Whoever works with the children they are linked to is told, and reminded as the day comes near."
    template = "send/release.html"
    named_by_content = True
    asks_last = False

    def may(self, visitor: Visitor, policy: Policy) -> bool:
        return policy.lets_state(visitor.at, RELEASE_KIND)

    def fields(self, form: FormData) -> Fields:
        return fields_of(form, _FIELDS)

    def changed(self, typed: Fields, do: str) -> None:
        """Nothing: a release is of one person."""

    def doubts(self, typed: Mapping[str, str]) -> Fields:  # noqa: ARG002  a release has no words that judge
        return {}

    def alert(self, typed: Mapping[str, str], _: Mapping[str, str], stating: Stating) -> Alert:
        """Give the alert. Raises `FormFaults`, by column."""
        return release_of(typed, stating)

    def shown(self, typed: Mapping[str, str], policy: Policy) -> list[ShownPart]:  # noqa: ARG002  as every form has it
        who = [(BY_NAME[name].head, text(typed, name) or "Not given") for name in ("prison_number", "crn", "pnc", "given", "family")]
        who.append(("Date of birth", day_shown(day_written(text(typed, "born"))) or "Not given"))
        what = [
            ("Release date", day_shown(day_written(text(typed, "release_date")))),
            ("Confirmed", _YES_NO.get(text(typed, "confirmed"), "Not stated")),
            ("Licence conditions", text(typed, "conditions") or "Not stated"),
            ("Restraining order", _YES_NO.get(text(typed, "restraining_order"), "Not stated")),
            ("Note", text(typed, "note") or "None"),
            ("New or changed", _CHANGE.get(text(typed, "change") or "new", "")),
        ]
        if text(typed, "recorded_on"):
            what.append(("Changed on", day_shown(day_written(text(typed, "recorded_on")))))
        return [ShownPart("Who is released", tuple(who), "prison_number"), ShownPart("The release", tuple(what), "release_date")]

    def values(self, typed: Mapping[str, str], visitor: Visitor, policy: Policy) -> dict[str, Any]:  # noqa: ARG002  as every form has it
        return {"changes": [(name, words, "") for name, words in _CHANGE.items()]}
