"""The report of the papers in a digest."""

import json
from datetime import date

import pytest

from bot.cli import reading as reporting
from subscriptions.model import Announce, Digest, DigestWarning, Paper, Summary, Translation

KEYS = [
    "path", "format", "date", "papers", "unique", "categories", "declared", "announce_types", "summaries", "languages",
    "warnings", "error", "items",
]  # fmt: skip
ITEM_KEYS = [
    "key", "arxiv_id", "doi", "version", "title", "authors", "categories", "primary", "url", "abstract", "venue", "date", "announce_type",
    "summaries", "translations", "failed",
]  # fmt: skip

KITE = Paper(
    key="2601.00001",
    title="A [bold] Kite",
    abstract="It flies.",
    authors=("Ada Quill",),
    categories=("cs.KT", "cs.AI"),
    primary="cs.KT",
    arxiv_id="2601.00001",
    doi="10.1/kite",
    version=2,
    url="https://arxiv.org/abs/2601.00001",
    announce_type=Announce.CROSS,
    summaries=(
        Summary(language="zh", fields={"tldr": "风筝。", "method": "放。"}),
        Summary(language="vi", fields={"tldr": "Diều."}),
    ),
    translations=(Translation(language="zh", title="一只风筝"),),
)
DIGEST = Digest(
    format="daily_arxiv_md",
    entries=(KITE, Paper(key="2601.00002", title="Failed", failed=True, primary="cs.AI", categories=("cs.AI",)), KITE, Paper(key="abstract:0123456789abcdef", abstract="Nothing but an abstract.")),
    day=date(2026, 1, 22),
    declared={"cs.KT": 3},
    warnings=(
        DigestWarning(code="declared_mismatch", message="papers announced: 3, read: 4", count=1),
        DigestWarning(code="date_from_name", message="the date is taken from the file name"),
    ),
)  # fmt: skip


def test_a_report_has_the_shape_of_the_contract_and_is_json() -> None:
    report = reporting.digest_report("inbox/a.md", DIGEST, papers=True)
    assert list(report) == KEYS
    assert [list(item) for item in report["items"]] == [ITEM_KEYS] * 3
    assert json.loads(json.dumps(report)) == report


def _shown(capsys: pytest.CaptureFixture[str], path: str, *, papers: bool) -> str:
    reporting.show([reporting.digest_report(path, DIGEST, papers=papers)], [DIGEST])
    return capsys.readouterr().out


def test_a_name_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    text = _shown(capsys, "a\x1b[2Jb\x07\u202e", papers=True)
    assert not [sign for sign in text if ord(sign) < 32 and sign != "\n"]
    assert "a\\u001b[2Jb\\u0007\\u202e" in text
