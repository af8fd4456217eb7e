"""Feeds of journals, servers and databases: RSS 0.91 to 2.0, RDF (RSS 1.0), Atom and JSON Feed.

`feed_rss` (rssboard.org/rss-specification), `feed_rdf` (web.resource.org/rss/1.0), `feed_atom` (RFC 4287) and `feed_json`
(jsonfeed.org/version/1.1) differ in the names of their elements. What publishers add is the same in all of them: PRISM
(idealliance.org/prism), Dublin Core (dublincore.org), and a description whose lines hold what has no element.
"""

import re
from dataclasses import dataclass
from datetime import date

from bot.digests import _arxiv, _dates, _descriptions, _dois, _json, _languages, _markup, _works, _xml
from bot.digests._format import Content, Format
from bot.digests._lines import collapse
from bot.digests._warnings import Warnings
from bot.digests._works import Work

_ATOM = ("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#")
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_VOCABULARIES = (  # parts of addresses of name spaces; the address of PRISM has many forms
    ("prism", "prism:"),
    ("purl.org/dc/terms", "dcterms:"),
    ("purl.org/dc/", "dc:"),
    ("rss/1.0/modules/content", "content:"),
)
_BLOG = re.compile(
    r"wordpress|ghost|blogger|medium|substack|squarespace|tumblr|jekyll|hugo|drupal|typepad", re.IGNORECASE
)
# an address that shows a paper, or a list of papers
_PAGE_OF_PAPER = re.compile(
    r"abstract_?id=|/pii/|/doi/|/abs/|/abstract|/articles?[/?.]|/article-|/papers?/|/paper[:?]|/fulltext|/document/|/preprints?/|/pdf\b|\.pdf\b|/kcms"
    r"|scholar\.google|ssrn\.com|repec\.org|pubmed|ncbi\.nlm|/stable/\d|/hal-\d|ieeexplore|sciencedirect|semanticscholar|ingentaconnect|jstage",
    re.IGNORECASE,
)


class _Fields:
    """The elements of an entry or a channel by name: "title", "prism:doi", "dc:creator"."""

    def __init__(self, element: _xml.Element, root_space: str) -> None:
        self._by_name: dict[str, list[_xml.Element]] = {}
        for child in element.children:
            self._by_name.setdefault(_name(child.name, root_space).lower(), []).append(child)

    def all(self, *names: str) -> list[_xml.Element]:
        return [element for name in names for element in self._by_name.get(name.lower(), ())]

    def texts(self, *names: str) -> list[str]:
        return [text for element in self.all(*names) if (text := element.text.strip())]

    def first(self, *names: str) -> str:
        return next(iter(self.texts(*names)), "")

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._by_name


def _name(name: str, root_space: str) -> str:
    space, _, local = name.rpartition(" ")
    if space in ("", root_space, "http://purl.org/rss/1.0/", *_ATOM):
        return local
    vocabulary = next((prefix for part, prefix in _VOCABULARIES if part in space.lower()), "other:")
    return vocabulary + local


@dataclass(slots=True)
class _Feed:
    """What a feed says about all its entries."""

    root_space: str = ""
    venue: str = ""
    is_blog: bool = False
    is_of_pubmed: bool = False
    day: date | None = None


# what the title of a feed has beside the name of a journal
_VENUE_OF_TITLE = re.compile(
    r"^(?:sciencedirect publication:\s*|[^:]{2,60}:\s+(?=.*: table of contents)|arbeiten aus\s+"
    r"|(?:the )?(?:latest|recent|new|most recent) (?:articles?|papers?|results|issues?) (?:from|for|in|of)\s+(?:the\s+)?|articles in\s+|.*《)"
    r"|\s*[:|–—-]?\s*(?:table of contents|current issue|(?:latest|recent|new|most recent)(?: and \w+)? (?:issues?|articles?|papers?|results)"
    r"|advance (?:access|articles|online publication)|early ?view|ahead of print|most recent|(?:atom |rss )?feed|rss|new toc|online first|articles in press"
    r"|just accepted|in press|subject collection|derni[eè]res publications)\b.*$|(?:》|-CNKI).*$",
    re.IGNORECASE,
)
_NO_VENUE = re.compile(
    r"[\"“”]|\b(?:results?|search|alerts?|query|feed|pubmed|google scholar|updates|paperwire)\b", re.IGNORECASE
)


def _journal_in(title: str) -> str:
    """Returns the name of the journal in the title of a feed; "" for that of a search."""
    name = _VENUE_OF_TITLE.sub("", _markup.plain(title)).strip()
    return "" if _NO_VENUE.search(name) else name


def _feed_of(root: _xml.Element | None) -> _Feed:
    if root is None:
        return _Feed()
    space = root.name.rpartition(" ")[0]
    whole = _Fields(root, space)
    channels = whole.all("channel")
    own = _Fields(channels[0], space) if channels else whole
    generator = " ".join(
        [
            *own.texts("generator"),
            *(one.attributes.get("uri", "") for one in own.all("generator")),
            own.first("other:generatorAgent"),
        ]
    )
    link = own.first("link") + " ".join(one.attributes.get("href", "") for one in own.all("link", "other:link"))
    return _Feed(
        root_space=space,
        venue=own.first("prism:publicationName") or _journal_in(own.first("title")),
        is_blog=bool(_BLOG.search(generator)),
        is_of_pubmed="pubmed" in link,
        day=_dates.day_of(own.first("lastBuildDate", "pubDate", "dc:date", "updated", "modified")),
    )


def _work_of(record: _xml.Element, feed: _Feed) -> Work:
    fields = _Fields(record, feed.root_space)
    title = _title(fields)
    links = _links(record, fields)
    is_blog = feed.is_blog or "other:commentRss" in fields
    texts = fields.texts("content:encoded", "description", "summary", "content", "dc:description")
    described = _descriptions.described(texts, title, feed.venue)
    doi = _doi(fields, links)
    if not doi and not is_blog:
        doi = described.doi
    return Work(
        title=_works.without_period(title) if feed.is_of_pubmed else title,
        doi=doi,
        arxiv_id=next((link for link in links if _arxiv.arxiv_address(link)), None),
        people=_people(fields, _languages.language_of(title)) or described.all_names,
        date=_date(fields) or described.date,
        abstract=described.abstract,
        venue=_venue(fields, title) or described.source or described.cited or feed.venue,
        url=next(iter(links), ""),
        kinds=_kinds(fields),
        is_paper=bool(doi) or not is_blog,
        may_be_anything=True,
        is_likely=any(map(_PAGE_OF_PAPER.search, links))
        or "dc:identifier" in fields
        or "prism:publicationName" in fields,
        version=next((version for link in links if (version := _dois.version_in_address(link))), None),
    )


def _title(fields: _Fields) -> str:
    title, own = fields.first("title"), fields.first("dc:title")
    if not title or (own and _markup.plain(title).endswith(": " + _markup.plain(own))):
        return own or title
    by_authors = re.fullmatch(r"(?P<title>.+\S)\s+--\s+by\s+(?P<names>.+)", title, re.DOTALL)
    return by_authors["title"] if by_authors else title


def _links(record: _xml.Element, fields: _Fields) -> list[str]:
    """Returns the addresses of an entry: its page first, then its ids."""
    pages = [
        link.text.strip() or link.attributes.get("href", "")
        for link in fields.all("link")
        if link.attributes.get("rel", "alternate") == "alternate"
    ]
    about = [value for name, value in record.attributes.items() if name in (f"{_RDF} about", "about")]
    return [text for text in (*pages, *fields.texts("prism:url", "guid", "id", "other:origLink"), *about) if text]


def _doi(fields: _Fields, links: list[str]) -> str | None:
    named = fields.texts(
        "prism:doi", "doi", "other:doi", "dc:identifier", "dcterms:identifier", "prism:identifier", "guid", "id"
    )
    in_links = (doi for link in links if (doi := _dois.doi_in_address(collapse(link))))
    return _dois.doi_among(map(collapse, named)) or next(in_links, None)


def _people(fields: _Fields, language: str) -> list[str]:
    creators = fields.texts("dc:creator", "dcterms:creator")
    authors = fields.all("author") or [one for group in fields.all("authors") for one in group.children or [group]]
    persons = [name for author in authors for name in _persons(author, language) if name]
    names = max(creators, persons, key=len)
    if not names and (by_authors := re.search(r"\S\s+--\s+by\s+(?P<names>.+)$", collapse(fields.first("title")))):
        return [by_authors["names"]]
    return names


def _persons(author: _xml.Element, language: str) -> list[str]:
    own = _in_language(author, language)
    if own is not author:
        return [child.text.strip() for child in own.children]
    parts = {child.name.rpartition(" ")[2]: child.text.strip() for child in author.children}
    if "name" in parts:
        return [parts["name"]]
    given = " ".join(parts[name] for name in ("given_name", "middle_name", "last_name") if parts.get(name))
    return [given or author.text.strip()]


def _in_language(element: _xml.Element, language: str) -> _xml.Element:
    """Returns the part of an element that has one in English and one in another language; else the element."""
    parts = {child.name.rpartition(" ")[2]: child for child in element.children}
    if "en" not in parts:
        return element
    return next((part for name, part in parts.items() if (name == "en") == (language == "en")), element)


def _date(fields: _Fields) -> str:
    named = fields.texts(
        "published_at", "prism:publicationDate", "dc:date", "dcterms:issued", "pubDate", "published", "issued", "prism:coverDate",
        "created", "updated", "modified",
    )  # fmt: skip
    return _dates.date_among(named)


def _venue(fields: _Fields, title: str) -> str:
    named = fields.texts("prism:publicationName", "prism:publicationTitle", "dc:source", "dcterms:isPartOf")
    plain = _markup.plain(title)
    named += [_in_language(one, _languages.language_of(title)).text for one in fields.all("material_title")]
    return next((name for text in named if (name := _works.venue_of(text)) and _markup.plain(text) != plain), "")


def _kinds(fields: _Fields) -> list[str]:
    kinds = fields.texts(
        "category",
        "prism:section",
        "dc:type",
        "prism:genre",
        "prism:contentType",
        "prism:aggregationType",
    )
    kinds += [one.attributes["term"] for one in fields.all("category") if one.attributes.get("term")]
    return [kind for kind in kinds if kind.lower() != "journal"]


def _root(text: str) -> _xml.Element | None:
    return _xml.read_head(text, external=True)


def _local(root: _xml.Element | None) -> str:
    return root.name.rpartition(" ")[2] if root else ""


def _is_rss(text: str) -> bool:
    return _local(_root(text)) == "rss"


def _is_rdf(text: str) -> bool:
    root = _root(text)
    return root is not None and root.name == f"{_RDF} RDF"


def _is_atom(text: str) -> bool:
    root = _root(text)
    return _local(root) == "feed" and root is not None and root.name.rpartition(" ")[0] in ("", *_ATOM)


def _read_xml(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  a feed has no summaries
    root = _root(text)
    feed = _feed_of(root)
    document = _xml.XmlDocument(text, _record_in(root) if root else "item", external=True)
    content = _works.content_of(document.records(), lambda record: _work_of(record, feed), warnings, feed.day)
    _xml.warn_truncated(document, warnings)
    return content


def _record_in(root: _xml.Element) -> str:
    """Returns the name of the elements that are entries: "item" or "entry" in the name space of the feed."""
    space, _, name = root.name.rpartition(" ")
    if name == "RDF":
        spaces = (child.name.rpartition(" ")[0] for child in root.children)
        space = next((space for space in spaces if "rss" in space), "http://purl.org/rss/1.0/")
    return f"{space} {'entry' if name == 'feed' else 'item'}".strip()


_JSON_FEED = re.compile(r'\s*\{.{0,2000}?"version"\s*:\s*"https?:\\?/\\?/jsonfeed\.org\\?/version', re.DOTALL)


def _is_json(text: str) -> bool:
    return bool(_JSON_FEED.match(text))


def _read_json(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  a feed has no summaries
    head = _json.head_of(text)
    venue = _journal_in(head.text("title")) if head else ""
    items = _json.json_items(text, warnings, "items")
    return _works.content_of(items, lambda item: _work_in_json(item, venue), warnings)


def _work_in_json(item: _json.Record, venue: str) -> Work:
    title, ours = item.text("title"), item.record("_paperwire")
    texts = [item.written("content_html"), item.written("content_text"), item.text("summary")]
    described = _descriptions.described(filter(None, texts), title)
    links = [one for name in ("url", "external_url", "id") if (one := item.text(name))]
    doi = _dois.doi_in_field(item.text("doi") or item.text("_doi") or item.text("id"))
    in_links = (found for link in links if (found := _dois.doi_in_address(link)))
    own = doi or next(in_links, None)
    arxiv_id = next((link for link in links if _arxiv.arxiv_address(link)), None)
    names = item.names("authors") or list(filter(None, [item.record("author").text("name")]))
    return Work(
        title=title,
        doi=own,
        arxiv_id=arxiv_id,
        people=names or described.all_names,
        date=_dates.date_of(ours.text("date") or item.text("date_published") or item.text("date_modified")),
        abstract=described.abstract,
        venue=ours.text("venue") or venue,
        url=next(iter(links), ""),
        kinds=item.texts("tags"),
        is_paper=bool(own or arxiv_id) or any(map(_PAGE_OF_PAPER.search, links)),  # most of these feeds are blogs
    )


FORMATS = (
    Format("feed_json", _is_json, _read_json),
    Format("feed_rss", _is_rss, _read_xml),
    Format("feed_rdf", _is_rdf, _read_xml),
    Format("feed_atom", _is_atom, _read_xml),
)
