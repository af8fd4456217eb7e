"""The first schema of a database on PostgreSQL.

Migrations up to this one were made for files of SQLite, and none of them runs here.
"""

from sqlalchemy import Connection, text

from subscriptions.store.rows import TABLES

# The state of a chat is repeated in its subscriptions and open deliveries, as triggers do on SQLite (0015_gone_chats.py).
# The chat is locked first: its state may be changing in a transaction that does not see this row yet.
_TRIGGERS: tuple[str, ...] = (
    """
    CREATE FUNCTION keep_chat_active() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        SELECT chat.state = 'active' INTO NEW.chat_active FROM chat WHERE chat.id = NEW.chat FOR NO KEY UPDATE;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION keep_sendable() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        SELECT chat.state = 'active' OR (chat.state = 'asked' AND chat.pause_reason IS NULL AND NEW.kind = 'notice')
        INTO NEW.sendable FROM chat WHERE chat.id = NEW.chat FOR NO KEY UPDATE;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION pass_state_of_chat_on() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE subscription SET chat_active = (NEW.state = 'active') WHERE chat = NEW.id;
        UPDATE delivery
        SET sendable = NEW.state = 'active' OR (NEW.state = 'asked' AND NEW.pause_reason IS NULL AND kind = 'notice')
        WHERE settled_at IS NULL AND chat = NEW.id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER subscription_added_or_moved BEFORE INSERT OR UPDATE OF chat ON subscription
    FOR EACH ROW EXECUTE FUNCTION keep_chat_active()
    """,
    """
    CREATE TRIGGER delivery_added BEFORE INSERT ON delivery
    FOR EACH ROW EXECUTE FUNCTION keep_sendable()
    """,
    """
    CREATE TRIGGER delivery_opened_or_moved BEFORE UPDATE OF settled_at, chat ON delivery
    FOR EACH ROW WHEN (NEW.settled_at IS NULL) EXECUTE FUNCTION keep_sendable()
    """,
    """
    CREATE TRIGGER chat_state_changed AFTER UPDATE OF state, pause_reason ON chat
    FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.pause_reason IS DISTINCT FROM NEW.pause_reason)
    EXECUTE FUNCTION pass_state_of_chat_on()
    """,
    # What a subscription has looked at is written into its own cursor when it stops to follow a shared one (0021_shared_cursors.py).
    """
    CREATE FUNCTION keep_own_cursor() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.cursor := greatest(NEW.cursor, (SELECT sequence FROM shared_cursor WHERE id = NEW.shared_cursor));
        NEW.shared_cursor := NULL;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION keep_own_cursors() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE subscription SET shared_cursor = NULL,
            cursor = greatest(cursor, (SELECT sequence FROM shared_cursor WHERE id = subscription.shared_cursor))
        WHERE chat = NEW.id AND shared_cursor IS NOT NULL;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER subscription_changed
    BEFORE UPDATE OF chat, "query", cadence, state, next_due_at, latest_due_at, chat_active ON subscription
    FOR EACH ROW
    WHEN (
        OLD.shared_cursor IS NOT NULL AND NEW.shared_cursor IS NOT NULL AND (
            NEW.chat != OLD.chat OR NEW."query" != OLD."query" OR NEW.cadence != OLD.cadence OR NEW.state != 'active'
            OR NEW.chat_active IS NOT TRUE OR NEW.next_due_at IS NOT NULL OR NEW.latest_due_at IS NOT NULL
        )
    )
    EXECUTE FUNCTION keep_own_cursor()
    """,
    """
    CREATE TRIGGER chat_clock_changed AFTER UPDATE OF settings, timezone, kind ON chat
    FOR EACH ROW
    WHEN (
        NEW.settings::text IS DISTINCT FROM OLD.settings::text OR NEW.timezone IS DISTINCT FROM OLD.timezone
        OR NEW.kind IS DISTINCT FROM OLD.kind
    )
    EXECUTE FUNCTION keep_own_cursors()
    """,
    # Who reads the log goes on behind the newest change, so changes are numbered in the order of their commits.
    """
    CREATE FUNCTION note_change_of_query() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(7250012024);
        INSERT INTO query_change ("query", token) VALUES (coalesce(NEW.id, OLD.id), (random() * 9e18)::bigint);
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER query_added_or_removed AFTER INSERT OR DELETE ON "query"
    FOR EACH ROW EXECUTE FUNCTION note_change_of_query()
    """,
)
_WORDS = (
    """
    CREATE TABLE paper_words (
        entry BIGINT PRIMARY KEY REFERENCES indexed_paper (entry) ON DELETE CASCADE,
        words TSVECTOR NOT NULL
    )
    """,
    "CREATE INDEX ix_paper_words ON paper_words USING gin (words)",
)


def make_first_schema(connection: Connection) -> None:
    """Makes all tables, indexes and triggers in a database that has none."""
    TABLES.create_all(connection)
    for statement in (*_WORDS, *_TRIGGERS):
        connection.execute(text(statement))
