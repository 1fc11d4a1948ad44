"""What an operator sets for housing: whose register it is, its codes in both directions, and which landlords listen to events."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from alertbus.plugin.own_settings import WrongPluginSetting, agency_names, own_settings
from alertbus_housing.caution import Caution, Code

VARIABLE = "HOUSING_PLUGIN"
EXAMPLE = (
    '{"source": "housing.hackney", "kinds": {"PV": "violent_person_flag", "DIS": null}, "codes": {"release": ["R1", "Ask the duty team"]}, '
    '"events": ["housing.hackney"]}'
)
_KIND = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class HousingSettings:
    """`source` and `kinds` are of the register that is read; `codes` and `events` of what landlords are sent."""

    source: str = "housing"
    kinds: Mapping[str, str | None] = field(default_factory=dict)
    codes: Mapping[Caution, Code] = field(default_factory=dict)
    events: frozenset[str] = frozenset()

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "HousingSettings":
        """Read them from `HOUSING_PLUGIN`; the defaults where nothing is set. Raises `WrongPluginSetting`."""
        readers = {"source": _source, "kinds": _kinds, "codes": _codes, "events": agency_names}
        return cls(**own_settings(VARIABLE, environment, EXAMPLE, readers))


def _source(given: Any) -> str:
    (name,) = agency_names([given])
    return name


def _kinds(given: Any) -> dict[str, str | None]:
    """A code that is null warns of nobody."""
    right = isinstance(given, dict) and all(
        0 < len(code) <= 10 and (kind is None or (isinstance(kind, str) and _KIND.fullmatch(kind)))  # noqa: PLR2004  Hackney's limit
        for code, kind in given.items()
    )
    if not right:
        raise WrongPluginSetting("a mapping from codes of at most 10 characters to a kind of alert, or null")
    return dict(given)


def _codes(given: Any) -> dict[Caution, Code]:
    found: dict[Caution, Code] = {}
    try:
        found = {Caution(name): Code(*pair) for name, pair in given.items()}
    except (ValueError, TypeError, AttributeError):
        raise WrongPluginSetting(f"a code and its description for each of {', '.join(Caution)}") from None
    return found
