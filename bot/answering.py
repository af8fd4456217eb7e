"""From a person's request to its reply: what must be asked first, the effect in one transaction, the posting."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from bot.commands import refused
from bot.commands.access import Entry, entered
from bot.commands.presses import read_press
from bot.commands.registry import PRESSES
from bot.commands.returning import welcome_back
from bot.commands.turn import Turn
from bot.commands.understanding import ABOUT, Intent, understand
from bot.ports import Button, Buttons, File, Place, Reply, Request
from bot.posting import Posting, read_posting
from bot.rights import Gate, Refusal, no, right_to
from bot.wire import Talk, Wire
from subscriptions import (
    Chat,
    ChatAddress,
    ChatGone,
    ChatKind,
    ChatMoved,
    Link,
    Message,
    NotDelivered,
    PaperwireError,
    QueryError,
    Rejected,
    RetryLater,
    StoreError,
    WouldWrite,
    add_links,
    chat_moved,
    commands_since,
    describe,
    find_link,
    had_its_effect,
    is_gone,
    known_or_new,
    lose_place,
    meet,
    name_of,
    once,
    reply_is_over,
)

log = logging.getLogger("paperwire")

OLDEST = timedelta(days=1)  # what was written earlier, while nothing ran, is not answered any more
MINUTE = timedelta(minutes=1)
A_MINUTE = 20  # commands that one chat may give
LONGEST_FILE = 256 * 1024  # bytes of a document that is looked at
WAITED_FOR = 600.0  # seconds that a reply is worth waiting for
FIRST_WAIT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the platform said before a request could have its effect."""

    intent: Intent
    place: Place  # the chat that it is about
    refusal: Refusal | None = None  # runs instead of what was asked for
    vouched: bool = False  # somebody who runs the bot administers that chat
    file: bytes = b""


async def ask(wire: Wire, talk: Talk, request: Request) -> Asked | None:
    """Finds out what is asked for and whether it may be done; None: there is nothing to answer."""
    now = wire.clock.now()
    if request.written is not None and request.written < now - OLDEST and not request.edited:
        log.info("A message of %s is older than a day and was not answered.", request.written.isoformat())
        return None
    if await asyncio.to_thread(had_its_effect, wire.store, request.chat.platform, request.update):
        return None
    link = await asyncio.to_thread(_link, wire, request) if request.pressed else None
    intent = understand(request, link, now=now)
    if intent is None:
        return Asked(intent=Intent(run=_old_button), place=request.place) if request.pressed else None
    return await _allowed(wire, talk, request, intent)


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
        except (NotDelivered, PaperwireError) as error:
            refusal = partial(_unreadable, why=str(error))
    return Asked(intent=intent, place=right.place, refusal=refusal, vouched=right.vouched, file=file)


def effect(wire: Wire, talk: Talk, request: Request, asked: Asked) -> Posting | None:
    """What was asked for happens, and its reply is stored, in one transaction. None: it happened before, or silently."""
    platform, now = request.chat.platform, wire.clock.now()
    looked = _looked(wire, talk, request, asked)

    def happen() -> str:
        turn = _turn(wire, talk, request, asked)
        missed = _returned(turn)
        if missed is not None:
            turn = _turn(wire, talk, request, asked)
        reply = _with(looked or _reply(wire, turn, asked, wire.store.write), missed)
        if reply is None:
            return ""
        return _posting(wire, talk, turn, reply).written()

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
        seen_by_all=request.place.kind is not ChatKind.PRIVATE,
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


def _reply(
    wire: Wire, turn: Turn, asked: Asked, undone_by_an_error: Callable[[], AbstractContextManager[object]]
) -> Reply | None:
    """Runs what was asked for. A refusal undoes all that was begun, and is the reply."""
    given = commands_since(wire.store, turn.request.chat, turn.now - MINUTE) if asked.intent.counts else 0
    if given >= A_MINUTE:
        return _too_many(turn) if given == A_MINUTE else None
    if asked.refusal is not None:
        return asked.refusal(turn)
    if asked.intent.operator and not turn.admin:
        return _operators_only(turn)
    try:
        with undone_by_an_error():
            turn = _met(turn) if asked.intent.changes else turn
            before = Entry.of(turn)
            return entered(turn, before, asked.intent.run(turn), vouched=asked.vouched)
    except StoreError:
        raise  # the request waits for the database
    except QueryError as error:
        return refused(error, turn.voice, code=turn.words.caret(turn.args, error.column))
    except PaperwireError as error:
        return refused(error, turn.voice)


def _met(turn: Turn) -> Turn:
    """Whoever changes something is known from then on."""
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
        public=chat.public,
        by=ChatAddress(chat.address.platform, turn.request.sender) if chat.kind is not ChatKind.PRIVATE else None,
    )
    return replace(turn, chat=known, home=known if turn.home.address == known.address else turn.home)


def _posting(wire: Wire, talk: Talk, turn: Turn, reply: Reply) -> Posting:
    request = turn.request
    to = _addressee(wire, turn, reply)
    about = str(turn.chat.address) if turn.chat.address != to.address else ""
    numbers, *rows = _bound(wire, (reply.numbers, *reply.buttons), to, about)
    bound = replace(reply, numbers=numbers, buttons=tuple(row for row in rows if row))
    if about and reply.to is None:
        bound = _named(turn, bound)
    shown = bool(bound.lines or bound.items or bound.delivery or bound.code)
    return Posting(
        update=request.update,
        chat=to.address,
        messages=talk.render(bound, to) if shown else (),
        replaces=request.message if reply.replaces and request.pressed else "",
        press=request.press,
        toast=reply.toast,
        file=(reply.file.name, reply.file.text) if reply.file else None,
    )


def _addressee(wire: Wire, turn: Turn, reply: Reply) -> Chat:
    """Where the reply goes."""
    if reply.to is None:
        return turn.home
    kind = turn.home.kind if reply.to.lane == turn.home.address.lane else ChatKind.PRIVATE
    return _chat(wire, Place(chat=reply.to, kind=kind), turn.request.language)


def _named(turn: Turn, reply: Reply) -> Reply:
    """A reply about another chat than the one where it stands says which."""
    if not (reply.lines or reply.items or reply.delivery or reply.code):
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


# ------------------------------------------------------------------------------------------------------------- posting


async def say(wire: Wire, talk: Talk, posting: Posting) -> None:
    """Posts a reply, ahead of bulk and after the replies before it. What cannot arrive is let go."""
    venue = talk.venues.get(posting.chat.platform)
    if posting.press and venue:
        await venue.acknowledge(posting.press, posting.toast)
    async with talk.turns.setdefault(posting.chat.lane, asyncio.Lock()):
        try:
            chat = posting.chat
            for number, message in enumerate(posting.messages):
                chat = await _patiently(wire, chat, partial(_post, wire, posting, message, first=number == 0))
            if posting.file and venue:
                await _patiently(wire, chat, partial(_send_file, wire, talk, posting))
        except NotDelivered as error:
            log.warning("A reply did not arrive: %s", error.reason)
            await asyncio.to_thread(_follow, wire, posting.chat, error)
    await asyncio.to_thread(reply_is_over, wire.store, posting.chat.platform, posting.update)


async def _post(wire: Wire, posting: Posting, message: Message, chat: ChatAddress, *, first: bool, plain: bool) -> None:
    channel = wire.channels[chat.platform]
    if posting.replaces and first:
        await channel.edit(chat, posting.replaces, message, plain=plain)
    else:
        await channel.post(chat, message, delivery=f"reply{posting.update}", plain=plain)


async def _send_file(wire: Wire, talk: Talk, posting: Posting, chat: ChatAddress, *, plain: bool) -> None:
    del wire, plain
    assert posting.file is not None  # noqa: S101 - the caller looked
    await talk.venues[chat.platform].send_file(chat, File(name=posting.file[0], text=posting.file[1]))


async def _patiently(wire: Wire, chat: ChatAddress, post: Callable[..., Awaitable[None]]) -> ChatAddress:
    """Posts once its turn has come, again when the platform asks to wait, to the new address when the chat moved."""
    began, wait, plain = wire.clock.monotonic(), FIRST_WAIT, False
    while True:
        await _turn_of(wire, chat)
        wire.pace.sent(chat.lane, wire.clock.monotonic())
        try:
            await post(chat, plain=plain)
        except RetryLater as later:
            seconds = later.after.total_seconds() or wait
            if wire.clock.monotonic() + seconds - began > WAITED_FOR or wire.stopping():
                raise
            if later.after:
                now = wire.clock.monotonic()
                wire.pace.pause(chat.lane, now + seconds, now)
            await wire.clock.sleep(seconds)
            wait *= 2
        except ChatMoved as moved:
            await asyncio.to_thread(chat_moved, wire.store, chat, moved.address, now=wire.clock.now())
            chat = replace(chat, address=moved.address)
        except Rejected as error:
            if plain or not error.form:
                raise
            plain = True
        else:
            return chat


async def _turn_of(wire: Wire, chat: ChatAddress) -> None:
    """Waits until one more message of the lane and of the token may go, before everything that is not a reply."""
    while (wait := wire.pace.ready(chat.lane, now := wire.clock.monotonic(), urgent=True) - now) > 0:
        await wire.clock.sleep(wait)
    wait = await wire.engine.reserve(chat.platform, urgent=True) - wire.clock.monotonic()
    if wait > 0:
        await wire.clock.sleep(wait)


def _follow(wire: Wire, chat: ChatAddress, outcome: NotDelivered) -> None:
    """What follows for the chat when nobody may write there any more."""
    if isinstance(outcome, ChatGone):
        lose_place(wire.store, chat, outcome.reason, topic=outcome.scope == "topic", now=wire.clock.now())


# -------------------------------------------------------------------------------------------------- refusals of our own


def _sorry(turn: Turn) -> Reply | None:
    request = turn.request
    words = turn.say("I stumbled over that; nothing was changed. Say it another way, or tell the operator.")
    if request.pressed:
        return Reply(toast=words)
    return Reply(lines=(words,), ok=False) if request.meant or request.command else None


def _old_button(turn: Turn) -> Reply:
    return Reply(toast=turn.say("This button does not work any more, or not for you."))


def _operators_only(turn: Turn) -> Reply:
    return no(turn, turn.say("Only the operator of this bot can do that."))


def _unreadable(turn: Turn, *, why: str) -> Reply:
    return Reply(lines=(turn.say("The file cannot be read: {why}", why=why),), ok=False)


def _too_many(turn: Turn) -> Reply:
    return Reply(lines=(turn.say("That was a lot at once. I listen again in a minute."),))
