"""Imports subscriptions and settings from text, line by line in one transaction: what each line adds or changes, which is refused."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from subscriptions import errors, portable
from subscriptions.model import Chat
from subscriptions.query import ABOUT, FIELDS, LIKE, links
from subscriptions.query.parse import parse_canonical, parse_query
from subscriptions.service import listing
from subscriptions.service.subscribing import place, set_settings
from subscriptions.store import stored_chats
from subscriptions.store.database.store import Scope, Transaction

# what an import changed, line by line: (mark, chat, line); marks: "+" added, "~" changed, "=" no change
Changes = tuple[tuple[str, str, str], ...]


class _TriedOut(Exception):
    """Raised when lines were only checked, to roll that back."""


def import_lines(
    store: Scope,
    lines: Sequence[portable.PortableLine],
    *,
    now: datetime,
    dry: bool = False,
    who: str = "",
    watched: Callable[[Sequence[portable.PortableLine]], Iterable[portable.PortableLine]] = iter,
) -> Changes:
    """Adds the subscriptions of these lines, and changes those that differ. Removes none. All or nothing.

    Raises Refused, which quotes the line that cannot be applied.

    - `dry`: returns what would change, and changes nothing.
    - `who`: "ID NAME" of the person.
    - `watched`: gets the lines and yields them, to show progress.
    """
    marks: list[str] = []
    begun = store.savepoint() if isinstance(store, Transaction) else store.write()
    with suppress(_TriedOut), begun as transaction:
        marks += [_apply(transaction, line, now=now, who=who) for line in watched(lines)]
        if dry:
            raise _TriedOut
    return tuple((mark, str(line.chat), line.text) for mark, line in zip(marks, lines, strict=True))


def texts_asked(lines: Iterable[portable.PortableLine]) -> tuple[str, ...]:
    """Returns the texts that the queries of these lines ask with `about:`, each once."""
    canonicals = (line.query.canonical for line in lines if line.query)
    asking = (parse_canonical(one) for one in canonicals if ABOUT.canonical_prefix in one)
    return tuple(dict.fromkeys(text for query in asking for text in query.asked))


def _apply(transaction: Transaction, line: portable.PortableLine, *, now: datetime, who: str) -> str:
    """Applies one line, and adds its chat if it is new. Returns its mark."""
    chat, kind_mark = stored_chats.find_chat(transaction, line.chat), "="
    if chat is None:
        kind, kind_mark = line.kind or listing.kind_of(line.chat), "+"
        chat = stored_chats.add_chat(transaction, line.chat, kind, now=now)
    if line.setting is not None:
        return _set(transaction, line, line.setting, chat, now=now, who=who)
    if line.cadence is None or line.query is None:  # a known chat keeps the kind that its platform reported
        return kind_mark
    query = _of_chat(line.query, chat)
    known = listing.with_query(transaction, chat, query.canonical)
    zone = known.zone if known else None
    if line.zone not in (None, zone or chat.settings.timezone):
        zone = None if line.zone == chat.settings.timezone else line.zone
    try:
        placed = place(
            transaction,
            chat,
            known,
            text=query.text,
            canonical=query.canonical,
            cadence=line.cadence,
            zone=zone,
            name=line.name,
            now=now,
            who=who,
        )
    except errors.Refused as error:
        raise line.refused(error.sentence, error.hint) from error
    if known is None:
        return "+"
    return "=" if placed == known else "~"


def _of_chat(query: portable.KeptText, chat: Chat) -> portable.KeptText:
    """Returns a query as it is in a chat: `like:library` means this chat's library.

    A query that names unknown papers, or whose vectors cannot be had, is kept as it is: it rests.
    """
    if not (LIKE.canonical_prefix in query.canonical and links.LIBRARY in query.canonical):
        return query
    own = parse_query(query.text, FIELDS.of_chat(chat.id))
    return portable.KeptText(own.text, own.canonical)


def _set(
    transaction: Transaction,
    line: portable.PortableLine,
    setting: tuple[str, str],
    chat: Chat,
    *,
    now: datetime,
    who: str,
) -> str:
    """Chooses a setting of a chat, also one that is as the default. Returns the mark."""
    name, given = setting
    try:
        after = set_settings(transaction, chat.address, {name: given}, now=now, who=who)
    except errors.PaperwireError as error:
        raise line.refused(error.sentence, error.hint) from error
    return "=" if after.chosen == chat.chosen else "~"
