"""PubMed's records in XML (dtd.nlm.nih.gov), as E-utilities and the page of PubMed give them."""

from bot.digests import markup, papers, scalars
from bot.digests.markup import Element
from bot.digests.papers import Found, Work
from bot.digests.scalars import first_of

_BIOGRAPHIES = frozenset({"biography", "portrait", "webcast", "interview", "news", "video-audio media"})
_DOIS = "*/Article/ELocationID[@EIdType='doi'] | PubmedData/ArticleIdList/ArticleId[@IdType='doi']"  # not those of references
_DATES = (  # on which a paper appeared online; of its issue; on which PubMed took it in
    "*/Article/ArticleDate",
    "*/Article/Journal/JournalIssue/PubDate",
    "PubmedData/History/PubMedPubDate[@PubStatus='pubmed']",
    "PubmedData/History/PubMedPubDate[@PubStatus='entrez']",
)


def read(text: str, wanted: str | None, language: str | None) -> Found | None:  # noqa: ARG001  there are no summaries
    """Returns the papers of the records; None if the text has none.

    Raises BrokenDigest if it breaks off before the first.
    """
    tree = markup.tree_of(text)
    if tree is None or markup.local(tree.root) != "PubmedArticleSet":
        return None
    found = Found(format="pubmed_xml")
    found.warnings["xml_truncated"] += tree.is_damaged
    papers.add_works(found, tree.records("PubmedArticle"), _work_of)
    return found


def _text(element: Element, path: str) -> str:
    return markup.text_of(element.find(path)).strip()


def _work_of(record: Element) -> Work:
    article = record.find("*/Article")
    if article is None:
        article = record
    pmid = _text(record, "*/PMID")
    abstract = []
    for part in article.findall("Abstract/AbstractText"):
        label = part.get("Label") or "UNLABELLED"
        abstract.append(("" if label == "UNLABELLED" else f"{label}: ") + markup.text_of(part))
    kinds = [markup.text_of(one) for one in article.iter("PublicationType")]
    if any(abstract):  # a journal article with an abstract is one, whatever else it is
        kinds = [kind for kind in kinds if kind.lower() not in _BIOGRAPHIES]
    return Work(
        title=papers.without_period(_text(article, "ArticleTitle")) or _text(article, "VernacularTitle"),
        doi=first_of(scalars.doi_in_field, map(markup.text_of, record.xpath(_DOIS))),
        people=list(filter(None, map(_name_of, article.findall("AuthorList/Author")))),
        date=first_of(_date_of, (one for place in _DATES for one in record.findall(place))) or "",
        abstract="\n".join(abstract),
        venue=_text(article, "Journal/Title"),
        links=[f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"] if pmid.isdecimal() else [],
        kinds=kinds,
    )


def _name_of(author: Element) -> str:
    parts = (_text(author, part) for part in ("ForeName", "LastName", "Suffix"))
    return " ".join(filter(None, parts)) or _text(author, "CollectiveName")


def _date_of(element: Element) -> str:
    written = scalars.date_from(*(_text(element, part) for part in ("Year", "Month", "Day")))
    return written or scalars.date_of(_text(element, "MedlineDate"))
