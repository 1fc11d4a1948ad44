"""Who starts quickly imports little: which of the heavy packages each command and each part may load, and no other."""

import subprocess
import sys

import pytest

HEAVY = [
    "aiohttp",
    "aiokafka",
    "alembic",
    "confluent_kafka",
    "fastapi",
    "faust",
    "httpx",
    "hypothesis",
    "mode",
    "pluggy",
    "prometheus_client",
    "pytest",
    "requests",
    "rich",
    "rocksdict",
    "sqlalchemy",
    "sqlalchemy.orm",
    "uvicorn",
    "yaml",
    "jinja2",
    "govuk_bank_holidays",
]

MAY: dict[str, set[str]] = {
    "alertbus.cli.main": set(),
    "alertbus.cli.up": {"yaml"},
    "alertbus.cli.status": {"httpx", "yaml"},
    "alertbus.cli.send": {"httpx", "yaml"},
    "alertbus.cli.explain": {"httpx", "yaml"},
    "alertbus.cli.cases": {"httpx", "yaml"},
    "alertbus.cli.review": {"httpx", "yaml"},
    "alertbus.cli.items": {"httpx", "yaml"},
    "alertbus.cli.people": {"httpx", "yaml"},
    "alertbus.cli.inbox": {"httpx", "yaml"},
    "alertbus.cli.answer": {"httpx", "yaml"},
    "alertbus.cli.plugins": set(),
    "alertbus.cli.plugin_new": set(),
    "alertbus.cli.plugin_list": set(),
    "alertbus.cli.plugin_render": set(),
    "alertbus.cli.plugin_parse": set(),
    "alertbus.run.supervisor": {"aiokafka", "sqlalchemy", "sqlalchemy.orm", "yaml"},
    "alertbus.run.bootstrap": {"aiokafka", "sqlalchemy", "sqlalchemy.orm", "yaml"},
    "alertbus.gateway.server": {
        "aiokafka", "fastapi", "jinja2", "pluggy", "prometheus_client", "sqlalchemy", "sqlalchemy.orm", "uvicorn", "yaml"
    },
    "alertbus.stream.worker": {
        "aiohttp", "aiokafka", "faust", "mode", "rocksdict", "sqlalchemy", "sqlalchemy.orm", "yaml"
    },
    "alertbus.delivery.worker": {"aiohttp", "aiokafka", "pluggy", "sqlalchemy", "sqlalchemy.orm", "yaml"},
    "alertbus.chronicle.worker": {"aiokafka", "sqlalchemy", "sqlalchemy.orm", "yaml"},
    "alertbus.reconcile.schedule": {"aiokafka", "sqlalchemy", "sqlalchemy.orm", "yaml"},
}  # fmt: skip
"""Module → what it may load. SQLAlchemy's own asyncio layer loads its ORM, of which we use nothing."""

WITH_THE_LOG = {"rich"}
"""structlog loads it for whoever logs."""


@pytest.mark.parametrize("module", MAY)
def test_it_loads_no_more_than_it_runs(module: str) -> None:
    code = f"import sys, {module}; print(*[name for name in {HEAVY!r} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert set(done.stdout.split()) - MAY[module] - WITH_THE_LOG == set()


@pytest.mark.parametrize(
    "arguments",
    [
        "--help",
        "status --help",
        "audit --help",
        "send --help",
        "up --help",
        "review show --help",
        "people merge --help",
        "plugin --help",
        "plugin new --help",
        "plugin render --help",
    ],
)
def test_help_comes_without_kafka_sql_or_http_servers(arguments: str) -> None:
    code = (
        "import sys, contextlib\n"
        "from alertbus.cli.main import app\n"
        f"with contextlib.suppress(SystemExit): app({arguments.split()!r})\n"
        f"print('loaded:', *[name for name in {HEAVY!r} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert set(done.stdout.rpartition("loaded:")[2].split()) <= {"httpx", "yaml", *WITH_THE_LOG}


def test_a_list_of_plugins_comes_without_kafka_sql_or_http() -> None:
    code = (
        "import sys, contextlib\n"
        "from alertbus.cli.main import app\n"
        "with contextlib.suppress(SystemExit): app(['plugin', 'list', '--json'])\n"
        f"print('loaded:', *[name for name in {HEAVY!r} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert set(done.stdout.rpartition("loaded:")[2].split()) <= {"pluggy", "yaml", *WITH_THE_LOG}


def test_every_command_that_help_names_can_be_imported_and_has_a_help_of_its_own() -> None:
    from typer.main import get_command

    from alertbus.cli.main import app

    top = get_command(app)
    names = top.list_commands(None)  # type: ignore[attr-defined,arg-type]

    assert len(names) == 24
    for name in names:
        command = top.get_command(None, name)  # type: ignore[attr-defined,arg-type]
        assert command.name == name
        assert command.help


def test_a_group_with_one_command_is_a_group_all_the_same() -> None:
    code = "from alertbus.cli.main import app; app(['schema', 'export', '--help'])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert "schema export" in done.stdout
