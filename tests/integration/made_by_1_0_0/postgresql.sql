-- What sqlite.sql holds, in PostgreSQL, as `paperwire db copy` of version 1.0.0 wrote it.
CREATE TABLE alembic_version ( version_num character varying(32) NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE appearance ( paper integer NOT NULL, digest integer NOT NULL, kind character varying NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE callback ( id character varying NOT NULL COLLATE pg_catalog."C", chat integer NOT NULL, about integer, person character varying NOT NULL COLLATE pg_catalog."C", name character varying NOT NULL COLLATE pg_catalog."C", verb character varying NOT NULL COLLATE pg_catalog."C", arguments json NOT NULL, at timestamp with time zone NOT NULL, until timestamp with time zone NOT NULL
);
CREATE TABLE chat ( id integer NOT NULL, platform character varying NOT NULL COLLATE pg_catalog."C", address character varying NOT NULL COLLATE pg_catalog."C", topic character varying NOT NULL COLLATE pg_catalog."C", title character varying NOT NULL COLLATE pg_catalog."C", kind character varying(9) NOT NULL COLLATE pg_catalog."C", lang character varying NOT NULL COLLATE pg_catalog."C", settings json NOT NULL, state character varying(11) NOT NULL COLLATE pg_catalog."C", admission character varying(8) COLLATE pg_catalog."C", pause_reason character varying(13) COLLATE pg_catalog."C", state_detail character varying NOT NULL COLLATE pg_catalog."C", state_since timestamp with time zone, paused_until timestamp with time zone, moved_to integer, public boolean NOT NULL, owner character varying NOT NULL COLLATE pg_catalog."C", admin boolean NOT NULL, first_delivery_planned boolean NOT NULL, next_number integer NOT NULL, library_at timestamp with time zone, library_entries integer NOT NULL, feed_key character varying COLLATE pg_catalog."C", feed_key_at timestamp with time zone, created_at timestamp with time zone NOT NULL, CONSTRAINT admission CHECK (((admission)::text = ANY ((ARRAY['admitted'::character varying, 'denied'::character varying])::text[]))), CONSTRAINT chatkind CHECK (((kind)::text = ANY ((ARRAY['private'::character varying, 'group'::character varying, 'broadcast'::character varying, 'team'::character varying])::text[]))), CONSTRAINT chatstate CHECK (((state)::text = ANY ((ARRAY['active'::character varying, 'asked'::character varying, 'unconfirmed'::character varying, 'paused'::character varying, 'moved'::character varying])::text[]))), CONSTRAINT pausereason CHECK (((pause_reason)::text = ANY ((ARRAY['person'::character varying, 'gone'::character varying, 'no-rights'::character varying, 'archived'::character varying, 'not-a-member'::character varying, 'topic-closed'::character varying, 'topic-deleted'::character varying])::text[])))
);
CREATE SEQUENCE chat_id_seq AS integer START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE chat_id_seq OWNED BY chat.id;
CREATE TABLE delivery ( seq bigint NOT NULL, id character varying NOT NULL COLLATE pg_catalog."C", chat integer NOT NULL, about integer, person character varying COLLATE pg_catalog."C", kind character varying(8) NOT NULL COLLATE pg_catalog."C", due timestamp with time zone NOT NULL, dedupe_key character varying NOT NULL COLLATE pg_catalog."C", created_at timestamp with time zone NOT NULL, facts json NOT NULL, rendered_at timestamp with time zone, attempts integer NOT NULL, next_at timestamp with time zone, settled_at timestamp with time zone, dismissed_at timestamp with time zone, reason character varying NOT NULL COLLATE pg_catalog."C", CONSTRAINT deliverykind CHECK (((kind)::text = ANY ((ARRAY['alert'::character varying, 'bulletin'::character varying, 'notice'::character varying])::text[])))
);
CREATE TABLE delivery_item ( chat integer NOT NULL, paper integer NOT NULL, delivery bigint, message integer, "position" integer NOT NULL, shown boolean NOT NULL, "cross" boolean NOT NULL, because json NOT NULL, delivered_on date
);
CREATE SEQUENCE delivery_seq_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE delivery_seq_seq OWNED BY delivery.seq;
CREATE TABLE denial ( address_hash character varying NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE digest ( id integer NOT NULL, content_hash character varying NOT NULL COLLATE pg_catalog."C", source character varying NOT NULL COLLATE pg_catalog."C", date date NOT NULL, received_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE digest_id_seq AS integer START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE digest_id_seq OWNED BY digest.id;
CREATE TABLE indexed_paper ( entry bigint NOT NULL, paper integer NOT NULL
);
CREATE SEQUENCE indexed_paper_entry_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE indexed_paper_entry_seq OWNED BY indexed_paper.entry;
CREATE TABLE key_value ( name character varying NOT NULL COLLATE pg_catalog."C", value character varying NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE library_entry ( chat integer NOT NULL, key character varying NOT NULL COLLATE pg_catalog."C", title character varying NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE message ( delivery bigint NOT NULL, number integer NOT NULL, payload character varying NOT NULL COLLATE pg_catalog."C", use_plain boolean NOT NULL, reply_to integer, state character varying(7) NOT NULL COLLATE pg_catalog."C", attempted_at timestamp with time zone, unclear_since timestamp with time zone, sent_at timestamp with time zone, platform_id character varying COLLATE pg_catalog."C", reason character varying NOT NULL COLLATE pg_catalog."C", lane character varying COLLATE pg_catalog."C", left_to_person boolean NOT NULL, CONSTRAINT messagestate CHECK (((state)::text = ANY ((ARRAY['ready'::character varying, 'sending'::character varying, 'waiting'::character varying, 'unclear'::character varying, 'sent'::character varying, 'dead'::character varying])::text[])))
);
CREATE TABLE model_request ( id integer NOT NULL, day date NOT NULL, at timestamp with time zone NOT NULL, paper integer, language character varying NOT NULL COLLATE pg_catalog."C", fields json NOT NULL, title character varying NOT NULL COLLATE pg_catalog."C", model character varying NOT NULL COLLATE pg_catalog."C"
);
CREATE SEQUENCE model_request_id_seq AS integer START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE model_request_id_seq OWNED BY model_request.id;
CREATE TABLE page_message ( chat character varying NOT NULL COLLATE pg_catalog."C", number integer NOT NULL, change integer NOT NULL, delivery character varying NOT NULL COLLATE pg_catalog."C", part integer NOT NULL, is_own boolean NOT NULL, payload character varying NOT NULL COLLATE pg_catalog."C", at timestamp with time zone NOT NULL, is_edited boolean NOT NULL
);
CREATE TABLE paper ( id integer NOT NULL, key character varying NOT NULL COLLATE pg_catalog."C", title character varying NOT NULL COLLATE pg_catalog."C", abstract character varying NOT NULL COLLATE pg_catalog."C", authors json NOT NULL, categories json NOT NULL, "primary" character varying COLLATE pg_catalog."C", arxiv_id character varying COLLATE pg_catalog."C", doi character varying COLLATE pg_catalog."C", url character varying COLLATE pg_catalog."C", version integer, comment character varying NOT NULL COLLATE pg_catalog."C", venue character varying NOT NULL COLLATE pg_catalog."C", published character varying NOT NULL COLLATE pg_catalog."C", summaries json NOT NULL, translations json NOT NULL, "cross" boolean NOT NULL, withdrawn_at timestamp with time zone, first_seen_at timestamp with time zone NOT NULL, day date NOT NULL, owner character varying NOT NULL COLLATE pg_catalog."C", by_arxiv boolean NOT NULL, sequence integer, sequenced_at timestamp with time zone, new_sequence integer, uncoded boolean NOT NULL
);
CREATE TABLE paper_alias ( alias character varying NOT NULL COLLATE pg_catalog."C", paper integer NOT NULL
);
CREATE SEQUENCE paper_id_seq AS integer START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE paper_id_seq OWNED BY paper.id;
CREATE TABLE paper_key ( key character varying NOT NULL COLLATE pg_catalog."C", paper integer NOT NULL
);
CREATE TABLE paper_meaning ( entry bigint NOT NULL, paper integer NOT NULL, encoder character varying NOT NULL COLLATE pg_catalog."C", overall bytea NOT NULL, parts bytea NOT NULL
);
CREATE SEQUENCE paper_meaning_entry_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE paper_meaning_entry_seq OWNED BY paper_meaning.entry;
CREATE TABLE paper_words ( entry bigint NOT NULL, words tsvector NOT NULL
);
CREATE TABLE platform ( name character varying NOT NULL COLLATE pg_catalog."C", bot character varying COLLATE pg_catalog."C", stopped character varying COLLATE pg_catalog."C"
);
CREATE TABLE question ( id integer NOT NULL, text character varying NOT NULL COLLATE pg_catalog."C", subscription integer, chat integer, encoder character varying NOT NULL COLLATE pg_catalog."C", vector bytea NOT NULL
);
CREATE SEQUENCE question_id_seq AS integer START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE question_id_seq OWNED BY question.id;
CREATE TABLE role ( term bigint NOT NULL, process character varying NOT NULL COLLATE pg_catalog."C", holder character varying NOT NULL COLLATE pg_catalog."C", seen timestamp with time zone
);
CREATE SEQUENCE role_term_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE role_term_seq OWNED BY role.term;
CREATE TABLE signal ( chat integer NOT NULL, paper integer NOT NULL, kind character varying(8) NOT NULL COLLATE pg_catalog."C", at timestamp with time zone NOT NULL, CONSTRAINT signal CHECK (((kind)::text = ANY ((ARRAY['opened'::character varying, 'saved'::character varying, 'liked'::character varying, 'disliked'::character varying, 'excluded'::character varying, 'muted'::character varying])::text[])))
);
CREATE TABLE source ( name character varying NOT NULL COLLATE pg_catalog."C", kind character varying NOT NULL COLLATE pg_catalog."C", location character varying NOT NULL COLLATE pg_catalog."C", title character varying NOT NULL COLLATE pg_catalog."C", schedule character varying NOT NULL COLLATE pg_catalog."C", evening boolean NOT NULL, declared boolean NOT NULL, since timestamp with time zone, state json NOT NULL, parts json NOT NULL, last json NOT NULL
);
CREATE TABLE subscription ( id integer NOT NULL, chat integer NOT NULL, number integer NOT NULL, name character varying NOT NULL COLLATE pg_catalog."C", text character varying NOT NULL COLLATE pg_catalog."C", canonical character varying NOT NULL COLLATE pg_catalog."C", cadence character varying NOT NULL COLLATE pg_catalog."C", zone character varying COLLATE pg_catalog."C", state character varying(6) NOT NULL COLLATE pg_catalog."C", paused_until timestamp with time zone, since timestamp with time zone NOT NULL, cursor integer NOT NULL, next_due_at timestamp with time zone, latest_due_at timestamp with time zone, followed_at timestamp with time zone, CONSTRAINT subscriptionstate CHECK (((state)::text = ANY ((ARRAY['active'::character varying, 'paused'::character varying])::text[])))
);
CREATE SEQUENCE subscription_id_seq AS integer START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE subscription_id_seq OWNED BY subscription.id;
CREATE TABLE undo ( id integer NOT NULL, chat integer NOT NULL, who character varying NOT NULL COLLATE pg_catalog."C", at timestamp with time zone NOT NULL, before json NOT NULL
);
CREATE SEQUENCE undo_id_seq AS integer START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE undo_id_seq OWNED BY undo.id;
CREATE TABLE update ( platform character varying NOT NULL COLLATE pg_catalog."C", update_id character varying NOT NULL COLLATE pg_catalog."C", at timestamp with time zone NOT NULL, chat integer, changed boolean NOT NULL, answered boolean NOT NULL
);
ALTER TABLE ONLY chat ALTER COLUMN id SET DEFAULT nextval('chat_id_seq'::regclass);
ALTER TABLE ONLY delivery ALTER COLUMN seq SET DEFAULT nextval('delivery_seq_seq'::regclass);
ALTER TABLE ONLY digest ALTER COLUMN id SET DEFAULT nextval('digest_id_seq'::regclass);
ALTER TABLE ONLY indexed_paper ALTER COLUMN entry SET DEFAULT nextval('indexed_paper_entry_seq'::regclass);
ALTER TABLE ONLY model_request ALTER COLUMN id SET DEFAULT nextval('model_request_id_seq'::regclass);
ALTER TABLE ONLY paper ALTER COLUMN id SET DEFAULT nextval('paper_id_seq'::regclass);
ALTER TABLE ONLY paper_meaning ALTER COLUMN entry SET DEFAULT nextval('paper_meaning_entry_seq'::regclass);
ALTER TABLE ONLY question ALTER COLUMN id SET DEFAULT nextval('question_id_seq'::regclass);
ALTER TABLE ONLY role ALTER COLUMN term SET DEFAULT nextval('role_term_seq'::regclass);
ALTER TABLE ONLY subscription ALTER COLUMN id SET DEFAULT nextval('subscription_id_seq'::regclass);
ALTER TABLE ONLY undo ALTER COLUMN id SET DEFAULT nextval('undo_id_seq'::regclass);
INSERT INTO alembic_version VALUES ('first_438489b20d2a');
INSERT INTO appearance VALUES (1, 1, '');
INSERT INTO appearance VALUES (2, 1, '');
INSERT INTO chat VALUES (1, 'console', 'lab', '', '', 'private', '', '{}', 'active', NULL, NULL, '', NULL, NULL, NULL, false, '', false, true, 2, NULL, 0, NULL, NULL, '2026-01-22 08:00:00.086501+00');
INSERT INTO chat VALUES (2, 'telegram', '42', '', '', 'private', '', '{"timezone": "Europe/Berlin"}', 'active', NULL, NULL, '', NULL, NULL, NULL, false, '', false, false, 2, NULL, 0, NULL, NULL, '2026-01-22 08:00:00.003564+00');
INSERT INTO delivery VALUES (1, '016b2dd7c307c4ac', 1, NULL, NULL, 'alert', '2026-01-22 08:10:00.125359+00', '1:now:0-2:1', '2026-01-22 08:10:00.125359+00', '{"known": 2, "days": ["2026-01-22"], "asked": "", "seen": 0, "first": true, "next_due": null, "next_about": true, "late": "PT0S", "missing": null, "lines": [], "buttons": []}', '2026-01-22 08:10:00.299245+00', 0, NULL, '2026-01-22 08:10:00.318179+00', NULL, '');
INSERT INTO delivery_item VALUES (1, 1, 1, 1, 0, true, false, '[{"number": 1, "text": "limpets", "name": "", "words": ["Limpets", "limpets"]}]', NULL);
INSERT INTO digest VALUES (1, '6feaff428b71b71ece97cc96c6cbe81c6488e167bfa03046b3abde552a6b2e30', 'daily', '2026-01-22', '2026-01-22 08:00:00.228525+00');
INSERT INTO indexed_paper VALUES (1, 1);
INSERT INTO indexed_paper VALUES (2, 2);
INSERT INTO key_value VALUES ('sender', '441d3b194626424b946a88ceda4e6e53');
INSERT INTO key_value VALUES ('sequence', '2');
INSERT INTO key_value VALUES ('zone', 'UTC');
INSERT INTO message VALUES (1, 1, '{"text": "Limpets on granite\n  Ada Moss, Ben Quay · q-bio.PE · 2601.00001\n  AI: Limpets are counted.\n  ▸ limpets\n  https://arxiv.org/abs/2601.00001"}', false, NULL, 'sent', '2026-12-01 03:22:17.998923+00', NULL, '2026-01-22 08:10:00.318179+00', '016b2dd7c307c4ac-1', '', 'console:lab', false);
INSERT INTO paper VALUES (1, '2601.00001', 'Limpets on granite', 'We count limpets on granite shores.', '["Ada Moss", "Ben Quay"]', '["q-bio.PE"]', 'q-bio.PE', '2601.00001', NULL, 'https://arxiv.org/abs/2601.00001', NULL, '', '', '', '{"en": {"tldr": "Limpets are counted.", "motivation": "m", "method": "me", "result": "r", "conclusion": "c"}}', '{}', false, NULL, '2026-01-22 08:00:00.228525+00', '2026-01-22', 'daily', false, 1, '2026-01-22 08:00:00.228525+00', NULL, true);
INSERT INTO paper VALUES (2, '2601.00002', 'Kelp and light', 'Kelp grows where light falls.', '["Cleo Dune"]', '["physics.bio-ph", "q-bio.PE"]', 'physics.bio-ph', '2601.00002', NULL, 'https://arxiv.org/abs/2601.00002', NULL, '', '', '', '{"en": {"tldr": "Kelp needs light.", "motivation": "m", "method": "me", "result": "r", "conclusion": "c"}}', '{}', false, NULL, '2026-01-22 08:00:00.228525+00', '2026-01-22', 'daily', false, 2, '2026-01-22 08:00:00.228525+00', NULL, true);
INSERT INTO paper_alias VALUES ('kelp and light', 2);
INSERT INTO paper_alias VALUES ('limpets on granite', 1);
INSERT INTO paper_key VALUES ('2601.00001', 1);
INSERT INTO paper_key VALUES ('2601.00002', 2);
INSERT INTO paper_words VALUES (1, '''aada'':1 ''aben'':2 ''amoss'':1 ''aquay'':2 ''aˑia'':1 ''aˑib'':2 ''aˑim'':1 ''aˑiq'':2 ''bcount'':2 ''bgranite'':5 ''blimpet'':3 ''bon'':4 ''bshore'':6 ''bwe'':1 ''bˑslimpets'':9 ''bˑsshores'':8 ''lˑcqˑ2dˑbio'':2 ''lˑcqˑ2dˑbioˑ2eˑpe'':1 ''lˑpqˑ2dˑbio'':4 ''lˑpqˑ2dˑbioˑ2eˑpe'':3 ''sare'':2 ''sc'':11 ''scounted'':3 ''slimpet'':1 ''sm'':5 ''sme'':7 ''sr'':9 ''sˑslimpets'':13 ''tgranite'':3 ''tlimpet'':1 ''ton'':2 ''tˑslimpets'':5');
INSERT INTO paper_words VALUES (2, '''acleo'':1 ''adune'':1 ''aˑic'':1 ''aˑid'':1 ''bfall'':5 ''bgrow'':2 ''bkelp'':1 ''blight'':4 ''bwhere'':3 ''bˑsfalls'':7 ''bˑsgrows'':8 ''lˑcphysics'':2 ''lˑcphysicsˑ2eˑbioˑ2dˑph'':1 ''lˑcqˑ2dˑbio'':4 ''lˑcqˑ2dˑbioˑ2eˑpe'':3 ''lˑpphysics'':6 ''lˑpphysicsˑ2eˑbioˑ2dˑph'':5 ''sc'':11 ''skelp'':1 ''slight'':3 ''sm'':5 ''sme'':7 ''sneed'':2 ''sr'':9 ''sˑsneeds'':13 ''tand'':2 ''tkelp'':1 ''tlight'':3');
INSERT INTO role VALUES (1674413383057071217, '2a9407a3e6be4279872099e447b02ca3', '7958 on vm', NULL);
INSERT INTO source VALUES ('daily', 'file', '', '', '', false, false, NULL, '{}', '{}', '{}');
INSERT INTO subscription VALUES (1, 1, 1, '', 'limpets', 'limpet', 'now', NULL, 'active', NULL, '2026-01-21 08:00:00.086501+00', 2, NULL, NULL, NULL);
INSERT INTO subscription VALUES (2, 2, 1, '', 'kelp OR moss', 'kelp OR moss', 'daily 09:00', NULL, 'active', NULL, '2026-01-21 08:00:00.003564+00', 0, '2026-01-23 08:00:00+00', '2026-01-23 08:00:00+00', NULL);
INSERT INTO undo VALUES (1, 1, '', '2026-01-22 08:00:00.086501+00', '{"subscriptions": {}, "settings": {}, "paused": false, "until": null, "saved": []}');
INSERT INTO undo VALUES (2, 2, '', '2026-01-22 08:00:00.003564+00', '{"subscriptions": {}, "settings": {}, "paused": false, "until": null, "saved": []}');
SELECT pg_catalog.setval('chat_id_seq', 2, true);
SELECT pg_catalog.setval('delivery_seq_seq', 1, true);
SELECT pg_catalog.setval('digest_id_seq', 1, true);
SELECT pg_catalog.setval('indexed_paper_entry_seq', 2, true);
SELECT pg_catalog.setval('model_request_id_seq', 1, false);
SELECT pg_catalog.setval('paper_id_seq', 2, true);
SELECT pg_catalog.setval('paper_meaning_entry_seq', 1, false);
SELECT pg_catalog.setval('question_id_seq', 1, false);
SELECT pg_catalog.setval('role_term_seq', 1, false);
SELECT pg_catalog.setval('subscription_id_seq', 2, true);
SELECT pg_catalog.setval('undo_id_seq', 2, true);
ALTER TABLE ONLY alembic_version ADD CONSTRAINT alembic_version_pkey PRIMARY KEY (version_num);
ALTER TABLE ONLY appearance ADD CONSTRAINT appearance_pkey PRIMARY KEY (paper, digest);
ALTER TABLE ONLY callback ADD CONSTRAINT callback_pkey PRIMARY KEY (id);
ALTER TABLE ONLY chat ADD CONSTRAINT chat_pkey PRIMARY KEY (id);
ALTER TABLE ONLY chat ADD CONSTRAINT chat_platform_address_topic_key UNIQUE (platform, address, topic);
ALTER TABLE ONLY delivery ADD CONSTRAINT delivery_dedupe_key_key UNIQUE (dedupe_key);
ALTER TABLE ONLY delivery ADD CONSTRAINT delivery_id_key UNIQUE (id);
ALTER TABLE ONLY delivery_item ADD CONSTRAINT delivery_item_pkey PRIMARY KEY (chat, paper);
ALTER TABLE ONLY delivery ADD CONSTRAINT delivery_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY denial ADD CONSTRAINT denial_pkey PRIMARY KEY (address_hash);
ALTER TABLE ONLY digest ADD CONSTRAINT digest_content_hash_key UNIQUE (content_hash);
ALTER TABLE ONLY digest ADD CONSTRAINT digest_pkey PRIMARY KEY (id);
ALTER TABLE ONLY indexed_paper ADD CONSTRAINT indexed_paper_paper_key UNIQUE (paper);
ALTER TABLE ONLY indexed_paper ADD CONSTRAINT indexed_paper_pkey PRIMARY KEY (entry);
ALTER TABLE ONLY key_value ADD CONSTRAINT key_value_pkey PRIMARY KEY (name);
ALTER TABLE ONLY library_entry ADD CONSTRAINT library_entry_pkey PRIMARY KEY (chat, key);
ALTER TABLE ONLY message ADD CONSTRAINT message_pkey PRIMARY KEY (delivery, number);
ALTER TABLE ONLY model_request ADD CONSTRAINT model_request_paper_language_key UNIQUE (paper, language);
ALTER TABLE ONLY model_request ADD CONSTRAINT model_request_pkey PRIMARY KEY (id);
ALTER TABLE ONLY page_message ADD CONSTRAINT page_message_chat_delivery_part_key UNIQUE (chat, delivery, part);
ALTER TABLE ONLY page_message ADD CONSTRAINT page_message_pkey PRIMARY KEY (chat, number);
ALTER TABLE ONLY paper_alias ADD CONSTRAINT paper_alias_pkey PRIMARY KEY (alias, paper);
ALTER TABLE ONLY paper_key ADD CONSTRAINT paper_key_pkey PRIMARY KEY (key);
ALTER TABLE ONLY paper_meaning ADD CONSTRAINT paper_meaning_paper_key UNIQUE (paper);
ALTER TABLE ONLY paper_meaning ADD CONSTRAINT paper_meaning_pkey PRIMARY KEY (entry);
ALTER TABLE ONLY paper ADD CONSTRAINT paper_pkey PRIMARY KEY (id);
ALTER TABLE ONLY paper_words ADD CONSTRAINT paper_words_pkey PRIMARY KEY (entry);
ALTER TABLE ONLY platform ADD CONSTRAINT platform_pkey PRIMARY KEY (name);
ALTER TABLE ONLY question ADD CONSTRAINT question_pkey PRIMARY KEY (id);
ALTER TABLE ONLY role ADD CONSTRAINT role_pkey PRIMARY KEY (term);
ALTER TABLE ONLY signal ADD CONSTRAINT signal_pkey PRIMARY KEY (chat, paper, kind);
ALTER TABLE ONLY source ADD CONSTRAINT source_pkey PRIMARY KEY (name);
ALTER TABLE ONLY subscription ADD CONSTRAINT subscription_chat_number_key UNIQUE (chat, number);
ALTER TABLE ONLY subscription ADD CONSTRAINT subscription_pkey PRIMARY KEY (id);
ALTER TABLE ONLY undo ADD CONSTRAINT undo_pkey PRIMARY KEY (id);
ALTER TABLE ONLY update ADD CONSTRAINT update_pkey PRIMARY KEY (platform, update_id);
CREATE INDEX ix_appearance_digest ON appearance USING btree (digest);
CREATE INDEX ix_callback_about ON callback USING btree (about) WHERE (about IS NOT NULL);
CREATE INDEX ix_callback_chat ON callback USING btree (chat);
CREATE INDEX ix_callback_person ON callback USING btree (person);
CREATE INDEX ix_callback_until ON callback USING btree (until);
CREATE INDEX ix_chat_admin ON chat USING btree (admin) WHERE (admin IS TRUE);
CREATE INDEX ix_chat_asked ON chat USING btree (state_since) WHERE ((state)::text = 'asked'::text);
CREATE INDEX ix_chat_feed_key ON chat USING btree (feed_key) WHERE (feed_key IS NOT NULL);
CREATE INDEX ix_chat_moved_to ON chat USING btree (moved_to) WHERE (moved_to IS NOT NULL);
CREATE INDEX ix_chat_next_number ON chat USING btree (next_number, created_at);
CREATE INDEX ix_chat_owner ON chat USING btree (owner);
CREATE INDEX ix_chat_paused_until ON chat USING btree (paused_until) WHERE (paused_until IS NOT NULL);
CREATE INDEX ix_chat_unconfirmed ON chat USING btree (created_at) WHERE ((state)::text = 'unconfirmed'::text);
CREATE INDEX ix_chat_unreachable ON chat USING btree (state_since) WHERE (pause_reason IS NOT NULL);
CREATE INDEX ix_delivery_about ON delivery USING btree (about) WHERE (about IS NOT NULL);
CREATE INDEX ix_delivery_chat ON delivery USING btree (chat);
CREATE INDEX ix_delivery_item_delivery ON delivery_item USING btree (delivery) WHERE (delivery IS NOT NULL);
CREATE INDEX ix_delivery_item_paper ON delivery_item USING btree (paper);
CREATE INDEX ix_delivery_notice ON delivery USING btree (settled_at) WHERE ((kind)::text = 'notice'::text);
CREATE INDEX ix_delivery_open ON delivery USING btree (settled_at, chat);
CREATE INDEX ix_delivery_person ON delivery USING btree (person) WHERE (person IS NOT NULL);
CREATE INDEX ix_digest_date ON digest USING btree (date);
CREATE INDEX ix_digest_source ON digest USING btree (source, date);
CREATE INDEX ix_message_attempted_at ON message USING btree (attempted_at);
CREATE UNIQUE INDEX ix_message_in_hand ON message USING btree (lane) WHERE ((state)::text = 'sending'::text);
CREATE INDEX ix_message_state ON message USING btree (state);
CREATE INDEX ix_model_request_day ON model_request USING btree (day);
CREATE INDEX ix_page_message_at ON page_message USING btree (at);
CREATE INDEX ix_page_message_change ON page_message USING btree (chat, change);
CREATE INDEX ix_paper_alias_paper ON paper_alias USING btree (paper);
CREATE INDEX ix_paper_counted ON paper USING btree (day, id, sequence, "cross", new_sequence);
CREATE INDEX ix_paper_key_folded ON paper_key USING btree (lower((key)::text));
CREATE INDEX ix_paper_key_paper ON paper_key USING btree (paper);
CREATE INDEX ix_paper_sequence ON paper USING btree (sequence);
CREATE INDEX ix_paper_sequenced_at ON paper USING btree (sequenced_at, sequence);
CREATE INDEX ix_paper_uncoded ON paper USING btree (id) WHERE (uncoded IS TRUE);
CREATE INDEX ix_paper_words ON paper_words USING gin (words);
CREATE INDEX ix_question_chat ON question USING btree (chat);
CREATE INDEX ix_question_encoder ON question USING btree (encoder);
CREATE INDEX ix_question_subscription ON question USING btree (subscription);
CREATE INDEX ix_question_text ON question USING hash (text);
CREATE INDEX ix_signal_paper ON signal USING btree (paper);
CREATE INDEX ix_subscription_due ON subscription USING btree (next_due_at, cursor);
CREATE INDEX ix_subscription_followed_at ON subscription USING btree (followed_at) WHERE (followed_at IS NOT NULL);
CREATE INDEX ix_subscription_latest_due ON subscription USING btree (latest_due_at) WHERE (latest_due_at IS NOT NULL);
CREATE INDEX ix_subscription_paused_until ON subscription USING btree (paused_until) WHERE (paused_until IS NOT NULL);
CREATE UNIQUE INDEX ix_subscription_query ON subscription USING btree (chat, md5((canonical)::text));
CREATE INDEX ix_undo_at ON undo USING btree (at);
CREATE INDEX ix_undo_chat ON undo USING btree (chat);
CREATE INDEX ix_undo_who ON undo USING btree (who);
CREATE INDEX ix_update_at ON update USING btree (at);
CREATE INDEX ix_update_chat ON update USING btree (chat, at);
CREATE INDEX ix_update_unanswered ON update USING btree (at) WHERE (NOT answered);
ALTER TABLE ONLY appearance ADD CONSTRAINT appearance_digest_fkey FOREIGN KEY (digest) REFERENCES digest(id) ON DELETE CASCADE;
ALTER TABLE ONLY appearance ADD CONSTRAINT appearance_paper_fkey FOREIGN KEY (paper) REFERENCES paper(id) ON DELETE CASCADE;
ALTER TABLE ONLY callback ADD CONSTRAINT callback_about_fkey FOREIGN KEY (about) REFERENCES chat(id) ON DELETE CASCADE;
ALTER TABLE ONLY callback ADD CONSTRAINT callback_chat_fkey FOREIGN KEY (chat) REFERENCES chat(id) ON DELETE CASCADE;
ALTER TABLE ONLY chat ADD CONSTRAINT chat_moved_to_fkey FOREIGN KEY (moved_to) REFERENCES chat(id) ON DELETE CASCADE;
ALTER TABLE ONLY delivery ADD CONSTRAINT delivery_about_fkey FOREIGN KEY (about) REFERENCES chat(id) ON DELETE CASCADE;
ALTER TABLE ONLY delivery ADD CONSTRAINT delivery_chat_fkey FOREIGN KEY (chat) REFERENCES chat(id) ON DELETE CASCADE;
ALTER TABLE ONLY delivery_item ADD CONSTRAINT delivery_item_chat_fkey FOREIGN KEY (chat) REFERENCES chat(id) ON DELETE CASCADE;
ALTER TABLE ONLY delivery_item ADD CONSTRAINT delivery_item_delivery_fkey FOREIGN KEY (delivery) REFERENCES delivery(seq) ON DELETE SET NULL;
ALTER TABLE ONLY delivery_item ADD CONSTRAINT delivery_item_paper_fkey FOREIGN KEY (paper) REFERENCES paper(id) ON DELETE CASCADE;
ALTER TABLE ONLY digest ADD CONSTRAINT digest_source_fkey FOREIGN KEY (source) REFERENCES source(name) ON DELETE CASCADE;
ALTER TABLE ONLY indexed_paper ADD CONSTRAINT indexed_paper_paper_fkey FOREIGN KEY (paper) REFERENCES paper(id) ON DELETE CASCADE;
ALTER TABLE ONLY library_entry ADD CONSTRAINT library_entry_chat_fkey FOREIGN KEY (chat) REFERENCES chat(id) ON DELETE CASCADE;
ALTER TABLE ONLY message ADD CONSTRAINT message_delivery_fkey FOREIGN KEY (delivery) REFERENCES delivery(seq) ON DELETE CASCADE;
ALTER TABLE ONLY model_request ADD CONSTRAINT model_request_paper_fkey FOREIGN KEY (paper) REFERENCES paper(id) ON DELETE CASCADE;
ALTER TABLE ONLY paper_alias ADD CONSTRAINT paper_alias_paper_fkey FOREIGN KEY (paper) REFERENCES paper(id) ON DELETE CASCADE;
ALTER TABLE ONLY paper_key ADD CONSTRAINT paper_key_paper_fkey FOREIGN KEY (paper) REFERENCES paper(id) ON DELETE CASCADE;
ALTER TABLE ONLY paper_meaning ADD CONSTRAINT paper_meaning_paper_fkey FOREIGN KEY (paper) REFERENCES paper(id) ON DELETE CASCADE;
ALTER TABLE ONLY paper_words ADD CONSTRAINT paper_words_entry_fkey FOREIGN KEY (entry) REFERENCES indexed_paper(entry) ON DELETE CASCADE;
ALTER TABLE ONLY question ADD CONSTRAINT question_chat_fkey FOREIGN KEY (chat) REFERENCES chat(id) ON DELETE CASCADE;
ALTER TABLE ONLY question ADD CONSTRAINT question_subscription_fkey FOREIGN KEY (subscription) REFERENCES subscription(id) ON DELETE CASCADE;
ALTER TABLE ONLY signal ADD CONSTRAINT signal_chat_fkey FOREIGN KEY (chat) REFERENCES chat(id) ON DELETE CASCADE;
ALTER TABLE ONLY signal ADD CONSTRAINT signal_paper_fkey FOREIGN KEY (paper) REFERENCES paper(id) ON DELETE CASCADE;
ALTER TABLE ONLY subscription ADD CONSTRAINT subscription_chat_fkey FOREIGN KEY (chat) REFERENCES chat(id) ON DELETE CASCADE;
ALTER TABLE ONLY undo ADD CONSTRAINT undo_chat_fkey FOREIGN KEY (chat) REFERENCES chat(id) ON DELETE CASCADE;
ALTER TABLE ONLY update ADD CONSTRAINT update_chat_fkey FOREIGN KEY (chat) REFERENCES chat(id) ON DELETE SET NULL;
