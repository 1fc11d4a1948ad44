"""Print the JSON Schema: `python -m alertbus_education > schemas/education-encompass.v1.json` after a change of the message."""

from alertbus.plugin.schema import publish
from alertbus_education.schema import encompass_schema

publish(encompass_schema())
