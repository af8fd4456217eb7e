"""Files, folders, standard input: which files count (no hidden ones), how large one may be, the text in its bytes."""

import glob
import gzip
import os
import re
import stat
import sys
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from subscriptions.errors import BrokenDigest, Sentence, UnreadableInput
from subscriptions.text.cutting import cut_letters

STDIN = "-"
MAX_BYTES = 16 * 2**20
"""Size limit of a document, also of one that is unpacked."""
MOST_ENTRIES = 50_000  # of a document
BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_MOST_LAYERS = 3  # of gzip: a packed file may be sent packed
_TOO_LARGE = Sentence("It is larger than {limit} MiB.", {"limit": MAX_BYTES >> 20})

Stamp = tuple[int, int, int]
"""Properties of a file that change with its content: its time in nanoseconds, its size, its inode."""

_BYTE = re.compile(r"\\x([0-9a-f]{2})")  # of a name that is not UTF-8, see `in_utf8`

_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"'](?P<name>[\w.:-]{2,40})[\"']")
_ENCODING = re.compile(  # names of those that feeds have; others of Python's decoders are slow or no encodings of text
    r"iso-?8859-\d{1,2}|latin-?1|(?:windows-|cp)125\d|gb(?:2312|k|18030)|big5|shift[_-]?jis|euc-(?:jp|kr|cn)|koi8-[ru]|utf-16(?:le|be)?",
    re.IGNORECASE,
)
# as browsers do
_READ_AS = {
    "gb2312": "gb18030",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
}
# Control characters except white space, the two code points that XML forbids, and lone surrogates, which only JSON
# escapes can produce.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")

_SIGNATURES = (
    (b"%PDF", Sentence("a PDF")),
    (b"PK\x03\x04", Sentence("a ZIP archive or an office document")),
    (b"\x1f\x8b", Sentence("a compressed file")),
    (b"\x89PNG", Sentence("a picture")),
    (b"\xff\xd8\xff", Sentence("a picture")),
    (b"\xff\xfe", Sentence("UTF-16 text")),
    (b"\xfe\xff", Sentence("UTF-16 text")),
)
_LOOKS = (
    (re.compile(r"\Z"), Sentence("an empty file")),
    (re.compile(r"<(?:!doctype )?html", re.IGNORECASE), Sentence("an HTML page")),
    (re.compile(r"[{\[]"), Sentence("JSON")),
)
_HEADING = re.compile(r"^#{1,6} .*", re.MULTILINE)
_DOCTYPE = re.compile(r"(?:<\?[^>]*>\s*)?<!DOCTYPE[^>]*\[")
_ROOT = re.compile(r"(?:<[?!][^>]*>\s*)+<(?P<root>[\w:.-]+)")
_SHOWN = 60  # characters of a quotation


class NotText(Exception):
    """Raised for bytes that are not UTF-8 text, nor XML in the encoding that it names."""


def check_entries(count: int) -> None:
    """Raise BrokenDigest if a document has more than MOST_ENTRIES entries."""
    if count > MOST_ENTRIES:
        raise BrokenDigest(Sentence("It has more than {limit} entries.", {"limit": f"{MOST_ENTRIES:,}"}))


def paths_of(paths: Iterable[str]) -> Iterator[str]:
    """Yield the paths of the documents that arguments name: a file, all files below a folder, `-` for stdin.

    Folders are listed by name, without hidden files.
    """
    for path in paths:
        # names are kept as they were typed
        if path == STDIN or not os.path.isdir(path):  # noqa: PTH112
            yield path
            continue
        for here, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            places = (os.path.join(here, name) for name in sorted(names) if not name.startswith("."))  # noqa: PTH118
            yield from filter(_stamp, places)


def read_file(path: str) -> bytes:
    """Return the bytes of a file, or of standard input for `-`.

    Raise UnreadableInput, also if it is larger than 16 MiB.
    """
    try:
        if path == STDIN:
            return _limited(path, sys.stdin.buffer)
        return bytes_of(path)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def unreadable(path: str, error: OSError | ValueError) -> UnreadableInput:
    """Return the error for a file that cannot be read."""
    reason = str(error)
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror
    return UnreadableInput(Sentence("{name}: cannot be read ({reason}).", {"name": path, "reason": reason}))


def bytes_of(path: str) -> bytes:
    """Return the bytes of a file, after checking its size. Raise OSError, ValueError, UnreadableInput."""
    with Path(path).open("rb") as file:
        return _limited(path, file, os.fstat(file.fileno()).st_size)


def _limited(path: str, file: BinaryIO, size: int = 0) -> bytes:
    data = file.read(MAX_BYTES + 1) if size <= MAX_BYTES else b""
    if max(size, len(data)) > MAX_BYTES:
        raise UnreadableInput(Sentence("{name}: larger than {limit} MiB.", {"name": path, "limit": MAX_BYTES >> 20}))
    return data


def list_folder(pattern: str) -> dict[str, Stamp]:
    """Return the files that match a pattern such as `inbox/*.md` or `inbox/**/*.md`; a folder means all files in it.

    Hidden files are left out. Return {} if the folder does not exist (it may still be made). Raise UnreadableInput if
    the folder cannot be listed.
    """
    folder = folder_of(pattern)
    if barred := barred_at(folder):
        raise UnreadableInput(Sentence("{name}: the folder cannot be read; check its rights.", {"name": str(barred)}))
    if not is_there(folder):
        return {}
    inside = os.path.relpath(pattern, folder)
    if inside in (os.curdir, "**") or inside.endswith("/**"):
        inside = f"{inside}/*"
    # `**` follows no link here, unlike that of the module glob: it could lead round or through the whole machine
    found, depth = {}, len(folder.parts)
    try:
        for path in folder.glob(inside):
            is_hidden = any(part.startswith(".") for part in path.parts[depth:])
            if not is_hidden and (stamp := _stamp(name := str(path))):
                found[name] = stamp
    except OSError as error:  # a folder inside was removed meanwhile
        raise unreadable(pattern, error) from error
    return found


def is_missing(pattern: str) -> bool:
    """Return whether a path without wildcards does not exist: it has not come yet, or its name is mistyped."""
    return not (glob.has_magic(pattern) or _may_exist(pattern))


def is_there(folder: Path) -> bool:
    """Return whether it is a folder; False if this user may not know, see `barred_at`."""
    return os.path.isdir(folder)  # noqa: PTH112


def barred_at(folder: Path) -> Path | None:
    """Return the folder, or the outermost folder around it, that this user may not read or enter.

    None if there is none.

    What is below such a folder can be neither seen nor denied: a method of `Path` raises PermissionError for it.
    """
    for one in (*reversed(folder.parents), folder):
        try:
            is_folder = stat.S_ISDIR(one.stat().st_mode)
        except PermissionError:  # also where `os.access` promises more than a network's file system keeps
            return one
        except (OSError, ValueError):
            return None
        if is_folder and not os.access(one, os.R_OK | os.X_OK if one == folder else os.X_OK):
            return one
    return None


def _may_exist(path: str) -> bool:
    return os.path.exists(path) or barred_at(Path(path).parent) is not None  # noqa: PTH110  as `barred_at`


def in_utf8(path: str) -> str:
    """Return a path as it can be stored: a byte that is not UTF-8 becomes its number."""
    return os.fsencode(path).decode(errors="backslashreplace")


def is_gone(path: str) -> bool:
    """Return whether a file that could not be read is not there any more; False for "", the folder itself.

    `path` is as `in_utf8` returns it.
    """
    named = _BYTE.sub(lambda found: os.fsdecode(bytes.fromhex(found[1])), path)
    return path != "" and not (_may_exist(path) or _may_exist(named))


def folder_of(pattern: str) -> Path:
    """Return the folder in which the files of a pattern are searched.

    For the path of a folder, returns that folder.
    """
    folder = Path(pattern)
    if not is_there(folder):
        folder = folder.parent
    while glob.has_magic(str(folder)) and not is_there(folder):
        folder = folder.parent
    return folder


def _stamp(path: str) -> Stamp | None:
    """Return the stamp of a file, None if it is gone or is no regular file."""
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    if stat.S_ISREG(found.st_mode):
        return found.st_mtime_ns, found.st_size, found.st_ino
    return None


def text_of(data: bytes) -> str:
    r"""Return the text of a document, which may be packed by gzip. Raise NotText, and BrokenDigest above MAX_BYTES.

    Only a line feed ends a line, so `\r\n` becomes `\n`; two carriage returns before it come from a program that
    converted the line ends twice. A byte order mark is removed at the start of any line, since files may have been
    joined.
    """
    data = _in_utf8(unpacked(data)).removeprefix(BOM)
    if len(data) > MAX_BYTES:
        raise BrokenDigest(_TOO_LARGE)
    if b"\0" in data:
        raise NotText
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise NotText from error
    return text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\n\ufeff", "\n")


def unpacked(data: bytes) -> bytes:
    """Return the bytes in data that is packed by gzip, also several times; other data as it is.

    Raise BrokenDigest if it is damaged or larger than MAX_BYTES.
    """
    for _ in range(_MOST_LAYERS):
        if not data.startswith(_GZIP):
            break
        try:
            data = gzip.GzipFile(fileobj=BytesIO(data)).read(MAX_BYTES + 1)
        except (EOFError, OSError, zlib.error):
            raise BrokenDigest(Sentence("It is packed by gzip and damaged.")) from None
        if len(data) > MAX_BYTES:
            raise BrokenDigest(_TOO_LARGE)
    return data


def _in_utf8(data: bytes) -> bytes:
    """Return an XML document in UTF-8, regardless of the encoding that it names; any other data as it is.

    A document that names UTF-8 and is not is most often in Windows' western encoding.
    """
    declared = _DECLARED.match(data[:300])
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        name = "utf-16"
    elif declared:
        name = declared["name"].decode().lower()
    else:
        return data
    try:
        if name != "utf-16":
            data.decode()
            return data
    except UnicodeDecodeError:
        name = name if _ENCODING.fullmatch(name) else "cp1252"
    text = data.decode(_READ_AS.get(name, name), errors="replace")
    return (
        text.encode(errors="replace")
        if text.lstrip("\ufeff \n").startswith(("<?xml", "<rss", "<feed", "<rdf"))
        else data
    )


def without_controls(text: str) -> tuple[str, int]:
    """Return (the text without control characters, how many were removed)."""
    return _CONTROLS.subn("", text) if _CONTROLS.search(text) else (text, 0)


def look_of(data: bytes) -> Sentence:
    """Return what kind of document some bytes seem to be; the phrase may quote a few of its words."""
    try:
        start = text_of(data).lstrip()
    except (NotText, BrokenDigest):
        looks = (look for signature, look in _SIGNATURES if data.startswith(signature))
        return next(looks, Sentence("binary data or text in another encoding"))
    for begins, look in _LOOKS:
        if begins.match(start):
            return look
    if start.startswith("<?xml") or _DOCTYPE.match(start):
        root = _ROOT.match(start)
        said = Sentence("XML with a DOCTYPE, which is never read")
        return Sentence("XML with the root <{root}>", {"root": root["root"]}) if root else said
    if heading := _HEADING.search(start):
        return Sentence('a README: "{heading}"', {"heading": shortened(heading[0], _SHOWN)})
    return Sentence('text that begins "{words}"', {"words": shortened(start, _SHOWN)})


def shortened(text: str, most: int) -> str:
    """Return the beginning of a text in one line, at most `most` characters long; "…" marks what is left out."""
    return cut_letters(" ".join(text[: 4 * most].split()), most)
