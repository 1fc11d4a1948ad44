"""Print the JSON Schema: `python -m alertbus_probation > schemas/probation-event.v1.json` after a change of the message."""

from alertbus.plugin.schema import publish
from alertbus_probation.schema import event_schema

publish(event_schema())
