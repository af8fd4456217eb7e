"""The channels and direct messages that the bot can post to."""

from bot.channels.slack.addresses import PEOPLE, normalise, split
from bot.channels.slack.workspaces import Workspace, Workspaces
from subscriptions.errors import RetryLater


class Conversations:
    """Finds the workspace and the channel of an address, and remembers people's direct messages."""

    def __init__(self, workspaces: Workspaces) -> None:
        self.workspaces = workspaces
        self._direct: dict[str, str] = {}  # address of a person -> id of the direct messages
        self._closed = False

    def remember_direct(self, person: str, direct: str) -> None:
        """Remembers the id of the direct messages with a person, so that `resolve` need not ask Slack for it."""
        self._direct[person] = direct

    async def resolve(self, address: str) -> tuple[Workspace, str]:
        """Returns the workspace whose token is used, and the id of the channel that Slack posts to. Raises NotDelivered."""
        if self._closed:
            raise RetryLater("The sender is shut down.")
        workspace = await self.workspaces.for_address(address)
        _, place = split(address)
        if not place.startswith(PEOPLE):
            return workspace, place
        key = normalise(address, self.workspaces.own.team if self.workspaces.own else "")
        if key not in self._direct:
            self._direct[key] = await workspace.client.open_direct(place)
        return workspace, self._direct[key]

    async def close(self) -> None:
        """Closes the connections of all workspaces. Nothing can be resolved after that."""
        self._closed = True
        await self.workspaces.close()
