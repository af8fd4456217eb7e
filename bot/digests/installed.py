"""Formats that installed packages bring, by entry points of the group `paperwire.formats` (docs/formats.md).

They are looked for only where no format of ours fits, or one is asked for by its name. What is wrong with one is said in
one sentence, and all others are used.
"""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from bot.digests._format import Content, DigestFormat
from bot.digests._warnings import Warnings
from bot.errors import BrokenDigest
from subscriptions.errors import PaperwireError, Sentence

log = logging.getLogger("paperwire")

GROUP = "paperwire.formats"

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TEXTS = ("", "\n", "Dear Ada,\n\nthis is a letter.", "# A heading\n\n- 一\n", "{}", "[]", "<html>", "0\n" * 1000)


class _Unusable(Exception):
    """Why a format cannot be used, as a clause."""

    def __init__(self, why: Sentence) -> None:
        super().__init__(str(why))
        self.why = why


@dataclass(slots=True)
class InstalledFormat:
    """One format of another package. What it does other than a format may is told as a sentence."""

    name: str
    package: str
    implementation: DigestFormat

    def detect(self, text: str) -> bool:
        """See DigestFormat. One that stumbles over a text does not have it."""
        try:
            return bool(self.implementation.detect(text))
        except Exception as error:  # noqa: BLE001 - whatever a stranger's code does, others may know the text
            log.warning("%s", self._cannot_read("detect", error))
            return False

    def parse(self, text: str, warnings: Warnings, language: str | None) -> Content:
        """See DigestFormat. Raises BrokenDigest also for whatever else goes wrong in it."""
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
    """What the installed packages bring: formats by the names of their packages, and a sentence for each that is left out."""

    formats: tuple[InstalledFormat, ...] = ()
    refused: tuple[Sentence, ...] = ()


@cache
def installed_formats(reserved: frozenset[str]) -> InstalledFormats:
    """Looks once in this process. `taken` are the names of our own formats."""
    return formats_among(entry_points(group=GROUP), reserved)


@cache
def usable_formats(reserved: frozenset[str]) -> tuple[InstalledFormat, ...]:
    """As `installed_formats`; of what is left out is warned, once in this process."""
    found = installed_formats(reserved)
    for sentence in found.refused:
        log.warning("%s", sentence)
    return found.formats


def formats_among(points: Iterable[EntryPoint], reserved: frozenset[str]) -> InstalledFormats:
    """What these entry points bring, in the order of their packages and names; of two with one name the first is used."""
    formats: dict[str, InstalledFormat] = {}
    refused = []
    for point in sorted(points, key=lambda one: (_package(one), one.name)):
        try:
            one = _loaded(point)
            _refuse_name_clash(one, reserved, formats)
        except _Unusable as error:
            refused.append(_left_out(point.name, _package(point), error.why))
        else:
            formats[one.name] = one
    return InstalledFormats(tuple(formats.values()), tuple(refused))


def _loaded(point: EntryPoint) -> InstalledFormat:
    """Raises _Unusable for what is no format."""
    try:
        made = point.load()
    except (Exception, SystemExit) as error:
        why = Sentence("{module} cannot be loaded ({problem})", {"module": point.value, "problem": _one_line(error)})
        raise _Unusable(why) from error
    lacking = [name for name in ("name", "detect", "parse") if not hasattr(made, name)]
    if lacking:
        raise _Unusable(Sentence("{module} lacks {names}", {"module": point.value, "names": ", ".join(lacking)}))
    if not isinstance(made.name, str) or not _NAME.fullmatch(made.name):
        raise _Unusable(Sentence("its name must be small letters, digits and _, such as shelf_list"))
    if not callable(made.detect) or not callable(made.parse):
        raise _Unusable(Sentence("its detect and parse must be functions"))
    _check_detect(made)
    return InstalledFormat(made.name, _package(point), made)


def _check_detect(made: DigestFormat) -> None:
    """Whether it can tell texts that are no digests from its own. Raises _Unusable."""
    for text in _TEXTS:
        try:
            made.detect(text)
        except Exception as error:
            raise _Unusable(_failure("detect", error)) from error
    if all(made.detect(text) for text in _TEXTS):
        raise _Unusable(Sentence("its detect takes every text for its own"))


def _refuse_name_clash(one: InstalledFormat, reserved: frozenset[str], others: dict[str, InstalledFormat]) -> None:
    if one.name in reserved:
        raise _Unusable(Sentence("paperwire has a format of that name itself"))
    if one.name in others:
        raise _Unusable(
            Sentence("the package {package} brings one of that name, too", {"package": others[one.name].package})
        )


def _failure(where: str, error: Exception) -> Sentence:
    return Sentence("its {function} stumbles ({problem})", {"function": where, "problem": _one_line(error)})


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200].removesuffix(": ")


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.module


def _left_out(name: str, package: str, why: Sentence) -> Sentence:
    values = {"name": name, "package": package, "why": why}
    return Sentence("The format {name} of the package {package} is left out: {why}.", values)
