"""What a message may mean that follows another one: a command, a button of the last reply, something about papers, or a question."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bot.commands.frame import Choice
from bot.sentences.words.said import Said


class Do(NamedTuple):
    """A command with its arguments."""

    command: str
    args: str
    label: str = ""  # what a button for it says


class Papers(NamedTuple):
    """What the message says shall be done with these papers."""

    ids: Sequence[int]
    said: Said


class WhichPaper(NamedTuple):
    """A question for which of the shown papers a button shall be pressed."""

    verb: str
    papers: Mapping[int, int]


class Which(NamedTuple):
    """A question: which of these is meant?"""

    steps: Sequence["Do | Choice"]


class Instead(NamedTuple):
    """The last change is taken back, and this is done in its place."""

    does: Do | Papers


Step = Do | Choice | Papers | WhichPaper | Which | Instead
