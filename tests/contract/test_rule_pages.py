"""Each rule of the kit has its page and each page its rule; what a page calls good keeps the rule, and what it calls bad breaks it."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib import import_module, resources
from pathlib import Path
from typing import Any

import pytest

from alertbus.plugin.kit import source_damage
from alertbus.plugin.kit.conformance import Broken
from alertbus.plugin.kit.exemptions import every_rule
from alertbus.plugin.kit.source_suite import SourceConformance
from alertbus.plugin.kit.tier_report import rules_of, words_of
from alertbus.plugin.testing import AdapterConformance

RULES = resources.files("alertbus.plugin") / "rules"
PAGES = {page.name.removesuffix(".md"): page.read_text("utf-8") for page in sorted(RULES.iterdir(), key=lambda page: page.name)}
SECTIONS = ("Why", "Good", "Bad", "Exemption")


HEAD = "from alertbus.plugin import *\nfrom alertbus.plugin.testing import sample_alert, sample_notice\n"
"""What an example on a page need not say again."""


def section(page: str, name: str) -> str:
    found = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def examples(name: str) -> Iterator[Any]:
    """Yield rule and code of each example that can be run: it makes an `adapter` or a `source`."""
    for id_, page in PAGES.items():
        for code in re.findall(r"```python\n(.*?)```", section(page, name), re.DOTALL):
            if re.search(r"^(?:adapter|source) = ", code, re.MULTILINE):
                yield pytest.param(id_, code, id=id_)


def judge(id_: str, code: str, folder: Path) -> str:
    """How the example breaks the rule; empty when it keeps it. It stands in a module, so that other processes find it as well."""
    name = f"page_{id_.replace('-', '_')}_{folder.name.replace('-', '_')}"
    (folder / f"{name}.py").write_text(HEAD + code, "utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(folder)
        patched.setattr(source_damage, "EXAMPLES", 30)
        given = vars(import_module(name))
        return how_it_breaks(id_, given)


def how_it_breaks(id_: str, given: Mapping[str, Any]) -> str:
    suite, named = (
        (AdapterConformance, ("adapter", "receipts", "golden")) if "adapter" in given else (SourceConformance, ("source", "samples"))
    )
    tests = {words_of(test).replace(" ", "-"): test for test in rules_of(suite)}
    subject = type("Example", (suite,), {each: given[each] for each in named if each in given})()
    try:
        getattr(subject, tests[id_])()
    except Broken as broken:
        return str(broken)
    return ""


def test_each_rule_has_its_page_and_each_page_its_rule() -> None:
    assert set(every_rule()) - set(PAGES) == set()
    assert set(PAGES) - set(every_rule()) == set()


@pytest.mark.parametrize("id_", list(PAGES))
def test_a_page_says_why_shows_good_and_bad_and_who_may_be_exempt(id_: str) -> None:
    page, rule = PAGES[id_], every_rule()[id_]

    assert [name for name in SECTIONS if not section(page, name)] == []
    assert f"Tier: {rule.tier}." in page
    assert "```" in section(page, "Good")
    assert "```" in section(page, "Bad")
    exemption = section(page, "Exemption")
    assert ("No plugin is exempt" in exemption) is rule.protects
    for listed in re.findall(r"```toml\n(.*?)```", exemption, re.DOTALL):
        assert list(tomllib.loads(listed)) == [id_]


@pytest.mark.parametrize(("id_", "code"), list(examples("Good")))
def test_what_a_page_calls_good_keeps_the_rule(id_: str, code: str, tmp_path: Path) -> None:
    assert judge(id_, code, tmp_path) == ""


@pytest.mark.parametrize(("id_", "code"), list(examples("Bad")))
def test_what_a_page_calls_bad_breaks_the_rule(id_: str, code: str, tmp_path: Path) -> None:
    assert judge(id_, code, tmp_path) != ""


def test_the_rules_that_nobody_may_be_exempt_from_are_those_that_protect_people() -> None:
    """Gold and platinum, and of those below whatever lets one family's data reach others or stops others' warnings."""
    below = {
        words_of(test) for suite in (SourceConformance, AdapterConformance) for test, rule in rules_of(suite).items() if not rule.protects
    }

    assert below == {
        "has what the contract asks",
        "gives back a message",
        "writes the formats it declares",
        "gives the same bytes every time",
        "keeps to its golden messages",
        "raises an alert for at least one sample",
        "reads the same bytes the same way twice",
        "reads the same bytes the same way on any machine",
    }
