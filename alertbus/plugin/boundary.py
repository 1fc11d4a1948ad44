"""Where the bus calls a plugin's code: whatever it raises stays a fault of that plugin, also what would end a process."""

from collections.abc import Callable
from typing import TypeVar

from alertbus.model.errors import told_class
from alertbus.plugin.protocols import UnreadableMessage
from alertbus.unheard import NOBODY, called

Result = TypeVar("Result")


class PluginBroke(Exception):
    """A plugin raised what its contract does not know. The text is the class of that, and nothing of the plugin's own words."""


def behind_boundary(function: Callable[..., Result], *given: object, plugin: str = NOBODY) -> Result:
    """Call a plugin's function. `UnreadableMessage` comes through; anything else, `KeyboardInterrupt` and `SystemExit` among it, becomes
    `PluginBroke`. What the function prints or logs is dropped and counted for `plugin`. For a thread of its own: a person's Ctrl-C reaches
    the main thread alone.
    """
    broke = ""
    try:
        with called(plugin):
            return function(*given)
    except UnreadableMessage:
        raise
    except BaseException as error:  # noqa: BLE001  the boundary: a plugin may raise anything
        broke = told_class(type(error))
    raise PluginBroke(broke)  # out here, so that the plugin's error, whose words may quote the message, is not chained
