"""Who runs the bot: operators, and the code with which a person becomes the first one."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from subscriptions.model import Chat, ChatAddress, ChatKind
from subscriptions.notices import asked
from subscriptions.service import listing, notices
from subscriptions.service.changes import note_changed_state
from subscriptions.states import ChatState
from subscriptions.store import admitted_chats, chats
from subscriptions.store.database.store import Transaction, reads, writes

CodeResult = Literal["made", "wrong", "there-is-one"]
HOUR = timedelta(hours=1)
_SIGNS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # without characters that look alike
_GROUPS, _GROUP = 3, 4  # twelve of thirty characters: 58 bits, which nobody guesses at ten commands a minute


@reads
def is_operator(transaction: Transaction, admins: Sequence[ChatAddress], person: ChatAddress) -> bool:
    """Whether a private chat belongs to an operator: a person in the settings, or one who became operator by a code."""
    if person in admins:
        return True
    chat = chats.find_chat(transaction, person)
    return chat is not None and (chat.admin or chat.address in admins)


@reads
def operators_on(transaction: Transaction, admins: Sequence[ChatAddress], platform: str) -> tuple[str, ...]:
    """Returns the platform ids of the operators on one platform, each once."""
    known = [chat.address for chat in admitted_chats.operators(transaction)]
    found = (at for at in (*admins, *known) if at.platform == platform and listing.kind_of(at) is ChatKind.PRIVATE)
    return tuple(dict.fromkeys(at.address for at in found))


@reads
def has_operator(transaction: Transaction, admins: Sequence[ChatAddress]) -> bool:
    """Whether there is an operator."""
    return bool(admins or admitted_chats.operators(transaction))


@writes
def new_code(transaction: Transaction) -> str:
    """Returns a new code. The first person who sends it to the bot becomes its operator. Stores only its hash.

    An earlier code is void.
    """
    code = "-".join("".join(secrets.choice(_SIGNS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    admitted_chats.keep_code(transaction, _hash(code))
    return code


@writes
def redeem_code(
    transaction: Transaction,
    address: ChatAddress,
    code: str,
    *,
    admins: Sequence[ChatAddress],
    now: datetime,
) -> CodeResult:
    """Makes the person of a known chat the first operator if the code is valid. Raises NotFound for an unknown chat.

    Then tells the new operator which chats wait for admission.
    """
    chat = listing.get_chat(transaction, address)
    if admins or admitted_chats.operators(transaction):
        return "there-is-one"
    if not admitted_chats.take_code(transaction, _hash(code)):
        return "wrong"
    admitted_chats.make_operator(transaction, chat.id)
    admitted_chats.admit(transaction, chat.id, now=now)
    if chat.state is ChatState.ASKED:
        note_changed_state(transaction, chat.id)
    for other in admitted_chats.chats_awaiting_admission(transaction):
        notify_of_request(transaction, other, admins, who="", request="", now=now)
    return "made"


def _hash(code: str) -> str:
    """Returns the hash of a code's letters and digits in upper case, since people may type lower case without dashes."""
    return sha256("".join(sign for sign in code.upper() if sign.isalnum()).encode()).hexdigest()


def notify_of_request(
    transaction: Transaction,
    chat: Chat,
    admins: Sequence[ChatAddress],
    *,
    who: str,
    request: str,
    now: datetime,
) -> None:
    """Tells all operators that a chat asks to be let in."""
    notices.notify_operators(transaction, admins, asked(chat, who, request), now=now)
