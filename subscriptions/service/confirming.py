"""Asks an address whether papers may come there, and takes the answer (double opt-in)."""

from collections.abc import Collection
from datetime import datetime, timedelta

from subscriptions.errors import PaperwireError, Refused, Sentence
from subscriptions.model import CallbackToken, Chat, ChatAddress
from subscriptions.notices.chats import CONFIRM, ConfirmAddress
from subscriptions.planning.cadence import cadence_text
from subscriptions.service.access import HOUR, standing_of
from subscriptions.service.changes import note_changed_state
from subscriptions.service.next_deliveries import get_chat, kind_of
from subscriptions.service.notices import notify
from subscriptions.service.requests import SubscriptionRequest, subscribe
from subscriptions.states import ChatState
from subscriptions.store import access, chats
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Transaction, writes
from subscriptions.store.entries import notices_since

OPEN_FOR = timedelta(days=2)  # an unanswered question
MOST_QUESTIONS = 3  # to one address within an hour, whoever asks

_DENIED = Sentence("The operator of this bot has said no to this address.")


@writes
def ask_to_confirm(
    transaction: Transaction, address: ChatAddress, *, now: datetime, source: ChatAddress | None = None
) -> Chat:
    """Stores the question to an address, and adds its chat if it is new. With a yes it gets the subscriptions of `source`.

    Raises Refused for an address that was asked too often or that an operator denied.
    """
    asking = chats.find_chat(transaction, source, zone=transaction.zone) if source else None
    zone, lang = (asking.settings.timezone, asking.settings.lang) if asking else ("", "")
    chat = chats.add_chat(
        transaction, address, kind_of(address), now=now, zone=transaction.zone, timezone=zone, lang=lang
    )
    chats.hold_chat(transaction, chat.id)
    if standing_of(transaction, address).is_denied:
        raise Refused(_DENIED)
    if notices_since(transaction, chat.id, ConfirmAddress.cause, now - HOUR) >= MOST_QUESTIONS:
        raise Refused(
            Sentence("This address was asked {most} times within an hour.", {"most": MOST_QUESTIONS}),
            Sentence("Look into its folder for spam, or ask again in an hour."),
        )
    answer = {"source": str(source or ""), "until": (now + OPEN_FOR).isoformat()}
    token = CallbackToken(verb=CONFIRM, arguments=answer)
    notify(transaction, address, ConfirmAddress(event=now.isoformat()), now=now, buttons={CONFIRM: token})
    return chat


@writes
def ask_unasked(transaction: Transaction, addresses: Collection[ChatAddress], *, now: datetime) -> None:
    """Stores the question to those of these addresses that are not confirmed and have no open question."""
    found = chats.find_chats(transaction, addresses, zone=transaction.zone)
    for address, chat in found.items():
        waits = chat.state is ChatState.UNCONFIRMED and not standing_of(transaction, address).is_denied
        if waits and not notices_since(transaction, chat.id, ConfirmAddress.cause, now - OPEN_FOR):
            ask_to_confirm(transaction, address, now=now)


@writes
def confirm(
    transaction: Transaction, address: ChatAddress, *, source: ChatAddress | None, until: datetime, now: datetime
) -> Chat:
    """Takes the yes of an address, and copies the subscriptions of `source`. Raises Refused if it comes too late, NotFound."""
    chat = get_chat(transaction, address)
    if standing_of(transaction, address).is_denied:
        raise Refused(_DENIED)
    if now > until:
        raise Refused(Sentence("This question is older than two days."), Sentence("Ask for a new one where you began."))
    if chat.state is ChatState.UNCONFIRMED:
        access.confirm(transaction, chat.id, now=now)
        note_changed_state(transaction, chat.id)
    asking = chats.find_chat(transaction, source, zone=transaction.zone) if source else None
    found = stored_subscriptions.subscriptions_of(transaction, [asking.id])[asking.id] if asking else ()
    for one in found:
        try:
            with transaction.savepoint():
                when = cadence_text(one.cadence)
                wish = SubscriptionRequest(text=one.text, when=when, tz=one.zone, name=one.name or None)
                subscribe(transaction, address, wish, now=now)
        except PaperwireError:  # it has too many already, or one that this version cannot read: the others come
            continue
    return get_chat(transaction, address)
