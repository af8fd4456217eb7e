"""Slack, through slack-sdk's AsyncWebClient on our own aiohttp session: its facts and addresses.

The bot serves one workspace, that of its token. The chat with a person has the person's address, "U1". In a channel
that two workspaces share, a person of the other one is "T2/U1", and counts as a stranger.
"""

import re

from subscriptions.addresses import PlatformFacts
from subscriptions.errors import Sentence
from subscriptions.model import ChatAddress, ChatKind

PEOPLE = ("U", "W")  # first letters of people's ids
DIRECT = "D"
# docs.slack.dev/reference/objects: a channel is C…, G… or D…, a person U… or W….
_ID = re.compile(r"(?P<chat>[CGDUW][A-Z0-9]{1,40})(?:/(?P<topic>[0-9]{1,12}\.[0-9]{1,9}))?")


def _read_address(rest: str) -> ChatAddress | None:
    found = _ID.fullmatch(rest)
    if found:
        return ChatAddress("slack", found["chat"], found["topic"] or "")
    return None


def _kind_of(address: ChatAddress) -> ChatKind:
    """Returns the kind of a chat from its id: ids of direct messages and people begin with D or U."""
    if address.address[:1] in ("D", "U"):
        return ChatKind.PRIVATE
    return ChatKind.TEAM


def _command_prefix(address: ChatAddress) -> str:
    """Returns what to type before a command: /paperwire, or a mention in threads, where Slack has no slash commands."""
    if address.topic:
        return "@paperwire "
    return "/paperwire "


FACTS = PlatformFacts(
    name="slack",
    title="Slack",
    address_form="slack:CHANNEL_ID[/THREAD_TS]",
    read_address=_read_address,
    refusal=Sentence("“{text}” is not a Slack chat."),
    refusal_hint=Sentence("A Slack chat is slack:C0123ABCD, with /THREAD_TS for a thread."),
    kind_of=_kind_of,
    command_prefix=_command_prefix,
    token_variable="PAPERWIRE_SLACK_BOT_TOKEN",  # noqa: S106 - the name of a setting
    can_look_up=True,
    shows_more=True,
)
