-- The first schema of PostgreSQL. It is never changed: later migrations change what it made.
-- Texts are ordered and folded letter by letter (collation "C"), whatever the server's language is.

CREATE TABLE callback (
    id VARCHAR COLLATE "C" NOT NULL,
    place VARCHAR COLLATE "C" NOT NULL,
    person VARCHAR COLLATE "C" NOT NULL,
    verb VARCHAR COLLATE "C" NOT NULL,
    arguments JSON NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_callback_at ON callback (at);
CREATE INDEX ix_callback_person ON callback (person);
CREATE INDEX ix_callback_place ON callback (place);

CREATE TABLE chat (
    id SERIAL NOT NULL,
    platform VARCHAR COLLATE "C" NOT NULL,
    address VARCHAR COLLATE "C" NOT NULL,
    topic VARCHAR COLLATE "C" NOT NULL,
    title VARCHAR COLLATE "C" NOT NULL,
    kind VARCHAR(9) COLLATE "C" NOT NULL,
    lang VARCHAR COLLATE "C" NOT NULL,
    timezone VARCHAR COLLATE "C" NOT NULL,
    settings JSON NOT NULL,
    state VARCHAR(6) COLLATE "C" NOT NULL,
    admission VARCHAR(8) COLLATE "C",
    pause_reason VARCHAR(13) COLLATE "C",
    state_detail VARCHAR COLLATE "C" NOT NULL,
    state_since TIMESTAMP WITH TIME ZONE,
    paused_until TIMESTAMP WITH TIME ZONE,
    moved_to INTEGER,
    public BOOLEAN NOT NULL,
    owner VARCHAR COLLATE "C" NOT NULL,
    admin BOOLEAN NOT NULL,
    first_delivery_planned BOOLEAN NOT NULL,
    no_match_streak JSON NOT NULL,
    streak_after INTEGER,
    next_number INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (platform, address, topic)
);
CREATE INDEX ix_chat_admin ON chat (admin) WHERE admin IS TRUE;
CREATE INDEX ix_chat_asked ON chat (state_since) WHERE state = 'asked';
CREATE INDEX ix_chat_moved_to ON chat (moved_to) WHERE moved_to IS NOT NULL;
CREATE INDEX ix_chat_owner ON chat (owner);
CREATE INDEX ix_chat_paused_until ON chat (paused_until) WHERE paused_until IS NOT NULL;
CREATE INDEX ix_chat_streak ON chat (streak_after) WHERE streak_after IS NOT NULL;
CREATE INDEX ix_chat_unreachable ON chat (state_since) WHERE pause_reason IS NOT NULL;

CREATE TABLE completed_installation (
    id VARCHAR COLLATE "C" NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_completed_installation_at ON completed_installation (at);

CREATE TABLE conversation_state (
    name VARCHAR COLLATE "C" NOT NULL,
    place VARCHAR COLLATE "C" NOT NULL,
    person VARCHAR COLLATE "C" NOT NULL,
    verb VARCHAR COLLATE "C" NOT NULL,
    arguments JSON NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    until TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (name)
);
CREATE INDEX ix_conversation_state_person ON conversation_state (person);
CREATE INDEX ix_conversation_state_place ON conversation_state (place);
CREATE INDEX ix_conversation_state_until ON conversation_state (until);

CREATE TABLE denial (
    address_hash VARCHAR COLLATE "C" NOT NULL,
    PRIMARY KEY (address_hash)
);

CREATE TABLE installation (
    team VARCHAR COLLATE "C" NOT NULL,
    tokens VARCHAR COLLATE "C" NOT NULL,
    state VARCHAR(11) COLLATE "C" NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (team)
);

CREATE TABLE key_value (
    name VARCHAR COLLATE "C" NOT NULL,
    value VARCHAR COLLATE "C" NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE lane (
    platform VARCHAR COLLATE "C" NOT NULL,
    address VARCHAR COLLATE "C" NOT NULL,
    since TIMESTAMP WITH TIME ZONE,
    not_before TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (platform, address)
);

CREATE TABLE loss (
    id INTEGER NOT NULL,
    lost_at TIMESTAMP WITH TIME ZONE NOT NULL,
    copied_at TIMESTAMP WITH TIME ZONE NOT NULL,
    restored_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE operator_code (
    number SERIAL NOT NULL,
    code_hash VARCHAR COLLATE "C" NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (code_hash)
);

CREATE TABLE paper (
    id SERIAL NOT NULL,
    key VARCHAR COLLATE "C" NOT NULL,
    title VARCHAR COLLATE "C" NOT NULL,
    abstract VARCHAR COLLATE "C" NOT NULL,
    authors JSON NOT NULL,
    categories JSON NOT NULL,
    "primary" VARCHAR COLLATE "C",
    arxiv_id VARCHAR COLLATE "C",
    doi VARCHAR COLLATE "C",
    url VARCHAR COLLATE "C",
    version INTEGER,
    comment VARCHAR COLLATE "C" NOT NULL,
    "cross" BOOLEAN NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    first_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    day DATE NOT NULL,
    owner VARCHAR COLLATE "C" NOT NULL,
    vouched INTEGER NOT NULL,
    sequence INTEGER,
    sequenced_at TIMESTAMP WITH TIME ZONE,
    came_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id)
);
CREATE INDEX ix_paper_counted ON paper (day, sequence, "cross");
CREATE INDEX ix_paper_sequence ON paper (sequence);
CREATE INDEX ix_paper_sequenced_at ON paper (sequenced_at, sequence);

CREATE TABLE pending_lookup (
    name VARCHAR COLLATE "C" NOT NULL,
    place VARCHAR COLLATE "C" NOT NULL,
    person VARCHAR COLLATE "C" NOT NULL,
    request JSON NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    worker VARCHAR COLLATE "C" NOT NULL,
    PRIMARY KEY (name)
);
CREATE INDEX ix_pending_lookup_at ON pending_lookup (at);
CREATE INDEX ix_pending_lookup_person ON pending_lookup (person);
CREATE INDEX ix_pending_lookup_place ON pending_lookup (place);
CREATE INDEX ix_pending_lookup_worker ON pending_lookup (worker);

CREATE TABLE platform (
    name VARCHAR COLLATE "C" NOT NULL,
    bot VARCHAR COLLATE "C",
    bot_name VARCHAR COLLATE "C" NOT NULL,
    stopped VARCHAR COLLATE "C",
    waiting_logged_on DATE,
    PRIMARY KEY (name)
);

CREATE TABLE publisher_slot (
    publisher VARCHAR COLLATE "C" NOT NULL,
    until TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (publisher)
);

CREATE TABLE query (
    id SERIAL NOT NULL,
    canonical VARCHAR COLLATE "C" NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (canonical)
);

CREATE TABLE query_change (
    sequence SERIAL NOT NULL,
    query INTEGER NOT NULL,
    token BIGINT NOT NULL,
    PRIMARY KEY (sequence)
);

CREATE TABLE shared_cursor (
    id SERIAL NOT NULL,
    quiet VARCHAR COLLATE "C" NOT NULL,
    zone VARCHAR COLLATE "C" NOT NULL,
    operator_zone VARCHAR COLLATE "C" NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (quiet, zone, operator_zone)
);
CREATE INDEX ix_shared_cursor_sequence ON shared_cursor (sequence);

CREATE TABLE source (
    name VARCHAR COLLATE "C" NOT NULL,
    kind VARCHAR COLLATE "C" NOT NULL,
    location VARCHAR COLLATE "C" NOT NULL,
    title VARCHAR COLLATE "C" NOT NULL,
    home VARCHAR COLLATE "C" NOT NULL,
    schedule VARCHAR COLLATE "C" NOT NULL,
    validators JSON NOT NULL,
    state JSON NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE update (
    platform VARCHAR COLLATE "C" NOT NULL,
    update_id VARCHAR COLLATE "C" NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    chat VARCHAR COLLATE "C" NOT NULL,
    reply VARCHAR COLLATE "C" NOT NULL,
    state VARCHAR(5) COLLATE "C" NOT NULL,
    worker VARCHAR COLLATE "C" NOT NULL,
    PRIMARY KEY (platform, update_id)
);
CREATE INDEX ix_update_at ON update (at);
CREATE INDEX ix_update_chat ON update (chat, at);
CREATE INDEX ix_update_unfinished ON update (at) WHERE state != 'done';

CREATE TABLE worker (
    id VARCHAR COLLATE "C" NOT NULL,
    beat INTEGER NOT NULL,
    holds_sender_lock BOOLEAN NOT NULL,
    process VARCHAR COLLATE "C" NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE delivery (
    seq BIGSERIAL NOT NULL,
    id VARCHAR COLLATE "C" NOT NULL,
    chat INTEGER NOT NULL,
    kind VARCHAR(8) COLLATE "C" NOT NULL,
    due TIMESTAMP WITH TIME ZONE NOT NULL,
    dedupe_key VARCHAR COLLATE "C" NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    facts JSON NOT NULL,
    rendered_at TIMESTAMP WITH TIME ZONE,
    attempts INTEGER NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE,
    settled_at TIMESTAMP WITH TIME ZONE,
    dismissed_at TIMESTAMP WITH TIME ZONE,
    reason VARCHAR COLLATE "C" NOT NULL,
    sendable BOOLEAN DEFAULT true NOT NULL,
    PRIMARY KEY (seq),
    UNIQUE (id),
    FOREIGN KEY (chat) REFERENCES chat (id) ON DELETE CASCADE,
    UNIQUE (dedupe_key)
);
CREATE INDEX ix_delivery_chat ON delivery (chat);
CREATE INDEX ix_delivery_notice ON delivery (settled_at) WHERE kind = 'notice';
CREATE INDEX ix_delivery_open ON delivery (settled_at, chat);
CREATE INDEX ix_delivery_sendable ON delivery (chat) WHERE settled_at IS NULL AND sendable IS TRUE;

CREATE TABLE digest (
    id SERIAL NOT NULL,
    content_hash VARCHAR COLLATE "C" NOT NULL,
    source VARCHAR COLLATE "C" NOT NULL,
    format VARCHAR COLLATE "C" NOT NULL,
    date DATE NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    counts JSON NOT NULL,
    warnings JSON NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (content_hash),
    FOREIGN KEY (source) REFERENCES source (name) ON DELETE CASCADE
);
CREATE INDEX ix_digest_date ON digest (date);
CREATE INDEX ix_digest_source ON digest (source, date);
CREATE INDEX ix_digest_warned ON digest (received_at) WHERE warnings::text != '[]';

CREATE TABLE enrichment_request (
    paper INTEGER NOT NULL,
    times INTEGER NOT NULL,
    last TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (paper),
    FOREIGN KEY (paper) REFERENCES paper (id) ON DELETE CASCADE
);

CREATE TABLE indexed_paper (
    entry BIGSERIAL NOT NULL,
    paper INTEGER NOT NULL,
    PRIMARY KEY (entry),
    UNIQUE (paper),
    FOREIGN KEY (paper) REFERENCES paper (id) ON DELETE CASCADE
);

CREATE TABLE offer (
    id VARCHAR COLLATE "C" NOT NULL,
    chat INTEGER NOT NULL,
    number INTEGER NOT NULL,
    text VARCHAR COLLATE "C" NOT NULL,
    cadence VARCHAR COLLATE "C" NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (chat, number),
    FOREIGN KEY (chat) REFERENCES chat (id) ON DELETE CASCADE
);

CREATE TABLE paper_alias (
    alias VARCHAR COLLATE "C" NOT NULL,
    paper INTEGER NOT NULL,
    PRIMARY KEY (alias, paper),
    FOREIGN KEY (paper) REFERENCES paper (id) ON DELETE CASCADE
);
CREATE INDEX ix_paper_alias_paper ON paper_alias (paper);

CREATE TABLE paper_key (
    key VARCHAR COLLATE "C" NOT NULL,
    paper INTEGER NOT NULL,
    PRIMARY KEY (key),
    FOREIGN KEY (paper) REFERENCES paper (id) ON DELETE CASCADE
);
CREATE INDEX ix_paper_key_folded ON paper_key (lower(key));
CREATE INDEX ix_paper_key_paper ON paper_key (paper);

CREATE TABLE receipt (
    id SERIAL NOT NULL,
    source VARCHAR COLLATE "C" NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    outcome VARCHAR(6) COLLATE "C" NOT NULL,
    counts JSON NOT NULL,
    detail VARCHAR COLLATE "C" NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (source) REFERENCES source (name) ON DELETE CASCADE
);
CREATE INDEX ix_receipt_at ON receipt (at);
CREATE INDEX ix_receipt_source ON receipt (source, outcome);

CREATE TABLE subscription (
    id SERIAL NOT NULL,
    chat INTEGER NOT NULL,
    query INTEGER NOT NULL,
    number INTEGER NOT NULL,
    name VARCHAR COLLATE "C" NOT NULL,
    text VARCHAR COLLATE "C" NOT NULL,
    cadence VARCHAR COLLATE "C" NOT NULL,
    zone VARCHAR COLLATE "C",
    state VARCHAR(6) COLLATE "C" NOT NULL,
    paused_until TIMESTAMP WITH TIME ZONE,
    pause_reason VARCHAR(15) COLLATE "C",
    added_by VARCHAR COLLATE "C" NOT NULL,
    subscriber VARCHAR COLLATE "C" NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    cursor INTEGER NOT NULL,
    shared_cursor INTEGER,
    next_due_at TIMESTAMP WITH TIME ZONE,
    latest_due_at TIMESTAMP WITH TIME ZONE,
    counted_until TIMESTAMP WITH TIME ZONE,
    chat_active BOOLEAN DEFAULT true NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (chat, query),
    UNIQUE (chat, number),
    FOREIGN KEY (chat) REFERENCES chat (id) ON DELETE CASCADE,
    FOREIGN KEY (query) REFERENCES query (id) ON DELETE CASCADE
);
CREATE INDEX ix_subscription_counted ON subscription (counted_until, chat) WHERE counted_until IS NOT NULL;
CREATE INDEX ix_subscription_due ON subscription (next_due_at, cursor)
    WHERE state = 'active' AND chat_active IS TRUE AND shared_cursor IS NULL;
CREATE INDEX ix_subscription_latest_due ON subscription (latest_due_at)
    WHERE latest_due_at IS NOT NULL AND state = 'active' AND chat_active IS TRUE AND shared_cursor IS NULL;
CREATE INDEX ix_subscription_paused_until ON subscription (paused_until) WHERE paused_until IS NOT NULL;
CREATE INDEX ix_subscription_put_off ON subscription (next_due_at)
    WHERE next_due_at IS NOT NULL AND latest_due_at IS NULL AND state = 'active' AND chat_active IS TRUE AND shared_cursor IS NULL;
CREATE INDEX ix_subscription_query ON subscription (query);
CREATE INDEX ix_subscription_subscriber ON subscription (subscriber);

CREATE TABLE summary (
    paper INTEGER NOT NULL,
    language VARCHAR COLLATE "C" NOT NULL,
    fields JSON NOT NULL,
    PRIMARY KEY (paper, language),
    FOREIGN KEY (paper) REFERENCES paper (id) ON DELETE CASCADE
);

CREATE TABLE translation (
    paper INTEGER NOT NULL,
    language VARCHAR COLLATE "C" NOT NULL,
    title VARCHAR COLLATE "C" NOT NULL,
    abstract VARCHAR COLLATE "C" NOT NULL,
    PRIMARY KEY (paper, language),
    FOREIGN KEY (paper) REFERENCES paper (id) ON DELETE CASCADE
);

CREATE TABLE undo (
    id SERIAL NOT NULL,
    chat INTEGER NOT NULL,
    who VARCHAR COLLATE "C" NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    before JSON NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (chat) REFERENCES chat (id) ON DELETE CASCADE
);
CREATE INDEX ix_undo_at ON undo (at);
CREATE INDEX ix_undo_chat ON undo (chat);
CREATE INDEX ix_undo_who ON undo (who);

CREATE TABLE wrong_code (
    id SERIAL NOT NULL,
    chat INTEGER NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (chat) REFERENCES chat (id) ON DELETE CASCADE
);
CREATE INDEX ix_wrong_code_at ON wrong_code (at);
CREATE INDEX ix_wrong_code_chat ON wrong_code (chat, at);

CREATE TABLE appearance (
    paper INTEGER NOT NULL,
    digest INTEGER NOT NULL,
    kind VARCHAR COLLATE "C" NOT NULL,
    PRIMARY KEY (paper, digest),
    FOREIGN KEY (paper) REFERENCES paper (id) ON DELETE CASCADE,
    FOREIGN KEY (digest) REFERENCES digest (id) ON DELETE CASCADE
);
CREATE INDEX ix_appearance_digest ON appearance (digest);

CREATE TABLE delivery_item (
    chat INTEGER NOT NULL,
    paper INTEGER NOT NULL,
    delivery BIGINT,
    message INTEGER,
    position INTEGER NOT NULL,
    shown BOOLEAN NOT NULL,
    "cross" BOOLEAN NOT NULL,
    because JSON NOT NULL,
    delivered_on DATE,
    PRIMARY KEY (chat, paper),
    FOREIGN KEY (chat) REFERENCES chat (id) ON DELETE CASCADE,
    FOREIGN KEY (paper) REFERENCES paper (id) ON DELETE CASCADE,
    FOREIGN KEY (delivery) REFERENCES delivery (seq) ON DELETE SET NULL
);
CREATE INDEX ix_delivery_item_delivery ON delivery_item (delivery) WHERE delivery IS NOT NULL;
CREATE INDEX ix_delivery_item_paper ON delivery_item (paper);

CREATE TABLE mention (
    id BIGSERIAL NOT NULL,
    word VARCHAR COLLATE "C" NOT NULL,
    callback VARCHAR COLLATE "C",
    state VARCHAR COLLATE "C",
    delivery BIGINT,
    change INTEGER,
    PRIMARY KEY (id),
    FOREIGN KEY (callback) REFERENCES callback (id) ON DELETE CASCADE,
    FOREIGN KEY (state) REFERENCES conversation_state (name) ON DELETE CASCADE,
    FOREIGN KEY (delivery) REFERENCES delivery (seq) ON DELETE CASCADE,
    FOREIGN KEY (change) REFERENCES undo (id) ON DELETE CASCADE
);
CREATE INDEX ix_mention_callback ON mention (callback) WHERE callback IS NOT NULL;
CREATE INDEX ix_mention_change ON mention (change) WHERE change IS NOT NULL;
CREATE INDEX ix_mention_delivery ON mention (delivery) WHERE delivery IS NOT NULL;
CREATE INDEX ix_mention_state ON mention (state) WHERE state IS NOT NULL;
CREATE INDEX ix_mention_word ON mention (word);

CREATE TABLE message (
    delivery BIGINT NOT NULL,
    number INTEGER NOT NULL,
    payload VARCHAR COLLATE "C" NOT NULL,
    plain VARCHAR COLLATE "C" NOT NULL,
    use_plain BOOLEAN NOT NULL,
    reply_to INTEGER,
    state VARCHAR(7) COLLATE "C" NOT NULL,
    found_at_start BOOLEAN NOT NULL,
    attempted_at TIMESTAMP WITH TIME ZONE,
    sent_at TIMESTAMP WITH TIME ZONE,
    platform_id VARCHAR COLLATE "C",
    reason VARCHAR COLLATE "C" NOT NULL,
    worker VARCHAR COLLATE "C" NOT NULL,
    lane VARCHAR COLLATE "C",
    lookup_given_up BOOLEAN NOT NULL,
    edit_requested_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (delivery, number),
    FOREIGN KEY (delivery) REFERENCES delivery (seq) ON DELETE CASCADE
);
CREATE INDEX ix_message_attempted_at ON message (attempted_at);
CREATE INDEX ix_message_edit ON message (edit_requested_at) WHERE edit_requested_at IS NOT NULL;
CREATE UNIQUE INDEX ix_message_in_hand ON message (lane) WHERE state = 'sending';
CREATE INDEX ix_message_state ON message (state);

-- The full-text index (store/database/postgres/words.py).
CREATE TABLE paper_words (
    entry BIGINT PRIMARY KEY REFERENCES indexed_paper (entry) ON DELETE CASCADE,
    words TSVECTOR NOT NULL
);
CREATE INDEX ix_paper_words ON paper_words USING gin (words);

-- The state of a chat is repeated in its subscriptions and open deliveries.
-- The chat is locked first: its state may be changing in a transaction that does not see this row yet.
CREATE FUNCTION keep_chat_active() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT chat.state = 'active' INTO NEW.chat_active FROM chat WHERE chat.id = NEW.chat FOR NO KEY UPDATE;
    RETURN NEW;
END $$;

CREATE FUNCTION keep_sendable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT chat.state = 'active' OR (chat.state = 'asked' AND chat.pause_reason IS NULL AND NEW.kind = 'notice')
    INTO NEW.sendable FROM chat WHERE chat.id = NEW.chat FOR NO KEY UPDATE;
    RETURN NEW;
END $$;

CREATE FUNCTION pass_state_of_chat_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE subscription SET chat_active = (NEW.state = 'active') WHERE chat = NEW.id;
    UPDATE delivery
    SET sendable = NEW.state = 'active' OR (NEW.state = 'asked' AND NEW.pause_reason IS NULL AND kind = 'notice')
    WHERE settled_at IS NULL AND chat = NEW.id;
    RETURN NULL;
END $$;

CREATE TRIGGER subscription_added_or_moved BEFORE INSERT OR UPDATE OF chat ON subscription
FOR EACH ROW EXECUTE FUNCTION keep_chat_active();

CREATE TRIGGER delivery_added BEFORE INSERT ON delivery
FOR EACH ROW EXECUTE FUNCTION keep_sendable();

CREATE TRIGGER delivery_opened_or_moved BEFORE UPDATE OF settled_at, chat ON delivery
FOR EACH ROW WHEN (NEW.settled_at IS NULL) EXECUTE FUNCTION keep_sendable();

CREATE TRIGGER chat_state_changed AFTER UPDATE OF state, pause_reason ON chat
FOR EACH ROW
WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.pause_reason IS DISTINCT FROM NEW.pause_reason)
EXECUTE FUNCTION pass_state_of_chat_on();

-- What a subscription has looked at is written into its own cursor when it stops to follow a shared one.
CREATE FUNCTION keep_own_cursor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.cursor := greatest(NEW.cursor, (SELECT sequence FROM shared_cursor WHERE id = NEW.shared_cursor));
    NEW.shared_cursor := NULL;
    RETURN NEW;
END $$;

CREATE FUNCTION keep_own_cursors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE subscription SET shared_cursor = NULL,
        cursor = greatest(cursor, (SELECT sequence FROM shared_cursor WHERE id = subscription.shared_cursor))
    WHERE chat = NEW.id AND shared_cursor IS NOT NULL;
    RETURN NULL;
END $$;

CREATE TRIGGER subscription_changed
BEFORE UPDATE OF chat, "query", cadence, state, next_due_at, latest_due_at, chat_active ON subscription
FOR EACH ROW
WHEN (
    OLD.shared_cursor IS NOT NULL AND NEW.shared_cursor IS NOT NULL AND (
        NEW.chat != OLD.chat OR NEW."query" != OLD."query" OR NEW.cadence != OLD.cadence OR NEW.state != 'active'
        OR NEW.chat_active IS NOT TRUE OR NEW.next_due_at IS NOT NULL OR NEW.latest_due_at IS NOT NULL
    )
)
EXECUTE FUNCTION keep_own_cursor();

CREATE TRIGGER chat_clock_changed AFTER UPDATE OF settings, timezone, kind ON chat
FOR EACH ROW
WHEN (
    NEW.settings::text IS DISTINCT FROM OLD.settings::text OR NEW.timezone IS DISTINCT FROM OLD.timezone
    OR NEW.kind IS DISTINCT FROM OLD.kind
)
EXECUTE FUNCTION keep_own_cursors();

-- Who reads the log goes on behind the newest change, so changes are numbered in the order of their commits.
CREATE FUNCTION note_change_of_query() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7250012024);
    INSERT INTO query_change ("query", token) VALUES (coalesce(NEW.id, OLD.id), (random() * 9e18)::bigint);
    RETURN NULL;
END $$;

CREATE TRIGGER query_added_or_removed AFTER INSERT OR DELETE ON "query"
FOR EACH ROW EXECUTE FUNCTION note_change_of_query();
