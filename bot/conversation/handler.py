"""From a person's request to its reply: what must be asked first, then the effect and the reply in one transaction."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from bot.commands import refused
from bot.commands.access import Entry, entered
from bot.commands.asking import still_asked, turn_away
from bot.commands.named import waiting
from bot.commands.plain import PLAIN
from bot.commands.presses import read_press
from bot.commands.registry import PRESSES
from bot.commands.returning import welcome_back
from bot.commands.spelling import spelled
from bot.commands.turn import Turn
from bot.commands.understanding import ABOUT, Intent, understand
from bot.context.dependencies import Talk, Wire
from bot.conversation.authorization import Gate, Refusal, no, right_to
from bot.conversation.form_routing import Placed, bound_board, on_form, placed, sheet_link
from bot.conversation.stored_reply import Posting, read_posting
from bot.conversation.visibility import is_whispered, wishes_of, with_invitation, without_toast
from bot.ports.button import Button, Buttons
from bot.ports.conversation import TOPIC_UNTOLD, Place, Request
from bot.ports.reply import Reply
from subscriptions import (
    Chat,
    ChatAddress,
    ChatKind,
    Link,
    NotDelivered,
    PaperwireError,
    QueryError,
    StoreError,
    WouldWrite,
    add_links,
    commands_since,
    describe,
    find_link,
    had_its_effect,
    home_of,
    is_gone,
    known_or_new,
    meet,
    name_of,
    once,
    one_address,
    read_recent,
    remember,
    where_told,
)

log = logging.getLogger("paperwire")

OLDEST = timedelta(days=1)  # what was written earlier, while nothing ran, is not answered any more
MINUTE = timedelta(minutes=1)
A_MINUTE = 20  # commands that one chat may give
LONGEST_FILE = 256 * 1024  # bytes of a document that is looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the platform said before a request could have its effect."""

    intent: Intent
    place: Place  # the chat that it is about
    request: Request | None = None  # with what the platform knew beside it
    refusal: Refusal | None = None  # runs instead of what was asked for
    vouched: bool = False  # somebody who runs the bot administers that chat
    file: bytes = b""
    chats: frozenset[str] | None = None  # where its sender is, too


async def ask(wire: Wire, talk: Talk, request: Request) -> Asked | None:
    """Finds out what is asked for and whether it may be done; None: there is nothing to answer."""
    now = wire.clock.now()
    if request.written is not None and request.written < now - OLDEST and not request.edited:
        log.info("A message of %s is older than a day and was not answered.", request.written.isoformat())
        return None
    if await asyncio.to_thread(had_its_effect, wire.store, request.chat.platform, request.update):
        return None
    link: Link | None = None
    if request.view and request.pressed:
        found = await asyncio.to_thread(placed, wire.store, request, now=now)
        if found is None or not await _may_look(talk, request, found):
            return Asked(intent=Intent(run=_old_form), place=request.place)
        request, link = found.request, found.link
    else:
        if request.chat.topic or request.told:
            request = await asyncio.to_thread(_at_home, wire, request)
        if request.pressed:
            link = await asyncio.to_thread(_link, wire, request)
    intent = understand(request, link, now=now)
    if intent is None:
        old = Asked(intent=Intent(run=_old_button), place=request.place, request=request)
        return old if request.pressed else None
    venue = talk.venues.get(request.chat.platform)
    if venue is not None:
        request = await venue.acquaint(request, changes=intent.changes or intent.wants_chats)
    return await _allowed(wire, talk, request, intent)


async def _may_look(talk: Talk, request: Request, found: Placed) -> bool:
    """Whether the person is still where something on their board leads to; nobody can tell on some platforms."""
    chat, forms = found.request.chat, talk.forms.get(request.chat.platform)
    if not found.on_board or chat == request.chat or forms is None:
        return True
    with suppress(NotDelivered):  # whether they may change something there is asked anyway
        there = await forms.chats_with(request.chat)
        return there is None or chat.address in there
    return True


async def _chats(talk: Talk, request: Request, intent: Intent) -> frozenset[str] | None:
    """The chats where the person is, if the request is about them."""
    forms = talk.forms.get(request.chat.platform) if intent.wants_chats else None
    with suppress(NotDelivered):
        return await forms.chats_with(request.chat) if forms is not None else None
    return None


def _at_home(wire: Wire, request: Request) -> Request:
    """The request with the chat that it belongs to, where it was said in a thread."""
    if direct := request.told.get("direct"):
        prefix, _, _ = request.sender.rpartition("/")
        one_address(wire.store, request.chat, f"{prefix}/{direct}" if prefix else direct, now=wire.clock.now())
    if TOPIC_UNTOLD in request.told:
        request = _in_its_topic(wire, request)
    home = home_of(wire.store, request.chat) if request.chat.topic else request.chat
    if home == request.chat:
        return request
    return replace(request, place=replace(request.place, chat=home), thread=request.chat.topic)


def _in_its_topic(wire: Wire, request: Request) -> Request:
    """The press with the topic that its button was made for; of a very old message the platform tells only the chat."""
    topics = f"{request.chat}/"
    if pressed := read_press(request.pressed, ""):
        told = where_told(wire.store, request.chat.lane, str(pressed.arguments["delivery"]))
        place = str(told or "")
    else:
        link = find_link(wire.store, request.pressed)
        place = link.place if link else ""
    if not place.startswith(topics):
        return request
    return replace(request, place=replace(request.place, chat=replace(request.chat, topic=place.removeprefix(topics))))


def _link(wire: Wire, request: Request) -> Link | None:
    """What the pressed button stands for, if it may be pressed here and by this person. Callback data is never trusted."""
    link = read_press(request.pressed, str(request.chat)) or find_link(wire.store, request.pressed)
    if link is None or link.person not in ("", request.sender):
        return None
    moved_to = known_or_new(wire.store, request.chat, request.place.kind).address
    return link if link.place in ("", str(request.chat), str(moved_to)) else None


async def _allowed(wire: Wire, talk: Talk, request: Request, intent: Intent) -> Asked:
    """The intent with its place, or with the refusal that stands in its stead."""
    venue = talk.venues.get(request.chat.platform)
    gate = Gate(store=wire.store, venue=venue, house=talk.house, now=wire.clock.now())
    right = await right_to(gate, request, intent)
    refusal, file = right.refusal, b""
    if refusal is None and intent.wants_file and request.file and venue:
        try:
            file = await venue.fetch(request.file, LONGEST_FILE)
        except NotDelivered as error:
            refusal = partial(_unreadable, why=str(error))
        except PaperwireError as error:
            refusal = partial(_unfit, error=error)
    return Asked(
        intent=intent,
        place=right.place,
        request=request,
        refusal=refusal,
        vouched=right.vouched,
        file=file,
        chats=await _chats(talk, request, intent),
    )


def effect(wire: Wire, talk: Talk, request: Request, asked: Asked) -> Posting | None:
    """What was asked for happens, and its reply is stored, in one transaction. None: it happened before, or silently."""
    request = asked.request or request
    platform, now = request.chat.platform, wire.clock.now()
    looked = _looked(wire, talk, request, asked)
    if asked.intent.changes:
        read_recent(wire.store, now=now)  # nobody else can write while they are read inside

    def happen() -> str:
        turn = _turn(wire, talk, request, asked)
        missed = _returned(turn)
        if missed is not None:
            turn = _turn(wire, talk, request, asked)
        before = wishes_of(wire.store, request.chat) if asked.intent.changes else ()
        reply = _with(looked or _reply(wire, turn, asked, wire.store.write), missed)
        reply = _with_rest(turn, reply) if not asked.intent.alone else reply
        reply = on_form(reply) if request.sent else reply
        if reply is None:
            return ""
        changed = asked.intent.changes and before != wishes_of(wire.store, request.chat)
        return _posting(wire, talk, turn, reply, changed=changed).written()

    stored, new = once(wire.store, platform, request.update, happen, chat=str(request.chat), now=now)
    return read_posting(request.update, stored) if new and stored else None


def _looked(wire: Wire, talk: Talk, request: Request, asked: Asked) -> Reply | None:
    """The reply to a request that changes nothing, found out before the transaction: nobody waits for a search.

    None: the request wants to write after all, and is run once more inside.
    """
    if asked.intent.changes or asked.refusal is not None:
        return None
    try:
        with wire.store.look():
            return _reply(wire, _turn(wire, talk, request, asked), asked, nullcontext)
    except WouldWrite:
        return None


def stumbled(wire: Wire, talk: Talk, request: Request) -> Posting | None:
    """A request that our code fails over had its effect, which is none, and is answered kindly. Raises StoreError."""
    try:
        return effect(wire, talk, request, Asked(intent=Intent(run=_sorry, counts=False), place=request.place))
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - not even an answer can be made; that it was taken is all that is left to say
        once(wire.store, request.chat.platform, request.update, str, chat="", now=wire.clock.now())
        return None


def _turn(wire: Wire, talk: Talk, request: Request, asked: Asked) -> Turn:
    home = _described(wire, request.place, request.language)
    chat = home if asked.place.chat == request.chat else _described(wire, asked.place, request.language)
    voice = talk.voice(_reader(wire, request, home).settings.lang, chat.settings.timezone)
    venue = talk.venues.get(request.chat.platform)
    alone = venue is not None and venue.whispers and not asked.intent.changes
    return Turn(
        store=wire.store,
        now=wire.clock.now(),
        request=request,
        chat=chat,
        home=home,
        args=asked.intent.args,
        arguments=asked.intent.arguments,
        file=asked.file,
        voice=voice,
        words=talk.words(voice),
        house=talk.house,
        seen_by_all=request.place.kind is not ChatKind.PRIVATE and not alone,
        chats=asked.chats,
    )


def _chat(wire: Wire, place: Place, language: str) -> Chat:
    return known_or_new(
        wire.store, place.chat, place.kind, title=place.title, lang=language, public=place.public
    )  # fmt: skip


def _described(wire: Wire, place: Place, language: str) -> Chat:
    """The chat, under the name that the platform gives it by now."""
    chat = _chat(wire, place, language)
    known_as = (chat.title, chat.public)
    if not chat.id or not place.title or chat.address != place.chat or known_as == (place.title, place.public):
        return chat
    describe(wire.store, chat.address, title=place.title, public=place.public)
    return _chat(wire, place, language)


def _reader(wire: Wire, request: Request, home: Chat) -> Chat:
    """Whose language is spoken: of what happens to a channel the person hears who did it, in private."""
    if not request.happened or home.kind is not ChatKind.BROADCAST or not request.sender:
        return home
    private = ChatAddress(request.chat.platform, request.sender)
    return _chat(wire, Place(chat=private, kind=ChatKind.PRIVATE), request.language)


def _returned(turn: Turn) -> Reply | None:
    """Who writes to us in private can be written to again; what waits for them is offered behind the answer."""
    wrote = turn.home.kind is ChatKind.PRIVATE and not turn.request.happened
    return (welcome_back(turn) or Reply()) if wrote and is_gone(turn.home) else None


def _with(reply: Reply | None, missed: Reply | None) -> Reply | None:
    if missed is None or not missed.lines:
        return reply
    if reply is None or not reply.lines:
        return missed
    return replace(reply, lines=(*reply.lines, *missed.lines), buttons=(*reply.buttons, *missed.buttons))


def _with_question(turn: Turn, reply: Reply | None) -> Reply | None:
    """The reply to words that are a command, while a question waits which they could have answered."""
    waits = still_asked(turn)
    return replace(reply, lines=(*reply.lines, waits)) if reply is not None and reply.lines and waits else reply


def _with_rest(turn: Turn, reply: Reply | None) -> Reply | None:
    """The reply to the first of several commands says that it is to one only."""
    if reply is None or not (reply.lines or reply.items or reply.delivery or reply.code):
        return reply
    said = turn.say("I did the first command only; send each by itself.")
    return replace(reply, lines=(*reply.lines, said))


def _reply(
    wire: Wire, turn: Turn, asked: Asked, undone_by_an_error: Callable[[], AbstractContextManager[object]]
) -> Reply | None:
    """Runs what was asked for. A refusal undoes all that was begun, and is the reply."""
    given = commands_since(wire.store, turn.request.chat, turn.now - MINUTE) if asked.intent.counts else 0
    if given >= A_MINUTE:
        return _too_many(turn) if given == A_MINUTE or turn.request.pressed else None
    if asked.refusal is not None:
        return asked.refusal(turn)
    if asked.intent.operator and not turn.admin:
        return _operators_only(turn)
    try:
        with undone_by_an_error():
            turn = _met(wire, turn) if asked.intent.changes else turn
            before = Entry.of(turn)
            if asked.intent.run is not PLAIN.run:
                turn_away(turn)
            reply = entered(turn, before, asked.intent.run(turn), vouched=asked.vouched)
            return _with_question(turn, reply) if asked.intent.spoken else reply
    except StoreError:
        raise  # the request waits for the database
    except QueryError as error:
        return refused(error, turn.voice, code=turn.words.caret(turn.args, error.column))
    except PaperwireError as error:
        return refused(error, turn.voice)


def _met(wire: Wire, turn: Turn) -> Turn:
    """Whoever changes something is known from then on, and spoken to in the language and the zone that they have then."""
    if turn.chat.id:
        return turn
    chat = turn.chat
    known = meet(
        turn.store,
        chat.address,
        chat.kind,
        now=turn.now,
        title=chat.title,
        lang=turn.request.language,
        timezone=turn.request.timezone,
        public=chat.public,
        by=ChatAddress(chat.address.platform, turn.request.sender) if chat.kind is not ChatKind.PRIVATE else None,
    )
    home = known if turn.home.address == known.address else turn.home
    voice = turn.voice.speaking(home.settings.lang, known.settings.timezone)
    words = wire.talk.words(voice) if wire.talk else turn.words
    return replace(turn, chat=known, home=home, voice=voice, words=words)


def _posting(wire: Wire, talk: Talk, turn: Turn, reply: Reply, *, changed: bool) -> Posting:
    request, venue = turn.request, talk.venues.get(turn.request.chat.platform)
    to = _addressee(wire, turn, reply)
    whispered = is_whispered(turn, reply, venue, changed=changed)
    if venue is not None and venue.whispers:
        reply = without_toast(with_invitation(turn, reply) if changed else reply)
    about = str(turn.chat.address) if turn.chat.address != to.address else ""
    numbers, *rows = _bound(wire, (reply.numbers, *reply.buttons), to, about)
    bound = replace(reply, numbers=numbers, buttons=tuple(row for row in rows if row))
    if about and reply.to is None:
        bound = _named(turn, bound)
    bound = spelled(bound, to.address)
    shown = bool(bound.lines or bound.items or bound.delivery or bound.code)
    if reply.looks_up:
        remember(wire.store, *waiting(request, reply.looks_up), now=turn.now)
    return Posting(
        update=request.update,
        chat=to.address,
        messages=talk.render(bound, to) if shown else (),
        replaces=request.message if reply.replaces and request.pressed and whispered == request.fleeting else "",
        press=request.press,
        toast=bound.toast,
        file=(reply.file.name, reply.file.text) if reply.file else None,
        thread=request.thread if reply.to is None else "",
        whispered=whispered,
        person=request.sender if whispered or request.fleeting or bound.board else "",
        answer_at=request.answer_at if reply.to is None else "",
        fleeting=request.fleeting and reply.replaces,
        sheet=talk.sheet(bound.sheet, sheet_link(turn, bound.sheet), turn.home) if bound.sheet else "",
        instead=talk.render(Reply(lines=(bound.sheet.instead,)), to) if bound.sheet and bound.sheet.instead else (),
        board=talk.board(bound_board(turn, bound.board), turn.home) if bound.board else "",
        opens=request.opens,
        view=request.view if request.filled else "",
        problems=bound.problems,
        looks_up=reply.looks_up,
        changed=changed or bool(request.view and request.pressed and not request.filled),
    )


def _addressee(wire: Wire, turn: Turn, reply: Reply) -> Chat:
    """Where the reply goes."""
    if reply.to is None:
        return turn.home
    kind = turn.home.kind if reply.to.lane == turn.home.address.lane else ChatKind.PRIVATE
    return _chat(wire, Place(chat=reply.to, kind=kind), turn.request.language)


def _named(turn: Turn, reply: Reply) -> Reply:
    """A reply about another chat than the one where it stands says which."""
    if reply.names_chat or not (reply.lines or reply.items or reply.delivery or reply.code):
        return reply
    first, *rest = reply.lines or ("",)
    line = turn.say("{chat}: {line}", chat=name_of(turn.chat), line=first).rstrip()
    return replace(reply, lines=(line, *rest))


def _bound(wire: Wire, rows: Buttons, to: Chat, about: str) -> Buttons:
    """The buttons with ids of what they do; these stand in the store, so they survive a restart.

    Where strangers read along there are none but links. `about` is the other chat that they are about, or "".
    """
    if to.public or to.kind is ChatKind.BROADCAST:
        rows = tuple(tuple(button for button in row if button.url) for row in rows)
    wanted = [button for row in rows for button in row if button.verb]
    links = [Link(verb=b.verb, arguments=_about(b, about), place=str(to.address), person=b.only) for b in wanted]
    ids = iter(add_links(wire.store, links, now=wire.clock.now()))
    return tuple(tuple(replace(b, data=next(ids)) if b.verb else b for b in row) for row in rows)


def _about(button: Button, about: str) -> Mapping[str, Any]:
    """What a button carries. One that is about the chat where it stands, whatever the reply is about, says nothing of it."""
    press = PRESSES.get(button.verb)
    if not about or (press is not None and press.here):
        return button.arguments
    return {ABOUT: about, **button.arguments}


# -------------------------------------------------------------------------------------------------- refusals of our own


def _sorry(turn: Turn) -> Reply | None:
    request = turn.request
    words = turn.say("I stumbled over that; nothing was changed. Say it another way, or tell the operator.")
    if request.pressed:
        return Reply(toast=words)
    return Reply(lines=(words,), ok=False) if request.meant or request.command else None


def _old_form(turn: Turn) -> Reply:
    words = turn.say("This form is too old, or not yours. Nothing was changed; please open it again.")
    return Reply(lines=(words,), ok=False) if turn.request.sent else Reply(toast=words)


def _old_button(turn: Turn) -> Reply:
    return Reply(toast=turn.say("This button does not work any more, or not for you."))


def _operators_only(turn: Turn) -> Reply:
    return no(turn, turn.say("Only the operator of this bot can do that."))


def _unreadable(turn: Turn, *, why: str) -> Reply:
    return Reply(lines=(turn.say("The file cannot be read: {why}", why=why),), ok=False)


def _unfit(turn: Turn, *, error: PaperwireError) -> Reply:
    return refused(error, turn.voice)


def _too_many(turn: Turn) -> Reply:
    words = turn.say("That was a lot at once. I listen again in a minute.")
    return Reply(toast=words) if turn.request.pressed else Reply(lines=(words,))


async def answer(wire: Wire, request: Request) -> Posting | None:
    """What a person asked for happens, and its reply is stored. None: it happened before, or nobody is to be answered."""
    if wire.talk is None:
        return None
    asked = await ask(wire, wire.talk, request)
    return await asyncio.to_thread(effect, wire, wire.talk, request, asked) if asked else None


def stumble(wire: Wire, request: Request) -> Posting | None:
    """What is answered where we failed over a request; it counts as taken. Raises StoreError."""
    return stumbled(wire, wire.talk, request) if wire.talk else None
