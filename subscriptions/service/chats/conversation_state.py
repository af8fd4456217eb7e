"""What conversations keep: chats that were met, links under buttons, replies that are on their way."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from subscriptions.chat_settings import language, resolve
from subscriptions.errors import NotFound, Sentence
from subscriptions.model import CallbackToken, Chat, ChatAddress, ChatKind
from subscriptions.planning.cadence import cadence_text
from subscriptions.service.subscriptions.requests import find
from subscriptions.states import ChatState
from subscriptions.store import Store, chat_outbox, moving
from subscriptions.store import chats as people
from subscriptions.store import retention as keeping

FORGOTTEN = "forgotten"  # in a transaction: the addresses of chats that it erases
OFFER = "offer"  # the verb of links that share a subscription
REPEATED_FOR = timedelta(minutes=10)  # how long after its command a reply that was not confirmed is posted once more


def meet(
    store: Store,
    address: ChatAddress,
    kind: ChatKind,
    *,
    now: datetime,
    title: str = "",
    lang: str = "",
    timezone: str = "",
    public: bool = False,
    state: ChatState = ChatState.ACTIVE,
    by: ChatAddress | None = None,
) -> Chat:
    """The chat at this address; makes it when nobody has met it yet. `lang` is any language code of the person.

    `by` is the private chat of the person who sets the chat up: what they chose there goes before what else is known.
    """
    with store.write() as session:
        known = people.find_chat(session, address, zone=store.zone)
        if known is not None:
            return known
        if by is not None:
            own_zone, own_lang = people.chosen_locale(session, by)
            timezone, lang = own_zone or timezone, own_lang or lang
        return people.add_chat(
            session,
            address,
            kind,
            now=now,
            zone=store.zone,
            title=title,
            timezone=timezone,
            lang=language(lang) if lang else "",
            public=public,
            state=state,
        )


def known_or_new(
    store: Store, address: ChatAddress, kind: ChatKind, *, title: str = "", lang: str = "", public: bool = False
) -> Chat:
    """The chat at this address, or what it would be if it were met now (id 0). Stores nothing."""
    with store.read() as session:
        known = people.find_chat(session, address, zone=store.zone)
    if known is not None:
        return known
    settings = resolve(kind, address.platform, {}, timezone=store.zone, lang=lang or "en", public=public)
    return Chat(id=0, address=address, kind=kind, settings=settings, title=title, public=public)


def home_of(store: Store, address: ChatAddress) -> ChatAddress:
    """To which chat words in a thread belong: to the place itself if they stand under a message that it was brought.

    A thread that asks for something of its own is a chat of its own, as is one that other people began.
    """
    place = ChatAddress(address.platform, address.address)
    with store.read() as session:
        if not address.topic or people.find_chat(session, address, zone=store.zone) is not None:
            return address
        chat = people.find_chat(session, place, zone=store.zone)
        ours = chat is not None and chat_outbox.was_posted(session, chat.id, address.topic)
    return place if ours else address


def one_address(store: Store, address: ChatAddress, other: str, *, now: datetime) -> None:
    """A private chat that was made under another address, before anybody knew whose it is, becomes one with its person's."""
    with store.read() as session:
        made = people.find_chat(session, ChatAddress(address.platform, other), zone=store.zone)
    if made is not None and made.address.address == other:
        chat_moved(store, made.address, address.address, now=now)


def once(
    store: Store, platform: str, update: str, effect: Callable[[], str], *, chat: str, now: datetime
) -> tuple[str, bool]:
    """Runs `effect` and stores the reply it returns, in one transaction, unless this update had its effect already.

    Use cases that `effect` calls are parts of that transaction. Returns the reply and whether it is new; a redelivered
    update changes and answers nothing (docs/architecture.md, rule 8).
    """
    with store.write() as session:
        known = keeping.reply_to(session, platform, update)
        if known is not None:
            return known, False
        reply = effect()
        whose = "" if chat in session.info.get(FORGOTTEN, ()) else chat
        keeping.add_update(session, platform, update, reply, chat=whose, now=now)
        return reply, True


def had_its_effect(store: Store, platform: str, update: str) -> bool:
    """Whether this update was taken before."""
    with store.read() as session:
        return keeping.reply_to(session, platform, update) is not None


def commands_since(store: Store, chat: ChatAddress, since: datetime) -> int:
    """How many updates of a chat were taken at `since` or later."""
    with store.read() as session:
        return keeping.updates_of(session, str(chat), since)


def reply_is_over(store: Store, platform: str, update: str) -> None:
    """A reply has arrived, or cannot."""
    with store.write() as session:
        keeping.finish_reply(session, platform, update)


def unfinished_replies(store: Store, *, now: datetime) -> list[tuple[str, str, str]]:
    """(platform, update id, reply) of what an earlier process may not have posted; each once, ten minutes long."""
    with store.write() as session:
        return keeping.unfinished_replies(session, now - REPEATED_FOR)


def add_callbacks(store: Store, links: Sequence[CallbackToken], *, now: datetime) -> list[str]:
    """Ids for buttons, in their order."""
    if not links:
        return []
    with store.write() as session:
        return keeping.add_callbacks(session, links, now=now)


def find_callback(store: Store, link_id: str) -> CallbackToken | None:
    """What an id stands for; None: nothing, or not any more. Whether it may be used here is the caller's question."""
    with store.read() as session:
        found = keeping.find_callback(session, link_id)
    return found[0] if found else None


def home_callbacks(store: Store, person: ChatAddress, links: Sequence[CallbackToken], *, now: datetime) -> list[str]:
    """Ids for the buttons on a person's board, in their order; those of the board before work no more."""
    place = home_view_of(person)
    with store.write() as session:
        keeping.drop_callbacks_at(session, place)
        return keeping.add_callbacks(session, [replace(link, place=place) for link in links], now=now)


def has_home_view(store: Store, person: ChatAddress) -> bool:
    """Whether a person was ever shown their board."""
    with store.read() as session:
        return keeping.has_callbacks_at(session, home_view_of(person))


def home_view_of(person: ChatAddress) -> str:
    """The place of the buttons on a person's board."""
    return f"{keeping.HOME_VIEW}{person}"


def set_conversation_state(store: Store, name: str, link: CallbackToken, *, now: datetime) -> None:
    """Keeps what a conversation must know later under a name of our own, such as "ask:telegram:42:7"."""
    with store.write() as session:
        keeping.put_callback(session, name, link, now=now)


def get_conversation_state(store: Store, name: str, *, since: datetime) -> CallbackToken | None:
    """What was remembered under a name at `since` or later."""
    with store.read() as session:
        found = keeping.find_callback(session, name)
    if found is None or found[1] is None or found[1] < since:
        return None
    return found[0]


def conversation_states(store: Store, verb: str, *, since: datetime) -> list[tuple[str, CallbackToken]]:
    """(name, link) of all that is remembered with a verb since then, the oldest first; what is older is let go."""
    with store.write() as session:
        found = keeping.callbacks_with_verb(session, verb)
        for name, _, at in found:
            if at < since:
                keeping.drop_callback(session, name)
    return [(name, link) for name, link, at in found if at >= since]


def clear_conversation_state(store: Store, name: str) -> None:
    """Forgets what was remembered under a name."""
    with store.write() as session:
        keeping.drop_callback(session, name)


def share_link(store: Store, address: ChatAddress, number: int, *, now: datetime) -> str:
    """The id of the link that offers this subscription to others, verb "offer" with its `text` and `when`.

    The same one each time, and it says what the subscription says now. It goes when the chat is forgotten. Raises NotFound.
    """
    with store.write() as session:
        chat = find(session, store, address)
        wish = next((s for s in people.subscriptions_of(session, [chat.id])[chat.id] if s.number == number), None)
        if wish is None:
            raise NotFound(
                Sentence("This chat has no subscription {which}.", {"which": number}),
                Sentence("/list shows those it has."),
            )
        offer = {"number": number, "text": wish.text, "when": cadence_text(wish.cadence)}
        for link_id, link in keeping.callbacks_of(session, chat.id, OFFER):
            if link.arguments.get("number") == number:
                keeping.change_callback(session, link_id, offer)
                return link_id
        return keeping.add_shared_callback(session, chat.id, CallbackToken(verb=OFFER, arguments=offer), now=now)


def chat_moved(store: Store, address: ChatAddress, new: str, *, now: datetime) -> None:
    """The chat lives at another address of its platform from now on (rule 9)."""
    with store.write() as session:
        moving.move_address(session, address.platform, address.address, new, now=now)
