"""The papers of one day in many formats, one after the other: each paper is stored once, and gains facts each time.

Its languages and versions, and the other facts of a digest (its day, how it announces papers, its warnings), stay with it.
"""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.digests import read_digest
from subscriptions.model import Announce, Digest, KnownPaper, Paper
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


def _ingested(store: Store, digest: Digest, hours: int = 0) -> Ingested:
    at = NOON + timedelta(hours=hours)
    return ingest_digest(store, digest, source="files", day=digest.day or NOON.date(), now=at)


def _ingest(store: Store, text: str, hours: int) -> Ingested:
    return _ingested(store, _read(text), hours)


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
    done = [_ingested(store, read_digest((shared / "corpus" / name).read_bytes(), name)) for name in names]
    assert [(one.new, one.updated + one.unchanged) for one in done] == [
        (5, 0), (25, 5), (97, 0), (37, 12), (45, 0), (22, 3), (3, 0),
    ]  # fmt: skip


# --------- a paper that comes in seven formats, as a title, a translation and an arXiv entry, is one paper in the store


INDEX = """# 2026年03月

2026年03月05日

- [Drums of $\\alpha$-Sand: A Survey](2026年03月05日/Drums.md)

    - [翻译: 沙鼓：综述](2026年03月05日/Drums.md)

- [Only in the List](2026年03月05日/Only.md)

    - [翻译: 只在目录里](2026年03月05日/Only.md)
"""
HUGGING = """# 沙鼓：综述

发布时间：2026年03月05日

`声学`

> Drums of α-Sand: a survey

# 摘要

> 沙子能打鼓。

> Abstract: Sand can drum, and

[Arxiv](https://arxiv.org/abs/2603.30001)"""
TLDR = "沙子打鼓。"
OLD = "Old Drums. (arXiv:2205.30002v4 [cs.SD] UPDATED)"
CUT = "arXiv:2603.30001v1 Announce Type: new  Abstract: Sand can drum, and we li"


def _note(number: int, address: str, *blocks: str) -> str:
    translated, title, *texts = blocks
    return f"[^{number}]: {translated}\n\n" + "".join(
        f"    {text}\n\n" for text in (title, f"[{address}]({address})", *texts)
    )


ADDRESS, OLD_ADDRESS = "https://arxiv.org/abs/2603.30001", "http://arxiv.org/abs/2205.30002"
TABLE = (
    "# 摘要\n\n| Ref | Title | Summary |\n| --- | --- | --- |\n"
    f"| [^1] | [Drums of α-Sand: A Survey]({ADDRESS}) | {TLDR} |\n| [^2] | [Old Drums.]({OLD_ADDRESS}) | 旧鼓。 |\n\n# 详细\n\n"
    + _note(1, ADDRESS, "沙鼓：综述", "Drums of α-Sand: A Survey", TLDR, "", "沙子能打鼓，我们听。", CUT)
    + _note(2, OLD_ADDRESS, "旧鼓", OLD, "旧鼓。", "", "旧鼓还响。", "Old drums still sound.")
)
PARAGRAPHS = (
    ("沙鼓：综述", "Drums of α-Sand: A Survey", ADDRESS, TLDR, "", "沙子能打鼓，我们听。", CUT),
    ("旧鼓", OLD, OLD_ADDRESS, "旧鼓。", "", "旧鼓还响。", "Old drums still sound."),
)
CHAT = (
    "<rss version='2.0'><channel><title>Chat Arxiv cs.SD</title>"
    + "".join(
        f"<item><title>{texts[3]}</title><link>{texts[2]}</link><description>"
        + "\n".join(f"&lt;p&gt;\n{text}\n&lt;/p&gt;" for text in texts)
        + "</description></item>"
        for texts in PARAGRAPHS
    )
    + "</channel></rss>"
)
OBJECT = json.dumps(
    {"title": "Drums of α-Sand: A Survey", "abstract": CUT, "link": ADDRESS, "tldr": TLDR, "en_tdlr": "Sand drums."}
)
LISTING = """<!DOCTYPE html>
<html><body><div id='dlpage'>
<h3>Showing new listings for Friday, 6 March 2026</h3>
<dl id='articles'><h3>New submissions (showing 2 of 2 entries)</h3>
<dt><a href ="/abs/2603.30001" title="Abstract">arXiv:2603.30001</a> [<a href="https://arxiv.org/html/2603.30001v1">html</a>]</dt>
<dd><div class='list-title'>Title: Drums of α-Sand: A Survey</div>
<div class='list-authors'><a href="/a">Uma Reed</a>, <a href="/b">Vik Stone</a>, et al. (84 additional authors not shown)</div>
<div class='list-comments'><span class='descriptor'>Comments:</span> 9 pages</div>
<div class='list-subjects'><span class="primary-subject">Sound (cs.SD)</span>; Graphics (cs.GR)</div>
<p class='mathjax'>Sand can drum, and we listen to it.</p></dd>
</dl><dl id='articles'><h3>Replacement submissions (showing 1 of 1 entries)</h3>
<dt><a href ="/abs/2205.30002" title="Abstract">arXiv:2205.30002</a> (replaced) [<a href="https://arxiv.org/html/2205.30002v5">html</a>]</dt>
<dd><div class='list-title'>Title: Old Drums, New Skins</div><p class='mathjax'>Old drums have new skins.</p></dd>
</dl></div></body></html>
"""
DRAWN_FROM = json.dumps(
    {
        "dateString": "2026-03-07",
        "dailyPapers": [
            {"paper": {"id": "2603.30001", "title": "Drums of α-Sand: A Survey", "authors": [{"name": "Uma Reed"}]}},
            {"paper": {"id": "2603.30009", "title": "Only on Hugging Face", "summary": "Hugged."}},
        ],
    }
)
DRAWN = '<!doctype html>\n<html><body><div data-target="DailyPapers" data-props="{}"></div></body></html>'.replace(
    "{}", DRAWN_FROM.replace('"', "&quot;")
)
DAYS = (INDEX, HUGGING, TABLE, CHAT, OBJECT, LISTING, DRAWN)


def test_a_paper_of_seven_formats_is_one(store: Store) -> None:
    assert [_read(text).format for text in DAYS] == [
        "hugging_index", "hugging_md", "bilingual_md", "bilingual_rss", "bilingual_json", "arxiv_listing_html", "hf_html",
    ]  # fmt: skip
    done = [_ingest(store, text, hours) for hours, text in enumerate(DAYS)]
    assert [(one.new, one.updated, one.unchanged) for one in done] == [
        (2, 0, 0),
        (0, 1, 0),  # joined by its title
        (1, 1, 0),
        (0, 0, 2),  # the same day in another writing
        (0, 1, 0),
        (0, 2, 0),
        (1, 0, 1),
    ]
    keys = sorted(_stored(store))
    assert keys[:3] == ["2205.30002", "2603.30001", "2603.30009"]
    assert [key.partition(":")[0] for key in keys[3:]] == ["title"]


OWN = ("arxiv_listing_", "bilingual_", "hf_html_", "hugging_")
PAGES = Path(__file__).parents[1] / "digests"
EXPECTED = {path: json.loads(path.read_text("utf-8")) for path in sorted(PAGES.glob("*.expected.json"))}
GOOD = {path.name.removesuffix(".expected.json") for path, expected in EXPECTED.items() if expected.get("format")}
GOLDEN = [path for path in sorted(PAGES.iterdir()) if path.name.startswith(OWN) and path.stem in GOOD]


@pytest.mark.sqlite_alone("one page after another: what is stored does not depend on the database")
@pytest.mark.parametrize("page", GOLDEN, ids=lambda page: page.name)
def test_what_is_read_of_a_page_is_what_is_stored(store: Store, page: Path) -> None:
    digest = read_digest(page.read_bytes(), page.name)
    _ingested(store, digest)
    first: dict[str, Paper] = {}
    for paper in digest.entries:
        first.setdefault(paper.key, paper)
    stored = {key: known.paper for key, known in _stored(store).items()}
    assert set(stored) == set(first)
    for key, paper in first.items():
        kept = replace(stored[key], announce_type=paper.announce_type, failed=paper.failed, sources=())
        assert replace(kept, summaries=(), translations=()) == replace(paper, summaries=(), translations=())
        assert {one.language: dict(one.fields) for one in kept.summaries} == {
            one.language: dict(one.fields) for one in paper.summaries
        }
        assert set(kept.translations) == set(paper.translations)
        assert (stored[key].announce_type is Announce.CROSS) == (paper.announce_type is Announce.CROSS)


def test_real_digests_in_two_languages_meet_in_one_store(store: Store, shared: Path) -> None:
    names = (
        "cn_2024-06_cs.IR.md", "cn_2024-06_cs.IR.xml", "cn_2023-04_cs.IR.xml", "cn_2023-04_cs.IR.md",
        "cn_paper_2305.17574.json", "ha_GLU_Variants_Improve_Transformer.md", "ha_month_index.md",
    )  # fmt: skip
    done = [
        _ingested(store, read_digest((shared / "corpus" / "bilingual" / name).read_bytes(), name)) for name in names
    ]
    assert [(one.new, one.updated, one.unchanged) for one in done] == [
        (10, 0, 0), (0, 0, 10), (14, 0, 0), (0, 0, 14), (1, 0, 0), (1, 0, 0), (394, 0, 0),
    ]  # fmt: skip
