"""A notice made a message by an adapter: behind the boundary, and all that the bus sees to before it sends it."""

import re
from collections.abc import Mapping
from functools import partial

from alertbus.model.errors import PluginFault, told_class
from alertbus.model.notice import Message, Notice
from alertbus.plugin import fidelity
from alertbus.plugin.boundary import PluginBroke, behind_boundary
from alertbus.plugin.outgoing import flag_out_of_place, personal_outside
from alertbus.plugin.protocols import Adapter, UnreadableMessage
from alertbus.policy.plugin_rules import USUAL_LIMITS, PluginRules

_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


def rendered(notice: Notice, adapter: Adapter, plugin: str, rules: PluginRules = USUAL_LIMITS) -> Message:
    """Render the notice, under the bus's own idempotency key: not too large, its flag first, its narrative proved whole or absent, and
    nothing of the family outside the body. `plugin` is the name under which the adapter's plugin is installed.

    Whatever goes wrong becomes a `PluginFault` without the plugin's own words: they may repeat the notice.
    """
    who = f"agency plugin '{plugin}', adapter '{adapter.name}'"
    message = _made(notice, adapter, plugin, who, rules)
    again = partial(_made_or_none, adapter=adapter, plugin=plugin, who=who, rules=rules)
    if place := personal_outside(notice, message, again):
        raise PluginFault(f"{who}: the message's {place} holds something of a person in the notice. Proxies and logs see it: keep it out.")
    try:
        changed = fidelity.altered(notice, message, again)
        wrong = flag_out_of_place(notice, message, getattr(adapter, "flag_marks", ()), again)
        misread = fidelity.misread(notice, message)
    except fidelity.UncheckableBody as error:
        raise PluginFault(f"{who}: {error}.") from None
    if misread:
        raise PluginFault(f"{who}: {misread}. Write the body in the encoding that is named, or name the one it is in.")
    if changed:
        places = ", ".join(f"narrative[{i}]" for i in changed)
        raise PluginFault(f"{who}: {places} is carried cut or changed. Carry an excerpt's text byte for byte, or leave it out whole.")
    if wrong:
        raise PluginFault(f"{who}: {wrong}.")
    return message.model_copy(update={"idempotency_key": notice.id})


def _made_or_none(notice: Notice, *, adapter: Adapter, plugin: str, who: str, rules: PluginRules) -> Message | None:
    try:
        return _made(notice, adapter, plugin, who, rules)
    except PluginFault:
        return None


def _made(notice: Notice, adapter: Adapter, plugin: str, who: str, rules: PluginRules) -> Message:
    made: Message | str = ""
    try:
        made = behind_boundary(_of_good_form, notice, adapter, who, rules.largest_message_bytes, plugin=plugin)
    except (PluginBroke, UnreadableMessage) as error:
        raised = str(error) if isinstance(error, PluginBroke) else type(error).__name__
        made = f"{who}: render raised {raised}. Run its conformance kit: alertbus plugin check"
    if isinstance(made, str):  # outside the handler, so that the plugin's error is not chained to ours
        raise PluginFault(made)
    return made


def _of_good_form(notice: Notice, adapter: Adapter, who: str, most: int) -> Message | str:
    """Give the message, or what is wrong with it; nothing of it is looked at before its size. Behind the boundary, because what was
    returned may be of a class of the plugin's own.
    """
    message: object = adapter.render(notice)
    if not isinstance(message, Message):
        return f"{who}: render returned {told_class(type(message))} (expected: alertbus.plugin.Message)."
    body = message.body
    if type(body) is not bytes:
        return f"{who}: the message's body is {told_class(type(body))} (expected: bytes). Encode it."
    if len(body) > most:
        return (
            f"{who}: the message has {len(body)} bytes, at most {most} (the policy's plugins.largest_message_bytes). "
            "Render what the notice holds, and nothing else."
        )
    if wrong := _malformed(message):
        return f"{who}: {wrong}"
    return message if type(message) is Message else Message(**{name: getattr(message, name) for name in Message.model_fields})


def _malformed(message: Message) -> str | None:
    if type(message.media_type) is not str or "/" not in message.media_type:
        return "the message's media type has no '/' (expected: such as application/json)."
    if type(message.filename) is not str or not _FILENAME.fullmatch(message.filename):
        return "the message's filename is not plain. Use letters, digits, dots, hyphens; no folder."
    headers = message.headers
    if not isinstance(headers, Mapping) or not all(type(part) is str for header in headers.items() for part in header):
        return "the message's headers are no mapping of text to text."
    if any("\n" in part or "\r" in part for header in headers.items() for part in header):
        return "a header of the message holds a line break. Keep text in the body."
    return None
