"""What stands in a notice to an agency that may not know even the kind's own words (security finding 8; decision 0017). Pure.

Such a notice is the same whatever its kind: title, kind, source, action and details would tell what the summary withholds. It keeps who is
to answer, by when, how grave it is and whom to ring.
"""

from collections.abc import Mapping
from typing import Any

from alertbus.model.notice import Notice, Obligation

TITLE = "Safeguarding information"
SUMMARY = "There is safeguarding information that concerns you. Ring the contact given."
ACTION = "Ring the contact given."
KIND = "other"
SOURCE = "alertbus"


def neutral(obligation: Obligation) -> Obligation:
    """The obligation as such an agency is shown it. It quotes the bus's id of the alert, because the sender's own may tell whose it is."""
    shown: Mapping[str, Any] = {"kind": KIND, "source": SOURCE, "source_id": obligation.alert_id}
    return obligation.model_copy(update=shown)


def is_neutral(notice: Notice) -> bool:
    """True for a notice to an agency that may not know the kind: nothing of its alert can be read from it."""
    return notice.obligation.kind == KIND and notice.obligation.source == SOURCE
