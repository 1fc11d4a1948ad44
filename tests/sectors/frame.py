"""What every plugin is put through, row by row: the conformance kit's tier, and the check of its own sector.

A plugin has a module of its name here: `SECTOR_CHECK` says in words what its messages are checked by, and `cases()` yields each case as a
name and a call that raises when the case fails. What is dear to start (a JVM, another Python) is started once, by the first case.
"""

import importlib
import json
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from jsonschema import Draft202012Validator

from alertbus.plugin import Adapter, Deed, Notice, Source
from alertbus.plugin.testing import (
    AdapterConformance,
    SourceConformance,
    Tier,
    check,
    ended_notice,
    every_notice,
    minimal_notice,
    sample_notice,
)

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "plugins"

Case = tuple[str, Callable[[], None]]


@dataclass(frozen=True)
class Failure:
    case: str
    how: str


@dataclass(frozen=True)
class Row:
    """What is printed of one plugin. `tier` is the lowest of its suites'; None where the kit was not asked or has no rules for it."""

    plugin: str
    tier: Tier | None
    sector_check: str
    cases: int
    failures: tuple[Failure, ...]

    @property
    def holds(self) -> bool:
        return self.tier in {None, Tier.PLATINUM} and self.cases > 0 and not self.failures


def shipped() -> list[str]:
    """The plugins in this repository, by the name of their folder."""
    return sorted(path.parent.name for path in PLUGINS.glob("*/pyproject.toml"))


def row(plugin: str, *, kit: bool = True) -> Row:
    """Put a plugin through the kit and its sector's check. Whatever does not hold is a failure with its case; nothing is raised. Without the
    kit the tier is left out: the plugin's own tests judge by it anyway.
    """
    failures: list[Failure] = []
    reports = {suite.__qualname__: check(suite) for suite in suites(plugin)} if kit else {}
    for name, report in reports.items():
        failures += [Failure(f"kit, {name}: {result.rule}", result.broken) for result in report.results if result.broken]
    tier = min((report.tier for report in reports.values()), key=[*Tier].index, default=None)
    try:
        module = importlib.import_module(f"tests.sectors.{plugin}")
    except ModuleNotFoundError:
        return Row(plugin, tier, "none: write tests/sectors/" + plugin + ".py", 0, (Failure("sector check", "there is none"),))
    count = 0
    for name, case in module.cases():
        count += 1
        try:
            case()
        except Exception as error:  # noqa: BLE001  whatever a case raises is what it found
            failures.append(Failure(name, "".join(traceback.format_exception_only(error)).strip()))
    return Row(plugin, tier, module.SECTOR_CHECK, count, tuple(failures))


def suites(plugin: str) -> list[type[Any]]:
    """The conformance suites that a plugin's own tests declare, so that its samples stand in one place."""
    found: list[type[Any]] = []
    for path in sorted((PLUGINS / plugin / "tests").glob("test_*.py")):
        if "Conformance" in path.read_text(encoding="utf-8"):
            module = the_tests(plugin, path.stem)
            found += [
                one
                for one in vars(module).values()
                if isinstance(one, type) and issubclass(one, AdapterConformance | SourceConformance) and one.__module__ == module.__name__
            ]
    return found


def the_tests(plugin: str, name: str) -> ModuleType:
    """A module of a plugin's own tests."""
    return importlib.import_module(f"plugins.{plugin}.tests.{name}")


def notices() -> Iterator[tuple[str, Notice]]:
    """Every kind by every deed, a briefing, the barest and the fullest notice, a rehearsal and a hidden source, each with its name."""
    for notice in every_notice():
        yield f"{notice.obligation.kind}, {notice.deed}", notice
    for deed in Deed:
        yield f"nothing but what must be there, {deed}", minimal_notice(deed=deed)
        yield f"a rehearsal, {deed}", ended_notice(deed, exercise="winter") if deed.ends else sample_notice(deed=deed, exercise="winter")
    yield "a source to be hidden", sample_notice(do_not_reveal_source=True)


def each_notice(see: Callable[[Notice], None], more: Iterable[tuple[str, Notice]] = ()) -> Iterator[Case]:
    """A case for each notice: `see` renders it and raises what is wrong with it."""
    for name, notice in (*notices(), *more):
        yield name, lambda notice=notice: see(notice)  # type: ignore[misc]


def by_schema(adapter: Adapter, schema: dict[str, Any], more: Iterable[tuple[str, Notice]] = ()) -> Iterator[Case]:
    """A case for each notice: what the adapter renders holds to the JSON Schema, formats too."""
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)

    def see(notice: Notice) -> None:
        faults = [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(json.loads(adapter.render(notice).body))]
        assert not faults, faults

    return each_notice(see, more)


def each_sample(suite: type[Any], schema: dict[str, Any]) -> Iterator[Case]:
    """A case for each sample message of a source's suite: it holds to the published schema of the form, and it raises alerts."""
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    source: Source = suite.source

    def see(sample: bytes) -> None:
        faults = [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(json.loads(sample))]
        assert not faults, faults
        assert isinstance(source.parse(sample, {}), list)

    for number, sample in enumerate(suite.samples, 1):
        yield f"sample {number}", lambda sample=sample: see(sample)  # type: ignore[misc]
