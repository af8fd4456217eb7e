"""Reads Telegram's HTML as the Bot API does (core.telegram.org/bots/api#html-style): paragraphs and buttons."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from bot.rendering.text.links import web_url
from bot.rendering.views.appearance import Display, Look, Mark, Paragraph, Shape, ShownButton, Span

_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}  # Telegram decodes no other names
_MARKS: Mapping[str, Mark] = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strike"),
    "code": "code",
    "tg-spoiler": "hidden",
}
_TAG = re.compile(r'<(?P<close>/?)(?P<name>[a-z-]+)(?: href="(?P<href>[^"<>]*)")?(?P<expandable> expandable)?>')
_COMMAND = re.compile(r"(?<![\w/<>])/[A-Za-z]\w{0,31}(?:@\w{3,32})?")  # Telegram makes links of commands
_REFERENCE = re.compile(r"&(?:(lt|gt|amp|quot)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));")


def telegram_display(text: str, *, silent: bool, buttons: object, pressed: Collection[str] = ()) -> Display:
    """Returns what a message with this HTML looks like. Raises ValueError for malformed buttons.

    `buttons` are rows as the Bot API takes them, or None; `pressed` is the data of the buttons that were pressed.
    """
    keys = tuple(tuple(_key(key, pressed) for key in _items(row)) for row in _items(buttons or []))
    return Display(paragraphs=telegram_paragraphs(text), keys=keys, silent=silent)


def _read(payload: object, pressed: Collection[str]) -> Display | None:
    match payload:
        case {"text": str(text), **rest}:
            silent = rest.get("silent") is True
            return telegram_display(text, silent=silent, buttons=rest.get("buttons"), pressed=pressed)
    return None


def _title_bar(title: str, detail: str) -> str:
    return f"Telegram · {title}" + (f" ({detail})" if detail else "")


def telegram_person_message(text: str) -> Display:
    """Returns what a message of a person looks like: plain text with its commands marked."""
    return Display(paragraphs=(Paragraph(spans=tuple(_with_commands(Span(text=text)))),))


def telegram_paragraphs(html: str) -> tuple[Paragraph, ...]:
    """Returns the paragraphs of this HTML. Unknown tags and unmatched closing tags stay text."""
    reader = _HtmlReader()
    place = 0
    for tag in _TAG.finditer(html):
        reader.add_text(html[place : tag.start()])
        if not reader.add_tag(tag):
            reader.add_text(tag[0])
        place = tag.end()
    reader.add_text(html[place:])
    return reader.paragraphs()


class _HtmlReader:
    """The open tags, and the paragraphs so far."""

    def __init__(self) -> None:
        self._open: list[tuple[str, Mark | None, str]] = []  # name, mark, link
        self._done: list[tuple[Shape, list[Span]]] = [("text", [])]

    def add_text(self, html: str) -> None:
        text = _REFERENCE.sub(_referenced, html)
        if text:
            marks = frozenset(mark for _, mark, _ in self._open if mark)
            link = next((link for _, _, link in reversed(self._open) if link), "")
            span = Span(text=text, marks=marks, link=link)
            plain = not link and "code" not in marks and self._done[-1][0] != "code"
            self._done[-1][1].extend(_with_commands(span) if plain else (span,))

    def add_tag(self, tag: re.Match[str]) -> bool:
        """Opens or closes a tag. Returns False if it is not one of Telegram's, or closes none that is open."""
        name = tag["name"]
        if tag["close"]:
            if not self._open or self._open[-1][0] != name:
                return False
            self._open.pop()
            if name in {"blockquote", "pre"}:
                self._done.append(("text", []))
            return True
        if name == "blockquote":
            self._done.append(("folded" if tag["expandable"] else "quote", []))
        elif name == "pre":
            self._done.append(("code", []))
        elif name not in _MARKS and not (name == "a" and tag["href"]):
            return False
        link = web_url(_REFERENCE.sub(_referenced, tag["href"])) if name == "a" else ""
        self._open.append((name, _MARKS.get(name), link))
        return True

    def paragraphs(self) -> tuple[Paragraph, ...]:
        """Returns the paragraphs; a line end beside a quotation or code belongs to the block's edge and goes."""
        texts = [(shape, spans) for shape, spans in self._done if "".join(s.text for s in spans).strip()]
        found = []
        for number, (shape, spans) in enumerate(texts):
            after = number > 0 and texts[number - 1][0] != "text"
            before = number + 1 < len(texts)
            found.append(Paragraph(shape=shape, spans=_trimmed(spans, left=after, right=before)))
        return tuple(found)


def _with_commands(span: Span) -> Iterator[Span]:
    """Yields the span in pieces, with its commands marked."""
    place = 0
    for command in _COMMAND.finditer(span.text):
        if place < command.start():
            yield replace(span, text=span.text[place : command.start()])
        yield replace(span, text=command[0], marks=span.marks | {"command"})
        place = command.end()
    if place < len(span.text):
        yield replace(span, text=span.text[place:])


def _referenced(reference: re.Match[str]) -> str:
    name, decimal, hexadecimal = reference.groups()
    if name:
        return _NAMED[name]
    number = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else reference[0]  # noqa: PLR2004 - the code points of Unicode


def _trimmed(spans: Sequence[Span], *, left: bool, right: bool) -> tuple[Span, ...]:
    """Returns the spans without one line end at the left edge, the right edge or both."""
    kept = list(spans)
    if left and kept[0].text.startswith("\n"):
        kept[0] = Span(text=kept[0].text[1:], marks=kept[0].marks, link=kept[0].link)
    if right and kept[-1].text.endswith("\n"):
        kept[-1] = Span(text=kept[-1].text[:-1], marks=kept[-1].marks, link=kept[-1].link)
    return tuple(span for span in kept if span.text)


def _key(key: object, pressed: Collection[str]) -> ShownButton:
    match key:
        case {"text": str(text), "url": str(url)}:
            return ShownButton(text=text, link=web_url(url))
        case {"text": str(text), "data": str(data)}:
            return ShownButton(text=text, pressed=data in pressed)
        case _:
            raise ValueError("a button for Telegram has a text and either url or data")


def _items(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("buttons for Telegram are rows of buttons")  # noqa: TRY004 - one error for one broken payload
    return value


LOOK = Look(
    style="bubbles", columns=76, read=_read, title_bar=_title_bar, person=telegram_person_message
)  # a phone is narrow
