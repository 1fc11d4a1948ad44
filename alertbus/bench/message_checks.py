"""What the bus's own look at a rendered message costs: rendering and the narrative's check alone, and the same with size, flag and all that
stands outside the body looked at. `python -m alertbus.bench.message_checks` prints it as JSON, measured in turns in one run.
"""

import json
import statistics
import time
from collections.abc import Callable
from functools import partial

from alertbus.model.notice import Notice
from alertbus.plugin import fidelity
from alertbus.plugin.boundary import behind_boundary
from alertbus.plugin.kit.samples import sample_notice
from alertbus.plugin.manager import Plugins
from alertbus.plugin.protocols import Adapter

TURNS, EACH = 40, 25


def measured(turns: int = TURNS, each: int = EACH) -> dict[str, dict[str, float]]:
    """For each adapter: microseconds of processor a notice without and with the bus's look, the medians of `turns` turns of `each`, and
    their ratio.
    """
    plugins = Plugins.load()
    found = {}
    for adapter in (*plugins.adapters.values(), plugins.adapter_for("")):
        notice = sample_notice(sector=adapter.sector)
        before, after = _in_turns(_bare(adapter), partial(_looked_at, plugins, adapter), notice, turns, each)
        found[adapter.name] = {"before_us": round(before, 1), "after_us": round(after, 1), "ratio": round(after / before, 2)}
    return found


def _looked_at(plugins: Plugins, adapter: Adapter, notice: Notice) -> object:
    return plugins.render(notice, adapter)


def _bare(adapter: Adapter) -> Callable[[Notice], object]:
    def render(notice: Notice) -> object:
        message = behind_boundary(adapter.render, notice)
        fidelity.altered(notice, message)
        return message.model_copy(update={"idempotency_key": notice.id})

    return render


def _in_turns(first: Callable[[Notice], object], second: Callable[[Notice], object], notice: Notice, turns: int, each: int) -> list[float]:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(turns):
        for way, taken in zip((first, second), times, strict=True):
            began = time.thread_time()
            for _ in range(each):
                way(notice)
            taken.append((time.thread_time() - began) / each * 1e6)
    return [statistics.median(taken) for taken in times]


if __name__ == "__main__":
    print(json.dumps(measured(), indent=1))
