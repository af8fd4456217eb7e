"""Errors for people, each with a sentence and a hint that says what to do.

PaperwireError
├── QueryError            a query that is refused, with its column
├── NotFound              no such chat, subscription or delivery
├── Refused               a request that cannot be fulfilled as it is
├── EmbeddingError          texts cannot be encoded by their meaning now
├── LeaderExists             another process works on this database
├── StoreError            the database cannot be used
│   ├── StoreUnavailable  it cannot be used now; try again later
│   └── LeadershipLost          another process has taken the role
├── UnknownFormat         bytes that are not a digest
├── BrokenDigest          a digest of a known format that is damaged
├── UnreadableInput       a file, folder or stream whose bytes cannot be read
│   └── FetchError        a web address whose document cannot be fetched
├── SettingsError         a setting that cannot be used (exit 2)
├── WrongUsage            a command line that cannot be understood (exit 2)
└── ModelError            a language model that gives no answer
"""

import errno
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from typing import TypeVar

from subscriptions.text.escaping import escaped

Key = TypeVar("Key")

EXPECTED_FORMATS = "; expected one of: "  # in the sentence of UnknownFormat, before their names


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with placeholders that can be translated: `template` is the gettext msgid.

    `template` is English with `{name}` placeholders as in str.format; `values` fills them. A value may be a Sentence.
    """

    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    def say(self, translate: Callable[[str], str]) -> str:
        """Return the sentence in the language of `translate`, a gettext function."""
        values = {name: v.say(translate) if isinstance(v, Sentence) else v for name, v in self.values.items()}
        if self.template:
            return translate(self.template).format_map(values)
        return ""

    def __str__(self) -> str:
        """Return the English sentence on one line, for terminals and logs. Hidden characters in values are shown."""
        return self.template.format_map({name: _visible(value) for name, value in self.values.items()})


def _visible(value: object) -> object:
    """Return a value of a sentence without hidden characters. Numbers stay, since the template may format them."""
    if isinstance(value, Sentence):
        return str(value)
    if isinstance(value, str):
        return escaped(value)
    return value


def sentences(templates: Mapping[Key, str]) -> dict[Key, Sentence]:
    """Return a table of sentences without values."""
    return {key: Sentence(template) for key, template in templates.items()}


def listed(sentences: Iterable[Sentence]) -> Sentence:
    """Return the sentences as one, joined by commas as the reader's language writes them. `sentences` is not empty."""
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
        """Return the error for programs, as in the JSON of subcommands."""
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


class EmbeddingError(PaperwireError):
    """The encoder cannot tell the meaning of texts now: it is missing, broken, too slow, or refuses."""


class StoreError(PaperwireError):
    """The database cannot be used: it is locked, read-only, full, damaged, newer than the program, or another bot's."""

    cause = "it cannot be used; the log says why"  # the health page shows this: without paths, since strangers read it
    passes = True  # a retry may help, so `run` waits for it


class StoreUnavailable(StoreError):
    """The database cannot be used at the moment: it is locked, full, read-only or cannot be opened.

    The request is not the cause, so callers repeat it until the database is back.
    """


class LeaderExists(PaperwireError):
    """Another process works on this database."""


class LeadershipLost(StoreError):
    """Another process has taken the role while this one stood still or could not reach the database."""


def is_disk_full(error: OSError) -> bool:
    """Return whether the error means that the disk or the quota is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def disk_full(what: object) -> tuple[Sentence, Sentence]:
    """Return (sentence, hint) for a full disk that holds `what`."""
    return Sentence("The disk that holds {what} is full.", {"what": what}), Sentence("Free some space, then try again.")


def install_extra(extra: str) -> Sentence:
    """Return the cure for libraries that are not installed: the command that adds those of an extra to this Python.

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


class UnknownFormat(PaperwireError):
    """The bytes are no digest of a known format.

    The sentence names the file, what it looks like and the known formats.
    """

    @property
    def expected(self) -> str:
        """The names of the expected formats, separated by commas; "" if the sentence names none."""
        return str(self.sentence).partition(EXPECTED_FORMATS)[2].rstrip(".")


class BrokenDigest(PaperwireError):
    """A digest of a known format that is too damaged to be read correctly. The sentence names the file and the line."""


class UnreadableInput(PaperwireError):
    """A file, folder or stream whose bytes cannot be read. The sentence names it and the reason."""


class FetchError(UnreadableInput):
    """A document that cannot be fetched. The sentence names the host, never the address, which may contain a secret.

    `retry_after`: how long the server requests to wait; zero if it requests no wait. `busy`: the only problem is that
    the server requests a wait. `host_wide`: requests for other addresses of the host would fail, too. `status`, `body`:
    those of the response, if there was one; the body as it was sent, perhaps packed.
    """

    def __init__(
        self,
        sentence: str,
        hint: str = "",
        *,
        retry_after: timedelta = timedelta(0),
        busy: bool = False,
        host_wide: bool = True,
        status: int = 0,
        body: bytes = b"",
    ) -> None:
        super().__init__(sentence, hint)
        self.retry_after = retry_after
        self.busy = busy
        self.host_wide = host_wide
        self.status = status
        self.body = body


class SettingsError(PaperwireError):
    """A setting that cannot be used. The sentence names the setting, and never its value.

    `others`: what is wrong with other settings, a line each.
    """

    exit_code = 2

    def __init__(self, sentence: Sentence | str, hint: Sentence | str = "", *, others: Sequence[str] = ()) -> None:
        super().__init__(sentence, hint)
        self.others = others

    def __str__(self) -> str:
        return "\n".join((super().__str__(), *self.others))


class WrongUsage(PaperwireError):
    """A command line that cannot be understood."""

    exit_code = 2


class ModelError(PaperwireError):
    """A language model that gives no answer.

    `is_down`: another request would fail, too. Otherwise only this one was refused, or its answer cannot be used.
    `was_read`: a model may have read the request, which costs. `wait`: the seconds that the server asks for, or 0.
    """

    def __init__(self, sentence: Sentence, hint: Sentence, *, is_down: bool, was_read: bool, wait: float = 0.0) -> None:
        super().__init__(sentence, hint)
        self.is_down = is_down
        self.was_read = was_read
        self.wait = wait


def brief(error: PaperwireError) -> str:
    """Return the sentence of an error, without a list of formats, for readers who know them or cannot choose one."""
    before, cut, _ = str(error.sentence).partition(EXPECTED_FORMATS)
    return f"{before}." if cut else before
