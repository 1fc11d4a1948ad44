"""What a form of this room is, and what it is given: who states, under which reference, and what the intake would refuse."""

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol

from fastapi.datastructures import FormData
from pydantic import ValidationError

from alertbus.desk.sending.form_parts import Fields, FormFaults, ShownPart
from alertbus.desk.visitor import Visitor
from alertbus.model.alert import Alert
from alertbus.model.errors import Fault
from alertbus.model.validation import faults_of
from alertbus.policy.policy import Policy
from alertbus.policy.within import Within

NO_FAULTS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Stating:
    """What an alert needs beside what was typed."""

    visitor: Visitor
    policy: Policy
    now: datetime
    written_at: datetime
    """When the form was finished: it stays, however often the form is sent."""
    reference: str
    refused: Callable[[Alert], Sequence[Fault]]
    """What the intake would refuse of it."""
    name_of: Callable[..., str]
    """`DraftSeal.name_of`."""

    def alert(self, stated: Mapping[str, Any], at: Callable[[Iterable[Fault]], Fields], faults: Mapping[str, str] = NO_FAULTS) -> Alert:
        """Make the alert of what was typed. `faults` are those that the form has found itself, `at` gives the bus's own by field.

        Raises `FormFaults` with all of them.
        """
        try:
            alert = Alert.model_validate(stated)
        except ValidationError as error:
            raise FormFaults(at(faults_of(error, stated)) | dict(faults)) from None
        if faults:
            raise FormFaults(faults)
        if found := self.refused(alert):
            raise FormFaults(at(found))
        return alert


class SendForm(Protocol):
    """A form: from what was typed to an alert, and what the pages show of it."""

    name: str
    """The word in its address and in the drafts."""
    title: str
    hint: str
    """What it is for, in a sentence for whoever looks for the right one."""
    template: str
    named_by_content: bool
    """Its alert has one name by what is stated, whoever states it and when: what is known already is not sent again."""
    asks_last: bool
    """It asks something on the last page, which is kept nowhere."""

    def may(self, visitor: Visitor, policy: Policy) -> bool: ...
    def fields(self, form: FormData) -> Fields: ...
    def changed(self, typed: Fields, do: str) -> tuple[Fields, str] | None: ...
    def doubts(self, typed: Mapping[str, str]) -> Fields: ...
    def alert(self, typed: Mapping[str, str], last: Mapping[str, str], stating: Stating) -> Alert: ...
    def shown(self, typed: Mapping[str, str], policy: Policy) -> list[ShownPart]: ...
    def values(self, typed: Mapping[str, str], visitor: Visitor, policy: Policy) -> dict[str, Any]: ...


def reference_of(draft_id: str) -> str:
    """The number under which a form is sent, the same each time: short enough to be read out on the telephone, with no letter that
    looks like a figure. It has sixty bits by chance.
    """
    digits = base64.b32encode(hashlib.sha256(draft_id.encode()).digest()[:10]).decode().translate(_PLAIN)[:12]
    return "-".join(digits[n : n + 4] for n in range(0, 12, 4))


_PLAIN = str.maketrans("ILOU", "1890")


def kind_hint(policy: Policy, kind: str) -> str:
    """How soon the policy wants an answer."""
    return f"The agencies are asked to answer within {span_of(policy.kind_rule(kind).respond_within)}."


def span_of(within: Within) -> str:
    """`8 hours`, `1 working day`, `the same day`."""
    number, unit = next((value, name) for name, value in within if value is not None)
    if number == 0:
        return "the same day"
    words = unit.replace("_", " ")
    return f"{number} {words.removesuffix('s') if number == 1 else words}"
