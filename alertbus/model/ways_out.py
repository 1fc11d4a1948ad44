"""The bus's own ways to an agency, by the name that an operator gives as `channel`. Any other is a plugin's."""

OWN_CHANNELS = ("inbox", "webhook", "file")
"""A closed list: each is to an agency's own system or to the desk, and none to anything that a family holds (NOT-19)."""
