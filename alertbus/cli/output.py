"""How commands speak: a table or JSON, colour only on a terminal, a progress bar for what takes more than two seconds, and exit codes.

Exit codes (DESIGN section 8): 0 ok, 1 the answer is no, 2 wrong usage, 3 cannot reach something.
"""

import contextlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from alertbus.model.errors import BusError

OK, NO, USAGE, UNREACHABLE = 0, 1, 2, 3


class WrongUsage(BusError):
    """A command was asked for what cannot be: a file that is not there, options that exclude each other. Ends with `USAGE`."""

    code = "wrong_usage"


WIDE = 240
"""Columns where there is no terminal to ask: a file or a pipe gets every word."""


_COMMANDS = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]")
"""Characters by which a terminal is told something: to move, to clear, to write backwards. Words of strangers stand on our screens."""


def harmless(text: str) -> str:
    """Give the text with each character that commands a terminal written out as JSON would. Line breaks and tabs stay."""
    return _COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def say(line: str = "") -> None:
    print(harmless(line), flush=True)


def complain(line: str) -> None:
    print(harmless(line), file=sys.stderr, flush=True)


def as_json(value: Any) -> None:
    """Write JSON: a character that commands a terminal as its escape, which is the same JSON."""
    sys.stdout.write(harmless(json.dumps(value, indent=1, default=str, ensure_ascii=False)) + "\n")


def as_it_is(content: bytes) -> None:
    """Write what a program made for a program, byte for byte; only on a terminal is it made harmless."""
    if sys.stdout.isatty():
        print(harmless(content.decode(errors="replace").replace("\r\n", "\n")), end="", flush=True)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()


def to_the_minute(moment: str | None) -> str:
    """A moment of an answer as a table shows it, in UTC as the answer has it; nothing for none."""
    return (moment or "")[:16]


def rows(title: str, columns: Sequence[str], lines: Iterable[Sequence[Any]], *, empty: str) -> None:
    """A table, or a sentence where there is nothing to show."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for line in lines:
        table.add_row(*("" if cell is None else harmless(str(cell)) for cell in line))
    if table.row_count:
        Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE).print(table, markup=False)
    else:
        say(empty)


def pairs(values: Mapping[str, Any]) -> None:
    width = max((len(key) for key in values), default=0)
    for key, value in values.items():
        say(f"{key:<{width}}  {'-' if value is None else value}")


@contextlib.contextmanager
def progress(what: str, total: int) -> Iterator[Any]:
    """A bar on a terminal, silence elsewhere. Yields a function that moves it on by one."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    with _bar() as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


@contextlib.contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """The same for something that is told how far it has come, of how many; elsewhere than on a terminal a line each tenth."""
    if sys.stderr.isatty():
        with _bar() as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
        return
    told = 0

    def tell(done: int, total: int) -> None:
        nonlocal told
        if done * 10 // max(total, 1) > told:
            told = done * 10 // max(total, 1)
            complain(f"{done} of {total} {what}")

    yield tell


def _bar() -> Any:
    """Rich is imported only where something is drawn: it takes as long as all else a command does."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
