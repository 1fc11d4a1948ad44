"""GOV.UK Notify as a channel: an agency without a system of its own is told that an alert waits, and never what it says.

from alertbus_notify import GovukNotify
"""

from collections.abc import Sequence

from alertbus.plugin import Transport, hookimpl
from alertbus_notify.notify_settings import NotifySettings
from alertbus_notify.postbox import Postbox

__all__ = ["GovukNotify", "NotifySettings", "Postbox", "alertbus_channels"]


class GovukNotify:
    """The channel `notify`: an e-mail, a text message or a letter to each agency that is set so."""

    name = "notify"
    contract = 1
    settings = NotifySettings
    limit_s = 30.0
    """Two calls of at most ten seconds each, and time to begin them."""
    every_s = 120.0
    """An e-mail is delivered within seconds, a text message within a minute or not for days: nobody waits for the answer."""

    def open(self, settings: NotifySettings) -> Postbox:
        return Postbox(settings)


@hookimpl
def alertbus_channels() -> Sequence[Transport]:
    return [GovukNotify()]
