"""Who may use the bot: chats that ask, are let in or denied; operators; addresses that agree first.

On the bot's own machine no one has to ask. Addresses such as those of mail are asked before anything else is sent there
(double opt-in): their chat is `unconfirmed`, and only `confirm` ends this (docs/operating.md, Who may use it).
"""

import hmac
import json
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal, NamedTuple

from subscriptions.chats import known as known_chats
from subscriptions.chats.addresses import facts_of
from subscriptions.chats.stored import access as access_rows
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored import subscriptions as stored_subscriptions
from subscriptions.database import bot_state
from subscriptions.database.store import Transaction
from subscriptions.errors import PaperwireError, Refused, Sentence
from subscriptions.model import Admission, CallbackToken, Chat, ChatAddress, ChatState
from subscriptions.outbox import notify as notifying
from subscriptions.outbox.notices import CONFIRM, admitted, asked, confirm_address, denied
from subscriptions.outbox.stored.entries import notices_since
from subscriptions.subscribing.subscribe import subscribe

CodeResult = Literal["made", "wrong", "there-is-one"]
_SIGNS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # without characters that look alike
_GROUPS, _GROUP = 3, 4  # twelve of thirty characters: 58 bits, which nobody guesses at ten commands a minute

OPEN_FOR = timedelta(days=2)  # how long an address can answer the question
HOUR = timedelta(hours=1)
MOST_QUESTIONS = 3  # questions to one address within an hour, no matter how many people cause them
# addresses that are asked within a day because one person wants it, and because any people want it
MOST_OF_PERSON, MOST_OF_ALL = 5, 30
QUESTIONS = timedelta(days=1)  # how long a question that a person caused is counted
_CODE = "operator-code"  # name of the stored value with the hash of the code
_QUESTIONS = "questions"  # name of the stored value with these questions
_Question = tuple[datetime, str, str]  # (moment, hash of the person, hash of the mailbox)
_HASH = 16  # characters of a hash that are stored
_DENIED = Sentence("The operator of this bot has said no to this address.")
_ASKED_OFTEN = (
    Sentence("This address was asked {most} times within an hour.", {"most": MOST_QUESTIONS}),
    Sentence("Look into its folder for spam, or ask again in an hour."),
)
_ASKED_MANY = Sentence("For you I have asked {most} addresses within a day.", {"most": MOST_OF_PERSON})
_ALL_ASKED_MANY = Sentence("I have asked {most} addresses within a day.", {"most": MOST_OF_ALL})


class AccessStatus(NamedTuple):
    """What operators decided about the chats at an address."""

    chats: tuple[Chat, ...]  # the chats at the address, including topics
    is_denied: bool  # an operator denied them, perhaps before they were erased

    @property
    def is_admitted(self) -> bool:
        """Whether one of the chats may use the bot: see `Chat.is_admitted`."""
        return any(chat.is_admitted for chat in self.chats)

    def chat(self, address: ChatAddress) -> Chat | None:
        """Return the chat at exactly this address."""
        return next((chat for chat in self.chats if chat.address == address), None)


def access_status(transaction: Transaction, address: ChatAddress) -> AccessStatus:
    """Return what operators decided about an address, or, if its chat moved, about the new address."""
    lane = address.lane
    here = stored_chats.chats_in(transaction, lane)
    if not here and (moved := stored_chats.find_chat(transaction, address)):
        lane = moved.address.lane
        here = stored_chats.chats_in(transaction, lane)
    return AccessStatus(tuple(here), bool(access_rows.denial_of(transaction, lane)))


def request_admission(
    transaction: Transaction,
    address: ChatAddress,
    *,
    admins: Sequence[ChatAddress],
    who: str,
    person: str = "",
    request: str,
    now: datetime,
) -> bool:
    """Make a known chat wait for an operator, and tell each operator, at most once a day.

    `who` and `person` are the name and the platform's id of the person who asks. While the chat waits, the cursors of
    its subscriptions do not move, so after its admission it gets the papers that came while it waited. Return whether
    there is an operator. Raise NotFound.
    """
    chat = known_chats.get_chat(transaction, address)
    if chat.state is not ChatState.ASKED:
        access_rows.answer(transaction, chat.id, None, now=now)
    notifying.notify_operators(transaction, admins, asked(chat, who, request, person=person), now=now)
    return has_operator(transaction, admins)


def allow(
    transaction: Transaction, address: ChatAddress, *, now: datetime, notify_chats: bool = True
) -> tuple[Chat, bool]:
    """Admit all chats at an address, including topics, and notifies those that waited. Add the chat if it is unknown.

    Without `notify_chats`, no chat is notified. Return (the chat at the address, whether any of the chats waited).
    """
    waited = False
    chat = stored_chats.add_chat(transaction, address, now=now)
    access_rows.lift_denial(transaction, chat.address.lane)
    for one in stored_chats.chats_in(transaction, chat.address.lane):
        access_rows.answer(transaction, one.id, Admission.ADMITTED, now=now)
        if one.state is ChatState.ASKED:
            waited = True
            count = sum(s.is_active for s in stored_subscriptions.subscriptions_in(transaction, one.id))
            if notify_chats:
                notifying.notify(transaction, one.address, admitted(count, now.isoformat()), now=now)
    return known_chats.get_chat(transaction, address), waited


def deny(transaction: Transaction, address: ChatAddress, *, now: datetime) -> bool:
    """Deny all chats at an address, including topics, and notifies the chat.

    Return False if the address was already denied; then the chat is not notified again. Raise NotFound.
    """
    chat = known_chats.get_chat(transaction, address)
    if access_rows.denial_of(transaction, chat.address.lane):
        return False
    access_rows.remember_denial(transaction, chat.address.lane)
    for one in stored_chats.chats_in(transaction, chat.address.lane):
        access_rows.answer(transaction, one.id, Admission.DENIED, now=now)
    notifying.notify(transaction, chat.address, denied(now.isoformat()), now=now)
    return True


def open_page_chat(
    transaction: Transaction, chat: ChatAddress, *, lang: str, timezone: str = "", now: datetime
) -> None:
    """Admit the chat of a person who uses the bot's own machine. Add the chat if it is unknown.

    No operator has to admit it, because such a person can admit any chat from the command line. A denied chat stays
    denied.
    """
    known = stored_chats.add_chat(transaction, chat, now=now, lang=lang, timezone=timezone)
    if not access_rows.denial_of(transaction, chat.lane):
        access_rows.answer(transaction, known.id, Admission.ADMITTED, now=now)


def is_operator(transaction: Transaction, admins: Sequence[ChatAddress], person: ChatAddress) -> bool:
    """Whether a private chat belongs to an operator: a person in the settings, or one who became operator by a code."""
    if person in admins:
        return True
    chat = stored_chats.find_chat(transaction, person)
    return chat is not None and (chat.admin or chat.address in admins)


def has_operator(transaction: Transaction, admins: Sequence[ChatAddress]) -> bool:
    """Whether there is an operator."""
    return bool(admins or stored_chats.operators(transaction))


def new_code(transaction: Transaction) -> str:
    """Return a new code. The first person who sends it to the bot becomes its operator. Store only its hash.

    An earlier code is void.
    """
    code = "-".join("".join(secrets.choice(_SIGNS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    bot_state.put_value(transaction, _CODE, _hash_of_code(code))
    return code


def redeem_code(
    transaction: Transaction, address: ChatAddress, code: str, *, admins: Sequence[ChatAddress], now: datetime
) -> CodeResult:
    """Make the person of a known chat the first operator if the code is valid. Raise NotFound for an unknown chat.

    Then tells the new operator which chats wait for admission.
    """
    chat = known_chats.get_chat(transaction, address)
    if has_operator(transaction, admins):
        return "there-is-one"
    kept = bot_state.get_value(transaction, _CODE) or ""
    if not hmac.compare_digest(kept, _hash_of_code(code)):
        return "wrong"
    bot_state.put_value(transaction, _CODE, "")
    stored_chats.note_person(transaction, chat.id, admin=True)
    access_rows.answer(transaction, chat.id, Admission.ADMITTED, now=now)
    for other in access_rows.chats_awaiting_admission(transaction):
        notifying.notify_operators(transaction, admins, asked(other, "", ""), now=now)
    return "made"


def _hash_of_code(code: str) -> str:
    """Return the hash of a code's letters and digits in upper case, however people type them."""
    return sha256("".join(sign for sign in code.upper() if sign.isalnum()).encode()).hexdigest()


def ask_to_confirm(
    transaction: Transaction,
    address: ChatAddress,
    *,
    now: datetime,
    source: ChatAddress | None = None,
    person: ChatAddress | None = None,
) -> None:
    """Store the question whether papers may be sent to an address, and add its chat if it is new.

    If the reader says yes, the chat gets the subscriptions of `source`. `person` is who wants it; None: an operator at
    the machine of the bot. Raise Refused if too many questions were asked, or if an operator denied the address.
    """
    if person is not None:
        _count_question(transaction, address, person, now)
    asking = stored_chats.find_chat(transaction, source) if source else None
    zone, lang = (asking.settings.timezone, asking.settings.lang) if asking else ("", "")
    chat = stored_chats.add_chat(transaction, address, now=now, timezone=zone, lang=lang)
    if access_status(transaction, address).is_denied:
        raise Refused(_DENIED)
    if notices_since(transaction, chat.id, CONFIRM, now - HOUR) >= MOST_QUESTIONS:
        raise Refused(*_ASKED_OFTEN)
    token = CallbackToken(verb=CONFIRM, arguments={"until": (now + OPEN_FOR).isoformat()})
    is_known = chat.state is not ChatState.UNCONFIRMED
    notifying.notify(transaction, address, confirm_address(token, now.isoformat(), source, is_known=is_known), now=now)


def ask_unasked(transaction: Transaction, addresses: Collection[ChatAddress], *, now: datetime) -> None:
    """Store the question for each of these addresses that is not confirmed, denied or already asked."""
    for address in addresses:
        chat = stored_chats.find_chat(transaction, address)
        if chat is None or chat.state is not ChatState.UNCONFIRMED or access_status(transaction, address).is_denied:
            continue
        if not notices_since(transaction, chat.id, CONFIRM, now - OPEN_FOR):
            ask_to_confirm(transaction, address, now=now)


def serve(transaction: Transaction, address: ChatAddress, *, now: datetime) -> None:
    """Do what is needed after an operator has subscribed a chat: let it in, or ask the reader of its address."""
    chat = known_chats.get_chat(transaction, address)
    if chat.state is ChatState.ASKED:
        allow(transaction, chat.address, now=now)
    ask_unasked(transaction, [chat.address], now=now)


def confirm(
    transaction: Transaction, address: ChatAddress, *, source: ChatAddress | None, until: datetime, now: datetime
) -> Chat:
    """Confirm an address whose reader said yes, and give its chat copies of the subscriptions of `source`.

    Raise NotFound if the chat is unknown, and Refused if the yes comes too late or an operator denied the address.
    """
    chat = known_chats.get_chat(transaction, address)
    if access_status(transaction, address).is_denied:
        raise Refused(_DENIED)
    if now > until:
        raise Refused(
            Sentence("This question is older than two days."),
            Sentence("Ask for a new one where you began."),
        )
    if chat.state is ChatState.UNCONFIRMED:
        access_rows.confirm(transaction, chat.id, now=now)
    asking = stored_chats.find_chat(transaction, source) if source else None
    if asking and not chat.subscriptions_ever_made:  # it may have chosen another zone since it asked
        stored_chats.choose_setting(transaction, chat.id, "timezone", asking.settings.timezone)
    for one in stored_subscriptions.subscriptions_in(transaction, asking.id) if asking else ():
        if not one.is_active:
            continue
        when = f"{one.cadence} {one.zone or ''}".strip()
        try:
            with transaction.savepoint():
                subscribe(transaction, address, one.text, when=when, name=one.name or None, now=now)
        except PaperwireError:
            # A subscription that would be too many, or whose query this version cannot read, is not copied.
            continue
    return known_chats.get_chat(transaction, address)


def _count_question(transaction: Transaction, address: ChatAddress, person: ChatAddress, now: datetime) -> None:
    """Count a question that a person causes. Raise Refused if that makes too many.

    Stores hashes, so that the limits hold for people who have erased their chat, and no address stays because of them.
    """
    questions = _questions_after(transaction, now - QUESTIONS)
    who, mailbox = (
        access_rows.hash_of(transaction, text)[:_HASH]
        for text in (str(person), facts_of(address.platform).mailbox_of(address))
    )
    if sum(box == mailbox and at > now - HOUR for at, _, box in questions) >= MOST_QUESTIONS:
        raise Refused(*_ASKED_OFTEN)
    for most, boxes, refusal in (
        (MOST_OF_PERSON, {box for _, other, box in questions if other == who}, _ASKED_MANY),
        (MOST_OF_ALL, {box for _, _, box in questions}, _ALL_ASKED_MANY),
    ):
        if mailbox not in boxes and len(boxes) >= most:
            raise Refused(refusal, Sentence("Ask again tomorrow."))
    _store_questions(transaction, [*questions, (now, who, mailbox)])


def drop_questions(transaction: Transaction, before: datetime, _: int) -> int:
    """Remove the counted questions from before a moment. Return 0, since nothing is left for another call."""
    if bot_state.get_value(transaction, _QUESTIONS) not in (None, "[]"):
        _store_questions(transaction, _questions_after(transaction, before))
    return 0


def _questions_after(transaction: Transaction, moment: datetime) -> list[_Question]:
    """Return the counted questions."""
    stored = json.loads(bot_state.get_value(transaction, _QUESTIONS) or "[]")
    questions = [(datetime.fromisoformat(at), who, mailbox) for at, who, mailbox in stored]
    return [one for one in questions if one[0] > moment]


def _store_questions(transaction: Transaction, questions: Sequence[_Question]) -> None:
    bot_state.put_value(transaction, _QUESTIONS, json.dumps([(at.isoformat(), *rest) for at, *rest in questions]))
