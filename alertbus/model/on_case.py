"""What of an alert's details is said of one case: an alert may be about people of several families, and each has keys of its own. Pure."""

from collections.abc import Iterator

from alertbus.model.alert import AcceptedAlert
from alertbus.model.base import Word
from alertbus.model.case import Case
from alertbus.model.details import PEOPLE, Details


def named_on(statement: AcceptedAlert, case: Case) -> frozenset[str]:
    """The keys of those people of the case whom the statement is about."""
    meant = {person_id for person_ids in statement.people for person_id in person_ids}
    return frozenset(person.key for person in case.people if not meant.isdisjoint(person.person_ids))


def keyed_fields(word: type[Word]) -> Iterator[str]:
    """The fields that name people by their keys on a case."""
    return (name for name, field in word.model_fields.items() if PEOPLE in field.metadata)


def said_here(statement: AcceptedAlert, case: Case) -> Details:
    """The details as they are said of this case. Two cases may use one key, so a key means somebody here only where the alert is about
    that person; another is left out. A section that names people, and none of this case, is said of another family and is not here.
    """
    details, changed, named = statement.alert.details, {}, None
    for name in details.model_fields_set & Details.model_fields.keys():
        section = getattr(details, name)
        keyed = _stated_keys(section) if isinstance(section, Word) else {}
        if not keyed:
            continue
        named = named_on(statement, case) if named is None else named
        here = {field: _of(keys, named) for field, keys in keyed.items()}
        if here != keyed:
            changed[name] = section.model_copy(update=here) if any(here.values()) else None
    return details.model_copy(update=changed) if changed else details


def _stated_keys(section: Word) -> dict[str, str | tuple[str, ...]]:
    return {field: keys for field in keyed_fields(type(section)) if (keys := getattr(section, field))}


def _of(keys: str | tuple[str, ...], named: frozenset[str]) -> str | tuple[str, ...] | None:
    if isinstance(keys, str):
        return keys if keys in named else None
    return tuple(key for key in keys if key in named)
