"""What conversations keep: chats that were met, links under buttons, replies that are on their way."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from subscriptions.model import Chat, ChatAddress, ChatKind, ChatState, Link
from subscriptions.preferences import language, resolve
from subscriptions.store import Store, keeping, people

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
) -> Chat:
    """The chat at this address; makes it when nobody has met it yet. `lang` is any language code of the person."""
    with store.write() as session:
        known = people.find_chat(session, address, zone=store.zone)
        if known is not None:
            return known
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
        keeping.add_update(session, platform, update, reply, chat=chat, now=now)
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


def add_links(store: Store, links: Sequence[Link], *, now: datetime) -> list[str]:
    """Ids for buttons, in their order."""
    if not links:
        return []
    with store.write() as session:
        return keeping.add_links(session, links, now=now)


def find_link(store: Store, link_id: str) -> Link | None:
    """What an id stands for; None: nothing, or not any more. Whether it may be used here is the caller's question."""
    with store.read() as session:
        found = keeping.find_link(session, link_id)
    return found[0] if found else None


def remember(store: Store, name: str, link: Link, *, now: datetime) -> None:
    """Keeps what a conversation must know later under a name of our own, such as "ask:telegram:42:7"."""
    with store.write() as session:
        keeping.put_link(session, name, link, now=now)


def recall(store: Store, name: str, *, since: datetime) -> Link | None:
    """What was remembered under a name at `since` or later."""
    with store.read() as session:
        found = keeping.find_link(session, name)
    if found is None or found[1] is None or found[1] < since:
        return None
    return found[0]


def let_go(store: Store, name: str) -> None:
    """Forgets what was remembered under a name."""
    with store.write() as session:
        keeping.drop_link(session, name)


def chat_moved(store: Store, address: ChatAddress, new: str, *, now: datetime) -> None:
    """The chat lives at another address of its platform from now on (rule 9)."""
    with store.write() as session:
        people.move_address(session, address.platform, address.address, new, now=now)


def chat_is_gone(store: Store, address: ChatAddress, reason: str, *, topic: bool, now: datetime) -> None:
    """The bot may not write there: the chat, or with `topic` only this topic of it, is paused with the reason."""
    with store.write() as session:
        if topic:
            chat = people.find_chat(session, address, zone=store.zone)
            ids = [chat.id] if chat else []
        else:
            ids = people.chats_of_lane(session, address.lane)
        for chat_id in ids:
            people.set_chat_state(session, chat_id, ChatState.PAUSED, people.GONE + reason, now=now)
