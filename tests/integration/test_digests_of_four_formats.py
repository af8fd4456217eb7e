"""The same papers in digests of four formats, one after the other: each paper is stored once, and gains facts each time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.digests import read_digest
from subscriptions.model import KnownPaper, Paper
from subscriptions.store import Ingested, Store
from tests.make import NOON, ingest_digest, stored_papers

pytestmark = pytest.mark.both_databases

DAILY = """<div id=toc></div>

# Table of Contents

- [cs.GR](#cs.GR) [Total: 2]


<div id='cs.GR'></div>

# cs.GR [[Back]](#toc)

### [1] [Don’t Drop $\\alpha$-Pebbles](https://arxiv.org/abs/2602.10001)
*Uma Reed,Vik Stone*

Main category: cs.GR

TL;DR: 不要让石子掉下来。


<details>
  <summary>Details</summary>
Motivation: 石子会掉。

Method: 拿稳。

Result: 没有掉。

Conclusion: 拿稳就好。

Abstract: Pebbles are round and

</details>


### [2] [Second](https://arxiv.org/abs/2602.10002)
*Wim Tor*

Main category: cs.GR

TL;DR: Summary generation failed


<details>
  <summary>Details</summary>
Motivation: Motivation analysis unavailable

Method: Method extraction failed

Result: Result analysis unavailable

Conclusion: Conclusion extraction failed

Abstract: Second to none.

</details>
"""
LIST = """Pebbles are round and they roll.
石子是圆的，会滚。
https://arxiv.org/abs/2602.10001
A third paper that no title is known of.
第三篇论文。
http://arxiv.org/abs/2602.10003v2"""
COPIED = """Get trending papers in your email inbox once a day!
Get trending papers in your email inbox!
SubscribeDon't drop α-pebbles
Pebbles are round and they roll, and the sea has polished them for many thousand years.
Pebbles of Unknown Origin
Nobody knows where these pebbles come from, and we do not know it either.
"""
FEED = """<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv='http://arxiv.org/schemas/atom' xmlns:dc='http://purl.org/dc/elements/1.1/' version='2.0'><channel>
<title>cs.GR updates on arXiv.org</title><link>http://rss.arxiv.org/rss/cs.GR</link>
<pubDate>Tue, 10 Feb 2026 00:00:00 -0500</pubDate>
<item><title>Don't Drop $\\alpha$-Pebbles</title><guid>oai:arXiv.org:2602.10001v1</guid>
<description>arXiv:2602.10001v1 Announce Type: cross Abstract: Pebbles are round.</description>
<category>cs.GR</category><category>cs.CV</category><arxiv:announce_type>cross</arxiv:announce_type></item>
<item><title>A Third Paper</title><guid>oai:arXiv.org:2602.10003v3</guid>
<description>arXiv:2602.10003v3 Announce Type: replace Abstract: The third paper, revised.</description>
<category>cs.AI</category><arxiv:announce_type>replace</arxiv:announce_type><dc:creator>Yan Zuse</dc:creator></item>
<item><title>Pebbles of unknown origin</title><guid>oai:arXiv.org:2602.10004v1</guid>
<description>arXiv:2602.10004v1 Announce Type: new Abstract: Nobody knows where these pebbles come from.</description>
<category>physics.geo-ph</category><arxiv:announce_type>new</arxiv:announce_type></item>
<item><title>Known by its revision only</title><guid>oai:arXiv.org:2501.00007v4</guid>
<description>arXiv:2501.00007v4 Announce Type: replace Abstract: A revision.</description>
<category>cs.GR</category><arxiv:announce_type>replace</arxiv:announce_type></item>
</channel></rss>
"""


def _ingest(store: Store, text: str, hours: int) -> Ingested:
    digest = read_digest(text.encode(), "digest")
    return ingest_digest(store, digest, source="files", day=NOON.date(), now=NOON + timedelta(hours=hours))


def _stored(store: Store) -> dict[str, KnownPaper]:
    with store.read() as session:
        return {known.paper.key: known for known in stored_papers(session)}


def _stored_papers(store: Store) -> dict[str, tuple[int | None, Paper]]:
    """Returns the stored papers, without the way in which they were last announced."""
    return {key: (known.sequence, replace(known.paper, announce_type=None)) for key, known in _stored(store).items()}


def test_papers_of_four_formats_are_merged_and_grow(store: Store) -> None:
    assert _ingest(store, DAILY, 0) == Ingested(new=2)
    assert _ingest(store, LIST, 1) == Ingested(new=1, updated=1)
    assert _ingest(store, COPIED, 2) == Ingested(new=1, updated=1)
    assert _ingest(store, FEED, 3) == Ingested(new=1, updated=3)
    assert sorted(_stored(store)) == ["2501.00007", "2602.10001", "2602.10002", "2602.10003", "2602.10004"]


def test_a_digest_that_comes_again_changes_nothing(store: Store) -> None:
    for text in (DAILY, LIST, COPIED, FEED):
        _ingest(store, text, 0)
    before = _stored_papers(store)
    for text in (FEED, COPIED, LIST, DAILY):
        papers_there = len(read_digest(text.encode(), "digest").entries)
        again = _ingest(store, text, 24)
        assert again == Ingested(already_known=True, unchanged=again.unchanged)
        assert again.unchanged > 0
        assert _ingest(store, text + "\n", 24) == Ingested(unchanged=papers_there)  # other bytes, the same papers
    assert _stored_papers(store) == before


def test_the_first_title_stays_and_what_was_missing_is_filled_in(store: Store) -> None:
    for hours, text in enumerate((DAILY, LIST, COPIED, FEED)):
        _ingest(store, text, hours)
    pebbles = _stored(store)["2602.10001"].paper
    assert pebbles.title == r"Don’t Drop $\alpha$-Pebbles"
    assert pebbles.abstract.endswith("for many thousand years.")  # it was the beginning of the longer one
    assert pebbles.categories == ("cs.GR", "cs.CV")
    assert (pebbles.version, pebbles.authors) == (1, ("Uma Reed", "Vik Stone"))
    assert [translation.abstract for translation in pebbles.translations] == ["石子是圆的，会滚。"]
    third = _stored(store)["2602.10003"].paper
    assert (third.title, third.version, third.authors) == ("A Third Paper", 3, ("Yan Zuse",))
    assert third.abstract == "The third paper, revised."


def test_only_news_moves_a_paper_on(store: Store) -> None:
    changes = []
    for hours, text in enumerate((DAILY, LIST, COPIED, FEED)):
        _ingest(store, text, hours)
        changes.append({key: known.sequence for key, known in _stored(store).items()})
    daily, listed, copied, fed = changes
    assert daily == {"2602.10001": 1, "2602.10002": 2}
    assert listed == daily | {"2602.10001": 3, "2602.10003": 4}  # a translation that it lacked
    assert {change for key, change in copied.items() if key.startswith("title:")} == {5}
    assert fed["2602.10001"] == 6  # a cross-list with a new category
    assert fed["2602.10003"] == 4  # a replacement, even if it fills in fields
    assert fed["2602.10004"] == 7  # authors, categories
    assert fed["2501.00007"] is None
