"""Formats of installed packages, from entry points of the group `paperwire.formats` (CONTRIBUTING.md).

The packages are loaded only if no built-in format fits, or if a format is selected by name. A format that cannot be used
is left out, and one sentence says why; the others are used.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from bot.digests._format import Content, DigestFormat
from bot.digests._warnings import Warnings
from bot.errors import BrokenDigest
from subscriptions.errors import PaperwireError, Sentence

log = logging.getLogger("paperwire")

GROUP = "paperwire.formats"

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TEXTS = ("", "\n", "Dear Ada,\n\nthis is a letter.", "# A heading\n\n- 一\n", "{}", "[]", "<html>", "0\n" * 1000)


@dataclass(slots=True)
class InstalledFormat:
    """A format of another package.

    If the format raises an unexpected error, the text counts as one that it cannot read.
    """

    name: str
    package: str
    implementation: DigestFormat

    def detect(self, text: str) -> bool:
        """See DigestFormat. If the format raises an error, the text is not of this format."""
        try:
            return bool(self.implementation.detect(text))
        except Exception as error:  # noqa: BLE001 - another format may still read the text
            log.warning("%s", self._cannot_read("detect", error))
            return False

    def parse(self, text: str, warnings: Warnings, language: str | None) -> Content:
        """See DigestFormat. An error that DigestFormat does not allow is raised as BrokenDigest."""
        try:
            content: object = self.implementation.parse(text, warnings, language)
        except PaperwireError:
            raise
        except Exception as error:
            raise BrokenDigest(self._cannot_read("parse", error)) from error
        if not isinstance(content, Content):
            raise BrokenDigest(self._cannot_read("parse", TypeError(f"{type(content).__name__} is no Content")))
        return content

    def _cannot_read(self, where: str, error: Exception) -> Sentence:
        values = {"name": self.name, "package": self.package, "why": _failure(where, error)}
        return Sentence("The format {name} of the package {package} cannot read it: {why}.", values)


@dataclass(frozen=True, slots=True)
class InstalledFormats:
    """The formats of installed packages, and a sentence for each that is left out."""

    formats: tuple[InstalledFormat, ...] = ()
    refused: tuple[str, ...] = ()


@cache
def installed_formats(reserved: frozenset[str]) -> InstalledFormats:
    """Returns the formats of installed packages, looked up once per process.

    `reserved` are the names of our own formats.
    """
    return formats_among(entry_points(group=GROUP), reserved)


@cache
def usable_formats(reserved: frozenset[str]) -> tuple[InstalledFormat, ...]:
    """Returns the usable formats of installed packages. Logs a warning for each that is left out, once per process."""
    found = installed_formats(reserved)
    for sentence in found.refused:
        log.warning("%s", sentence)
    return found.formats


def formats_among(points: Iterable[EntryPoint], reserved: frozenset[str]) -> InstalledFormats:
    """Returns the formats of these entry points, sorted by package and name.

    Of two with the same name, the first is used.
    """
    formats: dict[str, InstalledFormat] = {}
    refused = []
    for point in sorted(points, key=lambda point: (_package(point), point.name)):
        found = _load(point)
        if not isinstance(found, str) and (clash := _name_clash(found.name, reserved, formats)):
            found = clash
        if isinstance(found, str):
            refused.append(f"The format {point.name} of the package {_package(point)} is left out: {found}.")
        else:
            formats[found.name] = found
    return InstalledFormats(tuple(formats.values()), tuple(refused))


def _load(point: EntryPoint) -> InstalledFormat | str:
    """Returns the format of an entry point, or the reason why it cannot be used, as a part of a sentence."""
    try:
        loaded = point.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a package raises, the others are used
        return f"{point.value} cannot be loaded ({_one_line(error)})"
    return _problem_with(loaded, point.value) or InstalledFormat(loaded.name, _package(point), loaded)


def _problem_with(loaded: Any, module: str) -> str:  # noqa: ANN401 - a foreign object
    """Returns why an object cannot be used as a format; "" if it can be."""
    if lacking := [name for name in ("name", "detect", "parse") if not hasattr(loaded, name)]:
        return f"{module} lacks {', '.join(lacking)}"
    if not isinstance(loaded.name, str) or not _NAME.fullmatch(loaded.name):
        return "its name must be small letters, digits and _, such as shelf_list"
    if not callable(loaded.detect) or not callable(loaded.parse):
        return "its detect and parse must be functions"
    try:
        accepted = [bool(loaded.detect(text)) for text in _TEXTS]
    except Exception as error:  # noqa: BLE001 - as above
        return _failure("detect", error)
    if all(accepted):
        return "its detect takes every text for its own"
    return ""


def _name_clash(name: str, reserved: frozenset[str], others: Mapping[str, InstalledFormat]) -> str:
    if name in reserved:
        return "paperwire has a format of that name itself"
    if name in others:
        return f"the package {others[name].package} brings one of that name, too"
    return ""


def _failure(where: str, error: Exception) -> str:
    return f"its {where} fails ({_one_line(error)})"


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200].removesuffix(": ")


def _package(point: EntryPoint) -> str:
    if point.dist is not None:
        return point.dist.name
    return point.module
