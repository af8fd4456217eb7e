"""Whatever a reader raises: its entry, or its document, is refused with a sentence, and everything beside it is read.

These tests let a reader raise what nobody foresaw, so they know where it stands.
"""

import operator
from collections.abc import Callable

import pytest

import bot.digests
import subscriptions.papers.ingest
from bot.digests import papers
from bot.digests.papers import Found, Work
from bot.digests.sandbox import InProcess
from subscriptions.model import Paper
from tests.outside.test_bad_documents import GOOD, findings, item, journal
from tests.product import Product


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Lets the reader of journals' feeds raise an error at each entry whose title begins with "Bad"."""

    def breaks(error: BaseException) -> None:
        made = papers._paper_of

        def stumbles(work: Work, found: Found) -> Paper | None:
            if work.title.startswith("Bad"):
                raise error
            return made(work, found)

        monkeypatch.setattr(papers, "_paper_of", stumbles)

    return breaks


@pytest.mark.parametrize("error", [ValueError("x"), RecursionError(), KeyError("x"), UnicodeError(), MemoryError()])
def test_an_entry_at_which_reading_fails_does_not_lose_the_others(
    product: Product, breaks: Callable[[BaseException], None], error: BaseException
) -> None:
    breaks(error)
    product.writes("pots.xml", journal(item("A pot", 1), item("Bad pot", 2), item("A lid", 3)))
    (digest,) = product.tells("inspect", "pots.xml", "--papers")["digests"]
    assert [one["title"] for one in digest["items"]] == ["A pot", "A lid"]
    (warning,) = digest["warnings"]
    assert (warning["code"], warning["count"]) == ("refused_entries", 1)


def test_what_no_reader_can_read_is_refused_in_a_sentence_and_the_rest_is_read(
    product: Product, breaks: Callable[[BaseException], None]
) -> None:
    breaks(ZeroDivisionError("secret words"))
    product.writes("all/bad.xml", journal(item("Bad pot", 1)))
    product.writes("all/good.jsonl", GOOD)
    for command in (("inspect", "all"), ("match", "good", "all"), ("ingest", "all")):
        done = product.runs(*command, "--json")
        assert "secret" not in done.out + done.err
        assert "A good paper" in product.runs("match", "good", "all").out
        said = done.out if command[0] == "inspect" else done.err
        assert "bad.xml: No paper in it can be read." in said, (command, said)
    assert product.tells("ingest", "all/good.jsonl")["already_known"] == 1


@pytest.mark.parametrize(
    "where", ["bot.digests.papers.Found.leave_out_failures", "subscriptions.papers.ingest.incoming"]
)
def test_whatever_fails_at_a_document_is_told_in_a_sentence_and_the_others_are_stored(
    product: Product, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def fails(papers: list[object], *_: object) -> object:
        if "Bad" in str(papers):
            raise RecursionError("secret words")
        return whole(papers, *_)

    monkeypatch.setattr("bot.build.Sandbox", InProcess)  # in another process, nothing would be replaced
    product.writes("inbox/a.xml", journal(item("Bad pot", 1)))
    product.writes("inbox/b.jsonl", GOOD)
    whole = operator.attrgetter(where.removeprefix("bot.").removeprefix("subscriptions."))(
        bot if where.startswith("bot") else subscriptions
    )
    monkeypatch.setattr(where, fails)
    done = product.runs("ingest", "inbox/a.xml", "inbox/b.jsonl", "--json")
    assert (done.status, done.json["papers"]["new"], done.json["failed"]) == (1, 1, 1)
    assert "by a mistake of paperwire (RecursionError in fails" in done.err
    assert "secret" not in done.err
    product.listens()
    (found,) = findings(product)
    assert "by a mistake of paperwire" in found
