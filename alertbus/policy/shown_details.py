"""What of an alert's details one recipient is shown: class by class, and people by what stands for them in the notice. Pure."""

from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

from alertbus.model import ids
from alertbus.model.base import Word
from alertbus.model.case import Case
from alertbus.model.details import PEOPLE, Details, Request, unclassified
from alertbus.model.sensitivity import Sensitivity, is_free_text, sensitivity_of
from alertbus.policy.sight import Sight

_OF_PLUGINS = "by_plugin"
"""What plugins' kinds add: shown by the classes that the policy has of it (`shown_sections`)."""


def shown_fields(word: Word, sight: Sight, case: Case) -> dict[str, Any]:
    """The fields of a record that may be shown, class by class, depth first; what is unset or left out does not appear."""
    shown: dict[str, Any] = {}
    for name, known in type(word).model_fields.items():
        value = getattr(word, name, None)
        if (value in (None, (), False) and name not in word.model_fields_set) or name == _OF_PLUGINS:
            continue
        sensitivity = sensitivity_of(type(word), name) or Sensitivity.UNCLASSIFIED
        if isinstance(value, Request) and sight.asked:
            shown[name] = value.model_dump(mode="json", exclude_unset=True)
            continue
        if value is None or not _is_shown(type(word), name, sensitivity, sight):
            continue
        if isinstance(value, Word):
            if inner := shown_fields(value, sight, case):
                shown[name] = inner
        else:
            given = _refs(value, sight, case) if PEOPLE in known.metadata else value
            if given is not None:
                shown[known.alias or name] = given.isoformat() if hasattr(given, "isoformat") else given
    return shown


def shown_sections(details: Details, classes: Mapping[str, Mapping[str, Sensitivity]], sight: Sight) -> dict[str, dict[str, Any]]:
    """The sections of a plugin's kind that may be shown, field by field, by the classes that the policy has of them."""
    shown: dict[str, dict[str, Any]] = {}
    for section, fields in classes.items():
        given = details.by_plugin.get(section, {})
        if inner := {name: value for name, value in given.items() if name in fields and _code_shown(fields[name], sight)}:
            shown[section] = inner
    return shown


def unshowable(details: Details, classes: Mapping[str, Mapping[str, Sensitivity]]) -> bool:
    """Whether anything is stated that nobody has classified: a section, or a field of one that a plugin's kind had."""
    return bool(unclassified(details)) or any(
        not given.keys() <= classes.get(section, {}).keys() for section, given in details.by_plugin.items()
    )


def _code_shown(sensitivity: Sensitivity, sight: Sight) -> bool:
    if sensitivity is Sensitivity.ADDRESS and sight.recipient.for_adults:
        return False
    return sight.free_text(sensitivity) if sensitivity in {Sensitivity.PLAN, Sensitivity.CONFERENCE} else sight.full(sensitivity)


def _is_shown(word: type[Word], name: str, sensitivity: Sensitivity, sight: Sight) -> bool:
    """Of a plan, who acts for an adult sees only what its own agency wrote, be it text or not: so it is with all that is written freely."""
    if sensitivity is Sensitivity.ADDRESS and sight.recipient.for_adults:
        return False  # a place in words may be the family's
    of_the_family = sensitivity in {Sensitivity.PLAN, Sensitivity.CONFERENCE}
    return sight.free_text(sensitivity) if of_the_family or is_free_text(word, name) else sight.full(sensitivity)


def _refs(keys: str | tuple[str, ...], sight: Sight, case: Case) -> str | tuple[str, ...] | None:
    """Keys of people as they stand beside their names in the notice (`NoticePerson.ref`). Of whom the recipient must not hear, nothing: and
    where nobody else was stated, the field is not there, for an empty one would say that it was nobody.
    """
    given = (keys,) if isinstance(keys, str) else keys
    shown = tuple(ref_of(key, sight, case) for key in given if key not in case.children or sight.lists(key))
    if given and not shown:
        return None
    return shown[0] if isinstance(keys, str) else shown


def ref_of(key: str, sight: Sight, case: Case) -> str:
    """What stands for somebody: their key where the recipient may know who they are, else an opaque id."""
    child = key in case.children
    known = sight.full(Sensitivity.CHILD_IDENTITY if child else Sensitivity.ADULT_IDENTITY, theirs=not child or sight.works_with(key))
    return key if known and not sight.secret else ids.person_ref(case.id, key)


@cache
def classes_of(section: type[Word], field: str) -> tuple[Sensitivity, ...]:
    """The class of a field, and that of the section of the details in which it stands, if it stands in one."""
    sections = (name for name, known in Details.model_fields.items() if section in get_args(known.annotation))
    classes = (sensitivity_of(section, field), *(sensitivity_of(Details, name) for name in sections))
    return tuple(one or Sensitivity.UNCLASSIFIED for one in classes)
