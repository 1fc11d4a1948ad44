"""Which notices warn of a scene, with which of BaRS's codes, and at which doors."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from alertbus.plugin import Address, Notice, Severity
from alertbus.plugin.wording import exercise_mark, section

CATEGORIES = "https://fhir.nhs.uk/CodeSystem/flag-categories-bars"
SCENE_SAFETY = "SS"
CODES = "https://fhir.nhs.uk/CodeSystem/scene-safety-codes-bars"


class Scene(StrEnum):
    """BaRS's scene safety codes. `SAFE` is read and never written: no agency states it of a door."""

    SAFE = "S"
    UNSAFE = "U"
    UNKNOWN = "UNK"

    @property
    def display(self) -> str:
        return {"S": "The Scene is safe", "U": "The Scene is unsafe", "UNK": "Unknown"}[self.value]


_THREATS = frozenset({"violent_person_flag", "threat_to_staff", "risk_to_staff"})
_AT_LIBERTY = frozenset({"prisoner_release", "prisoner_recall", "unlawfully_at_large"})
"""Kinds that say where a prisoner is: nobody has said that a scene is unsafe, and nobody knows that it is safe. A recall ends it."""

ENDED_BY_A_PERSON = _THREATS | {"unlawfully_at_large"}
"""Kinds whose Flag no date ends: it stands until the agency that stated it says that it does not (NOT-23)."""

ANY_DOOR = "no door known"


@dataclass(frozen=True, slots=True)
class Door:
    """An address at which crews are warned. `whose` and `number` stay when the address changes."""

    whose: str
    number: int
    address: Address | None


def scene_of(notice: Notice) -> Scene | None:
    """Choose the code; None for a kind that says nothing of a scene. Abusive words alone make no scene unsafe (VPF-08)."""
    kind = notice.obligation.kind
    if kind in _THREATS:
        grave = notice.obligation.severity is not Severity.LOW and section(notice, "flag").get("grade") != "abuse"
        return Scene.UNSAFE if grave else Scene.UNKNOWN
    return Scene.UNKNOWN if kind in _AT_LIBERTY else None


def doors(notice: Notice) -> list[Door]:
    """Every door that the notice knows, each once: the children's first. Those at home are warned of somebody at liberty, so that person's
    own address is none. Of something that ends there is always one, so that the end is told though no address is.
    """
    others = [p for p in notice.people if not (notice.obligation.kind in _AT_LIBERTY and p.role == "subject")]
    found: dict[str, Door] = {}
    for person in (*notice.children, *others):
        for number, address in enumerate(person.addresses):
            if address.uprn or address.lines or address.postcode:
                found.setdefault(address.model_dump_json(), Door(person.ref, number, address))
    return [*found.values()]


def reason(notice: Notice) -> str:
    """Say why, in words that the notice gives this sector: BaRS asks for them beside an unsafe scene."""
    return exercise_mark(notice) + next(_reasons(notice))


def _reasons(notice: Notice) -> Iterator[str]:
    yield from (words for words in (notice.flag, notice.summary, notice.title) if words)
    yield "Not stated"
