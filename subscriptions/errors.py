"""Errors of the domain, and the outcomes of an attempt to post a message.

PaperwireError            a sentence, and a hint that says what to do
├── QueryError            a query that is refused, with its column
├── NotFound              no such chat, subscription or delivery
├── Refused               a request that cannot be fulfilled as it is
├── MeaningFails          texts cannot be encoded by their meaning now
└── StoreError            the database cannot be used
    └── StoreUnavailable  it cannot be used now; try again later

NotDelivered              the outcomes of an attempt to post, other than "sent"
├── RetryLater            not sent for certain; waiting helps
├── Unclear               it may have been sent
│   └── PartlySent        some of its readers have it
├── Rejected              not sent; the platform refuses this message
├── ChatMoved             not sent; the chat has another address now
├── ChatGone              not sent; the chat or topic cannot be written to
└── SenderStopped         not sent; the token or workspace does not work
"""

import errno
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from typing import Literal, TypeVar

from subscriptions.model_moved import PauseReason
from subscriptions.text.escaping import escaped

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with placeholders that can be translated: `template` is the gettext msgid.

    `template` is English with `{name}` placeholders as in str.format; `values` fills them. A value may be a Sentence.
    """

    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    def say(self, translate: Callable[[str], str]) -> str:
        """Returns the sentence in the language of `translate`, a gettext function."""
        values = {name: v.say(translate) if isinstance(v, Sentence) else v for name, v in self.values.items()}
        if self.template:
            return translate(self.template).format_map(values)
        return ""

    def __str__(self) -> str:
        """Returns the English sentence on one line, for terminals and logs. Hidden characters in values are shown."""
        return self.template.format_map({name: _visible(value) for name, value in self.values.items()})


def _visible(value: object) -> object:
    """Returns a value of a sentence without hidden characters. Numbers stay, since the template may format them."""
    if isinstance(value, Sentence):
        return str(value)
    if isinstance(value, str):
        return escaped(value)
    return value


def sentences(templates: Mapping[Key, str]) -> dict[Key, Sentence]:
    """Returns a table of sentences without values."""
    return {key: Sentence(template) for key, template in templates.items()}


def listed(sentences: Iterable[Sentence]) -> Sentence:
    """Returns the sentences as one, joined by commas as the reader's language writes them. `sentences` is not empty."""
    first, *others = sentences
    for other in others:
        first = Sentence("{first}, {next}", {"first": first, "next": other})
    return first


class PaperwireError(Exception):
    """An error for people: it says what is wrong and what to do. People never see its traceback."""

    exit_code = 1  # 1: a problem came up while working; 2: wrong usage (docs/commands.md)
    column: int | None = None  # where a query is wrong: code points from 1 in the text as typed

    def __init__(self, sentence: Sentence | str, hint: Sentence | str = "") -> None:
        super().__init__(str(sentence))
        self.sentence = sentence if isinstance(sentence, Sentence) else Sentence("{text}", {"text": sentence})
        self.hint = hint if isinstance(hint, Sentence) else Sentence("{text}", {"text": hint})

    def __str__(self) -> str:
        return " ".join(part for part in (str(self.sentence), str(self.hint)) if part)

    def document(self) -> dict[str, object]:
        """Returns the error for programs, as in the JSON of subcommands."""
        return {"column": self.column, "message": str(self.sentence), "hint": str(self.hint)}


class QueryError(PaperwireError):
    """A query is refused."""

    column: int

    def __init__(self, sentence: Sentence, hint: Sentence, column: int) -> None:
        super().__init__(sentence, hint)
        self.column = column


class NotFound(PaperwireError):
    """There is no such chat, subscription or delivery."""


class Refused(PaperwireError):
    """A request cannot be fulfilled as it is; the sentence or the hint says what is possible."""

    exit_code = 2


class MeaningFails(PaperwireError):
    """The encoder cannot tell the meaning of texts now: it is missing, broken, too slow, or refuses."""


class StoreError(PaperwireError):
    """The database cannot be used: it is locked, read-only, full, damaged, newer than the program, or another bot's."""

    cause = "it cannot be used; the log says why"  # the health page shows this: without paths, since strangers read it
    passes = True  # a retry may help, so `run` waits for it


class StoreUnavailable(StoreError):
    """The database cannot be used at the moment: it is locked, full, read-only or cannot be opened.

    The request is not the cause, so callers repeat it until the database is back.
    """


class RoleTaken(PaperwireError):
    """Another process works on this database."""


class RoleLost(StoreError):
    """Another process has taken the role while this one stood still or could not reach the database."""


def is_disk_full(error: OSError) -> bool:
    """Returns whether the error means that the disk or the quota is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def disk_full(what: object) -> tuple[Sentence, Sentence]:
    """Returns (sentence, hint) for a full disk that holds `what`."""
    return Sentence("The disk that holds {what} is full.", {"what": what}), Sentence("Free some space, then try again.")


def install_extra(extra: str) -> Sentence:
    """Returns the cure for libraries that are not installed: the command that adds those of an extra to this Python.

    It names the libraries, since paperwire itself is in no index of packages. An environment of uv has no pip.
    """
    try:
        declared = [line.partition(";") for line in requires("paperwire") or ()]
    except PackageNotFoundError:
        declared = []
    libraries = [library.strip() for library, _, when in declared if f"'{extra}'" in when.replace('"', "'")]
    pip = (
        [sys.executable, "-m", "pip", "install"]
        if find_spec("pip")
        else ["uv", "pip", "install", "--python", sys.executable]
    )
    return Sentence(
        "Install what it needs: {command}", {"command": shlex.join([*pip, *(libraries or [f".[{extra}]"])])}
    )


@dataclass(eq=False)
class NotDelivered(Exception):
    """An attempt to post that did not end in "sent"."""

    reason: str  # one plain English line without secrets

    def __str__(self) -> str:
        return self.reason


@dataclass(eq=False)
class RetryLater(NotDelivered):
    """Certainly not sent; waiting helps."""

    # the wait that the platform asked for, zero if it named none. Until then nothing is posted in the lane, also no reply,
    # and where the platform limits the token, nothing anywhere if two lanes wait (bot/pace.py)
    after: timedelta = timedelta(0)


class Unclear(NotDelivered):
    """Perhaps sent. On some platforms the message can be looked up (Platform.find)."""


class PartlySent(Unclear):
    """Sent to some of its readers. It is posted once more at most, since these may get it again."""


@dataclass(eq=False)
class Rejected(NotDelivered):
    """Not sent: the platform refuses this message."""

    form: bool = field(default=False, kw_only=True)  # another form may be accepted: the plain one, without buttons
    # one refusal does not show that it is the message: the same one for several chats in a row is the sender's
    in_doubt: bool = field(default=False, kw_only=True)


@dataclass(eq=False)
class ChatMoved(NotDelivered):
    """Not sent: the chat has moved to `address` (a group that became a supergroup)."""

    address: str


class ChatGone(NotDelivered):
    """Not sent: the bot cannot write there. `scope`: "topic" for one topic or thread, "chat" for the whole address.

    `in_doubt`: one refusal does not show that the chat is gone. It is tried again for days, and the same refusal for
    several chats in a row is the sender's.
    """

    def __init__(
        self,
        reason: str,
        scope: Literal["chat", "topic"] = "chat",
        pause_reason: PauseReason | None = None,
        *,
        in_doubt: bool = False,
    ) -> None:
        """`pause_reason` is stored with the chat. The default is GONE, or TOPIC_CLOSED if `scope` is "topic"."""
        super().__init__(reason)
        self.scope, self.in_doubt = scope, in_doubt
        general = PauseReason.TOPIC_CLOSED if scope == "topic" else PauseReason.GONE
        self.pause_reason = pause_reason or general


@dataclass(eq=False)
class SenderStopped(NotDelivered):
    """Not sent: the token does not work. Deliveries wait in the outbox until it works again."""
