"""What can go wrong in the program, each with a hint. The tree of the domain is in subscriptions/errors.py.

PaperwireError
├── UnknownFormat         bytes that are no digest
├── BrokenDigest          a known format, but damaged beyond reading
├── Unreadable            a file, folder or stream whose bytes cannot be had
│   └── FetchError        an address on the web that does not give its document
├── SettingsError         a setting that cannot be used (exit 2)
├── WrongUsage            a command line that cannot be understood (exit 2)
└── SenderLockHeld             another process has the sending role
"""

import traceback
from datetime import timedelta

from subscriptions.errors import PaperwireError, Sentence

_EXPECTED = "; expected one of: "


class UnknownFormat(PaperwireError):
    """The bytes are not a digest that we know. The sentence names the file, what it looks like and what was expected."""

    @property
    def brief(self) -> str:
        """The sentence without the names of all formats, for who knows them or cannot choose."""
        before, cut, _ = str(self.sentence).partition(_EXPECTED)
        return f"{before}." if cut else before

    @property
    def expected(self) -> str:
        """The names of the formats that it could have been, comma between; "" where none are named."""
        return str(self.sentence).partition(_EXPECTED)[2].rstrip(".")


def brief(error: PaperwireError) -> str:
    """Its sentence in short."""
    return error.brief if isinstance(error, UnknownFormat) else str(error.sentence)


class BrokenDigest(PaperwireError):
    """A known format, damaged so that going on would give wrong papers. The sentence names file and line."""


class UnreadableInput(PaperwireError):
    """A file, folder or stream whose bytes cannot be had. The sentence names it and says why."""


class FetchError(UnreadableInput):
    """An address that does not give its document. The sentence names its host, never the address: it may hold a secret.

    `after` is how long the server wants to be left alone, zero when it did not say; `busy`: that is all that is wrong.
    `of_host`: other addresses of the host would fail, too. `status` and `body` are what was answered, if anything was.
    """

    def __init__(
        self,
        sentence: Sentence,
        hint: Sentence | str = "",
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
    """A setting that cannot be used. The sentence names the setting, never its value."""

    exit_code = 2


class WrongUsage(PaperwireError):
    """A command line that cannot be understood."""

    exit_code = 2


class SenderLockHeld(PaperwireError):
    """Another process on this database has the sending role."""


def error_location(error: BaseException) -> str:
    """What went wrong and where, without the error's words: they may hold what a person wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"
