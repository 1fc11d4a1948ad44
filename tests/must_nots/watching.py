"""Loaded into the pytest of a proof: writes down how each test went, and from where the product was imported, to the file in MUST_NOTS_OUT.

A failing law is not made small: that it fails is all that is asked.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

hypothesis.settings.register_profile("must_nots", phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate], database=None)
hypothesis.settings.load_profile("must_nots")

_went: dict[str, list[str]] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Iterator[None]:
    report: Any = yield
    test = item.nodeid.partition("[")[0]
    if report.outcome == "skipped":
        _went.setdefault(test, []).append("skipped")
    elif call.excinfo is not None:
        _went.setdefault(test, []).append(call.excinfo.type.__name__)
    elif call.when == "call":
        _went.setdefault(test, []).append("passed")
    return report


def pytest_sessionfinish() -> None:
    files = {
        str(module.__file__) for name, module in sys.modules.items() if name.startswith("alertbus") and getattr(module, "__file__", None)
    }
    Path(os.environ["MUST_NOTS_OUT"]).write_text(json.dumps({"went": _went, "imported": sorted(files)}), encoding="utf-8")
