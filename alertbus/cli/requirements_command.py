"""`alertbus requirements`: what the bus is asked to do, and which tests hold it to that."""

from collections import Counter
from typing import Annotated

import typer

from alertbus.cli.output import as_json, rows, say
from alertbus.operations.requirements import checkout, traced


def requirements_command(
    json_: Annotated[bool, typer.Option("--json", help="Every id with the tests that name it.")] = False,
) -> None:
    """Each requirement with the tests that name it, and those that none names (AUD-09). It needs a checkout, and runs nothing."""
    found = traced(checkout())
    if json_:
        as_json([one._asdict() for one in found])
        return
    named, every = (Counter(one.id.partition("-")[0] for one in found if one.tests or whole) for whole in (False, True))
    rows("Requirements", ("group", "ids", "named by a test"), [(group, count, named[group]) for group, count in every.items()], empty="")
    say()
    rows("Named by no test", ("id", "asks"), [(one.id, one.asks) for one in found if not one.tests], empty="Every requirement has a test.")
    say(f"{sum(every.values())} requirements, {sum(named.values())} named by tests, {every.total() - named.total()} by none.")
