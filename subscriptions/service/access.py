"""Who may: operators of the bot, admission of chats, owners of chats (docs/operating.md, Who may use it).

An address is asked whether papers may come there, and its answer is taken (double opt-in).
"""

import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from subscriptions.errors import PaperwireError, Refused, Sentence
from subscriptions.model import CallbackToken, Chat, ChatAddress, ChatKind
from subscriptions.notices import chats as chat_notices
from subscriptions.planning.cadence import cadence_text
from subscriptions.service.changes import note_changed_state
from subscriptions.service.next_deliveries import Listed, get_chat, kind_of
from subscriptions.service.notices import notify, notify_operators
from subscriptions.service.requests import SubscriptionRequest, subscribe
from subscriptions.states import ChatState, SubscriptionState
from subscriptions.store import chats
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Scope, Transaction, reads, writes
from subscriptions.store.entries import notices_since

WRONG_CODES = 5  # wrong codes that one chat may send in an hour
HOUR = timedelta(hours=1)
_CODES = (
    3  # so many printed codes work, until there is an operator: each start prints one, and an earlier one may be copied
)
_SIGNS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # without characters that look alike
_GROUPS, _GROUP = 3, 4  # twelve of thirty characters: 58 bits
_LONGEST_REQUEST = 120
CodeResult = Literal["made", "wrong", "too-many", "there-is-one"]
OPEN_FOR = timedelta(days=2)  # an unanswered question
MOST_QUESTIONS = 3  # to one address within an hour, whoever asks
_DENIED = Sentence("The operator of this bot has said no to this address.")


# -------------------------------------------------------------------------------------------------- who runs the bot


def is_operator(store: Scope, admins: Sequence[ChatAddress], person: ChatAddress) -> bool:
    """Whether a private chat is an operator's: named in the settings, or made one by a code."""
    if person in admins:
        return True
    with store.read() as transaction:
        chat = chats.find_chat(transaction, person, zone=store.zone)
    return chat is not None and (chat.admin or chat.address in admins)


@reads
def operators_on(transaction: Transaction, admins: Sequence[ChatAddress], platform: str) -> tuple[str, ...]:
    """The platform's ids of the operators on one platform, each once."""
    known = [chat.address for chat in chats.operators(transaction)]
    found = (at for at in (*admins, *known) if at.platform == platform and kind_of(at) is ChatKind.PRIVATE)
    return tuple(dict.fromkeys(at.address for at in found))


@reads
def has_operator(transaction: Transaction, admins: Sequence[ChatAddress]) -> bool:
    """Whether there is an operator."""
    return bool(admins or chats.operators(transaction))


@writes
def new_code(transaction: Transaction) -> str:
    """A new code, which makes its sender the first operator. Only its hash is stored."""
    code = "-".join("".join(secrets.choice(_SIGNS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    chats.add_code(transaction, _hash(code), most=_CODES)
    return code


@writes
def redeem_code(
    transaction: Transaction, address: ChatAddress, code: str, *, admins: Sequence[ChatAddress], now: datetime
) -> CodeResult:
    """Makes the person of this known chat the first operator, if the code is a printed one. Raises NotFound.

    The chats that wait to be let in are then shown to the new operator.
    """
    chat = get_chat(transaction, address)
    chats.hold_chat(transaction, chat.id)  # each wrong code counts
    if admins or chats.operators(transaction):
        return "there-is-one"
    if chats.wrong_codes_since(transaction, chat.id, now - HOUR) >= WRONG_CODES:
        return "too-many"
    given = _hash(code)
    if not sum(hmac.compare_digest(given, one) for one in chats.code_hashes(transaction)):  # all: timing
        chats.add_wrong_code(transaction, chat.id, now=now)
        return "wrong"
    if not chats.take_codes(transaction, given):
        return "there-is-one"  # another process took a code meanwhile
    chats.make_operator(transaction, chat.id)
    chats.admit(transaction, chat.id, now=now)
    if chat.state is ChatState.ASKED:
        note_changed_state(transaction, chat.id)
    chats.drop_wrong_codes_of(transaction, chat.id)
    for other in chats.chats_awaiting_admission(transaction):
        _notify_of_request(transaction, other, admins, who="", request="", now=now)
    return "made"


def _hash(code: str) -> str:
    """The hash of a code's letters and digits in capitals: people type small letters, and leave dashes out."""
    return sha256("".join(sign for sign in code.upper() if sign.isalnum()).encode()).hexdigest()


# ------------------------------------------------------------------------------------------------------ who is let in


@dataclass(frozen=True, slots=True)
class Standing:
    """What operators have decided about an address."""

    chats: tuple[Chat, ...]  # those at the address, with topics
    remembers_denial: bool  # of a chat there that was erased since

    @property
    def is_denied(self) -> bool:
        """Whether an operator denied one of the chats, also one that was erased since."""
        return self.remembers_denial or any(chat.is_denied for chat in self.chats)

    @property
    def is_admitted(self) -> bool:
        """Whether one of the chats has had subscriptions or was let in, and does not wait now."""
        return any(chat.is_admitted for chat in self.chats)

    def chat(self, address: ChatAddress) -> Chat | None:
        """The chat at exactly this address."""
        return next((chat for chat in self.chats if chat.address == address), None)


@reads
def standing_of(transaction: Transaction, address: ChatAddress) -> Standing:
    """The decision of operators about an address, or about the address to which its chat moved."""
    lane = address.lane
    here = chats.chats_in(transaction, lane, zone=transaction.zone)
    if not here and (moved := chats.find_chat(transaction, address, zone=transaction.zone)):
        lane = moved.address.lane
        here = chats.chats_in(transaction, lane, zone=transaction.zone)
    return Standing(tuple(here), bool(chats.denial_of(transaction, lane)))


@writes
def request_admission(
    transaction: Transaction,
    address: ChatAddress,
    *,
    admins: Sequence[ChatAddress],
    who: str,
    request: str,
    now: datetime,
) -> bool:
    """Makes a known chat wait for an operator, and notifies each operator, once a day. False: there is no operator yet.

    The cursors of its subscriptions stay meanwhile: once let in, the chat gets what came since. Raises NotFound.
    """
    chat = get_chat(transaction, address)
    if chat.state is not ChatState.ASKED:
        chats.require_admission(transaction, chat.id, now=now)
        note_changed_state(transaction, chat.id)
    _notify_of_request(transaction, chat, admins, who=who, request=request, now=now)
    return has_operator(transaction, admins)


def _notify_of_request(
    transaction: Transaction, chat: Chat, admins: Sequence[ChatAddress], *, who: str, request: str, now: datetime
) -> None:
    arguments = {"chat": str(chat.address)}
    notify_operators(
        transaction,
        admins,
        chat_notices.AccessAsked(chat=str(chat.address), title=chat.title, who=who, request=request[:_LONGEST_REQUEST]),
        now=now,
        buttons={verb: CallbackToken(verb=verb, arguments=arguments) for verb in ("allow", "deny")},
    )


@writes
def allow(
    transaction: Transaction, address: ChatAddress, *, now: datetime, notify_chats: bool = True
) -> tuple[Chat, bool]:
    """Lets in all chats at an address, with topics, and notifies those that waited; adds the chat if it is not known.

    Without `notify_chats` none is notified. Returns the chat, and whether any of them waited.
    """
    waited = False
    chat = chats.add_chat(transaction, address, kind_of(address), now=now, zone=transaction.zone)
    chats.lift_denial(transaction, chat.address.lane)
    for one in chats.chats_in(transaction, chat.address.lane, zone=transaction.zone):
        chats.admit(transaction, one.id, now=now)
        if one.state is ChatState.ASKED:
            waited = True
            note_changed_state(transaction, one.id)
            count = sum(
                s.state is SubscriptionState.ACTIVE
                for s in stored_subscriptions.subscriptions_of(transaction, [one.id])[one.id]
            )
            if notify_chats:
                notify(
                    transaction, one.address, chat_notices.AccessGranted(event=now.isoformat(), count=count), now=now
                )
    return get_chat(transaction, address), waited


@writes
def deny(transaction: Transaction, address: ChatAddress, *, now: datetime) -> tuple[Chat, bool]:
    """Denies all chats at an address, with topics, and notifies the chat. Returns it, and whether that is new.

    A chat that is denied already is not notified again. Raises NotFound.
    """
    chat = get_chat(transaction, address)
    if chat.is_denied:
        return chat, False
    for one in chats.chats_in(transaction, chat.address.lane, zone=transaction.zone):
        chats.deny(transaction, one.id, now=now)
        if one.state is not ChatState.ASKED:
            note_changed_state(transaction, one.id)
    notify(transaction, chat.address, chat_notices.AccessDenied(event=now.isoformat()), now=now)
    return get_chat(transaction, address), True


@writes
def open_page_chat(
    transaction: Transaction, chat: ChatAddress, *, lang: str, timezone: str = "", now: datetime
) -> None:
    """Lets in the chat of a person at the machine; adds it if it is not known. A denied chat stays denied.

    Such a person could let any chat in from the command line.
    """
    zone, kind = transaction.zone, kind_of(chat)
    known = chats.add_chat(transaction, chat, kind, now=now, zone=zone, lang=lang, timezone=timezone)
    if not known.is_denied:
        chats.admit(transaction, known.id, now=now)


@writes
def choose_language(transaction: Transaction, chat: ChatAddress, lang: str, *, now: datetime) -> None:
    """Stores the language that was chosen on a page; adds the chat if it is not known."""
    known = chats.add_chat(transaction, chat, kind_of(chat), now=now, zone=transaction.zone)
    chats.choose_setting(transaction, known.id, "lang", lang)


# -------------------------------------------------------------------------------------------------- who set a chat up


@reads
def subscriptions_around(
    transaction: Transaction, own: Chat, shared: Collection[str] | None
) -> tuple[tuple[Chat, tuple[Listed, ...]], ...]:
    """The person's own chat, and the chats at the `shared` addresses that have subscriptions; each with these.

    `own` comes first, also without subscriptions or if it is not known. Threads and topics of an address are chats of
    their own. `shared` None: it is not known where the person is a member; then the chats that the person set up.
    """
    others = (
        chats.chats_of(transaction, own.address)
        if shared is None
        else chats.chats_at(transaction, own.address.platform, shared, zone=transaction.zone)
    )
    around = [own, *(chat for chat in others if chat.address != own.address)]
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id for chat in around if chat.id])
    listed = (
        (chat, tuple(Listed(chat=chat, subscription=one) for one in subscriptions.get(chat.id, ()))) for chat in around
    )
    return tuple((chat, found) for chat, found in listed if found or chat is own)


# ----------------------------------------------------------------------------------------------- addresses that confirm


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
    if notices_since(transaction, chat.id, chat_notices.ConfirmAddress.cause, now - HOUR) >= MOST_QUESTIONS:
        raise Refused(
            Sentence("This address was asked {most} times within an hour.", {"most": MOST_QUESTIONS}),
            Sentence("Look into its folder for spam, or ask again in an hour."),
        )
    answer = {"source": str(source or ""), "until": (now + OPEN_FOR).isoformat()}
    token = CallbackToken(verb=chat_notices.CONFIRM, arguments=answer)
    notify(
        transaction,
        address,
        chat_notices.ConfirmAddress(event=now.isoformat()),
        now=now,
        buttons={chat_notices.CONFIRM: token},
    )
    return chat


@writes
def ask_unasked(transaction: Transaction, addresses: Collection[ChatAddress], *, now: datetime) -> None:
    """Stores the question to those of these addresses that are not confirmed and have no open question."""
    found = chats.find_chats(transaction, addresses, zone=transaction.zone)
    for address, chat in found.items():
        waits = chat.state is ChatState.UNCONFIRMED and not standing_of(transaction, address).is_denied
        if waits and not notices_since(transaction, chat.id, chat_notices.ConfirmAddress.cause, now - OPEN_FOR):
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
        chats.confirm(transaction, chat.id, now=now)
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
