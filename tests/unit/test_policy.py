"""The policy: the one shipped is whole and cited, a broken one is refused with every fault and its place, and it never fails to answer."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertbus.model.alert import KINDS, Severity
from alertbus.model.briefing import OWN_KINDS
from alertbus.model.case import Routing
from alertbus.model.errors import PolicyFault
from alertbus.model.notice import Content
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.policy import load
from alertbus.policy.load import load_policy, parse_policy
from alertbus.policy.policy import STRANGER, Audience
from alertbus.policy.within import Within

POLICY = load_policy()
TEXT = (Path(load.__file__).parent / "default.yaml").read_text(encoding="utf-8")


# The one shipped.


def test_the_shipped_policy_has_a_rule_for_every_kind_and_for_no_other() -> None:
    assert set(POLICY.kinds) == KINDS | OWN_KINDS


def test_every_rule_cites_where_it_comes_from() -> None:
    rules = {**POLICY.kinds, "unknown": POLICY.unknown_kind}

    assert [kind for kind, rule in rules.items() if not rule.cite or not all(cited.strip() for cited in rule.cite)] == []


def test_every_rule_says_what_happened_and_what_to_do_without_naming_anybody() -> None:
    for rule in (*POLICY.kinds.values(), POLICY.unknown_kind):
        assert rule.title
        assert rule.summary.endswith(".")
        assert rule.action.endswith(".")


def test_vpf_10_not_23_a_flag_keeps_the_home_visit() -> None:
    flags = {kind for kind, rule in POLICY.kinds.items() if rule.flag}

    assert flags == {"violent_person_flag", "threat_to_staff", "unlawfully_at_large"}
    assert all("Visit jointly" in POLICY.kinds[kind].action for kind in flags)


def test_not_23_what_a_register_says_is_told_as_widely_and_as_fast_as_a_flag_and_is_none() -> None:
    on_record, flag = POLICY.kinds["risk_to_staff"], POLICY.kinds["violent_person_flag"]

    assert (on_record.audience, on_record.respond_within, on_record.chain) == (flag.audience, flag.respond_within, flag.chain)
    assert on_record.stands == flag.stands
    assert not on_record.flag
    assert "Nobody has set a flag" in on_record.summary
    assert "Visit jointly" in on_record.action


def test_vpf_05_a_flag_is_proposed_by_what_warns_of_somebody_and_sets_none() -> None:
    assert {kind: rule.proposes for kind, rule in POLICY.kinds.items() if rule.proposes} == dict.fromkeys(
        ("threat_to_staff", "risk_to_staff"), "violent_person_flag"
    )


def test_somebody_at_large_is_told_sooner_than_a_release_to_everybody_whom_a_release_is_told() -> None:
    at_large, release = POLICY.kinds["unlawfully_at_large"], POLICY.kinds["prisoner_release"]
    monday = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)

    assert at_large.audience >= release.audience
    assert POLICY.due("unlawfully_at_large", monday) < POLICY.due("prisoner_release", monday)
    assert at_large.action.startswith("If seen, call the police, do not approach.")


def test_a_risk_to_children_is_told_as_fast_and_to_whom_as_a_concern_of_the_nspcc_and_stands_until_it_ends() -> None:
    risk, concern = POLICY.kinds["risk_to_children"], POLICY.kinds["nspcc_concern"]

    assert (risk.audience, risk.respond_within, risk.roles) == (concern.audience, concern.respond_within, concern.roles)
    assert risk.stands.days is None


@pytest.mark.parametrize("sector", ["health", "education", "housing", "ambulance"])
def test_what_prison_recorded_about_children_is_read_in_full_by_nobody_who_may_not_read_offences(sector: str) -> None:
    assert POLICY.share(sector, POLICY.kinds["risk_to_children"].narrative) is Content.NOTHING


def test_every_agency_has_a_sector_with_a_row() -> None:
    assert {agency.sector for agency in POLICY.agencies.values()} <= set(POLICY.sharing)


def test_the_same_file_is_read_to_the_same_policy() -> None:
    assert parse_policy(TEXT, "a copy") == POLICY


# Who sees how much. F full, S summary, R reference only, - nothing: STANDARDS section 13, written out by hand.

SECTORS = ("social_care", "police", "health", "ambulance", "education", "housing", "probation", "nspcc")
MATRIX = {
    S.CHILD_IDENTITY: "F F F - F - F R",
    S.NHS_NUMBER: "F - F F - - - -",
    S.UPN: "F - - - F - - -",
    S.ADDRESS: "F F F F - F F -",
    S.THREAT: "F F S S S S S -",
    S.ADULT_IDENTITY: "F F S - - - F -",
    S.OFFENCE: "F F - - - - F -",
    S.PLAN: "F S F R S - S -",
    S.CHILD_HEALTH: "S - F S - - - -",
    S.SUBSTANCE: "F F S - - - S -",
    S.CHILD_VOICE: "F F F - S - - -",
    S.ACTION: "F F F F F F F R",
}
DEVIATIONS = {
    (S.ADDRESS, "probation"): (Content.NOTHING, "ANO-03 and NOT-18: no address where the person supervised could learn it"),
}
"""Where the shipped file differs from the table, what it says and why."""
OUR_OWN = {S.OBSERVATION: "F F F - S - S -", S.CONFERENCE: "F F F R F - S -"}
"""Classes the table has no row for."""
WORDS = {"F": Content.FULL, "S": Content.SUMMARY, "R": Content.REFERENCE, "-": Content.NOTHING}


@pytest.mark.parametrize("sector", SECTORS)
def test_a_sector_sees_what_the_table_says(sector: str) -> None:
    column = SECTORS.index(sector)
    expected = {row: WORDS[cells.split()[column]] for row, cells in {**MATRIX, **OUR_OWN}.items()}
    expected |= {row: said for (row, where), (said, _) in DEVIATIONS.items() if where == sector}

    assert dict(POLICY.sharing[sector]) == expected


def test_whom_nobody_entered_sees_nothing_but_that_there_is_something() -> None:
    row = POLICY.sharing["unknown"]

    assert row[S.ACTION] is Content.REFERENCE
    assert {said for mark, said in row.items() if mark is not S.ACTION} == {Content.NOTHING}


@pytest.mark.parametrize("sector", [*SECTORS, "unknown", "never_heard_of"])
def test_not_01_no_policy_decides_about_the_referrer_or_about_what_nobody_has_classed(sector: str) -> None:
    assert POLICY.share(sector, S.REFERRER) is Content.NOTHING
    assert POLICY.share(sector, S.UNCLASSIFIED) is Content.NOTHING
    assert POLICY.share(sector, S.ROUTING) is Content.FULL


def test_sta_05_a_policy_from_before_conferences_had_a_row_shows_them_as_it_shows_a_plan() -> None:
    older = yaml.safe_load(TEXT)
    for row in older["sharing"].values():
        del row["conference"]

    policy = parse_policy(yaml.safe_dump(older), "an older policy")

    assert {sector: policy.share(sector, S.CONFERENCE) for sector in SECTORS} == {
        sector: policy.share(sector, S.PLAN) for sector in SECTORS
    }


def test_a_sector_without_a_row_sees_what_a_stranger_sees() -> None:
    assert {POLICY.share("never_heard_of", mark) for mark in POLICY.sharing["unknown"]} == {Content.NOTHING, Content.REFERENCE}


# Agencies.


@pytest.mark.parametrize(
    ("name", "known_as"),
    [
        pytest.param("school.123456", "school", id="one school"),
        pytest.param("childrens_social_care.north", "childrens_social_care", id="one area"),
        pytest.param("school", "school", id="a school as such"),
        pytest.param("school_northfield", "school", id="a certain school"),
        pytest.param("school_nursing", "school_nursing", id="school nurses are no school"),
        pytest.param("school_nursing_north", "school_nursing", id="the longest name counts"),
        pytest.param("housing_nph", "housing", id="a landlord"),
        pytest.param("gp_high_street", "gp", id="a surgery"),
        pytest.param("prison_service", "prison", id="a prison"),
    ],
)
def test_a_name_that_extends_a_known_one_is_that_agency(name: str, known_as: str) -> None:
    assert POLICY.agency(name) == POLICY.agencies[known_as]
    assert POLICY.roles("meeting", name) == (POLICY.agencies[known_as].role,)


@pytest.mark.parametrize("name", ["carpet_fitter", "schoolfriends", "gpx", "", "sch"], ids=str)
def test_any_other_name_is_a_stranger(name: str) -> None:
    assert POLICY.agency(name) == STRANGER
    assert (STRANGER.sector, STRANGER.role) == ("unknown", "duty_officer")


def test_ano_03_not_18_who_acts_for_adults_is_marked() -> None:
    assert {name for name, agency in POLICY.agencies.items() if agency.acts_for_adults} == {"probation", "prison"}


# Kinds.


def test_an_unknown_kind_is_for_the_case_holders_worker_and_manager_only() -> None:
    assert POLICY.kind_rule("never_heard_of") == POLICY.unknown_kind
    assert POLICY.audience("never_heard_of") == {Audience.CASE_HOLDER}
    assert POLICY.roles("never_heard_of", "childrens_social_care") == ("social_worker", "team_manager")


def test_ppn_01_a_ppn_is_owed_by_the_social_worker_and_the_team_manager_apart() -> None:
    assert POLICY.roles("ppn", "childrens_social_care") == ("social_worker", "team_manager")
    assert POLICY.roles("ppn", "childrens_social_care_north") == ("social_worker", "team_manager")
    assert POLICY.roles("ppn", "police") == ("safeguarding_unit",)


HOLDER = [
    "nspcc_concern",
    "school_concern",
    "concealed_pregnancy_concern",
    "drug_intelligence",
    "missing_child_incident",
    "birth",
    "death",
    "ppn",
    "risk_to_children",
]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_manager_owes_an_answer_of_their_own_where_the_review_asks_for_it(kind: str) -> None:
    roles = ("social_worker", "team_manager") if kind in HOLDER else ("social_worker",)

    assert POLICY.roles(kind, "childrens_social_care") == roles


TOLD = {
    "violent_person_flag": "case_agencies plan_partners adult_agencies",
    "threat_to_staff": "case_agencies plan_partners adult_agencies",
    "risk_to_staff": "case_agencies plan_partners adult_agencies",
    "prisoner_release": "case_agencies plan_partners adult_agencies",
    "prisoner_recall": "case_agencies plan_partners adult_agencies",
    "unlawfully_at_large": "case_agencies plan_partners adult_agencies",
    "prisoner_contact_change": "case_holder",
    "risk_to_children": "case_agencies front_door",
    "restraining_order_breach": "case_agencies plan_partners adult_agencies",
    "domestic_abuse_incident": "case_agencies plan_partners adult_agencies",
    "ppn": "case_agencies adult_agencies",
    "drug_intelligence": "case_agencies adult_agencies",
    "nspcc_concern": "case_agencies front_door",
    "concealed_pregnancy_concern": "case_agencies front_door",
    "death": "case_agencies front_door",
    "conference_outcome": "case_agencies recently_ended",
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_kind_is_told_to_whom_the_review_names(kind: str) -> None:
    told = set(TOLD.get(kind, "case_agencies").split())

    assert POLICY.audience(kind) == told
    assert POLICY.audience(kind, conference_invite=True) == told | {"recently_ended"}


def test_ano_02_nobody_who_acts_for_an_adult_is_told_of_pregnancy_birth_or_death() -> None:
    for kind in ("concealed_pregnancy_concern", "birth", "death"):
        assert Audience.ADULT_AGENCIES not in POLICY.audience(kind)


ROUTING = Routing(
    adult_linked_kinds=frozenset({"meeting"}),
    plan_partner_kinds=frozenset({"birth"}),
    mash_kinds=frozenset({"other"}),
    recently_ended_kinds=frozenset({"ppn"}),
    recently_ended_days=7,
)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        pytest.param("meeting", "case_agencies adult_agencies", id="named for adults' agencies"),
        pytest.param("birth", "case_agencies plan_partners", id="named for plan partners"),
        pytest.param("other", "case_agencies front_door", id="named for the front door"),
        pytest.param("ppn", "case_agencies recently_ended", id="named for who ended lately, no longer for adults' agencies"),
        pytest.param("violent_person_flag", "case_agencies", id="named for nobody more"),
        pytest.param("never_heard_of", "case_agencies", id="unknown"),
    ],
)
def test_an_exercises_own_lists_replace_the_policys(kind: str, told: str) -> None:
    exercise = POLICY.under(ROUTING)

    assert exercise.audience(kind) == set(told.split())
    assert exercise.audience(kind, conference_invite=True) == {*told.split(), "recently_ended"}


def test_an_exercise_changes_who_is_told_and_nothing_else() -> None:
    exercise = POLICY.under(ROUTING)

    assert exercise.recently_ended_days == 7
    assert exercise.model_copy(update={"overrides": None, "recently_ended_days": POLICY.recently_ended_days}) == POLICY
    assert POLICY.under(None) is POLICY
    assert POLICY.overrides is None


# How soon.

FRIDAY = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("within", "due"),
    [
        pytest.param({"hours": 1}, "2026-11-20T17:30:00+00:00", id="an hour"),
        pytest.param({"hours": 24}, "2026-11-21T16:30:00+00:00", id="24 hours run through the weekend"),
        pytest.param({"working_days": 0}, "2026-11-20T23:59:59+00:00", id="the same day"),
        pytest.param({"working_days": 1}, "2026-11-23T23:59:59+00:00", id="a working day does not"),
    ],
)
def test_hours_run_through_weekends_and_working_days_do_not(within: dict[str, int], due: str) -> None:
    assert Within.model_validate(within).after(FRIDAY, frozenset()).isoformat() == due


@pytest.mark.parametrize(
    ("kind", "within"),
    [
        pytest.param("threat_to_staff", Within(hours=1), id="threat to staff: an hour"),
        pytest.param("nspcc_concern", Within(hours=24), id="NSPCC: 24 hours, not working hours"),
        pytest.param("school_concern", Within(hours=8), id="school: the same day"),
        pytest.param("ppn", Within(working_days=1), id="PPN: a working day"),
        pytest.param("case_status_change", Within(working_days=5), id="status: five working days"),
    ],
)
def test_an_answer_is_owed_as_soon_as_the_standards_say(kind: str, within: Within) -> None:
    assert POLICY.kind_rule(kind).respond_within == within


def test_vpf_08_hostility_below_the_line_is_not_urgent_and_everything_above_it_is() -> None:
    def hours(kind: str, severity: Severity) -> float:
        return (POLICY.due(kind, FRIDAY, severity) - FRIDAY).total_seconds() / 3600

    assert hours("threat_to_staff", Severity.LOW) > 48
    assert {hours("threat_to_staff", one) for one in Severity if one is not Severity.LOW} == {1}
    assert {hours("violent_person_flag", one) for one in Severity} == {1}


# A broken file.

Break = Callable[[dict[str, Any]], object]


def broken(*breaks: Break) -> str:
    data = yaml.safe_load(TEXT)
    for each in breaks:
        each(data)
    return yaml.safe_dump(data, sort_keys=False)


FAULTS: dict[str, tuple[Break, str]] = {
    "no front door": (lambda d: d.update(front_door="gate"), "agencies: `gate` is named as front door or case holder and has no entry"),
    "no case holder": (lambda d: d.update(case_holder="council"), "agencies: `council` is named as front door or case holder"),
    "sector without a row": (lambda d: d["sharing"].pop("housing"), "sharing: no row for sector housing"),
    "no row for strangers": (lambda d: d["sharing"].pop("unknown"), "sharing: no row for sector unknown"),
    "row with a gap": (lambda d: d["sharing"]["police"].pop("plan"), "sharing.police: says nothing of plan; write `nothing` if nothing"),
    "referrer shared": (lambda d: d["sharing"]["police"].update(referrer="full"), "sharing.police: no policy decides about referrer"),
    "no basis for the rest": (lambda d: d["lawful_basis"].pop("default"), "lawful_basis: a `default` is needed"),
    "basis for no sector": (lambda d: d["lawful_basis"].update(polize="x"), "lawful_basis: no agency is of sector polize"),
    "role of no agency": (
        lambda d: d["kinds"]["ppn"].update(roles={"social_care": ["social_worker", "team_manager"]}),
        "kinds.ppn.roles: `social_care` is no entry of `agencies`",
    ),
    "role of no agency for unknown kinds": (
        lambda d: d["unknown_kind"].update(roles={"council": ["duty"]}),
        "unknown_kind.roles: `council` is no entry of `agencies`",
    ),
    "item of a role that nobody has": (
        lambda d: d["items"]["visit"].update(tells=["head_of_visits"]),
        "items.visit: no agency, kind or chain has the role `head_of_visits`",
    ),
    "item that reads what no section has": (
        lambda d: d["items"]["visit"]["closes"][0].update(where={"contact.manner": ["visit"]}),
        "items.visit: no section of an alert's details has `contact.manner`",
    ),
    "item that nothing opens": (lambda d: d["items"]["visit"].update(opens=[]), "items.visit: nothing opens it"),
    "item of an agency that is not there": (
        lambda d: d["items"]["partner_information"].update(agency="polizei"),
        "items.partner_information: `polizei` is no entry of `agencies`",
    ),
    "no word for a lapse that nobody has explained": (lambda d: d["reason_codes"].pop("unknown"), "reason_codes: `unknown` is needed"),
    "proposes a kind that is not there": (
        lambda d: d["kinds"]["meeting"].update(proposes="violent_flag"),
        "kinds.meeting.proposes: `violent_flag` is no entry of `kinds`",
    ),
}
SHAPES: dict[str, tuple[Break, str]] = {
    "rule without a source": (lambda d: d["kinds"]["ppn"].pop("cite"), "kinds.ppn.cite: a value: this field is required"),
    "rule with an empty source": (lambda d: d["kinds"]["birth"].update(cite=[]), "kinds.birth.cite: "),
    "item without a source": (lambda d: d["items"]["visit"].pop("cite"), "items.visit.cite: a value: this field is required"),
    "item that any statement opens": (
        lambda d: d["items"]["visit"].update(opens=[{}]),
        "items.visit.opens[0]: an opening names either what on the case opens the item (`case`), or which statement does",
    ),
    "item that any statement closes": (
        lambda d: d["items"]["visit"].update(closes=[{"by_anybody": True}]),
        "items.visit.closes[0]: a closing says which statement closes the item",
    ),
    "link of no relation": (
        lambda d: d["items"]["partner_information"].update(opens=[{"case": "link"}]),
        "items.partner_information.opens[0]: `relations` belong to `case: link`, and are needed there",
    ),
    "later kinds of no earlier statement": (
        lambda d: d["items"]["conditional_instruction"].update(opens=[{"kinds_in": "instruction.when"}]),
        "items.conditional_instruction.opens[0]: `kinds_in` and `before` say something of the earlier statement",
    ),
    "holiday on no day": (lambda d: d["school_holidays"][0].update(first="02-30"), "school_holidays[0]: "),
    "no such audience": (lambda d: d["kinds"]["other"].update(audience=["everybody"]), "kinds.other.audience[0]: "),
    "two limits": (
        lambda d: d["kinds"]["death"].update(respond_within={"hours": 1, "working_days": 1}),
        "kinds.death.respond_within: give one of `hours`, `minutes`, `seconds`, `days`, `weeks` and `working_days`",
    ),
    "no limit": (
        lambda d: d["kinds"]["meeting"].update(respond_within={}),
        "kinds.meeting.respond_within: give one of `hours`, `minutes`, `seconds`, `days`, `weeks` and `working_days`",
    ),
    "no such word": (lambda d: d["sharing"]["health"].update(plan="some"), "sharing.health.plan: "),
    "no such class": (lambda d: d["sharing"]["health"].update(shoe_size="full"), "sharing.health.shoe_size: "),
    "mistyped field": (lambda d: d["agencies"]["prison"].update(acts_for_adult=True), "agencies.prison.acts_for_adult: "),
    "no version": (lambda d: d.pop("version"), "version: a value: this field is required"),
}


@pytest.mark.parametrize(("break_", "fault"), {**FAULTS, **SHAPES}.values(), ids=[*FAULTS, *SHAPES])
def test_a_fault_is_named_with_its_place(break_: Break, fault: str) -> None:
    with pytest.raises(PolicyFault) as refused:
        parse_policy(broken(break_), "ours.yaml")

    assert str(refused.value).startswith("ours.yaml: 1 fault(s). ")
    assert fault in str(refused.value)


@pytest.mark.parametrize("faults", [FAULTS, SHAPES], ids=["names and rows", "shapes"])
def test_every_fault_is_named_at_once(faults: dict[str, tuple[Break, str]]) -> None:
    wrong = {name: pair for name, pair in faults.items() if name != "no row for strangers"}  # shares a line with another

    with pytest.raises(PolicyFault) as refused:
        parse_policy(broken(*(break_ for break_, _ in wrong.values())), "ours.yaml")

    assert [name for name, (_, fault) in wrong.items() if fault not in str(refused.value)] == []
    assert f"{len(wrong)} fault(s)" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("kinds: [", "not YAML at line 1", id="not closed"),
        pytest.param("version: a\nversion: b: c\n", "not YAML at line 2", id="second line"),
        pytest.param("", "policy: an object", id="empty"),
        pytest.param("- a\n", "policy: an object", id="a list"),
        pytest.param("version: 2026-13-45\n", "cannot be read", id="a day that is none"),
        pytest.param("\u0007", "not YAML", id="a bell"),
    ],
)
def test_what_is_no_policy_at_all_is_refused_in_words(text: str, fault: str) -> None:
    with pytest.raises(PolicyFault, match=fault):
        parse_policy(text, "ours.yaml")


def test_a_file_that_is_not_there_or_not_text_is_a_fault_that_names_it(tmp_path: Path) -> None:
    scanned = tmp_path / "scanned.yaml"
    scanned.write_bytes(b"\xff\xfe\x00")

    for path in (tmp_path / "gone.yaml", scanned, tmp_path):
        with pytest.raises(PolicyFault) as refused:
            load_policy(path)
        assert str(path) in str(refused.value)


def test_a_changed_copy_is_the_policy_that_is_applied(tmp_path: Path) -> None:
    ours = tmp_path / "ours.yaml"
    ours.write_text(
        broken(lambda d: d.update(version="ours.1"), lambda d: d["kinds"]["ppn"].update(respond_within={"hours": 2})), encoding="utf-8"
    )

    policy = load_policy(ours)

    assert (policy.version, policy.kind_rule("ppn").respond_within) == ("ours.1", Within(hours=2))


def test_a_proclaimed_day_that_a_county_adds_is_no_working_day() -> None:
    thursday = datetime(2031, 5, 15, 12, tzinfo=UTC)
    ours = parse_policy(yaml.safe_dump(yaml.safe_load(TEXT) | {"bank_holidays": ["2031-05-16"]}), "ours")

    assert POLICY.due("ppn", thursday).date().isoformat() == "2031-05-16"
    assert ours.due("ppn", thursday).date().isoformat() == "2031-05-19"
    assert ours.due("threat_to_staff", thursday) == POLICY.due("threat_to_staff", thursday)  # an hour runs through holidays


def test_a_bank_holiday_that_is_no_day_is_refused_with_its_place() -> None:
    with pytest.raises(PolicyFault, match=r"bank_holidays"):
        parse_policy(yaml.safe_dump(yaml.safe_load(TEXT) | {"bank_holidays": ["whenever"]}), "ours")
