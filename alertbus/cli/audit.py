"""`alertbus audit`: proving that nothing is missing."""

from alertbus.cli.commands import table

app = table(
    {
        "verify": ("alertbus.cli.verify:verify", "Follow every audit chain from its first record to its last."),
        "rebuild": ("alertbus.cli.rebuild:rebuild_command", "Write the whole database again from Kafka, then reconcile."),
        "report": (
            "alertbus.cli.audit_report:report_command",
            "Timeliness for auditors, by team: PPNs, meetings, conferences, deliveries.",
        ),
        "reconcile": ("alertbus.cli.reconcile:reconcile_command", "Compare who must have been told with who was."),
    },
    "Proof that nothing is missing.",
)
