"""What a police notice leaves unsaid (INT-04, PPN-14, LNK-11; STANDARDS section 5), and any alert that only judges (VOI-08), in words that
its sender can act on. Pure.

A gap holds nothing up: the notice is told meanwhile, and its receivers read what nobody has stated. The officer who sent it is asked to
state it, by an amendment. Whether somebody is known to the bus changes nothing here, so the answer tells a sender of nobody.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated

from alertbus.model.alert import Action, Alert, SaidBy
from alertbus.model.base import Word
from alertbus.model.incident import Incident
from alertbus.model.label_words import asked_of, only_labels
from alertbus.model.sensitivity import Sensitivity as S

PPN = "ppn"
"""The kind of a Public Protection Notice: the one that must say all of this."""

ASKED: Mapping[str, str] = MappingProxyType(
    {
        "children": "Name every child in the household or linked to it, whether or not they were at the scene.",
        "parental_responsibility": "Ask and record who holds parental responsibility for each child.",
        "adults_present": "List every adult who was there, guests included.",
        "person_sought": "If you came to look for somebody, record who, even if they were not found.",
        "child_saw_or_said": "Record what each child saw, heard and said, in the child's own words.",
        "home_conditions": "Describe the rooms the children use: what you saw, not a label.",
        "officer": "Give the officer's collar number or role, so that somebody can ring.",
        "force_reference": "Give the force's own incident or crime reference.",
    }
)
"""What a police notice must say, each with what to do where it does not."""

PATHS: Mapping[str, str] = MappingProxyType(
    {
        "children": "children",
        "parental_responsibility": "details.incident.parental_responsibility",
        "adults_present": "subjects[].role: present",
        "person_sought": "subjects[].role: sought, or details.incident.nobody_sought: true",
        "child_saw_or_said": "narrative[].said_by: child",
        "home_conditions": "details.incident.home_conditions",
        "officer": "details.incident.officer",
        "force_reference": "details.incident.reference",
    }
)
"""Where in an alert each is stated."""

_Says = Callable[[Alert, Incident], bool]
_IS_STATED: Mapping[str, _Says] = MappingProxyType(
    {
        "children": lambda alert, _: bool(alert.children),
        "parental_responsibility": lambda _, incident: bool(incident.parental_responsibility),
        "adults_present": lambda alert, _: any(one.role == "present" for one in alert.subjects),
        "person_sought": lambda alert, incident: incident.nobody_sought is True or any(one.role == "sought" for one in alert.subjects),
        "child_saw_or_said": lambda alert, _: any(piece.said_by is SaidBy.CHILD for piece in alert.narrative),
        "home_conditions": lambda _, incident: bool(incident.home_conditions),
        "officer": lambda _, incident: bool(incident.officer),
        "force_reference": lambda _, incident: bool(incident.reference),
    }
)


class Gap(Word):
    """One thing that is not stated: where it would stand in the alert, and what to do."""

    path: Annotated[str, S.ROUTING]
    words: Annotated[str, S.ROUTING]


def unsaid(alert: Alert) -> tuple[str, ...]:
    """The names of what the alert should say and does not, in the order of `ASKED`: of a police notice that stands, and tells somebody."""
    if alert.kind != PPN or alert.action is Action.WITHDRAWN or alert.history:
        return ()
    incident = alert.details.incident or Incident()
    return tuple(name for name in ASKED if not _IS_STATED[name](alert, incident))


def gaps(alert: Alert) -> tuple[Gap, ...]:
    """What its sender is asked to state."""
    missing = tuple(Gap(path=PATHS[name], words=ASKED[name]) for name in unsaid(alert))
    if alert.action is Action.WITHDRAWN or alert.history:
        return missing
    judged = ((number, only_labels(piece.text)) for number, piece in enumerate(alert.narrative))
    return missing + tuple(Gap(path=f"narrative[{number}].text", words=asked_of(labels)) for number, labels in judged if labels)
