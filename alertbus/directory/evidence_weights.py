"""What each agreement or difference is worth as evidence that two statements are about one person, in bits (log2 of m/u).

m is how often a field agrees so when it is one person, u when it is two.
"""

from collections.abc import Mapping

from alertbus.directory.agreement import Agreement

GIVEN: Mapping[Agreement, float] = {
    Agreement.SAME: 6.0,
    Agreement.WRITTEN: 5.5,
    Agreement.FORM: 4.0,
    Agreement.ALIKE: 4.0,
    Agreement.SWAPPED: 8.0,
    Agreement.DIFFERENT: -4.0,
    Agreement.UNKNOWN: 0.0,
}
FAMILY: Mapping[Agreement, float] = {
    Agreement.SAME: 7.0,
    Agreement.WRITTEN: 6.5,
    Agreement.FORM: 4.0,
    Agreement.ALIKE: 5.0,
    Agreement.DIFFERENT: -4.0,
    Agreement.UNKNOWN: 0.0,
}
BORN: Mapping[Agreement, float] = {
    Agreement.SAME: 12.6,
    Agreement.DAY_AND_MONTH: 7.0,
    Agreement.PART: 2.4,
    Agreement.YEAR: 4.0,
    Agreement.DIFFERENT: -5.0,
    Agreement.UNKNOWN: 0.0,
}
PLACE: Mapping[Agreement, float] = {
    Agreement.SAME: 13.0,
    Agreement.ALIKE: 10.0,
    Agreement.POSTCODE: 8.0,
    Agreement.DIFFERENT: -1.0,
    Agreement.UNKNOWN: 0.0,
}

HOUSEHOLD = 1.0
"""What a family name is worth at most at the same address: those who live together share it, whoever they are. Ours."""
