"""connect: manages a group or channel from a private chat, where no other member reads the commands."""

from datetime import datetime, timedelta

from bot.commands.chat.start import add_row
from bot.commands.core.asking import forget_question
from bot.commands.core.context import Callback, Command, CommandContext, always
from bot.ports.reply import Button, Reply
from subscriptions.addresses import parse_address
from subscriptions.cutting import clip
from subscriptions.errors import Sentence
from subscriptions.model import CallbackToken, Chat, ChatAddress, ChatKind
from subscriptions.service.chats.conversation_state import known_or_new, store_chat
from subscriptions.service.notices import name_of
from subscriptions.store import Scope
from subscriptions.store.chat.access import chats_of, set_owner
from subscriptions.store.conversations import clear_conversation_state, get_conversation_state, set_conversation_state

LASTS = timedelta(days=90)  # how long the store keeps the state of a conversation
_OFF = frozenset({"off", "end", "stop", "quit"})
_SHOWN = 10  # chats that have a button
_LABEL = 40


def connection(store: Scope, home: ChatAddress, *, now: datetime) -> ChatAddress | None:
    """Returns the chat that a private chat manages now; None if it manages none."""
    token = get_conversation_state(store, _name(home), since=now - LASTS)
    return parse_address(str(token.arguments["chat"])) if token else None


def disconnect(context: CommandContext) -> None:
    """Ends the connection: commands in the private chat are about that chat again."""
    clear_conversation_state(context.store, _name(context.origin.address))


def connect(context: CommandContext) -> Reply:
    """Connects to the named chat, for which rights were checked; `off` ends the connection; without a name shows the chats."""
    if context.request.place.kind is not ChatKind.PRIVATE:
        return _in_private(context)
    if context.chat.address != context.origin.address:
        return _begin(context)
    if context.args.casefold() in _OFF:
        return on_disconnect(context)
    if context.args:
        words = context.say("Say which chat: /connect @name, or /connect -100… with its number.")
        return Reply(lines=(words,), ok=False)
    return _choices(context)


def _begin(context: CommandContext) -> Reply:
    chat = remember_managed_chat(context)
    # Notices about the managed chat are sent to this one.
    store_chat(
        context.store, context.origin.address, context.origin.kind, now=context.now, lang=context.request.language
    )
    token = CallbackToken(
        verb="connect",
        arguments={"chat": str(chat.address)},
        place=str(context.origin.address),
        person=context.request.sender,
    )
    set_conversation_state(context.store, _name(context.origin.address), token, lasts=LASTS, now=context.now)
    _add_to_chats_of_person(context, chat.address)
    forget_question(context)
    end = Button(label=context.say("back to this chat"), verb="disconnect")
    return Reply(
        lines=(
            context.say(
                "What you say here is about {chat} from now on: /sub diffusion, /list, /set.", chat=name_of(chat)
            ),
            context.say("/connect off ends that."),
        ),
        ok=True,
        buttons=((end,),),
        names_chat=True,
    )


def remember_managed_chat(context: CommandContext) -> Chat:
    """Stores the chat that a person manages, with the person as its owner if it has none."""
    there = context.chat
    chat = store_chat(
        context.store,
        there.address,
        there.kind,
        now=context.now,
        title=there.title,
        public=there.public,
        lang=context.request.language,
        by=context.person,
    )
    if not chat.owner:
        set_owner(context.store, chat.id, context.request.sender)
    return chat


def on_disconnect(context: CommandContext) -> Reply:
    """Handles [back to this chat] and /connect off."""
    was = connection(context.store, context.origin.address, now=context.now)
    disconnect(context)
    if was is None:
        return Reply(lines=(context.say("What you say here is about this chat already."),), ok=True)
    return Reply(lines=(context.say("What you say here is about this chat again."),), ok=True)


def _choices(context: CommandContext) -> Reply:
    managed = connection(context.store, context.origin.address, now=context.now)
    theirs = _chats_of_person(context)
    chats = [chat for address, chat in theirs.items() if address != managed][:_SHOWN]
    lines = []
    if managed is not None:
        name = name_of(theirs[managed]) if managed in theirs else str(managed)
        lines.append(context.say("What you say here is about {name} now; /connect off ends that.", name=name))
    if chats:
        lines.append(context.say("Which chat do you want to manage from here?"))
    lines.append(
        context.say(
            "Add me to a group, or to a channel as an admin that may post; then /connect @name, or choose it here."
        )
    )
    rows = tuple((_choice(context, chat),) for chat in chats)
    return Reply(lines=tuple(lines), buttons=(*rows, *add_row(context)))


def _chats_of_person(context: CommandContext) -> dict[ChatAddress, Chat]:
    """Returns the chats that a person set up or managed before. Their rights are checked when they choose one."""
    before = get_conversation_state(context.store, _chats_name(context.origin.address), since=context.now - LASTS)
    addresses = [parse_address(text) for text in before.arguments["chats"]] if before else []
    turned_to = (known_or_new(context.store, address, ChatKind.BROADCAST) for address in addresses)
    return {chat.address: chat for chat in (*chats_of(context.store, context.origin.address), *turned_to) if chat.id}


def _add_to_chats_of_person(context: CommandContext, address: ChatAddress) -> None:
    name = _chats_name(context.origin.address)
    before = get_conversation_state(context.store, name, since=context.now - LASTS)
    chats = [str(address), *(c for c in (before.arguments["chats"] if before else ()) if c != str(address))]
    token = CallbackToken(verb="connect", arguments={"chats": chats[:_SHOWN]}, place=str(context.origin.address))
    set_conversation_state(context.store, name, token, lasts=LASTS, now=context.now)


def _choice(context: CommandContext, chat: Chat) -> Button:
    label = clip(name_of(chat), _LABEL)
    return Button(label=label, verb="connect", arguments={"about": str(chat.address)}, only_for=context.request.sender)


def _in_private(context: CommandContext) -> Reply:
    links, bot = context.links
    rows = ((Button(label=context.say("open"), url=links.open(bot)),),) if links else ()
    return Reply(lines=(context.say("Write /connect to me in private: there this chat can be managed."),), buttons=rows)


def _name(home: ChatAddress) -> str:
    """Returns the key of the connection."""
    return f"connect:{home}"


def _chats_name(home: ChatAddress) -> str:
    return f"chats:{home}"


COMMANDS = (
    Command(
        name="connect",
        run=connect,
        usage="[@name|-100…|off]",
        summary=Sentence("manage a group or channel from here"),
        stays_here=True,
        args_are_chat=True,
        writes=always,
    ),
)
CALLBACKS = {
    "connect": Callback(run=connect, writes=always),
    "disconnect": Callback(run=on_disconnect, stays_here=True, writes=always),
}
