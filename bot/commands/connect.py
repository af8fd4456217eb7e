"""connect: chooses the chat that commands are about, by its name or among the chats of the person; how many are shown."""

from dataclasses import replace

from bot.commands import asking
from bot.commands.context import Callback, Command, CommandContext
from bot.commands.start import add_row
from bot.ports import channel
from subscriptions import errors, model
from subscriptions.addresses import parse_address
from subscriptions.service import chat_status, conversation_state
from subscriptions.store import admitted_chats
from subscriptions.texts.cutting import clip

_OFF = frozenset({"off", "end", "stop", "quit"})
_SHOWN = 10  # chats that are shown as buttons
_LABEL = 40


def disconnect(context: CommandContext) -> None:
    """Ends the connection: commands in the private chat are about that chat again."""
    context.drop(conversation_state.managed_name(context.origin.address))


def connect(context: CommandContext) -> channel.Reply:
    """Connects the private chat to the named chat; without a name, shows the chats to choose from; `off` disconnects.

    The rights of the sender in the named chat were checked before.
    """
    if not context.request.place.is_private:
        return _in_private(context)
    if not context.is_about_here:
        return _begin(context)
    if context.args.casefold() in _OFF:
        return on_disconnect(context)
    if context.args:
        return context.reply("Say which chat: /connect @name, or /connect -100… with its number.", ok=False)
    return _choices(context)


def _begin(context: CommandContext) -> channel.Reply:
    chat = remember_managed_chat(context)
    # The private chat must be stored, because notices about the managed chat are sent there.
    store_private_chat(context, context.origin.address)
    context.remember(
        conversation_state.managed_name(context.origin.address),
        {"chat": str(chat.address)},
        lasts=chat_status.MANAGED_FOR,
    )
    _add_to_chats_of_person(context, chat.address)
    asking.drop_question(context)
    end = context.button("back to this chat", "disconnect")
    return channel.Reply(
        lines=(
            context.say("What you say here is about {chat} from now on: /sub diffusion, /list, /set.", chat=chat.name),
            context.say("/connect off ends that."),
        ),
        ok=True,
        buttons=((end,),),
        names_chat=True,
    )


def store_private_chat(context: CommandContext, address: model.ChatAddress) -> None:
    """Stores the private chat of the sender, so that it can get notices."""
    conversation_state.store_chat(
        context.transaction, address, model.ChatKind.PRIVATE, now=context.now, lang=context.request.language
    )


def remember_managed_chat(context: CommandContext) -> model.Chat:
    """Stores the chat that a person manages, with the person as its owner if it has none."""
    there = context.chat
    chat = conversation_state.store_chat(
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
        admitted_chats.set_owner(context.transaction, chat.id, context.request.sender)
    return chat


def on_disconnect(context: CommandContext) -> channel.Reply:
    """Handles [back to this chat] and /connect off: ends the connection."""
    was = conversation_state.managed_chat(context.transaction, context.origin.address, now=context.now)
    disconnect(context)
    if was is None:
        return context.reply("What you say here is about this chat already.", ok=True)
    return context.reply("What you say here is about this chat again.", ok=True)


def _choices(context: CommandContext) -> channel.Reply:
    managed = conversation_state.managed_chat(context.transaction, context.origin.address, now=context.now)
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
    turned_to = (
        conversation_state.known_or_new(context.transaction, parse_address(text), model.ChatKind.BROADCAST)
        for text in _turned_to(context)
    )
    set_up = admitted_chats.chats_of(context.transaction, context.origin.address)
    return {chat.address: chat for chat in (*set_up, *turned_to) if chat.id}


def _add_to_chats_of_person(context: CommandContext, address: model.ChatAddress) -> None:
    chats = [str(address), *(other for other in _turned_to(context) if other != str(address))]
    context.remember(_chats_name(context), {"chats": chats[:_SHOWN]}, lasts=chat_status.MANAGED_FOR)


def _turned_to(context: CommandContext) -> list[str]:
    """Returns the addresses of the chats that the person managed, the last one first."""
    before = context.remembered(_chats_name(context))
    if before:
        return list(before.arguments["chats"])
    return []


def _choice(context: CommandContext, chat: model.Chat) -> channel.Button:
    label, about = clip(chat.name, _LABEL), str(chat.address)
    return context.labelled(label, "connect", about=about, only_for=context.request.sender)


def _in_private(context: CommandContext) -> channel.Reply:
    links, bot = context.links
    reply = context.reply("Write /connect to me in private: there this chat can be managed.")
    if links is None:
        return reply
    return replace(reply, buttons=((channel.Button(label=context.say("open"), url=links.open(bot)),),))


def _chats_name(context: CommandContext) -> str:
    return f"chats:{context.origin.address}"


COMMANDS = (
    Command(
        name="connect",
        examples=("/connect", "/connect @mychannel"),
        run=connect,
        usage="[@name|-100…|off]",
        summary=errors.Sentence("manage a group or channel from here"),
        stays_here=True,
        args_are_chat=True,
        writes=True,
    ),
)

CALLBACKS = {
    "connect": Callback(run=connect, writes=True),
    "disconnect": Callback(run=on_disconnect, stays_here=True, writes=True),
}
