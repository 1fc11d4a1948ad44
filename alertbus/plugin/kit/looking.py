"""What an adapter made of each notice that the kit showed it: looked at once behind the fence, then judged by many rules."""

import io
import logging
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field

from alertbus.model.notice import Message, Notice
from alertbus.plugin.kit.blame import SOMEWHERE, in_words, own_place, raised_at
from alertbus.plugin.kit.calling import OutOfBounds, call
from alertbus.plugin.kit.conformance import Broken, everything_said_by
from alertbus.plugin.kit.corpus import Exhibit, exhibits
from alertbus.plugin.kit.fences import WAITING, Touching, fence
from alertbus.plugin.kit.invented import full_notice
from alertbus.plugin.kit.personal_values import stands_in, values_of
from alertbus.plugin.protocols import Adapter

SLOWEST = 2.0
"""Seconds of work after which the bus gives up on a rendering."""
ALL = 20.0
"""Seconds that all the kit's notices may take: fifty milliseconds for each, where most adapters take less than one."""
ENOUGH = 12
"""Notices with which it touched the world; then no more are shown: what it asks for may be slow, and a kind has six deeds."""
LARGEST = 1_000_000
"""Bytes of a message made from a notice of some thousands."""


@dataclass(slots=True)
class Shown:
    """One notice, and what came of showing it."""

    exhibit: Exhibit
    message: object = None
    """What was given back, whatever it is."""
    raised: BaseException | None = None
    touched: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    """The same by the kit's short names."""
    printed: str = ""
    """Where it wrote to the screen or a log; empty where it did not."""
    changed: bool = False
    """Whether the notice was another one afterwards."""

    @property
    def what(self) -> str:
        return self.exhibit.what

    @property
    def notice(self) -> Notice:
        return self.exhibit.notice

    @property
    def made(self) -> Message | None:
        """The message, where there is one that a rule can look into."""
        return self.message if isinstance(self.message, Message) and isinstance(self.message.body, bytes) else None


@dataclass(slots=True)
class Gallery:
    """All that was looked at."""

    looks: list[Shown] = field(default_factory=list)
    hopeless: list[Shown] = field(default_factory=list)
    """The same of notices of impossible shape, which no bus sends: what an adapter says when it fails."""
    stopped: str = ""
    """Why not everything was looked at: a call that was stopped, or a message without end."""


_LATEST: list[tuple[Adapter, Gallery]] = []


def looked_at(adapter: Adapter) -> Gallery:
    """Show the adapter every notice; once, however many rules ask for it."""
    for known, gallery in _LATEST:
        if known is adapter:
            return gallery
    gallery = Gallery()
    try:
        _show(adapter, gallery)
    except OutOfBounds as stopped:
        gallery.stopped = str(stopped)
    _LATEST[:] = [*_LATEST[-2:], (adapter, gallery)]
    return gallery


def rendered(adapter: Adapter, notice: Notice) -> Message:
    """Let the adapter render the notice, with the world closed to it; for rules that judge one that is sound so far."""
    look = show(adapter, Exhibit("a notice", notice), watching=False)
    if look.made is None:
        raise Broken(how_raised(look) if look.raised else "render gave back no message")
    return look.made


def how_raised(look: Shown) -> str:
    """Say what render raised and where, and whether that repeats the notice, but nothing of what it said."""
    if look.raised is None:
        return ""
    place = raised_at(look.raised)
    told = f"render raised {type(look.raised).__name__}{f' at {place}' if place else ''}"
    if stands_in(everything_said_by(look.raised), values_of(look.notice)):
        told += ". What it raises must not hold the notice's words either, and it does: logs keep them. Say where and what was expected"
    return told


def show(adapter: Adapter, exhibit: Exhibit, *, watching: bool = True, possible: bool = True) -> Shown:
    """Show it one notice. `OutOfBounds` when that had to be stopped; any other error is part of what is seen. `watching`: a copy is shown,
    and clocks, chance and changes to it are seen; without, all is quicker, for who has been watched before.
    """
    look = Shown(exhibit)
    copy = exhibit.notice.model_copy(deep=True) if watching else exhibit.notice
    seen = Touching(0)

    def behind_the_fence() -> object:
        nonlocal seen
        with _warnings(look, possible=possible), _heard(look), fence(watching=watching) as seen:
            return adapter.render(copy)

    try:
        look.message = call(behind_the_fence)
    except OutOfBounds:
        raise
    except Exception as error:  # noqa: BLE001  whatever it raises is looked at
        look.raised = error
    if seen.slept:
        raise OutOfBounds(f"it waits: {in_words(WAITING, seen.touched[WAITING])}")
    look.touched, look.used, look.printed = seen.outside, tuple(seen.touched), look.printed or seen.printed
    look.changed = watching and _is_other(copy, exhibit.notice)
    if (message := look.made) and len(message.body) > LARGEST:
        raise OutOfBounds(f"{exhibit.what}: a message of {len(message.body) // 1_000_000} MB")
    return look


def _is_other(copy: Notice, notice: Notice) -> bool:
    try:
        return bool(copy != notice)
    except Exception:  # noqa: BLE001  what was put into it cannot even be compared
        return True


def _show(adapter: Adapter, gallery: Gallery) -> None:
    begun = time.process_time()
    with _all_levels():
        for exhibit in exhibits():
            before = time.process_time()
            gallery.looks.append(show(adapter, exhibit))
            if sum(bool(look.touched) for look in gallery.looks) > ENOUGH:
                break
            if time.process_time() - before > SLOWEST:
                raise OutOfBounds(f"{exhibit.what}: took longer than {SLOWEST:g} s, after which the bus gives up")
            if time.process_time() - begun > ALL:
                raise OutOfBounds(f"the first {len(gallery.looks)} notices took {ALL:g} s: a rendering takes a few milliseconds")
        for notice in impossible_notices():
            gallery.hopeless.append(show(adapter, Exhibit("a notice of impossible shape", notice), watching=False, possible=False))


def impossible_notices() -> Iterator[Notice]:
    """Yield notices with one thing in them that cannot be: it may be rendered or refused, but nothing may be said of the family."""
    good = full_notice()
    for name in type(good).model_fields:
        for wrong in (3.5, None):
            yield good.model_copy(update={name: wrong})
    for person in (good.people[0], good.children[0]):
        for name in type(person).model_fields:
            for wrong in (3.5, None):
                spoilt = person.model_copy(update={name: wrong})
                yield good.model_copy(update={"people": (spoilt,), "children": (spoilt,)})
    nobody = good.people[0].model_copy(update={"identifiers": None, "addresses": 7, "born": 3.5})
    yield good.model_copy(update={"people": (nobody,), "children": (nobody,)})
    for section in good.details:
        yield good.model_copy(update={"details": {**good.details, section: 3.5}})
    yield good.model_copy(update={"narrative": (good.narrative[0].model_copy(update={"text": 3.5}),)})


class _Stream(io.TextIOWrapper):
    """Stands for the screen: takes text and bytes, and keeps only that there were some."""

    def __init__(self, look: Shown) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors="replace", write_through=True)
        self._look = look

    def write(self, text: str) -> int:
        if text:
            self._look.printed = self._look.printed or own_place(sys._getframe(1)) or SOMEWHERE  # noqa: SLF001
        return super().write(text)

    def written(self) -> None:
        self.flush()
        if isinstance(self.buffer, io.BytesIO) and self.buffer.getbuffer().nbytes:
            self._look.printed = self._look.printed or SOMEWHERE


@contextmanager
def _heard(look: Shown) -> Iterator[None]:
    """Note whether something is written to the screen or a log; what is written to a stream kept from before, the fence sees."""
    stream, log = _Stream(look), _Logged(look)
    root = logging.getLogger()
    before, root.handlers = root.handlers, [log]
    try:
        with redirect_stdout(stream), redirect_stderr(stream):
            yield
    finally:
        root.handlers = before
        stream.written()


class _Logged(logging.Handler):
    def __init__(self, look: Shown) -> None:
        super().__init__()
        self._look = look

    def emit(self, record: logging.LogRecord) -> None:
        # What a library says to its own developers is no matter of the plugin's.
        if record.levelno >= logging.WARNING or "site-packages" not in record.pathname:
            self._look.printed = self._look.printed or own_place(sys._getframe(1)) or SOMEWHERE  # noqa: SLF001


@contextmanager
def _all_levels() -> Iterator[None]:
    """Let every level through: how much an operator's log takes is not the plugin's to know."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(1)
    try:
        yield
    finally:
        root.setLevel(level)


@contextmanager
def _warnings(look: Shown, *, possible: bool) -> Iterator[None]:
    """Warnings as a bus has them: written to the screen, but for those that are for developers; never raised, as tests may have them. Of a
    notice of impossible shape pydantic's own are no matter of the adapter's.
    """

    def shown(*_: object, **__: object) -> None:
        if possible:
            look.printed = look.printed or own_place(sys._getframe(1)) or SOMEWHERE  # noqa: SLF001

    with warnings.catch_warnings():
        warnings.resetwarnings()
        for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", category)
        warnings.showwarning = shown
        yield


def everything_in(message: Message) -> str:
    """Give a message as one text: its body with all that stands outside it."""
    outside = [message.media_type, message.filename, *message.headers, *message.headers.values()]
    return "\n".join([message.body.decode("utf-8", "replace"), *map(str, outside)])
