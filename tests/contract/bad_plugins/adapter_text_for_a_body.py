"""Makes a message with text for a body."""

from alertbus.plugin import Message, Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "gives-back-a-message"


class TextForABody(Pages):
    def render(self, notice: Notice) -> Message:
        return Message.model_construct(media_type="application/json", body="{}", filename="a.json", headers={}, idempotency_key="")


adapter = TextForABody()
