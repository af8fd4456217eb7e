"""What excludes may follow a time: "diffusion every monday at 9, no surveys or reviews", 扩散模型 每周一9点，不要综述."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from subscriptions.errors import QueryError, Refused
from subscriptions.query import FIELDS
from subscriptions.query.parse import parse_query
from subscriptions.query.rewriting import narrowed, words_rule

_LONGEST = 200  # most characters of an exclusion
_MOST = 12  # words that exclude, among which its beginning is looked for
_APART = ",，、;；.。"  # signs that set an exclusion apart from the words before it
_EXCLUDES = (
    r"(?:(?<![\w-])(?:not|no|without|except(?:ing)?|excluding|leaving out)(?: (?:for|any|the|even))*(?=[\s\"“])"
    r"|不[要含看]|不想[要看]|不包[含括]|排除|除去|去掉|除了|(?<=[,，、\s])除(?=\S+外))"
)
_EXCLUSION = re.compile(rf"(?P<but>\b(?:but|yet)\s+|但是?)?(?:\b(?:and|with)\s+)?{_EXCLUDES}", re.IGNORECASE)
# The signs of a query: daily 9 -survey -"case report" NOT author:Doe. Not a sign before a digit: it may be an offset.
_SIGN = r"\s+(?:[-–—−－!！]|(?:AND ?)?NOT\s+)"
_SIGNED = re.compile(rf'(?:{_SIGN}(?=[^\W\d]|")(?:[^\s"]*"[^"]*"|[^\s"]+))+$')
_BETWEEN = re.compile(
    r"(?:\s*[,，、;；/]\s*(?:(?:and|or|nor)\s+)?|\s+(?:and|or|nor|&)\s+|(?<=\w\w)(?:或者|以及|[和或与及])(?=\w\w))"
    r'(?=(?:[^"]*"[^"]*")*[^"]*$)',  # not in quotes
    re.IGNORECASE,
)
# words around what is excluded
_BEFORE = re.compile(rf"^(?:{_EXCLUDES}|(?:any|the|and|papers (?:on|about))\s|任何|关于)\s*", re.IGNORECASE)
_BEHIND = re.compile(
    r"(?:\s+(?:papers?|articles?|please|pls|plz|thanks|thank you|thx)|的?(?:论文|文章)|[之以]?外|类|[了吧啊呀]|谢谢)$",
    re.IGNORECASE,
)


class Exclusion(NamedTuple):
    """The end of a text, read as an exclusion."""

    head: str  # the text before it
    rules: tuple[str, ...]  # a query for each thing that is excluded
    apart: bool = False  # a comma or "but" is before it, so that it hardly belongs to the words there


def exclusions_at_end(text: str) -> Iterator[Exclusion]:
    """Yields each way to read the end of a text as an exclusion, the longest first."""
    text = text.rstrip(_APART + " \t\n!！~")
    start = max(0, len(text) - _LONGEST)
    for found in list(_EXCLUSION.finditer(text, start))[-_MOST:]:
        head = text[: found.start()].rstrip()
        rules = [_rule(item) for item in _BETWEEN.split(text[found.end() :])]
        if head and all(rules):
            yield Exclusion(head.rstrip(_APART + " "), tuple(rules), bool(found["but"]) or head[-1] in _APART)
    if signed := _SIGNED.search(text, start):
        yield Exclusion(text[: signed.start()].rstrip(_APART + " "), tuple(re.split(_SIGN, signed[0])[1:]))


def excluding(query: str, rules: Iterable[str]) -> str:
    """Returns the query, as a person may type it, without what the rules find."""
    try:
        narrow = parse_query(query)
        for rule in rules:
            narrow = narrowed(narrow, rule)
    except (QueryError, Refused):  # who reads this text says what is wrong with it
        return " ".join((query, *(f"-{rule}" for rule in rules)))
    return narrow.text


def _rule(item: str) -> str:
    """Returns a thing that is excluded as a query: without words around it, several words in quotes."""
    before, words = "", item.strip()
    while before != words:
        before, words = words, _BEHIND.sub("", _BEFORE.sub("", words)).strip()
    field, colon, value = words.partition(":")
    if colon and field.casefold() in FIELDS.by_name:
        return f"{field}:{_value(value.strip())}"
    return _value(words)


def _value(words: str) -> str:
    return words_rule(words) if " " in words and '"' not in words else words
