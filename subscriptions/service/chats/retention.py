"""What is kept, for how long, for whom (docs/architecture.md, rules 8, 10, 11)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from subscriptions.errors import Sentence, StoreError
from subscriptions.model import ChatAddress
from subscriptions.service.chats.conversation_state import FORGOTTEN
from subscriptions.service.chats.workspaces import forget_workspaces
from subscriptions.service.subscriptions.requests import find
from subscriptions.store import (
    Store,
    moving,
    outbox,
    sources,
)
from subscriptions.store import (
    chat_data as belongings,
)
from subscriptions.store import (
    chats as people,
)
from subscriptions.store import (
    retention as keeping,
)

PAYLOADS = timedelta(days=30)
UPDATES = timedelta(days=7)
BUTTONS = timedelta(days=90)
GONE_CHATS = timedelta(days=365)
RECEIPTS = timedelta(days=90)
_DAY_BEGUN = "day-begun"  # the mark that holds the day on which that was done last


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What a chat had before it was erased."""

    subscriptions: int
    papers: int  # that it was told


def belongs_to(store: Store, platform: str, bot: str, *, new_bot: bool = False) -> None:
    """Remembers whose database this is; another bot's token is refused. Raises StoreError."""
    with store.write() as session:
        known = people.get_mark(session, f"bot:{platform}")
        if known is not None and known != bot and not new_bot:
            raise StoreError(
                Sentence("This database belongs to another {platform} bot.", {"platform": platform.capitalize()}),
                Sentence("Use that bot's token, or say `paperwire run --new-bot` to give the chats to this one."),
            )
        if known != bot:
            people.set_mark(session, f"bot:{platform}", bot)


def bot_name(store: Store, platform: str, told: str = "") -> str:
    """What the bot is called on a platform, which links to it need: as the platform tells now, else as it told last."""
    with store.read() as session:
        known = people.get_mark(session, f"name:{platform}") or ""
    if told and told != known:
        with store.write() as session:
            people.set_mark(session, f"name:{platform}", told)
    return told or known


def own_workspace(store: Store, platform: str, team: str, *, now: datetime) -> None:
    """Chats of the own workspace lose its name: those that were made before anybody knew the team become one."""
    with store.read() as session:
        known = people.addresses(session, platform, f"{team}/")
    if known:
        with store.write() as session:
            for address in known:
                moving.move_address(session, platform, address, address.removeprefix(f"{team}/"), now=now)


def owners(store: Store) -> dict[str, str]:
    """Platform -> the bot that this database belongs to."""
    with store.read() as session:
        return people.marks(session, "bot:")


def held(store: Store, address: ChatAddress) -> dict[str, Any]:
    """All that is stored of a chat and of nobody else, as JSON values. Raises NotFound."""
    with store.read() as session:
        return belongings.chat_data(session, find(session, store, address).id)


def forget(store: Store, address: ChatAddress) -> Forgotten:
    """Erases a chat with its subscriptions, what it was told, its outbox, and what names it elsewhere. Raises NotFound."""
    with store.write() as session:
        chat = find(session, store, address)
        wishes = people.subscriptions_of(session, [chat.id])[chat.id]
        told = outbox.delivered_count(session, chat.id)
        places = belongings.erase(session, chat.id)
        session.info.setdefault(FORGOTTEN, set()).update(places)
    return Forgotten(subscriptions=len(wishes), papers=told)


def begin_day(store: Store, *, now: datetime) -> bool:
    """Whether the work of this day (UTC) is still to be done: clean-up and the day's copy. It counts as done from then on."""
    today = now.date().isoformat()
    with store.write() as session:
        if people.get_mark(session, _DAY_BEGUN) == today:
            return False
        people.set_mark(session, _DAY_BEGUN, today)
        return True


def clean_up(store: Store, *, now: datetime) -> None:
    """Lets go of what has been kept long enough."""
    with store.write() as session:
        outbox.drop_payloads(session, now - PAYLOADS)
        keeping.drop_updates(session, now - UPDATES)
        keeping.drop_callbacks(session, now - BUTTONS)
        forget_workspaces(session, now=now)
        sources.drop_receipts(session, now - RECEIPTS)
        for chat_id in people.gone_since(session, now - GONE_CHATS):
            belongings.erase(session, chat_id)
