"""A wheel carries the desk's style sheet, or there is no wheel: installed without it the desk could not start."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from alertbus.desk.assets_src import wheel_hook
from alertbus.desk.dress import _NEEDED, STATIC

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of the checkout as a wheel is built from."""
    copy = tmp_path / "checkout"
    shutil.copytree(ROOT / "alertbus", copy / "alertbus", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "deploy", copy / "deploy")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    return copy


def built(checkout: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False, timeout=120)


def test_a_wheel_carries_what_the_pages_are_dressed_in(checkout: Path) -> None:
    made = built(checkout)

    assert made.returncode == 0, made.stderr
    [wheel] = (checkout / "dist").glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    assert {f"alertbus/desk/static/{path.name}" for path in STATIC.iterdir()} <= held
    assert set(wheel_hook._NEEDED) == set(_NEEDED)


def test_without_it_no_wheel_is_built_and_the_reason_says_what_to_do(checkout: Path) -> None:
    (checkout / "alertbus" / "desk" / "static" / "desk.css").unlink()

    made = built(checkout)

    assert made.returncode != 0
    assert not list(checkout.glob("dist/*.whl"))
    assert "has no desk.css" in made.stderr + made.stdout
    assert "make env" in made.stderr + made.stdout
