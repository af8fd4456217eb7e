"""Questions of the bot whose answer is the next plain text of the same person in the same chat.

A command asks and returns what `ask` gives. `verb` is one of CALLBACKS; its function is called with the answer in
`context.args` and with the arguments that were given to `ask`:

    def edit(context: CommandContext) -> Reply:
        if not can_ask(context):
            return usage  # in groups, and for another chat, the whole command has to be typed in one line
        return ask(context, "edit-query", {"number": 4}, context.say("What shall it be instead?"))

    def on_edit_query(context: CommandContext) -> Reply:
        number, text = context.arguments["number"], context.args
        ...

    CALLBACKS = {"edit-query": Callback(run=on_edit_query, needs_manager=True)}

A question is stored, so a command that asks needs a manager or declares `writes=always`. The function looks up everything
again, since what the question is about may be gone by then. A question stays open for fifteen minutes. Other commands leave
it open, `cancel` or its button drops it, and a newer question replaces it. It also stays open if the answer is refused
(PaperwireError), so that the person can try again, and if `Callback.is_answer` does not hold or the function returns None:
then the text is not an answer, and is read as if there were no question.

Where buttons are the answers, `expect_answer` lets words answer as well: see bot/commands/free_text.py.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.commands.context import Callback, Command, CommandContext, CommandFunction, always
from bot.commands.phrasing.subscription_words import subscription_label
from bot.ports.channel import Button, Buttons, Reply
from bot.ports.conversation import EventRequest, Interaction
from subscriptions.cutting import cut_letters
from subscriptions.errors import NotFound, Refused, Sentence
from subscriptions.model import CallbackToken, ChatKind, Subscription
from subscriptions.query.parse import asked_beside
from subscriptions.service.chat_status import store_chat
from subscriptions.service.next_deliveries import Listed, listed, typed_number
from subscriptions.service.undoing import last_change
from subscriptions.store import conversations

ANSWER_WITHIN = timedelta(minutes=15)
_SAID_OTHERWISE = {
    "edit": "/edit",
    "name": "/name",
}  # questions that any text can answer → the command that does the same in one line
_LONGEST = 80  # characters of a command that a reminder repeats
# Questions about the message just above. They are dropped when the person does something else.
_PASSING = ("answer-pick", "answer-value", "answer-yes")


def can_ask(context: CommandContext) -> bool:
    """Returns whether the next text can be an answer: only in a private chat and about that chat.

    In any other chat the rights of the answering person would need another check.
    """
    return context.request.place.kind is ChatKind.PRIVATE and context.chat.address == context.origin.address


def ask(context: CommandContext, verb: str, arguments: Mapping[str, Any], *lines: str) -> Reply:
    """Asks `lines`, and stores that the person's next plain text goes to the function of `verb` as `context.args`."""
    _store_question(context, verb, arguments)
    cancel_button = Button(label=context.say("cancel"), verb="cancel", only_for=context.request.sender)
    return Reply(lines=lines, buttons=((cancel_button,),))


def expect_answer(context: CommandContext, verb: str, arguments: Mapping[str, Any] | None = None) -> None:
    """Stores that the person's next plain text may answer a question with buttons; does nothing where `can_ask` is False."""
    if can_ask(context):
        _store_question(context, verb, arguments or {})


def expect_yes_or_no(context: CommandContext, yes: Button, no: Button) -> None:
    """Stores that the person's next plain text may be yes or no, or the label of one of these two buttons."""
    answers = {
        answer: {"verb": button.verb, "label": button.label, "arguments": dict(button.arguments)}
        for answer, button in (("yes", yes), ("no", no))
    }
    expect_answer(context, "answer-yes", answers)


def drop_question(context: CommandContext, *verbs: str) -> bool:
    """Drops the open question of this person, or only one with these verbs. Returns whether there was such a question."""
    waiting = open_question(context)
    if waiting is None or (verbs and waiting.verb not in verbs):
        return False
    conversations.clear_conversation_state(context.store, _state_name(context))
    return True


def has_passing_question(context: CommandContext) -> bool:
    """Returns whether a question is open that is dropped when the person does anything but answer it."""
    if not can_ask(context) or isinstance(context.request, EventRequest):
        return False
    waiting = open_question(context)
    return waiting is not None and waiting.verb in _PASSING


def drop_passing_questions(context: CommandContext) -> None:
    """Drops the open question if it makes sense only right after it was asked: the person does something else."""
    if has_passing_question(context):
        drop_question(context)


def open_question(context: CommandContext) -> CallbackToken | None:
    """Returns the question that is open for this person in this chat; None if there is none or it is too old."""
    return conversations.get_conversation_state(context.store, _state_name(context), since=context.now - ANSWER_WITHIN)


def answers_question(context: CommandContext) -> bool:
    """Returns whether a question is open that `context.args` may answer. Writes nothing."""
    token = open_question(context)
    callback = context.registry.callbacks.get(token.verb) if token else None
    if token is None or callback is None:
        return False
    return callback.is_answer is None or callback.is_answer(replace(context, arguments=dict(token.arguments)))


def answer_question(context: CommandContext) -> Reply | None:
    """Calls the function of the open question with `context.args` as the answer.

    Returns None if no question is open or the text is no answer to it. Raises any error of the function; the question
    then stays open, since the transaction is rolled back.
    """
    token = open_question(context)
    if token is None or not answers_question(context):
        return None
    callback = context.registry.callbacks[token.verb]
    reply = callback.run(
        replace(with_stored_chat(context) if callback.needs_manager else context, arguments=dict(token.arguments))
    )
    if reply is not None and open_question(context) == token:
        conversations.clear_conversation_state(context.store, _state_name(context))
    return reply


def with_stored_chat(context: CommandContext) -> CommandContext:
    """Stores the chat of the context if it is new. Returns the context with the stored chat."""
    if context.chat.id:
        return context
    chat = store_chat(
        context.store, context.chat.address, context.chat.kind, now=context.now, lang=context.request.language
    )
    return replace(context, chat=chat, origin=chat)


def reminder(context: CommandContext) -> str:
    """Returns a line saying that a question is still open, with the command that gives this text as its answer.

    "" unless a question is open that any text could answer.
    """
    waiting = open_question(context)
    command = _SAID_OTHERWISE.get(waiting.verb) if waiting else None
    if waiting is None or command is None or context.message is None:
        return ""
    words = f"{command} {waiting.arguments.get('number', '')} {' '.join(context.message.text.split())}"
    return context.say("My question still waits. If that was the answer: {command}", command=words[:_LONGEST])


def cancel(context: CommandContext) -> Reply:
    """Drops the open question."""
    if drop_question(context):
        return Reply(lines=(context.say("Nothing is changed."),), ok=True)
    return Reply(lines=(context.say("There is nothing to cancel."),))


def on_cancel(context: CommandContext) -> Reply:
    """Handles [cancel] under a question."""
    drop_question(context)
    return Reply(lines=(context.say("Nothing is changed."),), replaces=True)


def _store_question(context: CommandContext, verb: str, arguments: Mapping[str, Any]) -> None:
    """Stores the open question, with the update that asked it, so that asking again makes a new question."""
    remembered = {**arguments, "asked": context.request.update_id}
    token = CallbackToken(
        verb=verb, arguments=remembered, place=str(context.origin.address), person=context.request.sender
    )
    conversations.set_conversation_state(
        context.store, _state_name(context), token, lasts=ANSWER_WITHIN, now=context.now
    )


def _state_name(context: CommandContext) -> str:
    """Returns the key of the open question. Each person has one per chat, so that no one answers for another."""
    return f"ask:{context.origin.address}:{context.request.sender}"


COMMANDS = (
    Command(
        name="cancel",
        run=cancel,
        summary=Sentence("never mind the question"),
        listed=False,
        stays_here=True,
        writes=always,
    ),
)
CALLBACKS = {"cancel": Callback(run=on_cancel, stays_here=True, writes=always)}


# -------------------------------------------------------------- the [undo] button that every reply to a change carries


def undo_row(context: CommandContext) -> Buttons:
    """Returns a row with [undo] for the newest change; none where strangers could press it."""
    if context.read_by_strangers:
        return ()
    change = context.store.begun_changes.get(context.chat.id)
    if change is None and (last := last_change(context.store, context.chat.address)) is not None:
        change = last.id
    return () if change is None else ((Button(label=context.say("undo"), verb="undo", arguments={"change": change}),),)


# ------------------------------------------------------------------------------------------------ picks a subscription

# by number, by query, or by a button of a pick list.


A_PAGE = 8  # subscriptions on a page
_IN_PUBLIC = 20  # subscriptions of a list without buttons
_LABEL = 40  # characters of a button
_NUMBERS = re.compile(r"#?\d+(?:[\s,;、，；–-]+#?\d+)+")


def listed_here(context: CommandContext) -> tuple[Listed, ...]:
    """Returns the subscriptions of the chat, sorted by number."""
    return listed(context.store, context.chat.address) if context.chat.id else ()


def subscription_numbered(context: CommandContext, number: object) -> Subscription | None:
    """Returns the subscription with this number; None if it is gone, or `number` is None."""
    return next((one.subscription for one in listed_here(context) if one.subscription.number == number), None)


def on_subscription(run: Callable[[CommandContext, Subscription], Reply | None]) -> CommandFunction:
    """Returns the handler of a button, or of an answer, about one subscription, which says so if that is gone."""

    def handle(context: CommandContext) -> Reply | None:
        subscription = subscription_numbered(context, context.arguments.get("number"))
        if subscription is not None:
            return run(context, subscription)
        gone = subscription_gone(context)
        return gone if isinstance(context.request, Interaction) else Reply(lines=(gone.toast,), ok=False)

    return handle


def on_all_or_one(run: Callable[[CommandContext, Subscription | None], Reply | None]) -> CommandFunction:
    """Returns the handler of a button about the whole chat, or about the one subscription whose number it has."""
    one = on_subscription(run)

    def handle(context: CommandContext) -> Reply | None:
        return run(context, None) if context.arguments.get("number") is None else one(context)

    return handle


def subscription_gone(context: CommandContext) -> Reply:
    """Returns the answer to a button whose subscription is gone."""
    return Reply(toast=context.say("That subscription is gone. /list shows those that are there."))


def subscription_named(context: CommandContext, which: str) -> Subscription:
    """Returns the subscription with this number or query. Raises NotFound, QueryError."""
    subscriptions = [one.subscription for one in listed_here(context)]
    if numbered := subscription_numbered(context, typed_number(which)):
        return numbered
    canonical = asked_beside(which, [one.canonical for one in subscriptions]).canonical
    found = next((subscription for subscription in subscriptions if subscription.canonical == canonical), None)
    if found is None:
        raise _not_found(which.strip())
    return found


def _not_found(which: str) -> NotFound:
    text = which.removeprefix("#")
    if text.isdecimal():
        words = Sentence("This chat has no subscription {which}.", {"which": which})
    elif _NUMBERS.fullmatch(text):
        return NotFound(
            Sentence("“{which}” is more than one number.", {"which": which}),
            Sentence("Say one at a time; /list shows those that are there."),
        )
    else:
        words = Sentence("No subscription of this chat asks for “{which}”.", {"which": which})
    return NotFound(words, Sentence("/list shows those that are there."))


def number_and_rest(context: CommandContext, text: str) -> tuple[Subscription | None, str]:
    """Returns the subscription whose number is the first word, and the other words; (None, text) if there is none."""
    first, *rest = text.split(maxsplit=1) or [""]
    found = subscription_numbered(context, typed_number(first))
    return (found, rest[0].strip() if rest else "") if found else (None, text.strip())


def required_number(context: CommandContext, text: str, example: str) -> tuple[Subscription, str]:
    """Like `number_and_rest`, for commands that need a number; `example` is a whole command. Raises NotFound, Refused."""
    subscription, rest = number_and_rest(context, text)
    if subscription is not None:
        return subscription, rest
    first = text.split(maxsplit=1)[0]
    if first.removeprefix("#").isdecimal():
        raise NotFound(
            Sentence("This chat has no subscription {which}.", {"which": first}),
            Sentence("/list shows those that are there."),
        )
    raise Refused(
        Sentence("Say the number of a subscription first."), Sentence("For example: {example}", {"example": example})
    )


def no_subscriptions(context: CommandContext) -> Reply:
    """Returns the answer of a chat without subscriptions."""
    return Reply(lines=(context.say("There are no subscriptions yet. For example: /sub diffusion -survey"),))


def pick_list(context: CommandContext, question: str, verb: str, *, last: Sequence[Button] = ()) -> Reply:
    """Asks which subscription is meant: eight buttons a page, each of which calls `verb` with its number.

    [back] and [more] call `verb`-page, which returns the same list again. `last` are buttons below the list. If strangers can
    read the reply, it has no buttons and lists the subscriptions with the numbers to type.
    """
    subscriptions = [one.subscription for one in listed_here(context)]
    if not subscriptions:
        return no_subscriptions(context)
    if context.read_by_strangers:
        left_out = not_shown(context, len(subscriptions) - _IN_PUBLIC)
        return Reply(lines=(question, *map(subscription_label, subscriptions[:_IN_PUBLIC]), *left_out))
    pages = range(0, len(subscriptions), A_PAGE)
    page = min(int(context.arguments.get("page", 0)), len(pages) - 1)
    shown = subscriptions[pages[page] : pages[page] + A_PAGE]
    rows = [
        (
            Button(
                label=cut_letters(" ".join(f"{one.number} {one.label}".split()), _LABEL),
                verb=verb,
                arguments={"number": one.number},
            ),
        )
        for one in shown
    ]
    turned = pager(context, page, len(pages), f"{verb}-page")
    expect_answer(context, "answer-pick", {"verb": verb})
    return Reply(lines=(question,), buttons=(*rows, turned, tuple(last)))


def not_shown(context: CommandContext, left: int) -> tuple[str, ...]:
    """Returns a line that says how many subscriptions are left out, if any are."""
    if left <= 0:
        return ()
    return (
        context.localizer.count(
            "{count} more is not shown here; /list shows all.",
            "{count} more are not shown here; /list shows all.",
            left,
        ),
    )


def pager(context: CommandContext, page: int, pages: int, verb: str) -> tuple[Button, ...]:
    """Returns buttons to the previous and the next page."""
    ways = ((context.say("back"), page - 1), (context.say("more"), page + 1))
    return tuple(Button(label=label, verb=verb, arguments={"page": to}) for label, to in ways if 0 <= to < pages)


def shown_buttons(context: CommandContext, buttons: Buttons) -> Buttons:
    """Returns the rows of buttons that are not empty; none where strangers could press them."""
    return () if context.read_by_strangers else tuple(row for row in buttons if row)
