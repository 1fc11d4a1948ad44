"""Where `alertbus plugin check` finds a plugin's own samples, receipts and golden messages."""

from pathlib import Path

import pytest

from alertbus.plugin.kit.sample_files import golden_for, project_of, samples_for

TESTS = """
from pathlib import Path
from alertbus.plugin.testing import AdapterConformance, SourceConformance

class Named:
    name = "register"

class TestSource(SourceConformance):
    source = Named()
    samples = (b"from the tests",)

class TestAdapter(AdapterConformance):
    adapter = Named()
    receipts = [b"a receipt"]
    golden = Path(__file__).parent / "golden"
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A project with a package in `src` and tests of its own."""
    (tmp_path / "pyproject.toml").write_text("[project]")
    (tmp_path / "src" / "alertbus_register").mkdir(parents=True)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_broken.py").write_text("import nothing_of_that_name  # SourceConformance")
    (tmp_path / "tests" / "test_register.py").write_text(TESTS)
    return tmp_path / "src" / "alertbus_register" / "__init__.py"


def put(folder: Path, name: str, content: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def test_a_folder_of_samples_beside_the_project_comes_first(module: Path, tmp_path: Path) -> None:
    put(tmp_path / "samples" / "register", "b.json", b"second")
    put(tmp_path / "samples" / "register", "a.json", b"first")
    put(tmp_path / "samples" / "register", ".hidden", b"no sample")

    found = samples_for("register", module, "samples")
    assert [(one, getattr(one, "name", "")) for one in found] == [(b"first", "a.json"), (b"second", "b.json")]


def test_an_installed_package_may_carry_them_itself(tmp_path: Path) -> None:
    module = tmp_path / "site" / "alertbus_register" / "__init__.py"
    put(module.parent / "samples" / "register", "a.json", b"in the wheel")

    assert (project_of(module), samples_for("register", module, "samples")) == (None, (b"in the wheel",))


def test_else_the_plugins_own_tests_give_them_and_one_that_cannot_be_imported_is_passed_over(module: Path, tmp_path: Path) -> None:
    assert samples_for("register", module, "samples") == (b"from the tests",)
    assert samples_for("register", module, "receipts") == (b"a receipt",)
    assert golden_for("register", module) == tmp_path / "tests" / "golden"
    assert samples_for("somebody_else", module, "samples") == ()


def test_golden_messages_beside_the_project_come_first(module: Path, tmp_path: Path) -> None:
    put(tmp_path / "golden" / "register", "golden.json", b"{}")

    assert golden_for("register", module) == tmp_path / "golden" / "register"
