"""A plugin that keeps its last release's messages is told what a change of it does to whoever reads them."""

import json
from pathlib import Path
from typing import Any

import pytest

from alertbus.plugin import Message, Notice
from alertbus.plugin.kit import golden
from alertbus.plugin.kit.conformance import Broken
from alertbus.plugin.plain import Plain
from alertbus.plugin.testing import AdapterConformance
from tests.contract.bad_plugins.good_adapters import Pages


class Changed(Pages):
    """The next release of `Pages`: `change` does what its author did."""

    def __init__(self, **change: Any) -> None:
        self._change = change

    def page(self, notice: Notice) -> dict[str, Any]:
        page = {**super().page(notice), **self._change}
        return {name: value for name, value in page.items() if value is not None}


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    golden.renew(Pages(), tmp_path / "golden")
    return tmp_path / "golden"


def broken_by(adapter: Pages, folder: Path) -> str:
    with pytest.raises(Broken) as broken:
        golden.keeps_to(adapter, folder)
    return str(broken.value)


def test_a_plugin_that_has_not_changed_keeps_to_its_golden_messages(kept: Path) -> None:
    golden.keeps_to(Pages(), kept)

    assert {path.name for path in kept.iterdir()} == {golden.INDEX, *(f"{name}.json" for name in golden.golden_notices())}


def test_a_plugin_that_keeps_none_is_not_held_to_any() -> None:
    golden.keeps_to(Pages(), None)

    assert AdapterConformance.golden is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": None}, "title is gone"),
        ({"title": ["x"]}, "title was text, is a list"),
        ({"title": "Other words"}, "title says something else"),
        ({"version": 2}, "version is new"),
        ({"people": []}, "people had 2 entries, has 0"),
        ({"people": [{"ref": "child-1"}]}, "people[0].called is gone"),
    ],
)
def test_what_changed_is_said(kept: Path, change: dict[str, Any], said: str) -> None:
    assert said in broken_by(Changed(**change), kept)


def test_what_a_reader_may_miss_is_said_before_what_is_new(kept: Path) -> None:
    told = broken_by(Changed(title=None, another=1), kept)

    assert told.index("title is gone") < told.index("another is new")


def test_another_order_is_a_change_as_well(kept: Path) -> None:
    class Backwards(Pages):
        def page(self, notice: Notice) -> dict[str, Any]:
            return dict(reversed(super().page(notice).items()))

    assert "the same content, in another order or other spacing" in broken_by(Backwards(), kept)


def test_what_stands_outside_the_body_is_kept_too(kept: Path) -> None:
    class Elsewhere(Pages):
        def message(self, notice: Notice, page: dict[str, Any]) -> Message:
            return super().message(notice, page).model_copy(update={"media_type": "application/problem+json", "headers": {"x-a": "1"}})

    told = broken_by(Elsewhere(), kept)

    assert "media_type says something else" in told
    assert "headers.x-a is new" in told


def test_a_text_is_compared_line_by_line(tmp_path: Path) -> None:
    class Lines(Pages):
        def __init__(self, last: str) -> None:
            self._last = last

        def render(self, notice: Notice) -> Message:
            return Message(media_type="text/plain", body=f"{notice.title}\n{self._last}\n".encode(), filename="a.txt")

    golden.renew(Lines("end"), tmp_path)

    assert "line 2 says something else" in broken_by(Lines("fin"), tmp_path)
    assert "it had 2 lines, has 3" in broken_by(Lines("end\nof it"), tmp_path)


def test_golden_messages_are_renewed_on_purpose_and_nothing_old_is_left(kept: Path) -> None:
    (kept / "an-old-one.json").write_text("{}")

    golden.renew(Changed(version=2), kept)

    golden.keeps_to(Changed(version=2), kept)
    assert not (kept / "an-old-one.json").exists()


def test_a_folder_without_golden_messages_or_with_one_lost_is_no_pass(kept: Path, tmp_path: Path) -> None:
    assert "there are no golden messages" in broken_by(Pages(), tmp_path / "none")

    (kept / "bare.json").unlink()
    assert "bare.json is missing" in broken_by(Pages(), kept)


def test_the_plain_adapter_can_be_kept_as_well(tmp_path: Path) -> None:
    golden.renew(Plain(), tmp_path)

    golden.keeps_to(Plain(), tmp_path)
    assert json.loads((tmp_path / golden.INDEX).read_text())["bare"]["media_type"] == "application/json"
