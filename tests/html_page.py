"""Parses an HTML page strictly, and reports mistakes that a browser would tolerate."""

import re
import xml.etree.ElementTree as ET

VOID = re.compile(r"<(meta|hr)\b([^>]*)>")
KNOWN = re.compile(
    "html|head|title|style|body|header|nav|main|section|article|footer|div|h[123]|meta|hr|p|ol|ul|li|dl|dt|dd|pre|blockquote"
    "|details|summary|svg|path|a|button|span|b|i|u|s|code|kbd|mark|small|time"
)
LOADS = {"src", "srcset", "data", "poster", "background", "action", "style"}  # attributes that load or run something
NEVER_IN = {"p": {"p", "div", "ol", "ul", "pre", "blockquote"}, "a": {"a"}}


class HtmlPage:
    """A parsed page. `complaints` has its mistakes, `links` every href, `text` the visible text with single spaces.

    The parser reads the page as XML, so the page must be well-formed: every tag is closed, tags do not cross, no
    attribute is there twice, and no entity is unknown. Otherwise the constructor raises ParseError.
    """

    def __init__(self, text: str) -> None:
        self.complaints: list[str] = []
        self._wrong(not text.lstrip().startswith("<!DOCTYPE html>"), "no doctype")
        self._wrong("<!--" in text, "a comment")
        root = ET.fromstring(VOID.sub(r"<\1\2/>", text))  # noqa: S314 - our own page
        elements = list(root.iter())
        self.links = [element.attrib["href"] for element in elements if "href" in element.attrib]
        self.languages = [element.attrib["lang"] for element in elements if "lang" in element.attrib]
        self.style = "".join(root.findtext("head/style") or "")
        self.text = " ".join("".join(body.itertext()).split()) if (body := root.find("body")) is not None else ""
        for element in elements:
            self._check(element)
        ids = [element.attrib["id"] for element in elements if "id" in element.attrib]
        self._wrong(len(set(ids)) < len(ids), "an id is there twice")
        loads = re.sub(r'url\("data:[^"]*"\)', "", self.style)  # what is written into the page is not loaded
        self._wrong(re.search(r"url\(|@import|https?:|expression", loads), "the style loads something")
        wanted = [word for element in elements for word in element.get("aria-labelledby", "").split()]
        missing = {*wanted, *(link[1:] for link in self.links if link.startswith("#"))} - set(ids)
        self._wrong(missing, f"nothing is called {missing}")

    def _check(self, element: ET.Element) -> None:
        tag = element.tag
        self._wrong(not KNOWN.fullmatch(tag), f"<{tag}> is none of ours")
        self._wrong("href" in element.attrib and tag != "a", f"<{tag} href> loads something")
        for name in element.attrib:
            self._wrong(name in LOADS or name.startswith("on"), f"<{tag} {name}> loads or runs something")
        self._wrong(tag in {"ol", "ul"} and {one.tag for one in element} - {"li"}, f"<{tag}> holds more than <li>")
        inside = {one.tag for one in element.iter() if one is not element}
        self._wrong(inside & NEVER_IN.get(tag, set()), f"<{tag}> holds {inside}")

    def _wrong(self, wrong: object, complaint: str) -> None:
        if wrong:
            self.complaints.append(complaint)


def without_mails(page: str) -> str:
    """Returns a page without its mails, which are tables with styles in their elements."""
    return re.sub(r'<table role="presentation" class="mailed">.*?</tbody></table>', "", page, flags=re.DOTALL)
