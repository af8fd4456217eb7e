"""The table of defaults of docs/settings.md from the settings of chats: `python docs/settings_page.py` writes it into the page."""

# ruff: noqa: INP001 - a script beside its page

import re
from pathlib import Path

import bot.connections  # noqa: F401 - declares the platforms, on which defaults depend
from subscriptions.chats import settings as chat_settings
from subscriptions.model import ChatKind

PAGE = Path(__file__).with_name("settings.md")
KINDS = {
    "private chat": (ChatKind.PRIVATE, "telegram"),
    "Telegram group": (ChatKind.GROUP, "telegram"),
    "Telegram channel": (ChatKind.BROADCAST, "telegram"),
    "Slack channel": (ChatKind.TEAM, "slack"),
    "console, web": (ChatKind.PRIVATE, "console"),
}
_PART = re.compile(r"(<!-- defaults, made by settings_page\.py -->\n).*?(<!-- end -->)", re.DOTALL)


def page(text: str) -> str:
    """Return the page with its table written again."""
    table = "\n".join(_defaults())
    return _PART.sub(lambda part: f"{part[1]}\n{table}\n\n{part[2]}", text)


def _defaults() -> list[str]:
    """Return the defaults of all settings in each kind of chat, as a table."""
    unset = [
        chat_settings.resolve(kind, platform, {}, timezone="the operator's", lang="en")
        for kind, platform in KINDS.values()
    ]
    rows = [("setting", *KINDS)]
    rows += [(f"`{name}`", *(f"`{one.value(name)}`" for one in unset)) for name in chat_settings.SETTINGS]
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return [head, f"|{'---|' * len(rows[0])}", *body]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
