"""privacy: tells a chat what is stored about it, for how long, and what a model or a copy has of it; sends all of it as a file."""

from datetime import timedelta

from bot.commands.context import Callback, Command, CommandContext
from bot.ports import channel
from subscriptions import errors
from subscriptions.addresses import facts_of
from subscriptions.service import retention
from subscriptions.service.access import standing_of
from subscriptions.store.signals import amount_of_signals


def privacy(context: CommandContext) -> channel.Reply:
    """Says what is stored, for how long and by whom; in a private chat, also sends all of it as a file."""
    contact = context.bot_info.contact or context.say("the operator of this bot; they left no address")
    if context.read_by_group:
        button = context.button("as a file", "privacy")
        return channel.Reply(
            lines=(
                context.say(
                    "I keep this chat's settings, its subscriptions, which papers it was told and when, and which it opened, saved or liked, and its library."
                ),
                context.localizer.joined(
                    context.say("/forget erases it. Contact: {contact}", contact=contact), copies_kept(context)
                ),
                *([_sent_to_model(context)] if context.bot_info.model else []),
            ),
            buttons=((button,),) if context.chat.id else (),
        )
    lines = [
        context.say(
            "I keep of {chat}: its id and title, its settings, its subscriptions, its library, its last changes (for undo), "
            "which papers it was told, when and why, which of them it opened, saved, liked or did not want, and what waits "
            "for an answer. Nothing else that you write is kept.",
            chat=chat_in_words(context),
        ),
        context.say(
            "What messages said, and why papers came, goes after 30 days, the ids of what you sent after 7, old buttons "
            "and changes after 90, a chat that blocked me after a year. /forget erases everything at once; only if the operator of this bot has said no to "
            "this chat, a hash of its id stays."
        ),
        copies_kept(context),
        context.say("Kept by: {contact}", contact=contact),
    ]
    if context.bot_info.mail_platform:
        lines.insert(
            2,
            context.say("Hashes of who names addresses with /email, and of these, stay for a day, even after /forget."),
        )
    if context.bot_info.model:
        lines.insert(2, _sent_to_model(context))
    if facts_of(context.chat.address.platform).keeps_messages:
        lines.insert(
            1, context.say("Messages on this page, yours and mine, stay for 30 days, so that they can be shown.")
        )
    if not context.chat.id:
        return channel.Reply(lines=(*lines, _nothing_stored(context)), names_chat=True)
    said = context.say("The file holds all that is stored of this chat.")
    if signals := amount_of_signals(context.transaction, context.chat.id):
        lines.append(
            context.count(
                "{count} time it told by a button or an answer which papers it wants; the order follows from that.",
                "{count} times it told by a button or an answer which papers it wants; the order follows from that.",
                signals,
            )
        )
    return channel.Reply(lines=(*lines, said), file=_file(context), names_chat=True)


def _sent_to_model(context: CommandContext) -> str:
    """Returns a sentence that says what a language model learns."""
    if context.bot_info.model_reads:
        return context.say(
            "Titles and abstracts of papers that come here go to the language model {model}, for short summaries, and so "
            "does what is written to me where I am not sure what it means, but not by whom; nothing else of this chat does.",
            model=context.bot_info.model,
        )
    return context.say(
        "Titles and abstracts of papers that come here go to the language model {model}, for short summaries; nothing "
        "else of this chat does.",
        model=context.bot_info.model,
    )


def copies_kept(context: CommandContext) -> str:
    """Returns a sentence that says how long copies of the database keep erased data."""
    if not context.bot_info.kept_copies:
        return context.say(
            "What is erased now may stay in copies of the database that the operator of this bot has made."
        )
    return context.say(
        "What is erased now stays in the daily copies of the database until {day}, and may stay longer in others that the operator "
        "of this bot has made.",
        day=context.localizer.day((context.now + timedelta(days=context.bot_info.kept_copies)).date()),
    )


def on_privacy(context: CommandContext) -> channel.Reply:
    """Handles [as a file]: sends everything that is stored about a group as a file."""
    if not context.chat.id:
        return channel.Reply(toast=_nothing_stored(context))
    return channel.Reply(lines=(context.say("All that is stored of this chat:"),), file=_file(context))


def _nothing_stored(context: CommandContext) -> str:
    """Returns a sentence that says what is stored about a chat that has no row in the store."""
    if standing_of(context.transaction, context.chat.address).is_denied:
        return context.say("Of this chat only a hash of its id is stored, since the operator has said no to it.")
    return context.say("Nothing is stored about this chat yet.")


def _file(context: CommandContext) -> channel.File:
    text = retention.stored_chat_data(context.transaction, context.chat.address)
    return channel.File(name="paperwire-privacy.json", text=f"{text}\n")


def chat_in_words(context: CommandContext) -> str:
    """Returns the name of the chat, or "this chat"."""
    if context.is_about_here:
        return context.say("this chat")
    return context.chat.name


COMMANDS = (
    Command(name="privacy", examples=("/privacy",), run=privacy, summary=errors.Sentence("what I store of this chat")),
)

CALLBACKS = {"privacy": Callback(run=on_privacy, needs_manager=True)}
