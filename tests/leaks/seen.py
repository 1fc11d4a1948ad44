"""Who may see what: written by hand from the field matrix of STANDARDS section 13 and decision 0017, never from the policy's code."""

RECIPIENTS = {
    "csc": "childrens_social_care",
    "mash": "mash",
    "police": "police",
    "hv": "health_visiting",
    "gp": "gp",
    "gp-his": "gp.his",
    "prob": "probation",
    "prison": "prison",
    "land": "housing.his",
    "hous": "housing",
    "sch-1": "school.100001",
    "sch-2": "school.100002",
    "amb": "ambulance",
    "nspcc": "nspcc",
    "other": "carpet_fitter",
}
"""Columns: social care, the front door, police, health visiting, the children's surgery, the man's surgery, his probation officer, his prison,
his landlord, the family's housing, the eldest's school, the sibling's school, ambulance, NSPCC, an agency that nobody has entered."""

TABLE = """
                              csc mash police hv gp gp-his prob prison land hous sch-1 sch-2 amb nspcc other
child: key                     x   x     x    x  x    -     -     -     -    -     x     -    -    -     -
child: label                   x   x     x    x  x    -     -     -     -    -     x     -    -    -     -
child: given name              x   x     x    x  x    -     -     -     -    -     x     -    -    -     -
child: family name             x   x     x    x  x    -     -     -     -    -     x     -    -    -     -
child: born                    x   x     x    x  x    -     -     -     -    -     x     -    -    -     -
child: NHS number              x   x     -    x  x    -     -     -     -    -     -     -    x    -     -
child: UPN                     x   x     -    -  -    -     -     -     -    -     x     -    -    -     -
child: ULN                     x   x     -    -  -    -     -     -     -    -     x     -    -    -     -
child: authority's id          x   x     x    x  x    -     -     -     -    -     x     -    -    -     -
child: UPRN as identifier      x   x     x    x  x    -     -     -     -    x     -     -    x    -     -
child: UPRN                    x   x     x    x  x    -     -     -     -    x     -     -    x    -     -
child: address                 x   x     x    x  x    -     -     -     -    x     -     -    x    -     -
child: postcode                x   x     x    x  x    -     -     -     -    x     -     -    x    -     -
child: relation                x   x     x    x  x    -     -     -     -    -     x     -    -    -     -
sibling: key                   x   x     x    x  x    -     -     -     -    -     -     x    -    -     -
sibling: label                 x   x     x    x  x    -     -     -     -    -     -     x    -    -     -
sibling: given name            x   x     x    x  x    -     -     -     -    -     -     x    -    -     -
sibling: born                  x   x     x    x  x    -     -     -     -    -     -     x    -    -     -
sibling: NHS number            x   x     -    x  x    -     -     -     -    -     -     -    x    -     -
sibling: UPN                   x   x     -    -  -    -     -     -     -    -     -     x    -    -     -
lost child: given name         x   x     x    x  x    -     -     -     -    -     -     -    -    -     -
lost child: died               x   x     x    x  x    -     -     -     -    -     -     -    -    -     -
unborn: key                    -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
unborn: given name             -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
unborn: expected               -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
man: key                       x   x     x    -  -    -     x     x     -    -     -     -    -    -     -
man: label                     x   x     x    -  -    -     -     -     -    -     -     -    -    -     -
man: given name                x   x     x    -  -    -     x     x     -    -     -     -    -    -     -
man: family name               x   x     x    -  -    -     x     x     -    -     -     -    -    -     -
man: born                      x   x     x    -  -    -     x     x     -    -     -     -    -    -     -
man: NHS number                x   x     -    x  x    x     -     -     -    -     -     -    x    -     -
man: PNC                       x   x     x    -  -    -     x     x     -    -     -     -    -    -     -
man: prison number             x   x     x    -  -    -     x     x     -    -     -     -    -    -     -
man: CRN                       x   x     x    -  -    -     x     x     -    -     -     -    -    -     -
man: address                   x   x     x    x  x    x     -     -     x    x     -     -    x    -     -
man: UPRN                      x   x     x    x  x    x     -     -     x    x     -     -    x    -     -
man: relation                  x   x     x    x  x    -     -     -     -    -     -     -    -    -     -
man: role in the alert         x   x     x    x  x    x     x     x     x    x     x     x    x    -     -
mother: key                    x   x     x    -  -    -     x     x     -    -     -     -    -    -     -
mother: label                  x   x     x    -  -    -     -     -     -    -     -     -    -    -     -
mother: given name             x   x     x    -  -    -     x     x     -    -     -     -    -    -     -
mother: born                   x   x     x    -  -    -     -     -     -    -     -     -    -    -     -
mother: NHS number             x   x     -    x  x    -     -     -     -    -     -     -    x    -     -
mother: address                x   x     x    x  x    -     -     -     -    x     -     -    x    -     -
mother: relation               x   x     x    x  x    -     -     -     -    -     -     -    -    -     -
bystander: name                -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
bystander: relation            -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
case: status                   x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
case: contact                  x   x     x    x  x    x     x     x     x    x     x     x    x    -     -
case: source of a link         -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
case: episode                  -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
case: the surgery's worker     -   -     -    -  x    -     -     -     -    -     -     -    -    -     -
case: the surgery's team       -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
case: person id                -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
alert: stated name             -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
alert: stated address          -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
alert: stated number           -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
alert: words of a child        x   x     x    x  x    -     -     -     -    -     -     -    -    -     -
alert: release date            x   x     x    x  x    x     x     x     x    x     x     x    x    -     -
alert: release condition       x   x     x    -  -    -     -     -     -    -     -     -    -    -     -
alert: precaution              x   x     x    -  -    -     -     -     -    -     -     -    -    -     -
alert: incident reference      x   x     x    x  x    -     -     -     -    -     -     -    -    -     -
alert: officer                 x   x     x    x  x    -     -     -     -    -     -     -    -    -     -
alert: home conditions         x   x     x    x  x    -     -     -     -    -     -     -    -    -     -
alert: why graded so           x   x     x    -  -    -     -     -     -    -     -     -    -    -     -
alert: whom police told        x   x     x    x  x    -     -     -     -    -     -     -    -    -     -
alert: status                  x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
alert: meeting                 x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
alert: conference outcome      x   x     x    x  x    -     -     -     -    -     x     x    -    -     -
alert: who dissented           x   x     x    x  x    -     -     -     -    -     x     x    -    -     -
alert: condition of the conference x x   x    x  x    -     -     -     -    -     x     x    -    -     -
alert: place of contact        x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
alert: what was refused        x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
alert: instruction             x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
alert: who is instructed       x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
alert: who instructs           x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
alert: agreed action           x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
alert: its owner               x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
alert: action due              x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
alert: request                 x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
alert: of whom requested       x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
alert: question                x   x     x    x  x    -     -     -     -    -     -     -    -    -     -
alert: its answer              x   x     x    x  x    -     -     -     -    -     -     -    -    -     -
alert: consent to              x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
alert: handed over             x   x     x    x  x    -     -     -     -    x     x     x    x    -     -
alert: handed over by          x   x     x    x  x    -     -     -     -    x     x     x    x    -     -
alert: handed over to          x   x     x    x  x    -     -     -     -    x     x     x    x    -     -
alert: denied                  x   x     x    x  x    -     -     -     -    -     -     -    -    -     -
alert: new status              x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
alert: why it changes          x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
alert: on what basis           x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
alert: status from             x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
alert: school left             x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
alert: school joined           x   x     -    x  x    -     -     -     -    -     -     -    -    -     -
alert: unclassified section    -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
alert: unclassified name       -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
alert: referrer                -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
alert: its minute              -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
alert: lawful basis of the sender - -    -    -  -    -     -     -     -    -     -     -    -    -     -
flag: title                    x   x     x    x  x    x     x     x     x    x     x     x    x    -     -
flag: action                   x   x     x    x  x    x     x     x     x    x     x     x    x    -     -
other family: key              -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
other family: child            -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
other family: parent           -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
other family: address          -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
other family: number           -   -     -    -  -    -     -     -     -    -     -     -    -    -     -
"""
"""Whatever the kind. A child has spoken, so nobody hears at which minute. The part that somebody has in an alert and an opaque reference say nothing of who it is."""

IN_A_BRIEFING = {
    "bystander: name": frozenset({"csc", "police"}),
    "bystander: relation": frozenset({"csc", "police", "hv", "gp"}),
    "case: source of a link": frozenset({"csc", "police"}),
    "case: episode": frozenset({"csc", "hv", "gp"}),
    "case: the surgery's worker": frozenset({"csc", "police", "hv", "gp", "sch-1", "sch-2"}),
    "case: the surgery's team": frozenset({"csc", "police", "hv", "sch-1", "sch-2"}),
}
"""What only a newcomer's briefing holds, and nothing else: the case file as far as they may know it (LNK-07), and whom to call (TUR-07)."""

KEPT_FROM_HIM = {"man: key", "man: label", "man: relation", "man: role in the alert", "mother: key", "mother: label", "mother: relation"}
"""What would tell who acts for him that there is a child, where he must not learn of one: what he, or she, is to a child."""

ACTS_FOR_HIM = frozenset({"gp-his", "prob", "prison", "land"})

_ALL = frozenset(RECIPIENTS)
_FAMILY = frozenset({"csc", "mash", "police", "hv", "gp"})
_NO_HELPLINE = _ALL - {"nspcc", "other"}
_HEALTH = frozenset({"hv", "gp"})

WORDS = {
    "threat": frozenset({"csc", "mash", "police"}),
    "offence": frozenset({"csc", "mash", "police"}),
    "plan": frozenset({"csc", "mash", *_HEALTH}),
    "child_health": _HEALTH,
    "substance": frozenset({"csc", "mash", "police"}),
    "observation": _FAMILY,
}
"""Class of the kind's words → who reads them as they were said. Who acts for an adult reads none that others wrote (decision 0017)."""

TEMPLATE = {
    "action": _NO_HELPLINE,
    "threat": _NO_HELPLINE,
    "offence": frozenset({"csc", "mash", "police", "prob", "prison"}),
    "plan": frozenset({"csc", "mash", "police", "prob", "prison", "sch-1", "sch-2", "gp-his", *_HEALTH}),
    "child_health": frozenset({"csc", "mash", "amb", "gp-his", *_HEALTH}),
    "substance": frozenset({"csc", "mash", "police", "prob", "prison", "gp-his", *_HEALTH}),
    "observation": _FAMILY | {"prob", "prison", "gp-his", "sch-1", "sch-2"},
}
"""Class of what the kind's template gives away → who may know that it is that kind of thing; all others hear that there is something."""

CLASSES = {
    **dict.fromkeys(("violent_person_flag", "threat_to_staff", "risk_to_staff"), ("threat", "threat")),
    **dict.fromkeys(("prisoner_release", "prisoner_recall", "unlawfully_at_large"), ("offence", "action")),
    "prisoner_contact_change": ("offence", "offence"),
    **dict.fromkeys(("risk_to_children", "restraining_order_breach", "domestic_abuse_incident"), ("offence", "threat")),
    **dict.fromkeys(("ppn", "nspcc_concern", "school_concern", "missing_child_incident", "other", "never_heard_of"), ("observation",) * 2),
    **dict.fromkeys(("concealed_pregnancy_concern", "birth", "death"), ("child_health", "child_health")),
    "drug_intelligence": ("substance", "substance"),
    **dict.fromkeys(("case_status_change", "worker_change", "involvement_started", "involvement_ended"), ("plan", "plan")),
    **dict.fromkeys(("non_engagement", "conference_outcome", "meeting", "school_changed"), ("plan", "plan")),
}
"""Kind → the class of its words, and of what its template gives away."""

KEPT_KINDS = frozenset({"birth", "death", "concealed_pregnancy_concern"})
"""What the restriction keeps from the man: who acts for him is told none of these."""

OF_THE_WORDS = ("alert: words of a professional", "alert: words of the public", "alert: words of a parent")
OF_THE_KIND = ("kind: its name", "kind: title", "kind: summary", "alert: source", "alert: sender's id")


def by_hand() -> dict[str, frozenset[str]]:
    """Field → the columns marked in its row."""
    header, *lines = TABLE.strip("\n").splitlines()
    columns = header.split()
    assert columns == list(RECIPIENTS)
    found: dict[str, frozenset[str]] = {}
    for line in lines:
        *name, marks = _cells(line, len(columns))
        found[" ".join(name)] = frozenset(column for column, mark in zip(columns, marks, strict=True) if mark == "x")
    return found


def _cells(line: str, count: int) -> tuple[str, list[str]]:
    words = line.split()
    name, marks = words[:-count], words[-count:]
    assert set(marks) <= {"x", "-"}
    return " ".join(name), marks


_SEEN = by_hand()


def may_see(recipient: str, field: str, kind: str, *, restricted: bool, briefing: bool = False) -> bool:
    """Whether this recipient may find this field in anything it is told of an alert of this kind, or in its briefing while one stands."""
    if briefing and recipient in IN_A_BRIEFING.get(field, ()):
        return True
    words, template = CLASSES[kind]
    kept = kind in KEPT_KINDS and (not briefing or field.startswith(("alert: ", "kind: ")))  # he is briefed, and not on that
    if restricted and recipient in ACTS_FOR_HIM and (field in KEPT_FROM_HIM or kept):
        return False
    if field in OF_THE_WORDS:
        return recipient in WORDS[words]
    if field in OF_THE_KIND:
        return recipient in TEMPLATE[template]
    if field == "kind: action":
        return recipient in _NO_HELPLINE & TEMPLATE[template]
    if field.startswith("alert: ") or field == "man: role in the alert":
        return recipient in _SEEN[field] & TEMPLATE[template]  # what is said of it would tell what it is
    return recipient in _SEEN[field]
