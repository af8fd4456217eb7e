"""Builds pages of every format from parts, for tests of damaged pages and for faults.

Each page consists of parts. Each part holds one paper: "Kite 1", "Kite 2" and so on.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

TOC = "<div id=toc></div>\n\n# Table of Contents\n\n- [cs.LG](#cs.LG) [Total: 5]\n\n\n<div id='cs.LG'></div>\n\n# cs.LG [[Back]](#toc)\n\n"


@dataclass(frozen=True)
class Parts:
    """Builds pages of a format from parts with one paper each.

    `paper` is the text of such a part, with @ for its number.
    """

    paper: str
    head: str = ""
    foot: str = ""
    between: str = ""

    def part(self, number: int) -> str:
        """Returns the part with the paper of this number. "@@@@@" becomes the number with five digits."""
        return self.paper.replace("@" * 5, f"{number:05}").replace("@", str(number))

    def page(self, parts: Iterable[str]) -> str:
        """Returns the page that consists of these parts."""
        return self.head + self.between.join(parts) + self.foot


ANSWER = '<feed xmlns="http://www.w3.org/2005/Atom">\n<id>https://arxiv.org/api/kite</id>\n'
TABLE = "# 摘要\n\n| Ref | Title | Summary |\n| --- | --- | --- |\n"
LISTING = "<!DOCTYPE html>\n<html><body><div id='dlpage'>\n<h3>Showing new listings for Thursday, 22 January 2026</h3>\n<dl id='articles'>\n<h3>New submissions</h3>\n"
CHAT = '<rss version="2.0"><channel><title>Chat Arxiv cs.KT</title>\n'
SPACES = 'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/"'
RSS = f'<rss version="2.0" {SPACES}><channel><title>cs.KT updates on arXiv.org</title>\n'
ATOM = f'<feed xmlns="http://www.w3.org/2005/Atom" {SPACES}><id>http://rss.arxiv.org/atom/cs.KT</id>\n'
BANNER = "Get trending papers in your email inbox!\n"

_ENTRY = (
    "### [@] [Kite @](https://arxiv.org/abs/2601.@@@@@)\n*Ada Quill,Bo Larch*\n\nMain category: cs.LG\n\n"
    "TL;DR: 风筝 @。\n\n\n<details>\n  <summary>Details</summary>\nMotivation: 为什么@。\n\nMethod: 怎么做@。\n\n"
    "Result: 结果@。\n\nConclusion: 结论@。\n\nAbstract: Kite number @ flies.\nIt lands.\n\n</details>\n\n\n"
)
_CRAWLED = {
    "id": "2601.@@@@@",
    "categories": ["cs.KT"],
    "authors": ["Ada Quill"],
    "title": "Kite @",
    "summary": "Kite number @ flies.\nIt lands.",
    "AI": {"tldr": "第@个风筝飞。", "method": "放飞。"},
}
_FED = (
    "<item><title>Kite @</title><link>https://arxiv.org/abs/2601.@@@@@</link>\n"
    "<description>arXiv:2601.@@@@@v1 Announce Type: new \nAbstract: Kite number @ flies.</description>\n"
    "<guid>oai:arXiv.org:2601.@@@@@v1</guid><category>cs.KT</category><category>cs.AI</category>\n"
    "<arxiv:announce_type>new</arxiv:announce_type><dc:creator>Ada Quill, Bo Larch</dc:creator></item>\n"
)
_ENTERED = (
    "<entry><id>oai:arXiv.org:2601.@@@@@v1</id><title>Kite @</title>\n"
    '<link href="https://arxiv.org/abs/2601.@@@@@" rel="alternate" type="text/html"/>\n'
    "<summary>arXiv:2601.@@@@@v1 Announce Type: new \nAbstract: Kite number @ flies.</summary>\n"
    '<category term="cs.KT"/><category term="cs.AI"/>\n'
    "<arxiv:announce_type>new</arxiv:announce_type><dc:creator>Ada Quill, Bo Larch</dc:creator></entry>\n"
)
_LISTED = (
    '<dt>\n<a name=\'item@\'>[@]</a>\n<a href ="/abs/2601.@@@@@" title="Abstract">arXiv:2601.@@@@@</a>\n'
    "[<a href=\"/pdf/2601.@@@@@\">pdf</a>]\n</dt>\n<dd>\n<div class='meta'>\n"
    "<div class='list-title mathjax'><span class='descriptor'>Title:</span>\nKite @\n</div>\n"
    '<div class=\'list-authors\'><a href="/a">Ada Quill</a>, <a href="/b">Bo Larch</a></div>\n'
    "<div class='list-subjects'><span class=\"primary-subject\">Kites (cs.KT)</span>; Keys (cs.AI)</div>\n"
    "<p class='mathjax'>\nKite number @ flies.\n</p>\n</div>\n</dd>\n"
)
_NOTE = (
    "[^@]: 风筝@\n\n    Kite @\n\n    [https://arxiv.org/abs/2601.@@@@@](https://arxiv.org/abs/2601.@@@@@)\n\n"
    "    第@个。\n\n    \n\n    第@个风筝飞。\n\n    Kite number @ flies.\n\n"
)
_ROW = "| [^@] | [Kite @](https://arxiv.org/abs/2601.@@@@@) | 第@个。 |\n"
_OBJECT = {
    "title": "Kite @",
    "abstract": "Kite number @ flies.",
    "link": "https://arxiv.org/abs/2601.@@@@@",
    "translated_title": "风筝@",
    "translated_abstract": "第@个风筝飞。",
    "tldr": "第@个。",
    "en_tdlr": "Number @.",
}
_ITEM = (
    "<item><title>第@个。</title><link>https://arxiv.org/abs/2601.@@@@@</link><description>"
    "&lt;p&gt;\n风筝@\n&lt;/p&gt;\n&lt;p&gt;\nKite @\n&lt;/p&gt;\n&lt;p&gt;\nhttps://arxiv.org/abs/2601.@@@@@\n&lt;/p&gt;\n"
    "&lt;p&gt;\n第@个。\n&lt;/p&gt;\n&lt;p&gt;\n\n&lt;/p&gt;\n&lt;p&gt;\n第@个风筝飞。\n&lt;/p&gt;\n"
    "&lt;p&gt;\nKite number @ flies.\n&lt;/p&gt;</description></item>\n"
)
_DAILY = {
    "paper": {
        "id": "2601.@@@@@",
        "title": "Kite @",
        "authors": [{"name": "Ada Quill", "hidden": False}],
        "summary": "Kite number @ flies.",
    },
    "title": "Kite @",
}
_PREPRINT = {
    "doi": "10.1101/2026.01.2601.0@",
    "title": "Kite @",
    "authors": "Quill, A.; Larch, B.",
    "version": "1",
    "category": "kites",
    "abstract": "Kite number @ flies.",
}
_ANSWERED = (
    "<entry><id>http://arxiv.org/abs/2601.@@@@@v1</id><title>Kite @</title>\n"
    '<summary>Kite number @ flies.</summary><category term="cs.KT"/><author><name>Ada Quill</name></author></entry>\n'
)
_DUBLIN = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/"'
_OF_A_JOURNAL = (
    "<title>Kite @</title><link>https://kites.example/doi/10.5555/2601.0@</link>\n<description>Kite number @ flies.</description>"
    "<dc:creator>Ada Quill, Bo Larch</dc:creator><dc:date>2026-01-22</dc:date><prism:doi>10.5555/2601.0@</prism:doi></item>\n"
)
_ENTERED_BY_DOI = (
    "<entry><id>https://doi.org/10.5555/2601.0@</id><title>Kite @</title><author><name>Ada Quill</name></author>\n"
    "<published>2026-01-22T00:00:00Z</published><summary>Kite number @ flies.</summary></entry>\n"
)
_RDF = f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" {_DUBLIN}>'
_POSTED = {"id": "https://doi.org/10.5555/2601.0@", "title": "Kite @", "content_text": "Kite number @ flies."}
_ABSTRACTED = (
    "<PubmedArticle><MedlineCitation><PMID>@</PMID><Article><ArticleTitle>Kite @.</ArticleTitle>\n"
    '<ELocationID EIdType="doi">10.5555/2601.0@</ELocationID><Abstract><AbstractText>Kite number @ flies.</AbstractText></Abstract>'
    "</Article></MedlineCitation></PubmedArticle>\n"
)
_WORK = {
    "id": "https://openalex.org/W@",
    "doi": "https://doi.org/10.5555/2601.0@",
    "title": "Kite @",
    "abstract": "Kite number @ flies.",
}
_REGISTERED = {
    "DOI": "10.5555/2601.0@",
    "title": ["Kite @"],
    "type": "journal-article",
    "abstract": "Kite number @ flies.",
}
_SCHOLARLY = {
    "paperId": "@",
    "externalIds": {"DOI": "10.5555/2601.0@"},
    "title": "Kite @",
    "abstract": "Kite number @ flies.",
}
_DEPOSITED = {
    "halId_s": "hal-@",
    "title_s": ["Kite @"],
    "doiId_s": "10.5555/2601.0@",
    "abstract_s": ["Kite number @ flies."],
}
PARTS: Final = {
    "arxiv_listing_html": Parts(_LISTED, LISTING, "</dl></div></body></html>\n"),
    "bilingual_md": Parts(_NOTE, TABLE + "\n# 详细\n\n", "\n"),
    "bilingual_md, table": Parts(_ROW, TABLE, "\n# 详细\n\n"),
    "bilingual_json": Parts(json.dumps(_OBJECT, ensure_ascii=False, indent=4) + "\n"),
    "daily_arxiv_jsonl": Parts(json.dumps(_CRAWLED) + "\n"),
    "hf_json": Parts(json.dumps(_DAILY, indent=1), "[\n", "\n]\n", ",\n"),
    "biorxiv_json": Parts(json.dumps(_PREPRINT), '{"messages": [{"status": "ok"}], "collection": [\n', "]}\n", ",\n"),
    "feed_rss": Parts(
        "<item>" + _OF_A_JOURNAL, f'<rss version="2.0" {_DUBLIN}><channel><title>Kites</title>\n', "</channel></rss>\n"
    ),
    "feed_rdf": Parts("<item>" + _OF_A_JOURNAL, f"{_RDF}<channel><title>Kites</title></channel>\n", "</rdf:RDF>\n"),
    "feed_atom": Parts(
        _ENTERED_BY_DOI, '<feed xmlns="http://www.w3.org/2005/Atom"><title>Kites</title>\n', "</feed>\n"
    ),
    "feed_json": Parts(
        json.dumps(_POSTED), '{"version": "https://jsonfeed.org/version/1.1", "items": [\n', "]}\n", ",\n"
    ),
    "pubmed_xml": Parts(_ABSTRACTED, "<PubmedArticleSet>\n", "</PubmedArticleSet>\n"),
    "openalex_json": Parts(json.dumps(_WORK), '{"meta": {"count": 5}, "results": [\n', "]}\n", ",\n"),
    "crossref_json": Parts(
        json.dumps(_REGISTERED),
        '{"status": "ok", "message-type": "work-list", "message": {"items": [\n',
        "]}}\n",
        ",\n",
    ),
    "s2_json": Parts(json.dumps(_SCHOLARLY), '{"total": 5, "offset": 0, "data": [\n', "]}\n", ",\n"),
    "records_json": Parts(json.dumps(_DEPOSITED), '{"response": {"numFound": 5, "docs": [\n', "]}}\n", ",\n"),
    "arxiv_api_atom": Parts(_ANSWERED, ANSWER, "</feed>\n"),
    "bilingual_rss": Parts(_ITEM, CHAT, "</channel></rss>"),
    "arxiv_rss": Parts(_FED, RSS, "</channel></rss>\n"),
    "arxiv_atom": Parts(_ENTERED, ATOM, "</feed>\n"),
    "hf_text": Parts("Kite @\nKite number @ flies.\n", BANNER),
    "bilingual3": Parts("Kite number @ flies.\n第@个风筝飞。\nhttps://arxiv.org/abs/2601.@@@@@\n"),
    "daily_arxiv_md": Parts(_ENTRY, TOC),
}
"""By name of the format, for some with a variant behind a comma."""
