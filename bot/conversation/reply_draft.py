"""Renders the reply of a command: who sees it, its messages, buttons and forms, and the tokens to be stored.

On a platform with ephemeral messages the sender alone sees it, unless subscriptions changed. The commands in it are written
as they are typed on its platform, which may want a prefix before their names.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from bot.commands.context import CommandContext, Registry
from bot.commands.intent import ABOUT
from bot.commands.paper_lookup import LOOKUP_EVENT, pending_lookup
from bot.context import ConversationContext
from bot.conversation.authorization import form_token, with_home_view_tokens
from bot.conversation.prepared_request import chat_at
from bot.conversation.reply_sender import StoredReply
from bot.ports.channel import Button, Buttons, HomeView, Modal, Reply
from bot.ports.conversation import CallbackRequest, EventRequest, FormRequest, Place, PlatformApi
from subscriptions.addresses import command_prefix
from subscriptions.model import CallbackToken, Chat, ChatAddress, ChatKind, Message
from subscriptions.service.notices import name_of
from subscriptions.store import conversations
from subscriptions.store.conversations import begin_lookup, home_view_of
from subscriptions.store.database.store import Transaction


def is_ephemeral(context: CommandContext, reply: Reply, platform_api: PlatformApi | None, *, changed: bool) -> bool:
    """Returns whether only the sender sees the reply. `changed`: the request changed the chat's subscriptions."""
    request = context.request
    if platform_api is None or not platform_api.has_ephemeral or not request.sender or reply.target_chat is not None:
        return False
    if isinstance(request, EventRequest) and not (
        request.trigger_id or request.event == LOOKUP_EVENT
    ):  # an event that no person caused to get an answer
        return False
    if request.place.is_outside:
        return True
    return request.place.kind is not ChatKind.PRIVATE and (reply.is_ephemeral or not changed)


def without_toast(reply: Reply) -> Reply:
    """Returns the reply for a platform that shows no toasts. The toast becomes a message if the reply posts no other."""
    if not reply.toast or reply.lines or reply.items or reply.delivery or reply.code:
        return replace(reply, toast="")
    return replace(reply, lines=(reply.toast,), toast="", replaces=False)


def with_invitation(context: CommandContext, reply: Reply) -> Reply:
    """Returns the reply with a line that tells how to invite the bot, if the bot is not in the channel of the request."""
    if not context.request.place.is_outside or context.request.place.kind is ChatKind.PRIVATE:
        return reply
    name = context.bot_info.bot_names.get(context.request.chat.platform, "paperwire")
    words = context.say(
        "I am not in this channel, so I cannot post here yet. To let me in: {command}", command=f"/invite @{name}"
    )
    return replace(reply, lines=(*reply.lines, words))


# ------------------------------------------------------------------------------------------- renders a command's reply

# where it goes, its messages, buttons and forms, and the callback tokens to be stored.


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyDraft:
    """A rendered reply, with the callback tokens and the look-up that are stored with it."""

    reply: StoredReply
    unrendered: Reply
    target: Chat  # gets the reply
    tokens: Mapping[str, CallbackToken] = field(default_factory=dict)  # id in a button → what the button does
    home_of: ChatAddress | None = None  # the person whose home view is shown; older tokens of that view are dropped
    lookup: tuple[str, CallbackToken] | None = None  # (name, pending look-up), if papers are looked up after the reply

    def store(self, transaction: Transaction, *, now: datetime) -> str:
        """Stores tokens and look-up of the reply. Returns the JSON of the reply, which the caller stores."""
        if self.home_of is not None:
            conversations.drop_callbacks_at(transaction, home_view_of(self.home_of))
        conversations.store_callbacks(transaction, self.tokens, now=now)
        if self.lookup is not None:
            name, request = self.lookup
            begin_lookup(transaction, name, request, now=now)
        return self.reply.to_json()


def draft_reply(
    conversation: ConversationContext, command: CommandContext, reply: Reply, *, changed: bool
) -> ReplyDraft:
    """Returns the rendered reply to a request, and writes nothing. `changed`: the chat's subscriptions have changed."""
    api = conversation.platform_apis.get(command.request.chat.platform)
    ephemeral = is_ephemeral(command, reply, api, changed=changed)
    if api is not None and api.has_ephemeral:
        reply = without_toast(with_invitation(command, reply) if changed else reply)
    target = _target(command, reply)
    bound, tokens = _with_tokens(conversation.registry, command, reply, target)
    bound = spell_commands(bound, target.address, conversation.registry)
    modal, form_tokens = _render_modal(conversation, command, bound)
    home_view, home_tokens = _render_home_view(conversation, command, bound)
    stored = replace(
        _addressed(command, reply, target, ephemeral=ephemeral),
        messages=conversation.render_reply(bound, target) if _has_content(bound) else (),
        toast=bound.toast,
        file=(reply.file.name, reply.file.text) if reply.file else None,
        modal=modal,
        instead=_instead_of_modal(conversation, bound, target),
        home_view=home_view,
        problems=bound.form_errors,
        lookup_ids=reply.lookup_ids,
        changed=changed or _is_on_home_view(command),
    )
    return ReplyDraft(
        reply=stored,
        unrendered=bound,
        target=target,
        tokens={**tokens, **form_tokens, **home_tokens},
        home_of=command.origin.address if bound.home_view else None,
        lookup=pending_lookup(command.request, reply.lookup_ids) if reply.lookup_ids else None,
    )


# ------------------------------------------------------------------------------------------------------ where it goes


def _target(command: CommandContext, reply: Reply) -> Chat:
    """Returns the chat that the reply goes to."""
    if reply.target_chat is None:
        return command.origin
    same_lane = reply.target_chat.lane == command.origin.address.lane
    kind = command.origin.kind if same_lane else ChatKind.PRIVATE
    return chat_at(command.store, Place(chat=reply.target_chat, kind=kind), command.request.language)


def _addressed(command: CommandContext, reply: Reply, target: Chat, *, ephemeral: bool) -> StoredReply:
    """Returns a reply without content: where it goes, who sees it, and which message it replaces."""
    request = command.request
    callback = request if isinstance(request, CallbackRequest) else None
    under_ephemeral = callback is not None and callback.is_ephemeral
    for_sender = ephemeral or under_ephemeral or reply.home_view is not None
    stays = reply.target_chat is None
    return StoredReply(
        update=request.update_id,
        chat=target.address,
        replaces=request.message_id if callback and reply.replaces and ephemeral == under_ephemeral else "",
        callback_id=callback.callback_id if callback else "",
        thread=request.thread_id if stays else "",
        is_ephemeral=ephemeral,
        person=request.sender if for_sender else "",
        response_url=request.response_url if stays else "",
        replaces_ephemeral=under_ephemeral and reply.replaces,
        trigger_id=request.trigger_id,
        view=request.view_id if isinstance(request, FormRequest) else "",
    )


def _is_on_home_view(command: CommandContext) -> bool:
    return isinstance(command.request, CallbackRequest) and bool(command.request.view_id)


# ---------------------------------------------------------------------------------------------------- what it consists of


def _has_content(reply: Reply) -> bool:
    return bool(reply.lines or reply.items or reply.delivery or reply.code)


def _with_tokens(
    registry: Registry, command: CommandContext, reply: Reply, target: Chat
) -> tuple[Reply, dict[str, CallbackToken]]:
    """Returns the reply with a token id in each of its buttons, and the tokens."""
    about = str(command.chat.address) if command.chat.address != target.address else ""
    (numbers, *rows), tokens = _bind(registry, (reply.numbers, *reply.buttons), target, about)
    bound = replace(reply, numbers=numbers, buttons=tuple(row for row in rows if row))
    return _naming_chat(command, bound) if about and reply.target_chat is None else bound, tokens


def _bind(registry: Registry, rows: Buttons, target: Chat, about: str) -> tuple[Buttons, dict[str, CallbackToken]]:
    """Returns the rows with a token id in each button, and the tokens. `about` is the other chat that they act on, or "".

    In a chat that strangers can read, only buttons that open a URL are kept.
    """
    if target.public or target.kind is ChatKind.BROADCAST:
        rows = tuple(tuple(button for button in row if button.url) for row in rows)
    tokens: dict[str, CallbackToken] = {}

    def bound(button: Button) -> Button:
        if not button.verb:
            return button
        arguments, token_id = _arguments(registry, button, about), conversations.new_callback_id()
        tokens[token_id] = CallbackToken(
            verb=button.verb, arguments=arguments, place=str(target.address), person=button.only_for
        )
        return replace(button, data=token_id)

    return tuple(tuple(map(bound, row)) for row in rows), tokens


def _arguments(registry: Registry, button: Button, about: str) -> Mapping[str, Any]:
    """Returns a button's arguments, with the chat `about` unless the button always acts on the chat where it is shown."""
    callback = registry.callbacks.get(button.verb)
    if not about or (callback is not None and callback.stays_here):
        return button.arguments
    return {ABOUT: about, **button.arguments}


def _naming_chat(command: CommandContext, reply: Reply) -> Reply:
    """Returns the reply with the name of the chat that it is about in the first line, unless it is there already."""
    if reply.names_chat or not _has_content(reply):
        return reply
    first, *rest = reply.lines or ("",)
    line = command.say("{chat}: {line}", chat=name_of(command.chat), line=first).rstrip()
    return replace(reply, lines=(line, *rest))


# -------------------------------------------------------------------------------------------------------------- views


def _render_modal(
    conversation: ConversationContext, command: CommandContext, reply: Reply
) -> tuple[str, dict[str, CallbackToken]]:
    """Returns the view of the reply's modal, "" for none, and the modal's new callback token by its id."""
    forms = conversation.forms.get(command.origin.address.platform)
    if reply.modal is None or forms is None:
        return "", {}
    token_id, tokens = form_token(command, reply.modal)
    return forms.render_modal(reply.modal, token_id), tokens


def _instead_of_modal(conversation: ConversationContext, reply: Reply, target: Chat) -> tuple[Message, ...]:
    """Returns the messages that are posted if the form cannot be opened."""
    if reply.modal is None or not reply.modal.fallback:
        return ()
    return conversation.render_reply(Reply(lines=(reply.modal.fallback,)), target)


def _render_home_view(
    conversation: ConversationContext, command: CommandContext, reply: Reply
) -> tuple[str, dict[str, CallbackToken]]:
    """Returns the view of the reply's home view, "" for none, and the callback tokens of its buttons by their ids."""
    forms = conversation.forms.get(command.origin.address.platform)
    if reply.home_view is None or forms is None:
        return "", {}
    bound, tokens = with_home_view_tokens(command, reply.home_view)
    return forms.render_home_view(bound), tokens


# --------------------------------------------------------------------------- commands as they are typed on the platform


def spell_commands(reply: Reply, chat: ChatAddress, registry: Registry) -> Reply:
    """Returns the reply with each command written as it is typed in that chat.

    Words of a person in the reply are rewritten too if they look like a command, which is rare.
    """
    before = command_prefix(chat)
    if before == "/":
        return reply
    typed = partial(_as_typed, _commands(registry), before)
    return replace(
        reply,
        lines=tuple(typed(line) for line in reply.lines),
        code=tuple(typed(line) for line in reply.code),
        toast=typed(reply.toast),
        buttons=tuple(tuple(replace(button, label=typed(button.label)) for button in row) for row in reply.buttons),
        form_errors={name: typed(words) for name, words in reply.form_errors.items()},
        modal=_modal(reply.modal, typed) if reply.modal else None,
        home_view=_home_view(reply.home_view, typed) if reply.home_view else None,
    )


def _modal(modal: Modal, typed: Callable[[str], str]) -> Modal:
    fields = (replace(one, notes=tuple(typed(note) for note in one.notes)) for one in modal.fields)
    return replace(modal, fields=tuple(fields), fallback=typed(modal.fallback))


def _home_view(view: HomeView, typed: Callable[[str], str]) -> HomeView:
    panels = (replace(one, lines=tuple(typed(line) for line in one.lines)) for one in view.panels)
    return replace(view, panels=tuple(panels), remark=typed(view.remark))


def _as_typed(commands: re.Pattern[str], before: str, text: str) -> str:
    """Rewrites the commands in a text. Of several commands in a row, only the first gets the prefix."""
    return commands.sub(lambda found: before + _BETWEEN.join(_NAME.findall(found[0])), text) if "/" in text else text


_NAME = re.compile(r"/(\w+)")
_BETWEEN = " | "


@lru_cache
def _commands(registry: Registry) -> re.Pattern[str]:
    """Returns a pattern for commands in a row, each with a slash before it and perhaps the bot's name after it."""
    names = sorted(registry.by_name, key=len, reverse=True)
    one = rf"/(?:{'|'.join(map(re.escape, names))})(?![\w/])(?:@\w+)?"
    return re.compile(rf"(?<![\w/@:.<]){one}(?: {one})*")
