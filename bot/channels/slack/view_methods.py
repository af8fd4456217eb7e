"""The methods for Slack's modals and home views (docs.slack.dev, views.open, views.update, views.publish)."""

import json

from bot.channels.slack.addresses import joined, split
from bot.channels.slack.api import read_user
from bot.channels.slack.web_api.declined import Declined
from bot.channels.slack.workspaces import Workspace, Workspaces
from bot.ports.forms import HomeView, Modal
from bot.rendering.platforms.slack.modals import home_view, modal_view
from subscriptions.model import ChatAddress

_PAGE = 200  # conversations in one answer
_MOST_PAGES = 10  # pages, so that the home view appears soon
_KINDS = "public_channel,private_channel,mpim"
_STALE_VIEW = frozenset({"hash_conflict", "not_found", "view_not_found"})  # the view was changed or closed meanwhile


class SlackForms:
    """See Forms. It shares the connections of the channel of the same tokens."""

    platform = "slack"

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces

    def render_modal(self, modal: Modal, callback_token: str) -> str:
        """See Forms."""
        return modal_view(modal, callback_token)

    def render_home_view(self, home: HomeView) -> str:
        """See Forms."""
        return home_view(home)

    async def open_modal(self, chat: ChatAddress, trigger_id: str, view: str) -> None:
        """See Forms."""
        workspace = await self._workspaces.for_address(chat.address)
        await workspace.client.call_json("views.open", trigger_id=trigger_id, view=json.loads(view))

    async def update_modal(self, chat: ChatAddress, view_ref: str, view: str) -> None:
        """See Forms. `view_ref` is the view's id, a space, and its hash."""
        workspace = await self._workspaces.for_address(chat.address)
        view_id, _, as_it_was = view_ref.partition(" ")
        state = {"hash": as_it_was} if as_it_was else {}
        try:
            await workspace.client.call_json("views.update", view_id=view_id, view=json.loads(view), **state)
        except Declined as no:
            if no.code not in _STALE_VIEW:
                raise

    async def publish_home(self, person: ChatAddress, view: str) -> None:
        """See Forms."""
        workspace = await self._workspaces.for_address(person.address)
        await workspace.client.call_json("views.publish", user_id=split(person.address)[1], view=json.loads(view))

    async def shared_chats(self, person: ChatAddress) -> frozenset[str] | None:
        """See Forms. Returns no chats for guests, who manage only their own."""
        team, user = split(person.address)
        workspace = await self._workspaces.for_address(person.address)
        if not await _is_member(workspace, user):
            return frozenset()
        found: set[str] = set()
        cursor = ""
        try:
            for _ in range(_MOST_PAGES):
                page = await workspace.client.call_get(
                    "users.conversations", user=user, types=_KINDS, limit=_PAGE, cursor=cursor
                )
                found.update(joined(team, str(channel["id"])) for channel in page.get("channels") or ())
                cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
                if not cursor:
                    break
        except Declined:
            return None
        return frozenset(found)


async def _is_member(workspace: Workspace, user: str) -> bool:
    """Returns whether a person is a member of the workspace. True for everybody if the app may not read people."""
    try:
        answer = await workspace.client.call_get("users.info", user=user)
    except Declined:
        return True
    return read_user(answer, workspace.team or (await workspace.identify()).team).member
