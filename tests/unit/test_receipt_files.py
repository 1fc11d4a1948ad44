"""Sample receipts as files: found where they belong, and said where they stand instead; a misspelt reader is known by its name."""

from pathlib import Path

import pytest

from alertbus.plugin.kit.receipt_files import nearest, receipts_for, receipts_in
from alertbus.plugin.plain import Plain


def plugin(folder: Path, *files: str) -> Path:
    """A project with these files of samples; the place of its module."""
    for file in files:
        (folder / "samples" / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / "samples" / file).write_bytes(file.encode())
    (folder / "pyproject.toml").write_text("", "utf-8")
    (folder / "alertbus_harbour").mkdir()
    return folder / "alertbus_harbour" / "__init__.py"


def test_the_files_of_the_adapters_own_folder_are_found_by_their_names(tmp_path: Path) -> None:
    found = receipts_for(
        "harbour", plugin(tmp_path, "harbour/b.xml", "harbour/a.xml", "harbour/.hidden", "harbour-in/c.csv"), ["harbour-in"]
    )

    assert [(bytes(one), getattr(one, "name", "")) for one in found.files] == [
        (b"harbour/a.xml", "samples/harbour/a.xml"),
        (b"harbour/b.xml", "samples/harbour/b.xml"),
    ]
    assert found.wanted == "put some into samples/harbour/"


@pytest.mark.parametrize("strange", ["receipts", "harbour_recovery", "Harbour-Recovery"])
def test_a_folder_of_another_name_is_named_with_the_one_that_is_wanted(tmp_path: Path, strange: str) -> None:
    module = plugin(tmp_path, f"{strange}/a.xml", f"{strange}/b.xml", "other/x", "in/y", "alert.json")
    found = receipts_for("harbour-recovery", module, ["in"], ["other"])

    assert list(found.files) == []
    assert found.wanted == f"put some into samples/harbour-recovery/; samples/{strange}/ has 2 files that nobody reads: rename it"


def test_what_a_source_of_the_same_name_reads_are_no_receipts(tmp_path: Path) -> None:
    found = receipts_for("harbour", plugin(tmp_path, "harbour/report.json"), ["harbour"])

    assert (list(found.files), found.wanted.partition(":")[0]) == ([], "set `receipts` in the test class of the adapter")


def test_a_test_class_names_its_files_too(tmp_path: Path) -> None:
    plugin(tmp_path, "harbour/a.xml")
    assert [one.name for one in receipts_in(tmp_path / "samples" / "harbour")] == ["a.xml"]


@pytest.mark.parametrize("name", ["parse_reciept", "parse_receipts", "parseReceipt", "parse_recept", "read_receipt", "parse_receit"])
def test_a_method_that_was_meant_for_the_reader_is_named(name: str) -> None:
    assert nearest(type("Misspelt", (Plain,), {name: lambda self, raw: None})()) == name


@pytest.mark.parametrize("name", ["parse", "render", "receipt_address", "parse_receipt", "_parse_reciept", "person", "present"])
def test_another_method_is_not_taken_for_one(name: str) -> None:
    assert nearest(type("Other", (Plain,), {name: lambda self, raw: None})()) == ""
