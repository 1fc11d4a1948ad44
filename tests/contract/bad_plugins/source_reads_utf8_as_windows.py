"""Takes every message for Windows-1252, which reads nearly every byte as some letter."""

from alertbus.plugin import Headers, Ignored, Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "reads-letters-in-the-encoding-they-are-in"


class ReadsUtf8AsWindows(Calls):
    def parse(self, raw: bytes, headers: Headers) -> list[Stated] | Ignored:
        return super().parse(raw.decode("cp1252", "replace").encode(), headers)


source = ReadsUtf8AsWindows()
samples = (
    CALL,
    ENQUIRY,
)
