"""JSON of values that are too many to be in memory at once."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

_INDENT = "  "
_TOGETHER = 1000  # pieces that are joined at once: one alone takes more room than its text


def json_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """The text of a value, as `json.dumps` with an indent of two writes it. An iterator is written as a list.

    An iterator is read while it is written, so beside the text only one of its values is in memory.
    """
    pieces = json_pieces(value)
    return "".join(iter(lambda: "".join(islice(pieces, _TOGETHER)), ""))


def json_pieces(value: Any, level: int = 0) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    """The text of a value in pieces, none of them empty."""
    match value:
        case Mapping():
            members = ((f"{json.dumps(str(name), ensure_ascii=False)}: ", one) for name, one in value.items())
            yield from _block("{", members, "}", level)
        case list() | tuple() | Iterator():
            yield from _block("[", (("", one) for one in value), "]", level)
        case _:
            yield json.dumps(value, ensure_ascii=False)


def _block(opening: str, members: Iterable[tuple[str, Any]], closing: str, level: int) -> Iterator[str]:
    yield opening
    separator, end = "\n", ""
    for name, value in members:
        yield f"{separator}{_INDENT * (level + 1)}{name}"
        yield from json_pieces(value, level + 1)
        separator, end = ",\n", f"\n{_INDENT * level}"
    yield f"{end}{closing}"
