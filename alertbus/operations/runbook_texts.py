"""The runbooks, for whoever is on call: carried by the package, so that a page can show them where nobody has the project's files."""

import functools
import re
from pathlib import Path
from types import MappingProxyType

from alertbus.model.errors import NotFound

_PACKAGED = Path(__file__).with_name("runbooks")
_IN_THE_PROJECT = Path(__file__).parents[2] / "deploy" / "runbooks"
_NAME = re.compile(r"[a-z][a-z-]{0,39}")


@functools.cache
def titles() -> MappingProxyType[str, str]:
    """Give the title of each runbook by its name, in the order of the titles."""
    found = {path.stem: path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ").strip() for path in _folder().glob("*.md")}
    return MappingProxyType(dict(sorted(found.items(), key=lambda pair: pair[1])))


def text_of_runbook(name: str) -> str:
    """Give a runbook as it is written, in Markdown. Raises `NotFound`."""
    if _NAME.fullmatch(name) is None or name not in titles():
        raise NotFound("no such runbook")
    return (_folder() / f"{name}.md").read_text(encoding="utf-8")


def _folder() -> Path:
    return _PACKAGED if _PACKAGED.is_dir() else _IN_THE_PROJECT  # put there when the wheel is built
