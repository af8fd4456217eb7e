"""README and guide in Chinese say what their English pages say, in Chinese: the same lines to type, and every page so named."""

import re
from pathlib import Path

import pytest

from tests.integration.docs_pages import DOCS, ROOT

PAIRS = [(ROOT / "README.md", ROOT / "README.zh.md"), (DOCS / "guide.md", DOCS / "guide.zh.md")]
HAN = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]+")
pairs = pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=lambda path: path.name)


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(page: str) -> list[str]:
    return re.findall(r"^```(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def typed(page: str) -> list[str]:
    """The first cells of the tables."""
    return re.findall(
        r"^\| (`.*?`) \|(?= [^`])", re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )


def prose(page: str) -> str:
    """What is to be read: without code, links' targets, HTML, and the tables whose cells are things to type."""
    for cut in (
        r"^```.*?^```$",
        r"<[^>]*>",
        r"`[^`]*`",
        r"\[[\w./]+\]\([^)]*\)",
        r"\]\([^)]*\)",
        r"^\|.*(every day at|weekday|monday|New York).*$",
    ):
        page = re.sub(cut, "", page, flags=re.MULTILINE | re.DOTALL if cut.startswith("^`") else re.MULTILINE)
    return page


def test_every_chinese_page_has_its_english_one() -> None:
    found = {*ROOT.glob("*.zh.md"), *DOCS.glob("*.zh.md")}
    assert found == {chinese for _, chinese in PAIRS}


@pairs
def test_it_types_the_same_lines(english: Path, chinese: Path) -> None:
    assert blocks(text(english)) == blocks(text(chinese)) != []
    assert typed(text(english)) == typed(text(chinese)) != []


@pairs
def test_it_has_the_same_chapters(english: Path, chinese: Path) -> None:
    def levels(path: Path) -> list[str]:
        return re.findall(
            r"^#+(?= )", re.sub(r"^```.*?^```$", "", text(path), flags=re.MULTILINE | re.DOTALL), re.MULTILINE
        )

    assert levels(english) == levels(chinese)


@pairs
def test_it_is_in_chinese(english: Path, chinese: Path) -> None:
    del english
    for paragraph in prose(text(chinese)).split("\n\n"):
        words, signs = len(LATIN.findall(paragraph)), len(HAN.findall(paragraph))
        assert signs >= 2 * words or words <= 4, paragraph


@pairs
def test_it_shows_the_pictures_in_chinese(english: Path, chinese: Path) -> None:
    del english
    shown = re.findall(r'src="([^"]*(?:conversation|bulletin)[^"]*)"', text(chinese))
    assert shown
    for name in shown:
        assert "-zh" in name
        assert (chinese.parent / name).exists()


def test_each_button_that_the_chinese_guide_names_is_one(catalogue_words: set[str]) -> None:
    named = set(re.findall(r"(?<![(\]])\[([^\]]*[\u4e00-\u9fff][^\]]*)\](?!\()", text(DOCS / "guide.zh.md")))
    assert len(named) > 15
    shapes = {re.sub(r"\\?\{\w+\\?\}", r"\\d+", re.escape(word)) for word in catalogue_words if "\n" not in word}
    unknown = {word for word in named - catalogue_words if not any(re.fullmatch(shape, word) for shape in shapes)}
    assert unknown == set()


@pytest.fixture(scope="module")
def catalogue_words() -> set[str]:
    """What the Chinese catalogue says."""
    page = text(ROOT / "locales" / "zh" / "LC_MESSAGES" / "paperwire.po")
    return set(re.findall(r'^msgstr(?:\[0\])? "(.+)"$', page, re.MULTILINE))
