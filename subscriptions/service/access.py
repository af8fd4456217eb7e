"""Who may use the bot: operators, admission of chats, owners of chats (docs/operating.md, Who may use it).

On some platforms, such as email, an address is first asked whether papers may be sent there (double opt-in).
"""

import hmac
import json
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from subscriptions import errors, model, states
from subscriptions import notices as chat_notices
from subscriptions.addresses import facts_of
from subscriptions.service import listing, notices
from subscriptions.service.changes import note_changed_state
from subscriptions.service.requests import SubscriptionRequest, subscribe
from subscriptions.store import bot_state, chats
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database import store as stored_store
from subscriptions.store.database.store import Transaction
from subscriptions.store.outbox import notices_since

WRONG_CODES = 5  # wrong codes that one chat may send in an hour
HOUR = timedelta(hours=1)
# printed codes that are valid: each start without an operator prints one, and a person may read an older one
_CODES = 3
_SIGNS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # without characters that look alike
_GROUPS, _GROUP = 3, 4  # twelve of thirty characters: 58 bits
_LONGEST_REQUEST = 120
CodeResult = Literal["made", "wrong", "too-many", "there-is-one"]
OPEN_FOR = timedelta(days=2)  # how long an address can answer the question
MOST_QUESTIONS = 3  # questions to one address within an hour, no matter how many people cause them
# addresses that are asked within a day because one person wants it, and because any people want it
MOST_OF_PERSON, MOST_OF_ALL = 5, 30
QUESTIONS = timedelta(days=1)  # how long a question that a person caused is counted
_QUESTIONS = "questions"  # name of the stored value with these questions
_Question = tuple[datetime, str, str]  # (moment, hash of the person, hash of the mailbox)
_HASH = 16  # characters of a hash that are stored
_DENIED = errors.Sentence("The operator of this bot has said no to this address.")
_ASKED_OFTEN = (
    errors.Sentence("This address was asked {most} times within an hour.", {"most": MOST_QUESTIONS}),
    errors.Sentence("Look into its folder for spam, or ask again in an hour."),
)
_ASKED_MANY = errors.Sentence("For you I have asked {most} addresses within a day.", {"most": MOST_OF_PERSON})
_ALL_ASKED_MANY = errors.Sentence("I have asked {most} addresses within a day.", {"most": MOST_OF_ALL})


# -------------------------------------------------------------------------------------------------- who runs the bot


@stored_store.reads
def is_operator(transaction: Transaction, admins: Sequence[model.ChatAddress], person: model.ChatAddress) -> bool:
    """Whether a private chat belongs to an operator: a person in the settings, or one who became operator by a code."""
    if person in admins:
        return True
    chat = chats.find_chat(transaction, person)
    return chat is not None and (chat.admin or chat.address in admins)


@stored_store.reads
def operators_on(transaction: Transaction, admins: Sequence[model.ChatAddress], platform: str) -> tuple[str, ...]:
    """Returns the platform ids of the operators on one platform, each once."""
    known = [chat.address for chat in chats.operators(transaction)]
    found = (
        at for at in (*admins, *known) if at.platform == platform and listing.kind_of(at) is model.ChatKind.PRIVATE
    )
    return tuple(dict.fromkeys(at.address for at in found))


@stored_store.reads
def has_operator(transaction: Transaction, admins: Sequence[model.ChatAddress]) -> bool:
    """Whether there is an operator."""
    return bool(admins or chats.operators(transaction))


@stored_store.writes
def new_code(transaction: Transaction) -> str:
    """Returns a new code. The first person who sends it to the bot becomes its operator. Stores only its hash."""
    code = "-".join("".join(secrets.choice(_SIGNS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    chats.add_code(transaction, _hash(code), most=_CODES)
    return code


@stored_store.writes
def redeem_code(
    transaction: Transaction,
    address: model.ChatAddress,
    code: str,
    *,
    admins: Sequence[model.ChatAddress],
    now: datetime,
) -> CodeResult:
    """Makes the person of a known chat the first operator if the code is valid. Raises NotFound for an unknown chat.

    Then tells the new operator which chats wait for admission.
    """
    chat = listing.get_chat(transaction, address)
    chats.hold_chat(transaction, chat.id)  # locked, so that two wrong codes at the same time both count
    if admins or chats.operators(transaction):
        return "there-is-one"
    if chats.wrong_codes_since(transaction, chat.id, now - HOUR) >= WRONG_CODES:
        return "too-many"
    given = _hash(code)
    # compares all hashes, so that the time of the comparison reveals nothing
    if not sum(hmac.compare_digest(given, one) for one in chats.code_hashes(transaction)):
        chats.add_wrong_code(transaction, chat.id, now=now)
        return "wrong"
    if not chats.take_codes(transaction, given):
        return "there-is-one"  # another process accepted a code in the meantime
    chats.make_operator(transaction, chat.id)
    chats.admit(transaction, chat.id, now=now)
    if chat.state is states.ChatState.ASKED:
        note_changed_state(transaction, chat.id)
    chats.drop_wrong_codes_of(transaction, chat.id)
    for other in chats.chats_awaiting_admission(transaction):
        _notify_of_request(transaction, other, admins, who="", request="", now=now)
    return "made"


def _hash(code: str) -> str:
    """Returns the hash of a code's letters and digits in upper case, since people may type lower case without dashes."""
    return sha256("".join(sign for sign in code.upper() if sign.isalnum()).encode()).hexdigest()


# ----------------------------------------------------------------------------------------------------------- admission


@dataclass(frozen=True, slots=True)
class Standing:
    """What operators decided about the chats at an address."""

    chats: tuple[model.Chat, ...]  # the chats at the address, including topics
    remembers_denial: bool  # a chat at the address was denied, and erased after that

    @property
    def is_denied(self) -> bool:
        """Whether an operator denied one of the chats. Chats that were erased after that count, too."""
        return self.remembers_denial or any(chat.is_denied for chat in self.chats)

    @property
    def is_admitted(self) -> bool:
        """Whether one of the chats may use the bot: see `Chat.is_admitted`."""
        return any(chat.is_admitted for chat in self.chats)

    def chat(self, address: model.ChatAddress) -> model.Chat | None:
        """The chat at exactly this address."""
        return next((chat for chat in self.chats if chat.address == address), None)


@stored_store.reads
def standing_of(transaction: Transaction, address: model.ChatAddress) -> Standing:
    """Returns what operators decided about an address, or, if its chat moved, about the new address."""
    lane = address.lane
    here = chats.chats_in(transaction, lane)
    if not here and (moved := chats.find_chat(transaction, address)):
        lane = moved.address.lane
        here = chats.chats_in(transaction, lane)
    return Standing(tuple(here), bool(chats.denial_of(transaction, lane)))


@stored_store.writes
def request_admission(
    transaction: Transaction,
    address: model.ChatAddress,
    *,
    admins: Sequence[model.ChatAddress],
    who: str,
    request: str,
    now: datetime,
) -> bool:
    """Makes a known chat wait for an operator, and tells each operator, at most once a day.

    Returns whether there is an operator. While the chat waits, the cursors of its subscriptions do not move. So after
    its admission the chat gets the papers that came while it waited. Raises NotFound.
    """
    chat = listing.get_chat(transaction, address)
    if chat.state is not states.ChatState.ASKED:
        chats.require_admission(transaction, chat.id, now=now)
        note_changed_state(transaction, chat.id)
    _notify_of_request(transaction, chat, admins, who=who, request=request, now=now)
    return has_operator(transaction, admins)


def _notify_of_request(
    transaction: Transaction,
    chat: model.Chat,
    admins: Sequence[model.ChatAddress],
    *,
    who: str,
    request: str,
    now: datetime,
) -> None:
    arguments = {"chat": str(chat.address)}
    notices.notify_operators(
        transaction,
        admins,
        chat_notices.AccessAsked(chat=str(chat.address), title=chat.title, who=who, request=request[:_LONGEST_REQUEST]),
        now=now,
        buttons={verb: model.CallbackToken(verb=verb, arguments=arguments) for verb in ("allow", "deny")},
    )


@stored_store.writes
def allow(
    transaction: Transaction, address: model.ChatAddress, *, now: datetime, notify_chats: bool = True
) -> tuple[model.Chat, bool]:
    """Admits all chats at an address, including topics, and notifies those that waited. Adds the chat if it is unknown.

    Without `notify_chats`, no chat is notified. Returns (the chat at the address, whether any of the chats waited).
    """
    waited = False
    chat = chats.add_chat(transaction, address, listing.kind_of(address), now=now)
    chats.lift_denial(transaction, chat.address.lane)
    for one in chats.chats_in(transaction, chat.address.lane):
        chats.admit(transaction, one.id, now=now)
        if one.state is states.ChatState.ASKED:
            waited = True
            note_changed_state(transaction, one.id)
            count = sum(
                s.state is states.SubscriptionState.ACTIVE
                for s in stored_subscriptions.subscriptions_in(transaction, one.id)
            )
            if notify_chats:
                notices.notify(
                    transaction, one.address, chat_notices.AccessGranted(event=now.isoformat(), count=count), now=now
                )
    return listing.get_chat(transaction, address), waited


@stored_store.writes
def deny(transaction: Transaction, address: model.ChatAddress, *, now: datetime) -> bool:
    """Denies all chats at an address, including topics, and notifies the chat.

    Returns False if the address was already denied; then the chat is not notified again. Raises NotFound.
    """
    chat = listing.get_chat(transaction, address)
    if chat.is_denied:
        return False
    for one in chats.chats_in(transaction, chat.address.lane):
        chats.deny(transaction, one.id, now=now)
        if one.state is not states.ChatState.ASKED:
            note_changed_state(transaction, one.id)
    notices.notify(transaction, chat.address, chat_notices.AccessDenied(event=now.isoformat()), now=now)
    return True


@stored_store.writes
def open_page_chat(
    transaction: Transaction, chat: model.ChatAddress, *, lang: str, timezone: str = "", now: datetime
) -> None:
    """Admits the chat of a person who uses the bot's own machine. Adds the chat if it is unknown.

    No operator has to admit it, because such a person can admit any chat from the command line. A denied chat stays
    denied.
    """
    kind = listing.kind_of(chat)
    known = chats.add_chat(transaction, chat, kind, now=now, lang=lang, timezone=timezone)
    if not known.is_denied:
        chats.admit(transaction, known.id, now=now)


@stored_store.writes
def choose_language(transaction: Transaction, chat: model.ChatAddress, lang: str, *, now: datetime) -> None:
    """Stores the language that a person chose on a page. Adds the chat if it is unknown."""
    known = chats.add_chat(transaction, chat, listing.kind_of(chat), now=now)
    chats.choose_setting(transaction, known.id, "lang", lang)


# ----------------------------------------------------------------------------------------------------- owners of chats


@stored_store.reads
def subscriptions_around(
    transaction: Transaction, own: model.Chat, shared: Collection[str] | None
) -> tuple[tuple[model.Chat, tuple[listing.Listed, ...]], ...]:
    """Returns a person's own chat and the chats at the `shared` addresses, each with its subscriptions.

    `own` comes first, even if it has no subscriptions or is unknown. Other chats without subscriptions are left out.
    Each thread or topic of an address is a chat. `shared` has the addresses where the person is a member. None: these
    are not known, and the chats that the person set up are used instead.
    """
    others = (
        chats.chats_of(transaction, own.address)
        if shared is None
        else chats.chats_at(transaction, own.address.platform, shared)
    )
    around = [own, *(chat for chat in others if chat.address != own.address)]
    listed = [*listing.listed_in(transaction, [chat for chat in around if chat.id])]
    found = ((chat, tuple(one for one in listed if one.chat is chat)) for chat in around)
    return tuple((chat, there) for chat, there in found if there or chat is own)


# ----------------------------------------------------------------------------------------------- addresses that confirm


@stored_store.writes
def serve(transaction: Transaction, address: model.ChatAddress, *, now: datetime) -> None:
    """Does what is needed after an operator has subscribed a chat: lets it in, or asks the reader of its address."""
    chat = listing.get_chat(transaction, address)
    if chat.state is states.ChatState.ASKED:
        allow(transaction, chat.address, now=now)
    ask_unasked(transaction, [chat.address], now=now)


@stored_store.writes
def ask_to_confirm(
    transaction: Transaction,
    address: model.ChatAddress,
    *,
    now: datetime,
    source: model.ChatAddress | None = None,
    person: model.ChatAddress | None = None,
) -> None:
    """Stores the question whether papers may be sent to an address, and adds its chat if it is new.

    If the reader says yes, the chat gets the subscriptions of `source`. `person` is who wants it; None: an operator at
    the machine of the bot. Raises Refused if too many questions were asked, or if an operator denied the address.
    """
    if person is not None:
        _count_question(transaction, address, person, now=now)
    asking = chats.find_chat(transaction, source) if source else None
    zone, lang = (asking.settings.timezone, asking.settings.lang) if asking else ("", "")
    chat = chats.add_chat(transaction, address, listing.kind_of(address), now=now, timezone=zone, lang=lang)
    chats.hold_chat(transaction, chat.id)
    if standing_of(transaction, address).is_denied:
        raise errors.Refused(_DENIED)
    if notices_since(transaction, chat.id, chat_notices.ConfirmAddress.cause, now - HOUR) >= MOST_QUESTIONS:
        raise errors.Refused(*_ASKED_OFTEN)
    answer = {"source": str(source or ""), "until": (now + OPEN_FOR).isoformat()}
    token = model.CallbackToken(verb=chat_notices.CONFIRM, arguments=answer)
    notices.notify(
        transaction,
        address,
        chat_notices.ConfirmAddress(event=now.isoformat()),
        now=now,
        buttons={chat_notices.CONFIRM: token},
    )


def _count_question(
    transaction: Transaction, address: model.ChatAddress, person: model.ChatAddress, *, now: datetime
) -> None:
    """Counts a question that a person causes. Raises Refused if that makes too many.

    Stores hashes, so that the limits hold for people who have erased their chat, and no address stays because of them.
    """
    questions = _questions_after(transaction, now - QUESTIONS)
    who, mailbox = (
        chats.hash_of(transaction, text)[:_HASH]
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
    """Returns the counted questions, and locks them until the transaction ends."""
    stored = json.loads(bot_state.hold_value(transaction, _QUESTIONS, "[]"))
    questions = [(datetime.fromisoformat(at), who, mailbox) for at, who, mailbox in stored]
    return [one for one in questions if one[0] > moment]


def _store_questions(transaction: Transaction, questions: Sequence[_Question]) -> None:
    bot_state.put_value(transaction, _QUESTIONS, json.dumps([(at.isoformat(), *rest) for at, *rest in questions]))


@stored_store.writes
def ask_unasked(transaction: Transaction, addresses: Collection[model.ChatAddress], *, now: datetime) -> None:
    """Stores the question for each of these addresses that is neither confirmed nor denied, and has no open question."""
    found = chats.find_chats(transaction, addresses)
    for address, chat in found.items():
        waits = chat.state is states.ChatState.UNCONFIRMED and not standing_of(transaction, address).is_denied
        if waits and not notices_since(transaction, chat.id, chat_notices.ConfirmAddress.cause, now - OPEN_FOR):
            ask_to_confirm(transaction, address, now=now)


@stored_store.writes
def confirm(
    transaction: Transaction,
    address: model.ChatAddress,
    *,
    source: model.ChatAddress | None,
    until: datetime,
    now: datetime,
) -> model.Chat:
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
    if chat.state is states.ChatState.UNCONFIRMED:
        chats.confirm(transaction, chat.id, now=now)
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
