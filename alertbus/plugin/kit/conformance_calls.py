"""The rules for what an adapter does when it is called: bronze and silver. One function each; they raise `Broken`."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

from alertbus.model.errors import PluginFault
from alertbus.model.notice import ENDINGS, Deed, Message, Notice
from alertbus.plugin import fidelity
from alertbus.plugin.kit.blame import SOMEWHERE, why_not
from alertbus.plugin.kit.conformance import Broken, leaked, must
from alertbus.plugin.kit.corpus import exhibits
from alertbus.plugin.kit.invented import full_notice, kinds
from alertbus.plugin.kit.looking import Shown, everything_in, how_raised, looked_at, rendered, show
from alertbus.plugin.kit.other_process import digest, elsewhere
from alertbus.plugin.kit.personal_values import stands_in, values_of
from alertbus.plugin.kit.samples import minimal_notice
from alertbus.plugin.manager import Plugins, offer
from alertbus.plugin.protocols import Adapter

_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
FULL = ("kind ", "a briefing", "a notice that says who answers")
"""How the notices begin that have everything in them, as their kind and deed have it."""


def has_attributes(adapter: Adapter) -> None:
    try:
        Plugins({"under-test": offer(adapters=[adapter])})
    except PluginFault as fault:
        raise Broken(str(fault)) from None


def stays_within(adapter: Adapter) -> None:
    must(not (stopped := looked_at(adapter).stopped), stopped)


def gives_messages(adapter: Adapter) -> None:
    """A message that the bus can send, of the text that its media type promises: the kit and the bus read it with the same eyes."""
    for look in looked_at(adapter).looks:
        if look.raised is None:
            must(not (wrong := _malformed(look.message, look.notice)), f"{look.what}: {wrong}")


def _malformed(message: object, notice: Notice) -> str:
    """Say what keeps the bus from sending it; empty where nothing does."""
    if not isinstance(message, Message):
        return f"render returned {type(message).__name__} (expected: alertbus.plugin.Message)"
    if not isinstance(message.body, bytes):
        return f"the message's body is {type(message.body).__name__} (expected: bytes). Encode it"
    return _unfit(message, notice)


def _unfit(message: Message, notice: Notice) -> str:
    if "/" not in message.media_type:
        return "the message's media type has no '/' (expected: such as application/json)"
    if not _FILENAME.fullmatch(message.filename):
        told = "the message's filename is not plain. Use letters, digits, dots, hyphens; no folder"
        return told + _leaks_as_well(message.filename, notice)
    for name, value in message.headers.items():
        if any(end in part for end in "\r\n" for part in (name, value)):
            return "a header of the message holds a line break. Keep text in the body" + _leaks_as_well(f"{name} {value}", notice)
    try:
        fidelity.strings_of(message)
        wrong = fidelity.misread(notice, message)
    except fidelity.UncheckableBody as error:
        return str(error)
    return f"{wrong}. Write the body in the encoding that is named, or name the one it is in" if wrong else ""


def _leaks_as_well(text: str, notice: Notice) -> str:
    """Say that a text outside the body tells of the family too: that rule is judged only once this one holds."""
    if not stands_in(text, values_of(notice)):
        return ""
    return (
        ". It also holds something of a person in the notice, and logs keep it: name the file by `notice.id`, and keep the rest in the body"
    )


def renders_everything(adapter: Adapter) -> None:
    _renders(look for look in looked_at(adapter).looks if look.what.startswith(FULL))


def renders_what_is_left(adapter: Adapter) -> None:
    """Render what lacks something: everything at once, one thing after another, and as hypothesis mixes it."""
    _renders(look for look in looked_at(adapter).looks if not look.what.startswith(FULL))
    must(
        any(exhibit.what.startswith("mixed") for exhibit in exhibits()),
        "not checked: hypothesis is not installed. Install alertbus[testing] beside your plugin.",
    )


def _renders(looks: Iterator[Shown]) -> None:
    for look in looks:
        # What raised only because the world is closed to it is the matter of another rule.
        must(look.raised is None or look.touched, f"{look.what}: {how_raised(look)}")


def tells_deeds_apart(adapter: Adapter) -> None:
    """The body says it for the kind of most notices; for every kind, the body or what stands outside it."""
    if any(look.touched for look in looked_at(adapter).looks):
        return  # it cannot render while the world is closed, which another rule says
    told = {name: rendered(adapter, full_notice(deed=name)) for name in (Deed.DELIVER, *ENDINGS)}
    for deed in ENDINGS:
        must(told[deed].body != told[Deed.DELIVER].body, f"a notice that ends something, deed {deed}, has the bytes of a delivery")
    for kind in kinds():
        delivered = digest(rendered(adapter, full_notice(kind=kind)))
        for deed in ENDINGS:
            ended = digest(rendered(adapter, full_notice(kind=kind, deed=deed)))
            must(ended != delivered, f"a notice of kind {kind} that ends something, deed {deed}, is the message of a delivery")


def writes_its_formats(adapter: Adapter) -> None:
    declared = {_base(name) for name in adapter.formats}
    for look in looked_at(adapter).looks:
        if message := look.made:
            found = _base(message.media_type)
            must(found in declared, f"{look.what}: writes {found}, and `formats` names {', '.join(sorted(declared))}")


def is_pure(adapter: Adapter) -> None:
    for look in looked_at(adapter).looks:
        must(not look.touched, f"{look.what}: it used {', '.join(look.touched)}", why_not(look.used))
    for first in elsewhere(adapter)[:1]:
        must(not first.touched, f"in a process that has just started it used {', '.join(first.touched)}")
        must(not first.imported, f"it imports {', '.join(first.imported)} while it renders. Import at the top of the module.")


def prints_nothing(adapter: Adapter) -> None:
    gallery = looked_at(adapter)
    for look in (*gallery.looks, *gallery.hopeless):
        where = f" at {look.printed}" if look.printed != SOMEWHERE else ""
        must(not look.printed, f"{look.what}: it wrote to the screen or to a log{where}")


def leaves_notice_alone(adapter: Adapter) -> None:
    for look in looked_at(adapter).looks:
        must(not look.changed, f"{look.what}: the notice is another one afterwards")


def remembers_nothing(adapter: Adapter) -> None:
    """Show all once more in another order: nothing of the kit's family stands where its own notice does not hold it."""
    everybody = full_notice()
    strangers = [*values_of(everybody), everybody.title, everybody.summary]
    looks = looked_at(adapter).looks
    again = [(look, show(adapter, look.exhibit, watching=False)) for look in reversed(looks)]
    for look in (*looks, *(now for look, now in again if digest(now.made) != digest(look.made))):
        if look.made:
            own = "\n".join([*values_of(look.notice), look.notice.title, look.notice.summary])
            others = [value for value in strangers if value not in own]
            must(not leaked(everything_in(look.made), others), f"{look.what}: what another family's notice held stands in it")


def is_deterministic(adapter: Adapter) -> None:
    for look in looked_at(adapter).looks:
        first = digest(look.made)
        must(digest(show(adapter, look.exhibit, watching=False).made) == first, f"{look.what}: two renderings of it differ")
    for notice in (full_notice(), minimal_notice()):
        told = rendered(adapter, notice)
        for zone in ("Pacific/Kiritimati", "America/Anchorage"):
            with _local_zone(zone):
                must(rendered(adapter, notice) == told, "the rendering follows the machine's time zone")
    here = [digest(look.made) for look in looked_at(adapter).looks]
    for there in elsewhere(adapter):
        for exhibit, first, other in zip(exhibits(), here, there.digests, strict=False):
            must(first == other, f"{exhibit.what}: another process renders it otherwise. Is it a set, hash(), id(), or the machine?")


def _base(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


@contextmanager
def _local_zone(name: str) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()
