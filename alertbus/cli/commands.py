"""Commands that are found by name and imported only when one of them is asked for.

A table says where each stands. So `alertbus --help` imports none of them, and `alertbus status`
only its own: Kafka, SQL and HTTP libraries take seconds to import, and a person waits.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup


def table(entries: Mapping[str, tuple[str, str]], about: str, options: Callable[..., None] = lambda: None) -> typer.Typer:
    """A group of commands: name → `module:attribute`, a command's function or another group, and the line that help shows.

    `options` takes what stands before the command, for all of them.
    """

    class Named(TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  the library's signature
            return list(entries)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
            if cmd_name not in entries:
                return None
            command = _found(entries[cmd_name][0])
            command.name = cmd_name
            return command

        def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
            with formatter.section("Commands"):
                formatter.write_dl([(name, line) for name, (_, line) in entries.items()])

    app = _plain(cls=Named, help=about, no_args_is_help=True)
    app.callback()(options)
    return app


def _found(where: str) -> Any:
    """The command or the group at `module:attribute`. A group of one command is a group: Typer would make it the command itself."""
    module, _, attribute = where.partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        return typer.main.get_group(found)
    app = _plain()
    app.command()(found)
    return typer.main.get_command(app)


def _plain(**options: Any) -> typer.Typer:
    """Plain help, no shell completion, and no traceback with the values of variables in it."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, **options)
