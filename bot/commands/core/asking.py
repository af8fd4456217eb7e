"""A question that the bot asked: the next plain text of the same person in the same chat is its answer.

A command asks and returns what `ask` gives; the verb is one of CALLBACKS, run with the text as `context.args` and with the
arguments that were given:

    def edit(context: CommandContext) -> Reply:
        if not may_ask(context):
            return usage  # in groups, and for another chat, everything is said in one line
        return ask(context, "edit-query", {"number": 4}, context.say("What shall it be instead?"))

    def on_edit_query(context: CommandContext) -> Reply:
        number, text = context.arguments["number"], context.args
        ...

    CALLBACKS = {"edit-query": Callback(run=on_edit_query, needs_manager=True)}

What the question is about may be gone by then, so the handler looks everything up anew, like every press. A question
stands for fifteen minutes; commands in between leave it, `cancel` or its button let it go, a newer one takes its place.
An answer that is refused (PaperwireError) leaves it standing: the person simply writes again. So does a text that is none:
the handler returns None, and the text is read as if nothing had been asked.

A question that is answered by buttons is put with `awaits` beside them; bot/commands/chat/button_answers.py reads words for buttons.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.commands.core.context import Callback, Command, CommandContext
from bot.ports.button import Button, Buttons
from bot.ports.conversation import EventRequest
from bot.ports.reply import Reply
from subscriptions.errors import Sentence
from subscriptions.model import CallbackToken, ChatKind
from subscriptions.service.chats import clear_conversation_state, get_conversation_state, meet, set_conversation_state

ANSWER_WITHIN = timedelta(minutes=15)
_SAID_OTHERWISE = {
    "edit": "/edit",
    "name": "/name",
}  # questions that any words answer, and how these are said in one line
_LONGEST = 80  # characters
# Questions about what stood there a moment ago: whoever does something else meanwhile would answer amiss.
_PASSING = ("answer-pick", "answer-value", "answer-yes")


def can_ask(context: CommandContext) -> bool:
    """Whether the next text can be an answer: in a private chat, about that chat. Elsewhere rights would be asked anew."""
    return context.request.place.kind is ChatKind.PRIVATE and context.chat.address == context.origin.address


def ask(context: CommandContext, verb: str, arguments: Mapping[str, Any], *lines: str, buttons: Buttons = ()) -> Reply:
    """Asks `lines`; the person's next plain text is given to the handler of `verb` as `context.args`.

    `buttons` are answers that can be pressed; [cancel] is added.
    """
    _store_question(context, verb, arguments)
    cancel_button = Button(label=context.say("cancel"), verb="cancel", only_for=context.request.sender)
    return Reply(lines=lines, buttons=(*buttons, (cancel_button,)))


def expect_answer(context: CommandContext, verb: str, arguments: Mapping[str, Any] | None = None) -> None:
    """The person's next plain text may answer what is asked by buttons; where it cannot, nothing is remembered."""
    if can_ask(context):
        _store_question(context, verb, arguments or {})


def expect_yes_or_no(context: CommandContext, yes: Button, no: Button) -> None:
    """The person's next plain text may be yes or no, or what one of these two buttons says."""
    answers = {
        answer: {"verb": button.verb, "label": button.label, "arguments": dict(button.arguments)}
        for answer, button in (("yes", yes), ("no", no))
    }
    expect_answer(context, "answer-yes", answers)


def drop_question(context: CommandContext, *verbs: str) -> None:
    """What one of these verbs would answer was answered otherwise, by a button or a command."""
    waiting = open_question(context)
    if waiting is not None and waiting.verb in verbs:
        clear_conversation_state(context.store, _state_name(context))


def drop_passing_questions(context: CommandContext) -> None:
    """The person does something else than to answer: only what can be answered later is asked on."""
    if can_ask(context) and not isinstance(context.request, EventRequest):
        drop_question(context, *_PASSING)


def open_question(context: CommandContext) -> CallbackToken | None:
    """The question that waits for this person here; None: there is none, or it is too old."""
    return get_conversation_state(context.store, _state_name(context), since=context.now - ANSWER_WITHIN)


def forget_question(context: CommandContext) -> bool:
    """Lets the question of this person go; whether there was one."""
    asked = open_question(context) is not None
    if asked:
        clear_conversation_state(context.store, _state_name(context))
    return asked


def answer_question(context: CommandContext) -> Reply | None:
    """Runs the handler of the question that waits, with `context.args` as its answer; None: nothing was asked, or this is none.

    Raises what the handler raises, which undoes that the question is let go.
    """
    token = open_question(context)
    callback = context.registry.callbacks.get(token.verb) if token else None
    if token is None or callback is None:
        return None
    reply = callback.run(
        replace(with_stored_chat(context) if callback.needs_manager else context, arguments=dict(token.arguments))
    )
    if reply is not None and open_question(context) == token:
        clear_conversation_state(context.store, _state_name(context))
    return reply


def with_stored_chat(context: CommandContext) -> CommandContext:
    """Whoever is to be remembered is known from then on."""
    if context.chat.id:
        return context
    chat = meet(context.store, context.chat.address, context.chat.kind, now=context.now, lang=context.request.language)
    return replace(context, chat=chat, origin=chat)


def reminder(context: CommandContext) -> str:
    """That a question which any words could answer still waits, and how these words would; "" without such a question."""
    waiting = open_question(context)
    command = _SAID_OTHERWISE.get(waiting.verb) if waiting else None
    if waiting is None or command is None or context.message is None:
        return ""
    words = f"{command} {waiting.arguments.get('number', '')} {' '.join(context.message.text.split())}"
    return context.say("My question still waits. If that was the answer: {command}", command=words[:_LONGEST])


def cancel(context: CommandContext) -> Reply:
    """Lets the question go."""
    if forget_question(context):
        return Reply(lines=(context.say("Nothing is changed."),), ok=True)
    return Reply(lines=(context.say("There is nothing to cancel."),))


def on_cancel(context: CommandContext) -> Reply:
    """The button under a question."""
    forget_question(context)
    return Reply(lines=(context.say("Nothing is changed."),), replaces=True)


def _store_question(context: CommandContext, verb: str, arguments: Mapping[str, Any]) -> None:
    """The question stands. It holds which update asked it, so that one that is put again is another one."""
    remembered = {**arguments, "asked": context.request.update_id}
    token = CallbackToken(
        verb=verb, arguments=remembered, place=str(context.origin.address), person=context.request.sender
    )
    set_conversation_state(context.store, _state_name(context), token, now=context.now)


def _state_name(context: CommandContext) -> str:
    """What the question is remembered under: one per person and chat, so in a group nobody answers for another."""
    return f"ask:{context.origin.address}:{context.request.sender}"


COMMANDS = (
    Command(name="cancel", run=cancel, summary=Sentence("never mind the question"), listed=False, stays_here=True),
)
CALLBACKS = {"cancel": Callback(run=on_cancel, stays_here=True)}
