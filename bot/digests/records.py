"""Records of programs and databases in JSON: a row for each kind says what marks a record and where its fields are.

A document is one object or array, an object in each line, or several of these glued together. Records stand in it
alone, in an array, or at the places that their kind names. A part that is damaged is left out, and all others are read.

`daily_arxiv_jsonl` are the lines from which daily-arXiv's pages are made: a paper each, with its summary in `AI`, or,
in forks, beside the other members. `hf_json` is Hugging Face's list of the day (huggingface.co/api/daily_papers),
`bilingual_json` papers of cn-chat-arxiv, `biorxiv_json` an answer of bioRxiv and medRxiv (api.biorxiv.org), `feed_json`
a JSON Feed (jsonfeed.org/version/1.1). The others are answers of databases: OpenAlex (docs.openalex.org), Crossref
(api.crossref.org), Semantic Scholar (api.semanticscholar.org), DOAJ (doaj.org/api), HAL (api.archives-ouvertes.fr),
Europe PMC (europepmc.org/RestfulWebService), PLOS (api.plos.org), Zenodo (developers.zenodo.org), PubMed's ESummary
(eutils.ncbi.nlm.nih.gov).

Paths name members with dots between, `*` for each element of an array or member of an object, and `|` between paths of
which the first that leads to something counts.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bot.digests import arxiv, feeds, files, markup, names, papers, scalars
from bot.digests.papers import Found, Work
from bot.digests.scalars import first_of
from subscriptions.errors import BrokenDigest, Sentence
from subscriptions.life import Event, Mark
from subscriptions.model import Paper

Record = dict[str, Any]

_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=lambda _: None, strict=False)
_TORN = object()
_LINE = re.compile(".*")
_JSON = re.compile(r"\s*[\[{\"\dntf-]")  # a line before the records may have another value
_BLANKS = re.compile("[ \t\r\n\ufeff]*")  # a file that was joined to another may begin with a byte order mark
_BEGINNING = re.compile(r"(?<=\n)\ufeff?[\[{]|\{\s*\"(?:id|title)\"")  # of a record, after damage
# two bounds of the time that a hostile document takes: places that are damaged, and characters that are read again
_MOST_TEARS = 10_000
_LONGEST_AGAIN = 20_000
_MOST_DIGITS, _LONGEST_WORD = 4, 100  # of the place of a word in an abstract; letters
_TORN_APART = 100_000  # characters before a tear, from which the text is cut there, since an error counts their lines
_SEEN = 50  # values of a document, and records of each, by which it is recognised: some may be damaged or empty

# members of `AI` → names of a summary's fields; other members are no parts of a summary
_FIELDS = {name: name for name in papers.FIELDS} | {"comments": "ai_comments", "summary": "ai_abstract"}
_TRANSLATED = "translation|summary_zh|translated_summary|translated_abstract|abstract_zh"  # where `AI` has the abstract in another language
_NO_FIELDS = ("title_translation", *_TRANSLATED.split("|"))  # of `AI`, which are no parts of a summary
_SERVERS = {"medrxiv": "medRxiv"}
_NO_ERRORS = ("", "ok", "no posts found")  # the status of an answer of bioRxiv without preprints

_RELATIONS = (
    "has-preprint",
    "is-preprint-of",
    "is-version-of",
    "has-version",
)  # of Crossref, between records of one work
_EVENTS = {  # what Crossref calls a notice → what became of its work; the other notices are no news
    **dict.fromkeys(("retraction", "removal", "partial_retraction"), Event.RETRACTED),
    "withdrawal": Event.WITHDRAWN,
    "expression_of_concern": Event.CONCERN,
    **dict.fromkeys(("correction", "corrigendum", "erratum", "addendum"), Event.CORRECTED),
}
# marks of the program that makes bioRxiv's pages, without spaces around: `O_ST_ABSResultsC_ST_ABSSand sings.`
_BIORXIV_MARKS = re.compile(
    r"O_LINKSMALLFIG\b[^>]{0,1000}>?(?:\s*View larger version[^:]{0,40}:)?(?:\s*(?:org\.highwire\.dtl\.DTLVardef@[\da-f]+)+(?:_HPS_FORMAT_FIGEXP)?)?"
    r"|(?P<inside>[OC]_(?:SCPLOW|SCPCAP))|[OCM]_(?:ST_ABS|TEXTBOX|CAPTION|FIG|TBL|QD|LI)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """A kind of record. Without `lists`, its records are in no list."""

    format: str
    marks: tuple[str, ...]  # paths that each record has
    answer: tuple[str, ...] = ()  # paths that an answer has, even one without records
    lists: str = ""  # path to the records of an answer
    total: str = ""  # path to their number
    may_be_empty: bool = True  # an answer without records is one of this kind
    alone: bool = True  # records are also in no list, but in an array or in lines
    in_lines: bool = False  # records are mostly in lines, or in joined files, of which the first may be torn
    paper: Callable[[Record, Found, str | None], Paper] | None = None  # for kinds with summaries; the others are works
    amend: Callable[[Record, Work], None] | None = None  # adds to a work what paths alone do not tell
    title: str = "title"
    abstract: str = "abstract"
    people: str = "authors"
    name: str = "name"  # members of a person, with blanks between, and `|` between forms; persons may be texts, too
    doi: str = "doi"
    date: str = ""
    day: str = ""  # of the list that has the record
    venue: str = ""
    links: str = "url"  # several paths, with blanks between
    kinds: str = ""
    tldr: str = ""


def read(text: str, wanted: str | None, language: str | None) -> Found | None:  # noqa: ARG001  a record tells its format
    """Return the papers of a document; None if no kind knows it. Raise BrokenDigest for half a document.

    An empty array is an empty list of Hugging Face.
    """
    if not _JSON.match(text):
        return None
    values = []
    for value in _values_in(text):
        values.append(value)
        files.check_entries(len(values))
    seen = values[:_SEEN]
    for kind in _KINDS:
        if any(_is_record(record, kind) for value in seen for record in _records_in(value, kind)[:_SEEN]):
            if values[0] is _TORN and not (kind.in_lines and text.lstrip().startswith("{")):
                raise BrokenDigest(Sentence("The JSON is damaged or breaks off."))
            return _found_in([record for value in values for record in _records_in(value, kind)], kind, language)
        if any(_is_empty(value, kind) for value in seen) or (kind is _HUGGING_FACE and [] in seen):
            found = _found_in([], kind, language)
            error = text_at(seen, "*.messages.*.status")
            found.error = "" if error.lower() in _NO_ERRORS else error
            return found
    return None


def _values_in(text: str) -> Iterator[Any]:
    """Yield all values, one after the other, mostly one in each line; _TORN for each place that is damaged.

    After damage, reading goes on at the next beginning of a record, or line that begins with an object or array.
    """
    place = tears = 0
    while (place := _end(_BLANKS, text, place)) < len(text) and tears < _MOST_TEARS:
        value, place = _value_at(text, place)
        if value is _TORN:
            following = _BEGINNING.search(text, place)
            place = following.start() if following else len(text)
            tears += 1
            if place > _TORN_APART:
                text, place = text[place:], 0
        yield value


def _after_tear(text: str, place: int, end: int) -> int:
    """Return where to look for the next beginning after a torn value: of a long one, only in its last line."""
    if end - place < _LONGEST_AGAIN:
        return place + 1
    line = text.rfind("\n", place + 1, end)
    return end if line < 0 else line


def _value_at(text: str, place: int) -> tuple[Any, int]:
    """Return (the value that begins there, the place after it); (_TORN, where to look for the next beginning)."""
    try:
        value, end = _DECODER.raw_decode(text, place)
    except json.JSONDecodeError as error:
        return _TORN, _after_tear(text, place, error.pos)
    except (ValueError, RecursionError):  # a number that is too long, too many objects in one another
        return _TORN, _end(_LINE, text, place)
    if isinstance(value, str) and "\n" in text[place:end]:  # from the quote of a torn text to that of the next record
        return _TORN, _after_tear(text, place, end)
    is_part = text.startswith((",", "]", "}"), end)  # of a larger value that was torn
    return (_TORN if is_part else value), end


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start


def _found_in(records: list[Any], kind: _Kind, language: str | None) -> Found:
    found = Found(format=kind.format)
    good = [record for record in records if _is_record(record, kind)]
    kept = len(good)
    if make := kind.paper:
        good = [record for record in records if isinstance(record, dict)]
        found.add(good, lambda record: make(record, found, language))
        kept = len(found.papers) + found.warnings["refused_entries"]
    else:
        papers.add_works(found, good, partial(_work_of, kind=kind))
    found.warnings["bad_json_line"] += len(records) - kept
    if kind.day:
        days = (scalars.day_in(text_at(one, kind.day)) for one in good)
        found.day = max(filter(None, days), default=None)
    found.is_feed = found.is_feed and kind.format != "biorxiv_json"
    return found


def at(value: object, path: str) -> list[Any]:
    """Return the values at a path, without what is empty."""
    for one in path.split("|"):
        found = [value]
        for name in one.split("."):
            found = [inner for outer in found for inner in _below(outer, name)]
        if found := [inner for inner in found if inner not in (None, "", [], {})]:
            return found
    return []


def _below(value: object, name: str) -> Sequence[Any]:
    if name == "*" and isinstance(value, dict):
        return [one for one in value.values() if isinstance(one, dict)]
    if name == "*":
        return value if isinstance(value, list) else [value]
    return [value[name]] if isinstance(value, dict) and name in value else ()


def text_at(value: object, path: str) -> str:
    """Return the first text at a path, as it is written; "" if there is none."""
    return next((one for one in at(value, path) if isinstance(one, str) and one.strip()), "")


def texts_at(value: object, path: str) -> list[str]:
    """Return all texts at a path, and in arrays there."""
    return [one for outer in at(value, path) for one in _below(outer, "*") if isinstance(one, str)]


def _people_at(record: Record, kind: _Kind) -> list[str]:
    """Return the texts with the names of a record's authors; those who are marked as hidden are left out."""
    people = []
    for person in (one for outer in at(record, kind.people) for one in (outer if isinstance(outer, list) else [outer])):
        if isinstance(person, str):
            people.append(person)
        elif isinstance(person, dict) and person.get("hidden") is not True:
            forms = (map(partial(text_at, person), form.split()) for form in kind.name.split("|"))
            people.append(first_of(lambda form: names.full_name(*form), forms) or "")
    return list(filter(None, people))


def _records_in(value: object, kind: _Kind) -> list[Any]:
    if _is_answer(value, kind):
        return at(value, kind.lists)
    return [] if not kind.alone else value if isinstance(value, list) else [value]


def _is_answer(value: object, kind: _Kind) -> bool:
    return bool(kind.answer) and isinstance(value, dict) and all(_has(value, path) for path in kind.answer)


def _is_empty(value: object, kind: _Kind) -> bool:
    """Return whether an answer says that it has no records: its list is there and empty, or its total is 0."""
    if not kind.may_be_empty or not _is_answer(value, kind) or at(value, kind.lists):
        return False
    return text_at(value, kind.total) == "0" or any(_is_empty_list(value, path) for path in kind.lists.split("|"))


def _is_empty_list(value: object, path: str) -> bool:
    outer, _, name = path.partition(".*")[0].rpartition(".")
    lists = [one.get(name) for one in (at(value, outer) if outer else [value]) if isinstance(one, dict)]
    return any(one == [] or (isinstance(one, dict) and not any(one.values())) for one in lists)


def _is_record(record: object, kind: _Kind) -> bool:
    return isinstance(record, dict) and all(_has(record, mark) for mark in kind.marks)


def _has(record: object, path: str) -> bool:
    """Return whether one of the members at the end of a path ("a.b/c") is there; it may be empty.

    "a=b": its text has a part.
    """
    path, is_equal, part = path.partition("=")
    if is_equal:
        return part in text_at(record, path)
    outer, _, last = path.rpartition(".")
    inside = at(record, outer) if outer else [record]
    return any(name in inner for inner in inside if isinstance(inner, dict) for name in last.split("/"))


def _paper_of_daily(record: Record, found: Found, language: str | None) -> Paper:
    addresses = [text_at(record, name) for name in ("id", "abs", "url", "pdf")]
    generated = record.get("AI")
    if not isinstance(generated, dict) or not generated:
        generated = {name: record[name] for name in papers.FIELDS if name in record}
    texts: dict[str, str] = {}
    unread: list[str] = []
    for name, value in generated.items():
        if name in _FIELDS and isinstance(value, str | list):
            texts[_FIELDS[name]] = ", ".join(texts_at(value, "*"))
        elif name not in _NO_FIELDS and texts_at(value, "*"):
            unread.append(" ".join(texts_at(value, "*")))
    if unread and not texts and not text_at(record, "summary"):
        texts["tldr"], unread = " ".join(unread), []
    found.warnings["unread_text"] += len(unread)
    people = _people_at(record, _DAILY)
    categories = ",".join(texts_at(record, "categories|cate|category"))
    return replace(
        papers.paper_at(*addresses),
        title=text_at(record, "title"),
        abstract=text_at(record, "summary"),
        authors=names.names_of(people)[0] if len(people) == 1 else names.joined_names(people),
        categories=tuple(re.split("[,; ]", categories)),
        summaries=papers.summaries_of(texts, language),
        translations=papers.translations_of(
            text_at(generated, "title_translation"), text_at(generated, _TRANSLATED), language
        ),
        failed=papers.is_failed(texts),
        comment=text_at(record, "comment"),
    )


def _paper_of_hugging_face(record: Record, found: Found, language: str | None) -> Paper:  # noqa: ARG001  as the others
    return replace(
        papers.paper_at(text_at(record, "paper.id")),
        title=text_at(record, "paper.title|title"),
        abstract=text_at(record, "paper.summary|summary"),
        authors=names.joined_names(_people_at(record, _HUGGING_FACE)),
    )


def _paper_of_chat_arxiv(record: Record, found: Found, language: str | None) -> Paper:  # noqa: ARG001  as the others
    texts = {name: text_at(record, name) for name in papers.CHAT_TEXTS if name != "tldr"}
    texts["english_tldr"] = text_at(record, "en_tdlr|en_tldr")
    if isinstance(record.get("tldr"), str):
        texts["tldr"] = record["tldr"]
    return papers.chat_paper(texts, language)


def _work_of(record: Record, kind: _Kind) -> Work:
    work = Work(
        title=text_at(record, kind.title),
        doi=first_of(scalars.doi_in_field, texts_at(record, kind.doi)),
        people=_people_at(record, kind),
        date=first_of(_date_in, (one for path in kind.date.split("|") for one in at(record, path))) or "",
        abstract=text_at(record, kind.abstract),
        venue=text_at(record, kind.venue),
        links=[one for path in kind.links.split() for one in texts_at(record, path)],
        kinds=texts_at(record, kind.kinds),
        summaries=papers.summaries_of({"tldr": text_at(record, kind.tldr)}, "en"),
    )
    if kind.amend:
        kind.amend(record, work)
    return work


def _date_in(value: object) -> str:
    """Return the date in a text, or in an array of year, month and day."""
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    if isinstance(value, list):
        return scalars.date_from(*[one for one in value if isinstance(one, str)][:3]) if value else ""
    if isinstance(value, str) and re.fullmatch(r"\d{9,10}", value):  # seconds
        return datetime.fromtimestamp(int(value), UTC).date().isoformat()
    return scalars.date_of(value) if isinstance(value, str) else ""


def _amend_openalex(record: Record, work: Work) -> None:
    index = record.get("abstract_inverted_index")
    if not work.abstract and isinstance(index, dict):
        listed = {word: places for word, places in index.items() if isinstance(places, list)}
        placed = {
            int(place): word[:_LONGEST_WORD]
            for word, places in listed.items()
            for place in places
            if isinstance(place, str) and place.isdecimal() and len(place) <= _MOST_DIGITS
        }
        abstract = " ".join(placed[place] for place in sorted(placed))
        if len(abstract) <= 2 * sum(len(word) + 3 * len(places) for word, places in listed.items()):
            work.abstract = abstract  # a longer one says a long word a thousand times
    work.is_paper = record.get("is_paratext") is not True
    work.same = texts_at(record, "locations.*.landing_page_url")


def _amend_crossref(record: Record, work: Work) -> None:
    for relation in _RELATIONS:
        named = (
            one for one in at(record, f"relation.{relation}.*") if text_at(one, "id-type").lower() in ("doi", "arxiv")
        )
        work.same += [text_at(one, "id") for one in named]
    work.article = text_at(record, "relation.is-preprint-of.*.id")
    for one in at(record, "updated-by.*"):
        _amend_notice(one, work)
    for one in at(record, "update-to.*"):
        corrected, kind = scalars.doi_in_field(text_at(one, "DOI")), text_at(one, "type")
        if corrected == work.doi:
            _amend_notice(one, work)  # the publisher wrote the notice into the work itself
            continue
        work.kinds.append(kind)
        if event := _EVENTS.get(kind):
            keys = papers.keys_of(corrected or "")
            work.marks.append(Mark(keys=keys, event=event, notice=work.doi or "", day=work.date))


def _amend_notice(record: Record, work: Work) -> None:
    if event := _EVENTS.get(text_at(record, "type")):
        notice, day = scalars.doi_in_field(text_at(record, "DOI")), _date_in(at(record, "updated.date-parts"))
        work.notices.append(Mark(keys=(), event=event, notice="" if notice == work.doi else notice or "", day=day))


def _amend_biorxiv(record: Record, work: Work) -> None:
    server = _SERVERS.get(work.venue.lower(), "bioRxiv")
    work.version = arxiv.version_number(text_at(record, "version"))
    work.title, work.abstract = _without_marks(work.title), _without_marks(work.abstract)
    work.venue = server
    work.article = text_at(record, "published")
    work.same = [work.article]
    if work.doi:
        version = f"v{work.version}" if work.version else ""
        work.links = [f"https://www.{server.lower()}.org/content/{work.doi}{version}"]


def _without_marks(text: str) -> str:
    return _BIORXIV_MARKS.sub(lambda mark: "" if mark["inside"] else " ", markup.without_references(text))


def _amend_pubmed(record: Record, work: Work) -> None:
    work.title = papers.title_of_pubmed(text_at(record, "title"), text_at(record, "vernaculartitle"))
    ids = {text_at(one, "idtype"): text_at(one, "value") for one in at(record, "articleids.*")}
    pmid = ids.get("pubmed") or ids.get("pmid") or ""  # in an answer of PMC, the record's own number is another one
    work.links = [f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"] if pmid.isdecimal() and int(pmid) else []
    work.doi = scalars.doi_in_field(ids.get("doi", ""))


def _amend_europepmc(record: Record, work: Work) -> None:
    source, number = text_at(record, "source"), text_at(record, "id")
    work.title = papers.title_of_pubmed(work.title)
    work.people = work.people or [text_at(record, "authorString").rstrip(".")]
    work.kinds = [part for kind in work.kinds for part in kind.split("; ")]
    work.links = [f"https://europepmc.org/article/{source}/{number}"]


def _amend_doaj(record: Record, work: Work) -> None:
    named = (one for one in at(record, "bibjson.identifier.*") if text_at(one, "type").lower() == "doi")
    work.doi = first_of(lambda one: scalars.doi_in_field(text_at(one, "id")), named)
    work.date = scalars.date_from(text_at(record, "bibjson.year"), text_at(record, "bibjson.month"))


def _amend_feed(record: Record, work: Work) -> None:
    """Read the description of an entry, too.

    Most of these feeds are blogs, so that a paper needs an id or a paper's address.
    """
    described = feeds.described_in(
        filter(None, (text_at(record, name) for name in ("content_html", "content_text", "summary"))), work.title
    )
    work.abstract, work.people = described.abstract, work.people or described.people
    work.entry = feeds.entry_of(text_at(record, "id"))
    named = work.doi or first_of(scalars.doi_in_address, work.links) or first_of(arxiv.arxiv_address, work.links)
    work.is_paper = bool(named) or any(map(papers.is_page_of_paper, work.links))


_DAILY = _Kind(
    format="daily_arxiv_jsonl", marks=("title", "id/url", "summary/AI/tldr"), paper=_paper_of_daily, in_lines=True
)
_HUGGING_FACE = _Kind(
    format="hf_json",
    marks=("paper",),
    paper=_paper_of_hugging_face,
    people="paper.authors",
    day="paper.submittedOnDailyAt",
)
_CROSSREF = _Kind(
    format="crossref_json", answer=("message.items",), lists="message.items.*", total="message.total-results", marks=("DOI", "container-title/title"),
    amend=_amend_crossref, title="title.*", people="author", name="given family suffix|name", doi="DOI", links="URL", kinds="type",
    venue="container-title.*|institution.*.name",
    date="published.date-parts|issued.date-parts|published-online.date-parts|published-print.date-parts|posted.date-parts|created.date-parts",
)  # fmt: skip
_OPENALEX = _Kind(
    format="openalex_json", answer=("meta", "results"), lists="results.*", total="meta.count", marks=("id=openalex.org/W", "authorships/title/display_name"), amend=_amend_openalex,
    title="title|display_name", people="authorships", name="author.display_name|raw_author_name", doi="doi",
    links="primary_location.landing_page_url locations.*.landing_page_url", date="publication_date|publication_year",
    venue="primary_location.source.display_name|host_venue.display_name", kinds="type|type_crossref",
)  # fmt: skip
_FEED = _Kind(
    format="feed_json", answer=("version=jsonfeed.org/version", "items"), lists="items.*", marks=("id/url",), alone=False, amend=_amend_feed,
    people="authors|author", doi="doi|_doi|id", links="url external_url id",
    date="_paperwire.date|date_published|published_at|date_modified", venue="_paperwire.venue|blog_name", name="name|given family",
)  # fmt: skip
_KINDS = (
    _Kind(
        format="bilingual_json", marks=("title", "abstract", "link", "translated_title/translated_abstract/tldr/en_tdlr/context"),
        paper=_paper_of_chat_arxiv, in_lines=True,
    ),
    _HUGGING_FACE,
    _FEED,
    replace(_FEED, answer=("items", "total-results"), marks=("doi", "blog_name/blog"), alone=True),  # Rogue Scholar
    _Kind(
        format="biorxiv_json", answer=("messages", "collection"), lists="collection.*", total="messages.*.total", marks=("doi/title",), alone=False, amend=_amend_biorxiv,
        doi="doi", date="date", venue="server", kinds="type",
    ),
    _OPENALEX,
    replace(_OPENALEX, answer=("results",), may_be_empty=False),  # a list of works that a program kept
    _CROSSREF,
    replace(_CROSSREF, answer=("message.DOI",), lists="message", may_be_empty=False),  # a single work
    _Kind(
        format="s2_json", answer=("total/offset/recommendedPapers", "data/offset/recommendedPapers"), total="total", lists="data.*.citingPaper|data.*.citedPaper|data.*|recommendedPapers.*", marks=("paperId",),
        doi="externalIds.DOI|doi", links="url externalIds.ArXiv", date="publicationDate|year", venue="journal.name|venue",
        kinds="publicationTypes", tldr="tldr.text",
    ),
    _Kind(  # PubMed's ESummary
        format="records_json", answer=("header", "result.uids"), lists="result.*", marks=("articleids",), amend=_amend_pubmed,
        date="epubdate|pubdate|sortpubdate", venue="fulljournalname|source", kinds="pubtype",
    ),
    _Kind(  # Europe PMC
        format="records_json", answer=("version", "resultList"), lists="resultList.result.*", total="hitCount", marks=("source", "id"), alone=False, amend=_amend_europepmc,
        people="authorList.author", name="firstName lastName|fullName|collectiveName", doi="doi", abstract="abstractText",
        date="firstPublicationDate|pubYear", venue="journalInfo.journal.title|journalTitle|bookOrReportDetails.publisher",
        kinds="pubTypeList.pubType|pubType",
    ),
    _Kind(  # DOAJ
        format="records_json", answer=("total", "results"), lists="results.*", total="total", marks=("bibjson.journal/author/abstract",), amend=_amend_doaj,
        title="bibjson.title", abstract="bibjson.abstract", people="bibjson.author", venue="bibjson.journal.title", links="bibjson.link.*.url",
    ),
    _Kind(  # HAL
        format="records_json", answer=("response.docs",), lists="response.docs.*", total="response.numFound", marks=("title_s/halId_s",), title="title_s.*",
        abstract="abstract_s.*", people="authFullName_s", doi="doiId_s", links="uri_s arxivId_s", venue="journalTitle_s",
        date="publicationDate_s|producedDate_s|publicationDateY_i|producedDateY_i|submittedDate_s",
    ),
    _Kind(  # PLOS
        format="records_json", answer=("response.docs",), lists="response.docs.*", total="response.numFound", marks=("title_display/title", "id=10.1371/"),
        title="title_display|title", abstract="abstract.*", people="author_display|author", doi="id", venue="journal", date="publication_date", kinds="article_type",
    ),
    _Kind(  # Zenodo
        format="records_json", answer=("hits.hits",), lists="hits.hits.*", total="hits.total|hits.total.value", marks=("metadata.title",), title="metadata.title", abstract="metadata.description",
        people="metadata.creators", name="name|person_or_org.name|person_or_org.given_name person_or_org.family_name",
        doi="doi|metadata.doi|pids.doi.identifier", venue="metadata.journal.title|custom_fields.journal:journal.title", links="links.self_html|links.html",
        date="metadata.publication_date", kinds="metadata.resource_type.subtype",
    ),
    _DAILY,
)  # fmt: skip
