"""What the log says of an error, and the error for a document at which paperwire itself failed."""

import traceback
from pathlib import Path

from subscriptions import errors
from subscriptions.errors import BrokenDigest


def mistake_with(name: str, error: Exception) -> BrokenDigest:
    """Return the error for a document that was refused because paperwire itself failed at it.

    `name`: what it is called.
    """
    return BrokenDigest(
        errors.Sentence(
            "{name}: it could not be read, by a mistake of paperwire ({where}). Please report it with the document.",
            {"name": name, "where": error_location(error)},
        )
    )


def log_text(error: BaseException) -> str:
    """Return what the log says of an error: its own words if it is for people, else only where it was raised."""
    return str(error) if isinstance(error, errors.PaperwireError) else error_location(error)


def system_words(error: OSError) -> str:
    """Return what the system says, such as "permission denied"."""
    return (error.strerror or "unknown").lower()


def error_location(error: BaseException) -> str:
    """Return the type of an error and where it was raised, but not its text, which may contain a person's words."""
    where = "".join(
        f" in {frame.name}, {'/'.join(Path(frame.filename).parts[-2:])}, line {frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)[-1:]
    )
    return f"{type(error).__name__}{where}"
