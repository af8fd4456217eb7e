"""Writes papers in arXiv's formats: as a feed, as an answer of the API, or as an HTML list."""

from collections.abc import Sequence
from datetime import date
from html import escape
from typing import Protocol


class Paper(Protocol):
    """What a page shows of a paper."""

    @property
    def arxiv_id(self) -> str | None: ...
    @property
    def title(self) -> str: ...
    @property
    def authors(self) -> Sequence[str]: ...
    @property
    def categories(self) -> Sequence[str]: ...
    @property
    def primary(self) -> str | None: ...
    @property
    def url(self) -> str | None: ...
    @property
    def version(self) -> int | None: ...
    @property
    def abstract(self) -> str: ...
    @property
    def comment(self) -> str | None: ...
    @property
    def announce_type(self) -> str | None: ...


_HEAD = """<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0">
<channel><title>{category} updates on arXiv.org</title><link>http://rss.arxiv.org/rss/{category}</link>
<description>{category} updates on the arXiv.org e-print archive.</description>
<lastBuildDate>{built}</lastBuildDate><pubDate>{day:%a, %d %b %Y} 00:00:00 {offset}</pubDate>
"""


def feed(category: str, day: date, papers: Sequence[Paper], *, built: int = 0) -> bytes:
    """Returns an RSS feed. `built` is the number that the feed names as its build time."""
    offset = "-0400" if 3 < day.month < 11 else "-0500"
    head = _HEAD.format(category=category, day=day, built=f"build {built}", offset=offset)
    return (head + "".join(_item(paper, category) for paper in papers) + "</channel></rss>\n").encode()


def _item(paper: Paper, category: str) -> str:
    kind = str(paper.announce_type or ("new" if _belongs(paper.primary or "", category) else "cross"))
    identity = f"{paper.arxiv_id}v{paper.version or 1}"
    return (
        f"<item><title>{escape(paper.title)}</title><link>{paper.url}</link>"
        f"<description>arXiv:{identity} Announce Type: {kind} \nAbstract: {escape(_abstract(paper))}</description>"
        f'<guid isPermaLink="false">oai:arXiv.org:{identity}</guid>'
        + "".join(f"<category>{name}</category>" for name in paper.categories)
        + f"<arxiv:announce_type>{kind}</arxiv:announce_type>"
        f"<dc:creator>{escape(', '.join(paper.authors))}</dc:creator></item>\n"
    )


def feed_error(words: str) -> bytes:
    """Returns the feed with which arXiv reports an error (status 400)."""
    return (
        "<?xml version='1.0' encoding='UTF-8'?><rss version=\"2.0\"><channel>"
        f"<title>Feed error for query: xx</title><description>{escape(words)}</description></channel></rss>"
    ).encode()


def bomb() -> bytes:
    """Returns a feed whose entities would expand to gigabytes."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "boom"}">' for n in range(10))
    return (
        f"<?xml version='1.0'?><!DOCTYPE rss [{entities}]><rss version=\"2.0\"><channel><title>cs.LG updates on arXiv.org"
        "</title><link>http://rss.arxiv.org/rss/cs.LG</link><item><title>&e9;</title></item></channel></rss>"
    ).encode()


def answer(papers: Sequence[Paper], *, total: int, day: date, built: int = 0) -> bytes:
    """Returns an answer of the API with these papers, which says that the search found `total` papers.

    `built`: see `feed`.
    """
    entries = "".join(_entry(paper, day) for paper in papers)
    return (
        "<?xml version='1.0' encoding='UTF-8'?>"
        '<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom" '
        'xmlns="http://www.w3.org/2005/Atom"><id>https://arxiv.org/api/abcdefghijklmnop</id>'
        f"<title>arXiv Query: search_query=x</title><updated>{day}T22:00:{built % 60:02}Z</updated>"
        f"<opensearch:totalResults>{total}</opensearch:totalResults>{entries}</feed>"
    ).encode()


def _entry(paper: Paper, day: date) -> str:
    return (
        f"<entry><id>http://arxiv.org/abs/{paper.arxiv_id}v{paper.version or 1}</id><title>{escape(paper.title)}</title>"
        f"<updated>{day}T10:00:00Z</updated><summary>{escape(_abstract(paper))}</summary>"
        + "".join(f'<category term="{name}"/>' for name in paper.categories)
        + f'<arxiv:primary_category term="{paper.primary}"/>'
        + (f"<arxiv:comment>{escape(paper.comment)}</arxiv:comment>" if paper.comment else "")
        + "".join(f"<author><name>{escape(name)}</name></author>" for name in paper.authors)
        + "</entry>"
    )


def listing(category: str, day: date, papers: Sequence[Paper]) -> bytes:
    """Returns the page /list/CATEGORY/new."""
    again = [paper for paper in papers if paper.announce_type in ("replace", "replace-cross")]
    new = [paper for paper in papers if paper not in again]
    shown = _section("New", new) + _section("Replacement", again) if papers else "<p>No updates today.</p>"
    return (
        f"<!DOCTYPE html><html><body><div id='dlpage'><h1>{category}</h1><a href='/list/{category}/recent'>recent</a>"
        f"<h3>Showing new listings for {day:%A, %d %B %Y}</h3><dl id='articles'>{shown}</dl></div></body></html>"
    ).encode()


def _section(kind: str, papers: Sequence[Paper]) -> str:
    head = f"<h3>{kind} submissions (showing {len(papers)} of {len(papers)} entries)</h3>"
    return head + "".join(_listed(paper) for paper in papers) if papers else ""


def _listed(paper: Paper) -> str:
    comment = f'<div class="list-comments"><span class="descriptor">Comments:</span> {escape(str(paper.comment))}</div>'
    return (
        f'<dt><a href="/abs/{paper.arxiv_id}" title="Abstract">arXiv:{paper.arxiv_id}</a>'
        f' [<a href="https://arxiv.org/html/{paper.arxiv_id}v{paper.version or 1}">html</a>]</dt><dd><div class="meta">'
        f'<div class="list-title mathjax"><span class="descriptor">Title:</span> {escape(paper.title)}</div>'
        f'<div class="list-authors">{", ".join(f"<a>{escape(name)}</a>" for name in paper.authors)}</div>'
        + (comment if paper.comment else "")
        + f'<div class="list-subjects">{"; ".join(f"Name ({name})" for name in paper.categories)}</div>'
        f'<p class="mathjax">{escape(_abstract(paper))}</p></div></dd>'
    )


def belongs(paper: Paper, category: str) -> bool:
    """Tells whether a paper is in the feed of this category or archive."""
    return any(_belongs(name, category) for name in paper.categories)


def _belongs(name: str, category: str) -> bool:
    return name == category or name.startswith(f"{category}.")


def _abstract(paper: Paper) -> str:
    return paper.abstract or f"We look at {paper.title.lower()}."
