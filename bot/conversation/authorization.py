"""Who may do what where: finds the chat that a request is about, and checks the rights of its sender there; what is said to others.

| where the change is made | who may make it | asked of the platform |
|---|---|---|
| a private chat; anywhere, if the update proves that an admin sent it | the sender | nothing |
| a group or channel with `manage members`; any, by an operator of the bot | everyone in it | nothing, see `may_end_right` |
| another group or channel, or a topic of it | its admins | who administers it |
| a channel of a workspace with `manage members` | members of the workspace, not guests | who is a member |
| another channel of a workspace | admins of the workspace | who is an admin |
| a chat that the text or the button names | its admins | the chat, and who administers it |
| a destination | operators, which is checked when the command runs | nothing |

The platform is asked anew for each change. A person who does not administer a chat gets no information about it, not even
whether it exists.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.commands.context import NOTHING, CommandContext, CommandFunction, Wanted
from bot.commands.intent import Intent
from bot.dependencies import Dependencies
from bot.ports import channel
from bot.ports.conversation import CallbackRequest, Place, Request
from subscriptions import errors, model
from subscriptions.service import access, conversation_state, operators

MOST_ASKED = 5  # operators of whom we ask the platform whether they administer a chat; each takes one call


def refusing(sentence: str, /, **values: object) -> CommandFunction:
    """Returns a function that refuses in place of a command: with a toast for a button, otherwise with one line.

    Only the sender sees the refusal.
    """

    def refuse(context: CommandContext) -> channel.Reply:
        words = context.say(sentence, **values)
        if isinstance(context.request, CallbackRequest):
            return channel.Reply(toast=words)
        return channel.Reply(lines=(words,), ok=False, is_ephemeral=True)

    return refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRequest:
    """A request with its intent and everything that its command needs from outside."""

    request: Request  # as `PlatformApi.enrich` returned it
    intent: Intent
    place: Place  # the chat that the request is about
    writes: bool = True  # it changes something, so that it needs a writing transaction
    refusal: CommandFunction | None = None  # runs in place of the command
    operator_is_admin: bool = False  # an operator of the bot administers `place`
    sender_is_admin: bool = True  # the sender keeps the right to change `place`, whoever manages it
    file: object = None  # the content of the attached document
    wanted: Wanted = NOTHING  # what must be asked for before the command runs
    arxiv_answered: bool = False  # see CommandContext
    is_over_limit: bool = False  # the person or the chat gave too many commands within a minute
    is_noted: bool = False  # its update is stored


async def authorize(deps: Dependencies, prepared: PreparedRequest) -> PreparedRequest:
    """Returns the request with the chat that it is about; with a refusal if its sender may not do this there."""
    intent = prepared.intent
    try:
        if intent.destination:
            place = Place(chat=intent.destination, kind=model.ChatKind.PRIVATE, title=intent.destination.address)
            return replace(prepared, place=place, operator_is_admin=True)
        if intent.target:
            prepared = await _about_named_chat(deps, prepared)
        else:
            prepared = await _about_here(deps, prepared)
        return replace(prepared, operator_is_admin=await _operator_is_admin(deps, prepared))
    except errors.NotDelivered:
        return replace(prepared, refusal=_CANNOT_ASK)


async def _about_named_chat(deps: Dependencies, prepared: PreparedRequest) -> PreparedRequest:
    """Returns the request about the chat that the text or the button names; with a refusal if the sender is no admin there."""
    request = prepared.request
    name, _, topic = prepared.intent.target.partition("/")
    api = deps.api_of(request.chat)
    found = await api.find_chat(name) if api else None
    unknown = refusing("I know no chat {name} that you administer and I am in. Add me to it first.", name=name)
    if found is None or found.kind is model.ChatKind.PRIVATE:
        return replace(prepared, refusal=unknown)
    place = replace(found, chat=replace(found.chat, topic=topic)) if topic else found
    if place.chat == request.chat:
        return await _about_here(deps, prepared)
    members = found.kind is model.ChatKind.TEAM and await _members_manage(deps, found)
    if not await _is_admin(deps, found.chat, request.sender, members=members):
        return replace(prepared, refusal=unknown)
    if topic and not found.is_forum and found.kind is not model.ChatKind.TEAM:
        return replace(prepared, refusal=_no_topics(found))
    if members:
        prepared = await _with_right(deps, prepared, found.chat)
    return replace(prepared, place=place)


async def _with_right(deps: Dependencies, prepared: PreparedRequest, chat: model.ChatAddress) -> PreparedRequest:
    """Returns the request of a member; if it may leave the right to change the chat to admins, with whether they are one."""
    if not prepared.intent.may_end_right:
        return prepared
    return replace(prepared, sender_is_admin=await administers(deps, prepared.request, chat))


async def _about_here(deps: Dependencies, prepared: PreparedRequest) -> PreparedRequest:
    """Returns the request; with a refusal if the sender may not change the chat where it was made."""
    request, place = prepared.request, prepared.request.place
    if not prepared.intent.needs_manager or place.is_private or request.sender_is_admin:
        return prepared
    team = place.kind is model.ChatKind.TEAM
    # operators keep the right of members where only admins have it
    members = await _members_manage(deps, place) or await _is_operator(deps, request)
    if members:
        prepared = await _with_right(deps, prepared, replace(place.chat, topic=""))
    if members and not team:
        return prepared
    manages = await _is_admin(deps, request.chat, request.sender, members=members, in_chat=True)
    if manages:
        return prepared
    needed = "members" if members else "admins"
    refusal = _REFUSED["workspace" if team else "chat", "unknown" if manages is None else needed]
    return replace(prepared, refusal=refusal)


async def _members_manage(deps: Dependencies, place: Place) -> bool:
    known = await deps.store.run(conversation_state.known_or_new, place.chat, place.kind)
    return known.settings.manage == "members"


async def _is_operator(deps: Dependencies, request: Request) -> bool:
    person = model.ChatAddress(request.chat.platform, request.sender)
    admins = deps.conversation.bot_info.admins
    return bool(request.sender) and await deps.store.run(operators.is_operator, admins, person)


async def _is_admin(
    deps: Dependencies, chat: model.ChatAddress, person: str, *, members: bool = False, in_chat: bool = False
) -> bool | None:
    """Returns whether a person administers a chat, see PlatformApi.is_admin."""
    api = deps.api_of(chat)
    if api and person:
        return await api.is_admin(chat, person, member_suffices=members, in_chat=in_chat)
    return False


async def administers(deps: Dependencies, request: Request, chat: model.ChatAddress | None = None) -> bool:
    """Returns whether the sender administers a chat (None: that of the request); False also if that is unknown."""
    if request.sender_is_admin:
        return True
    with suppress(errors.NotDelivered):
        return bool(await _is_admin(deps, chat or request.chat, request.sender, in_chat=chat is None))
    return False


async def _operator_is_admin(deps: Dependencies, prepared: PreparedRequest) -> bool:
    """Returns whether an operator administers the chat. Asks only about groups and channels that are not admitted yet."""
    bot_info, chat = deps.conversation.bot_info, replace(prepared.place.chat, topic="")
    of_many = not prepared.place.is_private and deps.api_of(chat) is not None
    if bot_info.access == "open" or not prepared.intent.needs_manager or prepared.refusal is not None or not of_many:
        return False
    if (await deps.store.run(access.standing_of, chat)).is_admitted:
        return False
    people = await deps.store.run(operators.operators_on, bot_info.admins, chat.platform)
    for person in people[:MOST_ASKED]:
        if await _is_admin(deps, chat, person):
            return True
    return False


_CANNOT_ASK = refusing("I cannot find out now who is an admin, so nothing is changed. Please try again later.")
_REFUSED: Mapping[tuple[str, str], CommandFunction] = {  # (kind of chat, reason) → refusal
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


def _no_topics(place: Place) -> CommandFunction:
    if place.kind is model.ChatKind.BROADCAST:
        return refusing("A channel has no topics.")
    if place.is_linked:
        return refusing("{name} is linked to a channel, and such a group can have no topics.", name=place.title)
    return refusing("{name} has no topics.", name=place.title)
