"""From a person's request to its reply: what must be asked first, the effect in one transaction, the posting."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from bot.commands import refused
from bot.commands.presses import read_press
from bot.commands.turn import Turn
from bot.commands.understanding import Intent, understand
from bot.ports import Button, File, Place, Reply, Request, Venue
from bot.posting import Posting, read_posting
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
    add_links,
    chat_is_gone,
    chat_moved,
    commands_since,
    find_link,
    had_its_effect,
    known_or_new,
    meet,
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
    refusal: Callable[[Turn], Reply | None] | None = None  # runs instead of what was asked for
    file: bytes = b""


async def ask(wire: Wire, talk: Talk, request: Request) -> Asked | None:
    """Finds out what is asked for and whether it may be done; None: there is nothing to answer."""
    now = wire.clock.now()
    if request.written is not None and request.written < now - OLDEST:
        log.info("A message of %s is older than a day and was not answered.", request.written.isoformat())
        return None
    if await asyncio.to_thread(had_its_effect, wire.store, request.chat.platform, request.update):
        return None
    link = await asyncio.to_thread(_link, wire, request) if request.pressed else None
    intent = understand(request, link)
    if intent is None:
        return Asked(intent=Intent(run=_old_button), place=request.place) if request.pressed else None
    return await _allowed(wire, talk, request, intent)


def _link(wire: Wire, request: Request) -> Link | None:
    """What the pressed button stands for, if it may be pressed here and by this person. Callback data is never trusted."""
    link = read_press(request.pressed, str(request.chat)) or find_link(wire.store, request.pressed)
    if link is None or link.place not in ("", str(request.chat)) or link.person not in ("", request.sender):
        return None
    return link


async def _allowed(wire: Wire, talk: Talk, request: Request, intent: Intent) -> Asked:
    """The intent with its place, or with the refusal that stands in its stead."""
    venue = talk.venues.get(request.chat.platform)
    place = request.place
    if intent.target:
        found = await _place(venue, intent.target)
        if found is None:
            return Asked(intent=intent, place=request.place, refusal=_no_such_place)
        place = found
    refusal = await _refusal(wire, talk, request, intent, place)
    file = b""
    if refusal is None and intent.wants_file and request.file and venue:
        try:
            file = await venue.fetch(request.file, LONGEST_FILE)
        except (NotDelivered, PaperwireError) as error:
            refusal = partial(_unreadable, why=str(error))
    return Asked(intent=intent, place=place, refusal=refusal, file=file)


async def _place(venue: Venue | None, name: str) -> Place | None:
    try:
        return await venue.place(name) if venue else None
    except NotDelivered:
        return None


async def _refusal(
    wire: Wire, talk: Talk, request: Request, intent: Intent, place: Place
) -> Callable[[Turn], Reply | None] | None:
    """Why this person may not do this here; None: they may. Managers are asked for anew at each change."""
    elsewhere = place.chat != request.chat
    if not (intent.changes or elsewhere) or (place.kind is ChatKind.PRIVATE and not elsewhere):
        return None
    if request.proven and not elsewhere:
        return None
    if not elsewhere and intent.changes:
        chat = await asyncio.to_thread(known_or_new, wire.store, place.chat, place.kind)
        if chat.settings.manage == "members":
            return None
    venue = talk.venues.get(place.chat.platform)
    manages = await venue.manages(place.chat, request.sender) if venue and request.sender else False
    if manages is None:
        return _cannot_see
    return None if manages else _managers_only


def effect(wire: Wire, talk: Talk, request: Request, asked: Asked) -> Posting | None:
    """What was asked for happens, and its reply is stored, in one transaction. None: it happened before, or silently."""
    platform, now = request.chat.platform, wire.clock.now()

    def happen() -> str:
        turn = _turn(wire, talk, request, asked)
        reply = _reply(wire, turn, asked)
        if reply is None:
            return ""
        return _posting(wire, talk, turn, reply).written()

    stored, new = once(wire.store, platform, request.update, happen, chat=str(request.chat), now=now)
    return read_posting(request.update, stored) if new and stored else None


def _turn(wire: Wire, talk: Talk, request: Request, asked: Asked) -> Turn:
    home = _chat(wire, request.place, request.language)
    chat = home if asked.place.chat == request.chat else _chat(wire, asked.place, request.language)
    voice = talk.voice(home.settings.lang, chat.settings.timezone)
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


def _reply(wire: Wire, turn: Turn, asked: Asked) -> Reply | None:
    """Runs what was asked for. A refusal undoes all that was begun, and is the reply."""
    given = commands_since(wire.store, turn.request.chat, turn.now - MINUTE) if asked.intent.counts else 0
    if given >= A_MINUTE:
        return _too_many(turn) if given == A_MINUTE else None
    if asked.refusal is not None:
        return asked.refusal(turn)
    if asked.intent.operator and not turn.admin:
        return _operators_only(turn)
    try:
        with wire.store.write():
            return asked.intent.run(_met(turn) if asked.intent.changes else turn)
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
    )
    return replace(turn, chat=known, home=known if turn.home.address == known.address else turn.home)


def _posting(wire: Wire, talk: Talk, turn: Turn, reply: Reply) -> Posting:
    request = turn.request
    to = _chat(wire, Place(chat=reply.to, kind=ChatKind.PRIVATE), request.language) if reply.to else turn.home
    bound = replace(reply, buttons=_bound(wire, reply, to.address))
    shown = bool(reply.lines or reply.items or reply.delivery or reply.code)
    return Posting(
        update=request.update,
        chat=to.address,
        messages=talk.render(bound, to) if shown else (),
        replaces=request.message if reply.replaces and request.pressed else "",
        press=request.press,
        toast=reply.toast,
        file=(reply.file.name, reply.file.text) if reply.file else None,
    )


def _bound(wire: Wire, reply: Reply, place: ChatAddress) -> tuple[tuple[Button, ...], ...]:
    """The buttons with ids of what they do; these stand in the store, so they survive a restart."""
    wanted = [button for row in reply.buttons for button in row if button.verb]
    links = [Link(verb=b.verb, arguments=b.arguments, place=str(place), person=b.only) for b in wanted]
    ids = iter(add_links(wire.store, links, now=wire.clock.now()))
    return tuple(tuple(replace(b, data=next(ids)) if b.verb else b for b in row) for row in reply.buttons)


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
        chat_is_gone(wire.store, chat, outcome.reason, topic=outcome.scope == "topic", now=wire.clock.now())


# -------------------------------------------------------------------------------------------------- refusals of our own


def _old_button(turn: Turn) -> Reply:
    return Reply(toast=turn.say("This button does not work any more, or not for you."))


def _managers_only(turn: Turn) -> Reply:
    words = turn.say("Only admins of this chat can change that.")
    return Reply(toast=words) if turn.request.pressed else Reply(lines=(words,), ok=False, only_you=True)


def _operators_only(turn: Turn) -> Reply:
    return Reply(lines=(turn.say("Only the operator of this bot can do that."),), ok=False)


def _cannot_see(turn: Turn) -> Reply:
    words = turn.say("I cannot see who is an admin here. Make me an admin, or write to me in private: /connect.")
    return Reply(toast=words) if turn.request.pressed else Reply(lines=(words,), ok=False)


def _no_such_place(turn: Turn) -> Reply:
    return Reply(lines=(turn.say("I see no such chat. Add me to it first."),), ok=False)


def _unreadable(turn: Turn, *, why: str) -> Reply:
    return Reply(lines=(turn.say("The file cannot be read: {why}", why=why),), ok=False)


def _too_many(turn: Turn) -> Reply:
    return Reply(lines=(turn.say("That was a lot at once. I listen again in a minute."),))
