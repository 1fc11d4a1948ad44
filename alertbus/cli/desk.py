"""`alertbus desk`: who may sign in at the pages for people."""

from alertbus.cli.commands import table

app = table({"users": ("alertbus.cli.desk_users:app", "Local users: add, list, lock, unlock, change.")}, "The desk: pages for people.")
