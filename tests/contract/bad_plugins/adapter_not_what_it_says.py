"""Says that it is JSON, and is not."""

from alertbus.plugin import Message, Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "gives-back-a-message"


class NotWhatItSays(Pages):
    def render(self, notice: Notice) -> Message:
        return Message(media_type="application/json", body=notice.title.encode())


adapter = NotWhatItSays()
