"""Print the JSON Schema: `python -m alertbus_school > schemas/school-concern.v1.json` after a change of the form."""

from alertbus.plugin.schema import publish
from alertbus_school import schema

publish(schema())
