"""A paper that comes in seven formats, as a title, a translation and an arXiv entry, is one paper in the store.

Languages, versions, announce types, days and warnings arrive with it, and none is lost on the way.
"""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.digests import read_digest
from subscriptions.model import Announce, Digest, KnownPaper, Paper
from subscriptions.store.database.store import Store
from subscriptions.store.digests import Ingested
from tests.make import NOON, ingest_digest, stored_papers

MONTH = """# 2026年03月

2026年03月05日

- [Drums of $\\alpha$-Sand: A Survey](2026年03月05日/Drums.md)

    - [翻译: 沙鼓：综述](2026年03月05日/Drums.md)

- [Only in the List](2026年03月05日/Only.md)

    - [翻译: 只在目录里](2026年03月05日/Only.md)
"""
PAGE = """# 沙鼓：综述

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
FEED = (
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
DAYS = (MONTH, PAGE, TABLE, FEED, OBJECT, LISTING, DRAWN)


def _read(text: str) -> Digest:
    return read_digest(text.encode(), "digest")


def _ingest(store: Store, digest: Digest, hours: int) -> Ingested:
    at = NOON + timedelta(hours=hours)
    return ingest_digest(store, digest, source="files", day=digest.day or NOON.date(), now=at)


def _stored(store: Store) -> dict[str, KnownPaper]:
    with store.read() as session:
        return {known.paper.key: known for known in stored_papers(session)}


def test_a_paper_of_seven_formats_is_one(store: Store) -> None:
    assert [_read(text).format for text in DAYS] == [
        "hugging_index", "hugging_md", "bilingual_md", "bilingual_rss", "bilingual_json", "arxiv_listing_html", "hf_html",
    ]  # fmt: skip
    done = [_ingest(store, _read(text), hours) for hours, text in enumerate(DAYS)]
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


@pytest.mark.parametrize("page", GOLDEN, ids=lambda page: page.name)
def test_what_is_read_of_a_page_is_what_is_stored(store: Store, page: Path) -> None:
    digest = read_digest(page.read_bytes(), page.name)
    _ingest(store, digest, 0)
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
    done = []
    for name in names:
        digest = read_digest((shared / "corpus" / "bilingual" / name).read_bytes(), name)
        done.append(_ingest(store, digest, 0))
    assert [(one.new, one.updated, one.unchanged) for one in done] == [
        (10, 0, 0), (0, 0, 10), (14, 0, 0), (0, 0, 14), (1, 0, 0), (1, 0, 0), (394, 0, 0),
    ]  # fmt: skip
