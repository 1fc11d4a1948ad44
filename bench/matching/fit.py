"""Fit how often each field agrees in each way, for one person and for two, by expectation maximisation on FEBRL4.

It prints a table of m and u; `alertbus/directory/evidence_weights.py` holds what we ship and says where it departs from the fit. The levels
are judged by the product's own code, so that a weight belongs to exactly what the product will call "alike". No label is used.
"""

from datetime import date
from functools import lru_cache
from math import log2

import duckdb
import febrl
import pandas as pd
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from alertbus.directory.agreement import Agreement, births_agree, names_agree, places_agree
from alertbus.model.person import Address, Name, Person

FIELDS = {
    "given": "names_agree(given_l, family_l, given_r, family_r, 0)",
    "family": "names_agree(given_l, family_l, given_r, family_r, 1)",
    "born": "births_agree(born_l, born_r)",
    "place": "places_agree(lines_l, postcode_l, lines_r, postcode_r)",
}
LEVELS = {
    "given": ["SAME", "WRITTEN", "FORM", "SWAPPED", "ALIKE", "DIFFERENT"],
    "family": ["SAME", "WRITTEN", "FORM", "ALIKE", "DIFFERENT"],
    "born": ["SAME", "DAY_AND_MONTH", "PART", "DIFFERENT"],
    "place": ["SAME", "ALIKE", "STREET", "POSTCODE", "NEIGHBOUR", "LINES", "DIFFERENT"],
}
SEED = 1
PEOPLE = 5000
RANDOM_PAIRS = 400_000


@lru_cache(maxsize=65536)  # each level asks again
def _names(given: str, family: str, given_: str, family_: str, which: int) -> str:
    return names_agree(Name(given=given or None, family=family or None), Name(given=given_ or None, family=family_ or None))[which].name


@lru_cache(maxsize=65536)
def _births(one: str, other: str) -> str:
    return births_agree(date.fromisoformat(one) if one else None, date.fromisoformat(other) if other else None).name


@lru_cache(maxsize=65536)
def _places(lines: str, postcode: str, lines_: str, postcode_: str) -> str:
    return places_agree([_address(lines, postcode)], [_address(lines_, postcode_)]).name


def _address(lines: str, postcode: str) -> Address:
    return Address(lines=tuple(lines.split("\n")) if lines else (), postcode=postcode or None)


def _row(record_id: str, person: Person) -> dict[str, str]:
    name, address = person.name or Name(), person.addresses[0]
    return {
        "unique_id": record_id,
        "given": name.given or "",
        "family": name.family or "",
        "born": person.born.isoformat() if person.born else "",
        "lines": "\n".join(address.lines),
        "postcode": address.postcode or "",
    }


def _comparison(field: str) -> dict[str, object]:
    levels: list[dict[str, object]] = [
        {"sql_condition": f"{FIELDS[field]} = '{Agreement.UNKNOWN.name}'", "label_for_charts": "unknown", "is_null_level": True}
    ]
    levels += [{"sql_condition": f"{FIELDS[field]} = '{level}'", "label_for_charts": level} for level in LEVELS[field][:-1]]
    levels.append({"sql_condition": "ELSE", "label_for_charts": LEVELS[field][-1]})
    return {"output_column_name": field, "comparison_levels": levels}


def main() -> None:
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    text = "VARCHAR"
    connection.create_function("names_agree", _names, [text, text, text, text, "INTEGER"], text)
    connection.create_function("births_agree", _births, [text, text], text)
    connection.create_function("places_agree", _places, [text, text, text, text], text)
    database = DuckDBAPI(connection)
    tables = [
        database.register(pd.DataFrame([_row(key, person) for key, (person, _) in febrl.read(name).items()]), table_name=name)
        for name in ("dataset4a", "dataset4b")
    ]
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[_comparison(field) for field in FIELDS],
        blocking_rules_to_generate_predictions=[block_on("born")],
        probability_two_random_records_match=1 / PEOPLE,
    )
    linker = Linker(tables, settings)
    linker.training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=SEED, min_count_per_level=None)
    for rule in ("l.born = r.born and l.born <> ''", "l.family = r.family and l.family <> ''", "l.postcode = r.postcode"):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    for comparison in linker.misc.save_model_to_json()["comparisons"]:
        for level in comparison["comparison_levels"]:
            if "m_probability" in level and "u_probability" in level:
                _show(comparison["output_column_name"], level["label_for_charts"], level["m_probability"], level["u_probability"])


def _show(field: str, level: str, m: float, u: float) -> None:
    """Print one level. Of the random pairs that u was counted on, one in 5,000 is true; what those add is taken off again."""
    of_two = max((u - m / PEOPLE) / (1 - 1 / PEOPLE), 1 / RANDOM_PAIRS)
    weight = f"{log2(m / of_two):6.1f}" if m else ""
    print(f"{field:8}{level:14} m {m:.5f}  u {u:.7f}  u without true pairs {of_two:.7f}  bits {weight}")


if __name__ == "__main__":
    main()
