"""What each command and each part of the bus may load of the heavy packages, so that every start stays quick."""

import subprocess
import sys
from importlib import import_module

import pytest

from alertbus.cli.main import AUDIT, COMMANDS

HEAVY = frozenset(
    "aiokafka alembic confluent_kafka fastapi faust httpx hypothesis mode prometheus_client requests rocksdict sqlalchemy uvicorn".split()  # noqa: SIM905  one line
)
KAFKA_AND_SQL = {"aiokafka", "sqlalchemy"}

MAY_LOAD: dict[str, set[str]] = {
    "alertbus.cli.main": set(),
    "alertbus.cli.send": {"httpx"},
    "alertbus.cli.plugins": set(),
    "alertbus.cli.policies": set(),
    "alertbus.cli.up": KAFKA_AND_SQL,
    "alertbus.cli.run": KAFKA_AND_SQL,
    "alertbus.cli.status": KAFKA_AND_SQL | {"httpx"},
    "alertbus.cli.doctor": KAFKA_AND_SQL | {"httpx"},
    "alertbus.cli.explain": KAFKA_AND_SQL,
    "alertbus.cli.verify": KAFKA_AND_SQL,
    "alertbus.cli.reconcile": KAFKA_AND_SQL,
    "alertbus.gateway.server": KAFKA_AND_SQL | {"fastapi", "prometheus_client", "uvicorn"},
    "alertbus.stream.worker": KAFKA_AND_SQL | {"faust", "mode", "rocksdict"},
    "alertbus.delivery.worker": KAFKA_AND_SQL | {"httpx"},
    "alertbus.chronicle.worker": KAFKA_AND_SQL,
}


@pytest.mark.parametrize("module", MAY_LOAD)
def test_a_command_or_a_part_loads_no_heavy_package_that_it_does_not_need(module: str) -> None:
    asked = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True).stdout.split()

    assert HEAVY & set(loaded) - MAY_LOAD[module] == set()


@pytest.mark.parametrize("place", [place for table in (COMMANDS, AUDIT) for place, _ in table.values()])
def test_every_command_in_the_list_is_where_the_list_says(place: str) -> None:
    module, attribute = place.split(":")

    assert hasattr(import_module(module), attribute)
