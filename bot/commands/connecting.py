"""connect: a group or channel is managed from a private chat, where nobody else reads along."""

from datetime import datetime, timedelta

from bot.commands.asking import forget_question
from bot.commands.beginning import add_row
from bot.commands.turn import Callback, Command, CommandContext
from bot.ports.button import Button
from bot.ports.reply import Reply
from subscriptions.addresses import parse_address
from subscriptions.cutting import clip
from subscriptions.errors import Sentence
from subscriptions.model import CallbackToken, Chat, ChatAddress, ChatKind
from subscriptions.service.chats import (
    chats_of,
    clear_conversation_state,
    get_conversation_state,
    known_or_new,
    meet,
    owner_of,
    set_conversation_state,
    set_owner,
)
from subscriptions.service.notices import name_of
from subscriptions.store import Scope

LASTS = timedelta(days=90)  # as long as the store keeps what a conversation remembers
_OFF = frozenset({"off", "end", "stop", "quit"})
_SHOWN = 10  # chats as buttons; others are named in words
_LABEL = 40


def connection(store: Scope, home: ChatAddress, *, now: datetime) -> ChatAddress | None:
    """The chat that a private chat manages at present."""
    link = get_conversation_state(store, _name(home), since=now - LASTS)
    return parse_address(str(link.arguments["chat"])) if link else None


def disconnect(turn: CommandContext) -> None:
    """The private chat is about itself again."""
    clear_conversation_state(turn.store, _name(turn.origin.address))


def connect(turn: CommandContext) -> Reply:
    """Without words the chats to choose from, `off` to end it, else the chat that was named, which rights were asked for."""
    if turn.request.place.kind is not ChatKind.PRIVATE:
        return _in_private(turn)
    if turn.chat.address != turn.origin.address:
        return _begin(turn)
    if turn.args.casefold() in _OFF:
        return _end(turn)
    if turn.args:
        words = turn.say("Say which chat: /connect @name, or /connect -100… with its number.")
        return Reply(lines=(words,), ok=False)
    return _choices(turn)


def _begin(turn: CommandContext) -> Reply:
    chat = known(turn)
    # Notices about that chat find them here.
    meet(turn.store, turn.origin.address, turn.origin.kind, now=turn.now, lang=turn.request.language)
    link = CallbackToken(
        verb="connect",
        arguments={"chat": str(chat.address)},
        place=str(turn.origin.address),
        person=turn.request.sender,
    )
    set_conversation_state(turn.store, _name(turn.origin.address), link, now=turn.now)
    _add_to_theirs(turn, chat.address)
    forget_question(turn)
    end = Button(label=turn.say("back to this chat"), verb="disconnect")
    return Reply(
        lines=(
            turn.say("What you say here is about {chat} from now on: /sub diffusion, /list, /set.", chat=name_of(chat)),
            turn.say("/connect off ends that."),
        ),
        ok=True,
        buttons=((end,),),
        names_chat=True,
    )


def known(turn: CommandContext) -> Chat:
    """The chat that a person turns to, met and remembered as theirs if it is nobody's."""
    there = turn.chat
    chat = meet(
        turn.store,
        there.address,
        there.kind,
        now=turn.now,
        title=there.title,
        public=there.public,
        lang=turn.request.language,
        by=turn.person,
    )
    if not owner_of(turn.store, chat.address):
        set_owner(turn.store, chat.address, turn.request.sender)
    return chat


def _end(turn: CommandContext) -> Reply:
    was = connection(turn.store, turn.origin.address, now=turn.now)
    disconnect(turn)
    if was is None:
        return Reply(lines=(turn.say("What you say here is about this chat already."),), ok=True)
    return Reply(lines=(turn.say("What you say here is about this chat again."),), ok=True)


def press_disconnect(turn: CommandContext) -> Reply:
    """[back to this chat]."""
    return _end(turn)


def _choices(turn: CommandContext) -> Reply:
    managed = connection(turn.store, turn.origin.address, now=turn.now)
    theirs = _theirs(turn)
    chats = [chat for address, chat in theirs.items() if address != managed][:_SHOWN]
    lines = []
    if managed is not None:
        name = name_of(theirs[managed]) if managed in theirs else str(managed)
        lines.append(turn.say("What you say here is about {name} now; /connect off ends that.", name=name))
    if chats:
        lines.append(turn.say("Which chat do you want to manage from here?"))
    lines.append(
        turn.say(
            "Add me to a group, or to a channel as an admin that may post; then /connect @name, or choose it here."
        )
    )
    rows = tuple((_choice(turn, chat),) for chat in chats)
    return Reply(lines=tuple(lines), buttons=(*rows, *add_row(turn)))


def _theirs(turn: CommandContext) -> dict[ChatAddress, Chat]:
    """The chats that a person set up or turned to before. Whether they still may is asked when they choose one."""
    before = get_conversation_state(turn.store, _theirs_name(turn.origin.address), since=turn.now - LASTS)
    addresses = [parse_address(text) for text in before.arguments["chats"]] if before else []
    turned_to = (known_or_new(turn.store, address, ChatKind.BROADCAST) for address in addresses)
    return {chat.address: chat for chat in (*chats_of(turn.store, turn.origin.address), *turned_to) if chat.id}


def _add_to_theirs(turn: CommandContext, address: ChatAddress) -> None:
    name = _theirs_name(turn.origin.address)
    before = get_conversation_state(turn.store, name, since=turn.now - LASTS)
    chats = [str(address), *(c for c in (before.arguments["chats"] if before else ()) if c != str(address))]
    link = CallbackToken(verb="connect", arguments={"chats": chats[:_SHOWN]}, place=str(turn.origin.address))
    set_conversation_state(turn.store, name, link, now=turn.now)


def _choice(turn: CommandContext, chat: Chat) -> Button:
    label = clip(name_of(chat), _LABEL)
    return Button(label=label, verb="connect", arguments={"about": str(chat.address)}, only_for=turn.request.sender)


def _in_private(turn: CommandContext) -> Reply:
    links, bot = turn.links
    rows = ((Button(label=turn.say("open"), url=links.open(bot)),),) if links else ()
    return Reply(lines=(turn.say("Write /connect to me in private: there this chat can be managed."),), buttons=rows)


def _name(home: ChatAddress) -> str:
    """What the connection is remembered under."""
    return f"connect:{home}"


def _theirs_name(home: ChatAddress) -> str:
    return f"chats:{home}"


COMMANDS = (
    Command(
        name="connect",
        run=connect,
        usage="[@name|-100…|off]",
        summary=Sentence("manage a group or channel from here"),
        stays_here=True,
        args_are_chat=True,
    ),
)
PRESSES = {
    "connect": Callback(run=connect),
    "disconnect": Callback(run=press_disconnect, stays_here=True),
}
