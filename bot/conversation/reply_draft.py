"""Renders the reply of a command: who sees it, its messages, buttons and forms, and the tokens to be stored.

On a platform with ephemeral messages the sender alone sees it, unless subscriptions changed. The commands in it are written
as they are typed on its platform, which may want a prefix before their names.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from bot.commands.context import CommandContext, Registry
from bot.commands.intent import ABOUT
from bot.commands.paper_lookup import LOOKUP_EVENT, pending_lookup
from bot.context import Context
from bot.conversation import authorization
from bot.conversation.prepared_request import chat_at
from bot.conversation.reply_sender import StoredReply
from bot.ports.channel import Button, HomeView, Modal, Reply
from bot.ports.conversation import CallbackRequest, EventRequest, FormRequest, Place, PlatformApi
from subscriptions.addresses import command_prefix
from subscriptions.model import CallbackToken, Chat, ChatAddress, ChatKind
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
    if not reply.toast or has_content(reply):
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
    tokens: Mapping[str, CallbackToken]  # id in a button → what the button does
    home_of: ChatAddress | None  # the person whose home view is shown; older tokens of that view are dropped
    lookup: tuple[str, CallbackToken] | None  # (name, pending look-up), if papers are looked up after the reply

    def store(self, transaction: Transaction, *, now: datetime) -> str:
        """Stores tokens and look-up of the reply. Returns the JSON of the reply, which the caller stores."""
        if self.home_of is not None:
            conversations.drop_callbacks_at(transaction, home_view_of(self.home_of))
        conversations.store_callbacks(transaction, self.tokens, now=now)
        if self.lookup is not None:
            name, request = self.lookup
            begin_lookup(transaction, name, request, now=now)
        return self.reply.to_json()


def draft_reply(context: Context, command: CommandContext, reply: Reply, *, changed: bool) -> ReplyDraft:
    """Returns the rendered reply to a request, and writes nothing. `changed`: the chat's subscriptions have changed."""
    api = context.api_of(command.request.chat)
    ephemeral = is_ephemeral(command, reply, api, changed=changed)
    if api is not None and api.has_ephemeral:
        reply = without_toast(with_invitation(command, reply) if changed else reply)
    target = _target(command, reply)
    tokens: dict[str, CallbackToken] = {}
    bound = _with_tokens(context.conversation.registry, command, reply, target, tokens)
    bound = spell_commands(bound, target.address, context.conversation.registry)
    stored = replace(
        _addressed(command, reply, target, ephemeral=ephemeral),
        messages=context.conversation.render_reply(bound, target) if has_content(bound) else (),
        toast=bound.toast,
        file=reply.file,
        problems=bound.form_errors,
        lookup_ids=reply.lookup_ids,
        changed=changed or (isinstance(command.request, CallbackRequest) and bool(command.request.view_id)),
        **_views(context, command, bound, target, tokens),
    )
    return ReplyDraft(
        reply=stored,
        unrendered=bound,
        target=target,
        tokens=tokens,
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


# ---------------------------------------------------------------------------------------------------- what it consists of


def has_content(reply: Reply) -> bool:
    """Returns whether a reply posts a message."""
    return bool(reply.lines or reply.items or reply.delivery or reply.code)


def _with_tokens(
    registry: Registry, command: CommandContext, reply: Reply, target: Chat, tokens: dict[str, CallbackToken]
) -> Reply:
    """Returns the reply with a token id in each of its buttons; the tokens are added to `tokens`.

    In a chat that strangers can read, only buttons that open a URL are kept. If the reply is about another chat than it goes
    to, its buttons act on that chat, unless they always act on the chat where they are shown.
    """
    about = str(command.chat.address) if command.chat.address != target.address else ""
    is_public, place = target.public or target.kind is ChatKind.BROADCAST, str(target.address)

    def bound(row: tuple[Button, ...]) -> tuple[Button, ...]:
        return tuple(
            authorization.with_token(
                button, tokens, place=place, person=button.only_for, more=_about(registry, button, about)
            )
            for button in row
            if button.url or not is_public
        )

    rows = tuple(row for row in map(bound, reply.buttons) if row)
    reply = replace(reply, numbers=bound(reply.numbers), buttons=rows)
    return _naming_chat(command, reply) if about and reply.target_chat is None else reply


def _about(registry: Registry, button: Button, about: str) -> Mapping[str, str]:
    callback = registry.callbacks.get(button.verb)
    return {ABOUT: about} if about and not (callback and callback.stays_here) else {}


def _naming_chat(command: CommandContext, reply: Reply) -> Reply:
    """Returns the reply with the name of the chat that it is about in the first line, unless it is there already."""
    if reply.names_chat or not has_content(reply):
        return reply
    first, *rest = reply.lines or ("",)
    line = command.say("{chat}: {line}", chat=name_of(command.chat), line=first).rstrip()
    return replace(reply, lines=(line, *rest))


# -------------------------------------------------------------------------------------------------------------- views


def _views(
    context: Context, command: CommandContext, reply: Reply, target: Chat, tokens: dict[str, CallbackToken]
) -> dict[str, Any]:
    """Returns the fields of a stored reply for its form and its home view, whose tokens are added to `tokens`."""
    forms, views = context.forms_of(command.origin.address), dict[str, Any]()
    if forms and reply.modal:
        views["modal"] = forms.render_modal(reply.modal, authorization.form_token(command, reply.modal, tokens))
    if reply.modal and reply.modal.fallback:
        views["instead"] = context.conversation.render_reply(Reply(lines=(reply.modal.fallback,)), target)
    if forms and reply.home_view:
        views["home_view"] = forms.render_home_view(
            authorization.with_home_view_tokens(command, reply.home_view, tokens)
        )
    return views


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
