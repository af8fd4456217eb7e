"""Reply → messages: the answer to a person, its lines in the chat's language already."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.ports import Buttons, Reply
from bot.rendering.cleaning import clean, clean_lines
from bot.rendering.lines import Code, Line
from bot.rendering.medium import Medium
from bot.rendering.packing import Fragment, Part, Size, pack
from subscriptions import Chat, ChatKind, Message

DONE, REFUSED = "✓", "✗"
_CHUNK = 1000  # characters of one line that stay together; longer ones go on in the next


def reply_messages(reply: Reply, chat: Chat, medium: Medium) -> tuple[Message, ...]:
    """The first line with its mark, then what wants a fixed width, then the other lines; buttons under the last."""
    parts = [Part(paper=None, body=(medium.draw(view),)) for view in _views(reply)]
    # No platform takes a message of nothing but blank lines.
    pages = [page for page in pack(parts, medium.room, Size(), Size()) if any(map(_says, page.fragments))]
    messages = []
    for number, page in enumerate(pages, start=1):
        payload, plain = medium.compose(
            page.fragments,
            silent=chat.kind is not ChatKind.PRIVATE or number > 1,
            buttons=_filled(reply.buttons) if number == len(pages) else (),
        )
        messages.append(Message(number=number, payload=payload, plain=plain))
    return tuple(messages)


def _views(reply: Reply) -> Iterator[Line | Code]:
    mark = {True: DONE, False: REFUSED, None: ""}[reply.ok]
    first, rest = (reply.lines[:1] or ("",)), reply.lines[1:]
    lines = [Line(text=chunk) for text in first for chunk in _chunks(text)]
    yield replace(lines[0], mark=mark)
    yield from lines[1:]
    yield from (Code(text=chunk) for chunk in _blocks(reply.code))
    yield from (Line(text=chunk) for text in rest for chunk in _chunks(text))


def _chunks(text: str) -> list[str]:
    plain = clean_lines(text).rstrip()
    return [plain[start : start + _CHUNK] for start in range(0, len(plain), _CHUNK)] or [""]


def _blocks(code: Sequence[str]) -> Iterator[str]:
    """Lines of fixed width in blocks that any message holds."""
    block: list[str] = []
    for line in code:
        for chunk in _chunks(line):
            if block and sum(map(len, block)) + len(block) + len(chunk) > _CHUNK:
                yield "\n".join(block)
                block = []
            block.append(chunk)
    if block:
        yield "\n".join(block)


def _says(fragment: Fragment) -> bool:
    return not isinstance(fragment.view, Line) or bool(fragment.view.text.strip() or fragment.view.mark)


def _filled(buttons: Buttons) -> Buttons:
    rows = (tuple(replace(button, label=clean(button.label) or "…") for button in row) for row in buttons)
    return tuple(row for row in rows if row)
