"""Reads the pages of the docs as data: tables, code blocks, links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_CELL_END = re.compile(r"(?<!\\)\|")
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)|(?:src|srcset|href)=\"(?P<html>[^\"]+)\"")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table. `cells` maps the name of a column to the text of its cell, in which an escaped bar is a bar."""

    page: str
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def __str__(self) -> str:
        return next(iter(self.cells.values()))

    def code(self, column: str) -> str:
        """Returns the first text between backticks in a cell; "" if there is none."""
        found = re.search(r"`` (.*?) ``|`(.*?)`", self[column])
        return (found[1] or found[2] or "") if found else ""


def page(name: str) -> str:
    """Returns the text of a page of docs/."""
    return (DOCS / name).read_text(encoding="utf-8")


def rows(name: str, *columns: str) -> list[Row]:
    """Returns the rows of all tables of docs/NAME that have exactly these columns, in this order.

    Fails if it finds none.
    """
    found = [row for row in _rows(name) if tuple(row.cells) == columns]
    assert found, f"docs/{name} has no table with the columns {columns}"
    return found


def blocks(path: Path, kind: str) -> list[str]:
    """Returns the fenced code blocks of a file whose language is `kind` ("" for blocks without a language)."""
    return [
        dedent(found["text"]) for found in _FENCE.finditer(path.read_text(encoding="utf-8")) if found["kind"] == kind
    ]


def typed(path: Path) -> list[str]:
    """Returns each call of paperwire in the code blocks and backticks of a file, from "paperwire" to the end of the line."""
    text = path.read_text(encoding="utf-8")
    lines = [line for found in _FENCE.finditer(text) for line in found["text"].splitlines()]
    spans = re.findall(r"`([^`\n]+)`", _FENCE.sub("", text))
    calls = (re.search(r"(?:^ *|\$ |/bin/)(paperwire [a-z].*)", code) for code in (*lines, *spans))
    return [call[1] for call in calls if call]


def links(path: Path) -> list[str]:
    """Returns the targets of the links and pictures of a page, except those on other hosts."""
    text = _FENCE.sub("", path.read_text(encoding="utf-8"))
    targets = (found["target"] or found["html"] for found in _LINK.finditer(text))
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def anchors(path: Path) -> set[str]:
    """Returns the anchors of a page's headings, as GitHub and GitLab make them."""
    headings = re.findall(r"^#{1,6} (.*)$", _FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def _rows(name: str) -> Iterator[Row]:
    head: list[str] = []
    for line in _FENCE.sub("", page(name)).split("\n"):
        if not line.startswith("|"):
            head = []
        elif not head:
            head = _cells(line)
        elif not set(line) <= set("|-: "):
            cells = _cells(line)
            assert len(cells) == len(head), f"docs/{name}: a row with {len(cells)} cells, not {len(head)}: {line}"
            yield Row(name, dict(zip(head, cells, strict=True)))


def _cells(line: str) -> list[str]:
    inside = line.strip().removeprefix("|").removesuffix("|")
    return [cell.strip().replace("\\|", "|") for cell in _CELL_END.split(inside)]


_ALERT = re.compile(r"^      - alert: (\w+)\n(.*?)(?=^      - alert:|\Z)", re.MULTILINE | re.DOTALL)


def alerts() -> dict[str, str]:
    return dict(_ALERT.findall((DOCS / "alerts.yml").read_text(encoding="utf-8")))


def expressions() -> Iterator[str]:
    for alert in alerts().values():
        yield found[1] if (found := re.search(r"^ +expr: (.+)$", alert, re.MULTILINE)) else ""


_METRIC = re.compile(r"^- `(paperwire_\w+)`, (\w+)(?: by ((?:`\w+`(?:, )?)+))?: (.+)$", re.MULTILINE)


def metrics() -> dict[str, tuple[str, frozenset[str], str]]:
    """Returns name → (kind, labels, what it is) of each metric in docs/operating.md."""
    return {
        name: (kind, frozenset(re.findall(r"\w+", labels)), text)
        for name, kind, labels, text in _METRIC.findall(page("operating.md"))
    }
