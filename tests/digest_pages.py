"""Builds pages of every format and any length, for the benchmarks and for tests of damaged pages and of memory.

Each page consists of parts. Each part holds one paper: "Kite 1", "Kite 2" and so on.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Final

ENGLISH: Final = (
    " It rises above the harbour, where lanterns tell how strong the wind is, and it stays there until somebody pulls the "
    "string. We measure how far it may go, which paper it is best made of, and what becomes of its tail when it rains."
) * 5
CHINESE: Final = "它飞到港口上空，灯笼告诉我们风有多大，直到有人拉线它才下来。我们测量它能飞多远。" * 8

_TITLE = re.compile(r"\bKite(\s+)(\d+)\b")
_FILE = re.compile(r"\bKite_(\d+)\.md")
_SHORT = re.compile(r"风筝\d+|第\d+个(?=。)|为什么|怎么做|结果(?=。)|结论(?=。)")

TOC = "<div id=toc></div>\n\n# Table of Contents\n\n- [cs.LG](#cs.LG) [Total: 5]\n\n\n<div id='cs.LG'></div>\n\n# cs.LG [[Back]](#toc)\n\n"


@dataclass(frozen=True)
class Parts:
    """A page of a format, built from parts that hold one paper each."""

    part: Callable[[int], str]
    head: str = ""
    foot: str = ""
    between: str = ""

    def page(self, parts: Iterable[str]) -> str:
        """Returns the page that consists of these parts."""
        return self.head + self.between.join(parts) + self.foot

    def of_size(self, size: int) -> bytes:
        """Returns a page of at least `size` bytes, with texts as long as those of real papers."""
        made: list[str] = []
        length = 0
        for number in count(1):
            if length >= size:
                break
            made.append(_as_long_as_real(self.part(number)))
            length += len(made[-1].encode()) + len(self.between)
        return self.page(made).encode()


def _as_long_as_real(part: str) -> str:
    part = _TITLE.sub(r"Kite\1\2 or How Far the Wind of the Harbour May Carry a Thing of Paper", part)
    part = _FILE.sub(r"Kite_\1_or_How_Far_the_Wind_of_the_Harbour_May_Carry_a_Thing_of_Paper.md", part)
    part = _SHORT.sub(r"\g<0>，或港口的风能把纸做的东西带多远", part)
    return part.replace("flies.", "flies." + ENGLISH).replace("风筝飞。", "风筝飞。" + CHINESE)


def entry(n: int) -> str:
    """Returns a paper of a daily-arXiv page."""
    return (
        f"### [{n}] [Kite {n}](https://arxiv.org/abs/2601.{n:05})\n*Ada Quill,Bo Larch*\n\nMain category: cs.LG\n\n"
        f"TL;DR: 风筝 {n}。\n\n\n<details>\n  <summary>Details</summary>\nMotivation: 为什么。\n\nMethod: 怎么做。\n\n"
        f"Result: 结果。\n\nConclusion: 结论。\n\nAbstract: Kite number {n} flies.\nIt lands.\n\n</details>\n\n\n"
    )


def group(n: int) -> str:
    """Returns a paper of a list with three lines per paper."""
    return f"Kite number {n} flies.\n第{n}个风筝飞。\nhttps://arxiv.org/abs/2601.{n:05}\n"


def crawled(n: int) -> str:
    """Returns a paper as a line of JSON."""
    fields = {"tldr": f"第{n}个风筝飞。", "method": "放飞。"}
    paper = {"id": f"2601.{n:05}", "categories": ["cs.KT"], "authors": ["Ada Quill"], "title": f"Kite {n}"}
    return json.dumps(paper | {"summary": f"Kite number {n} flies.\nIt lands.", "AI": fields}) + "\n"


def _pair(n: int) -> str:
    return f"Kite {n}\nKite number {n} flies.\n"


def _fed(n: int) -> str:
    return (
        f"<item><title>Kite {n}</title><link>https://arxiv.org/abs/2601.{n:05}</link>\n"
        f"<description>arXiv:2601.{n:05}v1 Announce Type: new \nAbstract: Kite number {n} flies.</description>\n"
        f"<guid>oai:arXiv.org:2601.{n:05}v1</guid><category>cs.KT</category><category>cs.AI</category>\n"
        "<arxiv:announce_type>new</arxiv:announce_type><dc:creator>Ada Quill, Bo Larch</dc:creator></item>\n"
    )


def _entered(n: int) -> str:
    return (
        f"<entry><id>oai:arXiv.org:2601.{n:05}v1</id><title>Kite {n}</title>\n"
        f'<link href="https://arxiv.org/abs/2601.{n:05}" rel="alternate" type="text/html"/>\n'
        f"<summary>arXiv:2601.{n:05}v1 Announce Type: new \nAbstract: Kite number {n} flies.</summary>\n"
        '<category term="cs.KT"/><category term="cs.AI"/>\n'
        "<arxiv:announce_type>new</arxiv:announce_type><dc:creator>Ada Quill, Bo Larch</dc:creator></entry>\n"
    )


def _listed(n: int) -> str:
    return (
        f'<dt>\n<a name=\'item{n}\'>[{n}]</a>\n<a href ="/abs/2601.{n:05}" title="Abstract">arXiv:2601.{n:05}</a>\n'
        f"[<a href=\"/pdf/2601.{n:05}\">pdf</a>]\n</dt>\n<dd>\n<div class='meta'>\n"
        f"<div class='list-title mathjax'><span class='descriptor'>Title:</span>\nKite {n}\n</div>\n"
        f'<div class=\'list-authors\'><a href="/a">Ada Quill</a>, <a href="/b">Bo Larch</a></div>\n'
        f"<div class='list-subjects'><span class=\"primary-subject\">Kites (cs.KT)</span>; Keys (cs.AI)</div>\n"
        f"<p class='mathjax'>\nKite number {n} flies.\n</p>\n</div>\n</dd>\n"
    )


def _note(n: int) -> str:
    address = f"https://arxiv.org/abs/2601.{n:05}"
    blocks = (f"Kite {n}", f"[{address}]({address})", f"第{n}个。", "", f"第{n}个风筝飞。", f"Kite number {n} flies.")
    return f"[^{n}]: 风筝{n}\n\n" + "".join(f"    {block}\n\n" for block in blocks)


def _row(n: int) -> str:
    return f"| [^{n}] | [Kite {n}](https://arxiv.org/abs/2601.{n:05}) | 第{n}个。 |\n"


def _hugging(n: int) -> str:
    return (
        f"# 风筝{n}\n\n发布时间：2026年01月22日\n\n`LLM应用`\n\n> Kite {n}\n\n# 摘要\n\n> 第{n}个风筝飞。\n\n"
        f"> Kite number {n} flies.\n\n[Arxiv](https://arxiv.org/abs/2601.{n:05})\n"
    )


def _linked(n: int) -> str:
    return f"- [Kite {n}](2026年01月22日/Kite_{n}.md)\n\n    - [翻译: 风筝{n}](2026年01月22日/Kite_{n}.md)\n\n"


def _object(n: int) -> str:
    members = {
        "title": f"Kite {n}",
        "abstract": f"Kite number {n} flies.",
        "link": f"https://arxiv.org/abs/2601.{n:05}",
    }
    fields = {
        "translated_title": f"风筝{n}",
        "translated_abstract": f"第{n}个风筝飞。",
        "tldr": f"第{n}个。",
        "en_tdlr": "One.",
    }
    return json.dumps(members | fields, ensure_ascii=False, indent=4) + "\n"


def _item(n: int) -> str:
    address = f"https://arxiv.org/abs/2601.{n:05}"
    texts = (f"风筝{n}", f"Kite {n}", address, f"第{n}个。", "", f"第{n}个风筝飞。", f"Kite number {n} flies.")
    description = "\n".join(f"&lt;p&gt;\n{text}\n&lt;/p&gt;" for text in texts)
    return f"<item><title>第{n}个。</title><link>{address}</link><description>{description}</description></item>\n"


def _drawn(n: int) -> str:
    paper = {
        "id": f"2601.{n:05}",
        "title": f"Kite {n}",
        "summary": f"Kite number {n} flies.",
        "authors": [{"name": "Ada Quill"}],
    }
    return json.dumps({"paper": paper}).replace('"', "&quot;")


def _card(n: int) -> str:
    return f'<article><h3><a href="/papers/2601.{n:05}">Kite {n}</a></h3><p>Kite number {n} flies.</p></article>\n'


def _daily(n: int) -> str:
    paper = {"id": f"2601.{n:05}", "title": f"Kite {n}", "authors": [{"name": "Ada Quill", "hidden": False}]}
    return json.dumps({"paper": paper | {"summary": f"Kite number {n} flies."}, "title": f"Kite {n}"}, indent=1)


def _preprint(n: int) -> str:
    paper = {"doi": f"10.1101/2026.01.2601.0{n}", "title": f"Kite {n}", "authors": "Quill, A.; Larch, B."}
    return json.dumps(paper | {"version": "1", "category": "kites", "abstract": f"Kite number {n} flies."})


def _mailed(n: int) -> str:
    return _short(n).removesuffix("\\\\\n") + (
        f"\\\\\n  Kite number {n} flies.\nIt lands.\n\\\\ ( https://arxiv.org/abs/2601.{n:05} ,  17kb)\n"
    )


def _short(n: int) -> str:
    return (
        f"{RULE}\\\\\narXiv:2601.{n:05}\nDate: Wed, 21 Jan 2026 19:00:02 GMT   (17kb,D)\n\n"
        f"Title: Kite\n  {n}\nAuthors: Ada Quill and Bo Larch\nCategories: cs.KT cs.AI\n\\\\\n"
    )


def _answered(n: int) -> str:
    return (
        f"<entry><id>http://arxiv.org/abs/2601.{n:05}v1</id><title>Kite {n}</title>\n"
        f'<summary>Kite number {n} flies.</summary><category term="cs.KT"/><author><name>Ada Quill</name></author></entry>\n'
    )


RULE = "-" * 78 + "\n"
MAIL = f"Date: Thu, 22 Jan 26 01:29:12 GMT\nSubject: kites daily mailing\n\n{RULE}Archives at http://arxiv.org/\n"
ANSWER = '<feed xmlns="http://www.w3.org/2005/Atom">\n<id>https://arxiv.org/api/kite</id>\n'
TABLE = "# 摘要\n\n| Ref | Title | Summary |\n| --- | --- | --- |\n"
LISTING = "<!DOCTYPE html>\n<html><body><div id='dlpage'>\n<h3>Showing new listings for Thursday, 22 January 2026</h3>\n<dl id='articles'>\n<h3>New submissions</h3>\n"
DRAWN = '<!doctype html>\n<html><body><div data-target="DailyPapers" data-props="{&quot;dailyPapers&quot;:['
CHAT = '<rss version="2.0"><channel><title>Chat Arxiv cs.KT</title>\n'
SPACES = 'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/"'
RSS = f'<rss version="2.0" {SPACES}><channel><title>cs.KT updates on arXiv.org</title>\n'
ATOM = f'<feed xmlns="http://www.w3.org/2005/Atom" {SPACES}><id>http://rss.arxiv.org/atom/cs.KT</id>\n'
BANNER = "Get trending papers in your email inbox!\n"

PARTS: Final = {
    "arxiv_listing_html": Parts(_listed, LISTING, "</dl></div></body></html>\n"),
    "bilingual_md": Parts(_note, TABLE + "\n# 详细\n\n", "\n"),
    "bilingual_md, table": Parts(_row, TABLE, "\n# 详细\n\n"),
    "hugging_md": Parts(_hugging),
    "hugging_index": Parts(_linked, "# 2026年01月\n\n2026年01月22日\n\n"),
    "bilingual_json": Parts(_object),
    "hf_html": Parts(_card, "<!doctype html>\n<html><body><main>\n", "</main></body></html>\n"),
    "daily_arxiv_jsonl": Parts(crawled),
    "arxiv_listing_mail": Parts(_mailed, MAIL, "%%%---" * 13 + "\nFor help, see http://arxiv.org/help/\n"),
    "arxiv_listing_pastweek": Parts(_short, f"{RULE}\\\\\n/* Thu, 22 Jan 2026 */\n\\\\\n"),
    "hf_json": Parts(_daily, "[\n", "\n]\n", ",\n"),
    "biorxiv_json": Parts(_preprint, '{"messages": [{"status": "ok"}], "collection": [\n', "]}\n", ",\n"),
    "arxiv_api_atom": Parts(_answered, ANSWER, "</feed>\n"),
    "bilingual_rss": Parts(_item, CHAT, "</channel></rss>"),
    "arxiv_rss": Parts(_fed, RSS, "</channel></rss>\n"),
    "arxiv_atom": Parts(_entered, ATOM, "</feed>\n"),
    "hf_text": Parts(_pair, BANNER),
    "bilingual3": Parts(group),
    "daily_arxiv_md": Parts(entry, TOC),
    "hf_html, data": Parts(_drawn, DRAWN, ']}"></div></body></html>\n', ","),
}
"""By name of the format, for some with a variant behind a comma."""
