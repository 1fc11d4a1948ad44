"""Housing: the body of a real council API, with that API's own limits."""

from collections.abc import Iterator

from alertbus_housing import HousingAdapter
from alertbus_housing.schema import alert_schema

from tests.sectors.frame import Case, by_schema

SECTOR_CHECK = "own JSON Schema housing-cautionary-alert.v1, with the limits of Hackney's cautionary-alerts-api"


def cases() -> Iterator[Case]:
    return by_schema(HousingAdapter(), alert_schema())
