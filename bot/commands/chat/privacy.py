"""privacy, forget: what is stored of a chat, and how to have it erased (docs/architecture.md, rule 10)."""

import json
from datetime import datetime, timedelta

from bot.commands.core.asking import awaits_yes
from bot.commands.core.context import Callback, Command, CommandContext
from bot.commands.phrasing.erasure_words import erased, would_erase
from bot.ports.button import Button
from bot.ports.reply import File, Reply
from subscriptions.errors import Refused, Sentence
from subscriptions.model import CallbackToken
from subscriptions.service.chats import (
    clear_conversation_state,
    forget,
    get_conversation_state,
    held,
    set_conversation_state,
)
from subscriptions.service.notices import name_of
from subscriptions.service.subscriptions import listed

SURE_WITHIN = timedelta(minutes=10)  # how long the question stands
YES, NO = "yes", "no"


# ------------------------------------------------------------------------------------------------------------- privacy


def privacy(turn: CommandContext) -> Reply:
    """What is stored, how long and by whom; in a private chat with all of it as a file."""
    contact = turn.bot_info.contact or turn.say("the operator of this bot; they left no address")
    if turn.is_public:
        button = Button(label=turn.say("as a file"), verb="privacy")
        return Reply(
            lines=(
                turn.say("I keep this chat's settings, its subscriptions, and which papers it was told and when."),
                turn.say("/forget erases it. Contact: {contact}", contact=contact),
            ),
            buttons=((button,),) if turn.chat.id and not turn.in_public else (),
        )
    lines = [
        turn.say(
            "I keep of {chat}: its id and title, its settings, its subscriptions, its last changes (for undo), which "
            "papers it was told, when and why, and what waits for an answer. Nothing else that you write is kept.",
            chat=_chat(turn),
        ),
        turn.say(
            "What messages said goes after 30 days, the ids of what you sent after 7, old buttons after 90, a chat that "
            "blocked me after a year. /forget erases everything at once."
        ),
        turn.say("Kept by: {contact}", contact=contact),
    ]
    if not turn.chat.id:
        return Reply(lines=(*lines, turn.say("Of this chat nothing is stored yet.")), names_chat=True)
    said = turn.say("The file holds all that is stored of this chat.")
    return Reply(lines=(*lines, said), file=_file(turn), names_chat=True)


def press_privacy(turn: CommandContext) -> Reply:
    """All that is stored of a group, for those who manage it."""
    if not turn.chat.id:
        return Reply(toast=turn.say("Of this chat nothing is stored yet."))
    return Reply(lines=(turn.say("All that is stored of this chat:"),), file=_file(turn))


def _file(turn: CommandContext) -> File:
    rows = held(turn.store, turn.chat.address)
    return File(name="paperwire-privacy.json", text=json.dumps(rows, ensure_ascii=False, indent=2) + "\n")


# -------------------------------------------------------------------------------------------------------------- forget


def forget_(turn: CommandContext) -> Reply:
    """Asks once; where no button can ask, the word yes is the answer."""
    if _just_met(turn):  # by this very command; that is undone
        raise Refused(Sentence("I know nothing of this chat, so there is nothing to erase."))
    word = turn.args.casefold()
    if turn.in_public and word in (YES, NO):
        return _answered(turn, word)
    count = len(listed(turn.store, turn.chat.address))
    what = would_erase(count, _chat(turn), turn.localizer)
    if turn.in_public:
        set_conversation_state(turn.store, _name(turn), _question(turn), now=turn.now)
        how = turn.say("It cannot be undone. To do it, send /forget yes within ten minutes; /export keeps a copy.")
        return Reply(lines=(what, how))
    lines = (what, turn.say("It cannot be undone. /export keeps a copy of the subscriptions."))
    keep, erase = _buttons(turn)
    awaits_yes(turn, erase, keep)
    return Reply(lines=lines, buttons=((keep, erase),), is_ephemeral=True, names_chat=True)


def _just_met(turn: CommandContext) -> bool:
    """Whether nobody knew this chat before this very command; a chat with subscriptions is not even looked through."""
    if listed(turn.store, turn.chat.address):
        return False
    rows = held(turn.store, turn.chat.address)
    if any(rows[kind] for kind in ("deliveries", "changes", "links", "updates")):
        return False
    return datetime.fromisoformat(rows["chat"]["created_at"]) == turn.now


def _buttons(turn: CommandContext) -> tuple[Button, Button]:
    """An anonymous admin presses as another person than the one who asked: there whoever manages the chat may."""
    only = "" if turn.request.sender_is_admin else turn.request.sender
    until = (turn.now + SURE_WITHIN).isoformat()
    arguments = {"until": until}
    return (
        Button(label=turn.say("keep it"), verb="keep", only_for=only),
        Button(label=turn.say("erase everything"), verb="forget", arguments=arguments, only_for=only),
    )


def press_forget(turn: CommandContext) -> Reply:
    """The answer to the question, while it stands."""
    if turn.now > datetime.fromisoformat(str(turn.arguments["until"])):
        return Reply(toast=turn.say("That was too long ago. Nothing is erased; /forget asks again."))
    return _erased(turn, replaces=True)


def press_keep(turn: CommandContext) -> Reply:
    """All stays."""
    clear_conversation_state(turn.store, _name(turn))
    return Reply(lines=(turn.say("Nothing is erased."),), ok=True, replaces=True)


def _answered(turn: CommandContext, word: str) -> Reply:
    asked = get_conversation_state(turn.store, _name(turn), since=turn.now - SURE_WITHIN)
    clear_conversation_state(turn.store, _name(turn))
    if asked is None:
        return Reply(
            lines=(turn.say("Nothing is erased: /forget asks first, and its question stands for ten minutes."),)
        )
    if word == NO:
        return Reply(lines=(turn.say("Nothing is erased."),), ok=True)
    return _erased(turn, replaces=False)


def _erased(turn: CommandContext, *, replaces: bool) -> Reply:
    said = erased(forget(turn.store, turn.chat.address), turn.localizer)
    hint = turn.say("I know nothing of {chat} any more. /start begins anew.", chat=_chat(turn))
    return Reply(lines=(said, hint), ok=True, replaces=replaces)


def _chat(turn: CommandContext) -> str:
    """The chat that it is about, by its name when that is another one."""
    return turn.say("this chat") if turn.chat.address == turn.origin.address else name_of(turn.chat)


def _name(turn: CommandContext) -> str:
    """What the question is remembered under: for one person, about one chat."""
    return f"forget:{turn.origin.address}:{turn.chat.address}:{turn.request.sender}"


def _question(turn: CommandContext) -> CallbackToken:
    return CallbackToken(verb="forget", place=str(turn.origin.address), person=turn.request.sender)


COMMANDS = (
    Command(name="privacy", run=privacy, summary=Sentence("what I store of this chat")),
    Command(name="forget", run=forget_, needs_manager=True, summary=Sentence("erase this chat, after one question")),
)
CALLBACKS = {
    "privacy": Callback(run=press_privacy, needs_manager=True),
    "forget": Callback(run=press_forget, needs_manager=True),
    "keep": Callback(run=press_keep, needs_manager=True),
}
