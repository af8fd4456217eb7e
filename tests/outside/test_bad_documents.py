"""One bad item never holds up the good ones: a bad entry, a bad file, a bad source."""

import operator
from collections.abc import Callable

import pytest

import bot.digests
import subscriptions.service.ingest
from bot.digests import feeds
from tests.fakes.arxiv import FakeArxiv
from tests.papers import jsonl, paper
from tests.product import Product

ITEM = "<item><title>{title}</title><link>https://pots.example.org/doi/10.5555/{doi}</link>{more}</item>"
JOURNAL = '<rss version="2.0"><channel><title>Journal of Pots</title>{}</channel></rss>'
# parts of an item in which there is nothing that a reader sees
NOTHING_TO_SEE = {
    "an empty paragraph": "<description>&lt;p&gt;&lt;/p&gt;</description>",
    "a line break": "<description>&lt;br/&gt;</description>",
    "a hard space": "<description>&amp;nbsp;</description>",
    "a byte order mark": "<description>\ufeff</description>",
    "a comment": "<description>&lt;!-- none --&gt;</description>",
    "a picture": '<description>&lt;img src="a.png"/&gt;</description>',
    "nothing": "<description/>",
    "blanks": "<description><![CDATA[ \n ]]></description>",
    "empty tags": "<description><![CDATA[<div><p></p></div>]]></description>",
    "an empty content": '<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">'
    "&lt;p/&gt;</content:encoded>",
}
GOOD = jsonl([paper("A good paper")])
Break = Callable[[str], None]


def journal(*items: str) -> str:
    return JOURNAL.format("".join(items))


def item(title: str, number: int, more: str = "") -> str:
    return ITEM.format(title=title, doi=f"pot.{number}", more=more)


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Lets the reader of journals' feeds raise an error at each entry whose title begins with "Bad"."""

    def breaks(error: BaseException) -> None:
        work_of = feeds._work_of

        def stumbles(record: object, feed: object) -> object:
            if record.first("title").startswith("Bad"):  # type: ignore[attr-defined]
                raise error
            return work_of(record, feed)  # type: ignore[arg-type]

        monkeypatch.setattr(feeds, "_work_of", stumbles)

    return breaks


@pytest.mark.parametrize("nothing", NOTHING_TO_SEE)
def test_a_description_without_visible_text_is_no_description(product: Product, nothing: str) -> None:
    product.writes(
        "pots.xml",
        journal(item("A pot", 1, NOTHING_TO_SEE[nothing]), item("A lid", 2, "<description>Lids fit.</description>")),
    )
    (digest,) = product.tells("inspect", "pots.xml", "--papers")["digests"]
    assert [(one["title"], one["abstract"]) for one in digest["items"]] == [("A pot", ""), ("A lid", "Lids fit.")]
    assert digest["warnings"] == []


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
    "where", ["bot.digests._failures.without_failures", "subscriptions.service.ingest.drafts.incoming"]
)
def test_whatever_fails_at_a_document_is_told_in_a_sentence_and_the_others_are_stored(
    product: Product, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def fails(papers: list[object], *_: object) -> object:
        if "Bad" in str(papers):
            raise RecursionError("secret words")
        return whole(papers, *_)

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


def findings(product: Product) -> list[str]:
    """Returns what `status` and `check` say about sources."""
    status = product.runs("status", "--json").json
    (overdue,) = [one["overdue"] for one in status["sources"]]
    found = [f"{one['sentence']} {one['why']}" for one in status["findings"] if one["id"].startswith("source ")]
    checked = product.runs("check", "--offline")
    assert overdue is bool(found)
    assert ("inbox cannot be read" in checked.out) is bool(found), checked.out
    return found


def test_a_bad_file_holds_up_no_other_and_is_told_until_it_is_gone(product: Product) -> None:
    product.says("/sub good now")
    bad = product.writes("inbox/a.md", "# A recipe\n\nStir.\n")
    product.writes("inbox/b.jsonl", GOOD)
    assert "A good paper" in product.listens().text
    (found,) = findings(product)
    assert "a.md" in found
    product.writes("inbox/c.jsonl", jsonl([paper("Another good paper")]))
    assert "Another good paper" in product.listens().text
    assert findings(product) == [found]  # it is still there
    product.listens()
    assert product.round.err.count("a.md") == 1  # each round says it, and the source is not read anew
    bad.unlink()
    assert findings(product) == []
    assert "A third good" not in product.listens().text
    assert findings(product) == []


def test_the_finding_ends_when_the_file_can_be_read(product: Product) -> None:
    product.writes("inbox/a.md", "# A recipe\n\nStir.\n")
    product.listens()
    assert findings(product)
    product.writes("inbox/a.md", GOOD)
    product.listens()
    assert findings(product) == []


def test_of_two_bad_files_the_other_is_still_told(product: Product) -> None:
    first, second = (product.writes(f"inbox/{name}.md", "# A recipe\n\nStir.\n") for name in "ab")
    product.listens()
    first.unlink()
    product.listens()
    (found,) = findings(product)
    assert ("a.md" in found, "b.md" in found) == (False, True)
    second.unlink()
    product.listens()
    assert findings(product) == []


def test_a_process_forgets_the_finding_with_the_file(product: Product) -> None:
    product.sets(WEB_PORT="0")
    bad = product.writes("inbox/a.md", "# A recipe\n\nStir.\n")
    with product.starts("run") as process:
        process.waits_for_line("a.md: no paper entries found")
        bad.unlink()
        product.writes("inbox/b.jsonl", GOOD)
        process.waits_for_line("1 papers in .*b.jsonl")
    assert findings(product) == []


def test_a_reader_that_fails_at_a_web_source_stops_no_other(
    product: Product, breaks: Callable[[BaseException], None]
) -> None:
    breaks(RecursionError())
    with FakeArxiv() as server:
        server.holds("/bad.xml", journal(item("Bad pot", 1)))
        server.holds("/good.jsonl", GOOD)
        product.sets(ALLOWED_HOSTS="127.0.0.1,localhost")
        product.writes(
            "paperwire.toml",
            "".join(
                f'[[source]]\nname = "{name}"\nurl = "{server.url}/{file}"\nschedule = "every 1h"\n'
                for name, file in (("bad", "bad.xml"), ("good", "good.jsonl"))
            ),
        )
        product.runs("sources", "poll")
    bad, good = product.runs("sources", "--json").json
    assert (bad["last"]["outcome"], good["last"]["outcome"]) == ("failed", "new")
    assert "No paper in it can be read" in bad["last"]["detail"]
