"""The tables of docs/slack.md from the code's own lists: `python docs/slack_page.py` writes them into the page."""

# ruff: noqa: INP001 - a script beside its page

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bot.platforms.slack.manifest import SCOPES

HOSTS = (
    ("slack.com", "the Web API"),
    (
        "wss-primary.slack.com, wss-backup.slack.com",
        "Socket Mode, in which events come through a connection that the bot opens",
    ),
    ("hooks.slack.com", "answers that only the asker sees"),
    ("files.slack.com", "files that are imported or handed out"),
)
# each scope of the app → (what for, what does not work without it)
_SCOPES = {
    "chat:write": ("posts papers and answers, edits its own messages", "everything"),
    "commands": ("offers /paperwire", "everything"),
    "app_mentions:read": ("hears what is said to it by its name", "people in threads cannot speak with it"),
    "im:history": (
        "reads direct messages to it, and looks up its own",
        "people can only use /paperwire there; a direct message may come twice, or not at all",
    ),
    "im:write": (
        "begins direct messages with somebody who asked for papers in private",
        "it cannot write to people in private",
    ),
    "channels:history": (
        "looks up its own message in a public channel if the connection broke while it was sent",
        "such a message may come twice, or not at all, as PAPERWIRE_ON_UNCLEAR says",
    ),
    "groups:history": ("the same in private channels", "the same there"),
    "mpim:history": ("the same in direct messages of several people", "the same there"),
    "channels:read": (
        "knows of public channels their names, whether it is in them, who is, when they are archived",
        "papers name no channel; only a failed post tells that one was archived, deleted or renamed",
    ),
    "groups:read": ("the same of private channels that it was invited to", "the same of these"),
    "mpim:read": ("knows who is in direct messages of several people", "what they ask for can only be changed in them"),
    "users:read": (
        "knows who is a guest or an administrator, and a person's name, time zone and language",
        "guests may change what a channel asks for, with manage=admins no one may, and times are the operator's",
    ),
    "files:read": (
        "reads a library, or subscriptions to import, that a person drops",
        "they are imported as text only",
    ),
    "files:write": ("hands out subscriptions, references and stored data as files", "it says that it cannot"),
}
PAGE = Path(__file__).with_name("slack.md")
_PART = re.compile(r"(<!-- (?P<name>[a-z]+), made by slack_page\.py -->\n).*?(<!-- end -->)", re.DOTALL)


def page(text: str) -> str:
    """Return the page with its tables written again."""
    tables = {name: "\n".join(lines) for name, lines in _TABLES.items()}
    return _PART.sub(lambda part: f"{part[1]}\n{tables[part['name']]}\n\n{part[3]}", text)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    ruled = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    return [*ruled, *(f"| {' | '.join(row)} |" for row in rows)]


def _list(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a list of pairs, for rows too short for a table."""
    return [f"- {what}: {said}" for what, said in rows]


def _scopes() -> Iterator[list[str]]:
    for scope in SCOPES:
        why, lost = _SCOPES[scope]
        yield [f"`{scope}`", why, lost]


def _events() -> Iterator[list[str]]:
    for scope, events in SCOPES.items():
        if events:
            yield [f"with `{scope}`", ", ".join(f"`{event}`" for event in events)]


_TABLES: Mapping[str, Sequence[str]] = {
    "scopes": _table(("scope", "what for", "without it"), [*_scopes()]),
    "events": _list([*_events()]),
    "hosts": _list([[f"`{host}`".replace(", ", "`, `"), what] for host, what in HOSTS]),
}


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
