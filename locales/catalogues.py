"""Refreshes the Chinese catalogue from the sentences in code and templates: `make words`.

Writes paperwire.po, and paperwire.mo, the form that gettext reads. In paperwire.po, existing translations stay, new
sentences have an empty translation, and unused sentences are removed. Both files are committed, so that neither a wheel
nor a checkout needs a build step. A test fails if they do not fit the code. English needs none: its sentences are the
keys.
"""

import ast
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from subscriptions.language import DOMAIN

FOLDERS = ("bot", "subscriptions")
# Name of a function → how many of its first arguments are sentences: one, or two for a singular and a plural.
FUNCTIONS = {"Sentence": 1, "translate": 1, "_": 1, "refusing": 1, "count": 2}
METHODS = {
    "Sentence": 1,
    "translate": 1,
    "say": 1,
    "toast": 1,
    "button": 1,
    "refusing": 1,
    "plural": 2,
    "count": 2,
}
SEVERAL = frozenset({"refusal", "reply"})  # all of whose arguments by place are sentences of their own
COMMAND = "Command"
TABLE = "sentences"  # all of the values in whose dictionary are sentences
_WORDED = re.compile(r"[^\W\d_]")  # a text without letters, such as a line of dashes, needs no translation
_BORN = datetime(2026, 1, 1, tzinfo=UTC)  # a fixed date, so that a refresh without new sentences changes no file


def collect(root: Path) -> Catalog:
    """Return all sentences of the code, untranslated. Raise ValueError for a template that calls gettext.

    Templates contain only markup; the code fills in the sentences.
    """
    catalogue = Catalog()
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            for sentence in sentences(path.read_text(encoding="utf-8")):
                catalogue.add(sentence)
    for path in sorted((root / "templates").rglob("*.*")):
        if path.suffix in {".html", ".txt"} and re.search(
            r"\b_\(|{%-? *trans\b|gettext\(", path.read_text(encoding="utf-8")
        ):
            raise ValueError(f"{path.relative_to(root)} holds words; they belong into the code that fills it.")
    return catalogue


def sentences(source: str) -> Iterator[str | tuple[str, str]]:
    """Yield the sentences in the source of a module; a sentence with a plural as a pair (singular, plural)."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        table = node.args[0] if name == TABLE and node.args else None
        arguments = table.values if isinstance(table, ast.Dict) else node.args
        if name == COMMAND:
            arguments = node.args[2:3]  # the summary
        is_of_several = isinstance(table, ast.Dict) or name == COMMAND or name in SEVERAL
        count = len(arguments) if is_of_several else _places(node.func)
        texts = [argument.value for argument in arguments[:count] if isinstance(argument, ast.Constant)]
        words = [text for text in texts if isinstance(text, str)]
        if is_of_several:
            yield from words
        elif count and len(words) == count and any(map(_WORDED.search, words)):
            yield words[0] if count == 1 else (words[0], words[1])


def _places(function: ast.expr) -> int:
    """Return how many arguments of a call of this function are sentences."""
    if isinstance(function, ast.Attribute):
        return METHODS.get(function.attr, 0)
    if isinstance(function, ast.Name):
        return FUNCTIONS.get(function.id, 0)
    return 0


def po_path(root: Path) -> Path:
    """Return the path of the file with the translations."""
    return root / "locales" / "zh" / "LC_MESSAGES" / f"{DOMAIN}.po"


def read(root: Path) -> Catalog:
    """Return the committed translations."""
    with po_path(root).open("rb") as file:
        return read_po(file, locale="zh")


def compiled(catalogue: Catalog) -> bytes:
    """Return a catalogue as bytes in the form that gettext reads."""
    buffer = BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def refresh(root: Path) -> None:
    """Rewrite the catalogue below `root`. Raise OSError."""
    path, catalogue = po_path(root), read(root)
    catalogue.update(collect(root), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.creation_date = catalogue.revision_date = _BORN
    with path.open("wb") as file:
        write_po(file, catalogue, width=120, no_location=True, sort_output=True)
    path.with_suffix(".mo").write_bytes(compiled(catalogue))


if __name__ == "__main__":
    project = Path(__file__).resolve().parent.parent
    refresh(project)
    for one in read(project):
        if one.id and not all([one.string] if isinstance(one.string, str) else one.string):
            sys.stdout.write(f"without a translation: {one.id}\n")
