"""A plugin's function, called once for its author: within a time, and what it prints goes where it does not spoil the answer."""

import contextlib
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

from alertbus.model.errors import PluginFault

Given = TypeVar("Given")

PATIENCE_S = 10.0
"""Seconds for one call. The bus gives a rendering two, and a message ten."""


def called_once(what: str, function: Callable[[], Given], patience_s: float = PATIENCE_S) -> Given:
    """Give what the function gives, or raise what it raises. Raises `PluginFault` when it takes longer: it is then left behind."""
    came: list[Given] = []
    raised: list[BaseException] = []

    def call() -> None:
        try:
            came.append(function())
        except BaseException as error:  # noqa: BLE001  it is raised again below
            raised.append(error)

    thread = threading.Thread(target=call, daemon=True)
    with contextlib.redirect_stdout(sys.stderr):
        thread.start()
        thread.join(patience_s)
    if raised:
        raise raised[0]
    if not came:
        raise PluginFault(f"{what} had not answered after {patience_s:g} s. It may not wait, loop without end, or call the network.")
    return came[0]
