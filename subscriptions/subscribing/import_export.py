"""Imports subscriptions and settings from text, line by line in one transaction, follows such text, and exports it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from subscriptions.chats import known as known_chats
from subscriptions.chats.addresses import facts_of
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored import subscriptions as stored_subscriptions
from subscriptions.database import bot_state
from subscriptions.database.store import Store, Transaction
from subscriptions.errors import Refused
from subscriptions.model import Chat, ChatAddress, Subscription
from subscriptions.papers.stored import papers as known_papers
from subscriptions.query import ABOUT, LIKE, links
from subscriptions.query.parse import parse_canonical, parse_query
from subscriptions.schedule.times import When
from subscriptions.subscribing import export_format as portable
from subscriptions.subscribing.subscribe import place, set_settings, unsubscribe_several

# what changed, line by line: (mark, chat, line); marks: "+" added, "~" changed, "=" no change, "-" removed
Changes = tuple[tuple[str, str, str], ...]
AT_ONCE = 500  # chats that are read in one transaction
_Applied = tuple[str, Subscription | None]  # the mark of a line, and the subscription that it names


class _TriedOut(Exception):
    """Raised when lines were only checked, to roll that back."""


def import_lines(
    transaction: Transaction,
    lines: Sequence[portable.PortableLine],
    *,
    now: datetime,
    dry: bool = False,
    who: str = "",
    watched: Callable[[Sequence[portable.PortableLine]], Iterable[portable.PortableLine]] = iter,
) -> Changes:
    """Add the subscriptions of these lines, and change those that differ. Remove none. All or nothing.

    Raise Refused, which quotes the line that cannot be applied.

    - `dry`: returns what would change, and changes nothing.
    - `who`: "ID NAME" of the person.
    - `watched`: gets the lines and yields them, to show progress.
    """
    done: list[_Applied] = []
    with suppress(_TriedOut), transaction.savepoint():
        done += [_apply(transaction, line, now=now, who=who) for line in watched(lines)]
        if dry:
            raise _TriedOut
    return _changes(lines, done)


def _changes(lines: Sequence[portable.PortableLine], done: Sequence[_Applied]) -> Changes:
    return tuple((mark, str(line.chat), line.text) for line, (mark, _) in zip(lines, done, strict=True))


def follow_lines(
    transaction: Transaction, lines: Sequence[portable.PortableLine], *, look_back: bool, now: datetime
) -> tuple[Changes, bool]:
    """Make these lines what is subscribed: like `import_lines`, and remove what only those of the last start named.

    What people subscribed in their chats stays. A database that never followed lines may replace one that was lost, so
    what came until now counts as sent; if it shall `look_back`, what came in the last days is due at once instead.
    Return what changed, and whether the database is such a one.
    """
    is_new = bot_state.get_value(transaction, bot_state.FOLLOWS_FILES) is None
    if is_new:
        bot_state.put_value(transaction, bot_state.FOLLOWS_FILES, now.isoformat())
    before = stored_subscriptions.followed(transaction)
    lines = _last_of_each(lines)
    looks_back = look_back or not is_new
    done = [_apply(transaction, line, now=now, who="", looks_back=looks_back) for line in lines]
    if is_new and look_back:
        for mark, placed in done:
            if placed and mark == "+":
                _make_due(transaction, placed, now)
    ids = [placed.id for _, placed in done if placed]
    stored_subscriptions.note_followed(transaction, ids, now=now)
    removed = _remove(transaction, before.difference(ids), now)
    return (*_changes(lines, done), *removed), is_new


def _make_due(transaction: Transaction, new: Subscription, now: datetime) -> None:
    """Make what came in the last days due at once. A when-out is so anyway, as soon as its window is open."""
    after = new
    if new.cadence.kind == "timed":
        after = new._replace(next_due_at=now, latest_due_at=now)
    elif new.cadence.kind == "now":  # in most chats it would begin with this moment
        since = now - new.cadence.looks_back
        after = new._replace(since=since, cursor=known_papers.sequence_before(transaction, since))
    stored_subscriptions.change_subscription(transaction, new, after)


def _last_of_each(lines: Sequence[portable.PortableLine]) -> Sequence[portable.PortableLine]:
    """Return the last line of each query and setting of a chat.

    An earlier one with another time would move what is due at each start, and it would never come.
    """
    last = {(one.chat, one.setting and one.setting[0], one.query and one.query.canonical): one for one in lines}
    return tuple(last.values())


def _remove(transaction: Transaction, ids: Collection[int], now: datetime) -> Iterator[tuple[str, str, str]]:
    """Remove subscriptions, as one change of each chat. Yield what changed."""
    of_chats = stored_subscriptions.chats_of(transaction, sorted(ids))
    chats = stored_chats.chats_by_id(transaction, list(of_chats))
    for chat_id, own in of_chats.items():
        chat = chats[chat_id]
        numbers = [one.number for one in stored_subscriptions.subscriptions_in(transaction, chat_id) if one.id in own]
        for gone in unsubscribe_several(transaction, chat.address, numbers, now=now):
            yield "-", str(chat.address), portable.subscription_line(chat, gone)


def texts_asked(lines: Iterable[portable.PortableLine]) -> tuple[str, ...]:
    """Return the texts that the queries of these lines ask with `about:`, each once."""
    canonicals = (line.query.canonical for line in lines if line.query)
    asking = (parse_canonical(one) for one in canonicals if ABOUT.canonical_prefix in one)
    return tuple(dict.fromkeys(text for query in asking for text in query.asked))


def _apply(
    transaction: Transaction, line: portable.PortableLine, *, now: datetime, who: str, looks_back: bool = True
) -> _Applied:
    """Apply one line, and add its chat if it is new."""
    known_chat = stored_chats.find_chat(transaction, line.chat)
    chat = known_chat or stored_chats.add_chat(transaction, line.chat, line.kind, now=now)
    try:
        if line.setting is not None:
            after = set_settings(transaction, chat.address, dict([line.setting]), now=now, who=who)
            return ("=" if after.chosen == chat.chosen else "~"), None  # a default may be chosen, too
        if line.cadence is None or line.query is None:  # a known chat keeps the kind that its platform reported
            return ("=" if known_chat else "+"), None
        query = _of_chat(line.query, chat)
        known = known_chats.with_query(transaction, chat, query.canonical)
        zone = known.zone if known else None
        if line.zone not in (None, zone or chat.settings.timezone):
            zone = None if line.zone == chat.settings.timezone else line.zone
        when = When(line.cadence, zone or "")
        placed = place(transaction, chat, known, query, when, name=line.name, now=now, who=who, looks_back=looks_back)
    except Refused as error:
        raise line.refused(error.sentence, error.hint) from error
    if known is None:
        return "+", placed
    return "=" if placed == known else "~", placed


def _of_chat(query: portable.KeptText, chat: Chat) -> portable.KeptText:
    """Return a query as it is in a chat: `like:library` means this chat's library.

    A query that names unknown papers, or whose vectors cannot be had, is kept as it is: it rests.
    """
    if not (LIKE.canonical_prefix in query.canonical and links.LIBRARY in query.canonical):
        return query
    own = parse_query(query.text, chat.id)
    return portable.KeptText(own.text, own.canonical)


def export(transaction: Transaction, address: ChatAddress) -> str:
    """Return the subscriptions of a chat as text. Raise NotFound."""
    chat, subscriptions = known_chats.get_subscribed(transaction, address)
    return _lines([portable.subscription_line(chat, one) for one in subscriptions])


def export_all(store: Store) -> Iterator[str]:
    """Yield the text of all chats, with their settings, in parts.

    Each part is read in its own transaction, so a slow reader of the text delays no one. Each chat is complete. Change
    during the export are included if their chats have not been read before.
    """
    after: ChatAddress | None = None
    begun = False
    while True:
        with store.reading() as transaction:
            page = stored_chats.chats_after(transaction, after, AT_ONCE)
            whole = list(_whole(transaction, page))
        if not page:
            return
        if whole:
            yield ("\n" if begun else "") + "\n".join(whole)
            begun = True
        after = page[-1].address


def _whole(transaction: Transaction, chats: Sequence[Chat]) -> Iterator[str]:
    """Yield, for each chat with subscriptions or chosen settings, the lines from which an import can restore it."""
    subscriptions = stored_subscriptions.subscriptions_of(transaction, [chat.id for chat in chats])
    for chat in chats:
        settings = [f"set {name} {value}" for name, value in sorted(chat.chosen.items())]
        # the address of a channel looks like that of a group, so the kind has to be written
        kind = [] if chat.kind is facts_of(chat.address.platform).kind_of(chat.address) else [f"set kind {chat.kind}"]
        lines = [portable.subscription_line(chat, one) for one in subscriptions[chat.id]]
        if settings or lines:
            yield _lines([f"[{chat.address}]", *kind, *settings, *lines])


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
