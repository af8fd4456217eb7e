"""Hostile texts: the worst that we know for each format, of any length, and pieces of messages to repeat.

Reading them must take linear time. Tests read all of them at small sizes.
"""

from collections.abc import Callable


def made_up_page(papers: int) -> str:
    """Returns a page of the standard template."""
    text = (
        "Kites of many colours fly over the harbour while lanterns measure how far the wind may carry them. " * 13
    ).strip()
    entries = (
        f"### [{n}] [Kite {n}: a study of wind](https://arxiv.org/abs/2601.{n:05})\n*Ada Quill,Bo Larch,Chen Wei*\n\n"
        f"Main category: cs.LG\n\nTL;DR: 本文研究第{n}个风筝，并测量风能把它带到多远的地方。\n\n\n<details>\n  <summary>Details</summary>\n"
        f"Motivation: {'风很大，风筝很多。' * 6}\n\nMethod: {'放风筝并测量。' * 8}\n\nResult: {'飞得更远。' * 9}\n\n"
        f"Conclusion: {'风筝有用。' * 7}\n\nAbstract: {text}\n\n</details>\n\n\n"
        for n in range(1, papers + 1)
    )
    return (
        f"{_PAGE}- [cs.LG](#cs.LG) [Total: {papers}]\n\n\n<div id='cs.LG'></div>\n\n# cs.LG [[Back]](#toc)\n\n"
        + "".join(entries)
    )


_PAGE = "<div id=toc></div>\n\n# Table of Contents\n\n"
_STANDARD = _PAGE + "- [cs.LG](#cs.LG) [Total: 1]\n\n"
_HEAD = "### [1] [Kite](https://arxiv.org/abs/2601.00001)\n"
_RSS = "<rss version='2.0'><channel><title>cs.KT updates on arXiv.org</title>"
_ATOM = "<feed xmlns='http://www.w3.org/2005/Atom'><id>http://rss.arxiv.org/atom/cs.KT</id>"
_TABLE = "# 摘要\n\n| Ref | Title | Summary |\n| --- | --- | --- |\n"
_NOTE = "[^1]: a\n\n    b\n\n    [x](https://arxiv.org/abs/2601.00001)\n\n"
_CHAT = "<rss version='2.0'><channel><title>Chat Arxiv cs.KT</title><item><link>https://arxiv.org/abs/2601.00001</link>"
_LISTING = "<!DOCTYPE html><html><body><div id='dlpage'><h3>New submissions</h3>"
_LINE = '{"id":"2601.00001","title":"a","summary":"bcd"}'
_ANSWER = "<feed xmlns='http://www.w3.org/2005/Atom'><id>https://arxiv.org/api/a</id>"
_LISTED = "<dt><a href='/abs/2601.00001'>x</a></dt><dd><div class='list-title'>"
_ENTRY_OF_FEED = '<rss version="2.0"><channel><title>a</title><item><title>'

WORST: dict[str, Callable[[int], str]] = {
    "daily: heads without an address": lambda n: _HEAD + "### [\n" * (n // 6),
    "daily: one head of brackets": lambda n: _HEAD + "### [" + "](" * (n // 2),
    "daily: one head of addresses": lambda n: _HEAD + "### [" + "](https://arxiv.org/abs/" * (n // 23),
    "daily: one abstract without end": lambda n: _HEAD + "\nAbstract: " + "<div\n# a [[\n" * (n // 12),
    "daily: labels in every line": lambda n: _HEAD + "\nMethod: a\nMotivation: b" * (n // 24),
    "daily: a line of blanks": lambda n: _HEAD + "</details>\n# " + " " * n + "x",
    "daily: a line of authors in quotes": lambda n: _HEAD + "*['" + "\\'" * (n // 2) + "*\n",
    "daily: names of accents": lambda n: _HEAD + "*" + "\\'{ " * (n // 4) + "*\n",
    "daily: heads without links": lambda n: (
        "# ArXiv Daily Papers - 2026-01-22\n" + "[1] a\nAuthors: b | c\n" * (n // 23)
    ),
    "daily: control characters": lambda n: _HEAD + "\x01\n" * (n // 2),
    "standard: brackets": lambda n: _STANDARD + ("### [1] [" + "](https://arxiv.org/abs/" * 40 + "\n") * (n // 1000),
    "standard: stars": lambda n: _STANDARD + "### [1] [a](https://arxiv.org/abs/2601.00001)\n" + "*" * n + "\n",
    "standard: entries without end": lambda n: _STANDARD + made_up_page(1)[len(_STANDARD) : -14] * (n // 2600),
    "standard: paragraphs without end": lambda n: (
        _STANDARD + made_up_page(1)[len(_STANDARD) : -16] + "\n  a" * (n // 4)
    ),
    "standard: names of accents": lambda n: made_up_page(1).replace("Chen", "\\'{ " * (n // 4)),
    "bilingual3: small groups": lambda n: "a\nb\nhttps://arxiv.org/abs/2601.00001\n" * (n // 36),
    "bilingual3: glued lines": lambda n: "a\nb" + "\nhttps://arxiv.org/abs/2601.00001a\nb" * (n // 36),
    "bilingual3: blank lines": lambda n: "a\nb\n" + " \n" * (n // 2) + "https://arxiv.org/abs/2601.00001",
    "bilingual3: announcements": lambda n: "a\n" + "摘要：arXiv：1 " * (n // 24) + "\nhttps://arxiv.org/abs/2601.00001",
    "hf_text: pairs of letters": lambda n: "Get trending papers in your email inbox!\n" + "a\nb\n" * (n // 4),
    "hf_text: pairs of words": lambda n: "Get trending papers in your email inbox!\n" + ("a " * 20 + "\n") * (n // 41),
    "rss: empty items": lambda n: _RSS + "<item/>" * (n // 7) + "</channel></rss>",
    "rss: one item of categories": lambda n: _RSS + "<item>" + "<category>cs.KT</category>" * (n // 26) + "</item>",
    "rss: one name of parentheses": lambda n: (
        _RSS
        + "<item><creator xmlns='http://purl.org/dc/elements/1.1/'>"
        + "(" * n
        + "</creator></item></channel></rss>"
    ),
    "atom: deep": lambda n: _ATOM + "<a>" * (n // 3),
    "bilingual_md: tables": lambda n: "# 摘要\n| Ref | Title | Summary |\n" * (n // 32),
    "bilingual_md: glued tables": lambda n: _TABLE + "a# 摘要\n| Ref | Title | Summary |\n" * (n // 33),
    "bilingual_md: headings and blanks": lambda n: _TABLE + "# 摘要" + " " * n,
    "bilingual_md: rows of brackets": lambda n: _TABLE + "| [^1] | [" + "](" * (n // 2),
    "bilingual_md: rows of addresses": lambda n: _TABLE + "| [^1] | [" + "](https://arxiv.org/abs/" * (n // 24),
    "bilingual_md: heads of notes": lambda n: _TABLE + "[^1]:\n" * (n // 6),
    "bilingual_md: one note of blocks": lambda n: _TABLE + _NOTE + "\n\n    a" * (n // 7),
    "bilingual_md: a title of announcements": lambda n: _TABLE + "[^1]: a\n\n    " + "(arXiv:" * (n // 7) + _NOTE[11:],
    "bilingual_rss: paragraphs": lambda n: (
        _CHAT + "<description>" + "&lt;p&gt;\n" * (n // 10) + "</description></item>"
    ),
    "bilingual_rss: empty items": lambda n: _CHAT + "</item>" + "<item/>" * (n // 7) + "</channel></rss>",
    "bilingual_json: glued objects": lambda n: '{"title":"","abstract":"","link":"","tldr":""}' * (n // 46),
    "bilingual_json: beginnings": lambda n: (
        '{"title":"a","abstract":"b","link":"","tldr":""}' + '\n{"title"' * (n // 9)
    ),
    "bilingual_json: braces and blanks": lambda n: (
        '{"title":"a","abstract":"b","link":"","tldr":""}' + ("}{" + " " * 500) * (n // 502)
    ),
    "arxiv_listing_html: heads": lambda n: _LISTING + "<dt>" * (n // 4),
    "arxiv_listing_html: tags that never end": lambda n: _LISTING + _LISTED + "<a " * (n // 3),
    "arxiv_listing_html: names of tags": lambda n: _LISTING + _LISTED + "<a" * (n // 2),
    "arxiv_listing_html: comments": lambda n: _LISTING + _LISTED + "<!--" * (n // 4),
    "arxiv_listing_html: scripts": lambda n: _LISTING + _LISTED + "<script><!-- " * (n // 12),
    "arxiv_listing_html: quotes": lambda n: _LISTING + _LISTED + "<a \"'" * (n // 5),
    "arxiv_listing_html: attributes": lambda n: _LISTING + _LISTED + "<a " + "x " * (n // 2) + ">",
    "arxiv_listing_html: deep entries": lambda n: _LISTING + (_LISTED + "<b>" * 1000) * (n // 3060),
    "arxiv_listing_html: deep links": lambda n: _LISTING + (_LISTED + "<a>" * 1000) * (n // 3060),
    "arxiv_listing_html: references": lambda n: _LISTING + _LISTED + "&#" * (n // 4) + "&a" * (n // 4),
    "daily_arxiv_jsonl: objects in one line": lambda n: _LINE * (n // 48),
    "daily_arxiv_jsonl: damage in one line": lambda n: _LINE + "\n" + '{"id":"' * (n // 7),
    "daily_arxiv_jsonl: deep lines": lambda n: _LINE + "\n" + ('{"id":' * 900 + "\n") * max(1, n // 5401),
    "daily_arxiv_jsonl: empty lines": lambda n: _LINE + "\n" * n,
    "daily_arxiv_jsonl: nothing but braces": lambda n: "{}" * (n // 2),
    "hf_json: arrays": lambda n: '[{"paper":{"id":"2601.00001"}}]' * (n // 31),
    "hf_json: no papers": lambda n: '[{"paper":{"id":"2601.00001"}}' + ",{}" * (n // 3) + "]",
    "hf_json: digits": lambda n: '[{"paper":{"id":' + "9" * n + "}}]",
    "biorxiv_json: one preprint": lambda n: (
        '{"messages":[],"collection":[' + ",".join(['{"doi":"10.1101/1"}'] * (n // 20)) + "]}"
    ),
    "biorxiv_json: a DOI": lambda n: '{"messages":[],"collection":[{"doi":"' + "10.1." * (n // 5) + '"}]}',
    "arxiv_api_atom: open elements": lambda n: _ANSWER + "<entry>" * (n // 7),
    "feed_rss: names without end": lambda n: (
        _ENTRY_OF_FEED + "a</title><author>" + "10.1234/" * (n // 8) + "</author></item>"
    ),
    "feed_rss: tags in a title": lambda n: _ENTRY_OF_FEED + "&lt;a href=x " * (n // 13) + "</title></item>",
    "pubmed_xml: deep titles": lambda n: "<PubmedArticleSet><PubmedArticle><MedlineCitation>" + "<i>a" * (n // 4),
    "nothing: headings": lambda n: "# a\n" * (n // 4),
}

# Characters and words of all grammars, repeated; and texts that are deeply nested or long.
REPEATED = (
    "(", ")", "(a ", "((a) ", '"', '"a ', '"a" ', "“a ", "'a ", "<", "<@U1> ", "&amp;", "[a](", "*", "-", "- ", "-a ", "|", "a|", "=a ", ":", "12:", ".", "a.", "#",
    "a OR ", "a AND ", "NOT ", "a, ", "扩散、", "扩散 且 ", "不含 ", "ti:", "cat:machine learning ", "author:Yann LeCun ", "2601.15529 ", "cs.LG ", "http://",
    "https://arxiv.org/abs/2601.15529 ", "10.1101/", "\\emph{", "\\'{e", "$a$ ", " ", "\t", "\n", " \n", "\u3000",
    "a ", "a-", "1 ", "1,2,", "1-", "at ", "every ", "monday ", "mon,", "daily 9 ", "Berlin ", "Europe/", "每天", "早上8点", "周一", "until ", "for 2 weeks ", "*/5 * * * * ",
    "please send papers on ", "/sub ", "@paperwire ", "telegram:1 | daily 9 | x | graphs\n", "\u0301\u0327", "\u200b", "👩\u200d", "a; ", "2024 ",
)  # fmt: skip
