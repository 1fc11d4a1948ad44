"""Print the JSON Schema: `python -m alertbus_nspcc > schemas/nspcc-referral.v1.json` after a change of the form."""

from alertbus.plugin.schema import publish
from alertbus_nspcc import schema

publish(schema())
