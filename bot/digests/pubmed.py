"""PubMed's records in XML (dtd.nlm.nih.gov): PubmedArticleSet, ArticleSet and answers of ESummary."""

from bot.digests import markup, scalars, works
from bot.digests.entries import Found
from bot.digests.markup import Element
from bot.digests.works import Work

_RECORDS = {"PubmedArticleSet": "PubmedArticle", "ArticleSet": "Article", "eSummaryResult": "DocSum"}  # root → record
_BIOGRAPHIES = frozenset({"biography", "portrait", "webcast", "interview", "news", "video-audio media"})


def read(text: str, wanted: str | None, language: str | None) -> Found | None:  # noqa: ARG001  there are no summaries
    """Returns the papers of the records; None if the text has none.

    Raises BrokenDigest if it breaks off before the first.
    """
    tree = markup.tree_of(text)
    name = _RECORDS.get(markup.local(tree.root), "") if tree else ""
    if tree is None or not name:
        return None
    records = tree.records(name)
    if name == "DocSum" and records and not any(one.findall("Item[@Name='PubDate']") for one in records):
        return None  # a summary of another database, such as of proteins
    found = Found(format="pubmed_xml")
    found.warnings["xml_truncated"] += tree.is_damaged
    works.add_works(found, records, _work_of_summary if name == "DocSum" else _work_of)
    return found


def _text(element: Element, *paths: str) -> str:
    """Returns the text at the first path that has one."""
    return next(filter(None, (markup.text_of(element.find(path)).strip() for path in paths)), "")


def _work_of(record: Element) -> Work:
    citation = record.find("MedlineCitation")
    article = record if citation is None else citation.find("Article")
    if article is None:
        article = record
    pmid = _text(record, "MedlineCitation/PMID")
    ids = record.xpath(
        ".//ELocationID[@EIdType='doi'] | PubmedData/ArticleIdList/ArticleId[@IdType='doi'] | ArticleIdList/ArticleId[@IdType='doi']"
    )
    abstract = [_part_of_abstract(part) for part in article.findall("Abstract/AbstractText")] or [
        _text(article, "Abstract")
    ]
    kinds = [markup.text_of(one) for one in article.iter("PublicationType")]
    if any(abstract):  # a journal article with an abstract is one, whatever else it is
        kinds = [kind for kind in kinds if kind.lower() not in _BIOGRAPHIES]
    return Work(
        title=works.without_period(_text(article, "ArticleTitle")) or _text(article, "VernacularTitle"),
        doi=scalars.doi_among(map(markup.text_of, ids)),
        people=[name for one in article.findall("AuthorList/Author") if (name := _name_of(one))],
        date=_date_of(record, article),
        abstract="\n".join(abstract),
        venue=_text(article, "Journal/Title", "Journal/JournalTitle"),
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/" if pmid.isdecimal() else "",
        kinds=kinds,
    )


def _name_of(author: Element) -> str:
    given = [
        _text(author, "ForeName") or " ".join(filter(None, (_text(author, "FirstName"), _text(author, "MiddleName"))))
    ]
    return " ".join(filter(None, [*given, _text(author, "LastName"), _text(author, "Suffix")])) or _text(
        author, "CollectiveName"
    )


def _part_of_abstract(part: Element) -> str:
    label = part.get("Label", "")
    return f"{label}: {markup.text_of(part)}" if label and label != "UNLABELLED" else markup.text_of(part)


def _date_of(record: Element, article: Element) -> str:
    """Returns the day on which a paper appeared online; else that of its issue, or on which PubMed took it in."""
    places = (
        "ArticleDate", "Journal/JournalIssue/PubDate", "Journal/PubDate[@PubStatus='aheadofprint']", "Journal/PubDate",
        "PubmedData/History/PubMedPubDate[@PubStatus='pubmed']", "PubmedData/History/PubMedPubDate[@PubStatus='entrez']",
    )  # fmt: skip
    for place in places:
        found = article.find(place)
        found = record.find(place) if found is None else found
        if found is not None:
            written = scalars.date_from(*(_text(found, part) for part in ("Year", "Month", "Day")))
            if written := written or scalars.date_of(_text(found, "MedlineDate")):
                return written
    return ""


def _work_of_summary(record: Element) -> Work:
    """Returns the work of an answer of ESummary, whose fields are items with names."""
    items = {str(item.get("Name")): item for item in record.iter("Item")}
    fields = {name: markup.text_of(item).strip() for name, item in items.items()}
    pmid = _text(record, "Id")
    return Work(
        title=works.without_period(fields.get("Title", "")),
        doi=scalars.doi_in_field(fields.get("DOI", "")),
        people=[markup.text_of(one) for one in record.iter("Item") if one.get("Name") == "Author"],
        date=scalars.date_among(fields.get(name, "") for name in ("EPubDate", "PubDate")),
        venue=fields.get("FullJournalName", "") or fields.get("Source", ""),
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/" if pmid.isdecimal() else "",
        kinds=[markup.text_of(one) for one in record.iter("Item") if one.get("Name") == "PubType"],
    )
