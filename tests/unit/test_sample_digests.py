"""The sample digests of the demo can all be read, and they contain what the demo shows."""

from importlib.resources import files

import pytest

from bot.digests import read_digest
from bot.operation.site import SAMPLES
from subscriptions import model

WARNED = {"daily_arxiv.md": ["failed_summaries"]}


def sample(name: str) -> model.Digest:
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


def test_the_samples_have_what_the_demo_shows() -> None:
    daily, feed, bilingual = map(sample, ("daily_arxiv.md", "arxiv_rss.xml", "bilingual.txt"))
    assert daily.declared == {"cs.LG": 11, "cs.CL": 11, "cs.CV": 8, "cs.RO": 3, "cs.IR": 1, "eess.SP": 1, "stat.ML": 1}
    assert [paper.arxiv_id for paper in daily.entries if paper.failed] == ["2601.10804"]
    assert {summary.language for paper in daily.entries for summary in paper.summaries} == {"zh"}
    assert {paper.key for paper in daily.entries} & {paper.key for paper in feed.entries} == {"2601.15625"}
    kinds = [paper.announce_type for paper in feed.entries]
    assert (
        kinds.count(model.Announce.NEW),
        kinds.count(model.Announce.CROSS),
        kinds.count(model.Announce.REPLACE),
    ) == (20, 7, 1)
    others = [*daily.entries, *feed.entries, *sample("hf_papers.json").entries]
    summarised = {paper.key for paper in others if paper.summaries}
    assert {paper.key for paper in bilingual.entries} == {paper.key for paper in others} - summarised


def test_they_are_small() -> None:
    assert sum(len(files("bot").joinpath("samples", name).read_bytes()) for name in SAMPLES) < 150_000
