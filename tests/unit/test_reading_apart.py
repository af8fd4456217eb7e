"""A large document is read in a process of its own, which ends when it takes too much."""

import pytest

from bot.digests import apart, read_digest
from bot.failures import BrokenDigest, UnknownFormat
from tests.papers import jsonl
from tests.papers import paper as entry
from tests.product import Product

TOO_MUCH = r"It takes more than \d+ seconds of a processor, or \d+ MiB of memory\."


def never_ends(data: bytes) -> bytes:
    while data:
        pass
    return data


def needs_two_gib(data: bytes) -> int:
    return len(data * (2 * 2**30 // len(data)))


@pytest.mark.parametrize("reader", [never_ends, needs_two_gib])
def test_what_takes_too_much_is_refused(reader: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "MOST_SECONDS", 2)
    with pytest.raises(BrokenDigest, match=TOO_MUCH):
        apart.read(reader, b"a" * apart.LARGE)  # type: ignore[arg-type]


def test_a_large_document_is_read_as_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    digest = jsonl([entry(f"Kite {n}", arxiv_id=f"2601.{n:05d}") for n in range(50)]).encode()
    read = read_digest(digest, "kites.jsonl")
    assert len(read.entries) == 50
    monkeypatch.setattr(apart, "LARGE", len(digest))
    assert read_digest(digest, "kites.jsonl") == read
    with pytest.raises(UnknownFormat, match=r"kites\.md: no paper entries found") as refused:
        read_digest(b"kites " * len(digest), "kites.md")
    assert "daily_arxiv_md" in refused.value.expected


def test_a_document_that_takes_too_much_holds_up_none_beside_it(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = jsonl([entry(f"Kite {n}", arxiv_id=f"2601.{n:05d}", abstract="High. " * 20_000) for n in range(100)])
    monkeypatch.setattr(apart, "MOST_MEMORY", 2**26)
    bad, good = (
        product.writes("bad.jsonl", large),
        product.writes("good.jsonl", jsonl([entry("Moss", arxiv_id="2602.00001")])),
    )
    done = product.runs("ingest", str(bad), str(good), "--json")
    assert (done.status, done.json["papers"]["new"]) == (1, 1)
    assert "bad.jsonl: It takes more than 20 seconds of a processor, or 64 MiB of memory." in done.err + done.out
