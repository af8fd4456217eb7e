-- A database that version 1.0.0 made: two chats, a digest of two papers, one delivery.
PRAGMA foreign_keys=OFF;
BEGIN;
CREATE TABLE chat (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	platform VARCHAR NOT NULL,
	address VARCHAR NOT NULL,
	topic VARCHAR NOT NULL,
	title VARCHAR NOT NULL,
	kind VARCHAR(9) NOT NULL,
	lang VARCHAR NOT NULL,
	settings JSON NOT NULL,
	state VARCHAR(11) NOT NULL,
	admission VARCHAR(8),
	pause_reason VARCHAR(13),
	state_detail VARCHAR NOT NULL,
	state_since DATETIME,
	paused_until DATETIME,
	moved_to INTEGER,
	public BOOLEAN NOT NULL,
	owner VARCHAR NOT NULL,
	admin BOOLEAN NOT NULL,
	first_delivery_planned BOOLEAN NOT NULL,
	next_number INTEGER NOT NULL,
	library_at DATETIME,
	library_entries INTEGER NOT NULL,
	feed_key VARCHAR,
	feed_key_at DATETIME,
	created_at DATETIME NOT NULL,
	UNIQUE (platform, address, topic),
	CONSTRAINT chatkind CHECK (kind IN ('private', 'group', 'broadcast', 'team')),
	CONSTRAINT chatstate CHECK (state IN ('active', 'asked', 'unconfirmed', 'paused', 'moved')),
	CONSTRAINT admission CHECK (admission IN ('admitted', 'denied')),
	CONSTRAINT pausereason CHECK (pause_reason IN ('person', 'gone', 'no-rights', 'archived', 'not-a-member', 'topic-closed', 'topic-deleted')),
	FOREIGN KEY(moved_to) REFERENCES chat (id) ON DELETE CASCADE
);
CREATE INDEX ix_chat_admin ON chat (admin) WHERE admin IS 1;
CREATE INDEX ix_chat_asked ON chat (state_since) WHERE state = 'asked';
CREATE INDEX ix_chat_feed_key ON chat (feed_key) WHERE feed_key IS NOT NULL;
CREATE INDEX ix_chat_moved_to ON chat (moved_to) WHERE moved_to IS NOT NULL;
CREATE INDEX ix_chat_next_number ON chat (next_number, created_at);
CREATE INDEX ix_chat_owner ON chat (owner);
CREATE INDEX ix_chat_paused_until ON chat (paused_until) WHERE paused_until IS NOT NULL;
CREATE INDEX ix_chat_unconfirmed ON chat (created_at) WHERE state = 'unconfirmed';
CREATE INDEX ix_chat_unreachable ON chat (state_since) WHERE pause_reason IS NOT NULL;
CREATE TABLE denial (
	address_hash VARCHAR NOT NULL,
	PRIMARY KEY (address_hash)
);
CREATE TABLE key_value (
	name VARCHAR NOT NULL,
	value VARCHAR NOT NULL,
	PRIMARY KEY (name)
);
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
	UNIQUE (chat, delivery, part)
);
CREATE INDEX ix_page_message_at ON page_message (at);
CREATE INDEX ix_page_message_change ON page_message (chat, change);
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
	venue VARCHAR NOT NULL,
	published VARCHAR NOT NULL,
	summaries JSON NOT NULL,
	translations JSON NOT NULL,
	"cross" BOOLEAN NOT NULL,
	withdrawn_at DATETIME,
	first_seen_at DATETIME NOT NULL,
	day DATE NOT NULL,
	owner VARCHAR NOT NULL,
	by_arxiv BOOLEAN NOT NULL,
	sequence INTEGER,
	sequenced_at DATETIME,
	new_sequence INTEGER,
	uncoded BOOLEAN NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX ix_paper_counted ON paper (day, id, sequence, "cross", new_sequence);
CREATE INDEX ix_paper_sequence ON paper (sequence);
CREATE INDEX ix_paper_sequenced_at ON paper (sequenced_at, sequence);
CREATE INDEX ix_paper_uncoded ON paper (id) WHERE uncoded IS 1;
CREATE TABLE platform (
	name VARCHAR NOT NULL,
	bot VARCHAR,
	stopped VARCHAR,
	PRIMARY KEY (name)
);
CREATE TABLE role (
	term INTEGER NOT NULL,
	process VARCHAR NOT NULL,
	holder VARCHAR NOT NULL,
	seen DATETIME,
	PRIMARY KEY (term)
);
CREATE TABLE source (
	name VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	location VARCHAR NOT NULL,
	title VARCHAR NOT NULL,
	schedule VARCHAR NOT NULL,
	evening BOOLEAN NOT NULL,
	declared BOOLEAN NOT NULL,
	since DATETIME,
	state JSON NOT NULL,
	parts JSON NOT NULL,
	last JSON NOT NULL,
	PRIMARY KEY (name)
);
CREATE TABLE callback (
	id VARCHAR NOT NULL,
	chat INTEGER NOT NULL,
	about INTEGER,
	person VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	verb VARCHAR NOT NULL,
	arguments JSON NOT NULL,
	at DATETIME NOT NULL,
	until DATETIME NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(chat) REFERENCES chat (id) ON DELETE CASCADE,
	FOREIGN KEY(about) REFERENCES chat (id) ON DELETE CASCADE
);
CREATE INDEX ix_callback_about ON callback (about) WHERE about IS NOT NULL;
CREATE INDEX ix_callback_chat ON callback (chat);
CREATE INDEX ix_callback_person ON callback (person);
CREATE INDEX ix_callback_until ON callback (until);
CREATE TABLE delivery (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	id VARCHAR NOT NULL,
	chat INTEGER NOT NULL,
	about INTEGER,
	person VARCHAR,
	kind VARCHAR(8) NOT NULL,
	due DATETIME NOT NULL,
	dedupe_key VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	facts JSON NOT NULL,
	rendered_at DATETIME,
	attempts INTEGER NOT NULL,
	next_at DATETIME,
	settled_at DATETIME,
	dismissed_at DATETIME,
	reason VARCHAR NOT NULL,
	UNIQUE (id),
	FOREIGN KEY(chat) REFERENCES chat (id) ON DELETE CASCADE,
	FOREIGN KEY(about) REFERENCES chat (id) ON DELETE CASCADE,
	CONSTRAINT deliverykind CHECK (kind IN ('alert', 'bulletin', 'notice')),
	UNIQUE (dedupe_key)
);
CREATE INDEX ix_delivery_about ON delivery (about) WHERE about IS NOT NULL;
CREATE INDEX ix_delivery_chat ON delivery (chat);
CREATE INDEX ix_delivery_notice ON delivery (settled_at) WHERE kind = 'notice';
CREATE INDEX ix_delivery_open ON delivery (settled_at, chat);
CREATE INDEX ix_delivery_person ON delivery (person) WHERE person IS NOT NULL;
CREATE TABLE digest (
	id INTEGER NOT NULL,
	content_hash VARCHAR NOT NULL,
	source VARCHAR NOT NULL,
	date DATE NOT NULL,
	received_at DATETIME NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (content_hash),
	FOREIGN KEY(source) REFERENCES source (name) ON DELETE CASCADE
);
CREATE INDEX ix_digest_date ON digest (date);
CREATE INDEX ix_digest_source ON digest (source, date);
CREATE TABLE indexed_paper (
	entry INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	paper INTEGER NOT NULL,
	UNIQUE (paper),
	FOREIGN KEY(paper) REFERENCES paper (id) ON DELETE CASCADE
);
CREATE TABLE library_entry (
	chat INTEGER NOT NULL,
	"key" VARCHAR NOT NULL,
	title VARCHAR NOT NULL,
	PRIMARY KEY (chat, "key"),
	FOREIGN KEY(chat) REFERENCES chat (id) ON DELETE CASCADE
);
CREATE TABLE model_request (
	id INTEGER NOT NULL,
	day DATE NOT NULL,
	at DATETIME NOT NULL,
	paper INTEGER,
	language VARCHAR NOT NULL,
	fields JSON NOT NULL,
	title VARCHAR NOT NULL,
	model VARCHAR NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (paper, language),
	FOREIGN KEY(paper) REFERENCES paper (id) ON DELETE CASCADE
);
CREATE INDEX ix_model_request_day ON model_request (day);
CREATE TABLE paper_alias (
	alias VARCHAR NOT NULL,
	paper INTEGER NOT NULL,
	PRIMARY KEY (alias, paper),
	FOREIGN KEY(paper) REFERENCES paper (id) ON DELETE CASCADE
);
CREATE INDEX ix_paper_alias_paper ON paper_alias (paper);
CREATE TABLE paper_key (
	"key" VARCHAR NOT NULL,
	paper INTEGER NOT NULL,
	PRIMARY KEY ("key"),
	FOREIGN KEY(paper) REFERENCES paper (id) ON DELETE CASCADE
);
CREATE INDEX ix_paper_key_folded ON paper_key (lower(key));
CREATE INDEX ix_paper_key_paper ON paper_key (paper);
CREATE TABLE paper_meaning (
	entry INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	paper INTEGER NOT NULL,
	encoder VARCHAR NOT NULL,
	overall BLOB NOT NULL,
	parts BLOB NOT NULL,
	UNIQUE (paper),
	FOREIGN KEY(paper) REFERENCES paper (id) ON DELETE CASCADE
);
CREATE TABLE signal (
	chat INTEGER NOT NULL,
	paper INTEGER NOT NULL,
	kind VARCHAR(8) NOT NULL,
	at DATETIME NOT NULL,
	PRIMARY KEY (chat, paper, kind),
	FOREIGN KEY(chat) REFERENCES chat (id) ON DELETE CASCADE,
	FOREIGN KEY(paper) REFERENCES paper (id) ON DELETE CASCADE,
	CONSTRAINT signal CHECK (kind IN ('opened', 'saved', 'liked', 'disliked', 'excluded', 'muted'))
);
CREATE INDEX ix_signal_paper ON signal (paper);
CREATE TABLE subscription (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	chat INTEGER NOT NULL,
	number INTEGER NOT NULL,
	name VARCHAR NOT NULL,
	text VARCHAR NOT NULL,
	canonical VARCHAR NOT NULL,
	cadence VARCHAR NOT NULL,
	zone VARCHAR,
	state VARCHAR(6) NOT NULL,
	paused_until DATETIME,
	since DATETIME NOT NULL,
	cursor INTEGER NOT NULL,
	next_due_at DATETIME,
	latest_due_at DATETIME,
	followed_at DATETIME,
	UNIQUE (chat, canonical),
	UNIQUE (chat, number),
	FOREIGN KEY(chat) REFERENCES chat (id) ON DELETE CASCADE,
	CONSTRAINT subscriptionstate CHECK (state IN ('active', 'paused'))
);
CREATE INDEX ix_subscription_due ON subscription (next_due_at, cursor);
CREATE INDEX ix_subscription_followed_at ON subscription (followed_at) WHERE followed_at IS NOT NULL;
CREATE INDEX ix_subscription_latest_due ON subscription (latest_due_at) WHERE latest_due_at IS NOT NULL;
CREATE INDEX ix_subscription_paused_until ON subscription (paused_until) WHERE paused_until IS NOT NULL;
CREATE TABLE undo (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	chat INTEGER NOT NULL,
	who VARCHAR NOT NULL,
	at DATETIME NOT NULL,
	"before" JSON NOT NULL,
	FOREIGN KEY(chat) REFERENCES chat (id) ON DELETE CASCADE
);
CREATE INDEX ix_undo_at ON undo (at);
CREATE INDEX ix_undo_chat ON undo (chat);
CREATE INDEX ix_undo_who ON undo (who);
CREATE TABLE "update" (
	platform VARCHAR NOT NULL,
	update_id VARCHAR NOT NULL,
	at DATETIME NOT NULL,
	chat INTEGER,
	changed BOOLEAN NOT NULL,
	answered BOOLEAN NOT NULL,
	PRIMARY KEY (platform, update_id),
	FOREIGN KEY(chat) REFERENCES chat (id) ON DELETE SET NULL
);
CREATE INDEX ix_update_at ON "update" (at);
CREATE INDEX ix_update_chat ON "update" (chat, at);
CREATE INDEX ix_update_unanswered ON "update" (at) WHERE NOT answered;
CREATE TABLE appearance (
	paper INTEGER NOT NULL,
	digest INTEGER NOT NULL,
	kind VARCHAR NOT NULL,
	PRIMARY KEY (paper, digest),
	FOREIGN KEY(paper) REFERENCES paper (id) ON DELETE CASCADE,
	FOREIGN KEY(digest) REFERENCES digest (id) ON DELETE CASCADE
);
CREATE INDEX ix_appearance_digest ON appearance (digest);
CREATE TABLE delivery_item (
	chat INTEGER NOT NULL,
	paper INTEGER NOT NULL,
	delivery INTEGER,
	message INTEGER,
	position INTEGER NOT NULL,
	shown BOOLEAN NOT NULL,
	"cross" BOOLEAN NOT NULL,
	because JSON NOT NULL,
	delivered_on DATE,
	PRIMARY KEY (chat, paper),
	FOREIGN KEY(chat) REFERENCES chat (id) ON DELETE CASCADE,
	FOREIGN KEY(paper) REFERENCES paper (id) ON DELETE CASCADE,
	FOREIGN KEY(delivery) REFERENCES delivery (seq) ON DELETE SET NULL
);
CREATE INDEX ix_delivery_item_delivery ON delivery_item (delivery) WHERE delivery IS NOT NULL;
CREATE INDEX ix_delivery_item_paper ON delivery_item (paper);
CREATE TABLE message (
	delivery INTEGER NOT NULL,
	number INTEGER NOT NULL,
	payload VARCHAR NOT NULL,
	use_plain BOOLEAN NOT NULL,
	reply_to INTEGER,
	state VARCHAR(7) NOT NULL,
	attempted_at DATETIME,
	unclear_since DATETIME,
	sent_at DATETIME,
	platform_id VARCHAR,
	reason VARCHAR NOT NULL,
	lane VARCHAR,
	left_to_person BOOLEAN NOT NULL,
	PRIMARY KEY (delivery, number),
	FOREIGN KEY(delivery) REFERENCES delivery (seq) ON DELETE CASCADE,
	CONSTRAINT messagestate CHECK (state IN ('ready', 'sending', 'waiting', 'unclear', 'sent', 'dead'))
);
CREATE INDEX ix_message_attempted_at ON message (attempted_at);
CREATE UNIQUE INDEX ix_message_in_hand ON message (lane) WHERE state = 'sending';
CREATE INDEX ix_message_state ON message (state);
CREATE TABLE question (
	id INTEGER NOT NULL,
	text VARCHAR NOT NULL,
	subscription INTEGER,
	chat INTEGER,
	encoder VARCHAR NOT NULL,
	vector BLOB NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(subscription) REFERENCES subscription (id) ON DELETE CASCADE,
	FOREIGN KEY(chat) REFERENCES chat (id) ON DELETE CASCADE
);
CREATE INDEX ix_question_chat ON question (chat);
CREATE INDEX ix_question_encoder ON question (encoder);
CREATE INDEX ix_question_subscription ON question (subscription);
CREATE INDEX ix_question_text ON question (text);
CREATE VIRTUAL TABLE paper_words USING fts5(title, abstract, summary, author, label, content='', columnsize=0, tokenize='ascii');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	PRIMARY KEY (version_num)
);
INSERT INTO "chat" VALUES (1, 'console', 'lab', '', '', 'private', '', '{}', 'active', NULL, NULL, '', NULL, NULL, NULL, 0, '', 0, 1, 2, NULL, 0, NULL, NULL, '2026-01-22 08:00:00.086501');
INSERT INTO "chat" VALUES (2, 'telegram', '42', '', '', 'private', '', '{"timezone": "Europe/Berlin"}', 'active', NULL, NULL, '', NULL, NULL, NULL, 0, '', 0, 0, 2, NULL, 0, NULL, NULL, '2026-01-22 08:00:00.003564');
INSERT INTO "key_value" VALUES ('sequence', '2');
INSERT INTO "key_value" VALUES ('sender', '441d3b194626424b946a88ceda4e6e53');
INSERT INTO "key_value" VALUES ('zone', 'UTC');
INSERT INTO "paper" VALUES (1, '2601.00001', 'Limpets on granite', 'We count limpets on granite shores.', '["Ada Moss", "Ben Quay"]', '["q-bio.PE"]', 'q-bio.PE', '2601.00001', NULL, 'https://arxiv.org/abs/2601.00001', NULL, '', '', '', '{"en": {"tldr": "Limpets are counted.", "motivation": "m", "method": "me", "result": "r", "conclusion": "c"}}', '{}', 0, NULL, '2026-01-22 08:00:00.228525', '2026-01-22', 'daily', 0, 1, '2026-01-22 08:00:00.228525', NULL, 1);
INSERT INTO "paper" VALUES (2, '2601.00002', 'Kelp and light', 'Kelp grows where light falls.', '["Cleo Dune"]', '["physics.bio-ph", "q-bio.PE"]', 'physics.bio-ph', '2601.00002', NULL, 'https://arxiv.org/abs/2601.00002', NULL, '', '', '', '{"en": {"tldr": "Kelp needs light.", "motivation": "m", "method": "me", "result": "r", "conclusion": "c"}}', '{}', 0, NULL, '2026-01-22 08:00:00.228525', '2026-01-22', 'daily', 0, 2, '2026-01-22 08:00:00.228525', NULL, 1);
INSERT INTO "source" VALUES ('daily', 'file', '', '', '', 0, 0, NULL, '{}', '{}', '{}');
INSERT INTO "delivery" VALUES (1, '016b2dd7c307c4ac', 1, NULL, NULL, 'alert', '2026-01-22 08:10:00.125359', '1:now:0-2:1', '2026-01-22 08:10:00.125359', '{"known":2,"days":["2026-01-22"],"asked":"","seen":0,"first":true,"next_due":null,"next_about":true,"late":"PT0S","missing":null,"lines":[],"buttons":[]}', '2026-01-22 08:10:00.299245', 0, NULL, '2026-01-22 08:10:00.318179', NULL, '');
INSERT INTO "digest" VALUES (1, '6feaff428b71b71ece97cc96c6cbe81c6488e167bfa03046b3abde552a6b2e30', 'daily', '2026-01-22', '2026-01-22 08:00:00.228525');
INSERT INTO "indexed_paper" VALUES (1, 1);
INSERT INTO "indexed_paper" VALUES (2, 2);
INSERT INTO "paper_alias" VALUES ('limpets on granite', 1);
INSERT INTO "paper_alias" VALUES ('kelp and light', 2);
INSERT INTO "paper_key" VALUES ('2601.00001', 1);
INSERT INTO "paper_key" VALUES ('2601.00002', 2);
INSERT INTO "subscription" VALUES (1, 1, 1, '', 'limpets', 'limpet', 'now', NULL, 'active', NULL, '2026-01-21 08:00:00.086501', 2, NULL, NULL, NULL);
INSERT INTO "subscription" VALUES (2, 2, 1, '', 'kelp OR moss', 'kelp OR moss', 'daily 09:00', NULL, 'active', NULL, '2026-01-21 08:00:00.003564', 0, '2026-01-23 08:00:00.000000', '2026-01-23 08:00:00.000000', NULL);
INSERT INTO "undo" VALUES (1, 1, '', '2026-01-22 08:00:00.086501', '{"subscriptions": {}, "settings": {}, "paused": false, "until": null, "saved": []}');
INSERT INTO "undo" VALUES (2, 2, '', '2026-01-22 08:00:00.003564', '{"subscriptions": {}, "settings": {}, "paused": false, "until": null, "saved": []}');
INSERT INTO "appearance" VALUES (1, 1, '');
INSERT INTO "appearance" VALUES (2, 1, '');
INSERT INTO "delivery_item" VALUES (1, 1, 1, 1, 0, 1, 0, '[{"number":1,"text":"limpets","name":"","words":["Limpets","limpets"]}]', NULL);
INSERT INTO "message" VALUES (1, 1, '{"text": "Limpets on granite\n  Ada Moss, Ben Quay · q-bio.PE · 2601.00001\n  AI: Limpets are counted.\n  ▸ limpets\n  https://arxiv.org/abs/2601.00001"}', 0, NULL, 'sent', '2026-12-01 03:22:17.998923', NULL, '2026-01-22 08:10:00.318179', '016b2dd7c307c4ac-1', '', 'console:lab', 0);
DELETE FROM paper_words_data;
INSERT INTO "paper_words_data" VALUES (1, X'0209111A140A');
INSERT INTO "paper_words_data" VALUES (10, X'000000000101010001010101');
INSERT INTO "paper_words_data" VALUES (137438953473, X'000002550430616461010601030202026E64020203020272650106010203010362656E010601030E010163010601020C010601020C02036C656F020601030202046F756E740106010103060265640106010204010464756E650206010303010466616C6C020601010601076772616E69746501080401010603026F77020601010301046B656C70020E0201010201020201056C69676874020E0401010501020403046D706574010E0201010401020201016D010601020601060102060201650106010208010601020802036F7373010601030301046E656564020601020301026F6E010803010105010471756179010601030F010172010601020A010601020A010573686F7265010601010701027765010601010202046865726502060101040102CB91012A050101080102050404040401030603030303030303011605010107010205040404040308637068797369637302060104030B11CB913265CB9162696FCB913264CB9170680206010402040A71CB913264CB9162696F010601040301060104050E08CB913265CB9170650106010402010601040403026961010601030404016201060103100401630206010304040164020601030504016D010601030504017101060103110308707068797369637302060104070B11CB913265CB9162696FCB913264CB9170680206010406040A71CB913264CB9162696F01060104050E08CB913265CB917065010601040403067366616C6C730206010109040567726F7773020601010804076C696D70657473010E0601010A01020E04056E65656473020601020E040673686F7265730106010109040A07090A0D0A0B090B0B0F090F100F0D0D0A0B0A0B0D0C090B280F1816140908080808080F18110F0D0C120C');
DELETE FROM paper_words_idx;
INSERT INTO "paper_words_idx" VALUES (1, X'', 2);
DELETE FROM paper_words_config;
INSERT INTO "paper_words_config" VALUES ('version', 4);
INSERT INTO "alembic_version" VALUES ('first_438489b20d2a');
COMMIT;
