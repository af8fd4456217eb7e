"""Buttons under messages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A verb under a message. Either it opens `url`, or it carries `data`, an id that is looked up in the store.

    Commands name what it does, `verb` with `arguments` (JSON values); the id is made when the reply is stored.
    """

    label: str
    url: str = ""
    data: str = ""
    verb: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    only_for: str = (
        ""  # the platform's id of the one person who may press it; "": anybody there who may do what it does
    )


Buttons = tuple[tuple[Button, ...], ...]  # rows
