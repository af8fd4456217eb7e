"""The papers of one day in eight formats, one after the other: each paper is stored once, and gains facts each time.

The other facts of a digest (its day, how it announces papers, its warnings) stay with it.
"""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.digests import read_digest
from subscriptions.model import Digest, KnownPaper, Paper
from subscriptions.store.database.store import Store
from subscriptions.store.digests import Ingested
from subscriptions.store.rows import AppearanceRow, DigestRow
from tests.make import NOON, ingest_digest, stored_papers

pytestmark = pytest.mark.both_databases

PAGE = """<div id=toc></div>

# Table of Contents

- [cs.GR](#cs.GR) [Total: 2]


<div id='cs.GR'></div>

# cs.GR [[Back]](#toc)

### [1] [Bells under Water](https://arxiv.org/abs/2602.20001)
*Uma Reed,Vik Stone*

Main category: cs.GR

TL;DR: 水下的钟。


<details>
  <summary>Details</summary>
Motivation: 钟沉了。

Method: 听。

Result: 听见了。

Conclusion: 水传声。

Abstract: Bells ring under water

</details>


### [2] [Bells on Ice](https://arxiv.org/abs/2602.20002)
*Wim Tor*

Main category: cs.GR

TL;DR: Summary generation failed


<details>
  <summary>Details</summary>
Motivation: Motivation analysis unavailable

Method: Method extraction failed

Result: Result analysis unavailable

Conclusion: Conclusion extraction failed

Abstract: Bells slide on ice.

</details>
"""
LINES = "\n".join(
    json.dumps(line)
    for line in (
        {
            "id": "2602.20001",
            "title": "Bells under Water",
            "authors": ["Uma Reed", "Vik Stone"],
            "categories": ["cs.GR", "cs.SD", "68T05"],
            "summary": "Bells ring under water\nand fish listen.",
            "AI": {"tldr": "水下的钟。", "title_translation": "水下的钟", "translation": "钟在水下响。"},
        },
        {
            "id": "2602.20002",
            "title": "Bells on Ice",
            "categories": ["cs.GR"],
            "summary": "Bells slide on ice.",
            "AI": {"tldr": "冰上的钟。"},
        },
        {"id": "2602.20003", "title": "Bells in Fog", "summary": "Nobody sees these bells.", "cate": "cs.SD"},
        {"id": "2602.20003", "title": "Bells in Fog", "summary": "Nobody sees these bells.", "cate": "cs.GR"},
    )
)
FEED = """<rss xmlns:arxiv='http://arxiv.org/schemas/atom' xmlns:dc='http://purl.org/dc/elements/1.1/' version='2.0'><channel>
<title>cs.SD updates on arXiv.org</title><link>http://rss.arxiv.org/rss/cs.SD</link>
<pubDate>Wed, 11 Feb 2026 00:00:00 -0500</pubDate>
<item><title>Bells under Water</title><guid>oai:arXiv.org:2602.20001v1</guid>
<description>arXiv:2602.20001v1 Announce Type: cross Abstract: Bells ring under water</description>
<category>cs.GR</category><category>cs.SD</category><category>eess.AS</category><arxiv:announce_type>cross</arxiv:announce_type></item>
<item><title>Bells on Ice</title><guid>oai:arXiv.org:2602.20002v1</guid>
<description>arXiv:2602.20002v1 Announce Type: new Abstract: Bells slide on ice.</description>
<category>cs.GR</category><arxiv:announce_type>new</arxiv:announce_type></item>
<item><title>Bells in Fog</title><guid>oai:arXiv.org:2602.20003v1</guid>
<description>arXiv:2602.20003v1 Announce Type: new Abstract: Nobody sees these bells.</description>
<category>cs.SD</category><arxiv:announce_type>new</arxiv:announce_type><dc:creator>Zo\\"e Kr{\\o}yer (Fog Lab)</dc:creator></item>
</channel></rss>
"""
ANSWER = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom"><id>https://arxiv.org/api/bells</id>
<updated>2026-02-12T12:00:00Z</updated>
<entry><id>http://arxiv.org/abs/2602.20002v2</id><title>Bells on Thin Ice</title><summary>Bells break thin ice.</summary>
<author><name>Wim Tor</name></author><category term="cs.GR"/><arxiv:primary_category term="cs.GR"/>
<arxiv:doi>10.5802/ICE.2</arxiv:doi></entry>
<entry><id>http://arxiv.org/abs/2602.20003v2</id><title>Bells in Fog</title><summary>Nobody sees these bells.</summary>
<category term="cs.SD"/><arxiv:comment>This paper has been withdrawn by the authors: the fog lifted</arxiv:comment></entry>
<entry><id>https://arxiv.org/api/errors#bells</id><title>Error</title><summary>incorrect id format for bells</summary></entry>
</feed>
"""
MAIL = r"""Date: Wed, 11 Feb 26 01:29:12 GMT
Subject: cs daily 1 new + 0 crosses received

------------------------------------------------------------------------------
\\
arXiv:2602.20004
Date: Tue, 10 Feb 2026 19:00:02 GMT   (17kb)

Title: Bells by Mail
Authors: A. One, B. Two, et al. (7 additional authors not shown)
Categories: cs.SD cs.GR
\\
  The postman rings.
\\ ( https://arxiv.org/abs/2602.20004 ,  17kb)
%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%--%%
------------------------------------------------------------------------------
\\
arXiv:2501.20005
replaced with revised version Tue, 10 Feb 2026 08:21:51 GMT   (133kb,D)

Title: Known by Its Revision Only
Authors: Ada Quill
Categories: cs.SD
\\ ( https://arxiv.org/abs/2501.20005 ,  133kb)
"""
WEEK = r"""------------------------------------------------------------------------------
\\
/* Wed, 11 Feb 2026 */
\\
------------------------------------------------------------------------------
\\
arXiv:2602.20004
Date: Tue, 10 Feb 2026 19:00:02 GMT   (17kb)

Title: Bells by Mail
Authors: A. One, B. Two
Categories: cs.SD cs.GR
DOI: 10.5802/MAIL.4
\\
"""
DAILY = json.dumps(
    [
        {"paper": {"id": "2602.20004", "title": "Bells by Mail", "submittedOnDailyAt": "2026-02-12T00:00:00.000Z"}},
        {"paper": {"id": "2602.20001", "title": "Bells under Water", "authors": [{"name": "Uma Reed"}]}},
    ]
)
PREPRINTS = json.dumps(
    {
        "messages": [{"status": "ok", "count": 2, "total": "2"}],
        "collection": [
            {"doi": "10.1101/2026.02.10.1", "title": "Bells in Mice", "date": "2026-02-10", "version": "1"},
            {"doi": "10.1101/2026.02.10.1", "title": "Bells in Mice", "date": "2026-02-11", "version": "2", "abstract": "They hear."},
        ],
    }
)  # fmt: skip
DAY = (PAGE, LINES, FEED, ANSWER, MAIL, WEEK, DAILY, PREPRINTS)


def _read(text: str) -> Digest:
    return read_digest(text.encode(), "digest")


def _ingest(store: Store, text: str, hours: int) -> Ingested:
    digest = _read(text)
    at = NOON + timedelta(hours=hours)
    return ingest_digest(store, digest, source="files", day=digest.day or NOON.date(), now=at)


def _stored(store: Store) -> dict[str, KnownPaper]:
    with store.read() as session:
        return {known.paper.key: known for known in stored_papers(session)}


def _stored_papers(store: Store) -> dict[str, Paper]:
    return {key: replace(known.paper, announce_type=None) for key, known in _stored(store).items()}


def test_a_day_in_eight_formats_leaves_one_paper_each(store: Store) -> None:
    assert [_read(text).format for text in DAY] == [
        "daily_arxiv_md", "daily_arxiv_jsonl", "arxiv_rss", "arxiv_api_atom", "arxiv_listing_mail", "arxiv_listing_pastweek",
        "hf_json", "biorxiv_json",
    ]  # fmt: skip
    counts = []
    for hours, text in enumerate(DAY):
        done = _ingest(store, text, hours)
        counts.append((done.new, done.updated, done.unchanged))
    assert counts == [
        (2, 0, 0),
        (1, 2, 0),
        (0, 2, 1),
        (0, 1, 1),  # a withdrawal is counted elsewhere
        (2, 0, 0),
        (0, 0, 1),  # a DOI alone is no news
        (0, 0, 2),
        (1, 0, 0),
    ]
    assert sorted(_stored(store)) == [
        "10.1101/2026.02.10.1", "2501.20005", "2602.20001", "2602.20002", "2602.20003", "2602.20004",
    ]  # fmt: skip


def test_the_day_again_changes_nothing(store: Store) -> None:
    for text in DAY:
        _ingest(store, text, 0)
    before = _stored_papers(store)
    for text in reversed(DAY):
        again = _ingest(store, text, 24)
        assert again == Ingested(already_known=True, unchanged=again.unchanged)
        assert again.unchanged > 0
        assert _ingest(store, text + "\n\n", 24).new == 0
    assert _stored_papers(store) == before


def test_what_a_digest_tells_of_itself_is_kept(store: Store) -> None:
    for text in DAY:
        _ingest(store, text, 0)
    with store.read() as session:
        digests = {row.format: row for row in session.exec(select(DigestRow))}
        kinds = {(row.digest, row.kind) for row in session.exec(select(AppearanceRow))}
    assert {name: row.date for name, row in digests.items()} == {
        "daily_arxiv_md": NOON.date(),
        "daily_arxiv_jsonl": NOON.date(),
        "arxiv_rss": date(2026, 2, 11),
        "arxiv_api_atom": date(2026, 2, 12),
        "arxiv_listing_mail": date(2026, 2, 11),
        "arxiv_listing_pastweek": date(2026, 2, 11),
        "hf_json": date(2026, 2, 12),
        "biorxiv_json": date(2026, 2, 11),
    }
    warnings = {name: [(w["code"], w["count"], w["line"]) for w in row.warnings] for name, row in digests.items()}
    assert warnings == {
        "daily_arxiv_md": [("failed_summaries", 1, 35)],
        "daily_arxiv_jsonl": [("duplicate_papers", 1, 4)],
        "arxiv_rss": [],
        "arxiv_api_atom": [("feed_error", 1, 8)],
        "arxiv_listing_mail": [("authors_not_shown", 1, 6)],
        "arxiv_listing_pastweek": [],
        "hf_json": [],
        "biorxiv_json": [("duplicate_papers", 1, 1)],
    }
    assert digests["biorxiv_json"].counts == {"papers": 2, "unique": 1}
    assert {kind for digest, kind in kinds if digest == digests["arxiv_listing_mail"].id} == {"new", "replace"}
    assert {kind for digest, kind in kinds if digest == digests["arxiv_rss"].id} == {"new", "cross"}
    assert {kind for digest, kind in kinds if digest == digests["hf_json"].id} == {""}


def test_real_digests_of_many_formats_meet_in_one_store(store: Store, shared: Path) -> None:
    names = (
        "hf_json/bv_hf_daily_papers.json", "hf_json/sc_hf_papers.json", "arxiv_mail/astro-ph_new.txt",
        "arxiv_mail/astro-ph_pastweek.EP.txt", "daily_jsonl/dw_2025-03-21_AI_enhanced_Chinese.jsonl",
        "arxiv_feed/sc_api_query_atom.xml", "biorxiv_json/ys_biorxiv.json",
    )  # fmt: skip
    done = []
    for name in names:
        digest = read_digest((shared / "corpus" / name).read_bytes(), name)
        done.append(ingest_digest(store, digest, source="files", day=digest.day or NOON.date(), now=NOON))
    assert [(one.new, one.updated + one.unchanged) for one in done] == [
        (5, 0), (25, 5), (97, 0), (37, 12), (45, 0), (22, 3), (3, 0),
    ]  # fmt: skip
