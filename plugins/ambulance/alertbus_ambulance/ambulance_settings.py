"""What an operator sets for ambulance services: ODS codes of agencies, in `AMBULANCE_PLUGIN`."""

from collections.abc import Mapping

from alertbus.plugin import own_settings as own

VARIABLE = "AMBULANCE_PLUGIN"
EXAMPLE = '{"ods": {"ambulance": "RX8"}}'


def ods_from(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Read them; none where nothing is set. Raises `WrongPluginSetting`."""
    found: Mapping[str, str] = own.own_settings(VARIABLE, environment, EXAMPLE, {"ods": own.ods_codes}).get("ods", {})
    return found
