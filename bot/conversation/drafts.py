"""Renders a command's reply: where it goes, who sees it, its messages and buttons (which of them where strangers read).

On a platform with ephemeral messages, only the sender sees the reply, unless subscriptions changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.app import App
from bot.commands.base import Context, store_about, stored_home
from bot.conversation import contexts
from bot.messages import Button, CallbackRequest, EventRequest, File, Place, Reply, Row
from bot.platforms.base import Listener
from subscriptions.chats.stored import conversations
from subscriptions.model import CallbackToken, Chat, ChatAddress, ChatKind, Message
from subscriptions.text import cutting

_LONGEST_NAME = 40  # columns of a person's name


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedReply:
    """A reply in the form in which it is posted, and where it goes. It lives in memory only."""

    update: str  # the platform's id of the update that the reply answers
    platform: str  # of that update
    chat: ChatAddress
    unrendered: Reply = Reply()  # noqa: RUF009 - a frozen value
    target: Chat | None = None  # the chat that gets the reply, in the words of which it is rendered
    messages: tuple[Message, ...] = ()
    tokens: Mapping[str, CallbackToken] = field(default_factory=dict)  # id in a button → its token
    replaces: str = ""  # the platform's id of the message that the first of `messages` replaces
    callback_id: str = ""  # the platform's id of the callback that must be acknowledged
    toast: str = ""  # a few words that are shown with the acknowledgement
    file: File | None = None  # a document that is sent after the messages
    thread: str = ""  # the platform's id of the message in whose thread the reply goes
    is_ephemeral: bool = False  # only `person` sees it
    person: str = ""  # the platform's id of the sender of the request
    response_url: str = ""  # a URL to which replies to the request can be posted
    replaces_ephemeral: bool = False  # the reply replaces a message that only `person` sees


def draft_reply(app: App, context: Context, reply: Reply, *, changed: bool, has_set: bool) -> RenderedReply:
    """Return the rendered reply to a request. Write nothing.

    `changed`: the chat's subscriptions have changed; `has_set`: its settings.
    """
    request, api = context.request, app.listener_of(context.request.chat)
    callback = request if isinstance(request, CallbackRequest) else None
    ephemeral = _is_ephemeral(context, reply, api, changed=changed)
    under_ephemeral = callback is not None and callback.is_ephemeral
    if api is not None and api.facts.has_ephemeral:
        reply = _without_toast(_with_invitation(context, reply) if changed else reply)
    target, stays = _target(context, reply), reply.target_chat is None
    if (changed or has_set) and stays and not ephemeral and target.kind is not ChatKind.PRIVATE:
        reply = _naming_person(context, reply)
    about = context.chat.address if context.chat.address != target.address else None
    if about and stays:
        reply = _naming_chat(context, reply)
    tokens: dict[str, CallbackToken] = {}
    bound = _with_tokens(context, reply, target, about, tokens)
    return RenderedReply(
        update=request.update_id,
        platform=request.chat.platform,
        chat=target.address,
        unrendered=bound,
        target=target,
        messages=app.render_reply(bound, target) if has_content(bound) else (),
        tokens=tokens,
        replaces=request.message_id if callback and reply.replaces and ephemeral == under_ephemeral else "",
        callback_id=callback.callback_id if callback else "",
        toast=bound.toast,
        file=reply.file,
        thread=request.thread_id if stays else "",
        is_ephemeral=ephemeral,
        person=request.sender if ephemeral or under_ephemeral else "",
        response_url=request.response_url if stays else "",
        replaces_ephemeral=under_ephemeral and reply.replaces,
    )


def store_buttons(context: Context, reply: RenderedReply | None) -> None:
    """Store the buttons of a reply.

    Chats that they name, and the chat of a person who is not refused, are stored at their first words.
    """
    if reply is None or reply.target is None:
        return
    if any(token.about for token in reply.tokens.values()):
        store_about(context)
    is_known = bool(reply.target.id)  # also one that was erased by this request
    is_first_word = not (is_known or isinstance(context.request, EventRequest) or reply.unrendered.ok is False)
    home = stored_home(context, reply.target) if reply.tokens or is_first_word else None
    if home is not None:
        conversations.store_callbacks(context.transaction, reply.tokens, chat_id=home.id, now=context.now)


def has_content(reply: Reply) -> bool:
    """Return whether a reply posts a message."""
    return bool(reply.lines or reply.items or reply.delivery or reply.code)


def _is_ephemeral(context: Context, reply: Reply, api: Listener | None, *, changed: bool) -> bool:
    """Return whether only the sender sees the reply. `changed`: the request changed the chat's subscriptions."""
    request = context.request
    if api is None or not api.facts.has_ephemeral or not request.sender or reply.target_chat is not None:
        return False
    if isinstance(request, EventRequest):  # no person waits for the reply
        return False
    if request.place.is_outside:
        return True
    return not request.place.is_private and (reply.is_ephemeral or not changed)


def _without_toast(reply: Reply) -> Reply:
    """Return the reply for a platform without toasts. If the reply posts no message, the toast becomes one."""
    if not reply.toast or has_content(reply):
        return replace(reply, toast="")
    return replace(reply, lines=(reply.toast,), toast="", replaces=False)


def _with_invitation(context: Context, reply: Reply) -> Reply:
    """Return the reply; if the bot is not in the channel of the request, with a line that says how to invite it."""
    if not context.request.place.is_outside or context.request.place.is_private:
        return reply
    name = context.app.bot_names.get(context.request.chat.platform, "paperwire")
    words = context.say(
        "I am not in this channel, so I cannot post here yet. To let me in: {command}", command=f"/invite @{name}"
    )
    return reply.with_lines(words)


def _target(context: Context, reply: Reply) -> Chat:
    """Return the chat to which the reply goes."""
    if reply.target_chat is None:
        return context.origin
    same_lane = reply.target_chat.lane == context.origin.address.lane
    kind = context.origin.kind if same_lane else ChatKind.PRIVATE
    return contexts.chat_at(context.transaction, Place(chat=reply.target_chat, kind=kind), context.request.language)


def _naming_chat(context: Context, reply: Reply) -> Reply:
    """Return the reply; its first line names the chat that it is about."""
    if reply.names_chat or not has_content(reply):
        return reply
    first, *rest = reply.lines or ("",)
    line = context.say("{chat}: {line}", chat=context.chat.name, line=first).rstrip()
    return replace(reply, lines=(line, *rest))


def _naming_person(context: Context, reply: Reply) -> Reply:
    """Return the reply with a line that names who changed what others in the chat have, too."""
    name = cutting.short(context.request.sender_name, _LONGEST_NAME)
    if not name or not has_content(reply):
        return reply
    return reply.with_lines(context.say("Changed by @{person}.", person=name))


def _with_tokens(
    context: Context,
    reply: Reply,
    target: Chat,
    about: ChatAddress | None,
    tokens: dict[str, CallbackToken],
) -> Reply:
    """Return the reply with a new token id in each of its buttons that has a verb; the tokens are added to `tokens`.

    Where strangers read, only buttons that open a URL are kept. A button acts on the chat that the reply is about, even
    if another chat gets the reply. Some buttons always act on the chat where they are shown.
    """
    is_public = target.public or target.kind is ChatKind.BROADCAST

    def bound(button: Button) -> Button:
        if not button.verb:
            return button
        callback, token_id = context.registry.callbacks.get(button.verb), conversations.new_callback_id()
        tokens[token_id] = CallbackToken(
            verb=button.verb,
            arguments=button.arguments,
            about=None if callback and callback.stays_here else about,
            person=button.only_for,
        )
        return replace(button, data=token_id)

    def kept(row: Row) -> Row:
        return tuple(bound(button) for button in row if button.url or not is_public)

    rows = tuple(filter(None, map(kept, reply.buttons)))
    return replace(reply, numbers=kept(reply.numbers), buttons=rows)
