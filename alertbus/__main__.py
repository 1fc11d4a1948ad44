"""`python -m alertbus`: the same as the `alertbus` command."""

from alertbus.cli.main import run

run()
