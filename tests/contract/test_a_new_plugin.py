"""From nothing to a plugin among the bus's own: what `alertbus plugin new` writes is installed with pip and tested, in an environment of its own."""

import json
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that has what this one has, and room for a plugin of its own. Nothing is fetched."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    place = next(folder.glob("lib/*/site-packages"))
    here = [path for path in site.getsitepackages() if Path(path).is_dir()]
    (place / "all_of_this.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in here))
    return folder


def run(environment: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(environment / "bin" / "python"), *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env={"PATH": ""},
    )


def test_a_new_plugin_installs_with_pip_passes_its_own_tests_and_is_listed(environment: Path, tmp_path: Path) -> None:
    begun = run(environment, "-m", "alertbus", "plugin", "new", "northfield-fire", "--receipts", cwd=tmp_path)
    assert begun.returncode == 0, begun.stderr
    folder = tmp_path / "northfield-fire"

    installed = run(
        environment, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "-e", str(folder), cwd=tmp_path
    )
    assert installed.returncode == 0, installed.stdout + installed.stderr

    listed = run(environment, "-m", "alertbus", "plugin", "list", "--json", cwd=tmp_path)
    assert [
        (row["plugin"], row["version"], row["kind"], row["name"]) for row in json.loads(listed.stdout) if row["plugin"] == "northfield-fire"
    ] == [
        ("northfield-fire", "0.1.0", "adapter", "northfield-fire"),
        ("northfield-fire", "0.1.0", "source", "northfield-fire-in"),
    ]

    judged = run(environment, "-m", "alertbus", "plugin", "check", "northfield-fire", "--at-least", "platinum", cwd=tmp_path)
    assert judged.returncode == 0, judged.stdout + judged.stderr

    tested = run(environment, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "northfield" in run(environment, "-m", "alertbus", "plugin", "render", "northfield-fire", cwd=tmp_path).stdout


def test_the_environment_of_this_test_is_not_the_one_that_runs_it(environment: Path, tmp_path: Path) -> None:
    where = run(environment, "-c", "import sys; print(sys.prefix)", cwd=tmp_path).stdout.strip()

    assert Path(where) == environment
    assert where != sys.prefix


def test_what_a_release_rendered_is_kept_and_the_next_one_is_held_to_it(environment: Path, tmp_path: Path) -> None:
    begun = run(environment, "-m", "alertbus", "plugin", "new", "coastwatch", "--adapter", cwd=tmp_path)
    assert begun.returncode == 0, begun.stderr
    kept = run(environment, "-m", "alertbus", "plugin", "golden", "coastwatch", cwd=tmp_path)
    assert kept.returncode == 0, kept.stderr
    adapter = tmp_path / "coastwatch" / "alertbus_coastwatch" / "adapter.py"
    adapter.write_text(adapter.read_text("utf-8").replace("title=notice.title", "heading=notice.title"), "utf-8")

    judged = run(environment, "-m", "alertbus", "plugin", "check", "coastwatch", "--json", cwd=tmp_path)

    broken = [one["rule"] for each in json.loads(judged.stdout)["objects"] for one in each["failed"]]
    assert broken == ["keeps-to-its-golden-messages"], judged.stdout
    elsewhere = run(environment, "-m", "alertbus", "plugin", "golden", "coastwatch/tests", cwd=tmp_path)
    assert (elsewhere.returncode, "no pyproject.toml" in elsewhere.stderr) == (2, True), elsewhere.stderr
