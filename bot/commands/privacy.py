"""privacy and forget: shows and hands out what is stored about a chat, and erases it after one question."""

from datetime import datetime, timedelta

from bot.commands.base import Callback, Change, Command, Context, refusal
from bot.messages import File, Reply
from subscriptions.chats.addresses import facts_of
from subscriptions.chats.known import listed
from subscriptions.database.copies import KEPT_COPIES
from subscriptions.maintenance import retention
from subscriptions.subscribing.access import access_status

SURE_WITHIN = timedelta(minutes=10)  # how long the question of /forget can be answered
YES = "yes"
NO = "no"
_ASKED = "forget"  # what is remembered of a person who was asked


def privacy(context: Context) -> Reply:
    """Say what is stored, for how long and by whom; in a private chat, also sends all of it as a file."""
    contact = context.app.settings.contact or context.say("the operator of this bot; they left no address")
    sent = [_sent_to_model(context)] if context.app.settings.has_model else []
    if context.app.settings.kept.ask:
        sent.append(
            context.say(
                "Once a day I ask arXiv, OpenAlex and Crossref what became of papers that chats saved or liked; they get the ids of "
                "these papers, and nothing about who keeps them."
            )
        )
    if context.read_by_group:
        button = context.button("as a file", "privacy")
        lines = [
            context.say(
                "I keep this chat's settings, its subscriptions, which papers it was told and when, and which it opened, saved or liked, and its library."
            ),
            context.localizer.joined(context.say("/forget erases it."), copies_kept(context)),
            context.say("Kept by: {contact}", contact=contact),
            *sent,
        ]
        return Reply(lines, buttons=((button,),) if context.chat.id else ())
    lines = [
        context.say(
            "I keep of {chat}: its id and title, its settings, its subscriptions, its library, its last changes (for undo), "
            "which papers it was told, when and why, which of them it opened, saved, liked or did not want, and what waits "
            "for an answer. Nothing else that you write is kept.",
            chat=chat_in_words(context),
        )
    ]
    if facts_of(context.chat.address.platform).keeps_messages:
        lines.append(
            context.say("Only messages on this page, yours and mine, stay for 30 days, so that they can be shown.")
        )
    lines.append(
        context.say(
            "What messages said, and why papers came, goes after 30 days, the ids of what you sent after 2, old buttons "
            "and changes after 90, a chat that only talked after 30, one that blocked me after a year. /forget erases everything at once; only if the operator of this bot has said no to "
            "this chat, a hash of its id stays."
        )
    )
    lines += sent
    if context.app.mail_platform:
        lines.append(
            context.say("Hashes of who names addresses with /email, and of these, stay for a day, even after /forget.")
        )
    lines += [copies_kept(context), context.say("Kept by: {contact}", contact=contact)]
    if not context.chat.id:
        return Reply((*lines, _nothing_stored(context)), names_chat=True)
    lines.append(context.say("The file holds all that is stored of this chat."))
    return Reply(lines, file=_file(context), names_chat=True)


def _sent_to_model(context: Context) -> str:
    """Return a sentence that says what a language model learns."""
    if context.app.reader:
        return context.say(
            "Titles and abstracts of papers that come here go to the language model {model}, for short summaries, and so "
            "does what is written to me where I am not sure what it means, but not by whom; nothing else of this chat does.",
            model=context.app.settings.model_name,
        )
    return context.say(
        "Titles and abstracts of papers that come here go to the language model {model}, for short summaries; nothing "
        "else of this chat does.",
        model=context.app.settings.model_name,
    )


def copies_kept(context: Context) -> str:
    """Return a sentence that says how long copies of the database keep erased data."""
    if context.app.store.kind.file is None:  # the program makes no copies of a server
        return context.say(
            "What is erased now may stay in copies of the database that the operator of this bot has made."
        )
    return context.say(
        "What is erased now stays in the daily copies of the database until {day}, and may stay longer in others that the operator "
        "of this bot has made.",
        day=context.localizer.day((context.now + timedelta(days=KEPT_COPIES)).date()),
    )


def on_privacy(context: Context) -> Reply:
    """Handle [as a file]: sends everything that is stored about a group as a file."""
    if not context.chat.id:
        return Reply(toast=_nothing_stored(context))
    return Reply((context.say("All that is stored of this chat:"),), file=_file(context))


def _nothing_stored(context: Context) -> str:
    """Return a sentence that says what is stored about a chat that has no row in the store."""
    if access_status(context.transaction, context.chat.address).is_denied:
        return context.say("Of this chat only a hash of its id is stored, since the operator has said no to it.")
    return context.say("Nothing is stored about this chat yet.")


def _file(context: Context) -> File:
    text = retention.stored_chat_data(context.transaction, context.chat.address)
    return File("paperwire-privacy.json", f"{text}\n")


def chat_in_words(context: Context) -> str:
    """Return the name of the chat, or "this chat"."""
    if context.is_about_here:
        return context.say("this chat")
    return context.chat.name


def forget_(context: Context) -> Reply:
    """Ask whether to erase the chat, with buttons.

    If strangers could press them, people answer with /forget yes instead.
    """
    chats = retention.erased_together(context.transaction, context.chat.address)
    if context.is_new and len(chats) == 1:  # the refusal rolls back that it was stored
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
        context.remember(_ASKED, lasts=SURE_WITHIN)
        how = context.say("It cannot be undone. To do it, send /forget yes within ten minutes; /export keeps a copy.")
        return Reply((what, how))
    how = context.say("It cannot be undone. /export keeps a copy of the subscriptions.")
    lines = (what, how) if context.read_by_group else (what, copies_kept(context), how)
    until = (context.now + SURE_WITHIN).isoformat()
    # only who asked may press; we learn who an anonymous admin is only when they press a button
    presser = "" if context.request.sender_is_admin else context.request.sender
    keep = context.button("keep it", "keep", only_for=presser)
    erase = context.button("erase everything", "forget", until=until, only_for=presser)
    return Reply(lines, buttons=((keep, erase),), is_ephemeral=True, names_chat=True)


def on_forget(context: Context) -> Reply:
    """Handle [erase everything]: erases the chat if the question is at most ten minutes old."""
    if context.now > datetime.fromisoformat(str(context.arguments["until"])):
        return context.toast("That was too long ago. Nothing is erased; /forget asks again.")
    return _erased(context)


def on_keep(context: Context) -> Reply:
    """Handle [keep it]: drops the question."""
    context.drop(_ASKED)
    return context.reply("Nothing is erased.", ok=True)


def _answered(context: Context, word: str) -> Reply:
    asked = context.remembered(_ASKED)
    if asked is None or (asked.about or context.origin.address) != context.chat.address:
        return context.reply("Nothing is erased: /forget asks first, and its question is open for ten minutes.")
    if word == NO:
        return on_keep(context)
    return _erased(context)


def _erased(context: Context) -> Reply:
    subscriptions, papers = retention.forget(context.transaction, context.chat.address)
    said = context.say(
        "Erased: {subscriptions}, the memory of {papers}, all settings and buttons.",
        subscriptions=context.count("{count} subscription", "{count} subscriptions", subscriptions),
        papers=context.count("{count} paper", "{count} papers", papers),
    )
    if access_status(context.transaction, context.chat.address).is_denied:
        stays = context.say("What stays is a hash of its id, since the operator of this bot has said no to it.")
        return context.done(said, stays, copies_kept(context))
    hint = context.say("I know nothing of {chat} any more. /start begins again.", chat=chat_in_words(context))
    return context.done(said, copies_kept(context), hint)


COMMANDS = (
    Command(privacy, "privacy", "what I store of this chat", examples=("/privacy",)),
    Command(
        forget_,
        "forget",
        "erase this chat, after one question",
        examples=("/forget",),
        needs_manager=True,
    ),
)

CALLBACKS = {
    "privacy": Callback(on_privacy, needs_manager=True),
    "forget": Change(on_forget),
    "keep": Change(on_keep),
}
