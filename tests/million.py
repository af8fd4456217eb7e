"""Fills a database with the million rows that a bot has after some years. This takes seconds, because SQL makes the rows."""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

CHATS, PAPERS, DELIVERIES, ITEMS = 30_000, 70_000, 90_000, 330_000
GONE = 10  # every tenth chat is gone: its subscriptions were due long ago, and a delivery waits for it
BASE = 1000  # the ids of added rows are larger than this

# The table n has the numbers i from 1 on. {now} is the time from which the statements count days back.
_ROWS = (
    """INSERT INTO source (name, kind, location, title, home, schedule, evening, declared, failures, tries, unread)
    SELECT 'made' || i, 'url', '', '', '', '', 0, 0, 0, 0, '{{}}' FROM n WHERE i <= 5""",
    """INSERT INTO receipt (source, at, outcome, counts, detail)
    SELECT 'made' || (1 + i % 5), datetime('{now}', '-' || (i / 200) || ' days'), 'stale', '{{}}', '' FROM n WHERE i <= 15000""",
    """INSERT INTO digest (id, content_hash, source, format, date, received_at, counts)
    SELECT {base} + i, 'made' || i, 'made' || (1 + i % 5), 'x', date('{now}', '-' || (i / 5) || ' days'),
        datetime('{now}', '-' || (i / 5) || ' days'), '{{}}' FROM n WHERE i <= 3500""",
    """INSERT INTO paper (id, key, title, abstract, authors, categories, "primary", arxiv_id, comment, venue, published, cross, first_seen_at, day,
        sequence, sequenced_at, owner, by_arxiv, uncoded)
    SELECT {base} + i, 'm' || i, 'made ' || i, 'words words', '["A B"]', '["cs.LG"]', 'cs.LG', 'm' || i, '', '', '', 0,
        datetime('{now}', '-' || (({papers} - i) / 100 + 1) || ' days'), date('{now}', '-' || (({papers} - i) / 100 + 1) || ' days'), i,
        datetime('{now}', '-' || (({papers} - i) / 100 + 1) || ' days'), 'made1', 0, 1 FROM n WHERE i <= {papers}""",
    "INSERT INTO paper_key (key, paper) SELECT 'm' || i, {base} + i FROM n WHERE i <= {papers}",
    "INSERT INTO paper_alias (alias, paper) SELECT 'made ' || i, {base} + i FROM n WHERE i <= {papers}",
    "INSERT INTO appearance (paper, digest, kind) SELECT {base} + i, {base} + 1 + i % 3500, '' FROM n WHERE i <= {papers}",
    "INSERT INTO indexed_paper (entry, paper) SELECT i, {base} + i FROM n WHERE i <= {papers}",
    "INSERT INTO paper_words (rowid, title) SELECT i, 'made ' || i FROM n WHERE i <= {papers}",
    "INSERT OR REPLACE INTO key_value (name, value) VALUES ('sequence', '{papers}')",
    "INSERT INTO query (id, canonical) SELECT {base} + i, 'made' || i FROM n WHERE i <= {chats}",
    """INSERT INTO chat (id, platform, address, topic, title, kind, lang, timezone, settings, state, pause_reason, state_since,
        state_detail, public, owner, admin, first_delivery_planned, next_number, library_entries, created_at)
    SELECT {base} + i, 'telegram', 9000000 + i, '', '', 'private', '', '', '{{}}', iif(i % {gone}, 'active', 'paused'),
        iif(i % {gone}, NULL, 'gone'), '{now}', '', 0, '', 0, 1, 2, 0, '{now}' FROM n WHERE i <= {chats}""",
    """INSERT INTO subscription (chat, "query", number, name, text, cadence, since, next_due_at,
        latest_due_at, state, cursor)
    SELECT {base} + i, {base} + i, 1, '', 'made' || i, iif(i % 250 = 1, 'now', 'daily 13:00'), '{now}',
        iif(i % 250 = 1, NULL, datetime('{now}', iif(i % {gone}, '+1 hours', '-20 days'))),
        iif(i % 250 = 1, NULL, datetime('{now}', iif(i % {gone}, '+1 hours', '-20 days'))), 'active', {papers} FROM n WHERE i <= {chats}""",
    """INSERT INTO delivery (seq, id, chat, kind, due, dedupe_key, created_at, facts, rendered_at, attempts, reason, settled_at)
    SELECT {base} + i, printf('%016x', i), {base} + 1 + i % {chats}, 'bulletin', d, 'made' || i, d, '{{}}', d, 0, '',
        iif(i <= {chats} AND (1 + i % {chats}) % {gone} = 0, NULL, d)
    FROM (SELECT i, datetime('{now}', '-' || (5 + i / 2) || ' minutes') AS d FROM n WHERE i <= {deliveries})""",
    """INSERT INTO message (delivery, number, payload, use_plain, state, attempted_at, sent_at, platform_id,
        reason, lookup_given_up)
    SELECT seq, 1, '', 0, iif(settled_at IS NULL, 'waiting', 'sent'), due, settled_at,
        iif(settled_at IS NULL, NULL, seq), '', 0 FROM delivery WHERE seq > {base}""",
    """INSERT OR IGNORE INTO delivery_item (chat, paper, delivery, message, position, shown, cross, because)
    SELECT {base} + 1 + i % {chats}, {base} + 1 + (i * 7 + i / {chats}) % {papers}, iif(i <= {deliveries}, {base} + i, NULL), 1, 0, 1, 0, '[]'
    FROM n WHERE i <= {items}""",
    """INSERT INTO "update" (platform, update_id, at, chat, changed, answered)
    SELECT 'telegram', 'made' || i, datetime('{now}', '-' || (5 + i / 4) || ' minutes'), {base} + 1 + i % {chats}, 1, 1
    FROM n WHERE i <= 40000""",
    """INSERT INTO callback (id, chat, about, person, verb, at, arguments)
    SELECT 'made' || i, {base} + 1 + i % {chats}, iif(i % 4, NULL, {base} + 1 + i % 999), 9000000 + i, 'more',
        datetime('{now}', '-' || (i / 500) || ' days'), '{{}}'
    FROM n WHERE i <= 50000""",
    """INSERT INTO undo (chat, who, at, before) SELECT {base} + i, (9000000 + i) || ' Ada', datetime('{now}', '-' || (i / 500) || ' days'),
        '{{"subscriptions": [], "undone": false, "undoes": null}}' FROM n WHERE i <= {chats}""",
)  # fmt: skip


def fill_a_million(path: Path, *, now: datetime) -> int:
    """Adds a million rows to an empty SQLite database. Returns their number.

    At `now`, nothing is due except for chats that are gone.
    """
    values = {
        "now": f"{now:%Y-%m-%d %H:%M:%S}", "base": BASE, "chats": CHATS, "papers": PAPERS, "deliveries": DELIVERIES, "items": ITEMS,
        "gone": GONE,
    }  # fmt: skip
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA synchronous=OFF")
        raw.execute("CREATE TEMP TABLE n (i INTEGER PRIMARY KEY)")
        raw.execute(
            "INSERT INTO n WITH RECURSIVE up (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM up WHERE i < ?) SELECT i FROM up",
            (ITEMS,),
        )
        raw.execute("BEGIN")
        for rows in _ROWS:
            raw.execute(rows.format(**values))
        added = raw.total_changes - ITEMS
        raw.execute("COMMIT")
        return added
