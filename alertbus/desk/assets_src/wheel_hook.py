"""A wheel carries what the desk's pages are dressed in, or is not built: installed without it, the desk could not start."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_NEEDED = ("desk.css", "desk.js", "govuk-frontend.min.js", "mark.svg")
"""As `desk.dress` needs them."""


class DressInWheel(BuildHookInterface[Any]):
    """Refuses to build a wheel without it. Installing a checkout to work in it needs none: `make env` makes it after that."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  as hatchling calls it
        if version == "editable":
            return
        static = Path(self.root) / "alertbus" / "desk" / "static"
        missing = [name for name in _NEEDED if not (static / name).is_file()]
        if missing:
            raise SystemExit(
                f"no wheel was built: alertbus/desk/static has no {', '.join(missing)}, and the desk cannot start without. "
                "Say `make env`, which makes it from npm packages, and build again."
            )
