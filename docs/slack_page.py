"""The tables of docs/slack.md from the code's own lists: `python docs/slack_page.py` writes them into the page."""

# ruff: noqa: INP001 - a script beside its page

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bot.platforms.slack.manifest import SCOPES, Scope
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


def _scopes(scopes: Sequence[Scope]) -> Iterator[list[str]]:
    for scope in scopes:
        yield [f"`{scope.name}`", _sentence(scope.why), _sentence(scope.lost) if scope.lost else "everything"]


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _events() -> Iterator[list[str]]:
    for scope in SCOPES:
        if scope.events:
            yield [f"with `{scope.name}`", ", ".join(f"`{event}`" for event in scope.events)]


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
    "needed": _table(("scope", "what for", "without it goes"), [*_scopes([s for s in SCOPES if s.needed])]),
    "optional": _table(("scope", "what for", "without it"), [*_scopes([s for s in SCOPES if not s.needed])]),
    "events": _list([*_events()]),
    "hosts": _list([[f"`{host}`".replace(", ", "`, `"), what] for host, what in HOSTS]),
    "stored": _table(("what", "how long"), _stored()),
}


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
