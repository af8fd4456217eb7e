"""PubMed's records in XML (dtd.nlm.nih.gov): PubmedArticleSet, ArticleSet and answers of ESummary."""

from bot.digests import markup, papers, scalars
from bot.digests.markup import Element
from bot.digests.papers import Found, Work
from bot.digests.scalars import first_of

_RECORDS = {"PubmedArticleSet": "PubmedArticle", "ArticleSet": "Article", "eSummaryResult": "DocSum"}  # root → record
_BIOGRAPHIES = frozenset({"biography", "portrait", "webcast", "interview", "news", "video-audio media"})
_DOIS = (  # not those of references
    "*/Article/ELocationID[@EIdType='doi'] | ELocationID[@EIdType='doi'] | PubmedData/ArticleIdList/ArticleId[@IdType='doi'] | ArticleIdList/ArticleId[@IdType='doi']"
)
_DATES = (  # on which a paper appeared online; of its issue; on which PubMed took it in
    "*/Article/ArticleDate",
    "*/Article/Journal/JournalIssue/PubDate",
    "Journal/PubDate[@PubStatus='aheadofprint']",
    "Journal/PubDate",
    "PubmedData/History/PubMedPubDate[@PubStatus='pubmed']",
    "PubmedData/History/PubMedPubDate[@PubStatus='entrez']",
)


def read(text: str, wanted: str | None, language: str | None) -> Found | None:  # noqa: ARG001  there are no summaries
    """Returns the papers of the records; None if the text has none.

    Raises BrokenDigest if it breaks off before the first.
    """
    tree = markup.tree_of(text)
    name = _RECORDS.get(markup.local(tree.root), "") if tree else ""
    if tree is None or not name:
        return None
    is_of_works = tree.root.find(".//DocSum") is None or tree.root.find(".//Item[@Name='PubDate']") is not None
    if name == "DocSum" and not is_of_works:
        return None  # a summary of another database, such as of proteins
    found = Found(format="pubmed_xml")
    found.warnings["xml_truncated"] += tree.is_damaged
    papers.add_works(found, tree.records(name), _work_of_summary if name == "DocSum" else _work_of)
    return found


def _text(element: Element, path: str) -> str:
    return markup.text_of(element.find(path)).strip()


def _page_of(pmid: str) -> list[str]:
    return [f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"] if pmid.isdecimal() else []


def _work_of(record: Element) -> Work:
    article = record.find("*/Article")
    if article is None:
        article = record
    abstract = []
    for part in article.findall("Abstract/AbstractText") or article.findall("Abstract"):
        label = part.get("Label") or "UNLABELLED"
        abstract.append(("" if label == "UNLABELLED" else f"{label}: ") + markup.text_of(part))
    kinds = [markup.text_of(one) for one in markup.outermost(article, "PublicationType")]
    if any(abstract):  # a journal article with an abstract is one, whatever else it is
        kinds = [kind for kind in kinds if kind.lower() not in _BIOGRAPHIES]
    return Work(
        title=papers.title_of_pubmed(_text(article, "ArticleTitle"), _text(article, "VernacularTitle")),
        doi=first_of(scalars.doi_in_field, map(markup.text_of, record.xpath(_DOIS))),
        people=list(filter(None, map(_name_of, article.findall("AuthorList/Author")))),
        date=first_of(_date_of, (one for place in _DATES for one in record.findall(place))) or "",
        abstract="\n".join(abstract),
        venue=_text(article, "Journal/Title") or _text(article, "Journal/JournalTitle"),
        links=_page_of(_text(record, "MedlineCitation/PMID")),
        kinds=kinds,
    )


def _name_of(author: Element) -> str:
    parts = ("ForeName", "FirstName", "MiddleName", "LastName", "Suffix")
    return " ".join(filter(None, (_text(author, part) for part in parts))) or _text(author, "CollectiveName")


def _date_of(element: Element) -> str:
    written = scalars.date_from(*(_text(element, part) for part in ("Year", "Month", "Day")))
    return written or scalars.date_of(_text(element, "MedlineDate"))


def _work_of_summary(record: Element) -> Work:
    """Returns the work of an answer of ESummary, whose fields are items with names."""
    fields: dict[str, list[str]] = {}
    for item in record.iter("Item"):
        if not len(item):  # no list of others
            fields.setdefault(str(item.get("Name")), []).append(markup.text_of(item).strip())

    def first(*named: str) -> str:
        return next(filter(None, (text for name in named for text in fields.get(name, ()))), "")

    return Work(
        title=papers.title_of_pubmed(first("Title"), first("VernacularTitle")),
        doi=scalars.doi_in_field(first("DOI")),
        people=fields.get("Author", []),
        date=first_of(scalars.date_of, [first("EPubDate"), first("PubDate")]) or "",
        venue=first("FullJournalName", "Source"),
        links=_page_of(_text(record, "Id")),
        kinds=fields.get("PubType", []),
    )
