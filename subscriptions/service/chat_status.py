"""Tells the status of a chat and why it did not get a paper.

Adds chats, and stores the state of conversations and links.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from subscriptions import chat_settings, errors, model
from subscriptions.addresses import parse_address
from subscriptions.matching.hits import unfulfilled_parts
from subscriptions.planning.forecast import NextDelivery
from subscriptions.query import Node, Query, parse
from subscriptions.service import listing, near_papers
from subscriptions.service.questions import with_known_vectors
from subscriptions.states import UNDER_WAY, ChatState, DeliveryState, Signal, SubscriptionState
from subscriptions.store import (
    bot_state,
    chats,
    conversations,
    deliveries,
    drafts,
    moving,
    outbox,
    signals,
    sources,
)
from subscriptions.store import outbox as stored_outbox
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database import store as stored_store
from subscriptions.store.database.store import Scope, Transaction
from subscriptions.store.outbox import OutboxFigures
from subscriptions.store.sources import KnownSource

MANAGED_FOR = timedelta(days=90)  # how long a private chat manages another chat after /connect


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Figures of the whole bot at one moment."""

    at: datetime
    outbox: OutboxFigures = field(default_factory=OutboxFigures)
    stopped: Mapping[str, str] = field(default_factory=dict)  # platform -> why it is stopped until a person decides
    sources: tuple[KnownSource, ...] = ()  # the sources that the settings declare


@stored_store.reads
def figures(transaction: Transaction, *, now: datetime, wall: datetime) -> Figures:
    """Returns the figures of the whole bot. `wall` is the machine's time, `now` may differ from it. Raises StoreError."""
    known = sources.known_sources(transaction)
    return Figures(
        at=now,
        outbox=stored_outbox.outbox_figures(transaction, wall=wall),
        stopped=bot_state.stopped_platforms(transaction),
        sources=tuple(one for one in known if one.state.on),
    )


# -------------------------------------------------------------- the state of a chat and of the whole bot, for `status`


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of one chat."""

    chat: model.Chat
    subscriptions: int
    next_delivery: NextDelivery  # the earliest next delivery of the chat's subscriptions
    waiting: int  # deliveries that are not sent yet, including planned and held ones
    unclear: int
    dead: int


@stored_store.reads
def status(transaction: Transaction, address: model.ChatAddress, *, now: datetime) -> Status:
    """Returns the state of a chat. Raises NotFound."""
    chat, found = listing.get_subscribed(transaction, address)
    states = outbox.states_of(transaction, chat.id)
    next_delivery = sources.forecast(transaction, now=now).next_of(chat, found)
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
    """What a chat got since a moment, and what it did with the papers."""

    shown: Mapping[datetime, int]  # moment -> number of papers that messages of that moment showed
    done: Mapping[Signal, Sequence[datetime]]  # kind of signal -> for each paper the moment of the last such signal

    @property
    def papers(self) -> int:
        """The number of all papers that were shown."""
        return sum(self.shown.values())


@stored_store.reads
def statistics(transaction: Transaction, address: model.ChatAddress, *, since: datetime) -> Statistics:
    """Returns what a chat got since a moment. Raises NotFound."""
    chat = listing.get_chat(transaction, address)
    shown: Counter[datetime] = Counter()
    for at, amount in outbox.shown_at(transaction, chat.id, since):
        shown[at] += amount
    newest = signals.signals_of(transaction, chat.id, most=near_papers.MOST_SIGNALS + near_papers.MOST_SAVED)
    done = {kind: [one.at for one in newest if one.kind is kind and one.at >= since] for kind in Signal}
    return Statistics(shown=shown, done=done)


@stored_store.reads
def next_deliveries_to(
    transaction: Transaction, address: model.ChatAddress, subscriptions: Sequence[model.Subscription], *, now: datetime
) -> NextDelivery:
    """Returns the earliest next delivery of these subscriptions of a chat. Raises NotFound."""
    return sources.forecast(transaction, now=now).next_of(listing.get_chat(transaction, address), subscriptions)


@stored_store.reads
def next_deliveries_of(
    transaction: Transaction, subscriptions: Sequence[listing.Listed], *, now: datetime
) -> tuple[NextDelivery, ...]:
    """Returns the next delivery of each of these subscriptions. A paused subscription counts as active."""
    foreseen = sources.forecast(transaction, now=now)
    return tuple(foreseen.next_delivery(one.subscription, one.chat) for one in subscriptions)


# ---------------------------------------------------------------------------------------- why a paper was not delivered


class HoldReason(StrEnum):
    """A reason why a subscription does not deliver a paper."""

    WORDS = "words"  # the query does not match the paper
    REPLACEMENT = "replacement"  # only a new version of the paper came; new versions are not announced
    ARCHIVE = "archive"  # the paper was too old to be news when it came, so it was stored without being announced
    CROSSLIST = "crosslist"  # the chat wants no cross-lists
    OLDER = "older"  # the paper came before the moment from which the subscription wants papers
    LIBRARY = "library"  # the chat's library has the paper
    PASSED = "passed"  # the subscription looked at the paper before its query or the chat's settings changed
    PAUSED = "paused"  # the subscription is paused
    CHAT = "chat"  # the chat is paused or waits for admission
    TIME = "time"  # nothing prevents it: the paper comes with the next delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a subscription did not deliver a paper."""

    subscription: model.Subscription
    hold_reason: HoldReason
    query: Query  # the subscription's query
    failing: tuple[Node, ...] = ()  # the parts of the query that the paper does not match, as typed
    due: datetime | None = None  # when the paper will come; None: as soon as papers are sent
    about: bool = False  # `due` is only the earliest moment (when-out)


@stored_store.reads
def last_delivered(
    transaction: Transaction, chat: model.Chat, *, message: str = ""
) -> deliveries.DeliveredPaper | None:
    """Returns the first paper in the message with the platform id `message`.

    If no message of the chat has this id, or if the message shows no paper, returns the chat's last delivered paper;
    None if the chat has got no paper.
    """
    paper = next(iter(deliveries.papers_in_message(transaction, chat.id, message)), None) if message else None
    paper = paper or next(iter(deliveries.last_delivered(transaction, chat.id).values()), None)
    return deliveries.deliveries_of(transaction, chat.id, paper) if paper else None


@stored_store.reads
def reasons(
    transaction: Transaction, chat: model.Chat, known: model.KnownPaper, *, now: datetime
) -> tuple[Reason, ...]:
    """Returns, for each subscription of a chat, why it did not deliver a paper. Those nearest to a match come first."""
    subscriptions = stored_subscriptions.subscriptions_in(transaction, chat.id)
    found = [_reason(transaction, chat, subscription, known, now) for subscription in subscriptions]
    return tuple(sorted(found, key=_distance))


def _distance(reason: Reason) -> tuple[bool, int, int]:
    return reason.hold_reason is HoldReason.WORDS, len(reason.failing), reason.subscription.number


def _reason(
    transaction: Transaction, chat: model.Chat, subscription: model.Subscription, known: model.KnownPaper, now: datetime
) -> Reason:
    query = with_known_vectors(transaction, _as_typed(subscription))
    lacking = unfulfilled_parts(query, known.paper)
    keeps = HoldReason.WORDS if lacking else _keeps(transaction, chat, subscription, known)
    timed = keeps is HoldReason.TIME and subscription.next_due_at is not None
    return Reason(
        subscription=subscription,
        hold_reason=keeps,
        query=query,
        failing=lacking,
        due=max(subscription.next_due_at, now) if timed and subscription.next_due_at else None,
        about=subscription.cadence.kind == "when-out",
    )


def _as_typed(subscription: model.Subscription) -> Query:
    """Returns the query as typed. If this version reads the text differently, returns the stored canonical query."""
    try:
        query: Query | None = parse.asked_beside(subscription.text, (subscription.canonical,))
    except errors.QueryError:
        query = None
    return (
        query if query and query.canonical == subscription.canonical else parse.parse_canonical(subscription.canonical)
    )


def _keeps(
    transaction: Transaction, chat: model.Chat, subscription: model.Subscription, known: model.KnownPaper
) -> HoldReason:
    """Returns why a subscription does not deliver a paper that its query matches."""
    if known.sequence is None or known.sequenced_at is None:
        return (
            HoldReason.ARCHIVE if drafts.unannounced(transaction, drafts.of_paper(known.id)) else HoldReason.REPLACEMENT
        )
    if signals.owned(transaction, [chat.id], [known.id]).get(chat.id):
        return HoldReason.LIBRARY
    is_cross = known.paper.announce_type is model.Announce.CROSS
    if chat.settings.crosslists == "out" and is_cross and known.sequence_as_new <= subscription.cursor:
        return HoldReason.CROSSLIST
    if known.sequence <= subscription.cursor:
        return HoldReason.OLDER if known.sequenced_at < subscription.since else HoldReason.PASSED
    if chat.state is not ChatState.ACTIVE:
        return HoldReason.CHAT
    return HoldReason.PAUSED if subscription.state is not SubscriptionState.ACTIVE else HoldReason.TIME


# -------------------------------------------------------------------------------------------- what conversations store


OFFER = "offer"  # the verb of a link that offers a subscription


@stored_store.writes
def store_chat(
    transaction: Transaction,
    address: model.ChatAddress,
    kind: model.ChatKind,
    *,
    now: datetime,
    title: str = "",
    lang: str = "",
    timezone: str = "",
    public: bool = False,
    by: model.ChatAddress | None = None,
) -> model.Chat:
    """Returns the chat at this address. Adds it if it is unknown. `lang` is any language code of the person.

    `by` is the private chat of the person who sets up the chat. If that chat has chosen a zone, the zone replaces
    `timezone`; its language replaces `lang`.
    """
    if by is not None and (person := chats.find_chat(transaction, by)) is not None:
        timezone, lang = person.chosen.get("timezone", timezone), person.settings.lang
    return chats.add_chat(
        transaction,
        address,
        kind,
        now=now,
        title=title,
        timezone=timezone,
        lang=chat_settings.language(lang) if lang else "",
        public=public,
    )


@stored_store.reads
def known_or_new(
    transaction: Transaction,
    address: model.ChatAddress,
    kind: model.ChatKind,
    *,
    title: str = "",
    lang: str = "",
    public: bool = False,
) -> model.Chat:
    """Returns the chat at this address, or the chat that would be added now (id 0). Stores nothing."""
    known = chats.find_chat(transaction, address)
    if known is not None:
        return known
    settings = chat_settings.resolve(
        kind, address.platform, {}, timezone=transaction.zone, lang=lang or "en", public=public
    )
    return model.Chat(id=0, address=address, kind=kind, settings=settings, title=title, public=public)


@stored_store.reads
def chat_of_thread(transaction: Transaction, address: model.ChatAddress) -> model.ChatAddress:
    """Returns the address of the chat to which messages in a thread belong.

    A thread under a delivery of the bot belongs to the channel: returns the address without the thread. If the thread is
    a separate chat, or if people began it, returns the address of the thread.
    """
    place = model.ChatAddress(address.platform, address.address)
    if not address.topic or chats.find_chat(transaction, address) is not None:
        return address
    chat = chats.find_chat(transaction, place)
    ours = chat is not None and outbox.was_posted(transaction, chat.id, address.topic)
    return place if ours else address


def managed_chat(store: Scope, home: model.ChatAddress, *, now: datetime) -> model.ChatAddress | None:
    """Returns the chat that a private chat manages now (/connect); None if it manages no other chat."""
    token = conversations.get_conversation_state(store, managed_name(home), now=now)
    return parse_address(str(token.arguments["chat"])) if token else None


def managed_name(home: model.ChatAddress) -> str:
    """Returns the name of the stored value that tells which chat this private chat manages."""
    return f"connect:{home}"


def move_to_person_address(store: Scope, address: model.ChatAddress, other: str, *, now: datetime) -> None:
    """Moves a private chat from the address `other` to the address of its person.

    A chat is stored at another address if it was added before its person was known.
    """
    made = chats.find_chat(store, model.ChatAddress(address.platform, other))
    if made is not None and made.address.address == other:
        moving.chat_moved(store, made.address, address.address, now=now)


@stored_store.writes
def apply_once(
    transaction: Transaction,
    platform: str,
    update: str,
    effect: Callable[[Transaction], str],
    *,
    chat: str,
    now: datetime,
) -> tuple[str, bool]:
    """Runs `effect` and stores the reply that it returns, in one transaction, but only once for each update (rule 8).

    The id of the update is stored first. So a second process with the same update waits for this transaction, and then
    does nothing. Use cases that `effect` calls take part in the transaction. Returns (the stored reply, True if it is
    new): for an update that comes again, the first reply and False.
    """
    if not conversations.claim_update(transaction, platform, update, chat=chat, now=now):
        return conversations.reply_to(transaction, platform, update) or "", False
    reply = effect(transaction)
    if reply:
        conversations.store_reply(transaction, platform, update, reply)
    return reply, True


@stored_store.reads
def find_callback(transaction: Transaction, token_id: str) -> model.CallbackToken | None:
    """Returns the callback token of a button, or of a link that offers a subscription; None for an unknown id.

    The caller must check whether the token may be used in this chat.
    """
    found = conversations.find_callback(transaction, token_id)
    offer = conversations.find_offer(transaction, token_id) if found is None else None
    if offer is None:
        return found
    return model.CallbackToken(
        verb=OFFER, arguments={"number": offer.number, "text": offer.text, "when": offer.cadence}
    )


@stored_store.writes
def share_link(transaction: Transaction, address: model.ChatAddress, number: int, *, now: datetime) -> str:
    """Stores what a link offers to others, the text and time of a subscription, and returns the id of its token.

    Each subscription has one id. A second call updates the offer. When the chat is erased, the offer is removed. Raises
    NotFound.
    """
    chat = listing.get_chat(transaction, address)
    subscription = next(
        (s for s in stored_subscriptions.subscriptions_in(transaction, chat.id) if s.number == number), None
    )
    if subscription is None:
        raise errors.NotFound(
            errors.Sentence("This chat has no subscription {which}.", {"which": number}),
            errors.Sentence("/list shows those it has."),
        )
    offer = conversations.Offer(number=number, text=subscription.text, cadence=str(subscription.cadence))
    return conversations.put_offer(transaction, chat.id, offer, new_id=conversations.new_callback_id(), now=now)


@stored_store.reads
def shared_link(transaction: Transaction, address: model.ChatAddress, number: int) -> str:
    """Returns the id that `share_link` returned for this subscription; "" if there is none or the chat is unknown."""
    chat = chats.find_chat(transaction, address)
    return conversations.offer_of(transaction, chat.id, number) if chat is not None else ""


# ---------------------------------------------------------------------------------- queries in links that open the bot

# The link itself contains the query, and passes it to /start. So nothing is stored, and the link works for ever. The
# strictest platform allows 64 characters there: letters, digits, `_` and `-`.


_PREFIX = "sub-"
_LONGEST = 64


def link_payload(text: str) -> str:
    """Encodes a query, which may end with a time, for a link that offers it; "" if it is too long for a link."""
    payload = _PREFIX + urlsafe_b64encode(" ".join(text.split()).encode()).decode().rstrip("=")
    return payload if len(payload) <= _LONGEST else ""


def text_of_payload(payload: str) -> str:
    """Returns the text that `link_payload` encoded; "" for anything else."""
    if not payload.startswith(_PREFIX) or len(payload) > _LONGEST:
        return ""
    encoded = payload.removeprefix(_PREFIX)
    try:
        text = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except ValueError:
        return ""
    return text if link_payload(text) == payload and text.isprintable() else ""
