"""What each agreement or difference is worth as evidence that two statements are about one person, in bits (log2 of m/u).

m is how often a field agrees so when it is one person, u when it is two. Both were fitted by expectation maximisation, without labels, on
FEBRL4: 5,000 invented people, each stated twice with the slips of clerks (`bench/matching/fit.py`; the fit's own figures stand in
`bench/matching/README.md`). FEBRL's people are Australians of all ages who live alone and do not move, so where children and families in
England are known to differ the weight is our own, marked "ours", with its reason; it is then less sure than the fit, never more, except
for a form of a name, which FEBRL does not have.
"""

from collections.abc import Mapping

from alertbus.directory.agreement import Agreement

GIVEN: Mapping[Agreement, float] = {
    Agreement.SAME: 7.7,
    Agreement.WRITTEN: 5.5,
    Agreement.FORM: 4.0,  # ours: FEBRL's people have no short forms; half of what the same name is worth
    Agreement.ALIKE: 5.8,
    Agreement.SWAPPED: 10.0,  # ours: the fit says 14.6, but many names are both given and family names (Thomas, James, Ali)
    Agreement.DIFFERENT: -3.3,
    Agreement.UNKNOWN: 0.0,
}
"""Given names, first of all; `SWAPPED` counts for both names."""

FAMILY: Mapping[Agreement, float] = {
    Agreement.SAME: 7.7,
    Agreement.WRITTEN: 7.7,  # fit 8.1, on few cases: no more than the same name
    Agreement.FORM: 4.0,  # ours, as above: one of two family names
    Agreement.ALIKE: 7.2,
    Agreement.DIFFERENT: -3.8,
    Agreement.UNKNOWN: 0.0,
}
"""Family names; at the same address see `HOUSEHOLD`."""

BORN: Mapping[Agreement, float] = {
    Agreement.SAME: 12.6,  # ours: children are of 18 years, so one in 6,575 has the same day by chance; the fit says 13.7 for 100 years
    Agreement.DAY_AND_MONTH: 7.0,  # ours: FEBRL does not swap them; one statement in a hundred, against one in 16,000 by chance
    Agreement.PART: 1.3,
    Agreement.YEAR: 4.0,  # ours: one in 18 by chance
    Agreement.DIFFERENT: -4.5,
    Agreement.UNKNOWN: 0.0,
}
"""Dates of birth."""

PLACE: Mapping[Agreement, float] = {
    Agreement.SAME: 14.4,
    Agreement.ALIKE: 12.4,  # ours: less than the same house, of which it is a slip; fit 16.2, on few cases
    Agreement.STREET: 10.0,  # ours: ten others of 100,000 may share a postcode, and in FEBRL nobody does; fit 15.6
    Agreement.POSTCODE: 9.6,  # FEBRL always has lines: its postcodes alone agree in 0.84 of the true pairs and 0.0011 of the random ones
    Agreement.LINES: 4.0,  # ours: every town has a High Street; fit 11.9
    Agreement.NEIGHBOUR: 3.3,
    Agreement.DIFFERENT: -2.0,  # ours: a quarter of true pairs may be of before and after a removal; fit -6.3
    Agreement.UNKNOWN: 0.0,
}
"""The best pair of addresses."""

NAME_ALONE = -4.0
"""What counts beside a name of which nothing else can be compared: it is taken for one of the commonest, sixteen times the usual. Ours."""

HOUSEHOLD = 1.0
"""What a family name is worth at most at the same address. Ours: of those who live together every second one shares it."""
