"""The `alertbus` command: its subjects by name, each in a file of its own; a failure becomes a sentence and an exit code."""

import gc
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from alertbus.broker.faults import BrokerFault
from alertbus.cli.commands import table
from alertbus.cli.output import NO, OK, UNREACHABLE, USAGE, WrongUsage, complain
from alertbus.model.errors import BusError, InvalidInput, SettingsFault, Unavailable


def _options(
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", help="A file with the token to call the gateway with, as ALERTBUS_TOKEN_FILE."),
    ] = None,
) -> None:
    if token_file is not None:
        os.environ["ALERTBUS_TOKEN_FILE"] = str(token_file.absolute())


app = table(
    {
        "up": ("alertbus.cli.up:up", "Start a whole bus on this machine."),
        "run": ("alertbus.cli.up:run", "Run one part as this process, as a cluster does."),
        "demo": ("alertbus.cli.demo:demo", "A whole bus, and the review's timeline through it."),
        "replay": ("alertbus.cli.demo:replay_command", "Play a scenario through gateway, Kafka, stages and plugins."),
        "send": ("alertbus.cli.send:send", "Send alerts."),
        "explain": ("alertbus.cli.explain:explain", "For each agency on each case: told or not told, and why."),
        "status": ("alertbus.cli.status:status", "The whole bus in numbers, or one alert and who has answered."),
        "inbox": ("alertbus.cli.inbox:inbox", "What an agency, or one of its workers, has been told and not answered."),
        "answer": ("alertbus.cli.answer:answer", "A named person answers an obligation, or says what was done."),
        "bench": ("alertbus.cli.bench:bench", "How fast the bus is on this machine."),
        "doctor": ("alertbus.cli.doctor:doctor", "Look at everything the bus needs."),
        "cases": ("alertbus.cli.cases:app", "Cases: import, look, chronology."),
        "review": ("alertbus.cli.review:app", "What waits for a person: look, and decide."),
        "items": ("alertbus.cli.items:app", "What is owed by a time: clocks, answers, and who is next."),
        "teams": ("alertbus.cli.teams:app", "Who answers for an agency, who is away, who covers."),
        "desk": ("alertbus.cli.desk:app", "Who may sign in at the pages for people."),
        "briefing": ("alertbus.cli.briefing:briefing", "What an agency or a worker was given on joining a case."),
        "people": ("alertbus.cli.people:app", "Two people are one, or are two."),
        "plugin": ("alertbus.cli.plugins:app", "Agency plugins."),
        "policy": ("alertbus.cli.policies:app", "Who is told about what, how much, how fast."),
        "quarantine": ("alertbus.cli.quarantine:app", "What could not be decided or was refused, and putting it back."),
        "schema": ("alertbus.cli.schemas:app", "Published schemas."),
        "requirements": ("alertbus.cli.requirements_command:requirements_command", "Each requirement, and the tests that name it."),
        "audit": ("alertbus.cli.audit:app", "Proof that nothing is missing."),
    },
    "A fact about a person reaches every agency on every linked child's case, and who has answered, by name, can be asked.",
    _options,
)


def run() -> None:
    """The console script."""
    gc.set_threshold(*SELDOM)
    sys.exit(guarded(app))


SELDOM = (50_000, 20, 20)
"""Objects made between two looks for garbage. A start makes some hundred thousand and next to no garbage: with Python's 700 it is a quarter
of the time that the imports of a part take."""


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
    if isinstance(fault, SettingsFault | WrongUsage):
        return USAGE
    return UNREACHABLE if isinstance(fault, Unavailable | BrokerFault) else NO
