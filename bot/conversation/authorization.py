"""Who may do what where: finds the chat that a request is about, and checks its sender's rights there.

| where the change is made | who may make it | asked of the platform |
|---|---|---|
| a private chat; anywhere, if the update proves that an admin sent it | the sender | nothing |
| a group or channel with `manage members`; any, by an operator of the bot | everyone in it | nothing |
| another group or channel, or a topic of it | its admins | who administers it |
| a channel of a workspace with `manage members` | members of the workspace, not guests | who is a member |
| another channel of a workspace | admins of the workspace | who is an admin |
| a chat that the text or the button names | its admins | the chat, and who administers it |
| a destination | operators, which is checked when the command runs | nothing |

The platform is asked anew for each change. Nobody locks themselves out: who changes something as a member, and not as
an admin, cannot leave the changes to the admins (`PreparedRequest.keeps_right`). A person who does not administer a
chat gets no information about it, not even whether it exists.
"""

from collections.abc import Mapping
from dataclasses import replace

from bot.app import App
from bot.commands.base import CommandFunction, Context
from bot.conversation.contexts import PreparedRequest
from bot.messages import CallbackRequest, Place, Reply, Request
from bot.platforms.base import Directory
from subscriptions.chats import known as known_chats
from subscriptions.model import ChatAddress, ChatKind
from subscriptions.outcomes import NotDelivered
from subscriptions.subscribing import access


def refusing(sentence: str, /, **values: object) -> CommandFunction:
    """Return a function that refuses in place of a command: with a toast for a button, otherwise with one line.

    Only the sender sees the refusal.
    """

    def refuse(context: Context) -> Reply:
        words = context.say(sentence, **values)
        if isinstance(context.request, CallbackRequest):
            return Reply(toast=words)
        return Reply(lines=(words,), ok=False, is_ephemeral=True)

    return refuse


_CANNOT_ASK = refusing("I cannot find out now who is an admin, so nothing is changed. Please try again later.")
_REFUSED: Mapping[tuple[str, str], CommandFunction] = {  # (kind of chat, who could do it) → refusal
    ("chat", "admins"): refusing("Only admins of this chat can change that."),
    ("chat", "unknown"): refusing(
        "I cannot see who is an admin here. Make me an admin, or write to me in private, with this chat's number: "
        "/list -100…"
    ),
    ("workspace", "admins"): refusing("Only admins of this workspace can change that."),
    ("workspace", "members"): refusing("Only members of this workspace can change that, not guests."),
    ("workspace", "unknown"): refusing(
        "I cannot see who is an admin of this workspace: the app may not read people (users:read)."
    ),
}


async def authorize(app: App, prepared: PreparedRequest) -> PreparedRequest:
    """Return the request with the chat that it is about; with a refusal if its sender may not do this there."""
    intent = prepared.intent
    try:
        if intent.destination:
            there = Place(chat=intent.destination, kind=ChatKind.PRIVATE, title=intent.destination.address)
            return replace(prepared, place=there)
        if intent.target:
            return await _about_named_chat(app, prepared)
        refusal = await _refusal_here(app, prepared)
        return replace(prepared, refusal=refusal, keeps_right=refusal is not None or await _keeps_right(app, prepared))
    except NotDelivered:
        return replace(prepared, refusal=_CANNOT_ASK)


async def _about_named_chat(app: App, prepared: PreparedRequest) -> PreparedRequest:
    """Return the request about the chat that the text or the button names.

    With a refusal if the sender is no admin there.
    """
    request = prepared.request
    name, _, topic = prepared.intent.target.partition("/")
    api = app.listener_of(request.chat)
    found = await api.find_chat(name) if api and isinstance(api, Directory) else None
    unknown = refusing("I know no chat {name} that you administer and I am in. Add me to it first.", name=name)
    if found is None or found.kind is ChatKind.PRIVATE:
        return replace(prepared, refusal=unknown)
    place = replace(found, chat=replace(found.chat, topic=topic))
    if place.chat == request.chat:
        return replace(prepared, refusal=await _refusal_here(app, prepared))
    members = found.kind is ChatKind.TEAM and await _members_manage(app, found)
    if not await _is_admin(app, found.chat, request.sender, members=members):
        return replace(prepared, refusal=unknown)
    if topic and not found.is_forum and found.kind is not ChatKind.TEAM:
        return replace(prepared, refusal=refusing("{name} has no topics.", name=found.title))
    return replace(prepared, place=place)


async def _refusal_here(app: App, prepared: PreparedRequest) -> CommandFunction | None:
    """Return what is said to a sender who may not change the chat where the request was made; None if they may."""
    request, place = prepared.request, prepared.request.place
    if not prepared.needs_manager or place.is_private or request.sender_is_admin:
        return None
    team = place.kind is ChatKind.TEAM
    # operators keep the right of members where only admins have it
    members = await _members_manage(app, place) or await _is_operator(app, request)
    if members and not team:
        return None
    manages = await _is_admin(app, request.chat, request.sender, members=members, in_chat=True)
    if manages:
        return None
    needed = "members" if members else "admins"
    return _REFUSED["workspace" if team else "chat", "unknown" if manages is None else needed]


async def _keeps_right(app: App, prepared: PreparedRequest) -> bool:
    """Return whether the sender could still change the chat here after a command that leaves this to its admins."""
    request, place = prepared.request, prepared.request.place
    if not prepared.intent.may_end_right or place.is_private or request.sender_is_admin:
        return True
    if not await _members_manage(app, place) or await _is_operator(app, request):
        return True
    return bool(await _is_admin(app, request.chat, request.sender, in_chat=True))


async def _members_manage(app: App, place: Place) -> bool:
    known = await app.store.read(known_chats.known_or_new, place.chat, place.kind)
    return known.settings.manage == "members"


async def _is_operator(app: App, request: Request) -> bool:
    person = ChatAddress(request.chat.platform, request.sender)
    admins = app.settings.admins
    return bool(request.sender) and await app.store.read(access.is_operator, admins, person)


async def _is_admin(
    app: App, chat: ChatAddress, person: str, *, members: bool = False, in_chat: bool = False
) -> bool | None:
    """Return whether a person administers a chat, see Directory. Elsewhere, each person manages only their own chat."""
    api = app.listener_of(chat)
    if api is None or not person:
        return False
    if isinstance(api, Directory):
        return await api.is_admin(chat, person, member_suffices=members, in_chat=in_chat)
    return chat.address == person
