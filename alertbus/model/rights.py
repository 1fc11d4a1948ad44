"""The rights of a caller (DESIGN section 17): what a system's token, or a person who signed in, may do."""

from enum import StrEnum


class Right(StrEnum):
    """One right. The values stand in the settings and in refusals and never change; a caller without one is refused by its name."""

    STATE = "state"
    """State, amend and withdraw alerts, as its own sources, of the kinds that the policy lets their agency state."""
    RECEIVE = "receive"
    """See and answer what its agency was told."""
    HOLD_CASES = "hold_cases"
    """Read and write whole case files and their chronologies; decide what waits for a person and who is who."""
    OPERATE = "operate"
    """See how the bus runs, in numbers, and an alert's way; put back what lies in quarantine; move the clock of an exercise. Never what is
    said, nor of whom.
    """
    AUDIT = "audit"
    """Read who did what, and when."""
    STAFF = "staff"
    """Say who answers for its agency: its teams, their absences and covers, their duty."""
    INTEGRATE = "integrate"
    """See and settle what waits for a person because a sender's system, or the policy, must be mended."""
