"""How a plugin of ours reads what an operator sets for it alone: one environment variable of its own, with one JSON object. Public.

The bus's own settings (`ALERTBUS_...`) know nothing of any plugin's. Read them when the plugin registers, never while it renders.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_AGENCY = re.compile(r"[a-z][a-z0-9_]{0,39}(\.[A-Za-z0-9_-]{1,60}){0,3}")
_ODS = re.compile(r"[A-Z0-9]{3,10}")


class WrongPluginSetting(ValueError):
    """The variable is not what it should be. The text says where and what was expected, never what was found."""


FieldReader = Callable[[Any], Any]
"""Reads one field: gives it, or raises `WrongPluginSetting` with what was expected."""


def own_settings(variable: str, environment: Mapping[str, str], example: str, readers: Mapping[str, FieldReader]) -> dict[str, Any]:
    """Read the fields that are set, each by its reader; empty where the variable is not set.

    Raises `WrongPluginSetting`, which names the variable and the field, and gives the example.
    """
    given = environment.get(variable, "").strip()
    if not given:
        return {}
    try:
        stated = json.loads(given)
    except (ValueError, RecursionError):
        stated = None
    names = ", ".join(f"`{name}`" for name in readers)
    if not isinstance(stated, dict) or not stated.keys() <= readers.keys():
        raise WrongPluginSetting(f"{variable}: expected a JSON object with no other fields than {names}, as in {example}")
    read: dict[str, Any] = {}
    for name, value in stated.items():
        expected = ""
        try:
            read[name] = readers[name](value)
        except WrongPluginSetting as wrong:
            expected = str(wrong)
        if expected:
            raise WrongPluginSetting(f"{variable}.{name}: expected {expected}, as in {example}")
    return read


def ods_codes(given: Any) -> dict[str, str]:
    """Read ODS codes of agencies, by their names on the bus."""
    if not isinstance(given, dict) or not all(_AGENCY.fullmatch(agency) for agency in given):
        raise WrongPluginSetting("a mapping from agencies, by their names on the bus")
    if not all(isinstance(code, str) and _ODS.fullmatch(code) for code in given.values()):
        raise WrongPluginSetting("an ODS code for each agency: 3 to 10 capital letters and digits")
    return given


def agency_names(given: Any) -> frozenset[str]:
    """Read a list of agencies, by their names on the bus."""
    if not isinstance(given, list) or not all(isinstance(agency, str) and _AGENCY.fullmatch(agency) for agency in given):
        raise WrongPluginSetting("a list of agencies, by their names on the bus")
    return frozenset(given)


def ods_of(codes: Mapping[str, str], agency: str) -> str | None:
    """Give an agency's ODS code: its own, else what is set for the agency whose setting it is."""
    return codes.get(agency, codes.get(agency.partition(".")[0]))
