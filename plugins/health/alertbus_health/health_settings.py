"""What an operator sets for health: ODS codes of agencies, and which of them take a transaction. Read once, when the plugin registers.

One environment variable, `HEALTH_PLUGIN`, with one JSON object: the bus's own settings know nothing of any plugin's.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

VARIABLE = "HEALTH_PLUGIN"
EXAMPLE = '{"ods": {"gp.k83001": "K83001"}, "transaction": ["hospital"]}'

_AGENCY = re.compile(r"[a-z][a-z0-9_]{0,39}(\.[A-Za-z0-9_-]{1,60}){0,3}")
_ODS = re.compile(r"[A-Z0-9]{3,10}")


class WrongHealthSetting(ValueError):
    """`HEALTH_PLUGIN` is not what it should be. The text says where and what was expected, never what was found."""

    def __init__(self, where: str, expected: str) -> None:
        super().__init__(f"{VARIABLE}{where}: expected {expected}, as in {EXAMPLE}")


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """`ods` gives ODS codes by an agency's name on the bus; `transaction` names those whose record system is sent a transaction Bundle.
    What is set for `gp` holds for `gp.k83001`, unless that has an entry of its own.
    """

    ods: Mapping[str, str] = field(default_factory=dict)
    transaction: frozenset[str] = frozenset()

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "HealthSettings":
        """Read them from the environment; the defaults where nothing is set. Raises `WrongHealthSetting`."""
        given = environment.get(VARIABLE, "").strip()
        if not given:
            return cls()
        try:
            stated = json.loads(given)
        except (ValueError, RecursionError):
            stated = None
        if not isinstance(stated, dict) or not stated.keys() <= {"ods", "transaction"}:
            raise WrongHealthSetting("", "a JSON object with `ods`, `transaction` or both")
        return cls(ods=_ods(stated.get("ods", {})), transaction=_agencies(stated.get("transaction", [])))

    def ods_of(self, agency: str) -> str | None:
        return self.ods.get(agency, self.ods.get(agency.partition(".")[0]))

    def takes_transactions(self, agency: str) -> bool:
        return not self.transaction.isdisjoint({agency, agency.partition(".")[0]})


def _ods(given: Any) -> dict[str, str]:
    if not isinstance(given, dict) or not all(_AGENCY.fullmatch(agency) for agency in given):
        raise WrongHealthSetting(".ods", "a mapping from agencies, by their names on the bus")
    if not all(isinstance(code, str) and _ODS.fullmatch(code) for code in given.values()):
        raise WrongHealthSetting(".ods", "an ODS code for each agency: 3 to 10 capital letters and digits")
    return given


def _agencies(given: Any) -> frozenset[str]:
    if not isinstance(given, list) or not all(isinstance(agency, str) and _AGENCY.fullmatch(agency) for agency in given):
        raise WrongHealthSetting(".transaction", "a list of agencies, by their names on the bus")
    return frozenset(given)
