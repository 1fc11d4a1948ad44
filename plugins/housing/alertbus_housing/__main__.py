"""Print the JSON Schema: `python -m alertbus_housing > schemas/housing-cautionary-alert.v1.json` after a change of the message."""

from alertbus.plugin.schema import publish
from alertbus_housing.schema import alert_schema

publish(alert_schema())
