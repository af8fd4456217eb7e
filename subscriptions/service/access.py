"""Who may use the bot: chats that ask, are let in or denied; on its own machine no one has to ask (docs/operating.md, Who may use it)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from subscriptions.model import Chat, ChatAddress
from subscriptions.notices import admitted, denied
from subscriptions.service import listing, notices
from subscriptions.service.changes import note_changed_state
from subscriptions.service.operators import has_operator, notify_of_request
from subscriptions.states import ChatState
from subscriptions.store import admitted_chats, chats
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Transaction, reads, writes


@dataclass(frozen=True, slots=True)
class Standing:
    """What operators decided about the chats at an address."""

    chats: tuple[Chat, ...]  # the chats at the address, including topics
    remembers_denial: bool  # a chat at the address was denied, and erased after that

    @property
    def is_denied(self) -> bool:
        """Whether an operator denied one of the chats. Chats that were erased after that count, too."""
        return self.remembers_denial or any(chat.is_denied for chat in self.chats)

    @property
    def is_admitted(self) -> bool:
        """Whether one of the chats may use the bot: see `Chat.is_admitted`."""
        return any(chat.is_admitted for chat in self.chats)

    def chat(self, address: ChatAddress) -> Chat | None:
        """The chat at exactly this address."""
        return next((chat for chat in self.chats if chat.address == address), None)


@reads
def standing_of(transaction: Transaction, address: ChatAddress) -> Standing:
    """Returns what operators decided about an address, or, if its chat moved, about the new address."""
    lane = address.lane
    here = chats.chats_in(transaction, lane)
    if not here and (moved := chats.find_chat(transaction, address)):
        lane = moved.address.lane
        here = chats.chats_in(transaction, lane)
    return Standing(tuple(here), bool(admitted_chats.denial_of(transaction, lane)))


@writes
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
    """Makes a known chat wait for an operator, and tells each operator, at most once a day.

    `who` and `person` are the name and the platform's id of the person who asks. Returns whether there is an operator. While the chat waits, the cursors of its subscriptions do not move. So after
    its admission the chat gets the papers that came while it waited. Raises NotFound.
    """
    chat = listing.get_chat(transaction, address)
    if chat.state is not ChatState.ASKED:
        admitted_chats.require_admission(transaction, chat.id, now=now)
        note_changed_state(transaction, chat.id)
    notify_of_request(transaction, chat, admins, who=who, person=person, request=request, now=now)
    return has_operator(transaction, admins)


@writes
def allow(
    transaction: Transaction, address: ChatAddress, *, now: datetime, notify_chats: bool = True
) -> tuple[Chat, bool]:
    """Admits all chats at an address, including topics, and notifies those that waited. Adds the chat if it is unknown.

    Without `notify_chats`, no chat is notified. Returns (the chat at the address, whether any of the chats waited).
    """
    waited = False
    chat = chats.add_chat(transaction, address, now=now)
    admitted_chats.lift_denial(transaction, chat.address.lane)
    for one in chats.chats_in(transaction, chat.address.lane):
        admitted_chats.admit(transaction, one.id, now=now)
        if one.state is ChatState.ASKED:
            waited = True
            note_changed_state(transaction, one.id)
            count = sum(s.is_active for s in stored_subscriptions.subscriptions_in(transaction, one.id))
            if notify_chats:
                notices.notify(transaction, one.address, admitted(count, now.isoformat()), now=now)
    return listing.get_chat(transaction, address), waited


@writes
def deny(transaction: Transaction, address: ChatAddress, *, now: datetime) -> bool:
    """Denies all chats at an address, including topics, and notifies the chat.

    Returns False if the address was already denied; then the chat is not notified again. Raises NotFound.
    """
    chat = listing.get_chat(transaction, address)
    if chat.is_denied:
        return False
    for one in chats.chats_in(transaction, chat.address.lane):
        admitted_chats.deny(transaction, one.id, now=now)
        if one.state is not ChatState.ASKED:
            note_changed_state(transaction, one.id)
    notices.notify(transaction, chat.address, denied(now.isoformat()), now=now)
    return True


@writes
def open_page_chat(
    transaction: Transaction, chat: ChatAddress, *, lang: str, timezone: str = "", now: datetime
) -> None:
    """Admits the chat of a person who uses the bot's own machine. Adds the chat if it is unknown.

    No operator has to admit it, because such a person can admit any chat from the command line. A denied chat stays
    denied.
    """
    known = chats.add_chat(transaction, chat, now=now, lang=lang, timezone=timezone)
    if not known.is_denied:
        admitted_chats.admit(transaction, known.id, now=now)


@writes
def choose_language(transaction: Transaction, chat: ChatAddress, lang: str, *, now: datetime) -> None:
    """Stores the language that a person chose on a page. Adds the chat if it is unknown."""
    known = chats.add_chat(transaction, chat, now=now)
    chats.choose_setting(transaction, known.id, "lang", lang)
