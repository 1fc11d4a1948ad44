"""What the words of an alert give away that must not reach every case: found when its persons are, and carried with it (NOT-17, NOT-01).

It says of what class something is and where it stands, never what it is: a number or a name that must not reach a family is not written
down a second time.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from alertbus.model.base import Word
from alertbus.model.case import Case, Scope
from alertbus.model.sensitivity import Sensitivity as S


class Clue(StrEnum):
    """What the words give away. Shown to whoever decides about them; values are stable."""

    PERSON = "person"
    """The alert itself is about somebody who stands on another family's case: its words may tell of them without a name."""
    NAME = "name"
    NHS_NUMBER = "nhs_number"
    UPN = "upn"
    ULN = "uln"
    PNC = "pnc"
    CRO = "cro"
    CRN = "crn"
    PRISON_NUMBER = "prison_number"
    POSTCODE = "postcode"
    ADDRESS = "address"
    CALLER = "caller"
    """From which somebody may work out who told, where that must stay unknown."""


class Revealed(Word):
    """One clue at one place of an alert: `narrative[0]`, `details.incident.home_conditions`, `subjects[1]`.

    `person_ids` are those of the people on case files whom it points at, as the directory knew them then: on a case of one of them it gives
    nothing away. Empty for a clue to the caller, which no case may have.
    """

    clue: Annotated[Clue, S.ROUTING]
    where: Annotated[str, S.ROUTING] = Field(max_length=80)
    person_ids: Annotated[tuple[str, ...], S.ROUTING] = ()


def revealed_to(found: Sequence[Revealed], case: Case) -> tuple[Revealed, ...]:
    """Give the clues that must not reach the case: those that are about nobody on it.

    Where only the front door is, which must find out who somebody is, there is no other family to be told: only a caller stays unknown.
    """
    if not found:
        return ()
    here = {person_id for person in case.people for person_id in person.person_ids}
    hub = bool(case.involvements) and all(one.scope is Scope.FRONT_DOOR for one in case.involvements)
    return tuple(one for one in found if here.isdisjoint(one.person_ids) and (one.clue is Clue.CALLER or not hub))
