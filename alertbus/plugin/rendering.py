"""A notice made a message by an adapter: behind the boundary, its form checked, its narrative proved whole or absent."""

import re

from alertbus.model.errors import PluginFault
from alertbus.model.notice import Message, Notice
from alertbus.plugin import fidelity
from alertbus.plugin.boundary import PluginBroke, behind_boundary
from alertbus.plugin.protocols import Adapter, UnreadableMessage

_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


def rendered(notice: Notice, adapter: Adapter, who: str) -> Message:
    """Render the notice, under the bus's own idempotency key, its narrative proved whole or absent. `who` names plugin and adapter.

    Whatever goes wrong becomes a `PluginFault` without the plugin's own words: they may repeat the notice.
    """
    message: object = None
    raised = ""
    try:
        message = behind_boundary(adapter.render, notice)
    except (PluginBroke, UnreadableMessage) as error:
        raised = str(error) if isinstance(error, PluginBroke) else type(error).__name__
    if raised:  # outside the handler, so that the plugin's error is not chained to ours
        raise PluginFault(f"{who}: render raised {raised}. Run its conformance kit: alertbus plugin check")
    checked = _checked(message, who)
    try:
        changed = fidelity.altered(notice, checked)
    except fidelity.UncheckableBody as error:
        raise PluginFault(f"{who}: {error}. Send text in the encoding the media type names.") from None
    if changed:
        places = ", ".join(f"narrative[{i}]" for i in changed)
        raise PluginFault(f"{who}: {places} is carried cut or changed. Carry an excerpt's text byte for byte, or leave it out whole.")
    return checked.model_copy(update={"idempotency_key": notice.id})


def _checked(message: object, who: str) -> Message:
    if not isinstance(message, Message):
        raise PluginFault(f"{who}: render returned {type(message).__name__} (expected: alertbus.plugin.Message).")
    if not isinstance(message.body, bytes):
        raise PluginFault(f"{who}: the message's body is {type(message.body).__name__} (expected: bytes). Encode it.")
    if "/" not in message.media_type:
        raise PluginFault(f"{who}: the message's media type has no '/' (expected: such as application/json).")
    if not _FILENAME.fullmatch(message.filename):
        raise PluginFault(f"{who}: the message's filename is not plain. Use letters, digits, dots, hyphens; no folder.")
    if any("\n" in part or "\r" in part for header in message.headers.items() for part in header):
        raise PluginFault(f"{who}: a header of the message holds a line break. Keep text in the body.")
    return message
