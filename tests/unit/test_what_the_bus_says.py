"""What the bus says in its own words, in the policy, the adapters and the chronology: calm, to colleagues, and without a verdict."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertbus.model.notice import Deed
from alertbus.plugin import testing
from alertbus.plugin.manager import Plugins
from alertbus.policy.load import load_policy

ROOT = Path(__file__).parents[2]
POLICY_FILE = ROOT / "alertbus/policy/default.yaml"
ADAPTERS = ("education", "health", "housing", "police")
SPOKEN_IN = (
    *sorted((ROOT / "alertbus/policy").glob("*.py")),
    *sorted(path for path in (ROOT / "alertbus/plugin").glob("*.py") if path.stem != "testing"),
    *sorted((ROOT / "alertbus/chronicle").glob("*.py")),
    *sorted(path for name in ADAPTERS for path in (ROOT / f"plugins/{name}/alertbus_{name}").glob("*.py")),
)

VERDICTS = (
    "disguised compliance", "superficial compliance", "uncooperative", "non-compliant", "hard to reach",
    "protective factor", "risk factor", "protective parent", "good parent", "bad parent",
    "is the father", "paternity", "guilty", "is to blame", "abuser", "is lying", "neglectful", "was neglected", "has neglected",
    "threshold is met", "meets the threshold", "threshold met", "no further action", "case is closed", "step down", "stepped up",
    "significant harm",
)  # fmt: skip
"""Words by which somebody would be judged, a cause named, or a decision taken that is a person's (NOT-07, -11, -12, -13, -15, -21)."""

REFERRALS = (
    "marac",
    "clare's law",
    "clare\u2019s law",
    "disclosure scheme",
    "dvds",
    "section 47",
    "s47",
    "strategy discussion is convened",
)
"""Proceedings that only a person opens (NOT-07, -09, -10)."""

STATED_BY_POLICE = frozenset({"marac", "dvds", "dvds_note", "dvds_disclosure"})
"""Names of fields for what a force states it has done. No sentence of ours: a word more in one of them is found."""

THREATS = (
    "taken away", "removed from", "lose your", "lose her", "lose his", "or else", "will be prosecuted", "must comply", "face consequences",
    "last chance", "final warning", "warn the", "warn her", "threaten the", "shocking", "horrific", "horrifying", "appalling", "urgent!",
)  # fmt: skip
"""Words that would frighten whoever is read them (review 3.18)."""

TO_A_PARENT = re.compile(r"\byour (child|children|baby|son|daughter|partner|family|home|parenting)\b")


def _constants(path: Path) -> Iterator[str]:
    """Every text in the code but docstrings and patterns."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told and "|" not in node.value:
            yield node.value


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name != "cite":
                yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif isinstance(value, str):
        yield value


def sayings() -> dict[str, list[str]]:
    """File → what it says."""
    policy = yaml.safe_load(POLICY_FILE.read_text(encoding="utf-8"))
    found = {"policy": list(_leaves({part: policy[part] for part in ("kinds", "unknown_kind", "lawful_basis")}))}
    found |= {str(path.relative_to(ROOT)): list(_constants(path)) for path in SPOKEN_IN}
    page = ROOT / "alertbus/chronicle/templates/chronology.html.j2"
    return found | {page.name: [page.read_text(encoding="utf-8")]}


def _found(words: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(place, said) for place, texts in sayings().items() for said in texts if any(word in said.casefold() for word in words)]


def test_not_11_not_13_not_21_no_words_of_ours_pronounce_a_verdict() -> None:
    assert _found(VERDICTS) == []


def test_not_09_not_10_no_words_of_ours_speak_as_if_the_bus_had_referred_or_advised() -> None:
    """Whether a conference is asked to look, or a woman is told of her right to ask, is decided by people who know her wishes."""
    assert [(place, said) for place, said in _found(REFERRALS) if said not in STATED_BY_POLICE] == []


def test_not_14_no_words_of_ours_threaten_shock_or_speak_to_a_parent() -> None:
    """Staff may read a notice out: nothing in it is to be afraid of, and nobody but a colleague is spoken to."""
    assert _found(THREATS) == []
    assert [(place, said) for place, texts in sayings().items() for said in texts if TO_A_PARENT.search(said.casefold())] == []
    assert [(place, said) for place, texts in sayings().items() for said in texts if "!" in said and place == "policy"] == []


def test_the_sayings_are_really_found() -> None:
    """The policy's templates, a plugin's sentences and the chronology's heads are among them."""
    found = sayings()

    assert load_policy().kind_rule("birth").summary in found["policy"]
    assert any("this replaces what was sent before" in said for said in found["alertbus/plugin/wording.py"])
    assert all(any(place.startswith(f"plugins/{name}/") for place in found) for name in ADAPTERS)
    assert sum(map(len, found.values())) > 1_000


@pytest.mark.parametrize("sector", ["plain", *ADAPTERS])
def test_not_13_not_14_a_rendered_notice_says_no_verdict_and_no_threat_beyond_what_was_stated(sector: str) -> None:
    adapter = Plugins.load().adapter_for(sector)
    for kind, rule in load_policy().kinds.items():
        for deed in Deed:
            notice = testing.minimal_notice(kind=kind, deed=deed, title=rule.title, summary=rule.summary, action=rule.action)
            body = adapter.render(notice).body.decode().casefold()

            assert [word for word in (*VERDICTS, *REFERRALS, *THREATS) if word in body] == []
