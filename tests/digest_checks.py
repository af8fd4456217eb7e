"""Reads any bytes as a digest and checks the result: papers and warnings that can be stored and shown, or one error sentence."""

import json

from bot import digests
from bot.cli.digest_reports import digest_report
from bot.errors import BrokenDigest, UnknownFormat
from subscriptions.model import Digest, Paper

FORMAT_NAMES = (None, *(module.name for module in digests.FORMATS))
"""What the caller may name: nothing, or one of the formats."""


def read_and_check(data: bytes, named: str | None = None) -> Digest | None:
    """Reads a document and checks the result. Returns None if the document was refused with an error sentence."""
    try:
        digest = digests.read_digest(data, "any", format=named)
    except (UnknownFormat, BrokenDigest) as error:
        sentence = str(error)
        assert sentence.startswith("any: ")
        assert "\n" not in sentence
        return None
    for paper in digest.entries:
        _check_paper(paper)
    for warning in digest.warnings:
        assert warning.count >= 1
        assert "\n" not in warning.message
    assert digest.entries or {warning.code for warning in digest.warnings} & {"empty_digest", "feed_error"}
    json.dumps(digest_report("any", digest, papers=True), ensure_ascii=False).encode()
    return digest


def _check_paper(paper: Paper) -> None:
    assert paper.key == paper.key.strip() != ""
    texts = [paper.title, paper.abstract, paper.comment, *paper.authors]
    texts += [text for summary in paper.summaries for text in summary.fields.values()]
    texts += [text for one in paper.translations for text in (one.title, one.abstract)]
    for text in texts:
        assert text == " ".join(text.split())
        assert not any(ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 for sign in text)
    assert "" not in paper.authors
    assert paper.primary == (paper.categories[0] if paper.categories else None)
    assert (paper.url is None) or paper.url.startswith(("https://", "http://"))
