"""The addresses of chats and people: "C1" in the own workspace, "T2/C1" in every other one.

A person has the address of the chat with them, "U1" or "T2/U1". In a channel that two workspaces share, each person has
the address of their own workspace. So every address means one chat or person, in one workspace.
"""

import re

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
    return address.removeprefix(f"{own}/") if own else address


def channel_reference(address: str) -> str:
    """Returns the word by which a command names a channel; `read_channel_reference` reads it."""
    return "@" + address.replace("/", "_")


def read_channel_reference(name: str) -> str:
    """Returns the address in a channel reference, or the address itself; "" for anything else."""
    match = _NAMED.fullmatch(name)
    return joined(match["team"] or "", match["id"]) if match else ""
