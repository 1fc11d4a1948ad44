"""`alertbus plugin new`: what is written, that it is clean as it is written, and what is refused with nothing touched."""

import json
import py_compile
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertbus.model.alert import Alert
from alertbus.model.receipt import Stage
from alertbus.plugin.kit.receipt_files import receipts_in
from alertbus.plugin.kit.samples import sample_notice
from alertbus.plugin.manager import Plugins
from alertbus.plugin.protocols import ReceiptReader
from alertbus.plugin.scaffolding import NewPlugin
from alertbus.policy.added_rows import policy_with
from alertbus.policy.load import load_policy
from tests.plugin_command import ask

pytestmark = pytest.mark.usefixtures("nothing_stays_imported")

TEMPLATES = Path(__file__).parents[2] / "alertbus" / "plugin" / "scaffold"
SECTORS = frozenset(load_policy().sharing)
KINDS_OF_PLUGIN = {"both": (True, True), "adapter": (True, False), "source": (False, True)}


@pytest.fixture
def new(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Any:
    return lambda *arguments: ask(capfdbinary, "plugin", "new", *arguments, "--into", tmp_path)


def written(
    folder: Path,
    name: str = "northfield-fire",
    *,
    adapter: bool = True,
    source: bool = True,
    sector: str = "northfield_fire",
    receipts: bool = False,
) -> Path:
    for place, text in NewPlugin(name, sector, adapter, source, SECTORS, receipts).written():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(text)
    return folder


@pytest.mark.parametrize("what", KINDS_OF_PLUGIN)
def test_it_says_what_it_wrote_and_writes_no_more_than_was_asked_for(new: Any, tmp_path: Path, what: str) -> None:
    answered = new("northfield-fire", *([f"--{what}"] if what != "both" else []))

    folder = tmp_path / "northfield-fire"
    files = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    adapter, source = KINDS_OF_PLUGIN[what]
    assert answered.code == 0
    assert files == {line.removeprefix(f"{folder}/") for line in answered.out.splitlines() if line.startswith(str(folder))}
    assert ("alertbus_northfield_fire/adapter.py" in files, "samples/alert.json" in files) == (adapter, adapter)
    assert ("alertbus_northfield_fire/source.py" in files) == source
    assert {"README.md", "pyproject.toml", "policy.yaml", ".github/workflows/plugin.yml"} < files
    assert f"alertbus plugin check {folder}" in answered.out


def test_every_template_is_used_and_leaves_no_mark_of_itself(tmp_path: Path) -> None:
    templates = {str(file.relative_to(TEMPLATES)) for file in TEMPLATES.rglob("*") if file.is_file()}
    folder = written(tmp_path / "fire", receipts=True)
    files = [file for file in folder.rglob("*") if file.is_file()]

    assert len(files) == len(templates)
    for file in files:
        text = file.read_text()
        assert not [mark for mark in ("<<", ">>", "%%", "<%") if mark in text]
        assert not {"PACKAGE", "SOURCE", "ADAPTER", "NAME", "ci"} & set(file.relative_to(folder).with_suffix("").parts)
        assert not text or text.endswith("\n")
        assert not text.endswith("\n\n")


@pytest.mark.parametrize(("what", "receipts"), [(what, receipts) for what in KINDS_OF_PLUGIN for receipts in (False, True)])
def test_what_is_written_is_clean_by_ruff_as_this_tree_is(tmp_path: Path, what: str, *, receipts: bool) -> None:
    adapter, source = KINDS_OF_PLUGIN[what]
    folder = written(tmp_path / "plugins" / "fire", "fire", adapter=adapter, source=source, sector="fire", receipts=receipts)
    (tmp_path / "ruff.toml").write_text(
        (TEMPLATES.parents[2] / "pyproject.toml").read_text().split("[tool.ruff]")[1].split("[tool.mypy]")[0].replace("[tool.ruff.", "[")
    )

    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", str(folder)], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert done.returncode == 0, done.stdout
    for file in folder.rglob("*.py"):
        py_compile.compile(str(file), cfile=str(tmp_path / "compiled"), doraise=True)


def test_an_adapter_that_is_to_read_receipts_has_a_reader_and_a_sample_of_each_sort(new: Any, tmp_path: Path) -> None:
    """What tier it has is judged where it is installed: tests/contract/test_a_new_plugin.py."""
    assert new("northfield-fire", "--receipts").code == 0
    (adapter,) = Plugins.at(tmp_path / "northfield-fire").adapters.values()
    assert isinstance(adapter, ReceiptReader)
    given = [adapter.parse_receipt(one) for one in receipts_in(tmp_path / "northfield-fire" / "samples" / "northfield-fire")]
    assert [(one.stage, one.by, one.note) for one in given] == [
        (Stage.ACCEPTED, None, None),
        (Stage.ACKNOWLEDGED, "R. Postholder", None),
        (Stage.REFUSED, None, "E12"),
    ]


def test_a_source_reads_no_receipts(new: Any, tmp_path: Path) -> None:
    answered = new("northfield-fire", "--source", "--receipts")

    assert (answered.code, list(tmp_path.iterdir())) == (2, [])
    assert "--receipts: an adapter reads receipts" in answered.err


@pytest.mark.parametrize("what", KINDS_OF_PLUGIN)
def test_what_is_written_loads_unpackaged_and_offers_what_was_asked_for(tmp_path: Path, what: str) -> None:
    """What tier it has is judged where it is installed: tests/contract/test_a_new_plugin.py."""
    adapter, source = KINDS_OF_PLUGIN[what]
    plugins = Plugins.at(written(tmp_path / "fire", adapter=adapter, source=source))

    assert [one.sector for one in plugins.adapters.values()] == ["northfield_fire"] * adapter
    for one in plugins.sources.values():
        outcomes = [one.parse(file.read_bytes(), {}) for file in sorted((tmp_path / "fire" / "samples" / one.name).iterdir())]
        assert [type(outcome).__name__ for outcome in outcomes] == ["list", "Ignored"]
    assert len(plugins.sources) == source


def test_its_data_files_are_what_their_readers_take(tmp_path: Path) -> None:
    folder = written(tmp_path / "fire")

    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert (project["name"], project["entry-points"]["alertbus"]) == (
        "alertbus-northfield-fire",
        {"northfield-fire": "alertbus_northfield_fire"},
    )
    assert project["version"]
    assert yaml.safe_load((folder / ".github" / "workflows" / "plugin.yml").read_text())["jobs"]
    assert Alert.model_validate_json((folder / "samples" / "alert.json").read_text()).kind == "threat_to_staff"
    assert [json.loads(file.read_text())["about"] for file in sorted((folder / "samples" / "northfield-fire-in").iterdir())] == [
        "concern",
        "enquiry",
    ]


@pytest.mark.parametrize("sector", ["northfield_fire", "ambulance"])
def test_its_policy_rows_make_a_policy_under_which_it_is_told(tmp_path: Path, sector: str) -> None:
    folder = written(tmp_path / "fire", sector=sector)

    policy = policy_with(None, folder / "policy.yaml")

    assert policy.agency("northfield_fire").sector == sector
    assert set(load_policy().sharing) | {sector} == set(policy.sharing)
    assert policy.sharing["health"] == load_policy().sharing["health"]


def test_a_row_that_the_policy_has_already_stays_as_it_is(tmp_path: Path) -> None:
    rows = tmp_path / "policy.yaml"
    rows.write_text("agencies:\n  police: {sector: health, role: nobody}\n")

    assert policy_with(None, rows).agency("police") == load_policy().agency("police")


def test_the_readme_names_every_field_that_the_message_has(tmp_path: Path) -> None:
    folder = written(tmp_path / "fire")
    adapter = next(iter(Plugins.at(folder).adapters.values()))
    readme = (folder / "README.md").read_text()

    message = json.loads(adapter.render(sample_notice()).body)

    assert {"flag", "summary", "action", "answer_by", "contact", "said"} <= message.keys()
    assert [
        name
        for name in ("flag", "summary", "action", "answer_by", "contact", "said", "state", "source", "exercise")
        if f"`{name}`" not in readme
    ] == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Northfield Fire", "Such as northfield-fire."),
        ("fire--rescue", "Such as fire-rescue."),
        ("fire-", "Such as fire."),
        ("1fire", "begin with a letter"),
        ("../fire", "Such as fire."),
        ("f" * 37, "at most 36"),
        ("feuer-für-alle", "lower-case letters"),
        ("housing", "is a plugin already"),
        ("plain", "is a plugin already"),
        ("alertbus", "is a plugin already"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_one_that_can(new: Any, tmp_path: Path, name: str, said: str) -> None:
    answered = new(name)

    assert answered.code == 2
    assert said in " ".join(answered.err.split())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(new: Any, tmp_path: Path) -> None:
    (tmp_path / "fire").mkdir()
    (tmp_path / "fire" / "mine.txt").write_text("mine")

    answered = new("fire")

    assert answered.code == 2
    assert "is there already, and nothing in it was touched" in answered.err
    assert [file.name for file in (tmp_path / "fire").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fire", "--sector", "housing"), "plugin 'housing' renders for the sector 'housing', and a sector has one adapter"),
        (("fire", "--sector", "Fire"), "expected one lower-case word"),
        (("fire", "--sector", "fire-rescue"), "expected one lower-case word"),
    ],
)
def test_a_sector_that_is_taken_or_is_none_is_refused(new: Any, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    answered = new(*arguments)

    assert answered.code == 2
    assert said in " ".join(answered.err.split())
    assert list(tmp_path.iterdir()) == []


def test_a_source_may_be_of_a_sector_that_has_an_adapter(new: Any, tmp_path: Path) -> None:
    assert new("estates", "--source", "--sector", "housing").code == 0
    assert "sharing:" not in (tmp_path / "estates" / "policy.yaml").read_text()


def test_a_folder_in_which_nobody_may_write_is_told(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    answered = ask(capfdbinary, "plugin", "new", "fire", "--into", tmp_path / "file")

    assert answered.code == 2
    assert "cannot be written (Not a directory). Choose a folder of your own with --into." in answered.err
