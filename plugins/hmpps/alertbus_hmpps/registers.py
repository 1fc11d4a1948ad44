"""What a code means: the register types of probation and the alert codes of prison, each with our own words for it.

The events name a code and often nothing else, so the words stand here: a reader learns what was recorded and whom to ask.
Alert codes are those of the reference data of hmpps-alerts-api (as in production on 20 February 2024, read in 2026), the
retired ones too: an alert that was made under one may still stand. Register types are those of nDelius that public test
data and hmpps-integration-events name. A code that is in no table is not yet known.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from alertbus.plugin import Severity

RISK_TO_CHILDREN = "risk_to_children"
RISK_TO_STAFF = "risk_to_staff"
"""What a register says that staff must be warned of. It sets no flag: the bus proposes one to a person (NOT-23, VPF-05)."""


@dataclass(frozen=True, slots=True)
class FlagRow:
    """The alert that a register type or alert code becomes. `words` go to whoever may read the narrative; `precaution` is for every reader
    and names no offence.
    """

    words: str
    kind: str = "other"
    severity: Severity = Severity.HIGH
    grade: str | None = None
    precaution: str | None = None


_TO_STAFF = "Staff safety: do not visit alone. Speak to probation before any visit."
_FROM_PRISON = "Staff safety: assaulted staff in custody. Speak to probation before any visit."
_IN_PRISON = "Staff safety: a risk was recorded in custody. Do not visit alone; speak to probation before any visit."


def _staff(words: str, grade: str | None = None, precaution: str = _TO_STAFF) -> FlagRow:
    """Only a code that says what was done to somebody has a grade: of any other it would be a guess (NOT-11)."""
    return FlagRow(words, RISK_TO_STAFF, Severity.HIGH, grade, precaution)


def _children(words: str) -> FlagRow:
    return FlagRow(words, RISK_TO_CHILDREN)


REGISTER_TYPES: Mapping[str, FlagRow] = {
    "AV2S": _staff("a risk to staff"),
    "WEAP": _staff("known to carry or use weapons"),
    "ADVP": _staff("a perpetrator of domestic abuse"),
    "RVHR": FlagRow("a very high risk of serious harm to others; to whom, the event does not say: ask the probation practitioner today"),
    "RHRH": FlagRow("a high risk of serious harm to others; to whom, the event does not say: ask the probation practitioner"),
    "RCCO": _children("a concern about children who are in contact with the person"),
    "RCPR": _children("children in contact with the person are, or were, on a child protection plan"),
    "RCHD": _children("a risk to children"),
    "CSEP": _children("a perpetrator of the sexual exploitation of children"),
    "ADWC": _children("barred from working with children"),
    "REG15": FlagRow(
        "a risk to an adult who is known to probation, often a partner or the other parent: ask the probation practitioner who"
    ),
}

_NOT_ANY = "is to have no contact with any child"
_WRITTEN = "may have contact with children in writing only"
_WATCHED = "may have contact with children only in writing and by telephone, and it is monitored"
_FULL = FlagRow("may have contact, visits too, with a named child; ask the prison which child", severity=Severity.LOW)
_PAST_OFFENCE = "charged with or convicted of harassment, or under a court order against it"

ALERT_CODES: Mapping[str, FlagRow] = {
    # Children. Contact levels: 1 none, 2 written, 3 written and telephone, 4 all; C1 to C4 became CC1 to CC4 on 27 October 2015.
    "CC1": _children(f"child contact level 1: {_NOT_ANY}"),
    "CC2": _children(f"child contact level 2: {_WRITTEN}"),
    "CC3": _children(f"child contact level 3: {_WATCHED}"),
    "CC4": _FULL,
    "C1": _children(f"child contact level 1, as recorded before 2015: {_NOT_ANY}"),
    "C2": _children(f"child contact level 2, as recorded before 2015: {_WRITTEN}"),
    "C3": _children(f"child contact level 3, as recorded before 2015: {_WATCHED}"),
    "C4": _FULL,
    "CPC": _children("assessed as a person posing a risk to children"),
    "CPRC": _children("may be a person posing a risk to children; the assessment is not finished"),
    "XCSEA": _children("linked to the sexual exploitation or abuse of children"),
    "RDBS": _children("convicted of an offence that bars from working with children or vulnerable adults by itself"),
    "RAIC": _children("convicted of an offence for which the barring service decides about work with children or vulnerable adults"),
    "RDO": _children("disqualified from working with children, as recorded before 2015"),
    "RCC": _children("a risk to children, in the community"),
    "RCS": _children("a risk to children, in custody"),
    "RCP": _children("children in contact with the person are, or were, on a child protection plan"),
    "SC": _children("a risk to children, recorded with sexual offences"),
    "XCC": _children("under child protection measures in prison, as recorded before 2015"),
    # Staff.
    "XSA": _staff("assaulted staff", "violence", _FROM_PRISON),
    "SA": _staff("assaulted staff, as recorded before 2006", "violence", _FROM_PRISON),
    "RST": _staff("a risk to staff, in the community"),
    "RSS": _staff("a risk to staff, in custody", precaution=_IN_PRISON),
    "RDV": _staff("a perpetrator of domestic violence"),
    "XVL": _staff("violent in custody", "violence", _IN_PRISON),
    "XHT": _staff("has taken a hostage", "violence", _IN_PRISON),
    "XCA": _staff("has attacked somebody with a chemical", "violence", _IN_PRISON),
    "RNO121": _staff("nobody is to be alone with the person"),
    # Adults at home, and everybody.
    "RKC": FlagRow("a risk to an adult who is known, in the community, often a partner or the other parent: ask probation who"),
    "RKS": FlagRow("a risk to an adult who is known, in custody, often a partner or the other parent: ask the prison who"),
    "RSP": FlagRow("a perpetrator of stalking: ask probation who is at risk"),
    "ONCR": FlagRow("somebody has asked that the person does not contact them: ask the prison who, and do not pass messages on"),
    "OHCO": FlagRow(f"{_PAST_OFFENCE}: ask the prison whom it protects"),
    "OHA": FlagRow(f"{_PAST_OFFENCE}, as recorded before 2015: ask the prison whom it protects"),
    "XCH": FlagRow(f"{_PAST_OFFENCE}, as recorded before 2015: ask the prison whom it protects"),
    "ROV": FlagRow("assessed as a very high risk of serious harm to others: ask the probation practitioner to whom, today"),
    "ROH": FlagRow("assessed as a high risk of serious harm to others: ask the probation practitioner to whom"),
    "RYP": FlagRow("a risk to younger people: ask the prison what lies behind it"),
    "XRF": FlagRow("a risk to women and girls: ask the prison what lies behind it"),
    "XA": FlagRow("has set fires: ask the prison what lies behind it"),
    "XGANG": FlagRow("a member of a gang: ask the prison what it means for those at home", severity=Severity.MEDIUM),
    "NP": FlagRow("draws others into county lines drug dealing: ask the police what it means for the children"),
}

_MAPPA_CODES = "P0 P1 P2 P3 P11 P22 P33 P44 P55 P66 P77 P88 P99 P100 P101 P102 P103 PA1 PC1 PC2 PC3 PL1 PL2 PL3 PVN RVR"
_SEX_OFFENDER_CODES = "SO SONR SOR SR SSHO XSO"
DISCLOSED_BY_POLICE = frozenset(f"MAPP ARSO ANSO AVIS SOPS RTAO {_MAPPA_CODES} {_SEX_OFFENDER_CODES} XTACT".split())
"""MAPPA, sex offender and terrorism registers and alerts: police and MAPPA decide for each case who is told (STANDARDS 5)."""

_OWN_HEALTH = "it is about the person's own health, safety or needs"
_IN_CUSTODY = "it is about how the prison keeps the person, and not about anybody at home"
_LOWER = "the risk of serious harm is recorded as low or medium"
_OTHERS = "the risk is to others than the children and adults of a home: staff, children and known adults have codes of their own"

_BY_REASON: Mapping[str, str] = {
    _OWN_HEALTH: "AAR ADSC AS HA HA1 HA2 HC HS SH HID MAS MEP MFL MHT MSI MSP PEEP PGWCP LCE LFC21 LFC25 LPQAA OCYP OFNA OFR F1 V45 V46 "
    "V49G V49P VI VIP VJOP VLES VOP VU XTMS NV RCDR XCDV OISFL ORFW CSIP UPIU UPMD UPMP URCU URS USU",
    _IN_CUSTODY: "BECTER CA DCDO DCEO DOCGM ECA ECA2 ECH ECH2 EPO EPO2 HPI NSTPO NSTRO OCVM OIOM OPPO OTBR OURX OVI PTD RCON RHI RLO RME "
    "ROTL RR46 RR46A RROTL SROTL SE TAH TAP TCPA TG TIERA TIERB TIERC TIERCT TIERD TIERDT TM TPR TSE WO XAB XACS XB XC XCCI XCDP XCI XCIC "
    "XCO XCOL XCOP XCOR XCU XD XEAN XEBM XEL XELH XER XFO XILLENT XIS XIT XLDEPORT XN XNR XOCGN XP XPHR XPOI XR XSC XSDEPORT XXRAY XYA",
    _LOWER: "ROM",
    _OTHERS: "RDP REG RLG ROP RPB RPC RRV RTP",
}
HARMLESS_CODES: Mapping[str, str] = {code: reason for reason, codes in _BY_REASON.items() for code in codes.split()}
"""Alert codes that raise nothing, with the reason: it completes the sentence "harmless because ..."."""

HARMLESS_TYPES: Mapping[str, str] = {"RLRH": _LOWER, "RMRH": _LOWER}
"""Register types that raise nothing, in the same way."""
