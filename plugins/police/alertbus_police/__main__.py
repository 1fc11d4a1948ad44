"""Print the JSON Schema: `python -m alertbus_police > schemas/police-ppn.v1.json` after a change of the message."""

from alertbus.plugin.schema import publish
from alertbus_police.schema import ppn_schema

publish(ppn_schema())
