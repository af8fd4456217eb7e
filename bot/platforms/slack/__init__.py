"""Slack, through slack-sdk's AsyncWebClient on our own aiohttp session: its facts and addresses.

The bot serves one workspace, that of its token. The chat with a person has the person's address, "U1". In a channel
that two workspaces share, a person of the other one is "T2/U1", and counts as a stranger.
"""

import re

from subscriptions.chats.addresses import PlatformFacts
from subscriptions.errors import Sentence
from subscriptions.model import ChatAddress, ChatKind

PEOPLE = ("U", "W")  # first letters of people's ids
DIRECT = "D"
COMMAND = "/paperwire"
# docs.slack.dev/reference/objects: a channel is C…, G… or D…, a person U… or W….
_ID = re.compile(r"(?P<chat>[CGDUW][A-Z0-9]{1,40})(?:/(?P<topic>[0-9]{1,12}\.[0-9]{1,9}))?")


def _read_address(rest: str) -> ChatAddress | None:
    found = _ID.fullmatch(rest)
    if found:
        return ChatAddress("slack", found["chat"], found["topic"] or "")
    return None


FACTS = PlatformFacts(
    name="slack",
    title="Slack",
    address_form="slack:CHANNEL_ID[/THREAD_TS]",
    read_address=_read_address,
    refusal=Sentence("“{text}” is not a Slack chat."),
    refusal_hint=Sentence("A Slack chat is slack:C0123ABCD, with /THREAD_TS for a thread."),
    # ids of direct messages and people begin with D or U
    kind_of=lambda address: ChatKind.PRIVATE if address.address[:1] in ("D", "U") else ChatKind.TEAM,
    # Slack has no slash commands in threads
    command_prefix=lambda address: "@paperwire " if address.topic else f"{COMMAND} ",
    token_variable="PAPERWIRE_SLACK_BOT_TOKEN",  # noqa: S106 - the name of a setting
    can_look_up=True,
    has_ephemeral=True,
    shows_more=True,
)
