"""The `alertbus` command. A command's module is imported when the command is called; a failure becomes a sentence and an exit code."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from alertbus.broker.faults import BrokerFault
from alertbus.cli.output import NO, OK, UNREACHABLE, USAGE, complain
from alertbus.model.errors import BusError, InvalidInput, SettingsFault, Unavailable

COMMANDS: Mapping[str, tuple[str, str]] = {
    "up": ("alertbus.cli.up:up", "Start a whole bus on this machine: local broker if none is set, topics, and every part."),
    "run": ("alertbus.cli.run:run", "Run one part as this process, as a cluster does, until SIGTERM."),
    "demo": ("alertbus.cli.demo:demo", "A whole bus on a temporary folder, and the review's timeline through it."),
    "replay": ("alertbus.cli.demo:replay_command", "Play a scenario through gateway, Kafka, stages and plugins."),
    "send": ("alertbus.cli.send:send", "Send alerts. Prints each one's id; exit 1 if any is refused."),
    "explain": ("alertbus.cli.explain:explain", "For each agency on each case: told or not told, and why."),
    "status": ("alertbus.cli.status:status", "The whole bus in numbers; or one alert: every obligation and its receipts."),
    "bench": ("alertbus.cli.bench:bench", "Measure the bus on a Kafka of its own, in a temporary folder."),
    "doctor": ("alertbus.cli.doctor:doctor", "Look at everything the bus needs. Exit 1 if anything is wrong."),
    "cases": ("alertbus.cli.cases:app", "Cases: import, show, chronology."),
    "plugin": ("alertbus.cli.plugins:app", "Agency plugins."),
    "policy": ("alertbus.cli.policies:app", "The policy: who is told what, how much, how fast."),
    "quarantine": ("alertbus.cli.quarantine:app", "Records that could not be decided, and notices refused for good."),
    "schema": ("alertbus.cli.schemas:app", "Published schemas."),
    "audit": ("alertbus.cli.main:audit", "Proof that nothing is missing."),
}
"""Name → where the command is (module:attribute) and its line in the list that `--help` shows without importing it."""

AUDIT: Mapping[str, tuple[str, str]] = {
    "verify": ("alertbus.cli.verify:verify", "Follow every audit chain from its first record to its last."),
    "rebuild": ("alertbus.cli.rebuild:rebuild_command", "Write the whole database again from Kafka, then reconcile."),
    "reconcile": ("alertbus.cli.reconcile:reconcile_", "Compare who must have been told, from scratch, with what was done."),
}


class LateGroup(TyperGroup):
    """A group of commands that imports only the one that is asked for."""

    table: Mapping[str, tuple[str, str]] = {}

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  the group's interface
        return list(self.table)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        return _imported(cmd_name, self.table[cmd_name][0]) if cmd_name in self.table else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])


class _Root(LateGroup):
    table = COMMANDS


class _Audit(LateGroup):
    table = AUDIT


def _app(group: type[LateGroup] | None = None, **options: Any) -> typer.Typer:
    plain = {"no_args_is_help": True, "add_completion": False, "rich_markup_mode": None, "pretty_exceptions_enable": False}
    app = typer.Typer(cls=group, **(plain | options))
    app.callback()(lambda: None)  # without one, Typer takes a single command for the whole program
    return app


def _imported(name: str, place: str) -> Any:
    """The command at `module:attribute`, under our name and in the root's plain style."""
    module, attribute = place.split(":")
    found = getattr(import_module(module), attribute)
    holder = _app()
    if isinstance(found, typer.Typer):
        holder.add_typer(found, name=name)
    else:
        holder.command(name)(found)
    group: Any = get_command(holder)
    return group.commands[name]


app = _app(
    _Root,
    name="alertbus",
    help="A fact about a person reaches every agency on every linked child's case, and who has answered, by name, can be asked.",
)
audit = _app(_Audit, help=COMMANDS["audit"][1])


def run() -> None:
    """The console script."""
    sys.exit(guarded(app))


def guarded(command: Callable[[], object]) -> int:
    """Run a command; a failure is told in words that hold no personal data, never as a traceback."""
    try:
        command()
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else NO
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO
    except (BusError, BrokerFault) as fault:
        complain(in_words(fault))
        return exit_code(fault)
    return OK


def in_words(fault: BusError | BrokerFault) -> str:
    """What went wrong: every fault on a line of its own."""
    if isinstance(fault, InvalidInput):
        return "\n".join(f"{one.path or 'input'}: {one.expected}" for one in fault.faults)
    return str(fault)


def exit_code(fault: BusError | BrokerFault) -> int:
    if isinstance(fault, SettingsFault):
        return USAGE
    return UNREACHABLE if isinstance(fault, Unavailable | BrokerFault) else NO
