"""Addresses that are asked first, such as those of mail (double opt-in): how long they can answer, how many questions there may be."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from subscriptions import errors
from subscriptions.addresses import facts_of
from subscriptions.model import CallbackToken, Chat, ChatAddress
from subscriptions.notices import CONFIRM, confirm_address
from subscriptions.service import listing, notices
from subscriptions.service.access import allow, standing_of
from subscriptions.service.changes import note_changed_state
from subscriptions.service.operators import HOUR
from subscriptions.service.requests import SubscriptionRequest, subscribe
from subscriptions.states import ChatState
from subscriptions.store import admitted_chats, bot_state, chats
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Transaction, writes
from subscriptions.store.delivery_trouble import notices_since

OPEN_FOR = timedelta(days=2)  # how long an address can answer the question
MOST_QUESTIONS = 3  # questions to one address within an hour, no matter how many people cause them
# addresses that are asked within a day because one person wants it, and because any people want it
MOST_OF_PERSON, MOST_OF_ALL = 5, 30
QUESTIONS = timedelta(days=1)  # how long a question that a person caused is counted
_QUESTIONS = "questions"  # name of the stored value with these questions
_Question = tuple[datetime, str, str]  # (moment, hash of the person, hash of the mailbox)
_ASKED_MANY = errors.Sentence("For you I have asked {most} addresses within a day.", {"most": MOST_OF_PERSON})
_ASKED_OFTEN = (
    errors.Sentence("This address was asked {most} times within an hour.", {"most": MOST_QUESTIONS}),
    errors.Sentence("Look into its folder for spam, or ask again in an hour."),
)
_ALL_ASKED_MANY = errors.Sentence("I have asked {most} addresses within a day.", {"most": MOST_OF_ALL})
_DENIED = errors.Sentence("The operator of this bot has said no to this address.")
_HASH = 16  # characters of a hash that are stored


@writes
def serve(transaction: Transaction, address: ChatAddress, *, now: datetime) -> None:
    """Does what is needed after an operator has subscribed a chat: lets it in, or asks the reader of its address."""
    chat = listing.get_chat(transaction, address)
    if chat.state is ChatState.ASKED:
        allow(transaction, chat.address, now=now)
    ask_unasked(transaction, [chat.address], now=now)


@writes
def ask_to_confirm(
    transaction: Transaction,
    address: ChatAddress,
    *,
    now: datetime,
    source: ChatAddress | None = None,
    person: ChatAddress | None = None,
) -> None:
    """Stores the question whether papers may be sent to an address, and adds its chat if it is new.

    If the reader says yes, the chat gets the subscriptions of `source`. `person` is who wants it; None: an operator at
    the machine of the bot. Raises Refused if too many questions were asked, or if an operator denied the address.
    """
    if person is not None:
        _count_question(transaction, address, person, now=now)
    asking = chats.find_chat(transaction, source) if source else None
    zone, lang = (asking.settings.timezone, asking.settings.lang) if asking else ("", "")
    chat = chats.add_chat(transaction, address, now=now, timezone=zone, lang=lang)
    if standing_of(transaction, address).is_denied:
        raise errors.Refused(_DENIED)
    if notices_since(transaction, chat.id, CONFIRM, now - HOUR) >= MOST_QUESTIONS:
        raise errors.Refused(*_ASKED_OFTEN)
    token = CallbackToken(verb=CONFIRM, arguments={"until": (now + OPEN_FOR).isoformat()})
    notices.notify(transaction, address, confirm_address(token, now.isoformat(), source), now=now)


def _count_question(transaction: Transaction, address: ChatAddress, person: ChatAddress, *, now: datetime) -> None:
    """Counts a question that a person causes. Raises Refused if that makes too many.

    Stores hashes, so that the limits hold for people who have erased their chat, and no address stays because of them.
    """
    questions = _questions_after(transaction, now - QUESTIONS)
    who, mailbox = (
        admitted_chats.hash_of(transaction, text)[:_HASH]
        for text in (str(person), facts_of(address.platform).mailbox_of(address))
    )
    if sum(box == mailbox and at > now - HOUR for at, _, box in questions) >= MOST_QUESTIONS:
        raise errors.Refused(*_ASKED_OFTEN)
    for most, asked, refusal in (
        (MOST_OF_PERSON, {box for _, other, box in questions if other == who}, _ASKED_MANY),
        (MOST_OF_ALL, {box for _, _, box in questions}, _ALL_ASKED_MANY),
    ):
        if mailbox not in asked and len(asked) >= most:
            raise errors.Refused(refusal, errors.Sentence("Ask again tomorrow."))
    _store_questions(transaction, [*questions, (now, who, mailbox)])


def drop_questions(transaction: Transaction, before: datetime, _: int) -> int:
    """Removes the counted questions from before a moment. Returns 0, since nothing is left for another call."""
    if bot_state.get_value(transaction, _QUESTIONS) not in (None, "[]"):
        _store_questions(transaction, _questions_after(transaction, before))
    return 0


def _questions_after(transaction: Transaction, moment: datetime) -> list[_Question]:
    """Returns the counted questions."""
    stored = json.loads(bot_state.get_value(transaction, _QUESTIONS) or "[]")
    questions = [(datetime.fromisoformat(at), who, mailbox) for at, who, mailbox in stored]
    return [one for one in questions if one[0] > moment]


def _store_questions(transaction: Transaction, questions: Sequence[_Question]) -> None:
    bot_state.put_value(transaction, _QUESTIONS, json.dumps([(at.isoformat(), *rest) for at, *rest in questions]))


@writes
def ask_unasked(transaction: Transaction, addresses: Collection[ChatAddress], *, now: datetime) -> None:
    """Stores the question for each of these addresses that is neither confirmed nor denied, and has no open question."""
    found = chats.find_chats(transaction, addresses)
    for address, chat in found.items():
        waits = chat.state is ChatState.UNCONFIRMED and not standing_of(transaction, address).is_denied
        if waits and not notices_since(transaction, chat.id, CONFIRM, now - OPEN_FOR):
            ask_to_confirm(transaction, address, now=now)


@writes
def confirm(
    transaction: Transaction,
    address: ChatAddress,
    *,
    source: ChatAddress | None,
    until: datetime,
    now: datetime,
) -> Chat:
    """Confirms an address whose reader said yes, and gives its chat copies of the subscriptions of `source`.

    Raises NotFound if the chat is unknown, and Refused if the yes comes too late or an operator denied the address.
    """
    chat = listing.get_chat(transaction, address)
    if standing_of(transaction, address).is_denied:
        raise errors.Refused(_DENIED)
    if now > until:
        raise errors.Refused(
            errors.Sentence("This question is older than two days."),
            errors.Sentence("Ask for a new one where you began."),
        )
    if chat.state is ChatState.UNCONFIRMED:
        admitted_chats.confirm(transaction, chat.id, now=now)
        note_changed_state(transaction, chat.id)
    asking = chats.find_chat(transaction, source) if source else None
    found = stored_subscriptions.subscriptions_in(transaction, asking.id) if asking else ()
    for one in found:
        try:
            with transaction.savepoint():
                when = str(one.cadence)
                wish = SubscriptionRequest(text=one.text, when=when, tz=one.zone, name=one.name or None)
                subscribe(transaction, address, wish, now=now)
        except errors.PaperwireError:
            # A subscription that would be too many, or whose query this version cannot read, is not copied.
            continue
    return listing.get_chat(transaction, address)
