"""A question that the bot asked: the next plain text of the same person in the same chat is its answer.

A command asks and returns what `ask` gives; the verb is one of CALLBACKS, run with the text as `turn.args` and with the
arguments that were given:

    def edit(turn: Turn) -> Reply:
        if not may_ask(turn):
            return usage  # in groups, and for another chat, everything is said in one line
        return ask(turn, "edit-query", {"number": 4}, turn.say("What shall it be instead?"))

    def press_edit_query(turn: Turn) -> Reply:
        number, text = turn.arguments["number"], turn.args
        ...

    CALLBACKS = {"edit-query": Press(run=press_edit_query, changes=True)}

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


def may_ask(turn: CommandContext) -> bool:
    """Whether the next text can be an answer: in a private chat, about that chat. Elsewhere rights would be asked anew."""
    return turn.request.place.kind is ChatKind.PRIVATE and turn.chat.address == turn.origin.address


def ask(turn: CommandContext, verb: str, arguments: Mapping[str, Any], *lines: str, buttons: Buttons = ()) -> Reply:
    """Asks `lines`; the person's next plain text is given to the handler of `verb` as `turn.args`.

    `buttons` are answers that can be pressed; [cancel] is added.
    """
    _put(turn, verb, arguments)
    cancel_button = Button(label=turn.say("cancel"), verb="cancel", only_for=turn.request.sender)
    return Reply(lines=lines, buttons=(*buttons, (cancel_button,)))


def awaits(turn: CommandContext, verb: str, arguments: Mapping[str, Any] | None = None) -> None:
    """The person's next plain text may answer what is asked by buttons; where it cannot, nothing is remembered."""
    if may_ask(turn):
        _put(turn, verb, arguments or {})


def awaits_yes(turn: CommandContext, yes: Button, no: Button) -> None:
    """The person's next plain text may be yes or no, or what one of these two buttons says."""
    told = {
        answer: {"verb": button.verb, "label": button.label, "arguments": dict(button.arguments)}
        for answer, button in (("yes", yes), ("no", no))
    }
    awaits(turn, "answer-yes", told)


def settle(turn: CommandContext, *verbs: str) -> None:
    """What one of these verbs would answer was answered otherwise, by a button or a command."""
    waiting = question(turn)
    if waiting is not None and waiting.verb in verbs:
        clear_conversation_state(turn.store, _name(turn))


def turn_away(turn: CommandContext) -> None:
    """The person does something else than to answer: only what can be answered later is asked on."""
    if may_ask(turn) and not isinstance(turn.request, EventRequest):
        settle(turn, *_PASSING)


def question(turn: CommandContext) -> CallbackToken | None:
    """The question that waits for this person here; None: there is none, or it is too old."""
    return get_conversation_state(turn.store, _name(turn), since=turn.now - ANSWER_WITHIN)


def forget_question(turn: CommandContext) -> bool:
    """Lets the question of this person go; whether there was one."""
    asked = question(turn) is not None
    if asked:
        clear_conversation_state(turn.store, _name(turn))
    return asked


def answer_of(turn: CommandContext) -> Reply | None:
    """Runs the handler of the question that waits, with `turn.args` as its answer; None: nothing was asked, or this is none.

    Raises what the handler raises, which undoes that the question is let go.
    """
    link = question(turn)
    press = turn.registry.callbacks.get(link.verb) if link else None
    if link is None or press is None:
        return None
    reply = press.run(replace(met(turn) if press.needs_manager else turn, arguments=dict(link.arguments)))
    if reply is not None and question(turn) == link:
        clear_conversation_state(turn.store, _name(turn))
    return reply


def met(turn: CommandContext) -> CommandContext:
    """Whoever is to be remembered is known from then on."""
    if turn.chat.id:
        return turn
    chat = meet(turn.store, turn.chat.address, turn.chat.kind, now=turn.now, lang=turn.request.language)
    return replace(turn, chat=chat, origin=chat)


def still_asked(turn: CommandContext) -> str:
    """That a question which any words could answer still waits, and how these words would; "" without such a question."""
    waiting = question(turn)
    command = _SAID_OTHERWISE.get(waiting.verb) if waiting else None
    if waiting is None or command is None or turn.message is None:
        return ""
    words = f"{command} {waiting.arguments.get('number', '')} {' '.join(turn.message.text.split())}"
    return turn.say("My question still waits. If that was the answer: {command}", command=words[:_LONGEST])


def cancel(turn: CommandContext) -> Reply:
    """Lets the question go."""
    if forget_question(turn):
        return Reply(lines=(turn.say("Nothing is changed."),), ok=True)
    return Reply(lines=(turn.say("There is nothing to cancel."),))


def press_cancel(turn: CommandContext) -> Reply:
    """The button under a question."""
    forget_question(turn)
    return Reply(lines=(turn.say("Nothing is changed."),), replaces=True)


def _put(turn: CommandContext, verb: str, arguments: Mapping[str, Any]) -> None:
    """The question stands. It holds which update asked it, so that one that is put again is another one."""
    told = {**arguments, "asked": turn.request.update_id}
    link = CallbackToken(verb=verb, arguments=told, place=str(turn.origin.address), person=turn.request.sender)
    set_conversation_state(turn.store, _name(turn), link, now=turn.now)


def _name(turn: CommandContext) -> str:
    """What the question is remembered under: one per person and chat, so in a group nobody answers for another."""
    return f"ask:{turn.origin.address}:{turn.request.sender}"


COMMANDS = (
    Command(name="cancel", run=cancel, summary=Sentence("never mind the question"), listed=False, stays_here=True),
)
CALLBACKS = {"cancel": Callback(run=press_cancel, stays_here=True)}
