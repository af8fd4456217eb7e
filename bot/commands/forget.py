"""forget: erases what is stored about a chat, after a question; how long that can be answered, and by whom."""

from datetime import datetime, timedelta

from bot.commands.context import Callback, Command, CommandContext, refusal
from bot.commands.privacy import chat_in_words, copies_kept
from bot.ports import channel
from subscriptions import errors
from subscriptions.service import retention
from subscriptions.service.listing import listed
from subscriptions.store.chat_data import is_bare

SURE_WITHIN = timedelta(minutes=10)  # how long the question of /forget can be answered
YES = "yes"
NO = "no"


def forget_(context: CommandContext) -> channel.Reply:
    """Asks whether to erase the chat, with buttons.

    If strangers could press them, people answer with /forget yes instead.
    """
    # this command itself stored the chat; the refusal rolls that back
    chats = retention.erased_together(context.transaction, context.chat.address)
    if all(is_bare(context.transaction, one.id, context.now) for one in chats):
        raise refusal("I know nothing of this chat, so there is nothing to erase.")
    word, by_word = context.args.casefold(), context.read_by_strangers or context.request.is_operator
    if by_word and word in (YES, NO):
        return _answered(context, word)
    count = sum(len(listed(context.transaction, one.address)) for one in chats)
    what = context.count(
        "This erases all I know of {chat}: {count} subscription, its settings, and what it was told.",
        "This erases all I know of {chat}: {count} subscriptions, its settings, and what it was told.",
        count,
        chat=chat_in_words(context),
    )
    if by_word:
        context.remember(_chat_name(context), {}, lasts=SURE_WITHIN)
        how = context.say("It cannot be undone. To do it, send /forget yes within ten minutes; /export keeps a copy.")
        return channel.Reply(lines=(what, how))
    how = context.say("It cannot be undone. /export keeps a copy of the subscriptions.")
    lines = (what, how) if context.read_by_group else (what, copies_kept(context), how)
    keep, erase = _buttons(context)
    return channel.Reply(lines=lines, buttons=((keep, erase),), is_ephemeral=True, names_chat=True)


def _buttons(context: CommandContext) -> tuple[channel.Button, channel.Button]:
    """Returns [keep it] and [erase everything], for the sender only."""
    until = (context.now + SURE_WITHIN).isoformat()
    return (
        context.button("keep it", "keep", only_for=context.who_may_press),
        context.button("erase everything", "forget", until=until, only_for=context.who_may_press),
    )


def on_forget(context: CommandContext) -> channel.Reply:
    """Handles [erase everything]: erases the chat if the question is at most ten minutes old."""
    if context.now > datetime.fromisoformat(str(context.arguments["until"])):
        return context.toast("That was too long ago. Nothing is erased; /forget asks again.")
    return _erased(context)


def on_keep(context: CommandContext) -> channel.Reply:
    """Handles [keep it]: drops the question."""
    context.drop(_chat_name(context))
    return context.reply("Nothing is erased.", ok=True)


def _answered(context: CommandContext, word: str) -> channel.Reply:
    if context.remembered(_chat_name(context)) is None:
        return context.reply("Nothing is erased: /forget asks first, and its question is open for ten minutes.")
    if word == NO:
        return on_keep(context)
    context.drop(_chat_name(context))
    return _erased(context)


def _erased(context: CommandContext) -> channel.Reply:
    gone = retention.forget(context.transaction, context.chat.address)
    said = context.say(
        "Erased: {subscriptions}, the memory of {papers}, all settings and buttons.",
        subscriptions=context.count("{count} subscription", "{count} subscriptions", gone.subscriptions),
        papers=context.count("{count} paper", "{count} papers", gone.papers),
    )
    if gone.denied:
        stays = context.say("What stays is a hash of its id, since the operator of this bot has said no to it.")
        return context.done(said, stays, copies_kept(context))
    hint = context.say("I know nothing of {chat} any more. /start begins again.", chat=chat_in_words(context))
    return context.done(said, copies_kept(context), hint)


def _chat_name(context: CommandContext) -> str:
    """Returns the key of the question, which is unique per person and chat."""
    return f"forget:{context.origin.address}:{context.chat.address}:{context.request.sender}"


COMMANDS = (
    Command(
        name="forget",
        examples=("/forget",),
        run=forget_,
        needs_manager=True,
        summary=errors.Sentence("erase this chat, after one question"),
    ),
)

CALLBACKS = {
    "forget": Callback(run=on_forget, needs_manager=True, replaces=True),
    "keep": Callback(run=on_keep, needs_manager=True, replaces=True),
}
