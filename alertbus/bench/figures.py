"""The arithmetic of measuring: percentiles, medians, ratios of pairs. Pure."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeVar

T = TypeVar("T")


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that at least `part` of the values (0 < part <= 1) do not exceed: the nearest rank, so always a measured value.

    Raises ValueError for no values or a part outside its range.
    """
    if not values or not 0 < part <= 1:
        raise ValueError("a percentile needs values, and a part above 0 and up to 1")
    return sorted(values)[math.ceil(part * len(values)) - 1]


@dataclass(frozen=True, slots=True)
class Latency:
    """The latencies of many alerts, in milliseconds."""

    p50: float
    p99: float
    p999: float
    worst: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Latency":
        return cls(*(round(percentile(seconds, part) * 1000, 1) for part in (0.5, 0.99, 0.999, 1)))


@dataclass(frozen=True, slots=True)
class Pair:
    """One run of the bus and the floor's run right after it, both in alerts per second."""

    ours: float
    floor: float

    @property
    def ratio(self) -> float:
        return self.ours / self.floor


def median_ratio(pairs: Sequence[Pair]) -> float:
    """The median of the pairs' own ratios: whatever else the machine does falls on both halves of a pair."""
    return statistics.median(pair.ratio for pair in pairs)


def median_of(found: Sequence[T]) -> T:
    """Of several runs of one shape (dataclasses and mappings of figures) the medians, figure by figure; of words the first run's.

    A figure that one run lacks (None) is None.
    """
    medians: T = _median_of(found)
    return medians


def _median_of(found: Sequence[Any]) -> Any:
    one = found[0]
    if any(run is None for run in found):
        return None
    if isinstance(one, Mapping):
        shared = [name for name in one if all(name in run for run in found)]
        return {name: _median_of([run[name] for run in found]) for name in shared}
    if is_dataclass(one) and not isinstance(one, type):
        return type(one)(**{part.name: _median_of([getattr(run, part.name) for run in found]) for part in fields(one)})
    if isinstance(one, int):
        return statistics.median_low(found)
    return round(statistics.median(found), 3) if isinstance(one, float) else one
