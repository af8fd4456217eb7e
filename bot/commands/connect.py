"""connect, privacy and forget: choose the chat that commands are about, show what is stored about it, erase it."""

from datetime import datetime, timedelta

from bot.commands import asking
from bot.commands.context import Callback, Command, CommandContext
from bot.commands.start import add_row
from bot.ports import channel
from subscriptions import errors, model
from subscriptions.addresses import facts_of, parse_address
from subscriptions.service import chat_status, retention
from subscriptions.service.access import standing_of
from subscriptions.service.listing import listed
from subscriptions.store import chats as stored_chats
from subscriptions.store.chat_data import is_bare
from subscriptions.store.signals import amount_of_signals
from subscriptions.texts import clip

_OFF = frozenset({"off", "end", "stop", "quit"})
_SHOWN = 10  # chats that are shown as buttons
_LABEL = 40


def disconnect(context: CommandContext) -> None:
    """Ends the connection: commands in the private chat are about that chat again."""
    context.drop(chat_status.managed_name(context.origin.address))


def connect(context: CommandContext) -> channel.Reply:
    """Connects the private chat to the named chat; without a name, shows the chats to choose from; `off` disconnects.

    The rights of the sender in the named chat were checked before.
    """
    if context.request.place.kind is not model.ChatKind.PRIVATE:
        return _in_private(context)
    if context.chat.address != context.origin.address:
        return _begin(context)
    if context.args.casefold() in _OFF:
        return on_disconnect(context)
    if context.args:
        words = context.say("Say which chat: /connect @name, or /connect -100… with its number.")
        return channel.Reply(lines=(words,), ok=False)
    return _choices(context)


def _begin(context: CommandContext) -> channel.Reply:
    chat = remember_managed_chat(context)
    # The private chat must be stored, because notices about the managed chat are sent there.
    chat_status.store_chat(
        context.transaction, context.origin.address, context.origin.kind, now=context.now, lang=context.request.language
    )
    context.remember(
        chat_status.managed_name(context.origin.address), {"chat": str(chat.address)}, lasts=chat_status.MANAGED_FOR
    )
    _add_to_chats_of_person(context, chat.address)
    asking.drop_question(context)
    end = channel.Button(label=context.say("back to this chat"), verb="disconnect")
    return channel.Reply(
        lines=(
            context.say("What you say here is about {chat} from now on: /sub diffusion, /list, /set.", chat=chat.name),
            context.say("/connect off ends that."),
        ),
        ok=True,
        buttons=((end,),),
        names_chat=True,
    )


def remember_managed_chat(context: CommandContext) -> model.Chat:
    """Stores the chat that a person manages, with the person as its owner if it has none."""
    there = context.chat
    chat = chat_status.store_chat(
        context.transaction,
        there.address,
        there.kind,
        now=context.now,
        title=there.title,
        public=there.public,
        lang=context.request.language,
        by=context.person,
    )
    if not chat.owner:
        stored_chats.set_owner(context.transaction, chat.id, context.request.sender)
    return chat


def on_disconnect(context: CommandContext) -> channel.Reply:
    """Handles [back to this chat] and /connect off: ends the connection."""
    was = chat_status.managed_chat(context.transaction, context.origin.address, now=context.now)
    disconnect(context)
    if was is None:
        return channel.Reply(lines=(context.say("What you say here is about this chat already."),), ok=True)
    return channel.Reply(lines=(context.say("What you say here is about this chat again."),), ok=True)


def _choices(context: CommandContext) -> channel.Reply:
    managed = chat_status.managed_chat(context.transaction, context.origin.address, now=context.now)
    theirs = _chats_of_person(context)
    chats = [chat for address, chat in theirs.items() if address != managed][:_SHOWN]
    lines = []
    if managed is not None:
        name = theirs[managed].name if managed in theirs else str(managed)
        lines.append(context.say("What you say here is about {name} now; /connect off ends that.", name=name))
    if chats:
        lines.append(context.say("Which chat do you want to manage from here?"))
    lines.append(
        context.say(
            "Add me to a group, or to a channel as an admin that may post; then /connect @name, or choose it here."
        )
    )
    rows = tuple((_choice(context, chat),) for chat in chats)
    return channel.Reply(lines=tuple(lines), buttons=(*rows, *add_row(context)))


def _chats_of_person(context: CommandContext) -> dict[model.ChatAddress, model.Chat]:
    """Returns the chats that a person set up or managed before.

    Their rights in a chat are checked when they choose it.
    """
    before = context.remembered(_chats_name(context.origin.address))
    addresses = [parse_address(text) for text in before.arguments["chats"]] if before else []
    turned_to = (
        chat_status.known_or_new(context.transaction, address, model.ChatKind.BROADCAST) for address in addresses
    )
    return {
        chat.address: chat
        for chat in (*stored_chats.chats_of(context.transaction, context.origin.address), *turned_to)
        if chat.id
    }


def _add_to_chats_of_person(context: CommandContext, address: model.ChatAddress) -> None:
    name = _chats_name(context.origin.address)
    before = context.remembered(name)
    chats = [str(address), *(c for c in (before.arguments["chats"] if before else ()) if c != str(address))]
    context.remember(name, {"chats": chats[:_SHOWN]}, lasts=chat_status.MANAGED_FOR)


def _choice(context: CommandContext, chat: model.Chat) -> channel.Button:
    label = clip(chat.name, _LABEL)
    return channel.Button(
        label=label, verb="connect", arguments={"about": str(chat.address)}, only_for=context.request.sender
    )


def _in_private(context: CommandContext) -> channel.Reply:
    links, bot = context.links
    rows = ((channel.Button(label=context.say("open"), url=links.open(bot)),),) if links else ()
    return channel.Reply(
        lines=(context.say("Write /connect to me in private: there this chat can be managed."),), buttons=rows
    )


def _chats_name(home: model.ChatAddress) -> str:
    return f"chats:{home}"


# ----------------------------------------------------------------------------------------------------- privacy, forget


SURE_WITHIN = timedelta(minutes=10)  # how long the question of /forget can be answered
YES, NO = "yes", "no"


# ------------------------------------------------------------------------------------------------------------- privacy


def privacy(context: CommandContext) -> channel.Reply:
    """Says what is stored, for how long and by whom; in a private chat, also sends all of it as a file."""
    contact = context.bot_info.contact or context.say("the operator of this bot; they left no address")
    if context.read_by_group:
        button = channel.Button(label=context.say("as a file"), verb="privacy")
        return channel.Reply(
            lines=(
                context.say(
                    "I keep this chat's settings, its subscriptions, which papers it was told and when, and which it opened, saved or liked, and its library."
                ),
                context.say(
                    "{sentence} {next}",
                    sentence=context.say("/forget erases it. Contact: {contact}", contact=contact),
                    next=_copies(context),
                ),
            ),
            buttons=((button,),) if context.chat.id else (),
        )
    lines = [
        context.say(
            "I keep of {chat}: its id and title, its settings, its subscriptions, its library, its last changes (for undo), "
            "which papers it was told, when and why, which of them it opened, saved, liked or did not want, and what waits "
            "for an answer. Nothing else that you write is kept.",
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
    if context.bot_info.mail_platform:
        lines.insert(
            2,
            context.say("Hashes of who names addresses with /email, and of these, stay for a day, even after /forget."),
        )
    if facts_of(context.chat.address.platform).keeps_messages:
        lines.insert(
            1, context.say("Messages on this page, yours and mine, stay for 30 days, so that they can be shown.")
        )
    if not context.chat.id:
        return channel.Reply(lines=(*lines, _nothing_stored(context)), names_chat=True)
    said = context.say("The file holds all that is stored of this chat.")
    if signals := amount_of_signals(context.transaction, context.chat.id):
        lines.append(
            context.localizer.count(
                "{count} time it told by a button or an answer which papers it wants; the order follows from that.",
                "{count} times it told by a button or an answer which papers it wants; the order follows from that.",
                signals,
            )
        )
    return channel.Reply(lines=(*lines, said), file=_file(context), names_chat=True)


def _copies(context: CommandContext) -> str:
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


# -------------------------------------------------------------------------------------------------------------- forget


def forget_(context: CommandContext) -> channel.Reply:
    """Asks whether to erase the chat, with buttons.

    If strangers could press them, people answer with /forget yes instead.
    """
    # this command itself stored the chat; the refusal rolls that back
    if is_bare(context.transaction, context.chat.id, context.now):
        raise errors.Refused(errors.Sentence("I know nothing of this chat, so there is nothing to erase."))
    word, by_word = context.args.casefold(), context.read_by_strangers or context.request.is_operator
    if by_word and word in (YES, NO):
        return _answered(context, word)
    count = len(listed(context.transaction, context.chat.address))
    what = context.localizer.count(
        "This erases all I know of {chat}: {count} subscription, its settings, and what it was told.",
        "This erases all I know of {chat}: {count} subscriptions, its settings, and what it was told.",
        count,
        chat=_chat(context),
    )
    if by_word:
        context.remember(_chat_name(context), {}, lasts=SURE_WITHIN)
        how = context.say("It cannot be undone. To do it, send /forget yes within ten minutes; /export keeps a copy.")
        return channel.Reply(lines=(what, how))
    how = context.say("It cannot be undone. /export keeps a copy of the subscriptions.")
    lines = (what, how) if context.read_by_group else (what, _copies(context), how)
    keep, erase = _buttons(context)
    asking.expect_yes_or_no(context, erase, keep)
    return channel.Reply(lines=lines, buttons=((keep, erase),), is_ephemeral=True, names_chat=True)


def _buttons(context: CommandContext) -> tuple[channel.Button, channel.Button]:
    """Returns [keep it] and [erase everything], for the sender only.

    We learn who an anonymous admin is only when they press a button. So if the sender is anonymous, everyone who manages
    the chat may press.
    """
    only = "" if context.request.sender_is_admin else context.request.sender
    until = (context.now + SURE_WITHIN).isoformat()
    arguments = {"until": until}
    return (
        channel.Button(label=context.say("keep it"), verb="keep", only_for=only),
        channel.Button(label=context.say("erase everything"), verb="forget", arguments=arguments, only_for=only),
    )


def on_forget(context: CommandContext) -> channel.Reply:
    """Handles [erase everything]: erases the chat if the question is at most ten minutes old."""
    if context.now > datetime.fromisoformat(str(context.arguments["until"])):
        return channel.Reply(toast=context.say("That was too long ago. Nothing is erased; /forget asks again."))
    return _erased(context)


def on_keep(context: CommandContext) -> channel.Reply:
    """Handles [keep it]: drops the question."""
    context.drop(_chat_name(context))
    return channel.Reply(lines=(context.say("Nothing is erased."),), ok=True)


def _answered(context: CommandContext, word: str) -> channel.Reply:
    if context.remembered(_chat_name(context)) is None:
        return channel.Reply(
            lines=(context.say("Nothing is erased: /forget asks first, and its question is open for ten minutes."),)
        )
    if word == NO:
        return on_keep(context)
    context.drop(_chat_name(context))
    return _erased(context)


def _erased(context: CommandContext) -> channel.Reply:
    gone = retention.forget(context.transaction, context.chat.address)
    said = context.say(
        "Erased: {subscriptions}, the memory of {papers}, all settings and buttons.",
        subscriptions=context.localizer.count("{count} subscription", "{count} subscriptions", gone.subscriptions),
        papers=context.localizer.count("{count} paper", "{count} papers", gone.papers),
    )
    if gone.denied:
        stays = context.say("What stays is a hash of its id, since the operator of this bot has said no to it.")
        return channel.Reply(lines=(said, stays, _copies(context)), ok=True)
    hint = context.say("I know nothing of {chat} any more. /start begins again.", chat=_chat(context))
    return channel.Reply(lines=(said, _copies(context), hint), ok=True)


def _chat(context: CommandContext) -> str:
    """Returns the name of the chat, or "this chat"."""
    return context.say("this chat") if context.chat.address == context.origin.address else context.chat.name


def _chat_name(context: CommandContext) -> str:
    """Returns the key of the question, which is unique per person and chat."""
    return f"forget:{context.origin.address}:{context.chat.address}:{context.request.sender}"


COMMANDS = (
    Command(
        name="connect",
        run=connect,
        usage="[@name|-100…|off]",
        summary=errors.Sentence("manage a group or channel from here"),
        stays_here=True,
        args_are_chat=True,
        writes=True,
    ),
    Command(name="privacy", run=privacy, summary=errors.Sentence("what I store of this chat")),
    Command(
        name="forget", run=forget_, needs_manager=True, summary=errors.Sentence("erase this chat, after one question")
    ),
)

CALLBACKS = {
    "connect": Callback(run=connect, writes=True),
    "disconnect": Callback(run=on_disconnect, stays_here=True, writes=True),
    "privacy": Callback(run=on_privacy, needs_manager=True),
    "forget": Callback(run=on_forget, needs_manager=True, replaces=True),
    "keep": Callback(run=on_keep, needs_manager=True, replaces=True),
}
