"""The tables of docs/slack.md from the code's own lists: `python docs/slack_page.py` writes them into the page."""

# ruff: noqa: INP001 - a script beside its page

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bot.platforms.slack.manifest import NEEDED, SCOPES
from subscriptions.service.retention import BUTTONS, DELIVERIES, GONE_CHATS, TALKED, UPDATES

HOSTS = (
    ("slack.com", "the Web API"),
    (
        "wss-primary.slack.com, wss-backup.slack.com",
        "Socket Mode, in which events come through a connection that the bot opens",
    ),
    ("hooks.slack.com", "answers that only the asker sees"),
    ("files.slack.com", "files that are imported or handed out"),
)
# each scope of the app → (what for, what does not work without it; "" for everything)
_SCOPES = {
    "chat:write": (
        "posts papers and answers, and edits its own messages",
        "",
    ),
    "commands": (
        "offers /paperwire",
        "",
    ),
    "app_mentions:read": (
        "hears what is said to it by its name",
        "it does not hear @paperwire, so people in threads cannot speak with it",
    ),
    "im:history": (
        "reads what people write to it in direct messages, and looks up its own",
        "people cannot write to it in direct messages, only /paperwire works there; a direct message that may have been sent cannot be looked up",
    ),
    "im:write": (
        "begins direct messages with somebody who asked for papers in private",
        "it cannot write to people in private",
    ),
    "channels:history": (
        "looks up its own message in a public channel when the connection broke while it was sent",
        "in public channels such a message may come twice, or not at all, as PAPERWIRE_ON_UNCLEAR says",
    ),
    "groups:history": (
        "the same in private channels",
        "in private channels such a message may come twice, or not at all, as PAPERWIRE_ON_UNCLEAR says",
    ),
    "mpim:history": (
        "the same in direct messages of several people",
        "in direct messages of several people such a message may come twice, or not at all",
    ),
    "channels:read": (
        "knows what public channels are called, whether it is in them, who is, and when they are archived",
        "papers name no channel, and it hears only from a failed post that a public channel was archived, deleted or renamed",
    ),
    "groups:read": (
        "the same of private channels that it was invited to",
        "the same of private channels",
    ),
    "mpim:read": (
        "knows who is in direct messages of several people to which it was added",
        "what such a conversation asks for can only be changed in it",
    ),
    "users:read": (
        "knows who is a guest and who an administrator, and a person's name, time zone and language",
        "guests may change what a channel asks for, the setting manage=admins lets no one change anything, and times go by the operator's clock",
    ),
    "files:read": (
        "reads a library, or subscriptions to import, that a person drops",
        "subscriptions can only be imported as text",
    ),
    "files:write": (
        "hands out subscriptions, references and stored data as files",
        "it says that it cannot hand them out",
    ),
}
PAGE = Path(__file__).with_name("slack.md")
_PART = re.compile(r"(<!-- (?P<name>[a-z]+), made by slack_page\.py -->\n).*?(<!-- end -->)", re.DOTALL)


def page(text: str) -> str:
    """The page with its tables written again."""
    tables = {name: "\n".join(lines) for name, lines in _TABLES.items()}
    return _PART.sub(lambda part: f"{part[1]}\n{tables[part['name']]}\n\n{part[3]}", text)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    ruled = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    return [*ruled, *(f"| {' | '.join(row)} |" for row in rows)]


def _list(rows: Sequence[Sequence[str]]) -> list[str]:
    """Returns a list of pairs, for rows too short for a table."""
    return [f"- {what}: {said}" for what, said in rows]


def _scopes(*, needed: bool) -> Iterator[list[str]]:
    for scope in SCOPES:
        if (scope in NEEDED) is needed:
            why, lost = _SCOPES[scope]
            yield [f"`{scope}`", _sentence(why), _sentence(lost) or "everything"]


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _events() -> Iterator[list[str]]:
    for scope, events in SCOPES.items():
        if events:
            yield [f"with `{scope}`", ", ".join(f"`{event}`" for event in events)]


def _stored() -> list[list[str]]:
    return [
        [
            "ids and names of the channels and people that asked for papers, their settings and subscriptions",
            "until `forget`, or as below",
        ],
        ["which papers each of them was sent, when and why", "the same"],
        ["which of these they opened, saved, liked or did not want, and the words that follow from it", "the same"],
        ["the text of messages that paperwire sent", f"{DELIVERIES.days} days"],
        ["the ids of commands and events, so that each counts once; not their words", f"{UPDATES.days} days"],
        ["what buttons stand for", f"{BUTTONS.days} days"],
        ["everything of a channel or person that paperwire cannot write to any more", f"{GONE_CHATS.days} days"],
        ["everything of a channel or person that only talked to paperwire", f"{TALKED.days} days"],
        [
            "that the operator has said no to a channel or person: after `forget` only a hash of the id",
            "until `/allow`",
        ],
    ]


_TABLES: Mapping[str, Sequence[str]] = {
    "needed": _table(("scope", "what for", "without it goes"), [*_scopes(needed=True)]),
    "optional": _table(("scope", "what for", "without it"), [*_scopes(needed=False)]),
    "events": _list([*_events()]),
    "hosts": _list([[f"`{host}`".replace(", ", "`, `"), what] for host, what in HOSTS]),
    "stored": _table(("what", "how long"), _stored()),
}


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
