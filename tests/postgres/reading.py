"""Measures how much the server has read of a table, in sessions that have ended."""

import psycopg

_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid != pg_backend_pid() AND backend_type = 'client backend'
"""
_READ = """
    SELECT sum(seq_tup_read), (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = ANY(%s))
    FROM pg_stat_user_tables WHERE relname = ANY(%s)
"""


def read(url: str, *tables: str) -> tuple[int, int]:
    """Returns (rows read by scans of whole tables, index entries read). A session reports its numbers when it ends."""
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(_OTHERS).fetchall() != [(0,)]:
            pass
        ((rows, entries),) = connection.execute(_READ, (list(tables), list(tables))).fetchall()
    return int(rows), int(entries)
