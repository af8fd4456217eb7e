"""Platforms, a folder each: what is known of one (`facts`), messages out (`outbound`), people's words in, errors translated.

To import this room makes every platform known, so that addresses can be read.
"""

from bot.channels.console.facts import CONSOLE
from bot.channels.slack.facts import SLACK
from bot.channels.telegram.facts import TELEGRAM
from bot.channels.web.facts import WEB
from subscriptions.platforms import declare

declare(CONSOLE, WEB, TELEGRAM, SLACK)
