"""Parses HTML with Telegram's own parser: tdjson, the library on which the Bot API server is built.

tdjson runs offline. It does not trim texts and does not count characters, so this module does both.
"""

import functools
import json
from dataclasses import dataclass
from typing import Any, cast

import tdjson

TEXT_LIMIT = 4096  # UTF-16 units, after parsing
RAW_LIMIT = 32_768  # bytes, before parsing
KEPT_ENTITIES = 100  # further entities are dropped without an error
ENTITY_BYTES = 9_500  # all entities together, in the size that the server stores


class Unparsable(Exception):
    """The server refuses a text. The exception's text is the server's error text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text as people see it, with its entities."""

    text: str
    entities: tuple[dict[str, Any], ...] = ()

    @property
    def units(self) -> int:
        return len(self.text.encode("utf-16-le")) // 2

    @property
    def entity_bytes(self) -> int:
        """The approximate size of the entities: twelve bytes each, plus the address of a link."""
        return sum(12 + len(entity["type"].get("url", "").encode()) for entity in self.entities)


@functools.cache
def _quiet() -> None:
    _execute({"@type": "setLogVerbosityLevel", "new_verbosity_level": 0})


def _execute(request: dict[str, Any]) -> dict[str, Any]:
    answer = tdjson.td_execute(json.dumps(request).encode())
    return cast("dict[str, Any]", json.loads(answer)) if answer else {}


def parse_html(text: str) -> Text:
    """Parses HTML and returns the text as the server keeps it. Raises Unparsable if the server would refuse it."""
    return trim(untrimmed(text))


def untrimmed(text: str) -> Text:
    """Like `parse_html`, but keeps white space at both ends, and the entities that the server drops."""
    _quiet()
    parsed = _execute({"@type": "parseTextEntities", "text": text, "parse_mode": {"@type": "textParseModeHTML"}})
    if parsed.get("@type") == "error":
        raise Unparsable(str(parsed["message"]))
    return Text(text=parsed["text"], entities=tuple(parsed["entities"]))


def trim(text: Text) -> Text:
    """Returns the text without white space at both ends and without the entities that the server does not keep."""
    return Text(text=text.text.strip(), entities=text.entities[:KEPT_ENTITIES])


def entities_of(text: str) -> list[dict[str, Any]]:
    """Returns the entities that the server finds in a text without markup: commands, mentions and links."""
    _quiet()
    return cast("list[dict[str, Any]]", _execute({"@type": "getTextEntities", "text": text}).get("entities", []))
