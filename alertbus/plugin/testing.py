"""The conformance kit: what every agency plugin must keep, as pytest classes that a plugin's own tests inherit.

    class TestNorthfield(AdapterConformance):
        adapter = Northfield()

    class TestRegister(SourceConformance):
        source = Register()
        samples = (b"...", b"...")

`check(AdapterConformance, adapter=...)` runs the same rules without pytest and gives a report with its tier.
"""

from alertbus.plugin.kit.adapter_suite import AdapterConformance
from alertbus.plugin.kit.conformance import Broken
from alertbus.plugin.kit.receipt_files import receipts_in
from alertbus.plugin.kit.sample_files import samples_in
from alertbus.plugin.kit.samples import (
    CANARIES,
    FLAG,
    NHS_NUMBERS,
    SPOKEN,
    ended_notice,
    every_notice,
    minimal_notice,
    sample_alert,
    sample_briefing,
    sample_notice,
    sample_obligation,
)
from alertbus.plugin.kit.source_suite import SourceConformance
from alertbus.plugin.kit.tier_report import KitRule, Report, RuleResult, Tier, check

__all__ = [
    "CANARIES",
    "FLAG",
    "NHS_NUMBERS",
    "SPOKEN",
    "AdapterConformance",
    "Broken",
    "KitRule",
    "Report",
    "RuleResult",
    "SourceConformance",
    "Tier",
    "check",
    "ended_notice",
    "every_notice",
    "minimal_notice",
    "receipts_in",
    "sample_alert",
    "sample_briefing",
    "sample_notice",
    "sample_obligation",
    "samples_in",
]
