"""Who finds what, in everything that leaves the bus for an agency: the notice, its key, and the message its system is sent.

One cell is a canary in one field, for one recipient (agency or setting, its part in the case, the case's restrictions) and one kind of alert. What
may be seen stands here by itself, from the table of STANDARDS section 13 and decision 0017; the policy's code is not asked. `make leaks` prints the
size of the matrix.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from alertbus.model.alert import KINDS, AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.model.events import AlertReachedCase, CaseChanged
from alertbus.model.notice import Notice, lane_of
from alertbus.plugin.manager import Plugins
from alertbus.policy.load import load_policy
from alertbus.reach.notices import notices_for
from alertbus.reach.reduce_case import CaseState, reduce_case

POLICY = load_policy()
PLUGINS = Plugins.load()
T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)

SECTOR = {
    "childrens_social_care": "CSC",
    "police": "police",
    "police.kettering": "police",
    "health_visiting": "health",
    "gp": "health",
    "gp.k83001": "health",
    "ambulance": "ambulance",
    "school": "school",
    "school.123456": "school",
    "school_northfield": "school",
    "housing": "housing",
    "housing.nph": "housing",
    "probation": "probation",
    "prison": "probation",
    "nspcc": "NSPCC",
    "carpet_fitter": "stranger",
}

MATRIX = """
                CSC police health ambulance school housing probation NSPCC stranger
child_identity  F   F      F      -         F      -       F         -     -
adult_identity  F   F      S      -         -      -       F         -     -
nhs_number      F   -      F      F         -      -       -         -     -
upn             F   -      -      -         F      -       -         -     -
address         F   F      F      F         -      F       -         -     -
threat          F   F      S      S         S      S       S         -     -
offence         F   F      -      -         -      -       F         -     -
plan            F   S      F      -         S      -       S         -     -
child_health    S   -      F      S         -      -       -         -     -
substance       F   F      S      -         -      -       S         -     -
observation     F   F      F      -         S      -       S         -     -
child_voice     F   F      F      -         -      -       -         -     -
action          F   F      F      F         F      F       F         -     -
"""
"""STANDARDS section 13; `observation` is ours. Address for probation: never (NOT-18). S: the kind's own words instead."""

CANARIES = {
    "child_identity": ("zz-first", "Zzfirstlabel", "Zzfirstgiven", "Zzfirstfamily", "2018-05-06"),
    "sibling": ("zz-second", "Zzsecondgiven", "2016-07-08", "A801200005120"),
    "nhs_number": ("9434765919",),
    "upn": ("B801200005001",),
    "address": ("15578000", "Zzrefuge", "ZZ1 1ZZ"),
    "his_address": ("15578001", "Zzdock", "ZZ2 2ZZ"),
    "adult_identity": ("zz-him", "Zzhimgiven", "1980-08-09"),
    "relation": ("Zzrelation",),
    "label": ("Zzhimlabel",),
    "offence": ("X123456",),
    "another_adult": ("Zzmumgiven",),
    "another_adults_numbers": ("1981/0000034U", "1985-06-07"),
    "conditions": ("Zzcondition",),
    "precautions": ("Zzprecaution",),
    "officer": ("Zzofficer", "Zzreference", "Zzkitchen"),
    "status": ("zz_status",),
    "words": ("Zzprofessional",),
    "childs_words": ("Zzyoung",),
    "referrer": ("ZZREF-77",),
    "unclassified": ("Zzstrange",),
    "other_family": ("Zzother",),
    "source": ("zzcourt", "zz-alert-id"),
}


class Reader(NamedTuple):
    agency: str
    part: str
    """for the children, in the plan, for him, both, or a setting with one child of its own."""
    restricted: bool


READERS = [
    Reader(agency, part, restricted)
    for agency in SECTOR
    for part in ("children", "plan", "him", "both", "first child only")
    for restricted in (False, True)
]
EVERY_KIND = (*sorted(KINDS), "never_heard_of")


def rows() -> dict[str, dict[str, str]]:
    header, *lines = MATRIX.strip().splitlines()
    return {line.split()[0]: dict(zip(header.split(), line.split()[1:], strict=True)) for line in lines}


ROWS = rows()


def case_for(reader: Reader) -> Case:
    for_children, for_him = {"agency": reader.agency}, {"agency": reader.agency, "scope": "adult_linked", "adult": "zz-him"}
    involvements: dict[str, list[dict[str, Any]]] = {
        "children": [for_children],
        "plan": [{"agency": reader.agency, "scope": "plan_partner"}],
        "him": [for_him],
        "both": [for_children, for_him],
        "first child only": [for_children | {"children": ["zz-first"]}],
    }
    refuge, dock = (
        {"uprn": "15578000", "lines": ["Zzrefuge"], "postcode": "ZZ1 1ZZ"},
        {"uprn": "15578001", "lines": ["Zzdock"], "postcode": "ZZ2 2ZZ"},
    )
    people = [
        {
            "key": "zz-first",
            "label": "Zzfirstlabel",
            "name": {"given": "Zzfirstgiven", "family": "Zzfirstfamily"},
            "born": "2018-05-06",
            "identifiers": [{"system": "nhs_number", "value": "9434765919"}, {"system": "upn", "value": "B801200005001"}],
            "addresses": [refuge],
            "person_ids": ["p-first"],
        },
        {
            "key": "zz-second",
            "name": {"given": "Zzsecondgiven"},
            "born": "2016-07-08",
            "identifiers": [{"system": "upn", "value": "A801200005120"}],
            "person_ids": ["p-second"],
        },
        {
            "key": "zz-him",
            "label": "Zzhimlabel",
            "name": {"given": "Zzhimgiven"},
            "born": "1980-08-09",
            "identifiers": [{"system": "crn", "value": "X123456"}],
            "addresses": [dock],
            "person_ids": ["p-him"],
        },
        {
            "key": "mum",
            "name": {"given": "Zzmumgiven"},
            "born": "1985-06-07",
            "identifiers": [{"system": "pnc", "value": "1981/0000034U"}],
            "addresses": [refuge],
            "person_ids": ["p-mum"],
        },
    ]
    return Case.model_validate(
        {
            "id": "c-1",
            "status": "zz_status",
            "contact": "Duty team, 01632 960123",
            "people": people,
            "children": ["zz-first", "zz-second"],
            "links": [{"person": "zz-him", "relation": "Zzrelation"}, {"person": "mum", "relation": "mother"}],
            "involvements": involvements[reader.part],
            "restrictions": [{"must_not_learn": "zz-him"}] if reader.restricted else [],
        }
    ).with_implied_links()


def alert_of(kind: str) -> AcceptedAlert:
    stated = {
        "id": "zz-alert-id",
        "source": "zzcourt.north",
        "kind": kind,
        "occurred_at": T0,
        "recorded_at": T0,
        "subjects": [
            {"person": {"key": "zz-him"}},
            {"role": "victim", "person": {"key": "mum"}},
            {"person": {"name": {"given": "Zzotherparent"}, "addresses": [{"lines": ["Zzother Street"]}]}},
        ],
        "children": [{"person": {"key": "zz-first"}}, {"person": {"name": {"given": "Zzotherchild"}}}],
        "narrative": [{"text": "Zzprofessional saw it."}, {"text": "Zzyoung said so.", "said_by": "child"}],
        "details": {
            "release": {"date": "2026-03-19", "conditions": ["Zzcondition"]},
            "flag": {"precautions": ["Zzprecaution"]},
            "incident": {"officer": "Zzofficer", "reference": "Zzreference", "home_conditions": "Zzkitchen", "children_present": True},
            "status": "zz_status",
            "strange": {"text": "Zzstrange"},
        },
        "referrer": {"reference": "ZZREF-77"},
    }
    people = (("p-him",), ("p-mum",), ("p-elsewhere",), ("p-first",), ("p-elsewhere-child",))
    return AcceptedAlert.of(Alert.model_validate(stated), T0).with_people(people)


def notices(reader: Reader, kind: str) -> list[Notice]:
    """What the reader is owed if every kind is told to everybody on the case."""
    everybody = frozenset({"case_agencies", "plan_partners", "adult_agencies"})
    rule = POLICY.kind_rule(kind).model_copy(update={"audience": everybody})
    policy = POLICY.model_copy(update={"kinds": {**POLICY.kinds, kind: rule}})
    state, found = CaseState(), []
    case = case_for(reader)
    for event in (CaseChanged(case=case), AlertReachedCase(case_id=case.id, via="p-him", alert=alert_of(kind))):
        before = state
        state, owed = reduce_case(before, event, policy)
        found += [told.notice for told in notices_for(owed, before, state, policy)]
    return found


def may_see(reader: Reader, kind: str) -> set[str]:
    """The fields of which this reader may find anything, by the tables above and decision 0017."""
    sector, rule = SECTOR[reader.agency], POLICY.kind_rule(kind)

    def full(row: str) -> bool:
        return ROWS[row][sector] == "F"

    holder = reader.agency == "childrens_social_care" and reader.part in {"children", "both", "first child only"}
    always = sector == "probation"
    for_adult = always or reader.part == "him" or (reader.part == "both" and reader.restricted and not holder)
    knows = ROWS[rule.tells or rule.narrative][sector] in {"F", "S"}
    seen = {name for name in ("nhs_number", "upn", "address") if full(name) and not for_adult}
    if full("child_identity") and not for_adult:
        seen |= {"child_identity"} | ({"sibling"} if reader.part != "first child only" else set())
    his_own = not for_adult or reader.part in {"him", "both"}
    seen |= {"his_address"} if full("address") and his_own else set()
    seen |= {"adult_identity", "another_adult"} if full("adult_identity") else set()
    seen |= {"offence"} if full("offence") else set()
    if not for_adult:
        seen |= ({"relation"} if ROWS["adult_identity"][sector] in {"F", "S"} else set()) | ({"label"} if full("adult_identity") else set())
    named = for_adult and reader.part in {"him", "both"}
    seen |= {"another_adults_numbers"} if full("adult_identity") and not named else set()
    seen |= {"status"} if full("plan") and not for_adult else set()
    if not knows:
        return seen
    seen |= {"source"}
    if not for_adult:
        texts = {"conditions": "offence", "precautions": "threat", "officer": "observation", "childs_words": "child_voice"}
        seen |= {name for name, row in texts.items() if full(row)}
        seen |= {"words"} if full(rule.narrative) else set()
    return seen


def kept_quiet(reader: Reader, kind: str) -> bool:
    """True for what a restriction keeps from him, and so from whoever acts for him."""
    holder = reader.agency == "childrens_social_care" and reader.part in {"children", "both", "first child only"}
    acts = SECTOR[reader.agency] == "probation" or reader.part in {"him", "both"}
    return reader.restricted and acts and not holder and kind in {"birth", "death", "concealed_pregnancy_concern"}


def found_in(text: str) -> set[str]:
    return {name for name, canaries in CANARIES.items() if any(canary in text for canary in canaries)}


def everything_sent(notice: Notice) -> Iterator[tuple[str, str, str]]:
    """Where, the text, and what of it stands outside the body, where it is logged on the way."""
    owed = notice.obligation
    yield "notice", json.dumps(notice.model_dump(mode="json"), ensure_ascii=False), lane_of(owed.agency, owed.case_id)
    for sector in (notice.sector, "plain"):
        sent = PLUGINS.render(notice, PLUGINS.adapter_for(sector))
        yield sector, sent.body.decode(), json.dumps([sent.filename, sent.media_type, dict(sent.headers)])


@pytest.mark.parametrize("reader", READERS, ids=[f"{r.agency}, {r.part}{', restricted' if r.restricted else ''}" for r in READERS])
def test_nobody_finds_more_than_they_may_in_anything_they_are_sent(reader: Reader) -> None:
    for kind in EVERY_KIND:
        told = notices(reader, kind)
        assert bool(told) is not kept_quiet(reader, kind), kind
        for notice in told:
            allowed = may_see(reader, kind)
            for place, inside, outside in everything_sent(notice):
                assert found_in(inside) <= allowed, (kind, place)
                assert found_in(outside) == set(), (kind, place)
            assert found_in(json.dumps(notice.model_dump(mode="json"))) == allowed, kind


def test_the_size_of_the_matrix() -> None:
    places = 2 * len(list(everything_sent(notices(READERS[0], "ppn")[0])))
    fields = sum(map(len, CANARIES.values()))
    size = len(READERS) * len(EVERY_KIND) * places * fields

    print(f"{len(READERS)} recipients x {len(EVERY_KIND)} kinds x {places} places x {fields} canaries: {size} cells")
    assert size > 500_000


def test_every_canary_is_found_by_somebody_but_those_that_are_for_nobody() -> None:
    found = {name for reader in READERS for kind in ("ppn", "threat_to_staff", "birth") for name in may_see(reader, kind)}

    assert set(CANARIES) - found == {"referrer", "unclassified", "other_family"}
