"""NSPCC helpline referrals as alerts: one source, `nspcc`. It never takes who made the call."""

from collections.abc import Sequence

from alertbus.plugin import hookimpl
from alertbus_nspcc.source import Nspcc, schema

__all__ = ["Nspcc", "alertbus_sources", "schema"]


@hookimpl
def alertbus_sources() -> Sequence[Nspcc]:
    return (Nspcc(),)
