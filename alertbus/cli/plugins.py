"""`alertbus plugin`: the agency plugins installed here, and what who writes one needs. Each command is imported when it is asked for."""

from alertbus.cli.commands import table

app = table(
    {
        "list": ("alertbus.cli.plugin_list:list_", "Every adapter and source that is installed, or tried unpackaged."),
        "new": ("alertbus.cli.plugin_new:new", "Begin a plugin: a package with tests, samples and the policy rows it needs."),
        "check": ("alertbus.cli.plugin_check:check", "Judge a plugin by the conformance kit: its tier, what fails and how to mend it."),
        "render": ("alertbus.cli.plugin_render:render", "What an agency's system would receive, for one notice or for all."),
        "parse": ("alertbus.cli.plugin_parse:parse", "What a source makes of a message, or an adapter of a receipt."),
        "golden": ("alertbus.cli.plugin_golden:golden", "Keep what this release renders, and hold the next one to it."),
        "run": ("alertbus.cli.plugin_run:run", "A throw-away bus with one plugin, not installed, and an alert through it."),
    },
    "Agency plugins.",
)
