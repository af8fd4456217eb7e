"""What is kept, for how long, for whom (docs/architecture.md, rules 8, 10, 11)."""

from datetime import datetime, timedelta

from subscriptions.errors import Sentence, StoreError
from subscriptions.model import ChatAddress
from subscriptions.service._wishes import find
from subscriptions.store import Store, keeping, outbox, people

PAYLOADS = timedelta(days=30)
UPDATES = timedelta(days=7)
BUTTONS = timedelta(days=90)
INSTALLATIONS = timedelta(days=30)
GONE_CHATS = timedelta(days=365)


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


def own_workspace(store: Store, team: str, *, now: datetime) -> None:
    """`slack:TEAM/CHANNEL` of the own workspace is `slack:CHANNEL`: chats made before anybody knew the team become one."""
    with store.read() as session:
        known = people.addresses(session, "slack", f"{team}/")
    if known:
        with store.write() as session:
            for address in known:
                people.move_address(session, "slack", address, address.removeprefix(f"{team}/"), now=now)


def owners(store: Store) -> dict[str, str]:
    """Platform -> the bot that this database belongs to."""
    with store.read() as session:
        return people.marks(session, "bot:")


def forget(store: Store, address: ChatAddress) -> None:
    """Erases a chat with its subscriptions, what it was told, and its outbox. Raises NotFound."""
    with store.write() as session:
        chat = find(session, store, address)
        people.forget_chat(session, chat.id)
        keeping.forget_place(session, str(chat.address))


def clean_up(store: Store, *, now: datetime) -> None:
    """Lets go of what has been kept long enough."""
    with store.write() as session:
        outbox.drop_payloads(session, now - PAYLOADS)
        keeping.drop_updates(session, now - UPDATES)
        keeping.drop_links(session, now - BUTTONS)
        keeping.drop_installations(session, now - INSTALLATIONS)
        for chat_id in people.gone_since(session, now - GONE_CHATS):
            people.forget_chat(session, chat_id)
