"""Which stored rows of conversations name a chat or a person.

The texts of these rows have no index. Without mentions, erasing or moving a chat would have to read all of them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import sqlalchemy as sa

from subscriptions.addresses import declared
from subscriptions.store.database.store import Transaction, execute, in_chunks
from subscriptions.store.rows import TABLES

Where = Literal["callback", "state", "delivery", "change"]

_mentions = TABLES.tables["mention"]
_m = _mentions.c


def addresses_in(text: str, *, but: str = "") -> set[str]:
    """Returns all words of a text that may be the address of a chat, except `but`."""
    return {found.rstrip(".") for found in _address(tuple(facts.name for facts in declared())).findall(text)} - {but}


@lru_cache(maxsize=8)
def _address(platforms: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, platforms))}):[-\w./]+")


def words_of_callback(callback_id: str, arguments: Mapping[str, Any], place: str) -> set[str]:
    """Returns the addresses of other chats in a callback token, or in a state and its name."""
    return addresses_in(f"{callback_id} {arguments}", but=place.removeprefix("board:"))


def words_of_notice(dedupe_key: str, lines: Iterable[str], names: Iterable[str]) -> set[str]:
    """Returns the words with which a notice names chats: the addresses in its key and lines, and names of people."""
    return addresses_in(" ".join((dedupe_key, *lines))) | set(filter(None, names))


def words_of_change(before: Mapping[str, Any], address: str) -> set[str]:
    """Returns the ids of the people whom a change names: the subscribers, except the person of the chat itself."""
    return {subscriber for value in before["subscriptions"] if (subscriber := value.get("subscriber"))} - {address}


def note_mentions(
    transaction: Transaction, where: Where, words: Mapping[str, Iterable[str]] | Mapping[int, Iterable[str]]
) -> None:
    """Replaces the mentions of rows. `words`: row id → words with which the row names chats or people."""
    for part in in_chunks(list(words)):
        execute(transaction, sa.delete(_mentions).where(_m[where].in_(part)))
    add_mentions(transaction, where, words)


def add_mentions(
    transaction: Transaction, where: Where, words: Mapping[str, Iterable[str]] | Mapping[int, Iterable[str]]
) -> None:
    """Stores the mentions of new rows. `words`: row id → words with which the row names chats or people."""
    rows = [{where: of, "word": word} for of, those in words.items() for word in sorted(those)]
    if rows:
        execute(transaction, sa.insert(_mentions), rows)


def forget_mentions(transaction: Transaction, words: Sequence[str]) -> None:
    """Removes the mentions of these words. Call it when no row names them any more."""
    execute(transaction, sa.delete(_mentions).where(_m.word.in_(words)))


def named_by(transaction: Transaction, where: Where, words: Sequence[str], *, topics: bool = False) -> list[Any]:
    """Returns the ids of the rows with one of these words; with `topics`, also of rows that name a topic of an address."""
    found: set[Any] = set()
    for word in words:
        of = sa.select(_m[where]).where(_m[where].is_not(None))
        found.update(execute(transaction, of.where(_m.word == word)).scalars())
        if topics:
            found.update(execute(transaction, of.where(_m.word > f"{word}/", _m.word < f"{word}0")).scalars())
    return sorted(found)
