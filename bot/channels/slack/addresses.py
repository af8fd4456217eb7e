"""How chats and people of several workspaces are named: "C1" in the own workspace, "T2/C1" in every other one.

A person is named like the chat of their direct messages, "U1" or "T2/U1". Whoever writes in a channel that two workspaces
share keeps the name that they have at home. So no name means two things, and none leads into another workspace.
"""

import re

PEOPLE = ("U", "W")  # how the ids of people begin
DIRECT = "D"
_NAMED = re.compile(r"@?(?:(?P<team>[TE][A-Z0-9]+)[_/])?(?P<id>[A-Z0-9]+)")


def split(address: str) -> tuple[str, str]:
    """(team, id); the team is "" for the own workspace."""
    team, _, place = address.rpartition("/")
    return team, place


def joined(team: str, place: str) -> str:
    """The address of an id in a workspace; `team` is "" for the own one."""
    return f"{team}/{place}" if team else place


def normalise(address: str, own: str) -> str:
    """The one address of a channel: "TEAM/CHANNEL" of the own workspace is "CHANNEL" (docs/commands.md)."""
    return address.removeprefix(f"{own}/") if own else address


def channel_reference(address: str) -> str:
    """A channel as the first word of a command that is about it; `pointed_at` reads it."""
    return "@" + address.replace("/", "_")


def read_channel_reference(name: str) -> str:
    """The address that a pointer, or an address itself, names; "" for what names none."""
    match = _NAMED.fullmatch(name)
    return joined(match["team"] or "", match["id"]) if match else ""
