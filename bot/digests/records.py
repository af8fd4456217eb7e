"""Records of databases of papers, as their interfaces answer: PubMed in XML, all others in JSON or JSON lines.

`pubmed_xml` (dtd.nlm.nih.gov), `openalex_json` (docs.openalex.org), `crossref_json` (api.crossref.org), `s2_json`
(api.semanticscholar.org), and `records_json`: ESummary of PubMed (eutils.ncbi.nlm.nih.gov), Europe PMC
(europepmc.org/RestfulWebService), DOAJ (doaj.org/api) and HAL (api.archives-ouvertes.fr).

Each database stands at the end: where its records are, what marks them, and how one becomes a work.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from bot.digests import _arxiv, _dates, _dois, _json, _plain_text, _summaries, _works, _xml
from bot.digests._format import Content, Format
from bot.digests._json import Record
from bot.digests._warnings import Warnings
from bot.digests._works import Work

_FLAT = frozenset({"ArticleTitle", "VernacularTitle", "AbstractText", "CollectiveName"})
_SET = re.compile(r"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!DOCTYPE\s+PubmedArticleSet\b[^>\[]*>\s*)?<PubmedArticleSet\b")
_NOTHING = _xml.Element("", {})


def _is_pubmed(text: str) -> bool:
    return bool(_SET.match(text))


def _read_pubmed(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    document = _xml.XmlDocument(text, "PubmedArticle", external=True, flat=_FLAT)
    content = _works.content_of(document.records(), _work_of_pubmed, warnings)
    _xml.warn_truncated(document, warnings)
    return content


def _in(element: _xml.Element, *path: str) -> _xml.Element:
    """Returns the element at a path below another one; an empty one if there is none."""
    for name in path:
        element = next((child for child in element.children if child.name == name), _NOTHING)
    return element


def _work_of_pubmed(record: _xml.Element) -> Work:
    citation = _in(record, "MedlineCitation")
    article = _in(citation, "Article")
    pmid = _in(citation, "PMID").text.strip()
    ids = (
        one.text for one in _in(record, "PubmedData", "ArticleIdList").children if one.attributes.get("IdType") == "doi"
    )
    located = (one.text for one in article.all("ELocationID") if one.attributes.get("EIdType") == "doi")
    title = _in(article, "ArticleTitle").text
    return Work(
        title=_works.without_period(title) or _in(article, "VernacularTitle").text,
        doi=_dois.doi_among((*located, *ids)),
        people=[name for one in _in(article, "AuthorList").all("Author") if (name := _name_in_pubmed(one))],
        date=_date_in_pubmed(record, article),
        abstract=" ".join(map(_part_of_abstract, _in(article, "Abstract").all("AbstractText"))),
        venue=_in(article, "Journal", "Title").text,
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/" if pmid.isdecimal() else "",
        kinds=[one.text for one in _in(article, "PublicationTypeList").all("PublicationType")],
    )


def _name_in_pubmed(author: _xml.Element) -> str:
    names = [author.first(name) for name in ("ForeName", "LastName", "Suffix")]
    return " ".join(filter(None, names)) or author.first("CollectiveName")


def _part_of_abstract(part: _xml.Element) -> str:
    label = part.attributes.get("Label", "")
    if label and label != "UNLABELLED":
        return f"{label}: {part.text}"
    return part.text


def _date_in_pubmed(record: _xml.Element, article: _xml.Element) -> str:
    """Returns the day on which a paper appeared online; else that of its issue, or on which PubMed took it in."""
    issue = _in(article, "Journal", "JournalIssue", "PubDate")
    history = {one.attributes.get("PubStatus"): one for one in _in(record, "PubmedData", "History").children}
    dates = (_in(article, "ArticleDate"), issue, history.get("pubmed", _NOTHING), history.get("entrez", _NOTHING))
    written = (_dates.date_from(one.first("Year"), one.first("Month"), one.first("Day")) for one in dates)
    return next(
        filter(None, (next(written), next(written) or _dates.date_of(issue.first("MedlineDate")), *written)), ""
    )


def _work_of_openalex(record: Record) -> Work:
    places = [record.record("primary_location"), *record.records("locations")]
    people = (
        one.record("author").text("display_name") or one.text("raw_author_name")
        for one in record.records("authorships")
    )
    venues = (record.record("primary_location").record("source"), record.record("host_venue"))
    return Work(
        title=record.text("title") or record.text("display_name"),
        doi=_dois.doi_in_field(record.text("doi")),
        arxiv_id=next((url for one in places if _arxiv.arxiv_address(url := one.text("landing_page_url"))), None),
        people=list(filter(None, people)),
        date=_dates.date_of(record.text("publication_date") or record.text("publication_year")),
        abstract=record.text("abstract") or _from_inverted(record.record("abstract_inverted_index")),
        venue=next(filter(None, (one.text("display_name") for one in venues)), ""),
        url=record.record("primary_location").text("landing_page_url"),
        kinds=[record.text("type"), record.text("type_crossref")],
        is_paper=record.members.get("is_paratext") is not True,
    )


def _from_inverted(index: Record) -> str:
    """Returns the text of an index that gives the places of each word."""
    placed = [
        (int(place), word)
        for word, places in index.members.items()
        if isinstance(places, list)
        for place in places
        if isinstance(place, str) and place.isdecimal() and len(place) <= 6  # noqa: PLR2004  digits
    ]
    return _plain_text.plain_words(" ".join(word for _, word in sorted(placed)), index.warnings)


_NO_CROSSREF_PAPERS = frozenset(
    {"correction", "corrigendum", "erratum", "retraction", "removal", "withdrawal", "expression_of_concern"}
)
_DATES = ("published", "issued", "published-online", "published-print", "posted", "created")


def _work_of_crossref(record: Record) -> Work:
    updates = {one.text("type").lower() for one in record.records("update-to")}
    names = (
        " ".join(filter(None, map(one.text, ("given", "family", "suffix")))) or one.text("name")
        for one in record.records("author")
    )
    return Work(
        title=next(iter(record.texts("title")), ""),
        doi=_dois.doi_in_field(record.text("DOI")),
        people=list(filter(None, names)),
        date=next((day for name in _DATES if (day := _date_in_parts(record.record(name)))), ""),
        abstract=record.text("abstract"),
        venue=next(iter(record.texts("container-title") or record.names("institution")), ""),
        url=record.text("URL"),
        kinds=[record.text("type")],
        is_paper=not updates & _NO_CROSSREF_PAPERS,
    )


def _date_in_parts(record: Record) -> str:
    parts = record.members.get("date-parts")
    if not isinstance(parts, list) or not parts or not isinstance(parts[0], list):
        return ""
    numbers = [one for one in parts[0] if isinstance(one, str)]
    if numbers:
        return _dates.date_from(*numbers[:3])
    return ""


def _work_of_s2(record: Record) -> Work:
    if "citingPaper" in record:
        record = record.record("citingPaper")
    ids = record.record("externalIds")
    tldr = record.record("tldr").text("text")
    return Work(
        title=record.text("title"),
        doi=_dois.doi_in_field(ids.text("DOI") or record.text("doi")),
        arxiv_id=ids.text("ArXiv") or None,
        people=record.names("authors"),
        date=_dates.date_of(record.text("publicationDate") or record.text("year")),
        abstract=record.text("abstract"),
        venue=record.record("journal").text("name") or record.text("venue"),
        url=record.text("url"),
        kinds=record.texts("publicationTypes"),
        summaries=_summaries.summaries_of({"tldr": tldr}, "en") if tldr else (),
    )


def _work_of_esummary(record: Record) -> Work:
    pmid = record.text("uid")
    return Work(
        title=_works.without_period(record.text("title")) or record.text("vernaculartitle"),
        doi=_dois.doi_among(one.text("value") for one in record.records("articleids") if one.text("idtype") == "doi"),
        people=record.names("authors"),
        date=_dates.date_among(map(record.text, ("epubdate", "pubdate", "sortpubdate"))),
        venue=record.text("fulljournalname") or record.text("source"),
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/" if pmid.isdecimal() else "",
        kinds=record.texts("pubtype"),
    )


def _work_of_europepmc(record: Record) -> Work:
    people = record.record("authorList").records("author")
    names = (
        " ".join(filter(None, map(one.text, ("firstName", "lastName"))))
        or one.text("fullName")
        or one.text("collectiveName")
        for one in people
    )
    source, number = record.text("source"), record.text("id")
    return Work(
        title=_works.without_period(record.text("title")),
        doi=_dois.doi_in_field(record.text("doi")),
        people=list(filter(None, names)) or list(filter(None, [record.text("authorString").rstrip(".")])),
        date=_dates.date_of(record.text("firstPublicationDate") or record.text("pubYear")),
        abstract=record.text("abstractText"),
        venue=record.record("journalInfo").record("journal").text("title")
        or record.text("journalTitle")
        or record.record("bookOrReportDetails").text("publisher"),
        url=f"https://europepmc.org/article/{source}/{number}" if source and number else "",
        kinds=[*record.record("pubTypeList").texts("pubType"), *record.text("pubType").split("; ")],
    )


def _work_of_doaj(record: Record) -> Work:
    article = record.record("bibjson")
    ids = (one.text("id") for one in article.records("identifier") if one.text("type").lower() == "doi")
    links = [one.text("url") for one in article.records("link")]
    return Work(
        title=article.text("title"),
        doi=_dois.doi_among(ids),
        people=article.names("author"),
        date=_dates.date_from(article.text("year"), article.text("month")),
        abstract=article.text("abstract"),
        venue=article.record("journal").text("title"),
        url=next(iter(links), ""),
    )


_DATES_OF_HAL = ("publicationDate_s", "producedDate_s", "publicationDateY_i", "producedDateY_i", "submittedDate_s")


def _work_of_hal(record: Record) -> Work:
    return Work(
        title=next(iter(record.texts("title_s")), ""),
        doi=_dois.doi_in_field(record.text("doiId_s")),
        arxiv_id=record.text("arxivId_s") or None,
        people=record.texts("authFullName_s"),
        date=_dates.date_among(map(record.text, _DATES_OF_HAL)),
        abstract=next(iter(record.texts("abstract_s")), ""),
        venue=record.text("journalTitle_s"),
        url=record.text("uri_s"),
    )


@dataclass(frozen=True, slots=True)
class _Database:
    """A database whose interface answers in JSON."""

    members: tuple[str, ...]  # paths to the records in an answer; "": the records stand alone
    mark: str  # stands in every answer with records
    is_record: Callable[[Record], bool]
    work: Callable[[Record], Work]
    empty: re.Pattern[str]  # the beginning of an answer without records


_BEGINNING = 4_000  # characters of an answer that show whether it has records


def _found_in(databases: tuple[_Database, ...], text: str) -> tuple[_Database, str] | None:
    """Returns (database, path to the records) of an answer; None if it is of none of these databases."""
    for database in databases:
        if database.mark in text:
            for member in database.members:
                if any(map(database.is_record, _json.first_items(text, member))):
                    return database, member
        if database.empty.match(text[:_BEGINNING]):
            return database, database.members[0]
    return None


def _is_answer(databases: tuple[_Database, ...], text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[") and _found_in(databases, text) is not None


def _read_answer(databases: tuple[_Database, ...], text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001
    database, member = _found_in(databases, text) or (databases[0], "")
    return _works.content_of(_records_of(database, member, text, warnings), database.work, warnings)


def _records_of(database: _Database, member: str, text: str, warnings: Warnings) -> Iterator[Record]:
    for record in _json.json_items(text, warnings, member):
        if database.is_record(record):
            yield record
        else:
            warnings.add("bad_json_line")


def _is_openalex(record: Record) -> bool:
    return "openalex.org/" in record.text("id") and (
        "authorships" in record or "title" in record or "display_name" in record
    )


def _is_crossref(record: Record) -> bool:
    return (
        "DOI" in record
        and ("container-title" in record or "title" in record)
        and ("type" in record or "author" in record)
    )


_OPENALEX = _Database(
    members=("results", ""),
    mark="openalex.org/",
    is_record=_is_openalex,
    work=_work_of_openalex,
    empty=re.compile(r'\s*\{\s*"meta"\s*:\s*\{[^{}]*\}\s*,\s*"results"\s*:\s*\[\s*\]'),
)
_CROSSREF = _Database(
    members=("message.items", "message", ""),
    mark='"DOI"',
    is_record=_is_crossref,
    work=_work_of_crossref,
    empty=re.compile(
        r'\s*\{\s*"status"\s*:\s*"ok"\s*,\s*"message-type"\s*:\s*"work-list".*"items"\s*:\s*\[\s*\]', re.DOTALL
    ),
)
_S2 = _Database(
    members=("data", "recommendedPapers", ""),
    mark='"paperId"',
    is_record=lambda record: "paperId" in record or "paperId" in record.record("citingPaper"),
    work=_work_of_s2,
    empty=re.compile(r'\s*\{\s*"(?:total"\s*:\s*0\s*,.*"data|recommendedPapers)"\s*:\s*\[\s*\]', re.DOTALL),
)
_OTHERS = (
    _Database(
        members=("result.*",),
        mark='"articleids"',
        is_record=lambda record: "articleids" in record,
        work=_work_of_esummary,
        empty=re.compile(r'\s*\{\s*"header".*"uids"\s*:\s*\[\s*\]', re.DOTALL),
    ),
    _Database(
        members=("resultList.result",),
        mark='"resultList"',
        is_record=lambda record: "source" in record and "id" in record,
        work=_work_of_europepmc,
        empty=re.compile(r'\s*\{\s*"version".*"resultList"\s*:\s*\{\s*"result"\s*:\s*\[\s*\]', re.DOTALL),
    ),
    _Database(
        members=("results", ""),
        mark='"bibjson"',
        is_record=lambda record: "bibjson" in record,
        work=_work_of_doaj,
        empty=re.compile(r'\s*\{\s*"total"\s*:\s*0\s*,.*"results"\s*:\s*\[\s*\]', re.DOTALL),
    ),
    _Database(
        members=("response.docs",),
        mark='"docs"',
        is_record=lambda record: "title_s" in record or "halId_s" in record,
        work=_work_of_hal,
        empty=re.compile(r'\s*\{\s*"response"\s*:\s*\{\s*"numFound"\s*:\s*0\s*,.*"docs"\s*:\s*\[\s*\]', re.DOTALL),
    ),
)


def _format_of(name: str, *databases: _Database) -> Format:
    return Format(name, partial(_is_answer, databases), partial(_read_answer, databases))


FORMATS = (
    Format("pubmed_xml", _is_pubmed, _read_pubmed),
    _format_of("openalex_json", _OPENALEX),
    _format_of("crossref_json", _CROSSREF),
    _format_of("s2_json", _S2),
    _format_of("records_json", *_OTHERS),
)
