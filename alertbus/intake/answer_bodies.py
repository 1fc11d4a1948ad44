"""What a person may say of an obligation of their agency, and what is wrong with it."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from alertbus.intake.callers import Caller
from alertbus.model.answer_rules import faults_of_deed, faults_of_intent, faults_of_name, faults_of_role
from alertbus.model.base import Word
from alertbus.model.errors import Fault
from alertbus.model.receipt import Intent, Receipt, Stage
from alertbus.model.sensitivity import Sensitivity as S


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
            faults += faults_of_intent(said.intent, said.note, said.by or "", said.to)
        case ActedOn():
            faults += faults_of_deed(said.what, "what")
        case Receipt(stage=Stage.ACTED):
            faults += faults_of_deed(said.note or "", "note")
    return faults


def _faults_of_whom(name: str, role: str | None, caller: Caller) -> Iterator[Fault]:
    unnamed = list(faults_of_name(name))
    yield from unnamed
    if not unnamed and caller.workers and name.strip().casefold() not in {one.casefold() for one in caller.workers}:
        yield Fault("by", "the name of one of this caller's `workers`, as they stand in ALERTBUS_CALLERS", "not_a_worker")
    yield from faults_of_role(role)
