"""How far the words on disk were renewed for this version, and their renewal: the index, aliases, canonical texts.

All papers come first, in the order of their ids, then all chats. The place is committed with what was renewed, so a
process that was killed, or another one, goes on there (docs/architecture.md, rule 17).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from subscriptions.database import word_index
from subscriptions.database.bot_state import get_value, put_value
from subscriptions.database.schema import WORDS
from subscriptions.database.store import Transaction, execute, grouped, rows_of
from subscriptions.database.tables import KeyValueRow, tables
from subscriptions.matching.full_text import index_document
from subscriptions.papers.stored import words as paper_words
from subscriptions.papers.stored.papers import stored_papers
from subscriptions.text import stems as words
from subscriptions.text.words import title_alias

PAPERS, CHATS = "papers", "chats"  # what is renewed, in this order
_PLACE = "words-renewed"  # name of a stored value
_tables = dict(zip((PAPERS, CHATS), tables("paper", "chat"), strict=True))
_aliases, _subscriptions, _undo = tables("paper_alias", "subscription", "undo")
_u = _undo.c
_PUT = sa.update(_subscriptions).where(_subscriptions.c.id == sa.bindparam("of")).values(canonical=sa.bindparam("new"))


class Place(NamedTuple):
    """How far the renewal is."""

    of: str = PAPERS
    upto: int = 0  # the id of the last one that was renewed


def are_old(transaction: Transaction) -> bool:
    """Return whether the words on disk are of another version than this program's."""
    return version(transaction) != str(words.VERSION)


def version(transaction: Transaction) -> str | None:
    """Return the version of the words on disk."""
    return get_value(transaction, WORDS)


def place(transaction: Transaction) -> Place:
    """Return how far the renewal for this version is."""
    for_version, of, upto = (get_value(transaction, _PLACE) or f"{words.VERSION} {PAPERS} 0").split()
    return Place(of, int(upto)) if for_version == str(words.VERSION) else Place()


def note_place(transaction: Transaction, now_at: Place) -> None:
    """Store how far the renewal is."""
    put_value(transaction, _PLACE, f"{words.VERSION} {now_at.of} {now_at.upto}")


def note_end(transaction: Transaction) -> None:
    """Store that the words on disk are of this version."""
    transaction.remove(KeyValueRow, name=_PLACE)
    put_value(transaction, WORDS, str(words.VERSION))


def count(transaction: Transaction, at: Place) -> tuple[int, int]:
    """Return (how many were renewed, how many there are) of the papers or chats at a place."""
    table = _tables[at.of]
    wanted = sa.select(sa.func.count()).select_from(table)
    done = execute(transaction, wanted.where(table.c.id <= at.upto)).scalar_one()
    return done, execute(transaction, wanted).scalar_one()


def next_ids(transaction: Transaction, at: Place, most: int) -> Sequence[int]:
    """Return the ids of the papers or chats that come after a place, at most `most`."""
    column = _tables[at.of].c.id
    return execute(transaction, sa.select(column).where(column > at.upto).order_by(column).limit(most)).scalars().all()


def empty_index(transaction: Transaction) -> None:
    """Remove all entries of the index where they would stay when papers get new ones."""
    transaction.flush()
    word_index.empty(transaction.connection())


def index_papers(transaction: Transaction, ids: Sequence[int]) -> None:
    """Write new index entries for papers, and the aliases of their titles."""
    known = stored_papers(transaction, ids)
    paper_words.write(transaction, ((one, index_document(known[one].paper)) for one in ids))
    aliases = grouped((row.paper, row.alias) for row in rows_of(transaction, _aliases, _aliases.c.paper, ids))
    # a paper without any alias is found by none: another one has its keys and its titles (rule 4)
    titles = {one: title_alias(known[one].paper.title) for one in aliases}
    new = [{"paper": one, "alias": alias} for one, alias in titles.items() if alias and alias not in aliases[one]]
    transaction.execute_rows(sa.insert(_aliases), new)


def put_canonical(transaction: Transaction, texts: Mapping[int, str]) -> None:
    """Store new canonical texts. `texts`: subscription id → text; no two of a chat are equal."""
    # twice, since the new text of one may be the old text of another; no query has an open bracket
    for values in ({one: f"({one}" for one in texts}, texts):
        transaction.execute_rows(_PUT, [{"of": one, "new": text} for one, text in values.items()])


def renew_changes(transaction: Transaction, chat_ids: Sequence[int], renewed: Callable[[str, str, int], str]) -> None:
    """Renew the canonical texts in the states before the changes of chats, so that an undo compares them rightly.

    `renewed`: (text as typed, canonical text, chat id) → canonical text.
    """
    for row in rows_of(transaction, sa.select(_u.id, _u.chat, _u.before), _u.chat, chat_ids):
        before = row.before
        subscriptions = {
            number: {**one, "canonical": renewed(one["text"], one["canonical"], row.chat)}
            for number, one in before.get("subscriptions", {}).items()
        }
        after = {**before, "subscriptions": subscriptions}
        if subscriptions and after != before:
            execute(transaction, sa.update(_undo).where(_u.id == row.id).values(before=after))
