"""The subcommand about Slack, known without importing what it needs."""

from bot.ports.subcommand import KEEP, Subcommand

SUBCOMMANDS = (
    Subcommand(
        KEEP,
        "slack",
        "bot.platforms.slack.manifest:app",
        "An app of your own in Slack",
        "paperwire slack manifest --minimal",
    ),
)
