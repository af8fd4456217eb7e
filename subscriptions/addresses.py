"""Chats as people write them (docs/commands.md, CHAT): which addresses there can be on each platform."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from subscriptions.errors import Refused, Sentence
from subscriptions.model import ChatAddress

_TELEGRAM = re.compile(r"(?P<chat>-?[1-9][0-9]{0,15})(?:/(?P<topic>[1-9][0-9]{0,9}))?")
_TELEGRAM_NAME = re.compile(r"(?P<chat>@[A-Za-z][A-Za-z0-9_]{0,31})(?:/(?P<topic>[1-9][0-9]{0,9}))?")
_LARGEST = 2**52  # of Telegram's ids: core.telegram.org/bots/api#chat
# docs.slack.dev/reference/objects: a workspace is T… or E…, a channel C…, G… or D…, a person U… or W….
_SLACK = re.compile(r"(?P<chat>(?:[TE][A-Z0-9]+/)?[CGDUW][A-Z0-9]+)(?:/(?P<topic>[0-9]{1,12}\.[0-9]{1,9}))?")
_LONGEST = 80  # characters that a refusal repeats


def parse_address(text: str) -> ChatAddress:
    """A chat as people write it: `telegram:-100123/7`, `slack:T1/C2/171.5`, `console:me`. Raises Refused."""
    platform, _, rest = text.strip().partition(":")
    address = _READERS[platform](rest) if platform in _READERS else None
    if address is None:
        raise _refused(text.strip(), platform)
    return address


def _refused(text: str, platform: str) -> Refused:
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    sentence, hint = _REFUSALS.get(platform, _NO_CHAT)
    return Refused(replace(sentence, values={"text": shown}), hint)


def _named(platform: str, rest: str) -> ChatAddress | None:
    """A name without blanks, and without signs that nobody sees."""
    return ChatAddress(platform, rest) if rest.isprintable() and rest and " " not in rest else None


def _telegram(rest: str) -> ChatAddress | None:
    found = _TELEGRAM.fullmatch(rest) or _TELEGRAM_NAME.fullmatch(rest)
    if found is None or (found["chat"][0] != "@" and abs(int(found["chat"])) >= _LARGEST):
        return None
    topic = found["topic"] or ""
    return ChatAddress("telegram", found["chat"], "" if topic == "1" else topic)  # General has no topic of its own


def _slack(rest: str) -> ChatAddress | None:
    found = _SLACK.fullmatch(rest)
    return ChatAddress("slack", found["chat"], found["topic"] or "") if found else None


_READERS: Mapping[str, Callable[[str], ChatAddress | None]] = MappingProxyType(
    {
        "console": lambda rest: _named("console", rest),
        "web": lambda rest: _named("web", rest),
        "telegram": _telegram,
        "slack": _slack,
    }
)
_NO_CHAT = (
    Sentence("“{text}” is not a chat."),
    Sentence("Write console:NAME, web:NAME, telegram:CHAT_ID[/TOPIC_ID] or slack:[TEAM_ID/]CHANNEL_ID[/THREAD_TS]."),
)
_REFUSALS: Mapping[str, tuple[Sentence, Sentence]] = MappingProxyType(
    {
        "telegram": (
            Sentence("“{text}” is not a Telegram chat."),
            Sentence("A Telegram chat is telegram:12345, telegram:-10012345, telegram:-10012345/7 or telegram:@name."),
        ),
        "slack": (
            Sentence("“{text}” is not a Slack chat."),
            Sentence("A Slack chat is slack:C0123ABCD, slack:T0123ABCD/C0123ABCD, with /THREAD_TS for a thread."),
        ),
    }
)
