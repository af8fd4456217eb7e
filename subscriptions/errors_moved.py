"""The errors of the program, each with a sentence and a hint. The errors of the domain are in subscriptions/errors.py.

PaperwireError
├── UnknownFormat         bytes that are no digest
├── BrokenDigest          a digest of a known format that is damaged
├── UnreadableInput       a file, folder or stream whose bytes cannot be read
│   └── FetchError        a web address whose document cannot be fetched
├── SettingsError         a setting that cannot be used (exit 2)
├── WrongUsage            a command line that cannot be understood (exit 2)
└── ModelFails            a language model that gives no answer
"""

import traceback
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from subscriptions import errors

_EXPECTED = "; expected one of: "


class UnknownFormat(errors.PaperwireError):
    """The bytes are no digest of a known format.

    The sentence names the file, what it looks like and the known formats.
    """

    @property
    def expected(self) -> str:
        """The names of the expected formats, separated by commas; "" if the sentence names none."""
        return str(self.sentence).partition(_EXPECTED)[2].rstrip(".")


def brief(error: errors.PaperwireError) -> str:
    """Returns the sentence of an error, without a list of formats, for readers who know them or cannot choose one."""
    before, cut, _ = str(error.sentence).partition(_EXPECTED)
    return f"{before}." if cut else before


class BrokenDigest(errors.PaperwireError):
    """A digest of a known format that is too damaged to be read correctly. The sentence names the file and the line."""


class UnreadableInput(errors.PaperwireError):
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


class SettingsError(errors.PaperwireError):
    """A setting that cannot be used. The sentence names the setting, and never its value.

    `others`: what is wrong with other settings, a line each.
    """

    exit_code = 2

    def __init__(
        self, sentence: errors.Sentence | str, hint: errors.Sentence | str = "", *, others: Sequence[str] = ()
    ) -> None:
        super().__init__(sentence, hint)
        self.others = others

    def __str__(self) -> str:
        return "\n".join((super().__str__(), *self.others))


class WrongUsage(errors.PaperwireError):
    """A command line that cannot be understood."""

    exit_code = 2


class ModelFails(errors.PaperwireError):
    """A language model that gives no answer.

    `is_down`: another request would fail, too. Otherwise only this one was refused, or its answer cannot be used.
    `was_read`: a model may have read the request, which costs. `wait`: the seconds that the server asks for, or 0.
    """

    def __init__(
        self, sentence: errors.Sentence, hint: errors.Sentence, *, is_down: bool, was_read: bool, wait: float = 0.0
    ) -> None:
        super().__init__(sentence, hint)
        self.is_down = is_down
        self.was_read = was_read
        self.wait = wait


def mistake_with(name: str, error: Exception) -> BrokenDigest:
    """Returns the error for a document that was refused because paperwire itself failed at it.

    `name`: what it is called.
    """
    return BrokenDigest(
        errors.Sentence(
            "{name}: it could not be read, by a mistake of paperwire ({where}). Please report it with the document.",
            {"name": name, "where": error_location(error)},
        )
    )


def said_of(error: BaseException) -> str:
    """Returns what the log says of an error: its own words if it is for people, else only where it was raised."""
    return str(error) if isinstance(error, errors.PaperwireError) else error_location(error)


def system_words(error: OSError) -> str:
    """Returns what the system says, such as "permission denied"."""
    return (error.strerror or "unknown").lower()


def error_location(error: BaseException) -> str:
    """Returns the type of an error and where it was raised, but not its text, which may contain a person's words."""
    where = "".join(
        f" in {frame.name}, {'/'.join(Path(frame.filename).parts[-2:])}, line {frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)[-1:]
    )
    return f"{type(error).__name__}{where}"
