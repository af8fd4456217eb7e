"""A question that the bot asked: the next plain text of the same person in the same chat is its answer.

A command asks and returns what `ask` gives; the verb is one of PRESSES, run with the text as `turn.args` and with the
arguments that were given:

    def edit(turn: Turn) -> Reply:
        if not may_ask(turn):
            return usage  # in groups, and for another chat, everything is said in one line
        return ask(turn, "edit-query", {"number": 4}, turn.say("What shall it be instead?"))

    def press_edit_query(turn: Turn) -> Reply:
        number, text = turn.arguments["number"], turn.args
        ...

    PRESSES = {"edit-query": Press(run=press_edit_query, changes=True)}

What the question is about may be gone by then, so the handler looks everything up anew, like every press. A question
stands for fifteen minutes; commands in between leave it, `cancel` or its button let it go, a newer one takes its place.
An answer that is refused (PaperwireError) leaves it standing: the person simply writes again.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.commands.turn import Command, Press, Turn
from bot.ports import Button, Buttons, Reply
from subscriptions import ChatKind, Link, Sentence, let_go, recall, remember

ANSWER_WITHIN = timedelta(minutes=15)


def may_ask(turn: Turn) -> bool:
    """Whether the next text can be an answer: in a private chat, about that chat. Elsewhere rights would be asked anew."""
    return turn.request.place.kind is ChatKind.PRIVATE and turn.chat.address == turn.home.address


def ask(turn: Turn, verb: str, arguments: Mapping[str, Any], *lines: str, buttons: Buttons = ()) -> Reply:
    """Asks `lines`; the person's next plain text is given to the handler of `verb` as `turn.args`.

    `buttons` are answers that can be pressed; [cancel] is added.
    """
    link = Link(verb=verb, arguments=arguments, place=str(turn.home.address), person=turn.request.sender)
    remember(turn.store, _name(turn), link, now=turn.now)
    cancel_button = Button(label=turn.say("cancel"), verb="cancel", only=turn.request.sender)
    return Reply(lines=lines, buttons=(*buttons, (cancel_button,)))


def question(turn: Turn) -> Link | None:
    """The question that waits for this person here; None: there is none, or it is too old."""
    return recall(turn.store, _name(turn), since=turn.now - ANSWER_WITHIN)


def forget_question(turn: Turn) -> bool:
    """Lets the question of this person go; whether there was one."""
    asked = question(turn) is not None
    if asked:
        let_go(turn.store, _name(turn))
    return asked


def answer_of(turn: Turn) -> Reply | None:
    """Runs the handler of the question that waits, with `turn.args` as its answer; None: nothing was asked.

    Raises what the handler raises, which undoes that the question is let go.
    """
    from bot.commands.registry import PRESSES  # noqa: PLC0415 - the registry imports this family

    link = question(turn)
    press = PRESSES.get(link.verb) if link else None
    if link is None or press is None:
        return None
    let_go(turn.store, _name(turn))
    return press.run(replace(turn, arguments=dict(link.arguments)))


def cancel(turn: Turn) -> Reply:
    """Lets the question go."""
    if forget_question(turn):
        return Reply(lines=(turn.say("Nothing is changed."),), ok=True)
    return Reply(lines=(turn.say("There is nothing to cancel."),))


def press_cancel(turn: Turn) -> Reply:
    """The button under a question."""
    forget_question(turn)
    return Reply(lines=(turn.say("Nothing is changed."),), replaces=True)


def _name(turn: Turn) -> str:
    """What the question is remembered under: one per person and chat, so in a group nobody answers for another."""
    return f"ask:{turn.home.address}:{turn.request.sender}"


COMMANDS = (Command(name="cancel", run=cancel, summary=Sentence("never mind the question"), listed=False, here=True),)
PRESSES = {"cancel": Press(run=press_cancel, here=True)}
