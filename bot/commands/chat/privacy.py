"""privacy, forget: what is stored of a chat, and how to erase it (docs/architecture.md, rule 10)."""

from datetime import datetime, timedelta

from bot.commands.core.asking import expect_yes_or_no
from bot.commands.core.context import Callback, Command, CommandContext
from bot.commands.phrasing.erasure_words import erased_line, would_erase_line
from bot.ports.reply import Button, File, Reply
from subscriptions.errors import Refused, Sentence
from subscriptions.model import CallbackToken
from subscriptions.platforms import facts_of
from subscriptions.service.chats.access import standing_of
from subscriptions.service.chats.retention import forget, is_just_stored, stored_chat_data
from subscriptions.service.notices import name_of
from subscriptions.service.subscriptions.selection import listed
from subscriptions.store.chat.signals import amount_of_signals
from subscriptions.store.conversations import clear_conversation_state, get_conversation_state, set_conversation_state

SURE_WITHIN = timedelta(minutes=10)  # how long the question can be answered
YES, NO = "yes", "no"


# ------------------------------------------------------------------------------------------------------------- privacy


def privacy(context: CommandContext) -> Reply:
    """Says what is stored, how long and by whom; a private chat gets all of it as a file."""
    contact = context.bot_info.contact or context.say("the operator of this bot; they left no address")
    if context.read_by_group:
        button = Button(label=context.say("as a file"), verb="privacy")
        return Reply(
            lines=(
                context.say(
                    "I keep this chat's settings, its subscriptions, which papers it was told and when, and which it opened, saved or liked."
                ),
                context.say(
                    "{sentence} {next}",
                    sentence=context.say("/forget erases it. Contact: {contact}", contact=contact),
                    next=_copies(context),
                ),
            ),
            buttons=((button,),) if context.chat.id and not context.read_by_strangers else (),
        )
    lines = [
        context.say(
            "I keep of {chat}: its id and title, its settings, its subscriptions, its last changes (for undo), which "
            "papers it was told, when and why, which of them it opened, saved, liked or did not want, and what waits for an "
            "answer. Nothing else that you write is kept.",
            chat=_chat(context),
        ),
        context.say(
            "What messages said, and why papers came, goes after 30 days, the ids of what you sent after 7, old buttons "
            "and changes after 90, a chat that blocked me after a year. /forget erases everything at once; only if the operator of this bot has said no to "
            "this chat, a hash of its id stays."
        ),
        _copies(context),
        context.say("Kept by: {contact}", contact=contact),
    ]
    if facts_of(context.chat.address.platform).keeps_messages:
        lines.insert(
            1, context.say("What is said on this page, by you and by me, stays for 30 days, so that it can be shown.")
        )
    if not context.chat.id:
        return Reply(lines=(*lines, _nothing_stored(context)), names_chat=True)
    said = context.say("The file holds all that is stored of this chat.")
    if signals := amount_of_signals(context.store, context.chat.id):
        lines.append(
            context.localizer.count(
                "{count} time it told by a button or an answer which papers it wants; the order follows from that.",
                "{count} times it told by a button or an answer which papers it wants; the order follows from that.",
                signals,
            )
        )
    return Reply(lines=(*lines, said), file=_file(context), names_chat=True)


def _copies(context: CommandContext) -> str:
    """Returns a sentence on how long copies of the database keep the erased data."""
    if not context.bot_info.kept_copies:
        return context.say(
            "What is erased now may stay in copies of the database that the operator of this bot has made."
        )
    return context.say(
        "What is erased now stays in the daily copies of the database until {day}, and may stay longer in others that the operator "
        "of this bot has made.",
        day=context.localizer.day((context.now + timedelta(days=context.bot_info.kept_copies)).date()),
    )


def on_privacy(context: CommandContext) -> Reply:
    """Handles [as a file]: sends all that is stored of a group to those who manage it."""
    if not context.chat.id:
        return Reply(toast=_nothing_stored(context))
    return Reply(lines=(context.say("All that is stored of this chat:"),), file=_file(context))


def _nothing_stored(context: CommandContext) -> str:
    """Returns a sentence on what is stored about an unknown chat."""
    if standing_of(context.store, context.chat.address).is_denied:
        return context.say("Of this chat only a hash of its id is stored, since the operator has said no to it.")
    return context.say("Of this chat nothing is stored yet.")


def _file(context: CommandContext) -> File:
    text = stored_chat_data(context.store, context.chat.address)
    return File(name="paperwire-privacy.json", text=f"{text}\n")


# -------------------------------------------------------------------------------------------------------------- forget


def forget_(context: CommandContext) -> Reply:
    """Asks whether to erase the chat; where strangers could press a button, or the sender cannot, the answer is /forget yes."""
    if _just_met(context):  # this command stored the chat, so it is rolled back
        raise Refused(Sentence("I know nothing of this chat, so there is nothing to erase."))
    word, by_word = context.args.casefold(), context.read_by_strangers or context.request.is_operator
    if by_word and word in (YES, NO):
        return _answered(context, word)
    count = len(listed(context.store, context.chat.address))
    what = would_erase_line(count, _chat(context), context.localizer)
    if by_word:
        set_conversation_state(context.store, _name(context), _question(context), lasts=SURE_WITHIN, now=context.now)
        how = context.say("It cannot be undone. To do it, send /forget yes within ten minutes; /export keeps a copy.")
        return Reply(lines=(what, how))
    how = context.say("It cannot be undone. /export keeps a copy of the subscriptions.")
    lines = (what, how) if context.read_by_group else (what, _copies(context), how)
    keep, erase = _buttons(context)
    expect_yes_or_no(context, erase, keep)
    return Reply(lines=lines, buttons=((keep, erase),), is_ephemeral=True, names_chat=True)


def _just_met(context: CommandContext) -> bool:
    """Returns whether this command stored the chat."""
    return is_just_stored(context.store, context.chat.address, now=context.now)


def _buttons(context: CommandContext) -> tuple[Button, Button]:
    """Returns [keep it] and [erase everything], for the sender only.

    If the sender is an anonymous admin, everyone who manages the chat may press them, since presses are not anonymous.
    """
    only = "" if context.request.sender_is_admin else context.request.sender
    until = (context.now + SURE_WITHIN).isoformat()
    arguments = {"until": until}
    return (
        Button(label=context.say("keep it"), verb="keep", only_for=only),
        Button(label=context.say("erase everything"), verb="forget", arguments=arguments, only_for=only),
    )


def on_forget(context: CommandContext) -> Reply:
    """Handles [erase everything] within ten minutes."""
    if context.now > datetime.fromisoformat(str(context.arguments["until"])):
        return Reply(toast=context.say("That was too long ago. Nothing is erased; /forget asks again."))
    return _erased(context, replaces=True)


def on_keep(context: CommandContext) -> Reply:
    """Handles [keep it]."""
    clear_conversation_state(context.store, _name(context))
    return Reply(lines=(context.say("Nothing is erased."),), ok=True, replaces=True)


def _answered(context: CommandContext, word: str) -> Reply:
    asked = get_conversation_state(context.store, _name(context), since=context.now - SURE_WITHIN)
    clear_conversation_state(context.store, _name(context))
    if asked is None:
        return Reply(
            lines=(context.say("Nothing is erased: /forget asks first, and its question stands for ten minutes."),)
        )
    if word == NO:
        return Reply(lines=(context.say("Nothing is erased."),), ok=True)
    return _erased(context, replaces=False)


def _erased(context: CommandContext, *, replaces: bool) -> Reply:
    gone = forget(context.store, context.chat.address)
    said = erased_line(gone, context.localizer)
    if gone.denied:
        stays = context.say("What stays is a hash of its id, since the operator of this bot has said no to it.")
        return Reply(lines=(said, stays, _copies(context)), ok=True, replaces=replaces)
    hint = context.say("I know nothing of {chat} any more. /start begins anew.", chat=_chat(context))
    return Reply(lines=(said, _copies(context), hint), ok=True, replaces=replaces)


def _chat(context: CommandContext) -> str:
    """Returns the name of the chat, or "this chat"."""
    return context.say("this chat") if context.chat.address == context.origin.address else name_of(context.chat)


def _name(context: CommandContext) -> str:
    """Returns the key of the question: one per person and chat."""
    return f"forget:{context.origin.address}:{context.chat.address}:{context.request.sender}"


def _question(context: CommandContext) -> CallbackToken:
    return CallbackToken(verb="forget", place=str(context.origin.address), person=context.request.sender)


COMMANDS = (
    Command(name="privacy", run=privacy, summary=Sentence("what I store of this chat")),
    Command(name="forget", run=forget_, needs_manager=True, summary=Sentence("erase this chat, after one question")),
)
CALLBACKS = {
    "privacy": Callback(run=on_privacy, needs_manager=True),
    "forget": Callback(run=on_forget, needs_manager=True),
    "keep": Callback(run=on_keep, needs_manager=True),
}
