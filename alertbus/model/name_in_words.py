"""The bus's own names as a reader sees them: `childrens_social_care` as "children's social care". Pure."""

_WRITTEN = {
    "childrens_social_care": "children's social care",
    "gp": "GP",
    "gp_lead": "GP lead",
    "mash": "MASH",
    "nspcc": "NSPCC",
    "ppn": "PPN",
}
"""Names that people write in another way than by taking the name apart."""


def name_in_words(name: str) -> str:
    """Write the name of an agency, a role, a kind or a state for a reader: `safeguarding_lead` as `safeguarding lead`."""
    return _WRITTEN.get(name) or name.replace("_", " ")


def recipient_in_words(agency: str, role: str) -> str:
    """Write who at which agency: `GP (safeguarding lead)`."""
    return f"{name_in_words(agency)} ({name_in_words(role)})"


def begun(words: str) -> str:
    """The words as they begin a line: a capital letter, and the rest as it is."""
    return words[:1].upper() + words[1:]
