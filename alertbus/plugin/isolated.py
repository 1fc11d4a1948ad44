"""The process of an isolated plugin: `python -m alertbus.plugin.isolated NAME`, started by `alertbus.plugin.stand_ins` and by nobody else.

It imports one plugin under a limit of memory, says what it offers, and then does what it is asked, one call at a time, until nobody asks.
"""

import json
import os
import resource
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alertbus.model.errors import PluginFault, told_class
from alertbus.model.notice import Message, Notice
from alertbus.plugin.discovery import NotImported, imported, installed
from alertbus.plugin.frames import FrameTooLong, NobodyThere, receive, send
from alertbus.plugin.manager import Plugins
from alertbus.plugin.protocols import Adapter, Ignored, ReceiptGiven, ReceiptReader, Source, UnreadableMessage
from alertbus.plugin.unpackaged import dropped_in

_LOOK_S = 1.0
_LARGEST_ASKED = 16_000_000
_NOT_HERE = ("alertbus_kinds", "alertbus_channels", "alertbus_patterns", "alertbus_items")


def main(name: str, reading: int, writing: int, memory_mb: int, most: int, plugins_dir: str) -> None:
    """Serve until the other side has gone."""
    _end_with_parent(os.getppid())
    limit = memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file holds what it was given
    plugins = _introduced(name, writing, plugins_dir)
    if plugins is None:
        return
    adapters, sources = {one.name: one for one in plugins.adapters.values()}, dict(plugins.sources)
    while True:
        try:
            asked, body = receive(reading, _LARGEST_ASKED)
            head, answer = _done(asked, body, adapters, sources)
            send(writing, *((head, answer) if len(answer) <= most else ({"raised": "a message that is too large"}, b"")))
        except (NobodyThere, FrameTooLong):
            return


def _introduced(name: str, writing: int, plugins_dir: str) -> Plugins | None:
    """Import the plugin and say what it offers, or why it cannot be used."""
    try:
        plugins = Plugins({name: _of_this_kind(name, _imported(name, plugins_dir))})
    except NotImported as fault:
        send(writing, {"reason": fault.reason})
    except PluginFault as fault:
        send(writing, {"refused": str(fault)})
    else:
        send(writing, {"adapters": [_described(one) for one in plugins.adapters.values()], "sources": list(plugins.sources)})
        return plugins
    return None


def _of_this_kind(name: str, plugin: object) -> object:
    if other := [hook for hook in _NOT_HERE if hasattr(plugin, hook)]:
        raise PluginFault(f"agency plugin '{name}' offers {', '.join(other)}, which works in the bus's own process only: do not isolate it")
    return plugin


def _imported(name: str, plugins_dir: str) -> object:
    for one in dropped_in(Path(plugins_dir)) if plugins_dir else ():
        if one.name == name:
            return one.imported()
    return imported(next(entry for entry in installed() if entry.name == name))


def _described(adapter: Adapter) -> dict[str, Any]:
    marks: Sequence[str] = getattr(adapter, "flag_marks", ())
    told = {"name": adapter.name, "sector": adapter.sector, "contract": adapter.contract, "formats": list(adapter.formats)}
    return told | {"flag_marks": list(marks), "reads": isinstance(adapter, ReceiptReader)}


def _done(asked: dict[str, Any], body: bytes, adapters: dict[str, Adapter], sources: dict[str, Source]) -> tuple[dict[str, Any], bytes]:
    """Do what is asked. Whatever the plugin raises is said by its class."""
    try:
        if asked["do"] == "render":
            return _of_message(adapters[asked["name"]].render(Notice.model_validate_json(body)))
        if asked["do"] == "receipt":
            reader = adapters[asked["name"]]
            assert isinstance(reader, ReceiptReader)
            return _of_receipt(reader.parse_receipt(body))
        return _of_stated(sources[asked["name"]].parse(body, asked["headers"]))
    except UnreadableMessage as unreadable:
        return {"unreadable": [[str(one.path), str(one.expected), str(one.code)] for one in unreadable.faults]}, b""
    except BaseException as error:  # noqa: BLE001  the boundary of this process
        return {"raised": told_class(type(error))}, b""


def _of_message(message: object) -> tuple[dict[str, Any], bytes]:
    if not isinstance(message, Message):
        return {"raised": f"nothing, and returned {told_class(type(message))}"}, b""
    return {"media_type": message.media_type, "filename": message.filename, "headers": dict(message.headers)}, message.body


def _of_receipt(given: object) -> tuple[dict[str, Any], bytes]:
    if not isinstance(given, ReceiptGiven):
        return {"raised": f"nothing, and returned {told_class(type(given))}"}, b""
    fields = ("idempotency_key", "stage", "by", "role", "intent", "note", "to")
    return {"receipt": {name: getattr(given, name) for name in fields}}, b""


def _of_stated(found: object) -> tuple[dict[str, Any], bytes]:
    if isinstance(found, Ignored):
        return {"ignored": found.reason}, b""
    if not isinstance(found, list | tuple):
        return {"raised": f"nothing, and returned {told_class(type(found))}"}, b""
    stated = [[type(one).__name__, one.model_dump(mode="json", by_alias=True, exclude_unset=True)] for one in found]
    return {"stated": len(stated)}, json.dumps(stated).encode()


def _end_with_parent(parent: int) -> None:
    """End when the bus has gone, also in the midst of a call."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_S)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    _name, _reading, _writing, _memory, _most, _folder = sys.argv[1:]
    main(_name, int(_reading), int(_writing), int(_memory), int(_most), _folder)
