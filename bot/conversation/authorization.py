"""Finds the chat that a request is about, and checks the rights of its sender there: who manages it, what is said to others.

The bot asks the platform about rights again for each request. A person who does not administer a chat gets no
information about it, not even whether it exists.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from bot.commands.context import CommandFunction
from bot.commands.intent import Intent
from bot.conversation.reply_sender import refusing
from bot.dependencies import Dependencies
from bot.ports import conversation
from subscriptions import errors, model
from subscriptions.service import access, conversation_state, operators

MOST_ASKED = 5  # operators of whom we ask the platform whether they administer a chat; each takes one call


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRequest:
    """A request with its intent and everything that its command needs from the platform."""

    request: conversation.Request  # as `PlatformApi.enrich` returned it
    intent: Intent
    place: conversation.Place  # the chat that the request is about
    refusal: CommandFunction | None = None  # runs in place of the command
    operator_is_admin: bool = False  # an operator of the bot administers `place`
    sender_is_admin: bool | None = None  # the sender administers `place`; None: nobody has asked yet
    file: object = None  # the content of the attached document
    lookup: Literal["", "answered", "silent"] = ""  # see CommandContext
    is_over_limit: bool = False  # the person or the chat gave too many commands within a minute


async def authorize(deps: Dependencies, request: conversation.Request, intent: Intent) -> PreparedRequest:
    """Returns the request with the chat that it is about; with a refusal if its sender may not do this there."""
    try:
        found = await _authorize(deps, request, intent)
        by_operator = found.operator_is_admin or await _operator_is_admin(deps, found)
        return replace(found, operator_is_admin=by_operator)
    except errors.NotDelivered:
        return PreparedRequest(request=request, intent=intent, place=request.place, refusal=_CANNOT_ASK)


async def _authorize(deps: Dependencies, request: conversation.Request, intent: Intent) -> PreparedRequest:
    here = PreparedRequest(request=request, intent=intent, place=request.place)
    if intent.destination:  # only operators may do this, which is checked when the command runs
        place = conversation.Place(
            chat=intent.destination, kind=model.ChatKind.PRIVATE, title=intent.destination.address
        )
        return replace(here, place=place, operator_is_admin=True)
    if intent.target:
        return await _authorize_named_chat(deps, here)
    return replace(here, refusal=await _refusal_here(deps, request, intent))


async def _authorize_named_chat(deps: Dependencies, here: PreparedRequest) -> PreparedRequest:
    """Returns the request about the chat that the text or the button names; with a refusal if the sender is no admin there."""
    request, intent = here.request, here.intent
    name, _, topic = intent.target.partition("/")
    api = deps.api_of(request.chat)
    found = await api.find_chat(name) if api else None
    unknown = replace(
        here, refusal=refusing("I know no chat {name} that you administer and I am in. Add me to it first.", name=name)
    )
    if found is None or found.kind is model.ChatKind.PRIVATE:
        return unknown
    place = replace(found, chat=replace(found.chat, topic=topic)) if topic else found
    if place.chat == request.chat:
        return replace(here, refusal=await _refusal_here(deps, request, intent))
    if not await _may_manage(deps, found.chat, found.kind, request.sender):
        return unknown
    if topic and not found.is_forum and found.kind is not model.ChatKind.TEAM:
        return replace(here, refusal=_no_topics(found))
    return replace(here, place=place)


async def _refusal_here(deps: Dependencies, request: conversation.Request, intent: Intent) -> CommandFunction | None:
    """Returns a refusal if the sender may not change the chat where the request was made; None if they may."""
    if not intent.needs_manager or request.place.is_private or request.sender_is_admin:
        return None
    chat = await deps.store.run(conversation_state.known_or_new, request.chat, request.place.kind)
    team = request.place.kind is model.ChatKind.TEAM
    members = chat.settings.manage == "members" or await _is_operator(deps, request)
    if members and not team:
        return None
    manages = await _is_admin(deps, request.chat, request.sender, members=members, in_chat=True)
    if manages:
        return None
    needed = "members" if members else "admins"
    return _REFUSED["workspace" if team else "chat", "unknown" if manages is None else needed]


async def _is_operator(deps: Dependencies, request: conversation.Request) -> bool:
    """Returns whether the sender is an operator of the bot, who keeps the right of members where only admins have it."""
    person = model.ChatAddress(request.chat.platform, request.sender)
    admins = deps.conversation.bot_info.admins
    return bool(request.sender) and await deps.store.run(operators.is_operator, admins, person)


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


def _no_topics(place: conversation.Place) -> CommandFunction:
    if place.kind is model.ChatKind.BROADCAST:
        return refusing("A channel has no topics.")
    if place.is_linked:
        return refusing("{name} is linked to a channel, and such a group can have no topics.", name=place.title)
    return refusing("{name} has no topics.", name=place.title)


async def _may_manage(deps: Dependencies, chat: model.ChatAddress, kind: model.ChatKind, person: str) -> bool | None:
    """Returns whether a person may manage a chat other than the one where the request was made; None if unknown."""
    known = await deps.store.run(conversation_state.known_or_new, chat, kind)
    members = kind is model.ChatKind.TEAM and known.settings.manage == "members"
    return await _is_admin(deps, chat, person, members=members)


async def _is_admin(
    deps: Dependencies, chat: model.ChatAddress, person: str, *, members: bool = False, in_chat: bool = False
) -> bool | None:
    api = deps.api_of(chat)
    if api and person:
        return await api.is_admin(chat, person, member_suffices=members, in_chat=in_chat)
    return False


async def administers(deps: Dependencies, request: conversation.Request, chat: model.ChatAddress | None = None) -> bool:
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
