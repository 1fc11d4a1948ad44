"""What tests with a database have in common."""

from pathlib import Path

import pytest


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of one kind and then of the other."""
    return f"sqlite:///{tmp_path}/bus.db" if request.param == "sqlite" else str(request.getfixturevalue("postgres_database"))
