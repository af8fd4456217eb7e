"""What conversations store: new chats, callback tokens, states under a name, replies that are not posted yet."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from subscriptions.chat_settings import language, resolve
from subscriptions.errors import NotFound, Sentence
from subscriptions.model import CallbackToken, Chat, ChatAddress, ChatKind
from subscriptions.planning.cadence import cadence_text
from subscriptions.service.subscriptions.selection import find
from subscriptions.store import WRITES, Scope, Steps, Store, Transaction, conversations, updates
from subscriptions.store.chat import chats, moving, subscriptions
from subscriptions.store.conversations import Offer
from subscriptions.store.outbox import chat_outbox

FORGOTTEN = "forgotten"  # a key of `transaction.info`: the addresses of chats that it erases
OFFER = "offer"  # the verb of a link that offers a subscription
REPEATED_FOR = timedelta(minutes=10)  # how long after its command an unconfirmed reply is posted again


def store_chat(
    store: Scope,
    address: ChatAddress,
    kind: ChatKind,
    *,
    now: datetime,
    title: str = "",
    lang: str = "",
    timezone: str = "",
    public: bool = False,
    by: ChatAddress | None = None,
) -> Chat:
    """The chat at this address; adds it if it is not known. `lang` is any language code of the person.

    `by` is the private chat of the person who sets the chat up: its chosen zone and its language replace `timezone` and
    `lang`.
    """
    with store.write() as transaction:
        if by is not None and (person := chats.find_chat(transaction, by, zone=store.zone)) is not None:
            timezone, lang = person.chosen.get("timezone", timezone), person.settings.lang
        return chats.add_chat(
            transaction,
            address,
            kind,
            now=now,
            zone=store.zone,
            title=title,
            timezone=timezone,
            lang=language(lang) if lang else "",
            public=public,
        )


def known_or_new(
    store: Scope, address: ChatAddress, kind: ChatKind, *, title: str = "", lang: str = "", public: bool = False
) -> Chat:
    """The chat at this address, or what it would be if it were added now (id 0). Stores nothing."""
    with store.read() as transaction:
        known = chats.find_chat(transaction, address, zone=store.zone)
    if known is not None:
        return known
    settings = resolve(kind, address.platform, {}, timezone=store.zone, lang=lang or "en", public=public)
    return Chat(id=0, address=address, kind=kind, settings=settings, title=title, public=public)


def chat_of_thread(store: Scope, address: ChatAddress) -> ChatAddress:
    """The address of the chat to which messages in a thread belong.

    Returns the place itself if the thread is under one of the bot's deliveries there. Returns the thread if it is its
    own chat, or if people began it.
    """
    place = ChatAddress(address.platform, address.address)
    with store.read() as transaction:
        if not address.topic or chats.find_chat(transaction, address, zone=store.zone) is not None:
            return address
        chat = chats.find_chat(transaction, place, zone=store.zone)
        ours = chat is not None and chat_outbox.was_posted(transaction, chat.id, address.topic)
    return place if ours else address


def move_to_person_address(store: Scope, address: ChatAddress, other: str, *, now: datetime) -> Steps[None]:
    """Moves a private chat that was stored under another address to the address of its person.

    Such a chat was added before it was known whose it is.
    """
    with store.read() as transaction:
        made = chats.find_chat(transaction, ChatAddress(address.platform, other), zone=store.zone)
    if made is not None and made.address.address == other:
        yield WRITES
        chat_moved(store, made.address, address.address, now=now)


def apply_once(
    store: Scope, platform: str, update: str, effect: Callable[[Transaction], str], *, chat: str, now: datetime
) -> tuple[str, bool]:
    """Runs `effect` and stores the reply that it returns, in one transaction, unless this update had its effect before.

    The update is stored first: a second process that has it, too, waits for this transaction and then does nothing. Use
    cases that `effect` calls are parts of that transaction. Returns the stored reply, and whether it is new: for a
    redelivered update nothing runs (docs/architecture.md, rule 8).
    """
    with store.write() as transaction:
        if not updates.claim_update(transaction, platform, update, now=now):
            return updates.reply_to(transaction, platform, update) or "", False
        reply = effect(transaction)
        whose = "" if chat in transaction.info.get(FORGOTTEN, ()) else chat
        updates.store_reply(transaction, platform, update, reply, chat=whose, worker=transaction.store.worker)
        return reply, True


def is_applied(store: Scope, platform: str, update: str) -> bool:
    """Whether this update had its effect already."""
    with store.read() as transaction:
        return updates.reply_to(transaction, platform, update) is not None


def commands_since(store: Scope, chat: ChatAddress, since: datetime) -> int:
    """How many updates of a chat had their effect at `since` or later."""
    with store.read() as transaction:
        return updates.updates_of(transaction, str(chat), since)


def finish_reply(store: Scope, platform: str, update: str) -> None:
    """Stores that a reply has arrived, or never will."""
    with store.write() as transaction:
        updates.finish_reply(transaction, platform, update)


def has_reply(store: Store, platform: str, update: str) -> bool:
    """Whether this worker has the reply to an update still to post."""
    with store.read() as transaction:
        return updates.has_reply(transaction, platform, update, store.worker)


def is_reply_finished(store: Scope, platform: str, update_id: str) -> bool:
    """Whether the reply to an update has arrived, or is not posted any more; also if there was none."""
    with store.read() as transaction:
        return updates.is_finished(transaction, platform, update_id)


def unfinished_replies(store: Scope, *, now: datetime) -> list[tuple[str, str, str]]:
    """(platform, update id, reply) for the replies that this worker is to post, at most ten minutes old.

    Those that workers that are gone may not have posted are in its hands from now on.
    """
    with store.write() as transaction:
        return updates.unfinished_replies(transaction, now - REPEATED_FOR, transaction.store.worker)


def has_unfinished_replies(store: Store) -> bool:
    """Whether `unfinished_replies` would find some."""
    with store.read() as transaction:
        return updates.has_unfinished(transaction, store.worker)


def find_callback(store: Scope, token_id: str) -> CallbackToken | None:
    """The callback token of a button, or of a link that offers a subscription; None: unknown or dropped.

    The caller checks whether it may be used here.
    """
    with store.read() as transaction:
        found = conversations.find_callback(transaction, token_id)
        offer = conversations.find_offer(transaction, token_id) if found is None else None
    return _offering(offer) if offer is not None else found


def last_callbacks(store: Scope, place: str, *, since: datetime) -> list[CallbackToken]:
    """The callback tokens of the last answer at a place that had buttons, if it was at `since` or later."""
    with store.read() as transaction:
        return conversations.last_callbacks(transaction, place, since=since)


def _offering(offer: Offer) -> CallbackToken:
    return CallbackToken(verb=OFFER, arguments={"number": offer.number, "text": offer.text, "when": offer.cadence})


def has_home_view(store: Scope, person: ChatAddress) -> bool:
    """Whether a person's home view has callback tokens: it was shown, and `clean_up` has not dropped them."""
    with store.read() as transaction:
        return conversations.has_callbacks_at(transaction, home_view_of(person))


def home_view_of(person: ChatAddress) -> str:
    """The place of the callback tokens on a person's home view."""
    return f"{conversations.HOME_VIEW_PREFIX}{person}"


def set_conversation_state(store: Scope, name: str, token: CallbackToken, *, lasts: timedelta, now: datetime) -> None:
    """Stores the state of a conversation for a time, under a name such as "ask:CHAT:PERSON"."""
    with store.write() as transaction:
        conversations.put_state(transaction, name, token, now=now, until=now + lasts)


def get_conversation_state(store: Scope, name: str, *, since: datetime) -> CallbackToken | None:
    """What was stored under a name at `since` or later; else None."""
    with store.read() as transaction:
        return conversations.find_state(transaction, name, since=since)


def clear_conversation_state(store: Scope, name: str) -> None:
    """Drops what was stored under a name."""
    with store.write() as transaction:
        conversations.drop_state(transaction, name)


def begin_lookup(store: Scope, name: str, token: CallbackToken, *, now: datetime) -> None:
    """Stores a pending look-up of papers, whose request the token holds, in the hands of this process."""
    with store.write() as transaction:
        conversations.add_lookup(transaction, name, token, worker=transaction.store.worker, now=now)


def requested_lookup(store: Scope, name: str, *, since: datetime) -> Mapping[str, Any] | None:
    """The request of a look-up that was begun at `since` or later and is not answered; else None."""
    with store.read() as transaction:
        return conversations.find_lookup(transaction, name, since=since)


def end_lookup(store: Scope, name: str, *, since: datetime) -> bool:
    """Ends a look-up that is to be answered now. False: it was answered before, its chat was erased, or it is too old."""
    with store.write() as transaction:
        return conversations.take_lookup(transaction, name, since=since)


def take_over_lookups(store: Scope, *, since: datetime) -> list[str]:
    """The names of the pending look-ups of this worker, oldest first, and of workers that are gone: they are in our hands from now on."""
    with store.write() as transaction:
        return conversations.take_over_lookups(transaction, transaction.store.worker, since=since)


def share_link(store: Scope, address: ChatAddress, number: int, *, now: datetime) -> str:
    """The id of the link that offers this subscription to others: verb "offer", with `text` and `when`.

    The id is the same each time, the offer is what the subscription is now. It goes when the chat is erased. Raises
    NotFound.
    """
    with store.write() as transaction:
        chat = find(transaction, address)
        subscription = next(
            (s for s in subscriptions.subscriptions_of(transaction, [chat.id])[chat.id] if s.number == number), None
        )
        if subscription is None:
            raise NotFound(
                Sentence("This chat has no subscription {which}.", {"which": number}),
                Sentence("/list shows those it has."),
            )
        offer = Offer(number=number, text=subscription.text, cadence=cadence_text(subscription.cadence))
        return conversations.put_offer(transaction, chat.id, offer, new_id=conversations.new_callback_id(), now=now)


def shared_link(store: Scope, address: ChatAddress, number: int) -> str:
    """The id that `share_link` returned last for this subscription; "" if it never did, or the chat is unknown."""
    with store.read() as transaction:
        chat = chats.find_chat(transaction, address, zone=transaction.zone)
        return conversations.offer_of(transaction, chat.id, number) if chat is not None else ""


def chat_moved(store: Scope, address: ChatAddress, new: str, *, now: datetime) -> None:
    """Moves a chat to another address of its platform (rule 9)."""
    with store.write() as transaction:
        moving.move_address(transaction, address.platform, address.address, new, now=now)


# ---------------------------------------------------------------------------------------------------------------------
# Queries within links that open the bot: what /start gets then holds the query itself, so nothing is stored and it holds for ever.
#
# The narrowest platform takes 64 characters there, letters, digits, `_` and `-`.


_PREFIX = "sub-"
_LONGEST = 64


def link_payload(text: str) -> str:
    """What a link to the offer of this query holds, with or without a time at its end; "" if it is too long for a link."""
    payload = _PREFIX + urlsafe_b64encode(" ".join(text.split()).encode()).decode().rstrip("=")
    return payload if len(payload) <= _LONGEST else ""


def text_of_payload(payload: str) -> str:
    """The text that `link_payload` put into a link; "" for anything else."""
    if not payload.startswith(_PREFIX) or len(payload) > _LONGEST:
        return ""
    encoded = payload.removeprefix(_PREFIX)
    try:
        text = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except ValueError:
        return ""
    return text if link_payload(text) == payload and text.isprintable() else ""
