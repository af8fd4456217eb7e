"""What became of a paper: it is told once, to who kept it, and a retracted paper is shown as such."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.outside.test_one_paper import crossref
from tests.outside.test_one_work import arxiv, biorxiv, pubmed, related, work
from tests.product import Product, Seen

SOURCES = """
[[source]]
name = "arxiv"
arxiv = ["cs.LG"]
[[source]]
name = "others"
path = "inbox/*.*"
"""
ID, DOI, NOTICE, ARTICLE = "2601.01234", "10.1234/glue.7", "10.1234/glue.99", "10.1234/glue.12"
OF_BIORXIV, CHEMRXIV = "10.1101/2026.01.20.700001", "10.26434/chemrxiv-2026-ab1cd"


def api(
    version: int = 1, comment: str = "", abstract: str = "Kites fly by glue.", number: str = ID, **more: str
) -> str:
    """Return arXiv's answer about a paper. `more`: further elements of arXiv, such as doi."""
    told = {"comment": comment, **more}
    elements = "".join(f"<arxiv:{name}>{text}</arxiv:{name}>" for name, text in told.items() if text)
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom">'
        "<id>https://arxiv.org/api/q</id><title>arXiv Query</title><updated>2026-01-22T00:00:00Z</updated>"
        f"<entry><id>http://arxiv.org/abs/{number}v{version}</id><title>Kites and glue</title><summary>{abstract}</summary>"
        f'<author><name>Ada Ray</name></author><category term="cs.LG"/>{elements}</entry></feed>'
    )


def rss(version: int = 1, kind: str = "new", abstract: str = "Kites fly by glue.", number: str = ID) -> str:
    """Return arXiv's feed, which never has comments."""
    return (
        '<rss version="2.0" xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
        "<title>cs.LG updates on arXiv.org</title><link>http://rss.arxiv.org/rss/cs.LG</link>"
        f"<item><title>Kites and glue</title><link>https://arxiv.org/abs/{number}</link>"
        f"<description>arXiv:{number}v{version} Announce Type: {kind}\nAbstract: {abstract}</description>"
        f"<guid>oai:arXiv.org:{number}v{version}</guid><category>cs.LG</category><arxiv:announce_type>{kind}</arxiv:announce_type>"
        "<dc:creator>Ada Ray</dc:creator></item></channel></rss>"
    )


def notice(kind: str, doi: str = NOTICE, day: str = "2026-01-26") -> dict[str, Any]:
    """Return an element of Crossref's members `updated-by` and `update-to`."""
    return {"DOI": doi, "type": kind, "updated": {"date-parts": [[int(one) for one in day.split("-")]]}}


def note(kind: str = "retraction", doi: str = DOI) -> str:
    """Return Crossref's record of a notice about a work."""
    one = work(NOTICE, "Retraction Note: Kites and glue", venue="Glue", published={"date-parts": [[2026, 1, 26]]})
    return crossref({**one, "update-to": [notice(kind, doi)]})


def journal(*notices: dict[str, Any], title: str = "Kites and glue", doi: str = DOI, **more: Any) -> str:
    """Return Crossref's record of an article."""
    return crossref({**work(doi, title, venue="Glue", **more), "updated-by": list(notices)})


def published(**more: Any) -> str:
    return journal(doi=ARTICLE, published={"date-parts": [[2026, 1, 25]]}, **more)


def openalex(doi: str) -> str:
    """Return OpenAlex' work of an article and its preprint at arXiv."""
    places = [{"landing_page_url": f"https://doi.org/{doi}"}, {"landing_page_url": f"http://arxiv.org/abs/{ID}"}]
    one = {
        "id": "https://openalex.org/W1",
        "doi": f"https://doi.org/{doi}",
        "title": "Kites and glue",
        "locations": places,
    }
    people = [{"author": {"display_name": "Ada Ray"}}]
    return json.dumps({"meta": {"count": 1}, "results": [{**one, "type": "article", "authorships": people}]})


def of_pubmed(relation: str = "") -> str:
    """Return PubMed's record of a preprint. `relation`: as `pubmed` takes it."""
    record = pubmed(("41", OF_BIORXIV, "Kites and glue", "bioRxiv", relation or "Cites 40 10.1234/other"))
    return record.replace(
        "</Article>", "<PublicationTypeList><PublicationType>Preprint</PublicationType></PublicationTypeList></Article>"
    )


RETRACTED = journal(notice("retraction"), title="RETRACTED: Kites and glue")
GONE = "This paper has been withdrawn by the author due to a crucial sign error in equation 1."
WITHDRAWN = ["withdrawn by the authors: “a crucial sign error in equation 1”", "you kept it on 22 Jan"]
CODE = "https://github.com/ray/kites"
# case → the documents before the paper is saved, those of the next days, and the lines that are told on each of these days
Story = tuple[list[str], list[str], list[list[str]]]
TOLD: dict[str, Story] = {
    "a new version, with the authors' remark": (
        [api(1, "9 pages")],
        [api(2, "12 pages, typos corrected")],
        [["version 2: “12 pages, typos corrected”"]],
    ),
    "an acceptance and code": (
        [api(1, "9 pages, submitted to ICK")],
        [api(2, f"Accepted at ICK 2026 (oral). Code: {CODE}")],
        [["version 2", "accepted: “Accepted at ICK 2026 (oral)”", "code: github.com/ray/kites"]],
    ),
    "the feed says the version, the answer of the next day the rest": (
        [rss(), api()],
        [rss(2, "replace"), api(2, "Accepted at ICK 2026"), api(2, "Accepted at ICK 2026")],
        [["version 2"], ["accepted: “Accepted at ICK 2026”"], []],
    ),
    "a comment that was there before is no news": (
        [rss()],
        [api(1, f"Accepted at ICK 2026. Code: {CODE}"), api(2, f"Accepted at ICK 2026. Code: {CODE}. Typos")],
        [[], ["version 2: “Typos”"]],
    ),
    "a missing comment is known from arXiv's answer": (
        [api()],
        [api(2, "Accepted at ICK 2026")],
        [["version 2", "accepted: “Accepted at ICK 2026”"]],
    ),
    "what is not accepted": (
        [api(1, "9 pages")],
        [api(2, "Submitted to ICK 2026"), api(3, "Extended version of a paper accepted at ICK 2025")],
        [
            ["version 2: “Submitted to ICK 2026”"],
            ["version 3: “Extended version of a paper accepted at ICK 2025”"],
        ],
    ),
    "several versions at once": ([api(1, "9 pages")], [api(4, "9 pages")], [["version 4 (you had 1)"]]),
    "old versions and copies": ([api(3)], [api(1), api(2), api(3)], [[], [], []]),
    "code in the abstract": (
        [api(1, "9 pages")],
        [api(2, "9 pages", f"Kites fly by glue. Our code is at {CODE}.")],
        [["version 2", "code: github.com/ray/kites"]],
    ),
    "withdrawn, with the reason, and back": (
        [api(1, "9 pages")],
        [rss(2, "replace", GONE), api(2, GONE, GONE), api(3, "Equation 1 corrected")],
        [WITHDRAWN, [], ["version 3: “Equation 1 corrected”"]],
    ),
    "withdrawn twice": (
        [api(1, "9 pages")],
        [api(2, GONE, GONE), api(3, "9 pages"), api(4, GONE, GONE)],
        [
            WITHDRAWN,
            ["version 3: “9 pages”"],
            WITHDRAWN,
        ],
    ),
    "its article, by arXiv": (
        [api()],
        [api(journal_ref="J. Glue 7 (2026) 12"), api(journal_ref="J. Glue 7 (2026) 12", doi=ARTICLE)],
        [["published in J. Glue"], []],
    ),
    "its article, by the article": (
        [rss()],
        [published(**related(has_preprint=ID)), api(doi=ARTICLE)],
        [["published in Glue, 25 Jan: doi.org/10.1234/glue.12"], []],
    ),
    "its article, by the server": (
        [biorxiv("NA")],
        [biorxiv(ARTICLE), published()],
        [["published: doi.org/10.1234/glue.12"], []],
    ),
    "its article, which was sent before anybody related them": (
        [biorxiv("NA"), published(title="Glue holds kites")],
        [biorxiv(ARTICLE), published(title="Glue holds kites") + " "],
        [["published in Glue, 25 Jan: doi.org/10.1234/glue.12"], []],
    ),
    "its article, by PubMed's record of the preprint": (
        [of_pubmed()],
        [of_pubmed(f"UpdateIn 42 {ARTICLE}")],
        [["published: doi.org/10.1234/glue.12"]],
    ),
    "its article, by the DOI that arXiv gives, where both were sent": (
        [rss(), published(title="Glue holds kites")],
        [api(doi=ARTICLE), note(doi=ARTICLE)],
        [
            ["published in Glue, 25 Jan: doi.org/10.1234/glue.12"],
            ["retracted, 26 Jan: doi.org/10.1234/glue.99", "you kept it on 22 Jan"],
        ],
    ),
    "its article, by OpenAlex, where both were sent": (
        [rss(), published(title="Glue holds kites")],
        [openalex(ARTICLE), note(doi=ARTICLE)],
        [
            ["published in Glue, 25 Jan: doi.org/10.1234/glue.12"],
            ["retracted, 26 Jan: doi.org/10.1234/glue.99", "you kept it on 22 Jan"],
        ],
    ),
    "published says more than accepted": (
        [api(1, "9 pages")],
        [api(2, "Accepted at Glue", doi=ARTICLE)],
        [["published: doi.org/10.1234/glue.12", "version 2"]],
    ),
    "the second version of ChemRxiv": (
        [crossref(work(CHEMRXIV, "Kites and glue"))],
        [crossref(work(f"{CHEMRXIV}-v2", "Kites and glue"))],
        [["version 2"]],
    ),
    "a reference to what is not published yet is no article": (
        [api()],
        [api(journal_ref="Submitted to J. Glue"), api(journal_ref="to appear in J. Glue")],
        [[], []],
    ),
    "the DOI of data, by a server": ([biorxiv("NA")], [biorxiv("10.5281/zenodo.1234567")], [[]]),
    "withdrawn by arXiv": (
        [api(1, "9 pages")],
        [api(2, "arXiv admin note: This submission has been withdrawn by arXiv administrators due to overlap")],
        [["withdrawn: “overlap”", "you kept it on 22 Jan"]],
    ),
    "the DOI of data is no article": ([api()], [api(doi="10.5281/zenodo.1234567")], [[]]),
    "the DOI that arXiv gives is no article": ([api()], [api(doi="10.48550/arXiv.2601.01234")], [[]]),
    "first described by arXiv after it was saved": (
        [arxiv()],
        [api(3, "Accepted at ICK 2026", doi=ARTICLE), api(4, "Accepted at ICK 2026", doi=ARTICLE)],
        [[], ["version 4"]],
    ),
    "a preprint is no news of its article": ([journal()], [api(doi=DOI)], [[]]),
    "retracted by a notice, then by all others": (
        [journal()],
        [note(), RETRACTED, journal(title="RETRACTED ARTICLE: Kites and glue")],
        [["retracted, 26 Jan: doi.org/10.1234/glue.99", "you kept it on 22 Jan"], [], []],
    ),
    "retracted in its own record": (
        [journal()],
        [crossref({**work(DOI, "RETRACTED: Kites and glue", venue="Glue"), "update-to": [notice("retraction", DOI)]})],
        [["retracted, 26 Jan", "you kept it on 22 Jan"]],
    ),
    "retracted in an earlier year": (
        [journal()],
        [journal(notice("retraction", day="2024-11-03"))],
        [["retracted, 3 Nov 2024: doi.org/10.1234/glue.99", "you kept it on 22 Jan"]],
    ),
    "a concern, then a retraction": (
        [journal()],
        [journal(notice("expression_of_concern")), RETRACTED],
        [
            ["expression of concern, 26 Jan: doi.org/10.1234/glue.99", "you kept it on 22 Jan"],
            ["retracted, 26 Jan: doi.org/10.1234/glue.99", "you kept it on 22 Jan"],
        ],
    ),
    "a correction, once in a month": (
        [journal()],
        [
            journal(notice("corrigendum", day="2026-01-23")),
            journal(notice("erratum", doi="10.1234/glue.98", day="2026-02-02")),
            journal(notice("correction", doi="10.1234/glue.97", day="2026-03-22")),
        ],
        [
            ["corrected, 23 Jan: doi.org/10.1234/glue.99"],
            [],
            ["corrected, 22 Mar: doi.org/10.1234/glue.97"],
        ],
    ),
    "a correction that is older than the keeping": ([journal()], [journal(notice("correction", day="2025-03-01"))], [[]]),
    "an edition is no news": ([journal()], [journal(notice("new_version")), note("new_edition")], [[], []]),
    "the retraction of its article, where both were sent": (
        [biorxiv("NA"), published(title="Glue holds kites")],
        [biorxiv(ARTICLE), note(doi=ARTICLE)],
        [
            ["published in Glue, 25 Jan: doi.org/10.1234/glue.12"],
            ["retracted, 26 Jan: doi.org/10.1234/glue.99", "you kept it on 22 Jan"],
        ],
    ),
}  # fmt: skip


@pytest.fixture
def reader(product: Product) -> Product:
    """The program with a chat that gets each paper at once."""
    product.writes("paperwire.toml", SOURCES)
    product.says("/timezone UTC")
    product.says("/sub kites OR glue now")
    return product


def comes(product: Product, document: str) -> None:
    """Ingest a document as what it is: arXiv's own, or that of another source."""
    product.clock.advance(timedelta(seconds=1))
    path = product.writes(
        f"brought/{product.clock.now():%d-%H%M%S}.{'json' if document[0] == '{' else 'xml'}", document
    )
    source = "arxiv" if "arxiv.org/schemas" in document else "others"
    finished = product.runs("ingest", str(path), "--source", source)
    assert finished.status == 0, finished.err


def told(seen: list[Seen]) -> list[str]:
    """Return what is told of kept papers."""
    return [line[2:] for one in seen for line in one.lines if line.startswith("– ")]


@pytest.mark.parametrize("case", TOLD)
def test_what_became_of_a_saved_paper_is_told_once(reader: Product, case: str) -> None:
    before, later, lines = TOLD[case]
    for document in before:
        comes(reader, document)
    assert reader.later(minutes=1)
    name = (
        OF_BIORXIV
        if OF_BIORXIV in before[0]
        else CHEMRXIV
        if CHEMRXIV in before[0]
        else ID
        if "arxiv.org" in before[0]
        else DOI
    )
    assert "Saved" in reader.says(f"/save {name}").text
    found = []
    for document in later:
        reader.later(days=1)
        comes(reader, document)
        found.append(told(reader.later(minutes=1)))
        assert told(reader.later(minutes=1)) == []
    assert found == lines


def keeps(product: Product, *documents: str, how: str = "save", chat: str = "42") -> None:
    """Let papers come and be kept by a button on the card of the first."""
    for document in documents:
        comes(product, document)
    product.later(minutes=1)
    product.says(ID, chat)
    product.presses(how, chat)


WHO: dict[str, tuple[str, list[str], list[list[str]]]] = {  # how the chat keeps it, what it sets, lines on each day
    "saved": ("save", [], [["version 2"], ["withdrawn", "you kept it on 22 Jan"]]),
    "liked": ("👍", [], [[], ["withdrawn", "you liked it on 22 Jan"]]),
    "disliked": ("👎", [], [[], []]),
    "saved, grave news only": ("save", ["/set updates grave"], [[], ["withdrawn", "you kept it on 22 Jan"]]),
    "saved, no news": ("save", ["/set updates off"], [[], []]),
    "saved in Chinese": ("save", ["/lang zh"], [["第 2 版"], ["已撤回", "你于 1月22日收藏"]]),
    "opened": ("more", [], [[], []]),
}


@pytest.mark.parametrize("case", WHO)
def test_who_kept_a_paper_is_told_what_it_wants_to_know(reader: Product, case: str) -> None:
    how, settings, lines = WHO[case]
    keeps(reader, api(1, "9 pages"), how=how)
    for setting in settings:
        reader.says(setting)
    found = []
    for document in (api(2, "9 pages"), api(3, "Withdrawn", "Withdrawn")):
        reader.later(days=1)
        comes(reader, document)
        found.append(told(reader.later(minutes=1)))
    assert found == lines
    reader.says("/set updates on")
    assert told(reader.later(days=1)) == []


def test_who_liked_a_paper_is_told_of_its_article(reader: Product) -> None:
    keeps(reader, api(1, "9 pages"), how="👍")
    comes(reader, api(2, "Accepted at Glue", doi=ARTICLE))
    assert told(reader.later(days=1)) == ["published: doi.org/10.1234/glue.12"]


def test_who_takes_a_save_back_or_forgets_is_told_nothing(reader: Product) -> None:
    reader.says("/sub kites OR glue now", "43")
    keeps(reader, api(1, "9 pages"), how="👍")
    reader.presses("👍")
    reader.says(f"/save {ID}")
    reader.presses("undo")
    reader.says(f"/save {ID}", "43")
    reader.says("/forget", "43")
    reader.presses("erase everything", "43")
    comes(reader, api(2, GONE, GONE))
    assert told(reader.later(days=1)) == []


def test_news_comes_once_a_day_at_the_time_of_the_chat_outside_its_quiet_hours(reader: Product) -> None:
    reader.says("/set schedule daily 09:00")
    reader.says("/set quiet 08:00-10:00")
    keeps(reader, api(1, "9 pages"), api(1, "9 pages", number="2601.01235"))
    reader.says("/save 2601.01235")
    reader.at(reader.clock.now().replace(hour=23))
    comes(reader, api(2, "9 pages"))
    assert told(reader.later(minutes=1)) == ["version 2"], "its time has passed today, and nothing was told yet"
    comes(reader, api(2, "9 pages", number="2601.01235"))
    assert told(reader.later(minutes=1)) == []
    morning = reader.clock.now().replace(day=23, hour=8, minute=59)
    assert told(reader.at(morning)) == told(reader.at(morning.replace(hour=9))) == []
    assert told(reader.at(morning.replace(hour=10, minute=0))) == ["version 2"]
    comes(reader, api(3, "9 pages"))
    comes(reader, api(3, GONE, GONE, number="2601.01235"))
    assert told(reader.later(minutes=1)) == WITHDRAWN, "at once, beside the news of the day"
    comes(reader, rss(1))
    assert told(reader.at(morning.replace(day=24, hour=10))) == ["version 3"]


def test_grave_news_waits_for_the_end_of_quiet_hours(reader: Product) -> None:
    reader.says("/set quiet 22:00-08:00")
    keeps(reader, api(1, "9 pages"))
    night = reader.clock.now().replace(hour=23)
    reader.at(night)
    comes(reader, api(2, GONE, GONE))
    assert told(reader.at(night.replace(day=23, hour=7))) == []
    assert told(reader.at(night.replace(day=23, hour=8))) == WITHDRAWN


def test_paused_chat_is_told_when_it_is_back(reader: Product) -> None:
    keeps(reader, api(1, "9 pages"))
    reader.says("/pause")
    comes(reader, api(2, "9 pages"))
    assert told(reader.later(days=3)) == []
    reader.says("/resume")
    assert told(reader.later(days=1)) == ["version 2"]


def test_many_papers_are_told_in_notices_of_twenty(reader: Product) -> None:
    numbers = [f"2601.{number:05d}" for number in range(1, 26)]
    for number in numbers:
        comes(reader, api(1, "9 pages", number=number))
    reader.later(minutes=1)
    for start in (0, 5, 10, 15, 20):
        reader.says(f"/save {' '.join(numbers[start : start + 5])}")
    for number in numbers:
        comes(reader, api(2, "9 pages", number=number))
    assert len(told(reader.later(minutes=1))) == 20
    assert told(reader.later(minutes=1)) == []
    assert len(told(reader.later(days=1))) == 5
    for number in numbers:
        comes(reader, api(3, GONE, GONE, number=number))
    assert [len(told(reader.later(minutes=1))) for _ in range(3)] == [40, 10, 0]


def test_retracted_paper_is_not_sent(reader: Product) -> None:
    comes(reader, journal())
    comes(reader, note())
    assert not any("Kites" in one.text for one in reader.later(minutes=1))
    reader.says("/sub glue OR kites daily 09:00", "43")
    assert not any("Kites" in one.text for one in reader.later(days=1))


def test_save_says_what_is_grave(reader: Product) -> None:
    comes(reader, journal())
    comes(reader, journal(notice("expression_of_concern")))
    assert "Beware: expression of concern, 26 Jan 2026." in reader.says(f"/save {DOI}").lines
    comes(reader, RETRACTED)
    assert "Beware: retracted, 26 Jan 2026, doi:10.1234/glue.99." in reader.says(f"/save {DOI}").lines
    comes(reader, api(1, GONE, GONE))
    assert "Beware: withdrawn by the authors, 22 Jan." in reader.says(f"/save {ID}").lines


@pytest.mark.parametrize(
    ("documents", "line"),
    [
        ([api(2, "Accepted at ICK 2026")], "v2 · “Accepted at ICK 2026”"),
        ([api(2, "Accepted at ICK 2026", doi=ARTICLE), published()], "Glue · 2601.01234 · v2 · 25 Jan 2026, doi:10.1234/glue.12"),
        ([rss(), api(2, GONE, GONE), api(3)], "v3"),
        ([rss(), api(2, GONE, GONE)], "withdrawn by the authors, 22 Jan"),
    ],
)  # fmt: skip
def test_card_says_what_became_of_a_paper(reader: Product, documents: list[str], line: str) -> None:
    for document in documents:
        comes(reader, document)
    assert reader.says(ID).text.split("\n")[1].endswith(line)


def test_saved_paper_that_turns_out_to_be_another_one_stays_saved(reader: Product) -> None:
    comes(reader, journal())
    path = reader.writes("brought/filed.jsonl", arxiv())
    assert reader.runs("ingest", str(path), "--source", "others", "--date", "2025-01-22").status == 0
    reader.later(minutes=1)
    reader.says(f"/save {ID}")
    comes(reader, journal(**related(has_preprint=ID)))
    comes(reader, note())
    assert told(reader.later(minutes=1)) == ["retracted, 26 Jan: doi.org/10.1234/glue.99", "you kept it on 22 Jan"]


def test_who_kept_a_preprint_and_its_article_is_told_once(reader: Product) -> None:
    comes(reader, biorxiv("NA"))
    comes(reader, published(title="Glue holds kites"))
    reader.later(minutes=1)
    for name in (OF_BIORXIV, ARTICLE):
        reader.says(f"/save {name}")
    comes(reader, biorxiv(ARTICLE))
    assert told(reader.later(minutes=1)) == ["published in Glue, 25 Jan: doi.org/10.1234/glue.12"]
    comes(reader, note(doi=ARTICLE))
    assert told(reader.later(minutes=1)) == ["retracted, 26 Jan: doi.org/10.1234/glue.99", "you kept it on 22 Jan"]
    assert told(reader.later(days=1)) == []
