"""The sample digests of the demo can all be read, and they contain what the demo shows."""

from importlib.resources import files

import pytest

from bot.digests import read_digest
from bot.operation.site import SAMPLES
from subscriptions.model import Announce, Digest

WARNED = {"daily_arxiv.md": ["failed_summaries"]}


def sample(name: str) -> Digest:
    return read_digest(files("bot").joinpath("samples", name).read_bytes(), name)


@pytest.mark.parametrize(
    ("name", "format_name", "papers"),
    [
        ("daily_arxiv.md", "daily_arxiv_md", 36),
        ("bilingual.txt", "bilingual3", 38),
        ("hf_papers.json", "hf_json", 10),
        ("arxiv_rss.xml", "arxiv_rss", 28),
    ],
)
def test_a_sample_is_of_its_format_and_whole(name: str, format_name: str, papers: int) -> None:
    digest = sample(name)
    assert (digest.format, digest.day) == (format_name, None)
    assert len({paper.key for paper in digest.entries}) == len(digest.entries) == papers
    assert [warning.code for warning in digest.warnings] == WARNED.get(name, [])
    assert all(paper.abstract for paper in digest.entries)


def test_the_daily_sample_has_chinese_and_failed_summaries() -> None:
    digest = sample("daily_arxiv.md")
    assert digest.declared == {"cs.LG": 11, "cs.CL": 11, "cs.CV": 8, "cs.RO": 3, "cs.IR": 1, "eess.SP": 1, "stat.ML": 1}
    assert [paper.arxiv_id for paper in digest.entries if paper.failed] == ["2601.10804"]
    assert {summary.language for paper in digest.entries for summary in paper.summaries} == {"zh"}


def test_one_paper_is_in_the_daily_list_and_in_the_feed() -> None:
    daily = {paper.key for paper in sample("daily_arxiv.md").entries}
    assert [paper.key for paper in sample("arxiv_rss.xml").entries if paper.key in daily] == ["2601.15625"]


def test_the_feed_has_new_cross_listed_and_replaced_papers() -> None:
    types = [paper.announce_type for paper in sample("arxiv_rss.xml").entries]
    assert (types.count(Announce.NEW), types.count(Announce.CROSS), types.count(Announce.REPLACE)) == (20, 7, 1)


def test_the_bilingual_list_translates_what_has_no_chinese_summary() -> None:
    others = [paper for name in ("daily_arxiv.md", "arxiv_rss.xml", "hf_papers.json") for paper in sample(name).entries]
    summarised = {paper.key for paper in others if paper.summaries}
    assert {paper.key for paper in sample("bilingual.txt").entries} == {paper.key for paper in others} - summarised


def test_they_are_small() -> None:
    assert sum(len(files("bot").joinpath("samples", name).read_bytes()) for name in SAMPLES) < 150_000
