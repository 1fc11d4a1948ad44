"""Print the JSON Schema: `python -m alertbus_social_care > schemas/social-care-cin.v1.json` after a change of the message."""

from alertbus.plugin.schema import publish
from alertbus_social_care.schema import social_care_schema

publish(social_care_schema())
