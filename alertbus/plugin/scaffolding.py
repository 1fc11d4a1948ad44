"""A plugin to begin with: its files, from the templates beside this module. It passes its own tests and the kit as it is written.

The templates are files (`scaffold/`, each with `.tmpl` behind its name), so that they can be read and changed as what they become.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from alertbus.model.sensitivity import Sensitivity
from alertbus.policy.policy import ALWAYS, NEVER

NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
LONGEST_NAME = 36
SECTOR = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")

_ADAPTER, _SOURCE, _EITHER, _RECEIPTS = "adapter", "source", "either", "receipts"

_FILES = MappingProxyType(
    {
        "README.md": _EITHER,
        "pyproject.toml": _EITHER,
        "policy.yaml": _EITHER,
        "ci/plugin.yml": _EITHER,
        "PACKAGE/__init__.py": _EITHER,
        "PACKAGE/py.typed": _EITHER,
        "PACKAGE/adapter.py": _ADAPTER,
        "PACKAGE/source.py": _SOURCE,
        "tests/test_NAME_adapter.py": _ADAPTER,
        "tests/test_NAME_source.py": _SOURCE,
        "samples/alert.json": _ADAPTER,
        "samples/ADAPTER/accepted.json": _RECEIPTS,
        "samples/ADAPTER/acknowledged.json": _RECEIPTS,
        "samples/ADAPTER/refused.json": _RECEIPTS,
        "samples/SOURCE/concern.json": _SOURCE,
        "samples/SOURCE/enquiry.json": _SOURCE,
    }
)
"""Template → for which plugins it is. `ci` becomes `.github/workflows`."""

_LEAST = MappingProxyType({Sensitivity.ACTION: "full", Sensitivity.THREAT: "summary"})
"""What a new sector sees, so that a flag is seen and nobody is named; all else is nothing until somebody has agreed to more."""


@dataclass(frozen=True, slots=True)
class NewPlugin:
    """What is to be written."""

    name: str
    sector: str
    adapter: bool = True
    source: bool = True
    known_sectors: Collection[str] = ()
    """The sectors that the policy has a row for."""
    receipts: bool = False
    """Whether the adapter reads its system's receipts too."""

    @property
    def package(self) -> str:
        """The module's name, as the entry point has it."""
        return f"alertbus_{self.name.replace('-', '_')}"

    @property
    def source_name(self) -> str:
        """The source's name. It differs from the adapter's, so that the samples of each are told apart."""
        return f"{self.name}-in" if self.adapter else self.name

    def written(self) -> Iterator[tuple[Path, str]]:
        """Each file by its place in the plugin's folder."""
        import jinja2  # a second's work is done for who begins a plugin alone

        rendering = jinja2.Environment(
            variable_start_string="<<",
            variable_end_string=">>",
            trim_blocks=True,
            block_start_string="<%",
            block_end_string="%>",
            comment_start_string="<#",
            comment_end_string="#>",
            undefined=jinja2.StrictUndefined,
            keep_trailing_newline=True,
            autoescape=False,  # noqa: S701  what is made is code and text, from names that were checked
        )
        values = self._values()
        for template, meant_for in _FILES.items():
            if not self._has(meant_for):
                continue
            text = (files("alertbus.plugin") / "scaffold" / f"{template}.tmpl").read_text(encoding="utf-8")
            yield self._place(template), rendering.from_string(text).render(values)

    def _has(self, part: str) -> bool:
        parts = {_EITHER: True, _ADAPTER: self.adapter, _SOURCE: self.source, _RECEIPTS: self.adapter and self.receipts}
        return parts[part]

    def _place(self, template: str) -> Path:
        words = {
            "PACKAGE": self.package,
            "NAME": self.name.replace("-", "_"),
            "SOURCE": self.source_name,
            "ADAPTER": self.name,
            "ci/": ".github/workflows/",
        }
        for word, becomes in words.items():
            template = template.replace(word, becomes)
        return Path(template)

    def _values(self) -> dict[str, Any]:
        parts = re.split("[_-]", self.name)
        camel, title = "".join(part.capitalize() for part in parts), " ".join(parts).capitalize()
        does = {
            (True, True): f"Renders alertbus notices for {title}, and reads its reports as alerts.",
            (True, False): f"Renders alertbus notices for {title}.",
            (False, True): f"Reads reports of {title} as alertbus alerts.",
        }
        exported = [f"{camel}{what}" for what, there in (("Adapter", self.adapter), ("Source", self.source)) if there]
        hooks = [f"alertbus_{what}s" for what, there in (("adapter", self.adapter), ("source", self.source)) if there]
        decided = set(Sensitivity) - ALWAYS - NEVER - {Sensitivity.IDENTITY}
        return {
            "name": self.name,
            "package": self.package,
            "camel": camel,
            "title": title,
            "about": does[self.adapter, self.source],
            "agency": self.name.replace("-", "_"),
            "sector": self.sector,
            "source_name": self.source_name,
            "code": "".join(part[0] for part in parts).upper(),
            "exports": ", ".join(f'"{one}"' for one in (*exported, *hooks)),
            "adapter": self.adapter,
            "source": self.source,
            "receipts": self._has(_RECEIPTS),
            "new_sector": self.sector not in self.known_sectors,
            "classes": [(one.value, _LEAST.get(one, "nothing")) for one in Sensitivity if one in decided],
        }
