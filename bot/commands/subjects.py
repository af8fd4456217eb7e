"""Writes the subject of an everyday wish as a query: authors, words of the title, lists, "or" and categories. Pure."""

import re
from collections.abc import Sequence

from bot.commands.everyday_forms import LISTS, SIGNS
from subscriptions.categories import is_category
from subscriptions.query import FIELDS
from subscriptions.query.rewriting import author_rule, words_rule

_HAN = r"[\u4e00-\u9fff]"
_CAPITALISED = r"[A-ZÀ-ÖØ-Þ][\w.'-]*"
_NAME = rf"{_CAPITALISED}(?: (?:{_CAPITALISED}|van|von|de|der|den|la|le|di|da|del|dos|bin|al)){{1,3}}"
_NAMES = re.compile(rf"{_NAME}(?:(?:,? (?:and|or|&)|,) {_NAME})*(?= (?:about|on|in|with)\b|\W*$)")
_BETWEEN_NAMES = re.compile(r",? (?:and|or|&) |, |或者?|和|、")
_BEFORE_NAMES = re.compile(
    r"(?:\b(?:by|from|of|follow|track|watch|add|subscribe to)|关注|订阅|追踪|跟踪)\s*$", re.IGNORECASE
)
_AUTHOR = re.compile(
    r"作者[是为有]\s*(?P<is>[^的,，]+)|^(?P<of>[A-Z][\w.-]+(?: [A-Z][\w.-]+)+)'s?(?: (?:new|newest|latest|recent))*$"
    rf"|^(?:when|if|whenever) (?P<by>{_NAME}) (?:publish|post|write|release|upload)e?s(?: (?:something|anything|a|new|paper|papers|article))*$"
    rf"|^(?P<who>{_HAN}{{2,4}}?|[A-Za-z. -]+?(?:(?:或者?|和|、)[A-Za-z. -]+?)*) ?[最近新]*(?:发了什么|写了什么|写|发表|老师|教授|院士)$"
)
_TITLE = re.compile(
    r"(?:with |containing )?(?P<before>.+?) in (?:the|its|their) titles?\b|(?:papers? )?whose titles? (?:contains?|has|have)"
    r" (?P<behind>.+)|(?:标题|题目)[里中]?(?:带有|包含|含有|出现|有|含|带|是)\s*(?P<zh>[^的,，]+)的?",
    re.IGNORECASE,
)
_OPERATORS = re.compile(rf"(?:^|\s)(?:(?:AND|OR|NOT|ANDNOT)\s|[-!=]\S)|[()|*]|\b(?:{'|'.join(FIELDS.by_name)})[:：]")
_OR = re.compile(  # neither 饱和 nor 和谐
    rf",? or (?:in |on |about )?| and also (?:in |on |about )?|或者?"
    rf"|(?<={_HAN})(?<![饱总中共缓温])和(?={_HAN})(?![谐平])|(?<=[a-z]) 和(?={_HAN})|(?<={_HAN})以及(?={_HAN})",
    re.IGNORECASE,
)
_COMMA = re.compile(r"\s*[,，、]\s*(?:(?:and|or) )?| and | or ")
_COMMON = re.compile(r"(?P<head>.+) (?:in|for|on|with) (?P<first>.+)")
_BOTH = re.compile(r"(\S+?)(?:,? (?:and|or|&) |\s*[,，、]\s*|\s*(?:和|或者?|与)\s*)(?=(\S+))")
_OF = re.compile(
    rf"(?<={_HAN}{{2}})(?:在(?={_HAN}{{2,12}}[中里上]的)|对于?(?={_HAN}{{2,12}}的(?:影响|作用|效果)))|[中里上]的(?={_HAN}{{2}})"
    rf"|(?<={_HAN}{{2}})的(?={_HAN}{{2}})|[里中]?面?的?关于|(?<=[\w ])[里中]的?(?= )"
)
_MOST_IN_COMMON = 2  # most words of "b" and "c" in "x in a, b or c", if all are in x
_QUOTES = "\"'“”‘’「」『』《》 "


def is_in_query_language(said: str) -> bool:
    """Returns whether a text begins with a sign or field of the query language."""
    return _OPERATORS.match(said) is not None


def begins_with_names(subject: str) -> bool:
    """Returns whether a subject begins with names of people: "Jane Doe and John Roe on moss"."""
    return _NAMES.match(subject) is not None


def tells_author_or_title(subject: str) -> bool:
    """Returns whether a subject says by whom papers are, or what their title has: "moss in the title"."""
    return bool(_AUTHOR.match(subject) or _TITLE.match(subject))


def subject_query(before: str, subject: str, rules: Sequence[str]) -> str:
    """Returns the query for a subject, with the words before it, without what the rules find."""
    wanted = subject if _OPERATORS.search(subject) else _wanted(before, subject)
    if rules and " OR " in wanted:
        wanted = f"({wanted})"
    return " ".join((wanted, *(f"-{rule}" for rule in rules)))


def _wanted(before: str, subject: str) -> str:
    """Returns a subject in words as a query: authors, words of the title, or any words."""
    if title := _TITLE.search(subject):
        rest = _words(subject[: title.start()] + subject[title.end() :])
        words = title["before"] or title["behind"] or title["zh"]
        return f"ti:{words_rule(words.strip(_QUOTES))} {rest}".strip()
    if author := _AUTHOR.search(subject):
        return " OR ".join(
            map(author_rule, _BETWEEN_NAMES.split(author["is"] or author["of"] or author["by"] or author["who"]))
        )
    by = re.search(r"(?:^|\s)by (?=\w)", subject)
    if by or _BEFORE_NAMES.search(before):
        start = by.end() if by else 0
        names = _NAMES.match(subject, start)
        if names and not set(names[0].casefold().split()).intersection(LISTS["NO-NAME"]):
            authors = " OR ".join(map(author_rule, _BETWEEN_NAMES.split(names[0])))
            rest = _words(f"{subject[: by.start() if by else 0]} {subject[names.end() :]}")
            return f"({authors}) {rest}" if rest and " OR " in authors else f"{authors} {rest}".strip()
        if before.rstrip().endswith("by"):
            return " OR ".join(map(author_rule, _BETWEEN_NAMES.split(subject)))
    return _words(subject)


def words_query(words: str) -> str:
    """Returns the query for words beside which nothing was said: without function words, and with "or" and lists as such."""
    return _without_small(words) if '"' in words else _words(words)


def _words(subject: str) -> str:
    """Returns words as a query: "X or Y" finds either; "a, b and c" is a list; function words need not be found."""
    subject = _OF.sub(" ", _BOTH.sub(_as_either, subject))
    head, *more = _COMMA.split(subject) if re.search("[,，、]", subject) else _OR.split(subject)
    if not more:
        if "+" in head and all(map(is_category, head.split("+"))):
            return " OR ".join(head.split("+"))
        return _without_small(head)
    common = _COMMON.fullmatch(head)
    if common and all(len(item.split()) <= _MOST_IN_COMMON for item in more):
        return f"{_without_small(common['head'])} ({' OR '.join(map(_without_small, (common['first'], *more)))})"
    return " OR ".join(filter(None, map(_without_small, (head, *more))))


def _as_either(found: re.Match[str]) -> str:
    """Writes two categories as one value, cs.CL+cs.LG, that finds either."""
    are_categories = all(map(is_category, (found[1].split("+")[-1], found[2].rstrip(SIGNS))))
    return f"{found[1]}+" if are_categories else found[0]


def _without_small(words: str) -> str:
    parts = re.findall(r'"[^"]*"?|[^\s"]+', words)
    return " ".join(part.strip(",;.!?，；") for part in parts if part not in LISTS["SMALL"])
