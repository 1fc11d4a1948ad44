"""`alertbus plugin check` inside its own process: load the plugin, judge each object, and tell the parent line by line.

What is told is the kit's own words: rules, places, classes of exceptions; and what the plugin says of a sample that it refuses, where none
raises an alert. Nothing else that the plugin writes goes further than this process.
"""

import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from alertbus.model.errors import PluginFault
from alertbus.plugin.discovery import imported, installed
from alertbus.plugin.kit import calling
from alertbus.plugin.kit.adapter_suite import AdapterConformance
from alertbus.plugin.kit.conformance import Broken
from alertbus.plugin.kit.exemptions import exemptions_in
from alertbus.plugin.kit.receipt_files import receipts_for
from alertbus.plugin.kit.sample_files import golden_for, samples_for
from alertbus.plugin.kit.source_suite import SourceConformance
from alertbus.plugin.kit.tier_report import judged
from alertbus.plugin.manager import Plugins, offer
from alertbus.plugin.unpackaged import found_at

MEMORY = 2 * 1024 * 1024 * 1024
"""Bytes of address space that the whole check may use: five times what the kit itself maps."""

BEAT = 0.5
"""Seconds between two signs of life."""

LONGEST_SAID = 600
"""Characters of one finding."""

Tell = Callable[[dict[str, Any]], None]


def main(target: str, to: int) -> None:
    """Check what stands at a path, or what is installed under that name, and tell it through the file descriptor `to`."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    tell = _told_through(to)
    threading.Thread(target=_beat, args=(tell,), daemon=True).start()
    try:
        loaded = _loaded(target)
        for name, plugin, module in loaded:
            _check(name, plugin, module, tell)
    except PluginFault as fault:
        tell({"cannot": str(fault)})
    except Broken as broken:
        tell({"cannot": f"while it was loaded: {broken}"})
    tell({"done": True})


def _told_through(to: int) -> Tell:
    lock = threading.Lock()

    def tell(event: dict[str, Any]) -> None:
        with lock:
            os.write(to, json.dumps(event).encode("ascii") + b"\n")

    return tell


def _beat(tell: Tell) -> None:
    while True:
        time.sleep(BEAT)
        tell({"calls": calling.made()})


def _loaded(target: str) -> list[tuple[str, object, Path]]:
    """Give name, module and file of each plugin. Loading runs its code, under the limits of any call."""
    place = Path(target)
    if place.exists() or os.sep in target:
        found = found_at(place)
        return [(one.name, calling.load(one.imported), one.top / "__init__.py" if one.top.is_dir() else one.top) for one in found]
    for entry in installed():
        if entry.name == target:
            plugin = calling.load(imported, entry)
            first = entry.module.partition(".")[0]
            return [(entry.name, plugin, Path(getattr(sys.modules.get(first), "__file__", None) or "."))]
    names = ", ".join(sorted(entry.name for entry in installed())) or "none"
    raise PluginFault(f"'{target[:80]}' is neither a path nor the name of an installed plugin (installed: {names}).")


def _check(name: str, plugin: object, module: Path, tell: Tell) -> None:
    exempt = exemptions_in(module)
    adapters, sources = _offered(name, plugin, "alertbus_adapters"), _offered(name, plugin, "alertbus_sources")
    _refuse_what_no_rule_names(name, plugin, adapters, sources)
    names = [_name(one) for one in adapters]
    for adapter in adapters:
        found = receipts_for(_name(adapter), module, [_name(one) for one in sources], names)
        golden = golden_for(_name(adapter), module)
        _judge(AdapterConformance, "adapter", adapter, exempt, tell, receipts=found.files, receipts_wanted=found.wanted, golden=golden)
    for source in sources:
        samples = samples_for(_name(source), module, "samples")
        _judge(SourceConformance, "source", source, exempt, tell, samples=samples)


def _judge(suite: type[Any], kind: str, subject: object, exempt: Any, tell: Tell, **with_: Any) -> None:
    tell({"object": _name(subject), "kind": kind})
    for result in judged(suite, lambda rule: tell({"begin": rule}), **{kind: subject}, **with_):
        reason = "" if result.protects else exempt.get(result.id, "")
        said = {"rule": result.rule, "broken": result.broken[:LONGEST_SAID], "why": result.why if result.broken else ""}
        tell({**said, "unjudged": result.unjudged, "exempt": reason, "unseen": result.unseen})
    tell({"end": True})


def _offered(name: str, plugin: object, hook: str) -> Sequence[object]:
    function = getattr(plugin, hook, None)
    if function is None:
        return ()
    raised = ""
    try:
        offered = calling.load(function)
    except Broken as broken:
        raised = str(broken).removeprefix("raised ")
    except Exception as error:  # noqa: BLE001  the plugin's own
        raised = type(error).__name__
    if raised:
        raise PluginFault(f"agency plugin '{name}', hook '{hook}': raised {raised}. The hook only registers: return the objects.")
    if not isinstance(offered, list | tuple):
        raise PluginFault(
            f"agency plugin '{name}', hook '{hook}': returned {type(offered).__name__} (expected: a list or tuple of objects)."
        )
    return offered


def _refuse_what_no_rule_names(name: str, plugin: object, adapters: Sequence[object], sources: Sequence[object]) -> None:
    """Raise what the bus would at its start, unless the cause is in one object, of which a rule speaks."""
    for one in (*(offer(adapters=[each]) for each in adapters), *(offer(sources=[each]) for each in sources)):
        try:
            calling.load(Plugins, {name: one})
        except PluginFault:
            return
    calling.load(Plugins, {name: plugin})


def _name(subject: object) -> str:
    name = getattr(subject, "name", None)
    return name[:80] if isinstance(name, str) else type(subject).__name__


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
