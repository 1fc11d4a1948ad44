"""The shipped policy, with limits of seconds for a few kinds (`clocks.QUICK`): what a run can see pass."""

from importlib.resources import files
from typing import Any

import yaml

from tests.chaos.clocks import QUICK


def quick_policy() -> dict[str, Any]:
    """The policy of a run. No desk opens or closes in it: what is asked at which hour is the law of `tests/unit`."""
    policy: dict[str, Any] = yaml.safe_load((files("alertbus.policy") / "default.yaml").read_text(encoding="utf-8"))
    for agency in policy["agencies"].values():
        for name in ("out_of_hours", "teams", "duty_lead"):
            agency.pop(name, None)
    policy["escalation"] = {**policy.get("escalation", {}), "remind_at": QUICK.remind_at, "duty_lead": QUICK.duty_lead}
    for kind in QUICK.kinds:
        rule = policy["kinds"][kind]
        for name in ("low", "acting_for"):
            rule.pop(name, None)
        rule |= {
            "respond_within": {"seconds": QUICK.respond_within_s},
            "next_within": {"seconds": QUICK.next_within_s},
            "chain": list(QUICK.chain),
            "safety": True,
        }
    return policy
