"""Reading a sender's JSON: every fault at once, each with its path, none with a value. For forms that a plugin's author designs."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, NoReturn, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from alertbus.model.errors import Fault
from alertbus.model.identifiers import Identifier, IdentifierSystem, canonical
from alertbus.model.person import Address, Name, Person
from alertbus.model.receipt import Intent, Stage
from alertbus.model.validation import faults_of, join, path_of
from alertbus.plugin.protocols import ReceiptGiven, UnreadableMessage
from alertbus.plugin.receipt_rules import SAID_BY_SYSTEMS, faults_of_receipt
from alertbus.plugin.schema import document

WHOLE = "$"
"""Path of the message itself."""

_MOST_FAULTS = 100


class Form(BaseModel):
    """A part of a sender's form: strict, closed to unknown fields, silent about the values it refuses."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


def read_json(raw: bytes, path: str = WHOLE) -> object:
    """Parse JSON text, or raise `UnreadableMessage` without quoting it: Python's own error keeps the whole document.

    An object that has one name twice is refused: each of the two values would be somebody's, and one of them would be lost in silence.
    """
    try:
        return json.loads(raw, parse_constant=_no_such_number, object_pairs_hook=_each_name_once)
    except (ValueError, RecursionError):
        pass  # raised below, outside the handler, so that the parser's error is not chained to ours
    raise UnreadableMessage(Fault(path, "JSON text in UTF-8, with each name of an object once", "not_json"))


F = TypeVar("F", bound=Form)


def read_form(model: type[F], raw: bytes) -> F:
    """Read one form, or raise `UnreadableMessage` with every fault in it."""
    value = read_json(raw)
    if not isinstance(value, dict):
        raise UnreadableMessage(Fault(WHOLE, "a JSON object", "not_an_object"))
    faults: list[Fault]
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        faults = faults_of(error, value)[:_MOST_FAULTS]
    raise UnreadableMessage(*(Fault(fault.path or WHOLE, fault.expected, fault.code) for fault in faults))


def refusal_of(error: ValidationError, path: str = WHOLE) -> UnreadableMessage:
    """Give the refusal that says what a model has found wrong with what a source makes of a message: every fault, behind the path of the
    part that it came from, and no value. Raise it with `from None`.
    """
    return UnreadableMessage(*(Fault(f"{path}, {fault.path}".removesuffix(", "), fault.expected, fault.code) for fault in faults_of(error)))


def fields(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every object key in a JSON value with its path, at any depth."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            where = join(path, path_of((str(key),)))
            yield str(key), where
            yield from fields(inner, where)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from fields(inner, f"{path}[{index}]")


class AddressOnForm(Form):
    """An address as a form has it. All of it is optional."""

    uprn: str | None = Field(default=None, pattern=r"^[0-9]{1,12}$")
    lines: list[Annotated[str, Field(min_length=1, max_length=120)]] = Field(default=[], max_length=6)
    postcode: str | None = Field(default=None, min_length=2, max_length=10)

    def address(self) -> Address:
        """Give it as an alert states it."""
        return Address(uprn=self.uprn, lines=tuple(self.lines), postcode=self.postcode)


def _an(system: IdentifierSystem) -> AfterValidator:
    return AfterValidator(lambda value: canonical(system, value)[1])


class PersonOnForm(Form):
    """Somebody as a form names them. All of it is optional, but something must be there to know them by."""

    given: str | None = Field(default=None, min_length=1, max_length=200)
    family: str | None = Field(default=None, min_length=1, max_length=200)
    description: str | None = Field(default=None, min_length=1, max_length=200)
    """What to call somebody whose name is not known: "the baby", "her new partner"."""
    born: date | None = Field(default=None, ge=date(1900, 1, 1))
    nhs_number: Annotated[str, _an(IdentifierSystem.NHS_NUMBER)] | None = None
    upn: Annotated[str, _an(IdentifierSystem.UPN)] | None = None
    address: AddressOnForm | None = None

    @model_validator(mode="after")
    def _known_by_something(self) -> Self:
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise ValueError("expected at least one field: a person must be known by something")
        return self

    def person(self) -> Person:
        """Give it as an alert states it."""
        known = {IdentifierSystem.NHS_NUMBER: self.nhs_number, IdentifierSystem.UPN: self.upn}
        return Person(
            label=self.description,
            name=Name(given=self.given, family=self.family) if self.given or self.family else None,
            born=self.born,
            identifiers=tuple(Identifier(system=system, value=value) for system, value in known.items() if value),
            addresses=(self.address.address(),) if self.address else (),
        )


class AnswerOnForm(Form):
    """What a system says of a notice, where its agency has no form of its own: how far it came, and who answered (`POST /v1/receipts/...`).

    Who answers, or has acted, is named; what was done, or why it is not theirs, stands in `note`.
    """

    notice: str = Field(min_length=1, max_length=200)
    """The id of the notice that is answered."""
    stage: Annotated[Stage, Field(strict=False)]
    by: str | None = Field(default=None, min_length=1, max_length=120)
    role: str | None = Field(default=None, min_length=1, max_length=120)
    intent: Annotated[Intent | None, Field(strict=False)] = None
    note: str | None = Field(default=None, min_length=1, max_length=2000)
    to: str | None = Field(default=None, min_length=1, max_length=120)
    """To whom it is passed on."""

    @model_validator(mode="after")
    def _a_system_can_say_it(self) -> Self:
        if self.stage not in SAID_BY_SYSTEMS:
            raise ValueError(f"expected in `stage` one of {', '.join(SAID_BY_SYSTEMS)}")
        if self.stage is Stage.ACKNOWLEDGED and not (self.by and self.intent):
            raise ValueError("expected `by` and `intent`: an acknowledgement names who gives it, and what they will do")
        if self.stage is Stage.ACTED and not (self.by and self.note):
            raise ValueError("expected `by` and `note`: who has acted, and what was done")
        if self.intent is Intent.NOT_OURS and not self.note:
            raise ValueError("expected `note`: why it is not theirs")
        return self


_NOT_TAKEN = frozenset({Stage.REFUSED, Stage.FAILED})
_CODE = re.compile(r"[A-Z0-9_.-]{1,40}")


def _is_code(note: str | None) -> bool:
    return note is not None and _CODE.fullmatch(note) is not None


def read_answer(raw: bytes) -> ReceiptGiven:
    """Read an `AnswerOnForm`, or raise `UnreadableMessage`: all that `parse_receipt` has to do for a system that answers in it.

    Of a message that it did not take only a code (`E12`, `NO_SUCH_PERSON`) is kept: a sentence may quote the message.
    """
    answer = read_form(AnswerOnForm, raw)
    given = ReceiptGiven(
        idempotency_key=answer.notice,
        stage=answer.stage,
        by=answer.by,
        role=answer.role,
        intent=answer.intent,
        note=answer.note if answer.stage not in _NOT_TAKEN or _is_code(answer.note) else None,
        to=answer.to,
    )
    if faults := faults_of_receipt(given):
        raise UnreadableMessage(*faults)
    return given


def _no_such_number(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def schema_of(form: type[Form], name: str) -> dict[str, Any]:
    """Make the JSON Schema (2020-12) of a form, published as `schemas/<name>.json`."""
    return document(name, form.model_json_schema(mode="validation"))
