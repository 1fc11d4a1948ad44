"""Police: the POLE headings; the dictionary behind them is not public, so the schema is ours."""

from collections.abc import Iterator

from alertbus_police import PoliceAdapter
from alertbus_police.schema import ppn_schema

from tests.sectors.frame import Case, by_schema

SECTOR_CHECK = "own JSON Schema police-ppn.v1, after the NPCC POLE headings (no public schema exists)"


def cases() -> Iterator[Case]:
    return by_schema(PoliceAdapter(), ppn_schema())
