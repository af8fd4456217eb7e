"""Fills a store with the rows that a bot collects over time. This is quick, because it inserts rows directly."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import insert

from subscriptions.database.store import Store
from subscriptions.database.tables import TABLES, KeyValueRow
from subscriptions.maintenance.stored import copying
from tests.clock import NOON

PER_CHAT = 30  # papers delivered to each chat
PER_DELIVERY = 5
GONE = 10  # every tenth chat is gone
PAYLOAD = "x" * 1200


def fill(
    store: Store,
    chats: int,
    *,
    papers: int = 500,
    now: datetime = NOON,
    per_chat: int = PER_CHAT,
) -> None:
    """Adds chats, subscriptions of all cadences, papers, sent deliveries, and the rows that conversations leave.

    Each chat got `per_chat` papers. Every tenth chat is gone, and its subscriptions were due long ago. Nothing else is
    due at `now`. The digests belong to a new source "made N", where N is the id of the first added chat.
    """
    day = timedelta(days=1)
    first, digest = (_first_free(store, table) for table in ("chat", "digest"))
    first_paper, first_delivery = _first_free(store, "paper"), _first_free(store, "delivery", "seq")
    with store.writing() as session:
        connection = session.connection()

        def add(table: str, rows: Iterable[Mapping[str, object]]) -> None:
            connection.execute(insert(TABLES.tables[table]), list(rows))

        source = f"made {first}"
        add("source", [{"name": source, "kind": "url", "location": "", "title": "", "home": "", "schedule": "",
                        "evening": False, "declared": False, "state": {}, "parts": {}, "last": {}}])  # fmt: skip
        add("digest", ({"id": digest + n, "content_hash": f"made {first} {n}", "source": source,
                        "date": (now - n * day / 5).date(), "received_at": now - n * day / 5} for n in range(papers // 20)))  # fmt: skip
        at = {n: now - day - (papers - n) * timedelta(minutes=30) for n in range(papers)}
        add("paper", ({"id": first_paper + n, "key": f"9{first:05}.{n:05}", "title": f"Made {n}", "abstract": "words " * 150,
                       "authors": ["A B"], "categories": ["cs.LG"], "primary": "cs.LG", "arxiv_id": f"9{first:05}.{n:05}",
                       "comment": "", "summaries": {}, "translations": {}, "cross": False, "first_seen_at": at[n], "day": at[n].date(),
                       "sequence": first_paper + n, "sequenced_at": at[n]} for n in range(papers)))  # fmt: skip
        add("paper_key", ({"key": f"9{first:05}.{n:05}", "paper": first_paper + n} for n in range(papers)))
        add("appearance", ({"paper": first_paper + n, "digest": digest + n * (papers // 20) // papers, "kind": ""}
                           for n in range(papers)))  # fmt: skip
        last = first_paper + papers - 1
        session.merge(KeyValueRow(name="sequence", value=str(last)))
        add("chat", (chat_row(first + n, now, gone=n % GONE == 0) for n in range(chats)))
        add("subscription", (_subscription(first + n, now, last, gone=n % GONE == 0) for n in range(chats)))
        sent = [(chat, n) for chat in range(chats) for n in range(per_chat // PER_DELIVERY)]
        seqs = {one: first_delivery + place for place, one in enumerate(sent)}
        when = {n: now - (per_chat // PER_DELIVERY - n) * day for n in range(per_chat // PER_DELIVERY)}
        add("delivery", ({"seq": seqs[chat, n], "id": f"{seqs[chat, n]:016x}", "chat": first + chat, "kind": "bulletin",
                          "due": when[n], "dedupe_key": f"{first + chat}:{when[n]:%Y-%m-%dT%H:%M}", "created_at": when[n],
                          "facts": FACTS, "rendered_at": when[n], "attempts": 0, "settled_at": when[n], "reason": ""}
                         for chat, n in sent))  # fmt: skip
        add("message", ({"delivery": seqs[one], "number": 1, "payload": PAYLOAD, "use_plain": False,
                         "state": "sent", "attempted_at": when[one[1]], "sent_at": when[one[1]],
                         "platform_id": str(seqs[one]), "reason": "", "left_to_person": False} for one in sent))  # fmt: skip
        add("delivery_item", ({"chat": first + chat, "paper": first_paper + (chat * 7 + n * PER_DELIVERY + place) % papers,
                               "delivery": seqs[chat, n], "message": 1, "position": place, "shown": True, "cross": False,
                               "because": [BECAUSE]} for chat, n in sent for place in range(PER_DELIVERY)))  # fmt: skip
        add("update", ({"platform": "telegram", "update_id": f"{first + n}", "at": now - n * day / chats,
                        "chat": first + n, "changed": True, "answered": True} for n in range(chats)))  # fmt: skip
        add("callback", ({"id": f"made {first + n}", "chat": first + n, "person": str(first + n), "verb": "more",
                          "at": now - n * day / chats, "until": now + 90 * day, "name": "",
                          "arguments": {"number": n}} for n in range(chats)))  # fmt: skip
        add("undo", ({"chat": first + n, "who": f"{first + n} Ada", "at": now - n * day / chats,
                      "before": {"subscriptions": [], "undone": False, "undoes": None}} for n in range(chats)))  # fmt: skip
        if connection.dialect.name == "postgresql":
            copying.count_on(connection)


FACTS = {"known": 180, "days": ["2026-01-22"], "first": False, "next_due": "2026-01-23T09:00:00+00:00", "next_about": False,
         "late": 0.0, "lines": [], "buttons": [], "titles": []}  # fmt: skip
BECAUSE = {"number": 1, "text": "graph neural network", "name": "", "words": ["graph", "neural", "network"], "by": ""}


def _first_free(store: Store, table: str, key: str = "id") -> int:
    with store.reading() as session:
        return (session.connection().exec_driver_sql(f"SELECT max({key}) FROM {table}").scalar() or 0) + 1  # noqa: S608 - names of ours


def chat_row(number: int, now: datetime, *, gone: bool = False) -> dict[str, object]:
    """Returns the row of a private chat of Telegram, which is active or gone."""
    state = {"state": "paused", "pause_reason": "gone", "state_since": now} if gone else {"state": "active"}
    return {"id": number, "platform": "telegram", "address": str(1000 + number), "topic": "", "title": "", "kind": "private",
            "lang": "", "settings": {}, "state_detail": "", "owner": "", "admin": False, "public": False,
            "pause_reason": None, "state_since": None, "first_delivery_planned": True,
            "next_number": 2, "created_at": now, **state}  # fmt: skip


def _subscription(chat: int, now: datetime, last: int, *, gone: bool) -> dict[str, object]:
    """Returns the row of a subscription to which no paper is owed.

    Chats have the cadences daily, when-out and now in turn.
    """
    day = timedelta(days=1)
    past = now - 20 * day if gone else now
    cadence, due, latest, cursor = [
        ("daily 13:00", past + day / 2, past + day / 2, last - 5),
        ("when-out 18:00-23:00", past + day / 4, past + day / 2, last),
        ("now", None, None, last),
    ][chat % 3]
    return {"chat": chat, "number": 1, "name": "", "text": f"made{chat}", "canonical": f"made{chat}",
            "cadence": cadence, "state": "active", "since": now - 30 * day, "cursor": cursor, "next_due_at": due,
            "latest_due_at": latest}  # fmt: skip
