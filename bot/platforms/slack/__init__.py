"""Slack, through slack-sdk's AsyncWebClient on our own aiohttp session: its facts and addresses.

The own workspace is the one of the operator's first token. The address of a chat or person there is "C1", in every other
workspace "T2/C1". The chat with a person has the person's address, "U1" or "T2/U1". In a channel that two workspaces
share, each person has an address of the workspace to which they belong. So every address means one chat or person.
"""

import re

from subscriptions.addresses import PlatformFacts
from subscriptions.errors import Sentence
from subscriptions.model import ChatAddress, ChatKind

LIBRARIES = ("slack_sdk", "aiohttp")
PEOPLE = ("U", "W")  # first letters of people's ids
DIRECT = "D"
_NAMED = re.compile(r"@?(?:(?P<team>[TE][A-Z0-9]+)[_/])?(?P<id>[A-Z0-9]+)")


def split(address: str) -> tuple[str, str]:
    """Returns (team, id); the team is "" for the own workspace."""
    team, _, place = address.rpartition("/")
    return team, place


def joined(team: str, place: str) -> str:
    """Returns the address of an id in a workspace; `team` is "" for the own one."""
    return f"{team}/{place}" if team else place


def normalise(address: str, own: str) -> str:
    """Returns the canonical address of a channel: "CHANNEL" for "TEAM/CHANNEL" of the own workspace (docs/commands.md)."""
    if own:
        return address.removeprefix(f"{own}/")
    return address


def channel_reference(address: str) -> str:
    """Returns the word that names a channel in a command; `read_channel_reference` reads it."""
    return "@" + address.replace("/", "_")


def read_channel_reference(name: str) -> str:
    """Returns the address in a channel reference. Returns an address unchanged, and "" for anything else."""
    match = _NAMED.fullmatch(name)
    if match:
        return joined(match["team"] or "", match["id"])
    return ""


# docs.slack.dev/reference/objects: a workspace is T… or E…, a channel C…, G… or D…, a person U… or W….
_ID = re.compile(r"(?P<chat>(?:[TE][A-Z0-9]{1,40}/)?[CGDUW][A-Z0-9]{1,40})(?:/(?P<topic>[0-9]{1,12}\.[0-9]{1,9}))?")


def _read_address(rest: str) -> ChatAddress | None:
    found = _ID.fullmatch(rest)
    if found:
        return ChatAddress("slack", found["chat"], found["topic"] or "")
    return None


def _kind_of(address: ChatAddress) -> ChatKind:
    """Returns the kind of a chat from its id: after the workspace, ids of direct messages and people begin with D or U."""
    if address.address.rpartition("/")[2][:1] in ("D", "U"):
        return ChatKind.PRIVATE
    return ChatKind.TEAM


def _command_prefix(address: ChatAddress) -> str:
    """Returns the text before a command in a chat: /paperwire, or a mention in threads, where Slack allows no slash commands."""
    if address.topic:
        return "@paperwire "
    return "/paperwire "


def _split_topic(name: str) -> tuple[str, str]:
    """Returns (channel, thread) of a name; the channel may begin with a workspace."""
    chat, _, last = name.rpartition("/")
    if chat and last[:1].isdigit():
        return (chat, last)
    return (name, "")


FACTS = PlatformFacts(
    name="slack",
    title="Slack",
    address_form="slack:[TEAM_ID/]CHANNEL_ID[/THREAD_TS]",
    read_address=_read_address,
    refusal=Sentence("“{text}” is not a Slack chat."),
    refusal_hint=Sentence("A Slack chat is slack:C0123ABCD, slack:T0123ABCD/C0123ABCD, with /THREAD_TS for a thread."),
    is_alias=lambda address: "/" in address.address,  # the team may be that of the own workspace
    kind_of=_kind_of,
    command_prefix=_command_prefix,
    split_topic=_split_topic,
    has_workspaces=True,
    token_variable="PAPERWIRE_SLACK_BOT_TOKEN",  # noqa: S106 - the name of a setting
    can_look_up=True,
    shows_more=True,
)
