"""Reads Slack's blocks and mrkdwn (docs.slack.dev, Block Kit, "Formatting message text"): paragraphs and buttons."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from bot.rendering.text.links import web_url
from bot.rendering.views.appearance import Display, Look, Mark, Paragraph, ShownButton, Span

_INLINE = re.compile(
    r"<(?P<link>[^<>|\s]+)(?:\|(?P<label>[^<>]*))?>"
    r"|(?<![\w`])`(?P<code>[^`\n]+)`(?![\w`])"
    r"|(?<![\w*])\*(?P<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"
    r"|(?<!\w)_(?P<italic>[^\s_](?:[^_\n]*[^\s_])?)_(?!\w)"
    r"|(?<![\w~])~(?P<strike>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])"
)
_FENCE = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_QUOTED = ("&gt; ", "> ")


def slack_display(blocks: Sequence[object]) -> Display:
    """Returns what a message of these blocks looks like. Raises ValueError for a kind of block that we do not send."""
    paragraphs: list[Paragraph] = []
    keys: list[tuple[ShownButton, ...]] = []
    for block in blocks:
        match block:
            case {"type": "actions", "elements": list(elements)}:
                keys.append(tuple(_slack_key(element) for element in elements))
            case dict():
                paragraphs += _block(block)
            case _:
                raise ValueError("a block of Slack is an object")
    return Display(paragraphs=tuple(paragraphs), keys=tuple(keys))


def _block(block: Mapping[str, object]) -> Iterator[Paragraph]:
    match block:
        case {"type": "header", "text": {"text": str(text)}}:
            yield Paragraph(shape="header", spans=(Span(text=text),))
        case {"type": "divider"}:
            yield Paragraph(shape="rule")
        case {"type": "context", "elements": list(elements)}:
            spans: list[Span] = []
            for element in elements:
                spans += [Span(text="  ")] if spans else []
                spans += _text_object(element)
            yield Paragraph(shape="small", spans=tuple(spans))
        case {"type": "section", "text": {"type": "mrkdwn", "text": str(text)}, **rest}:
            first, *others = mrkdwn_paragraphs(text) or [Paragraph()]
            yield Paragraph(shape=first.shape, spans=first.spans, menu="accessory" in rest)
            yield from others
        case {"type": "section", "text": {"text": str(text)}}:
            yield Paragraph(spans=(Span(text=text),))
        case _:
            raise ValueError(f"the gallery cannot show a block of Slack of type {block.get('type')}")


def _text_object(element: object) -> tuple[Span, ...]:
    match element:
        case {"type": "mrkdwn", "text": str(text)}:
            return _inline(text)
        case {"type": "plain_text", "text": str(text)}:
            return (Span(text=text),)
        case _:
            raise ValueError("the gallery shows only texts in a context block")


def _slack_key(element: object) -> ShownButton:
    match element:
        case {"type": "button", "text": {"text": str(text)}, **rest}:
            url = rest.get("url")
            return ShownButton(text=text, link=web_url(url) if isinstance(url, str) else "")
        case {"type": "overflow"}:
            return ShownButton(text="⋯")
        case _:
            raise ValueError("the gallery shows only buttons in an actions block")


def mrkdwn_paragraphs(text: str) -> list[Paragraph]:
    """Returns the paragraphs of this mrkdwn: ordinary lines, quoted lines, code between fences."""
    found: list[Paragraph] = []
    for number, part in enumerate(_FENCE.split(text)):
        if number % 2:
            found.append(Paragraph(shape="code", spans=(Span(text=_unescaped(part)),)))
        else:
            found += _lines(part.strip("\n"))
    return found


def _lines(text: str) -> Iterator[Paragraph]:
    run: list[str] = []
    quoted = False
    for line in [*text.split("\n"), None]:
        mark = next((mark for mark in _QUOTED if line is not None and line.startswith(mark)), "")
        if run and (line is None or bool(mark) != quoted):
            if "".join(run).strip():
                yield Paragraph(shape="quote" if quoted else "text", spans=_inline("\n".join(run)))
            run = []
        if line is not None:
            quoted = bool(mark)
            run.append(line.removeprefix(mark))


def _inline(text: str, marks: frozenset[Mark] = frozenset(), link: str = "") -> tuple[Span, ...]:
    """Returns the spans of one text with their marks and links. Marks apply inside links too, as in Slack's desktop client."""
    spans: list[Span] = []
    place = 0
    for found in _INLINE.finditer(text):
        spans += _plain(text[place : found.start()], marks, link)
        place = found.end()
        match found.lastgroup:
            case "link" | "label":
                url = web_url(_unescaped(found["link"]))
                spans += _inline(found["label"] or found["link"], marks, url) if url else _plain(found[0], marks, link)
            case "code":
                spans += _plain(found["code"], marks | {"code"}, link)
            case "bold":
                spans += _inline(found["bold"], marks | {"bold"}, link)
            case "italic":
                spans += _inline(found["italic"], marks | {"italic"}, link)
            case _:
                spans += _inline(found["strike"], marks | {"strike"}, link)
    spans += _plain(text[place:], marks, link)
    return tuple(spans)


def _plain(text: str, marks: frozenset[Mark], link: str) -> list[Span]:
    return [Span(text=_unescaped(text), marks=marks, link=link)] if text else []


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _read(payload: object, pressed: Collection[str]) -> Display | None:
    del pressed  # a pressed button looks like any other
    match payload:
        case {"blocks": list(blocks)}:
            return slack_display(blocks)
        case {"text": str(text)}:
            return Display(paragraphs=tuple(mrkdwn_paragraphs(text)))
    return None


def _title_bar(title: str, detail: str) -> str:
    del detail
    return f"Slack · #{title}"


def _person(text: str) -> Display:
    return Display(paragraphs=(Paragraph(spans=(Span(text=text),)),))


LOOK = Look(style="feed", columns=100, read=_read, title_bar=_title_bar, person=_person)
