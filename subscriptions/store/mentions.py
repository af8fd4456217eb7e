"""Where other chats name a chat or a person: callbacks, states, notices and changes, found by the words of the name.

Erasing and moving a chat look here and read only the rows that name it; the rows hold texts that are not indexed.
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

_LONGEST = 300  # characters: no title of a chat is longer

_mentions = TABLES.tables["mention"]
_m = _mentions.c
_NEW = sa.insert(_mentions)
_FORGET = sa.delete(_mentions).where(_m.word.in_(sa.bindparam("words", expanding=True)))
_OF = {
    "callback": sa.delete(_mentions).where(_m.callback.in_(sa.bindparam("ids", expanding=True))),
    "state": sa.delete(_mentions).where(_m.state.in_(sa.bindparam("ids", expanding=True))),
    "delivery": sa.delete(_mentions).where(_m.delivery.in_(sa.bindparam("ids", expanding=True))),
    "change": sa.delete(_mentions).where(_m.change.in_(sa.bindparam("ids", expanding=True))),
}


def addresses_in(text: str, *, but: str = "") -> set[str]:
    """What may be the address of a chat in a text, without `but`."""
    return {found.rstrip(".") for found in _address(tuple(facts.name for facts in declared())).findall(text)} - {but}


@lru_cache(maxsize=8)
def _address(platforms: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, platforms))}):[-\w./]+")


def words_of_callback(callback_id: str, arguments: Mapping[str, Any], place: str) -> set[str]:
    """The words by which a callback token, or a state under a name, names chats other than its own."""
    return addresses_in(f"{callback_id} {arguments}", but=place.removeprefix("board:"))


def words_of_notice(dedupe_key: str, detail: Mapping[str, str]) -> set[str]:
    """The words by which a notice names chats: their addresses and titles."""
    titles = {value for value in detail.values() if value and len(value) <= _LONGEST}
    return addresses_in(f"{dedupe_key} {detail}") | titles


def words_of_change(before: Mapping[str, Any], address: str) -> set[str]:
    """The words by which a change of the chat with this address names people: the ids of subscribers."""
    return {subscriber for value in before["subscriptions"] if (subscriber := value.get("subscriber"))} - {address}


def note(session: Transaction, where: Where, words: Mapping[str, Iterable[str]] | Mapping[int, Iterable[str]]) -> None:
    """Stores the words of rows, which are given by their ids, in place of those stored before."""
    for part in in_chunks(list(words)):
        execute(session, _OF[where], {"ids": part})
    add(session, where, words)


def add(session: Transaction, where: Where, words: Mapping[str, Iterable[str]] | Mapping[int, Iterable[str]]) -> None:
    """Stores the words of new rows, which are given by their ids."""
    rows = [{where: of, "word": word} for of, those in words.items() for word in sorted(those)]
    if rows:
        execute(session, _NEW, rows)


def forget(session: Transaction, words: Sequence[str]) -> None:
    """Removes these words; no row uses them as a name any more."""
    execute(session, _FORGET, {"words": words})


def named_by(session: Transaction, where: Where, words: Sequence[str], *, topics: bool = False) -> list[Any]:
    """Ids of the rows that name one of these; with `topics`, also those that name a topic of one of these addresses."""
    found: set[Any] = set()
    for word in words:
        of = sa.select(_m[where]).where(_m[where].is_not(None))
        found.update(execute(session, of.where(_m.word == word)).scalars())
        if topics:
            found.update(execute(session, of.where(_m.word > f"{word}/", _m.word < f"{word}0")).scalars())
    return sorted(found)
