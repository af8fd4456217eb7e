"""Reads and writes the status of a chat, its language and zone, and the state of its conversation."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from subscriptions.chat_settings import resolve
from subscriptions.chat_settings.setting import language
from subscriptions.errors import NotFound, Sentence
from subscriptions.model import CallbackToken, Chat, ChatAddress, ChatKind, Subscription
from subscriptions.planning.cadence import cadence_text
from subscriptions.planning.pauses import NextDelivery
from subscriptions.planning.receipts import Outcome
from subscriptions.service.near_papers import MOST_SAVED, MOST_SIGNALS
from subscriptions.service.next_deliveries import DeliveryForecast, Listed, get_chat
from subscriptions.states import UNDER_WAY, DeliveryState, Signal
from subscriptions.store import chats, conversations, entries, moving, platforms, signals, sources, subscriptions
from subscriptions.store.conversations import Offer
from subscriptions.store.database.store import Scope, Transaction, reads, writes
from subscriptions.store.database.writer import WRITES, Steps
from subscriptions.store.figures import OutboxFigures, outbox_figures
from subscriptions.store.sources import KnownSource

OVERDUE_AFTER = timedelta(minutes=10)  # after its next poll was due; polls that run move that moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The whole bot in numbers, at one moment."""

    outbox: OutboxFigures = field(default_factory=OutboxFigures)
    stopped: Mapping[str, str] = field(default_factory=dict)  # platform -> why it is stopped until a person decides
    sources: tuple[KnownSource, ...] = ()  # that the settings name


@reads
def figures(transaction: Transaction, *, now: datetime, wall: datetime) -> Figures:
    """Returns the whole bot in numbers. `wall` is the machine's clock. Raises StoreError."""
    known = sources.known_sources(transaction)
    return Figures(
        outbox=outbox_figures(transaction, wall=wall),
        stopped=platforms.stopped_platforms(transaction),
        sources=tuple(_source(one, now) for one in known if one.state.on),
    )


def _source(known: KnownSource, now: datetime) -> KnownSource:
    due, last = known.state.next_at, known.last
    is_behind = last is not None and last.outcome in (Outcome.LATE, Outcome.FAILED)
    was_passed_over = due is not None and now - due > OVERDUE_AFTER
    return replace(known, is_overdue=is_behind or was_passed_over)


# -------------------------------------------------------------- the state of a chat and of the whole bot, for `status`


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of one chat."""

    chat: Chat
    subscriptions: int
    next_delivery: NextDelivery  # the first of all its subscriptions
    waiting: int  # deliveries; planned and held ones included
    unclear: int
    dead: int


@reads
def status(transaction: Transaction, address: ChatAddress, *, now: datetime) -> Status:
    """The state of a chat. Raises NotFound."""
    chat = get_chat(transaction, address)
    found = subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
    states = entries.states_of(transaction, chat.id)
    next_delivery = DeliveryForecast.of(transaction, now).next_of(chat, found)
    return Status(
        chat=chat,
        subscriptions=len(found),
        next_delivery=next_delivery,
        waiting=sum(states[name] for name in UNDER_WAY),
        unclear=states[DeliveryState.UNCLEAR],
        dead=states[DeliveryState.DEAD],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What a chat got in some days, and did with it."""

    shown: Mapping[datetime, int]  # when -> papers in messages
    done: Mapping[Signal, Sequence[datetime]]  # what was done with papers -> when it was last done with each of them

    @property
    def papers(self) -> int:
        """All papers that were shown."""
        return sum(self.shown.values())


@reads
def statistics(transaction: Transaction, address: ChatAddress, *, since: datetime) -> Statistics:
    """What a chat got since a moment. Raises NotFound."""
    chat = get_chat(transaction, address)
    shown: Counter[datetime] = Counter()
    for at, amount in entries.shown_at(transaction, chat.id, since):
        shown[at] += amount
    newest = signals.signals_of(transaction, chat.id, most=MOST_SIGNALS + MOST_SAVED)
    done = {kind: [one.at for one in newest if one.kind is kind and one.at >= since] for kind in Signal}
    return Statistics(shown=shown, done=done)


@reads
def next_deliveries_to(
    transaction: Transaction, address: ChatAddress, subscriptions: Sequence[Subscription], *, now: datetime
) -> NextDelivery:
    """When the first of these subscriptions of a chat delivers something. Raises NotFound."""
    return DeliveryForecast.of(transaction, now).next_of(get_chat(transaction, address), subscriptions)


@reads
def next_deliveries_of(
    transaction: Transaction, subscriptions: Sequence[Listed], *, now: datetime
) -> tuple[NextDelivery, ...]:
    """When each of these subscriptions, of any chats, delivers something; of a paused one, when it would."""
    delivery_forecast = DeliveryForecast.of(transaction, now)
    return tuple(delivery_forecast.next_delivery(one.subscription, one.chat) for one in subscriptions)


# -------------------------------------------------------------------------------------------- what conversations store


FORGOTTEN = "forgotten"  # a key of `transaction.info`: the addresses of chats that it erases
OFFER = "offer"  # the verb of a link that offers a subscription


@writes
def store_chat(
    transaction: Transaction,
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
    if by is not None and (person := chats.find_chat(transaction, by, zone=transaction.zone)) is not None:
        timezone, lang = person.chosen.get("timezone", timezone), person.settings.lang
    return chats.add_chat(
        transaction,
        address,
        kind,
        now=now,
        zone=transaction.zone,
        title=title,
        timezone=timezone,
        lang=language(lang) if lang else "",
        public=public,
    )


@reads
def known_or_new(
    transaction: Transaction,
    address: ChatAddress,
    kind: ChatKind,
    *,
    title: str = "",
    lang: str = "",
    public: bool = False,
) -> Chat:
    """The chat at this address, or what it would be if it were added now (id 0). Stores nothing."""
    known = chats.find_chat(transaction, address, zone=transaction.zone)
    if known is not None:
        return known
    settings = resolve(kind, address.platform, {}, timezone=transaction.zone, lang=lang or "en", public=public)
    return Chat(id=0, address=address, kind=kind, settings=settings, title=title, public=public)


@reads
def chat_of_thread(transaction: Transaction, address: ChatAddress) -> ChatAddress:
    """The address of the chat to which messages in a thread belong.

    Returns the place itself if the thread is under one of the bot's deliveries there. Returns the thread if it is its
    own chat, or if people began it.
    """
    place = ChatAddress(address.platform, address.address)
    if not address.topic or chats.find_chat(transaction, address, zone=transaction.zone) is not None:
        return address
    chat = chats.find_chat(transaction, place, zone=transaction.zone)
    ours = chat is not None and entries.was_posted(transaction, chat.id, address.topic)
    return place if ours else address


def move_to_person_address(store: Scope, address: ChatAddress, other: str, *, now: datetime) -> Steps[None]:
    """Moves a private chat that was stored under another address to the address of its person.

    Such a chat was added before it was known whose it is.
    """
    with store.read() as transaction:
        made = chats.find_chat(transaction, ChatAddress(address.platform, other), zone=store.zone)
    if made is not None and made.address.address == other:
        yield WRITES
        moving.chat_moved(store, made.address, address.address, now=now)


@writes
def apply_once(
    transaction: Transaction,
    platform: str,
    update: str,
    effect: Callable[[Transaction], str],
    *,
    chat: str,
    now: datetime,
) -> tuple[str, bool]:
    """Runs `effect` and stores the reply that it returns, in one transaction, unless this update had its effect before.

    The update is stored first: a second process that has it, too, waits for this transaction and then does nothing. Use
    cases that `effect` calls are parts of that transaction. Returns the stored reply, and whether it is new: for a
    redelivered update nothing runs (docs/architecture.md, rule 8).
    """
    if not conversations.claim_update(transaction, platform, update, now=now):
        return conversations.reply_to(transaction, platform, update) or "", False
    reply = effect(transaction)
    whose = "" if chat in transaction.info.get(FORGOTTEN, ()) else chat
    conversations.store_reply(transaction, platform, update, reply, chat=whose, worker=transaction.store.worker)
    return reply, True


@reads
def find_callback(transaction: Transaction, token_id: str) -> CallbackToken | None:
    """The callback token of a button, or of a link that offers a subscription; None: unknown or dropped.

    The caller checks whether it may be used here.
    """
    found = conversations.find_callback(transaction, token_id)
    offer = conversations.find_offer(transaction, token_id) if found is None else None
    if offer is None:
        return found
    return CallbackToken(verb=OFFER, arguments={"number": offer.number, "text": offer.text, "when": offer.cadence})


@writes
def share_link(transaction: Transaction, address: ChatAddress, number: int, *, now: datetime) -> str:
    """The id of the link that offers this subscription to others: verb "offer", with `text` and `when`.

    The id is the same each time, the offer is what the subscription is now. It goes when the chat is erased. Raises
    NotFound.
    """
    chat = get_chat(transaction, address)
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


@reads
def shared_link(transaction: Transaction, address: ChatAddress, number: int) -> str:
    """The id that `share_link` returned last for this subscription; "" if it never did, or the chat is unknown."""
    chat = chats.find_chat(transaction, address, zone=transaction.zone)
    return conversations.offer_of(transaction, chat.id, number) if chat is not None else ""


# ------------------------------------------------------------------------------ queries within links that open the bot

# what /start gets then holds the query itself, so nothing is stored and it holds for ever.  The narrowest platform
# takes 64 characters there, letters, digits, `_` and `-`.


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
