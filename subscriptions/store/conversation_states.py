"""What conversations must know later, each under a name such as "ask:CHAT:PERSON"."""

from datetime import datetime

from sqlalchemy import bindparam
from sqlalchemy import select as columns
from sqlmodel import Session, col, delete

from subscriptions.model import CallbackToken
from subscriptions.store import mentions
from subscriptions.store.conversation_rows import ConversationStateRow
from subscriptions.store.database.conflicts import put
from subscriptions.store.database.store import execute
from subscriptions.store.rows import TABLES

_states = TABLES.tables["conversation_state"]
_FIND = columns(_states).where(_states.c.name == bindparam("called"), _states.c.at >= bindparam("since"))


def put_state(session: Session, name: str, token: CallbackToken, *, now: datetime, until: datetime) -> None:
    """Stores a state under a name, which is needed until a moment; replaces the one that has this name."""
    values = {
        "name": name,
        "place": token.place,
        "person": token.person,
        "verb": token.verb,
        "arguments": dict(token.arguments),
        "at": now,
        "until": until,
    }
    put(session, "conversation_state", ("name",), values)
    words = mentions.words_of_callback(name, token.arguments, token.place)
    mentions.note(session, "state", {name: words})


def find_state(session: Session, name: str, *, since: datetime) -> CallbackToken | None:
    """The state that was stored under a name at `since` or later; None if there is none."""
    row = execute(session, _FIND, {"called": name, "since": since}).first()
    if row is None:
        return None
    return CallbackToken(verb=row.verb, arguments=row.arguments, place=row.place, person=row.person)


def drop_state(session: Session, name: str) -> None:
    """Removes what was stored under a name."""
    session.exec(delete(ConversationStateRow).where(col(ConversationStateRow.name) == name))


def erase_place(session: Session, place: str) -> None:
    """Erases the states of a chat."""
    session.exec(delete(ConversationStateRow).where(col(ConversationStateRow.place) == place))
