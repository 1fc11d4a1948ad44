"""alertbus: a fact about a person reaches every agency on every linked child's case, and is chased until a named human answers."""

__version__ = "0.1.0"
