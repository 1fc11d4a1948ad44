"""What an operator sets for health: ODS codes of agencies, and which of them take a transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from alertbus.plugin.own_settings import agency_names, ods_codes, own_settings

VARIABLE = "HEALTH_PLUGIN"
EXAMPLE = '{"ods": {"gp.k83001": "K83001"}, "transaction": ["hospital"]}'


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """`ods` gives ODS codes by an agency's name on the bus; `transaction` names those whose record system is sent a transaction Bundle.
    What is set for `gp` holds for `gp.k83001`, unless that has an entry of its own.
    """

    ods: Mapping[str, str] = field(default_factory=dict)
    transaction: frozenset[str] = frozenset()

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "HealthSettings":
        """Read them from `HEALTH_PLUGIN`; the defaults where nothing is set. Raises `WrongPluginSetting`."""
        return cls(**own_settings(VARIABLE, environment, EXAMPLE, {"ods": ods_codes, "transaction": agency_names}))

    def takes_transactions(self, agency: str) -> bool:
        return not self.transaction.isdisjoint({agency, agency.partition(".")[0]})
