"""Parses an HTML page strictly: reports each mistake that a browser would forgive."""

import re
from html.parser import HTMLParser

VOID = {"meta", "hr"}
KNOWN = VOID | {
    "html",
    "head",
    "title",
    "style",
    "body",
    "header",
    "nav",
    "main",
    "section",
    "footer",
    "div",
    "h1",
    "h2",
}
KNOWN |= {"p", "ol", "ul", "li", "dl", "dt", "dd", "pre", "blockquote", "details", "summary", "svg", "path"}
KNOWN |= {"a", "span", "b", "i", "u", "s", "code", "kbd", "mark", "small", "time"}
LOADS = {"src", "srcset", "data", "poster", "background", "action", "style"}  # attributes that load or run something


class HtmlPage(HTMLParser):
    """A parsed page. `complaints` holds its mistakes, `links` every href, `texts` every piece of text in the body."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.complaints: list[str] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self.ids: list[str] = []
        self.style = ""
        self.languages: list[str] = []
        self._open: list[str] = []
        self._wanted: list[str] = []
        if not text.lstrip().startswith("<!DOCTYPE html>"):
            self.complaints.append("no doctype")
        self.feed(text)
        self.close()
        self._finish()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self._wrong(tag not in KNOWN, f"<{tag}> is none of ours")
        self._wrong(len(values) < len(attrs), f"<{tag}> says something twice")
        for name in values:
            self._wrong(name in LOADS or name.startswith("on"), f"<{tag} {name}> loads or runs something")
        if "href" in values:
            self._wrong(tag != "a", f"<{tag} href> loads something")
            self.links.append(values["href"] or "")
        if "id" in values:
            self.ids.append(values["id"] or "")
        if "lang" in values:
            self.languages.append(values["lang"] or "")
        self._wanted += (values.get("aria-labelledby") or "").split()
        self._wrong(bool(self._open) and self._open[-1] in {"ol", "ul"} and tag != "li", f"<{tag}> stands in a list")
        self._wrong(tag == "a" and "a" in self._open, "a link stands in a link")
        self._wrong(
            "p" in self._open and tag in {"p", "div", "ol", "ul", "pre", "blockquote"}, f"<{tag}> stands in a <p>"
        )
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._wrong(tag != "path", f"<{tag}/> closes itself")
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self.complaints.append(f"</{tag}> closes nothing; open are {self._open[-3:]}")
        else:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            self.style += data
        elif "head" not in self._open:
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.complaints.append(f"a comment: {data[:40]}")

    @property
    def text(self) -> str:
        """The visible text, with each run of white space as one space."""
        return " ".join("".join(self.texts).split())

    def _finish(self) -> None:
        self._wrong(self._open, f"never closed: {self._open}")
        self._wrong(len(set(self.ids)) < len(self.ids), "an id stands twice")
        self._wrong(re.search(r"url\(|@import|https?:|expression", self.style), "the style loads something")
        inside = [link[1:] for link in self.links if link.startswith("#")]
        missing = {place for place in [*inside, *self._wanted] if place not in self.ids}
        self._wrong(missing, f"nothing is called {missing}")

    def _wrong(self, wrong: object, complaint: str) -> None:
        if wrong:
            self.complaints.append(complaint)
