"""NSPCC, both ways: referrals of the helpline as alerts, without who made the call, and what the helpline is told of them."""

from collections.abc import Sequence

from alertbus.plugin import Adapter, hookimpl
from alertbus_nspcc.adapter import HelplineAdapter, notice_schema
from alertbus_nspcc.source import Nspcc, schema

__all__ = ["HelplineAdapter", "Nspcc", "alertbus_adapters", "alertbus_sources", "notice_schema", "schema"]


@hookimpl
def alertbus_adapters() -> Sequence[Adapter]:
    return (HelplineAdapter(),)


@hookimpl
def alertbus_sources() -> Sequence[Nspcc]:
    return (Nspcc(),)
