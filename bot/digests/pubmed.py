"""PubMed's records in XML (dtd.nlm.nih.gov): PubmedArticleSet, ArticleSet and answers of ESummary, versions 1 and 2."""

import re
from functools import partial
from itertools import chain

from bot.digests import markup, names, papers, scalars
from bot.digests.markup import Element
from bot.digests.papers import Found, Work
from bot.digests.scalars import first_of
from subscriptions.identity import is_server
from subscriptions.life import Event, Mark

_RECORDS = {  # root → names of its records
    "PubmedArticleSet": ("PubmedArticle", "PubmedBookArticle"),
    "ArticleSet": ("Article",),
    "eSummaryResult": ("DocSum", "DocumentSummary"),
}
_SUMMARIES = _RECORDS["eSummaryResult"]
_AROUND = frozenset({"DocumentSummarySet", "DbBuild"})  # elements of an answer of ESummary that hold no record
_BIOGRAPHIES = frozenset({"biography", "portrait", "webcast", "interview", "news", "video-audio media"})
_DOIS = (  # not those of references
    "*/Article/ELocationID[@EIdType='doi'] | ELocationID[@EIdType='doi'] | PubmedData/ArticleIdList/ArticleId[@IdType='doi'] | ArticleIdList/ArticleId[@IdType='doi'] | BookDocument/ArticleIdList/ArticleId[@IdType='doi']"
)
_VENUES = ("Journal/Title", "Journal/JournalTitle", "Book/BookTitle")
_PREPRINT, _RETRACTED = "Preprint", "Retracted Publication"  # types of publications
_EVENTS = {  # beginnings of the types of CommentsCorrections (nlm.nih.gov/bsd/licensee/elements_alphabetical.html)
    "Retraction": Event.RETRACTED,
    "PartialRetraction": Event.RETRACTED,
    "ExpressionOfConcern": Event.CONCERN,
    "Erratum": Event.CORRECTED,
    "CorrectedandRepublished": Event.CORRECTED,
}
_DOI_CITED = re.compile(r"\bdoi:\s*(?P<doi>10\.\S+)", re.IGNORECASE)
_DATES = (  # on which a paper appeared online; of its issue; on which PubMed took it in
    "*/Article/ArticleDate",
    "*/Article/Journal/JournalIssue/PubDate",
    "Journal/PubDate[@PubStatus='aheadofprint']",
    "Journal/PubDate",
    "ContributionDate",
    "Book/PubDate",
    "PubmedData/History/PubMedPubDate[@PubStatus='pubmed']",
    "PubmedData/History/PubMedPubDate[@PubStatus='entrez']",
)


def read(text: str, wanted: str | None, language: str | None) -> Found | None:  # noqa: ARG001  there are no summaries
    """Return the papers of the records; None if the text has none.

    Raise BrokenDigest if it breaks off before the first.
    """
    tree = markup.tree_of(text)
    kinds = _RECORDS.get(markup.local(tree.root), ()) if tree else ()
    if tree is None or not kinds:
        return None
    found = Found(format="pubmed_xml")
    found.warnings["xml_truncated"] += tree.is_damaged
    present = [name for name in kinds if next(tree.root.iter(f"{{*}}{name}"), None) is not None]
    if present or tree.is_damaged:
        records = list(chain.from_iterable(tree.records(name) for name in present or kinds[:1]))
        works = [record for record in records if _is_of_work(record)]
        if records and not works:
            return None  # of another database, such as of proteins
        papers.add_works(found, works, _work_of_record)
        found.warnings["not_papers"] += len(records) - len(works)
        return found
    found.error = _text(tree.root, "ERROR")
    others = {markup.local(one) for one in tree.root.iter("*") if one is not tree.root} - _AROUND
    return None if others and not found.error else found


def _is_of_work(record: Element) -> bool:
    """Return whether a record is of a work; ESummary also describes proteins and the like."""
    return markup.local(record) not in _SUMMARIES or "PubDate" in _fields_of(record)


def _work_of_record(record: Element) -> Work:
    return _work_of_summary(record) if markup.local(record) in _SUMMARIES else _work_of(record)


def _text(element: Element, path: str) -> str:
    return markup.text_of(element.find(path)).strip()


def _page_of(pmid: str) -> list[str]:
    return [f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"] if pmid.isdecimal() else []


def _work_of(record: Element) -> Work:
    inner = (record.find(place) for place in ("*/Article", "BookDocument"))
    article = next((one for one in inner if one is not None), record)
    abstract = []
    for part in article.findall("Abstract/AbstractText") or article.findall("Abstract"):
        label = part.get("Label") or "UNLABELLED"
        abstract.append(("" if label == "UNLABELLED" else f"{label}: ") + markup.text_of(part))
    kinds = [markup.text_of(one) for one in markup.outermost(article, "PublicationType")]
    if any(abstract):  # a journal article with an abstract is one, whatever else it is
        kinds = [kind for kind in kinds if kind.lower() not in _BIOGRAPHIES]
    work = Work(
        title=papers.title_of_pubmed(
            _text(article, "ArticleTitle") or _text(article, "Book/BookTitle"), _text(article, "VernacularTitle")
        ),
        doi=first_of(scalars.doi_in_field, map(markup.text_of, record.xpath(_DOIS))),
        people=list(filter(None, map(_name_of, article.findall("AuthorList/Author")))),
        date=first_of(_date_of, (one for place in _DATES for root in (record, article) for one in root.findall(place)))
        or "",
        abstract="\n".join(abstract),
        venue=first_of(partial(_text, article), _VENUES) or "",
        links=_page_of(_text(record, "MedlineCitation/PMID") or _text(article, "PMID")),
        kinds=kinds,
    )
    for one in record.findall("*/CommentsCorrectionsList/CommentsCorrections"):
        _add_related(one, work)
    if _RETRACTED in kinds and not any(one.event is Event.RETRACTED for one in work.notices):
        work.notices.append(Mark(keys=(), event=Event.RETRACTED))
    return work


def _add_related(related: Element, work: Work) -> None:
    """Add to a work what PubMed relates to it: its notices, the works of which it is a notice, its other records."""
    kind, cited = related.get("RefType", ""), _text(related, "RefSource")
    doi = _DOI_CITED.search(cited)
    names = [f"pmid:{_text(related, 'PMID')}", doi["doi"] if doi else ""]
    event = _EVENTS.get(kind.removesuffix("In").removesuffix("For").removesuffix("Of"))
    if kind in ("UpdateIn", "UpdateOf") and (
        _PREPRINT in work.kinds or is_server(cited)
    ):  # not the next version of a review
        work.same += names
        if kind == "UpdateIn" and _PREPRINT in work.kinds:
            work.article = names[1]
    elif event and kind.endswith("In"):
        day = scalars.date_of(cited.partition(". ")[2].partition(";")[0])
        notice = scalars.doi_in_field(names[1]) or next(iter(papers.keys_of(names[0])), "")
        work.notices.append(Mark(keys=(), event=event, notice=notice, day=day))
    elif event:
        work.marks.append(
            Mark(
                keys=papers.keys_of(*names),
                event=event,
                notice=work.doi or next(iter(papers.keys_of(*work.links)), ""),
                day=work.date,
            )
        )


def _name_of(author: Element) -> str:
    parts = ("ForeName", "FirstName", "MiddleName", "LastName", "Suffix")
    return names.full_name(*(_text(author, part) for part in parts)) or _text(author, "CollectiveName")


def _date_of(element: Element) -> str:
    written = scalars.date_from(*(_text(element, part) for part in ("Year", "Month", "Day")))
    return written or scalars.date_of(_text(element, "MedlineDate"))


def _fields_of(record: Element) -> dict[str, list[str]]:
    """Return the texts of an answer of ESummary by their names: those of items in version 1.0, of elements in 2.0."""
    fields: dict[str, list[str]] = {}
    for one in record.iter("*"):
        if not len(one):  # no list of others
            fields.setdefault(one.get("Name") or markup.local(one), []).append(markup.text_of(one).strip())
    return fields


def _work_of_summary(record: Element) -> Work:
    fields = _fields_of(record)

    def first(*named: str) -> str:
        return next((text for name in named for text in fields.get(name, ()) if text), "")

    return Work(
        title=papers.title_of_pubmed(first("Title"), first("VernacularTitle")),
        doi=first_of(scalars.doi_in_field, [*fields.get("DOI", ()), *fields.get("Value", ())]),
        people=fields.get("Author") or fields.get("Name", []),
        date=first_of(scalars.date_of, [first("EPubDate"), first("PubDate")]) or "",
        venue=first("FullJournalName", "Source"),
        links=_page_of(record.get("uid") or first("Id")),
        kinds=fields.get("PubType") or fields.get("flag", []),
    )
