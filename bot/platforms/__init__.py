"""The platforms, one folder each, with the facts, the markup, and the incoming and outgoing messages of the platform.

This module lists their subcommands without importing the platforms.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSubcommand:
    """One subcommand of a platform."""

    name: str
    place: str  # "module:app"
    summary: str  # the first sentence of its help
    examples: tuple[tuple[str, str], ...] = ()  # (subcommand, how it is called)


# The forms of the argument of `--as`, for its help text.
CHAT_FORMS = "console:NAME, web:NAME, telegram:CHAT_ID or telegram:@name, slack:CHANNEL_ID, email:ADDRESS, apprise:NAME"
SUBCOMMANDS = (
    PlatformSubcommand(
        name="slack",
        place="bot.platforms.slack.manifest:app",
        summary="An app of your own in Slack",
        examples=(
            ("slack", "paperwire slack manifest --minimal"),
            ("slack manifest", "paperwire slack manifest --minimal"),
        ),
    ),
)
