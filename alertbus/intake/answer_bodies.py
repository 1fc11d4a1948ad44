"""What a person may say of an obligation of their agency, and what is wrong with it."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from alertbus.intake.callers import Caller
from alertbus.model.base import Word
from alertbus.model.errors import Fault
from alertbus.model.receipt import Intent, Receipt, Stage
from alertbus.model.sensitivity import Sensitivity as S

_SHORTEST = 2
"""Characters of a name, as the audit record has it, and of what was done."""


class Acknowledgement(Word):
    """A named person's answer to an obligation of their agency: what they will do about it."""

    by: Annotated[str, S.ROUTING] = Field(min_length=1, max_length=120)
    role: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=120)
    intent: Annotated[Intent, S.ROUTING]
    note: Annotated[str | None, S.OBSERVATION] = Field(default=None, max_length=2000)
    to: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=120)
    """With `passing_on`, and only then: the person to whom it goes. It waits for its answer until somebody acts."""


class ActedOn(Word):
    """A named person says what was done about an obligation of their agency (PPN-02)."""

    by: Annotated[str, S.ROUTING] = Field(min_length=1, max_length=120)
    role: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=120)
    what: Annotated[str, S.OBSERVATION] = Field(min_length=1, max_length=2000)


class AnswerTakenBack(Word):
    """A named person takes an answer of their agency back."""

    by: Annotated[str, S.ROUTING] = Field(min_length=1, max_length=120)
    role: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=120)
    note: Annotated[str | None, S.OBSERVATION] = Field(default=None, max_length=2000)


def faults_of_answer(said: Acknowledgement | ActedOn | AnswerTakenBack | Receipt, caller: Caller) -> list[Fault]:
    """Every fault that an answer's form alone does not show: who may not be named through this caller, and what is left unsaid."""
    faults = list(_faults_of_whom(said.by or "", said.role, caller))
    match said:
        case Acknowledgement() | Receipt(stage=Stage.ACKNOWLEDGED):
            faults += _faults_of_intent(said.intent, said.note, said.by or "", said.to)
        case ActedOn():
            faults += _faults_of_what(said.what)
        case Receipt(stage=Stage.ACTED):
            faults += _faults_of_what(said.note or "")
    return faults


def _faults_of_whom(name: str, role: str | None, caller: Caller) -> Iterator[Fault]:
    name = name.strip()
    if len(name) < _SHORTEST or not name.isprintable():
        yield Fault("by", "the name of the person who acknowledges, on one line", "missing")
    elif caller.workers and name.casefold() not in {one.casefold() for one in caller.workers}:
        yield Fault("by", "the name of one of this caller's `workers`, as they stand in ALERTBUS_CALLERS", "not_a_worker")
    if role is not None and not role.isprintable():
        yield Fault("role", "a role, on one line", "control_character")


def _faults_of_intent(intent: Intent | None, note: str | None, by: str, to: str | None) -> Iterator[Fault]:
    if intent is Intent.NOT_OURS and not (note or "").strip():
        yield Fault("note", "the reason why it is not yours", "missing")
    if intent is not Intent.PASSING_ON and to is not None:
        yield Fault("to", "nothing: a person is named here where the intent is `passing_on`, and only then", "not_passed_on")
    if intent is not Intent.PASSING_ON:
        return
    name = (to or "").strip()
    if len(name) < _SHORTEST or not name.isprintable():
        yield Fault("to", "the name of the person to whom it is passed on, on one line: a team or a role does not answer", "missing")
    elif name.casefold() == by.strip().casefold():
        yield Fault("to", "somebody else's name; who keeps it answers `acting`", "same_person")


def _faults_of_what(what: str) -> Iterator[Fault]:
    if len(what.strip()) < _SHORTEST:
        yield Fault("what", "what was done, in a few words", "missing")
