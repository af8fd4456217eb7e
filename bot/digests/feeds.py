"""Feeds as RSS, RDF and Atom, of arXiv, journals, servers and cn-chat-arxiv; lists of feeds (OPML).

`arxiv_rss`, `arxiv_atom`: arXiv's daily feeds, `https://rss.arxiv.org/rss/cs.LG` and `…/atom/cs.LG`
(info.arxiv.org/help/rss_specifications.html). `arxiv_api_atom`: an answer of arXiv's API,
`https://export.arxiv.org/api/query?…` (info.arxiv.org/help/api/user-manual.html), whose entries have no announce type.

`feed_rss` (rssboard.org/rss-specification), `feed_rdf` (web.resource.org/rss/1.0) and `feed_atom` (RFC 4287) differ in
the names of their elements. What publishers add is the same in all of them: PRISM (idealliance.org/prism), Dublin Core
(dublincore.org), and a description whose lines hold what has no element.
"""

import re
from collections.abc import Iterator
from functools import partial

from bot.digests import arxiv, bilingual, decoding, descriptions, markup, names, scalars, works
from bot.digests.entries import Found
from bot.digests.markup import Element
from bot.digests.works import Work
from bot.failures import BrokenDigest
from subscriptions.errors import Sentence
from subscriptions.model import Paper

ERROR_TITLE = "Feed error for query:"  # arXiv answers 400 with a well-formed feed of this title
LIMIT = 2000  # records of a feed; arXiv drops all further ones silently (info.arxiv.org/help/rss.html)
_ANSWERS = ("arxiv query:", "arxiv search results")  # titles of answers of arXiv's API; the second one of errors
_ERROR_ID = "arxiv.org/api/errors"  # part of the id of an entry in which arXiv's API reports an error
_OF_ARXIV = re.compile(r"https?://(?:[\w-]+\.)*arxiv\.org(?:/|$)")
_CHAT_ARXIV = "Chat Arxiv"  # the beginning of the titles of cn-chat-arxiv

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
# of plain names
_SPACES = (
    "",
    "http://purl.org/rss/1.0/",
    "http://www.w3.org/2005/Atom",
    "http://purl.org/atom/ns#",
)
_VOCABULARIES = (  # parts of addresses of name spaces; the address of PRISM has many forms
    ("prism", "prism:"),
    ("purl.org/dc/terms", "dcterms:"),
    ("purl.org/dc/", "dc:"),
    ("rss/1.0/modules/content", "content:"),
    ("arxiv.org/schemas/atom", "arxiv:"),
)
_BLOG = re.compile(
    r"wordpress|ghost|blogger|medium|substack|squarespace|tumblr|jekyll|hugo|drupal|typepad", re.IGNORECASE
)
_OF_JOURNAL = re.compile(  # what the title of a feed has beside the name of a journal
    r"^(?:rsc - |arbeiten aus |sciencedirect publication:\s*|[^:]{2,60}:\s+(?=.*: table of contents)|(?:the )?(?:latest|recent|new) (?:articles?|papers?|results|issues?) (?:published )?(?:from|for|in|of)\s+(?:the\s+)?|.*《)"
    r"|\s*[:|–—-]?\s*\b(?:table of contents|current issue|(?:latest|recent|new|most recent)(?: and \w+)? (?:issues?|articles?|papers?|results|toc)"
    r"|(?:advance|early) (?:access|articles)|early ?view|ahead of print|(?:atom |rss )?feed|rss|online first|articles in press|in press|subject collection)\b.*$|(?:》|-CNKI).*$",
    re.IGNORECASE,
)
_NO_JOURNAL = re.compile(
    r"[\"“”]|\b(?:results?|search|alerts?|query|feed|pubmed|google scholar|updates|paperwire|preprints?|chemrxiv)\b",
    re.IGNORECASE,
)
_FEED_BEFORE = re.compile(r"^\[[^\[\]]*\] ")
_LONGEST_NAME = 100  # characters of the title of a feed in a list of feeds


class _Fields:
    """The elements of an entry or a channel by name: "title", "prism:doi", "dc:creator", "other:origLink"."""

    def __init__(self, element: Element, own_space: str) -> None:
        self.about = element.get(f"{{{_RDF}}}about", "")
        self._by_name: dict[str, list[Element]] = {}
        for child in element:
            space, _, name = str(child.tag).lstrip("{").rpartition("}")
            self._by_name.setdefault(_prefix(space, own_space) + name.lower(), []).append(child)

    def all(self, *wanted: str) -> list[Element]:
        return [element for name in wanted for element in self._by_name.get(name.lower(), ())]

    def texts(self, *wanted: str) -> list[str]:
        return [text for element in self.all(*wanted) if (text := markup.text_of(element).strip())]

    def first(self, *wanted: str) -> str:
        return next(iter(self.texts(*wanted)), "")

    def terms(self) -> list[str]:
        """Returns the names of categories: attributes in Atom, texts in RSS."""
        found = self.all("arxiv:primary_category", "category")
        return [term for one in found if (term := one.get("term") or markup.text_of(one).strip())]

    def links(self) -> list[str]:
        """Returns the addresses of pages, of the entry's own page first."""
        own = [one for one in self.all("link") if one.get("rel", "alternate") == "alternate"]
        return [address for one in own if (address := markup.text_of(one).strip() or one.get("href", ""))]


def _prefix(space: str, own_space: str) -> str:
    if space == own_space or space in _SPACES:
        return ""
    return next((prefix for part, prefix in _VOCABULARIES if part in space.lower()), "other:")


def read(text: str, wanted: str | None, language: str | None) -> Found | None:  # noqa: ARG001  a feed tells its format
    """Returns the papers of a feed; None if the text is none.

    Raises BrokenDigest if it breaks off before its first entry.
    """
    tree = markup.tree_of(text)
    if tree is None or markup.local(tree.root) not in ("rss", "RDF", "feed"):
        return None
    root = tree.root
    space = str(root.tag).lstrip("{").rpartition("}")[0]
    channel = root if root.tag.endswith("feed") else next(root.iter("{*}channel"), None)
    if channel is None:  # RDF of another kind
        return None
    head = _Fields(channel, space)
    found = Found(format=_format_of(root, head))
    records = tree.records("entry" if root is channel else "item")
    found.warnings["xml_truncated"] += tree.is_damaged
    fields = (_Fields(record, space) for record in records)
    if found.format.startswith("arxiv"):
        _read_arxivs(found, fields, head)
        if found.format != "arxiv_api_atom" and len(records) >= LIMIT:
            found.warnings["possibly_capped"] = len(records)
    elif found.format == "bilingual_rss":
        found.add(filter(len, records), lambda item: _bilingual(_Fields(item, space), found, language))
    else:
        found.day = scalars.day_of(head.first("lastBuildDate", "pubDate", "dc:date", "updated", "modified"))
        works.add_works(found, fields, partial(_work_of, feed=head))
    return found


def _format_of(root: Element, head: _Fields) -> str:
    title, identity, name = head.first("title"), head.first("id"), markup.local(root)
    if name == "feed":
        if "rss.arxiv.org/atom" in identity or title.startswith(ERROR_TITLE):
            return "arxiv_atom"
        is_answer = "arxiv.org/api/" in identity or title.lower().startswith(_ANSWERS)
        return "arxiv_api_atom" if is_answer else "feed_atom"
    if name == "RDF":
        return "feed_rdf"
    if title.startswith(_CHAT_ARXIV):
        return "bilingual_rss"
    is_arxivs = _OF_ARXIV.match(head.first("link")) or title.startswith(ERROR_TITLE) or title.endswith("on arXiv.org")
    return "arxiv_rss" if is_arxivs else "feed_rss"


def _read_arxivs(found: Found, entries: Iterator[_Fields], head: _Fields) -> None:
    found.day = scalars.arxiv_day(head.first("pubDate", "updated"))
    title = head.first("title")
    if title.startswith(ERROR_TITLE):
        found.error = head.first("description", "subtitle") or title
        return
    found.add(entries, partial(_paper_of_arxiv, found=found))


def _paper_of_arxiv(entry: _Fields, found: Found) -> Paper | None:
    """Returns the paper of an entry; None if it reports an error."""
    identity, text = entry.first("guid", "id"), entry.first("description", "summary")
    if _ERROR_ID in identity:
        found.error = text or entry.first("title")
        return None
    link = next(iter(entry.links()), "")
    announcement, abstract = arxiv.split_announcement(text)
    arxiv_id, version = arxiv.arxiv_address(identity) or arxiv.arxiv_address(link) or (None, None)
    if announcement and arxiv_id not in (None, announcement.arxiv_id):
        found.warnings["id_mismatch"] += 1
    elif announcement and version is None:
        arxiv_id, version = announcement.arxiv_id, announcement.version
    creators = ", ".join(entry.texts("dc:creator"))
    authors = (
        names.split_names(creators)
        if creators
        else names.joined_names(name for author in entry.all("author") for name in _names_of(author))
    )
    kind = arxiv.announce_type(entry.first("arxiv:announce_type"))
    return Paper(
        key="",
        title=entry.first("title"),
        abstract=abstract,
        authors=authors,
        categories=arxiv.categories_of(entry.terms()),
        arxiv_id=arxiv_id,
        doi=scalars.doi_in_field(next(iter(entry.first("arxiv:doi").split()), "")),
        version=version,
        url=link,
        announce_type=kind or (announcement.kind if announcement else None),
        comment=entry.first("arxiv:comment"),
    )


def _bilingual(item: _Fields, found: Found, language: str | None) -> Paper:
    """Returns the paper of an item of cn-chat-arxiv, whose title is the summary.

    Its seven paragraphs are plain text.
    """
    texts = bilingual.texts_of(item.first("description")) or {"link": "", "tldr": item.first("title")}
    return bilingual.paper_of(found, language, **texts | {"link": item.first("link") or texts["link"]})


def _work_of(entry: _Fields, feed: _Fields) -> Work:
    title, _, by = entry.first("title", "dc:title").partition(" -- by ")  # NBER's
    feeds = [*(one.text or "" for one in entry.all("source")), feed.first("title")]
    journal = feed.first("prism:publicationName") or next(filter(None, map(_journal_in, feeds)), "")
    texts = entry.texts("content:encoded", "description", "summary", "content", "dc:description")
    described = descriptions.described(texts, title, journal)
    links = [*entry.links(), *entry.texts("prism:url", "guid", "id", "other:origLink"), entry.about]
    is_blog = _is_blog(feed) or bool(entry.all("other:commentRss"))
    doi = _doi_of(entry, links, described.doi, is_blog=is_blog)
    arxiv_id = next(filter(arxiv.arxiv_address, links), None)
    people = max(
        entry.texts("dc:creator", "dcterms:creator"),
        [name for author in entry.all("author", "authors") for name in _names_of(author)],
        key=len,
    )
    by_feed = [name for name in people[:1] if title.startswith(f"[{name}] ") or _journal_in(name) != markup.plain(name)]
    for name in by_feed:  # of one who joins several feeds
        title, journal = _FEED_BEFORE.sub("", title), _journal_in(name)
    # a feed of papers of arXiv is a list, not a journal
    venue = works.venue_of(_venue_of(entry, title) or described.source or ("" if arxiv_id else journal))
    people = [name for name in people if name not in (venue, *by_feed)] or list(filter(None, [described.names or by]))
    is_likely = any(map(works.is_page_of_paper, links)) or bool(entry.all("dc:identifier", "prism:publicationName"))
    return Work(
        title=works.without_period(title) if "pubmed" in " ".join(feed.links()) else title,
        doi=doi,
        arxiv_id=None if is_blog else arxiv_id,
        people=people,
        date=_date_of(entry) or described.date,
        abstract=described.abstract,
        venue=venue,
        url=next(filter(None, links), ""),
        kinds=[*entry.terms(), *entry.texts("prism:section", "dc:type", "prism:genre", "prism:contentType")],
        is_paper=bool(doi) if is_blog else bool(doi or arxiv_id or people or is_likely),
        version=next(filter(None, map(scalars.version_in_address, links)), None),
    )


def _doi_of(entry: _Fields, links: list[str], in_text: str, *, is_blog: bool) -> str | None:
    """Returns the DOI of an entry: in a field of its own, else in an address, else in its text.

    An address may go on behind the DOI; then the one in the text is right. Posts of blogs are about other works.
    """
    named = ("prism:doi", "doi", "other:doi", "dc:identifier", "dcterms:identifier", "prism:identifier", "guid", "id")
    doi = scalars.doi_among(map(scalars.collapse, entry.texts(*named)))
    if doi or is_blog:
        return doi
    in_address = next(filter(None, map(scalars.doi_in_address, map(scalars.collapse, links))), None)
    return in_text if in_text and (in_address or in_text).startswith(in_text) else in_address


def _journal_in(title: str) -> str:
    """Returns the name of the journal in the title of a feed; "" for that of a search or of a server of preprints."""
    name = _OF_JOURNAL.sub("", markup.plain(title)).strip(" '")
    return "" if _NO_JOURNAL.search(name) else name


def _is_blog(feed: _Fields) -> bool:
    generators = feed.all("generator", "other:generatorAgent")
    return any(_BLOG.search(" ".join([markup.text_of(one), *markup.attributes_of(one).values()])) for one in generators)


def _names_of(author: Element) -> list[str]:
    """Returns the names in the element of an author or of several, which in Atom are elements inside it."""
    inside = list(_in_english(author).iter("{*}name")) or list(author.iter("{*}author")) or [author]
    parts = [[part for part in one if markup.local(part).endswith("_name")] or [one] for one in inside]
    return [name for some in parts if (name := " ".join(map(markup.text_of, some)).strip())]


def _in_english(element: Element) -> Element:
    """Returns the part of an element that has one in English and one in another language; else the element."""
    return next((child for child in element if markup.local(child) == "en"), element)


def _date_of(entry: _Fields) -> str:
    return scalars.date_among(
        entry.texts(
            "published_at", "prism:publicationDate", "dc:date", "dcterms:issued", "pubDate", "published", "issued",
            "prism:coverDate", "created", "updated", "modified",
        )
    )  # fmt: skip


def _venue_of(entry: _Fields, title: str) -> str:
    """Returns the journal of an entry. Some publishers write the title of the work in its place."""
    named = entry.texts("prism:publicationName", "prism:publicationTitle", "dc:source", "dcterms:isPartOf")
    named += [markup.text_of(_in_english(one)) for one in entry.all("material_title")]
    plain = markup.plain(title)
    return next((name for text in named if (name := works.venue_of(text)) and markup.plain(text) != plain), "")


def feeds_of_opml(data: bytes, name: str) -> dict[str, str]:
    """Returns address → title of the feeds in an OPML document, also of those in folders; "" for no title.

    Raises BrokenDigest, whose text begins with `name`.
    """
    try:
        tree = markup.tree_of(decoding.text_of(data))
    except decoding.NotText:
        tree = None
    if tree is None or tree.is_damaged or markup.local(tree.root) != "opml":
        raise BrokenDigest(Sentence("{name}: this is no OPML that can be read.", {"name": name}))
    found: dict[str, str] = {}
    for outline in tree.root.iter("outline"):
        given = markup.attributes_of(outline)
        address = re.sub(r"^feed:(?://)?(?=https?:)|^feed:(?=//)", "", "".join(given.get("xmlurl", "").split()))
        if address.startswith("//"):
            address = f"http:{address}"
        if address:
            found.setdefault(address, scalars.collapse(given.get("title") or given.get("text") or "")[:_LONGEST_NAME])
    return found
