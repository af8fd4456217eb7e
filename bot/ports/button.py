"""Buttons under messages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button under a message: it either opens `url` or sends `data`, the id of a callback token in the store.

    Commands set `verb` and `arguments` (JSON values), which say what the button does. The id is made when the reply is
    stored.
    """

    label: str
    url: str = ""
    data: str = ""
    verb: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    only_for: str = (
        ""  # the platform's id of the only person who may press it; "": everyone in the chat with the rights for it
    )
    shows: str = ""  # what a pressed button means, such as "SAVED:17": that the chat saved paper 17


Buttons = tuple[tuple[Button, ...], ...]  # rows
