"""A finding of the kit leads its author to the line: what was done, where in the plugin's own code, why that matters, and what leaks besides."""

import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alertbus.cli.plugins import app
from alertbus.plugin import Message, Notice
from alertbus.plugin.discovery import NotImported
from alertbus.plugin.kit import conformance_calls, conformance_sources, leaks, other_process
from alertbus.plugin.kit.conformance import Broken
from alertbus.plugin.testing import SourceConformance, check
from alertbus.plugin.unpackaged import found_at
from tests.contract.bad_plugins.good_adapters import Pages
from tests.few_kinds import few_kinds


@pytest.fixture(autouse=True, scope="module")
def in_haste() -> Iterator[None]:
    with few_kinds(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(other_process, "SEEDS", ())
        yield


def bad(name: str) -> Any:
    return import_module(f"tests.contract.bad_plugins.{name}")


def line_of(name: str, words: str) -> str:
    """File and line of a bad plugin, as a finding names them."""
    lines = inspect.getsource(bad(name)).splitlines()
    return f"bad_plugins/{name}.py:{next(number for number, line in enumerate(lines, 1) if words in line)}"


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("adapter_now", "datetime.now", "it used the clock (now) at "),
        ("adapter_random_uuid", "uuid4()", "it used chance (urandom) at "),
        ("adapter_environment", "os.environ", "it used the environment at "),
        ("adapter_dns", "getaddrinfo", "it used the network at "),
        ("adapter_opens_a_file", "read_", "it used a file at "),
    ],
)
def test_what_touches_the_world_is_named_with_the_plugin_s_own_line(name: str, words: str, said: str) -> None:
    with pytest.raises(Broken) as broken:
        conformance_calls.is_pure(bad(name).adapter)

    assert said + line_of(name, words) in str(broken.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("adapter_prints", "print("),
        ("adapter_logs", ".debug("),
        ("adapter_warns", "warnings.warn"),
        ("adapter_prints_to_stderr", "sys.stderr"),
    ],
)
def test_what_prints_logs_or_warns_is_named_with_its_line(name: str, words: str) -> None:
    with pytest.raises(Broken) as broken:
        conformance_calls.prints_nothing(bad(name).adapter)

    assert str(broken.value).endswith(f"it wrote to the screen or to a log at {line_of(name, words)}")


@pytest.mark.parametrize("name", ["source_prints", "source_logs"])
def test_a_source_that_prints_or_logs_is_told_its_line(name: str) -> None:
    source = bad(name)

    with pytest.raises(Broken, match=rf"to the screen or a log at bad_plugins/{name}.py:[0-9]+$"):
        conformance_sources.is_silent(source.source, source.samples)


def test_why_a_rule_of_several_things_matters_fits_what_was_touched() -> None:
    whys = {}
    for name in ("adapter_now", "adapter_environment", "adapter_dns"):
        with pytest.raises(Broken) as broken:
            conformance_calls.is_pure(bad(name).adapter)
        whys[name] = broken.value.why

    assert whys["adapter_now"].startswith("A clock makes the same input two answers")
    assert whys["adapter_environment"].startswith("An environment variable differs between two machines")
    assert whys["adapter_dns"].startswith("A look-up tells somebody that there is an alert")


def test_a_source_that_asks_for_the_time_is_not_told_about_addresses() -> None:
    source = bad("source_reads_the_clock")
    with pytest.raises(Broken) as broken:
        conformance_sources.is_pure(source.source, source.samples)

    assert broken.value.why.startswith("A clock")
    assert "bad_plugins/source_reads_the_clock.py:" in str(broken.value)
    report = check(SourceConformance, source=source.source, samples=source.samples)
    assert [result.why[:7] for result in report.failed] == ["A clock"]


class NamesItByTheAddress(Pages):
    def message(self, notice: Notice, page: dict[str, Any]) -> Message:
        where = [line for person in notice.people for address in person.addresses for line in address.lines]
        return super().message(notice, page).model_copy(update={"filename": f"{', '.join(where) or notice.id}.json"})


def test_a_file_name_that_is_not_plain_and_leaks_is_told_both() -> None:
    with pytest.raises(Broken) as broken:
        conformance_calls.gives_messages(NamesItByTheAddress())

    assert "filename is not plain" in str(broken.value)
    assert "It also holds something of a person in the notice" in str(broken.value)
    assert "Thistlebank" not in str(broken.value)


def test_a_header_that_leaks_is_named() -> None:
    with pytest.raises(Broken, match=r"personal data in the header x-about$"):
        leaks.outside_is_bare(bad("adapter_family_name_in_header").adapter)


class RaisesItsWords(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        raise ValueError(f"no room for {notice.children[0].name}" if notice.children else "no room")


def test_what_is_raised_is_placed_and_told_when_it_repeats_the_notice() -> None:
    with pytest.raises(Broken) as broken:
        conformance_calls.renders_everything(RaisesItsWords())
    said = str(broken.value)

    assert "render raised ValueError at contract/test_what_a_finding_says.py:" in said
    assert "What it raises must not hold the notice's words either, and it does" in said
    assert "Wrenna" not in said
    with pytest.raises(Broken) as broken:
        conformance_calls.renders_everything(bad("adapter_raises_always").adapter)
    assert f"render raised NotImplementedError at {line_of('adapter_raises_always', 'raise ')}" in str(broken.value)
    assert "must not hold" not in str(broken.value)


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ("from enum import Enum\n\nclass E(Enum):\n    A = 1\n\nE.B\n", "AttributeError at alertbus_rescue/adapter.py:6"),
        ("x = 1\ndef broken(:\n    pass\n", "SyntaxError at alertbus_rescue/adapter.py:2"),
        ("import json\njson.loads('{')\n", "json.decoder.JSONDecodeError at alertbus_rescue/adapter.py:2"),
        ("import a_module_that_nobody_has\n", "ModuleNotFoundError at alertbus_rescue/adapter.py:1"),
        ("\nraise KeyError\n", "KeyError at alertbus_rescue/adapter.py:2"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_placed_in_its_own_folder(inner: str, said: str, tmp_path: Path) -> None:
    package = tmp_path / "alertbus_rescue"
    package.mkdir()
    (package / "__init__.py").write_text("from alertbus_rescue.adapter import plugin\n", "utf-8")
    (package / "adapter.py").write_text(inner, "utf-8")

    with pytest.raises(NotImported) as fault:
        found_at(package)[0].imported()

    assert fault.value.reason == said


PLUGIN = """
from alertbus.plugin import Message, hookimpl


class Rescue:
    name, sector, contract, formats = "rescue", "rescue", 1, ("text/plain",)

    def render(self, notice):
        {first}
        return Message(media_type="text/plain", body=" ".join([notice.title, notice.deed, notice.flag or ""]).encode(), filename=notice.id + ".txt")


@hookimpl
def alertbus_adapters():
    return [Rescue()]
"""


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("", "not yet judged: 1 rule, until what is broken above is mended:\n           shows the flag first in a briefing\n"),
        ("notice.details['x'] = 1", " rules, until what is broken above is mended:\n           remembers nothing of the last notice, "),
    ],
)
def test_the_rules_that_wait_are_named_and_one_is_one(first: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "rescue.py"
    file.write_text(PLUGIN.format(first=first), "utf-8")

    ran = CliRunner().invoke(app, ["check", str(file)])

    assert said in ran.stdout
