"""What an operator sets for education: which settings read in the lead's own login, and what schools are called on the bus."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from alertbus.plugin.own_settings import WrongPluginSetting, agency_names, own_settings

VARIABLE = "EDUCATION_PLUGIN"
EXAMPLE = '{"full": ["school.123456"], "schools": {"8012000": "school.123456"}}'
_NUMBER = re.compile(r"[0-9]{7}")


@dataclass(frozen=True, slots=True)
class EducationSettings:
    """`full` names the settings that are sent the full profile, each by its own name; `schools` gives what a school of a
    transfer file is called on the bus, by the number of its authority and its own.
    """

    full: frozenset[str] = frozenset()
    schools: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "EducationSettings":
        """Read them from `EDUCATION_PLUGIN`; the defaults where nothing is set. Raises `WrongPluginSetting`."""
        return cls(**own_settings(VARIABLE, environment, EXAMPLE, {"full": agency_names, "schools": _schools}))


def _schools(given: Any) -> dict[str, str]:
    if not isinstance(given, dict) or not all(_NUMBER.fullmatch(number) for number in given):
        raise WrongPluginSetting("a mapping from schools, by the seven digits of authority and school")
    agency_names(list(given.values()))
    return given
