CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)
;
CREATE TABLE chat (
    id INTEGER NOT NULL,
    platform VARCHAR NOT NULL,
    address VARCHAR NOT NULL,
    topic VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    lang VARCHAR NOT NULL,
    timezone VARCHAR NOT NULL,
    settings JSON NOT NULL,
    state_since DATETIME,
    paused_until DATETIME,
    moved_to INTEGER,
    owner VARCHAR NOT NULL,
    admin BOOLEAN NOT NULL,
    first_delivery_planned BOOLEAN NOT NULL,
    next_number INTEGER NOT NULL,
    created_at DATETIME NOT NULL, public BOOLEAN DEFAULT 0 NOT NULL, no_match_streak JSON DEFAULT '{}' NOT NULL, admission VARCHAR CHECK (admission IN ('admitted', 'denied')), pause_reason VARCHAR CHECK (pause_reason IN ('person', 'gone', 'no-rights', 'archived', 'not-a-member', 'app-removed', 'topic-closed', 'topic-deleted', 'other')), state_detail VARCHAR DEFAULT '' NOT NULL, kind VARCHAR NOT NULL DEFAULT 'private' CHECK (kind IN ('private', 'group', 'broadcast', 'team')), state VARCHAR NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'asked', 'paused', 'moved')), streak_after INTEGER,
    PRIMARY KEY (id),
    UNIQUE (platform, address, topic)
)
;
CREATE TABLE installation (
    team VARCHAR NOT NULL,
    tokens VARCHAR NOT NULL,
    since DATETIME NOT NULL, state VARCHAR NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'uninstalled')),
    PRIMARY KEY (team)
)
;
CREATE TABLE lane (
    platform VARCHAR NOT NULL,
    address VARCHAR NOT NULL,
    since DATETIME,
    not_before DATETIME,
    PRIMARY KEY (platform, address)
)
;
CREATE TABLE "key_value" (
    name VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    PRIMARY KEY (name)
)
;
CREATE TABLE paper (
    id INTEGER NOT NULL,
    "key" VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    abstract VARCHAR NOT NULL,
    authors JSON NOT NULL,
    categories JSON NOT NULL,
    "primary" VARCHAR,
    arxiv_id VARCHAR,
    doi VARCHAR,
    url VARCHAR,
    version INTEGER,
    comment VARCHAR NOT NULL,
    "cross" BOOLEAN NOT NULL,
    withdrawn_at DATETIME,
    first_seen_at DATETIME NOT NULL,
    sequence INTEGER,
    sequenced_at DATETIME, day DATE DEFAULT '1970-01-01' NOT NULL, owner VARCHAR DEFAULT '' NOT NULL, vouched INTEGER DEFAULT '0' NOT NULL, came_at DATETIME,
    PRIMARY KEY (id)
)
;
CREATE TABLE "query" (
    id INTEGER NOT NULL,
    canonical VARCHAR NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (canonical)
)
;
CREATE TABLE source (
    name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    location VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    home VARCHAR NOT NULL,
    schedule VARCHAR NOT NULL,
    validators JSON NOT NULL,
    state JSON NOT NULL,
    PRIMARY KEY (name)
)
;
CREATE TABLE "update" (
    platform VARCHAR NOT NULL,
    update_id VARCHAR NOT NULL,
    at DATETIME NOT NULL,
    chat VARCHAR NOT NULL,
    reply VARCHAR NOT NULL,
    state VARCHAR NOT NULL DEFAULT 'done' CHECK (state IN ('done', 'ready', 'again')), worker VARCHAR DEFAULT '' NOT NULL,
    PRIMARY KEY (platform, update_id)
)
;
CREATE TABLE delivery (
    seq INTEGER NOT NULL,
    id VARCHAR NOT NULL,
    chat INTEGER NOT NULL,
    due DATETIME NOT NULL,
    dedupe_key VARCHAR NOT NULL,
    created_at DATETIME NOT NULL,
    facts JSON NOT NULL,
    rendered_at DATETIME,
    attempts INTEGER NOT NULL,
    next_at DATETIME,
    settled_at DATETIME,
    dismissed_at DATETIME,
    reason VARCHAR NOT NULL, kind VARCHAR NOT NULL DEFAULT 'alert' CHECK (kind IN ('alert', 'bulletin', 'notice')), sendable BOOLEAN DEFAULT 1 NOT NULL,
    PRIMARY KEY (seq),
    FOREIGN KEY(chat) REFERENCES chat (id) ON DELETE CASCADE,
    UNIQUE (dedupe_key),
    UNIQUE (id)
)
;
CREATE TABLE digest (
    id INTEGER NOT NULL,
    content_hash VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    format VARCHAR NOT NULL,
    date DATE NOT NULL,
    received_at DATETIME NOT NULL,
    counts JSON NOT NULL,
    warnings JSON NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(source) REFERENCES source (name) ON DELETE CASCADE,
    UNIQUE (content_hash)
)
;
CREATE TABLE paper_alias (
    alias VARCHAR NOT NULL,
    paper INTEGER NOT NULL,
    PRIMARY KEY (alias, paper),
    FOREIGN KEY(paper) REFERENCES paper (id) ON DELETE CASCADE
)
;
CREATE TABLE paper_key (
    "key" VARCHAR NOT NULL,
    paper INTEGER NOT NULL,
    PRIMARY KEY ("key"),
    FOREIGN KEY(paper) REFERENCES paper (id) ON DELETE CASCADE
)
;
CREATE TABLE receipt (
    id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    at DATETIME NOT NULL,
    counts JSON NOT NULL,
    detail VARCHAR NOT NULL, outcome VARCHAR NOT NULL DEFAULT 'new' CHECK (outcome IN ('new', 'quiet', 'stale', 'late', 'failed')),
    PRIMARY KEY (id),
    FOREIGN KEY(source) REFERENCES source (name) ON DELETE CASCADE
)
;
CREATE TABLE subscription (
    id INTEGER NOT NULL,
    chat INTEGER NOT NULL,
    "query" INTEGER NOT NULL,
    number INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    cadence VARCHAR NOT NULL,
    zone VARCHAR,
    paused_until DATETIME,
    added_by VARCHAR NOT NULL,
    since DATETIME NOT NULL,
    next_due_at DATETIME,
    latest_due_at DATETIME, subscriber VARCHAR DEFAULT '' NOT NULL, pause_reason VARCHAR CHECK (pause_reason IN ('subscriber-left')), state VARCHAR NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused')), cursor INTEGER DEFAULT '0' NOT NULL, counted_until DATETIME, chat_active BOOLEAN DEFAULT 1 NOT NULL, shared_cursor INTEGER,
    PRIMARY KEY (id),
    FOREIGN KEY(chat) REFERENCES chat (id) ON DELETE CASCADE,
    FOREIGN KEY("query") REFERENCES "query" (id) ON DELETE CASCADE,
    UNIQUE (chat, number),
    UNIQUE (chat, "query")
)
;
CREATE TABLE summary (
    paper INTEGER NOT NULL,
    language VARCHAR NOT NULL,
    fields JSON NOT NULL,
    PRIMARY KEY (paper, language),
    FOREIGN KEY(paper) REFERENCES paper (id) ON DELETE CASCADE
)
;
CREATE TABLE translation (
    paper INTEGER NOT NULL,
    language VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    abstract VARCHAR NOT NULL,
    PRIMARY KEY (paper, language),
    FOREIGN KEY(paper) REFERENCES paper (id) ON DELETE CASCADE
)
;
CREATE TABLE undo (
    id INTEGER NOT NULL,
    chat INTEGER NOT NULL,
    who VARCHAR NOT NULL,
    at DATETIME NOT NULL,
    "before" JSON NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(chat) REFERENCES chat (id) ON DELETE CASCADE
)
;
CREATE TABLE appearance (
    paper INTEGER NOT NULL,
    digest INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    PRIMARY KEY (paper, digest),
    FOREIGN KEY(digest) REFERENCES digest (id) ON DELETE CASCADE,
    FOREIGN KEY(paper) REFERENCES paper (id) ON DELETE CASCADE
)
;
CREATE TABLE delivery_item (
    chat INTEGER NOT NULL,
    paper INTEGER NOT NULL,
    delivery INTEGER,
    message INTEGER,
    position INTEGER NOT NULL,
    shown BOOLEAN NOT NULL,
    "cross" BOOLEAN NOT NULL,
    because JSON NOT NULL, delivered_on DATE,
    PRIMARY KEY (chat, paper),
    FOREIGN KEY(chat) REFERENCES chat (id) ON DELETE CASCADE,
    FOREIGN KEY(delivery) REFERENCES delivery (seq) ON DELETE SET NULL,
    FOREIGN KEY(paper) REFERENCES paper (id) ON DELETE CASCADE
)
;
CREATE TABLE message (
    delivery INTEGER NOT NULL,
    number INTEGER NOT NULL,
    payload VARCHAR NOT NULL,
    plain VARCHAR NOT NULL,
    use_plain BOOLEAN NOT NULL,
    reply_to INTEGER,
    found_at_start BOOLEAN NOT NULL,
    attempted_at DATETIME,
    sent_at DATETIME,
    platform_id VARCHAR,
    reason VARCHAR NOT NULL,
    lookup_given_up BOOLEAN DEFAULT 0 NOT NULL, edit_requested_at DATETIME, state VARCHAR NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'sending', 'waiting', 'unclear', 'sent', 'dead')), worker VARCHAR DEFAULT '' NOT NULL, lane VARCHAR, unclear_since DATETIME,
    PRIMARY KEY (delivery, number),
    FOREIGN KEY(delivery) REFERENCES delivery (seq) ON DELETE CASCADE
)
;
CREATE TABLE indexed_paper (
    entry INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    paper INTEGER NOT NULL,
    UNIQUE (paper),
    FOREIGN KEY(paper) REFERENCES paper (id) ON DELETE CASCADE
)
;
CREATE VIRTUAL TABLE paper_words USING fts5(title, abstract, summary, author, label, content='', columnsize=0, tokenize='ascii')
;
CREATE TABLE denial (
    address_hash VARCHAR NOT NULL,
    PRIMARY KEY (address_hash)
)
;
CREATE TABLE worker (
    id VARCHAR NOT NULL,
    beat INTEGER NOT NULL,
    holds_sender_lock BOOLEAN NOT NULL, process VARCHAR DEFAULT '' NOT NULL, host VARCHAR DEFAULT '' NOT NULL, number INTEGER DEFAULT '0' NOT NULL, since DATETIME, beat_at DATETIME,
    PRIMARY KEY (id)
)
;
CREATE TABLE offer (
    id VARCHAR NOT NULL,
    chat INTEGER NOT NULL,
    number INTEGER NOT NULL,
    text VARCHAR NOT NULL,
    cadence VARCHAR NOT NULL,
    at DATETIME NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (chat, number),
    FOREIGN KEY(chat) REFERENCES chat (id) ON DELETE CASCADE
)
;
CREATE TABLE conversation_state (
    name VARCHAR NOT NULL,
    place VARCHAR NOT NULL,
    person VARCHAR NOT NULL,
    verb VARCHAR NOT NULL,
    arguments JSON NOT NULL,
    at DATETIME NOT NULL,
    until DATETIME NOT NULL,
    PRIMARY KEY (name)
)
;
CREATE TABLE pending_lookup (
    name VARCHAR NOT NULL,
    place VARCHAR NOT NULL,
    person VARCHAR NOT NULL,
    request JSON NOT NULL,
    at DATETIME NOT NULL,
    worker VARCHAR NOT NULL,
    PRIMARY KEY (name)
)
;
CREATE TABLE wrong_code (
    id INTEGER NOT NULL,
    chat INTEGER NOT NULL,
    at DATETIME NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(chat) REFERENCES chat (id) ON DELETE CASCADE
)
;
CREATE TABLE completed_installation (
    id VARCHAR NOT NULL,
    at DATETIME NOT NULL,
    PRIMARY KEY (id)
)
;
CREATE TABLE platform (
    name VARCHAR NOT NULL,
    bot VARCHAR,
    bot_name VARCHAR NOT NULL,
    stopped VARCHAR,
    waiting_logged_on DATE,
    PRIMARY KEY (name)
)
;
CREATE TABLE publisher_slot (
    publisher VARCHAR NOT NULL,
    until DATETIME NOT NULL,
    PRIMARY KEY (publisher)
)
;
CREATE TABLE enrichment_request (
    paper INTEGER NOT NULL,
    times INTEGER NOT NULL,
    last DATETIME NOT NULL,
    PRIMARY KEY (paper),
    FOREIGN KEY(paper) REFERENCES paper (id) ON DELETE CASCADE
)
;
CREATE TABLE operator_code (
    number INTEGER NOT NULL,
    code_hash VARCHAR NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (code_hash)
)
;
CREATE TABLE loss (
    id INTEGER NOT NULL,
    lost_at DATETIME NOT NULL,
    copied_at DATETIME NOT NULL,
    restored_at DATETIME NOT NULL,
    PRIMARY KEY (id)
)
;
CREATE TABLE "callback" (
    id VARCHAR NOT NULL,
    place VARCHAR NOT NULL,
    person VARCHAR NOT NULL,
    verb VARCHAR NOT NULL,
    arguments JSON NOT NULL,
    at DATETIME NOT NULL,
    PRIMARY KEY (id)
)
;
CREATE TABLE mention (
    id INTEGER NOT NULL,
    word VARCHAR NOT NULL,
    callback VARCHAR,
    state VARCHAR,
    delivery INTEGER,
    change INTEGER,
    PRIMARY KEY (id),
    FOREIGN KEY(callback) REFERENCES callback (id) ON DELETE CASCADE,
    FOREIGN KEY(state) REFERENCES conversation_state (name) ON DELETE CASCADE,
    FOREIGN KEY(delivery) REFERENCES delivery (seq) ON DELETE CASCADE,
    FOREIGN KEY(change) REFERENCES undo (id) ON DELETE CASCADE
)
;
CREATE TABLE shared_cursor (
    id INTEGER NOT NULL,
    quiet VARCHAR NOT NULL,
    zone VARCHAR NOT NULL,
    operator_zone VARCHAR NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (quiet, zone, operator_zone)
)
;
CREATE TABLE query_change (
    sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "query" INTEGER NOT NULL,
    token BIGINT NOT NULL
)
;
CREATE TABLE signal (
    chat INTEGER NOT NULL,
    paper INTEGER NOT NULL,
    kind VARCHAR(8) NOT NULL,
    at DATETIME NOT NULL,
    PRIMARY KEY (chat, paper, kind),
    FOREIGN KEY(chat) REFERENCES chat (id) ON DELETE CASCADE,
    FOREIGN KEY(paper) REFERENCES paper (id) ON DELETE CASCADE,
    CHECK (kind IN ('opened', 'followed', 'saved', 'liked', 'disliked', 'excluded', 'muted'))
)
;
CREATE TABLE taste (
    chat INTEGER NOT NULL,
    words JSON NOT NULL,
    PRIMARY KEY (chat),
    FOREIGN KEY(chat) REFERENCES chat (id) ON DELETE CASCADE
)
;
CREATE TABLE page_log (
    chat VARCHAR NOT NULL,
    changes INTEGER NOT NULL,
    PRIMARY KEY (chat)
)
;
CREATE TABLE page_message (
    chat VARCHAR NOT NULL,
    number INTEGER NOT NULL,
    change INTEGER NOT NULL,
    delivery VARCHAR NOT NULL,
    part INTEGER NOT NULL,
    is_own BOOLEAN NOT NULL,
    payload VARCHAR NOT NULL,
    at DATETIME NOT NULL,
    is_edited BOOLEAN NOT NULL,
    PRIMARY KEY (chat, number),
    UNIQUE (chat, delivery, part),
    FOREIGN KEY(chat) REFERENCES page_log (chat) ON DELETE CASCADE
)
;
CREATE INDEX ix_delivery_chat ON delivery (chat)
;
CREATE INDEX ix_delivery_open ON delivery (settled_at, chat)
;
CREATE INDEX ix_paper_key_paper ON paper_key (paper)
;
CREATE INDEX ix_subscription_query ON subscription ("query")
;
CREATE INDEX ix_undo_chat ON undo (chat)
;
CREATE INDEX ix_update_chat ON "update" (chat, at)
;
CREATE INDEX ix_appearance_digest ON appearance (digest)
;
CREATE INDEX ix_paper_counted ON paper (day, sequence, "cross")
;
CREATE INDEX ix_paper_sequence ON paper (sequence)
;
CREATE INDEX ix_message_state ON message (state)
;
CREATE INDEX ix_receipt_source ON receipt (source, outcome)
;
CREATE INDEX ix_receipt_at ON receipt (at)
;
CREATE INDEX ix_digest_source ON digest (source, date)
;
CREATE INDEX ix_digest_date ON digest (date)
;
CREATE INDEX ix_digest_warned ON digest (received_at) WHERE warnings != '[]'
;
CREATE INDEX ix_paper_sequenced_at ON paper (sequenced_at, sequence)
;
CREATE INDEX ix_paper_alias_paper ON paper_alias (paper)
;
CREATE INDEX ix_chat_asked ON chat (state_since) WHERE state = 'asked'
;
CREATE INDEX ix_chat_paused_until ON chat (paused_until) WHERE paused_until IS NOT NULL
;
CREATE INDEX ix_chat_unreachable ON chat (state_since) WHERE pause_reason IS NOT NULL
;
CREATE INDEX ix_chat_moved_to ON chat (moved_to) WHERE moved_to IS NOT NULL
;
CREATE INDEX ix_chat_owner ON chat (owner)
;
CREATE INDEX ix_chat_admin ON chat (admin) WHERE admin IS 1
;
CREATE INDEX ix_subscription_paused_until ON subscription (paused_until) WHERE paused_until IS NOT NULL
;
CREATE INDEX ix_subscription_subscriber ON subscription (subscriber)
;
CREATE INDEX ix_delivery_notice ON delivery (settled_at) WHERE kind = 'notice'
;
CREATE INDEX ix_delivery_item_delivery ON delivery_item (delivery) WHERE delivery IS NOT NULL
;
CREATE INDEX ix_delivery_item_paper ON delivery_item (paper)
;
CREATE INDEX ix_message_attempted_at ON message (attempted_at)
;
CREATE INDEX ix_message_edit ON message (edit_requested_at) WHERE edit_requested_at IS NOT NULL
;
CREATE INDEX ix_update_at ON "update" (at)
;
CREATE INDEX ix_undo_at ON undo (at)
;
CREATE INDEX ix_undo_who ON undo (who)
;
CREATE INDEX ix_paper_key_folded ON paper_key (lower(key))
;
CREATE UNIQUE INDEX ix_message_in_hand ON message (lane) WHERE state = 'sending'
;
CREATE INDEX ix_delivery_sendable ON delivery (chat) WHERE settled_at IS NULL AND sendable IS 1
;
CREATE INDEX ix_update_unfinished ON "update" (at) WHERE state != 'done'
;
CREATE INDEX ix_subscription_counted ON subscription (counted_until, chat) WHERE counted_until IS NOT NULL
;
CREATE INDEX ix_conversation_state_until ON conversation_state (until)
;
CREATE INDEX ix_conversation_state_place ON conversation_state (place)
;
CREATE INDEX ix_conversation_state_person ON conversation_state (person)
;
CREATE INDEX ix_pending_lookup_at ON pending_lookup (at)
;
CREATE INDEX ix_pending_lookup_place ON pending_lookup (place)
;
CREATE INDEX ix_pending_lookup_person ON pending_lookup (person)
;
CREATE INDEX ix_pending_lookup_worker ON pending_lookup (worker)
;
CREATE INDEX ix_wrong_code_at ON wrong_code (at)
;
CREATE INDEX ix_completed_installation_at ON completed_installation (at)
;
CREATE INDEX ix_wrong_code_chat ON wrong_code (chat, at)
;
CREATE INDEX ix_callback_at ON callback (at)
;
CREATE INDEX ix_callback_place ON callback (place)
;
CREATE INDEX ix_callback_person ON callback (person)
;
CREATE INDEX ix_mention_word ON mention (word)
;
CREATE INDEX ix_mention_callback ON mention (callback) WHERE callback IS NOT NULL
;
CREATE INDEX ix_mention_state ON mention (state) WHERE state IS NOT NULL
;
CREATE INDEX ix_mention_delivery ON mention (delivery) WHERE delivery IS NOT NULL
;
CREATE INDEX ix_mention_change ON mention (change) WHERE change IS NOT NULL
;
CREATE INDEX ix_shared_cursor_sequence ON shared_cursor (sequence)
;
CREATE INDEX ix_subscription_due ON subscription (next_due_at, cursor) WHERE state = 'active' AND chat_active IS 1 AND shared_cursor IS NULL
;
CREATE INDEX ix_subscription_put_off ON subscription (next_due_at) WHERE next_due_at IS NOT NULL AND latest_due_at IS NULL AND state = 'active' AND chat_active IS 1 AND shared_cursor IS NULL
;
CREATE INDEX ix_subscription_latest_due ON subscription (latest_due_at) WHERE latest_due_at IS NOT NULL AND state = 'active' AND chat_active IS 1 AND shared_cursor IS NULL
;
CREATE INDEX ix_chat_streak ON chat (streak_after) WHERE streak_after IS NOT NULL
;
CREATE INDEX ix_signal_paper ON signal (paper)
;
CREATE INDEX ix_page_message_change ON page_message (chat, change)
;
CREATE INDEX ix_page_message_at ON page_message (at)
;
CREATE TRIGGER subscription_added AFTER INSERT ON subscription
    WHEN NEW.chat_active IS NOT (SELECT state = 'active' FROM chat WHERE id = NEW.chat)
    BEGIN UPDATE subscription SET chat_active = (SELECT state = 'active' FROM chat WHERE id = NEW.chat) WHERE id = NEW.id; END
;
CREATE TRIGGER subscription_moved AFTER UPDATE OF chat ON subscription
    WHEN NEW.chat_active IS NOT (SELECT state = 'active' FROM chat WHERE id = NEW.chat)
    BEGIN UPDATE subscription SET chat_active = (SELECT state = 'active' FROM chat WHERE id = NEW.chat) WHERE id = NEW.id; END
;
CREATE TRIGGER delivery_added AFTER INSERT ON delivery
    WHEN NEW.sendable IS NOT (
    SELECT state = 'active' OR (state = 'asked' AND pause_reason IS NULL AND NEW.kind = 'notice')
    FROM chat WHERE id = NEW.chat
)
    BEGIN UPDATE delivery SET sendable = (
    SELECT state = 'active' OR (state = 'asked' AND pause_reason IS NULL AND NEW.kind = 'notice')
    FROM chat WHERE id = NEW.chat
) WHERE seq = NEW.seq; END
;
CREATE TRIGGER delivery_opened_or_moved AFTER UPDATE OF settled_at, chat ON delivery
    WHEN NEW.settled_at IS NULL AND NEW.sendable IS NOT (
    SELECT state = 'active' OR (state = 'asked' AND pause_reason IS NULL AND NEW.kind = 'notice')
    FROM chat WHERE id = NEW.chat
)
    BEGIN UPDATE delivery SET sendable = (
    SELECT state = 'active' OR (state = 'asked' AND pause_reason IS NULL AND NEW.kind = 'notice')
    FROM chat WHERE id = NEW.chat
) WHERE seq = NEW.seq; END
;
CREATE TRIGGER chat_state_changed AFTER UPDATE OF state, pause_reason ON chat
    WHEN OLD.state IS NOT NEW.state OR OLD.pause_reason IS NOT NEW.pause_reason
    BEGIN
        UPDATE subscription SET chat_active = (NEW.state = 'active') WHERE chat = NEW.id;
        UPDATE delivery
        SET sendable = NEW.state = 'active' OR (NEW.state = 'asked' AND NEW.pause_reason IS NULL AND kind = 'notice')
        WHERE settled_at IS NULL AND chat = NEW.id;
    END
;
CREATE TRIGGER subscription_changed
    AFTER UPDATE OF chat, "query", cadence, state, next_due_at, latest_due_at, chat_active ON subscription
    WHEN OLD.shared_cursor IS NOT NULL AND NEW.shared_cursor IS NOT NULL AND (
        NEW.chat != OLD.chat OR NEW."query" != OLD."query" OR NEW.cadence != OLD.cadence OR NEW.state != 'active'
        OR NEW.chat_active IS NOT 1 OR NEW.next_due_at IS NOT NULL OR NEW.latest_due_at IS NOT NULL
    )
    BEGIN UPDATE subscription SET
    cursor = max(cursor, (SELECT sequence FROM shared_cursor WHERE id = subscription.shared_cursor)), shared_cursor = NULL
 WHERE id = NEW.id AND shared_cursor IS NOT NULL; END
;
CREATE TRIGGER chat_clock_changed AFTER UPDATE OF settings, timezone, kind ON chat
    WHEN NEW.settings IS NOT OLD.settings OR NEW.timezone IS NOT OLD.timezone OR NEW.kind IS NOT OLD.kind
    BEGIN UPDATE subscription SET
    cursor = max(cursor, (SELECT sequence FROM shared_cursor WHERE id = subscription.shared_cursor)), shared_cursor = NULL
 WHERE chat = NEW.id AND shared_cursor IS NOT NULL; END
;
CREATE TRIGGER query_added AFTER INSERT ON "query"
    BEGIN INSERT INTO query_change ("query", token) VALUES (NEW.id, random()); END
;
CREATE TRIGGER query_removed AFTER DELETE ON "query"
    BEGIN INSERT INTO query_change ("query", token) VALUES (OLD.id, random()); END
;
INSERT INTO alembic_version VALUES ('0030')
;
