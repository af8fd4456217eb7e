"""Every pair of tests/digests: a page, and the papers that a person reads on it.

`NAME.expected.json` has the shape of one element of `inspect --json --papers`. Only what it names is compared: in the
report, in its n-th warning and in its n-th item; the numbers of warnings and items must be the same where they are
named. `error` is null or a list of words that the sentence holds.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.formats import GENERIC
from bot.digests import FORMATS, _example, read_digest
from bot.digests.report import digest_report
from subscriptions.errors import PaperwireError
from subscriptions.model import Digest
from tests.digest_pages import PARTS

PAGES = Path(__file__).parents[1] / "digests"
PAIRS = sorted(path for path in PAGES.iterdir() if not path.name.endswith(".expected.json"))


def _expected(page: Path) -> Mapping[str, object]:
    expected = json.loads(page.with_suffix(".expected.json").read_text(encoding="utf-8"))
    assert isinstance(expected, dict)
    return expected


def _read(page: Path) -> Digest | PaperwireError:
    try:
        return read_digest(page.read_bytes(), page.name)
    except PaperwireError as error:
        return error


def _agree(found: object, expected: object, where: str) -> None:
    if isinstance(expected, list) and where.endswith("error"):
        for words in expected:
            assert words in str(found)
    elif isinstance(expected, list) and expected and isinstance(expected[0], dict):
        assert isinstance(found, list)
        assert len(found) == len(expected), where
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            for name, value in other.items():
                assert one[name] == value, f"{where}[{number}].{name}"
    else:
        assert found == expected, where


@pytest.mark.parametrize("page", PAIRS, ids=lambda page: page.name)
def test_a_page_gives_the_papers_that_are_on_it(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if page.name.startswith("_example"):
        monkeypatch.setattr("bot.digests.FORMATS", (*FORMATS, _example))
    report = digest_report(page.name, _read(page), papers=True)
    for name, value in _expected(page).items():
        _agree(report[name], value, name)  # type: ignore[literal-required]  # the names of the file are checked above


def test_pages_and_expected_papers_belong_together() -> None:
    expected = {path.name.removesuffix(".expected.json") for path in PAGES.glob("*.expected.json")}
    assert expected == {page.stem for page in PAIRS}


@pytest.mark.parametrize("module", FORMATS, ids=lambda module: module.name)
def test_every_format_has_pages(module: object) -> None:
    formats = [_expected(page).get("format") for page in PAIRS]
    name = module.name  # type: ignore[attr-defined]  # modules satisfy the protocol
    assert formats.count(name) >= 3, (
        f"Put three pages of {name} into tests/digests, each beside its NAME.expected.json with “format”: “{name}” in it: "
        "one as it should be, an empty one and a damaged one (CONTRIBUTING.md, Add a digest format, step 4)."
    )


@pytest.mark.parametrize("module", FORMATS, ids=lambda module: module.name)
def test_every_format_is_damaged_and_measured(module: object) -> None:
    name = module.name  # type: ignore[attr-defined]  # as above
    assert any(made.partition(",")[0] == name for made in PARTS), (
        f"Add a page of {name}, made of parts of one paper each, to PARTS in tests/digest_pages.py "
        "(CONTRIBUTING.md, Add a digest format, step 6)."
    )


@pytest.mark.parametrize("module", FORMATS, ids=lambda module: module.name)
def test_every_format_is_compared_with_a_generic_reader(module: object) -> None:
    name = module.name  # type: ignore[attr-defined]  # as above
    assert name in GENERIC, (
        f"Add a row for {name} to GENERIC in bench/formats.py: what a generic library would do with such a page "
        "(CONTRIBUTING.md, Add a digest format, step 7)."
    )


@pytest.mark.parametrize("module", FORMATS, ids=lambda module: module.name)
def test_a_page_is_of_one_format_only(module: object) -> None:
    for page in PAIRS:
        wanted = _expected(page).get("format")
        read = _read(page)
        if isinstance(read, Digest):
            assert (read.format == module.name) == (wanted == module.name), (  # type: ignore[attr-defined]
                f"{page.name} is read as {read.format} and should be {wanted}: let its detect ask for more, or move its "
                "module to another place of FORMATS in bot/digests/__init__.py."
            )
