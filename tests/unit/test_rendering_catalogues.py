"""The catalogues: every sentence of code and templates is there and translated, and Chinese sentences hold Chinese."""

import re
from io import BytesIO
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo

from locales import catalogues

ROOT = Path(__file__).resolve().parents[2]
# Sentences that are the same in Chinese.
SAME_IN_CHINESE = {"JSON"}


@pytest.fixture(scope="module")
def template() -> Catalog:
    return catalogues.collect(ROOT)


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    return catalogues.read(ROOT)


def ids(catalogue: Catalog) -> set[str | tuple[str, ...]]:
    return {_key(message.id) for message in catalogue if message.id}


def _key(message: str | tuple[str, ...] | list[str]) -> str | tuple[str, ...]:
    return message if isinstance(message, str) else tuple(message)


def forms(message: Message) -> list[str]:
    """Returns the translations of a message: one, or one for each plural form."""
    return [message.string] if isinstance(message.string, str) else [text or "" for text in message.string or ()]


def sources(message: Message) -> list[str]:
    return [message.id] if isinstance(message.id, str) else list(message.id)


def holes(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_sentence_is_in_the_catalogue_and_no_other(template: Catalog, chinese: Catalog) -> None:
    assert ids(template) == ids(chinese), "run: make words"


def test_chinese_holds_chinese(chinese: Catalog) -> None:
    worded = [
        message
        for message in chinese
        if message.id
        and re.compile(r"[A-Za-z]{2,}").search(re.sub(r"\{[^}]*\}", "", sources(message)[0]))
        and message.id not in SAME_IN_CHINESE
    ]
    assert len(worded) > 100
    assert [
        message.id
        for message in worded
        if not all(re.compile("[\u4e00-\u9fff]").search(form) for form in forms(message))
    ] == []
    assert [message.id for message in worded if message.string in sources(message)] == []


def test_every_sentence_is_translated_with_the_same_holes(chinese: Catalog) -> None:
    wrong = []
    for message in chinese:
        if message.id:
            wanted = set().union(*map(holes, sources(message)))
            wrong += [message.id for form in forms(message) if not form or holes(form) != wanted]
    assert wrong == [], "translate them in locales/zh/LC_MESSAGES/paperwire.po, then run: make words"


def test_what_gettext_reads_is_what_was_translated(chinese: Catalog) -> None:
    with catalogues.po_path(ROOT).with_suffix(".mo").open("rb") as file:
        built = read_mo(file)
    assert _strings(built) == _strings(read_mo(BytesIO(catalogues.compiled(chinese)))), "run: make words"


def _strings(catalogue: Catalog) -> dict[str | tuple[str, ...], object]:
    return {_key(message.id): message.string for message in catalogue if message.id}
