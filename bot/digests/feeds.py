"""Feeds as RSS, RDF and Atom, of arXiv, journals, servers and cn-chat-arxiv; lists of feeds (OPML).

`arxiv_rss`, `arxiv_atom`: arXiv's daily feeds, `https://rss.arxiv.org/rss/cs.LG` and `…/atom/cs.LG`
(info.arxiv.org/help/rss_specifications.html). `arxiv_api_atom`: an answer of arXiv's API,
`https://export.arxiv.org/api/query?…` (info.arxiv.org/help/api/user-manual.html), whose entries have no announce type.

`feed_rss` (rssboard.org/rss-specification), `feed_rdf` (web.resource.org/rss/1.0) and `feed_atom` (RFC 4287) differ in
the names of their elements. What publishers add is the same in all of them: PRISM (idealliance.org/prism), Dublin Core
(dublincore.org), and a description whose lines hold what has no element.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from bot.digests import arxiv, files, markup, names, papers, scalars
from bot.digests.markup import Element
from bot.digests.papers import Found, Work
from bot.digests.scalars import first_of
from subscriptions.errors import BrokenDigest, Sentence
from subscriptions.model import Paper

ERROR_TITLE = "Feed error for query:"  # arXiv answers 400 with a well-formed feed of this title
LIMIT = 2000  # records of a feed; arXiv drops all further ones silently (info.arxiv.org/help/rss.html)
_ANSWERS = ("arxiv query:", "arxiv search results")  # titles of answers of arXiv's API; the second one of errors
_ERROR_ID = "arxiv.org/api/errors"  # part of the id of an entry in which arXiv's API reports an error
_OF_ARXIV = re.compile(r"https?://(?:[\w-]+\.)*arxiv\.org(?:/|$)")
_NOT_YET = re.compile(
    r"\W*(?:accepted|in (?:press|preparation|review)|submitted|to (?:appear|be)|under review)\b", re.IGNORECASE
)
_CHAT_ARXIV = "Chat Arxiv"  # the beginning of the titles of cn-chat-arxiv
_OUTSIDE = re.compile(r"<p>[^\S\n]*\n(?P<inside>.*)\n</p>", re.DOTALL)  # of its paragraphs
_BETWEEN_PARAGRAPHS = re.compile(r"\n</p>[^\S\n]*\n<p>[^\S\n]*\n")

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
# of plain names
_SPACES = ("", "http://purl.org/rss/1.0/", "http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#")
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
    re.IGNORECASE | re.ASCII,
)
_NO_JOURNAL = re.compile(
    r"[\"“”]|\b(?:results?|search|alerts?|query|feed|pubmed|google scholar|updates|paperwire|preprints?|chemrxiv)\b",
    re.IGNORECASE | re.ASCII,
)
_IN_A_LIST = re.compile(r"https?://d\.repec\.org/")  # New Economics Papers
_FEED_BEFORE = re.compile(r"^\[[^\[\]]*\] ")
_OFFICE = re.compile(
    r"(?:the |.* )?(?:editors?|editorial (?:office|staff|team)|admin(?:istrator)?|webmaster|publisher)", re.IGNORECASE
)
_PARTS_OF_HEAD = frozenset({"author", "channel", "contributor", "image", "items", "skipdays", "skiphours", "textinput"})
_LONGEST_NAME = 100  # characters of the title of a feed in a list of feeds

# lines of descriptions
_DATE = re.compile(
    r"(?:publication date|available online|published(?: online)?(?: on)?|published date|first published|date|日期)\s*[:：]?\s*(?P<date>[\dA-Z].{3,40}?)(?:[;.|]|$)",
    re.IGNORECASE,
)
_NAMES = re.compile(r"(?:authors?(?:\(s\))?|by|作者)\s*[:：]\s*(?P<names>.*)", re.IGNORECASE)
_NAME = r"(?:[^\W\d_a-zß-ÿ][\w.'’-]*+|van|von|de|del|der|di|da|dos|la|le|ten|ter)"
_PERSON = rf"{_NAME}(?:[ -]{_NAME}){{1,6}}"
_LISTED = (
    r"[^\W\d_a-z](?=[^;]*(?:[\s,.-][^\W\d_a-zß-ÿ]|[^\x00-\u024f]))[^\d:;!?]{1,60}"  # `Medical specialty` is no name
)
_PERSONS = re.compile(  # with commas, or with semicolons, between which there may be anything that is no sentence
    rf"{_PERSON}(?:(?:, (?:and )?| and ){_PERSON})*(?:,? et al\.?)?|(?:{_LISTED};\s*)+(?:{_LISTED})?"
)
_BY = re.compile(rf"by (?P<names>{_PERSONS.pattern})")
_PERSONS_IN = re.compile(r"(?P<names>.{3,400}?) in (?P<source>(?:Proceedings|Findings|Transactions|Journal)\b.{5,300})")
_SOURCE = re.compile(r"(?:source|journal|publication|期刊|来源)\s*[:：]\s*(?P<source>.{2,200})", re.IGNORECASE)
_NO_TEXT = re.compile(  # citations, and what pages show around an abstract
    r".{0,160}(?:\b(?:Volume|Vol\.)\s*\d|\bEarly ?View\b|\bAhead of Print\b|\bAdvance Article\b|\bJust Accepted\b|\bLatest Articles\b|\bOnline First\b"
    r"|\bIn Press\b|\d \((?:19|20)\d\d\), \d|,\s*Page\s*\w+|\bpp?\. \d|\bdoi:\s*10\.|doi\.org/10\.|\bPublished online\b).{0,160}"
    r"|(?:HTML|XML|PDF|Abstract(?:, references.*)?|Full text|Read more|\.|Graphical abstract|Open access|[\w-]+(?:\.[\w-]+)+|\|)"
    r"|(?:Table of contents|Abstract)(?: \| (?:Abstract|Full text|PDF))+"
    r"|(?:To cite this article|This article is licensed|Keywords?:|PMID:|The content of this RSS Feed|Upvotes:|\[\.\.\.\]|Georg Thieme Verlag|Article in Thieme eJournals|\[.{1,200}\] Published|View article|DOI\s*:|<正>|The post .{1,300} appeared first on).*"
    r"|(?:PMC|ISSN)\b.{0,40}|[^.]{2,120}\s\d+(?:\([\d–-]+\))?\s*[:,]\s*\w?\d+(?:\s*[–-]\s*\w?\d+)?\.?",
    re.IGNORECASE,
)
# ScienceDirect's, where a relay left out the paragraphs
_LABELS_IN_LINE = re.compile(r"\s+(?=(?:Source|Author\(s\)): )")
# of the abstract, and of a picture that is not there
_LABEL = re.compile(r"(?:Abstract|Summary): |image(?=[A-Z][a-z]+(?: [\w/&]+)?:)")
_JOURNAL = re.compile(r".{2,99}[^.!?…]")  # a journal, with its issue, before a DOI: it is no sentence
_LONGEST_NOTE = 300  # characters of a line that is no sentence of an abstract
_FIRST_LINES = 6  # one of which may be a line of names without a label


class _Fields:
    """The elements of an entry or a channel by name: "title", "prism:doi", "dc:creator", "other:origLink"."""

    def __init__(self, element: Element, own_space: str) -> None:
        self.about = element.get(f"{{{_RDF}}}about", "")
        self._by_name: dict[str, list[Element]] = {}
        for child in element:
            space, _, name = str(child.tag).lstrip("{").rpartition("}")
            prefix = "other:"
            if space == own_space or space in _SPACES:
                prefix = ""
            else:
                prefix = next((prefix for part, prefix in _VOCABULARIES if part in space.lower()), prefix)
            self._by_name.setdefault(prefix + name.lower(), []).append(child)

    def all(self, *wanted: str) -> list[Element]:
        return [element for name in wanted for element in self._by_name.get(name.lower(), ())]

    def texts(self, *wanted: str) -> list[str]:
        return [text for element in self.all(*wanted) if (text := markup.text_of(element).strip())]

    def first(self, *wanted: str) -> str:
        return next(iter(self.texts(*wanted)), "")

    def terms(self) -> list[str]:
        """Return the names of categories: attributes in Atom, texts in RSS."""
        found = self.all("arxiv:primary_category", "category")
        return [term for one in found if (term := one.get("term") or markup.text_of(one).strip())]

    def links(self) -> list[str]:
        """Return the addresses of pages, of the entry's own page first."""
        own = [one for one in self.all("link") if one.get("rel", "alternate") == "alternate"]
        return [address for one in own if (address := markup.text_of(one).strip() or one.get("href", ""))]


def read(text: str, wanted: str | None, language: str | None) -> Found | None:  # noqa: ARG001  a feed tells its format
    """Return the papers of a feed; None if the text is none.

    Raise BrokenDigest if it breaks off before its first entry.
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
    kinds = ("entry", "item") if root is channel else ("item", "entry")  # some feeds write those of the other kind
    present = [name for name in kinds if next(root.iter(f"{{*}}{name}"), None) is not None]
    parts = {markup.local(one).lower() for one in (*root, *channel) if len(one)}
    if not present and (parts - _PARTS_OF_HEAD or next(root.iter(f"{{{_RDF}}}li"), None) is not None):
        return None  # entries are there, but in no form that is known
    records = tree.records((present or kinds)[0])
    found.warnings["xml_truncated"] += tree.is_damaged
    entries = (_Fields(record, space) for record in records if len(record) or found.format != "bilingual_rss")
    if found.format == "bilingual_rss":
        found.add(entries, lambda entry: _chat_paper(entry, language))
    elif not found.format.startswith("arxiv"):
        found.day = scalars.day_of(head.first("lastBuildDate", "pubDate", "dc:date", "updated", "modified"))
        papers.add_works(found, entries, partial(_work_of, feed=_feed_of(head)))
    else:
        found.day = scalars.arxiv_day(head.first("pubDate", "updated"))
        if head.first("title").startswith(ERROR_TITLE):
            found.error = head.first("description", "subtitle") or head.first("title")
        else:
            found.add(entries, partial(_paper_of_arxiv, found=found))
        if found.format != "arxiv_api_atom" and len(found.papers) >= LIMIT:
            found.warnings["possibly_capped"] = len(found.papers)
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


def _paper_of_arxiv(entry: _Fields, found: Found) -> Paper | None:
    """Return the paper of an entry; None if it reports an error."""
    identity, text = entry.first("guid", "id"), entry.first("description", "summary")
    if _ERROR_ID in identity:
        found.error = text or entry.first("title")
        return None
    creators = ", ".join(entry.texts("dc:creator"))
    return replace(
        papers.paper_at(identity, *entry.links()[:1]),
        title=entry.first("title"),
        abstract=text,
        authors=names.split_names(creators) if creators else names.joined_names(_names_in(entry.all("author"))),
        categories=tuple(entry.terms()),
        doi=first_of(scalars.doi_in_field, entry.first("arxiv:doi").split()),
        announce_type=arxiv.announce_type(entry.first("arxiv:announce_type")),
        comment=entry.first("arxiv:comment"),
        has_all=found.format == "arxiv_api_atom",
        venue=_venue_in(entry.first("arxiv:journal_ref", "arxiv:journal_reference")),
    )


def _venue_in(reference: str) -> str:
    """Return the journal of a reference; "" where it has not published the paper yet."""
    return "" if _NOT_YET.match(reference) else papers.venue_of(reference)


def _chat_paper(entry: _Fields, language: str | None) -> Paper:
    """Return the paper of an item of cn-chat-arxiv, whose title is the summary.

    Its description is seven paragraphs of plain text, with unescaped `<` and `&`; reading them as HTML would damage
    them. If one is missing, it is unknown which.
    """
    outside = _OUTSIDE.fullmatch(entry.first("description"))
    texts = _BETWEEN_PARAGRAPHS.split(outside["inside"]) if outside else []
    named = dict(zip(papers.CHAT_TEXTS, texts, strict=False))
    if len(texts) != len(papers.CHAT_TEXTS):
        named = {"link": "", "tldr": entry.first("title")}
    return papers.chat_paper(named | {"link": entry.first("link") or named["link"]}, language)


@dataclass(frozen=True, slots=True)
class _Feed:
    """What the head of a feed says of its entries."""

    journal: str  # as one of its elements names it; "": none does
    journal_in_title: str  # "": that of a search or of a server of preprints
    is_blog: bool
    is_pubmed: bool
    home: str  # its address, or its title


def _feed_of(head: _Fields) -> _Feed:
    programs = (
        " ".join([markup.text_of(one), *markup.attributes_of(one).values()])
        for one in head.all("generator", "other:generatorAgent")
    )
    return _Feed(
        journal=head.first("prism:publicationName")[:_LONGEST_NOTE],
        journal_in_title=_journal_in(head.first("title")[:_LONGEST_NOTE]),
        is_blog=any(map(_BLOG.search, programs)),
        is_pubmed="pubmed" in " ".join(head.links()),
        home=next(iter(head.links()), head.first("title")),
    )


def _work_of(entry: _Fields, feed: _Feed) -> Work:
    title, _, by = entry.first("title", "dc:title").partition(" -- by ")  # NBER's
    in_entry = (one.text or "" for one in entry.all("source"))
    journal = feed.journal or first_of(_journal_in, in_entry) or feed.journal_in_title
    texts = entry.texts("content:encoded", "description", "summary", "content", "dc:description")
    described = described_in(texts, title, journal)
    links = [*entry.links(), *entry.texts("prism:url", "guid", "id", "other:origLink"), entry.about]
    is_blog = feed.is_blog or bool(entry.all("other:commentRss"))
    doi = _doi_of(entry, links, described.doi, is_blog=is_blog)
    is_of_arxiv = first_of(arxiv.arxiv_address, links)
    people = max(entry.texts("dc:creator", "dcterms:creator"), _names_in(entry.all("author", "authors")), key=len)
    by_feed = [name for name in people[:1] if title.startswith(f"[{name}] ") or _journal_in(name) != markup.plain(name)]
    for name in by_feed:  # of one who joins several feeds
        title, journal = _FEED_BEFORE.sub("", title), _journal_in(name)
    if is_of_arxiv or any(map(_IN_A_LIST.match, links)):  # the feed is a list of papers, not a journal
        journal = ""
    venue = papers.venue_of(_venue_of(entry, title) or described.venue or journal)
    people = [name for name in people if name not in (venue, *by_feed)] or described.people or list(filter(None, [by]))
    pages = [link for link in links if link and link.rstrip("/") != feed.home.rstrip("/")]
    is_by_people = any(not _OFFICE.fullmatch(name) for name in people) or bool(people and pages)
    is_likely = any(map(papers.is_page_of_paper, pages)) or entry.all("dc:identifier", "prism:publicationName")
    return Work(
        title=papers.title_of_pubmed(title) if feed.is_pubmed else title,
        doi=doi,
        people=people,
        date=first_of(
            scalars.date_of,
            entry.texts(
                "published_at", "prism:publicationDate", "dc:date", "dcterms:issued", "pubDate", "published", "issued",
                "prism:coverDate", "created", "updated", "modified",
            ),
        ) or described.date,
        abstract=described.abstract,
        venue=venue,
        links=links,
        entry=entry_of(entry.first("guid", "id") or entry.about, feed.home),
        kinds=[*entry.terms(), *entry.texts("prism:section", "dc:type", "prism:genre", "prism:contentType")],
        is_paper=bool(doi) if is_blog else bool(doi or is_of_arxiv or is_by_people or is_likely),
    )  # fmt: skip


def entry_of(name: str, home: str = "") -> str:
    """Return what a feed calls an entry, so that no other feed means another entry by it. `home`: the feed's address."""
    if not name or ":" in name:
        return name
    return f"{home} {name}" if home else ""


def _doi_of(entry: _Fields, links: list[str], in_text: str | None, *, is_blog: bool) -> str | None:
    """Return the DOI of an entry: in a field of its own, else in an address, else in its text.

    An address may go on after the DOI; then the one in the text is right. Post of blogs are about other works.
    """
    named = ("prism:doi", "doi", "other:doi", "dc:identifier", "dcterms:identifier", "prism:identifier", "guid", "id")
    doi = first_of(scalars.doi_in_field, map(scalars.collapse, entry.texts(*named)))
    if doi or is_blog:
        return doi
    in_address = first_of(scalars.doi_in_address, map(scalars.collapse, links))
    return in_text if in_text and (in_address or in_text).startswith(in_text) else in_address


def _journal_in(title: str) -> str:
    """Return the name of the journal in the title of a feed; "" for that of a search or of a server of preprints."""
    name = _OF_JOURNAL.sub("", markup.plain(title)).strip(" '")
    return "" if _NO_JOURNAL.search(name) else name


def _names_in(authors: Iterable[Element]) -> list[str]:
    """Return the names in elements of an author or of several, which in Atom are elements inside them."""
    found = []
    for author in authors:
        inside = list(markup.outermost(_in_english(author), "name"))
        for one in inside or list(markup.outermost(author, "author")) or [author]:
            parts = [part for part in one if markup.local(part).endswith("_name")] or [one]
            found.append(" ".join(map(markup.text_of, parts)).strip())
    return list(filter(None, found))


def _in_english(element: Element) -> Element:
    """Return the part of an element that has one in English and one in another language; else the element."""
    return next((child for child in element if markup.local(child) == "en"), element)


def _venue_of(entry: _Fields, title: str) -> str:
    """Return the journal of an entry. Some publishers write the title of the work in its place."""
    named = entry.texts("prism:publicationName", "prism:publicationTitle", "dc:source", "dcterms:isPartOf")
    named += [markup.text_of(_in_english(one)) for one in entry.all("material_title")]
    plain = markup.plain(title)
    return next((name for text in named if (name := papers.venue_of(text)) and markup.plain(text) != plain), "")


def described_in(texts: Iterable[str], title: str, venue: str = "") -> Work:
    """Return what the descriptions of an entry tell: the longest abstract, and the first people, date, venue and DOI.

    `title`, with markup, and `venue` are those of the entry, which lines may repeat.
    """
    found, plain = Work(), markup.plain(title)
    for text in texts:
        kept: list[str] = []
        lines = markup.lines(text)
        if lines and lines[0].startswith("Publication date:"):
            lines = [*_LABELS_IN_LINE.split(lines[0]), *lines[1:]]
        for number, (line, following) in enumerate(zip(lines, [*lines[1:], ""], strict=False)):
            if line.lower() == "abstract":  # what comes before is the text of a picture
                kept.clear()
            elif number < _FIRST_LINES and line != plain and _are_names(line, following):
                found.people = found.people or [line]
            elif number == 0 and _is_journal(line, following):
                found.venue = found.venue or line
            elif line != venue and not _is_note(found, line, plain):
                kept.append(_LABEL.sub("", line, count=1) if _LABEL.match(line) else line)
        found.abstract = max(" ".join(kept), found.abstract, key=len)
    return found


def _are_names(line: str, following: str) -> bool:
    """Return whether a line is a list of names, or one name before a citation."""
    is_list = re.search(r"[,;，]| and ", line) or (_NO_TEXT.fullmatch(following) and following[:3].lower() != "doi")
    return len(line) <= _LONGEST_NOTE and bool(is_list and _PERSONS.fullmatch(line)) and not _NO_TEXT.fullmatch(line)


def _is_journal(line: str, following: str) -> bool:
    """Return whether a line is the name of a journal, above a DOI."""
    is_named = following[:4].lower() == "doi:" and _JOURNAL.fullmatch(line)
    return bool(is_named) and not _NO_TEXT.fullmatch(line)


def _is_note(found: Work, line: str, title: str) -> bool:
    """Return whether a line is no part of the abstract. Keep in `found` what it says."""
    if named := _NAMES.match(line) or _BY.fullmatch(line):
        found.people = found.people or [named["names"]]
        return True
    if len(line) > _LONGEST_NOTE:
        return False
    if (inside := _PERSONS_IN.fullmatch(line)) and _PERSONS.fullmatch(inside["names"]):
        found.people, found.venue = found.people or [inside["names"]], found.venue or inside["source"]
        return True
    found.doi = found.doi or scalars.doi_in_line(line)
    if (dated := _DATE.match(line)) and (date := scalars.date_of(dated["date"])):
        found.date = found.date or date
        return True
    if named := _SOURCE.match(line):
        found.venue = found.venue or named["source"]
        return True
    repeats_title = line.endswith(title) or (title.endswith(f": {line}") and line.count(" ") > 1)
    return repeats_title or bool(_NO_TEXT.fullmatch(line)) or line.lower().startswith("doi")


def feeds_of_opml(data: bytes, name: str) -> dict[str, str]:
    """Return address → title of the feeds in an OPML document, also of those in folders; "" for no title.

    Raise BrokenDigest, whose text begins with `name`.
    """
    try:
        tree = markup.tree_of(files.text_of(data))
    except files.NotText:
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
