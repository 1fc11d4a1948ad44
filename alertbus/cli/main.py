"""The `alertbus` command. Each subject has a file of its own; here they are named, and a failure becomes a sentence and an exit code."""

import os
import signal
import sys
from collections.abc import Callable

import typer

from alertbus.broker.faults import BrokerFault
from alertbus.cli import alerts, audit, bench, cases, demo, doctor, parts, plugins, policies, quarantine, schemas, status
from alertbus.cli.output import NO, OK, UNREACHABLE, USAGE, complain
from alertbus.model.errors import BusError, InvalidInput, SettingsFault, Unavailable

app = typer.Typer(
    name="alertbus",
    help="A fact about a person reaches every agency on every linked child's case, and who has answered, by name, can be asked.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

app.command("up")(parts.up)
app.command("run")(parts.run)
app.command("demo")(demo.demo)
app.command("replay")(demo.replay_command)
app.command("send")(alerts.send)
app.command("explain")(alerts.explain)
app.command("status")(status.status)
app.command("bench")(bench.bench)
app.command("doctor")(doctor.doctor)
for name, group in (
    ("cases", cases.app),
    ("plugin", plugins.app),
    ("policy", policies.app),
    ("quarantine", quarantine.app),
    ("schema", schemas.app),
    ("audit", audit.app),
):
    app.add_typer(group, name=name)


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
