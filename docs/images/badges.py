"""Draws what README says first of the version, from pyproject.toml: `python docs/images/badges.py`."""

# ruff: noqa: INP001 - a script beside its picture

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
PICTURE = _ROOT / "docs" / "images" / "badges.svg"
_HIGH, _SIDE, _APART = 20, 8, 8  # of a badge, in pixels
_WIDE = 6.4  # a character, on average


def badges(project: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (what it is about, what it says) of each badge."""
    pythons = [one.rpartition(" ")[2] for one in project["classifiers"] if one.startswith("Programming Language")]
    yield "version", project["version"]
    yield "Python", " · ".join(pythons)
    yield "licence", project["license"]
    yield "tests", "SQLite · PostgreSQL"


def drawing(project: Mapping[str, Any]) -> str:
    """Return the picture."""
    left, parts = 0.0, []
    for about, says in badges(project):
        dark, light = (len(text) * _WIDE + 2 * _SIDE for text in (about, says))
        parts.append(
            f'<rect x="{left:.0f}" width="{dark:.0f}" height="{_HIGH}" fill="#3f4644"/>'
            f'<rect x="{left + dark:.0f}" width="{light:.0f}" height="{_HIGH}" fill="#155a5f"/>'
            f'<text x="{left + dark / 2:.0f}" y="14">{about}</text><text x="{left + dark + light / 2:.0f}" y="14">{says}</text>'
        )
        left += dark + light + _APART
    said = ", ".join(f"{about} {says}" for about, says in badges(project))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left - _APART:.0f}" height="{_HIGH}" role="img" aria-label="{said}">'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f"{''.join(parts)}</g></svg>\n"
    )


picture = drawing(tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"])

if __name__ == "__main__":
    PICTURE.write_text(picture, "utf-8")
