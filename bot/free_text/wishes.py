"""Reads wishes for papers as people say them: "send me new papers on moss every friday, no surveys", 每天8点给我推送苔藓的论文.

Pure.

The forms are in `everyday_forms.py`. A text that has none of them is a query as it was typed: a title or "learning to
rank" must not be shortened.
"""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import cache
from typing import NamedTuple

from bot.free_text.kinds import asks_the_bot, has_small_words, wants_change
from bot.free_text.wish_forms import FORMS, LISTS, SAID_OTHERWISE, SIGNS
from subscriptions.query import FIELD_NAMED
from subscriptions.query.categories import is_category
from subscriptions.query.parse import query_of
from subscriptions.query.rewriting import author_rule, words_rule
from subscriptions.schedule.times import exclusions_at_end, is_schedule, is_time, only_excluded, split_when
from subscriptions.text.words import tokens

_LONGEST = 300  # most characters of a wish
# A comma or a blank before what is excluded; neither the minus of a query, nor "Not" in a title
_EXCLUDES = re.compile(r"[\s,，、;；.。？]*[a-z\u4e00-\u9fff]|[.?!] [NWE]")
_CLEARLY_EXCLUDES = re.compile(r"\s+(?:except\b|not by [A-Z]\S* [A-Z]|不要|不含|除了)")
_GAP = re.compile(  # before the wish in an introduction
    r"\b(?:and|to) |[.,!;] ?|[，。]|[让叫要]我"
    r"| (?=working|interested|researching|specialis|specializ|doing|studying|i'd |i would |i want |i need |we'd |we want )",
    re.IGNORECASE,
)
_LONGEST_INTRODUCTION = 130  # most characters of what a person says about themselves before the wish
_MOST_REPEATED = 4  # times that what is in brackets may be said
_MOST_WORDS = 15  # of a text without a form; a longer one is searched as it was typed
_FEW_WORDS = 4  # fewer capitalised words may be names: "Kalman and Wiener"
_FIRST_WORDS = 8  # words of a text that may be misspelt words of a form
_LONG_ENOUGH = 6  # letters of such a word
_ALIKE = 0.82  # how similar it is: 0 to 1
_MOST_PARTS = 8  # most parts before or after a subject
_LONGEST_TIME = 40  # most characters of a time before a wish
_MOST_EXCLUSIONS = 3  # readings of the end of a text as an exclusion
_LONGEST_EXCLUSION = 5  # most words of what is excluded
_MOST_OF_NAME, _MOST_OF_TERM = 10, 6  # most words, or Chinese characters, of a name and of a term
_SENTENCE = re.compile(r"\n|[?!？！。]|[.;；] ")
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
    r"(?:papers? )?(?:with |containing |where |that have )?(?P<before>.+?)(?: is| are)? in (?:the|its|their) (?P<part>title|abstract)s?\b|(?:papers? )?(?:whose|where the) titles? (?:contains?|has|have)"
    r" (?P<behind>.+)|(?:标题|题目)[里中]?(?:带有|包含|含有|出现|有|含|带|是)\s*(?P<zh>[^的,，]+)的?",
    re.IGNORECASE,
)
_OPERATORS = re.compile(rf"(?:^|\s)(?:(?:AND|OR|NOT|ANDNOT)\s|[-!=]\S)|[()|*]|\b(?:{'|'.join(FIELD_NAMED)})[:：]")
_OR = re.compile(  # neither 饱和 nor 和谐
    rf",? or (?:in |on |about )?| and also (?:in |on |about )?|或者?"
    rf"|(?<={_HAN})(?<![饱总中共缓温])和(?={_HAN})(?![谐平])|(?<=[a-z]) 和(?={_HAN})|(?<={_HAN})以及(?={_HAN})",
    re.IGNORECASE,
)
_COMMA = re.compile(r"\s*[,，、]\s*(?:(?:and|or) )?| and | or ")
_COMMON = re.compile(r"(?P<head>.+) (?:in|for|on|with) (?P<first>.+)")
_BOTH = re.compile(r"(\S+?)(?:,? (?:and|or|&) |\s*[,，、]\s*|\s*(?:和|或者?|与)\s*)(?=([A-Za-z.*-]+|\S+))")
_OF = re.compile(
    rf"(?<={_HAN}{{2}})(?:在(?={_HAN}{{2,12}}[中里上]的)|对于?(?={_HAN}{{2,12}}的(?:影响|作用|效果)))|[中里上]的(?={_HAN}{{2}})"
    rf"|(?<={_HAN}{{2}})的(?={_HAN}{{2}})|[里中]?面?的?关于|(?<=[\w ])[里中]的?(?= )"
)
_MOST_IN_COMMON = 2  # most words of "b" and "c" in "x in a, b or c", if all are in x
_QUOTES = "\"'“”‘’「」『』《》 "


class Wish(NamedTuple):
    """What a text without a slash asks for."""

    query: str  # in the query language, without its time
    when: str  # the time as it was typed: "every friday at 9"; "" if none was said


def wish(text: str) -> Wish | None:
    """Return what a text without a slash asks for; None if it is searched as it was typed."""
    return formed_wish(text) or _plain(" ".join(text.split()))


def formed_wish(text: str) -> Wish | None:
    """Return what a text asks for that has one of the everyday forms, perhaps misspelt; None if it has none."""
    said = " ".join(text.replace("’", "'").split())
    return _formed(said) or (_formed(spelt) if (spelt := _spelt(said)) != said else None)


def is_name(said: str, *, most: int = _MOST_OF_NAME) -> bool:
    """Return whether a text looks like a name of at most so many words, not like a sentence that wants something."""
    is_sentence = formed_wish(said) or wants_change(said) or asks_the_bot(said) or is_time(said)
    return len(tokens(said)) <= most and not is_sentence and not _SENTENCE.search(said)


def is_word(said: str) -> bool:
    """Return whether a text looks like a word or a term that papers contain, or excludes one: "no surveys"."""
    if only_excluded(said):
        return True
    return is_name(said, most=_MOST_OF_TERM) and (len(said.split()) < _FEW_WORDS or not has_small_words(said))


def _spelt(said: str) -> str:
    """Return a text with the first words as forms spell them: "recomend me papres on" is "recommend me papers on"."""
    words = said.split(" ", _FIRST_WORDS)
    for place, word in enumerate(words[:_FIRST_WORDS]):
        if len(word) >= _LONG_ENOUGH and word.isalpha():
            alike = get_close_matches(word.casefold(), LISTS["MISSPELT"], n=1, cutoff=_ALIKE)
            words[place] = alike[0] if alike and alike[0][0] == word[0].casefold() else word
    return " ".join(words)


def _formed(said: str) -> Wish | None:
    if len(said) > _LONGEST or _OPERATORS.match(said):
        return None
    for otherwise, meant in _OTHERWISE:
        said = otherwise.sub(meant, said)
    said = said.strip()  # "especially" alone becomes a blank
    said, rules = _without_exclusion(said)
    before, subject, when = _without_beginning(said)
    first = (subject.split() or [""])[0]
    is_asked = bool(when or _OFTEN.search(said) or is_category(first))
    subject, ending, later = _without_ending(subject, is_asked=is_asked)
    if not rules:
        subject, rules = _without_exclusion(subject)
        subject, _, _ = _without_ending(subject, is_asked=False) if rules else (subject, "", "")
    if not subject or not _is_wish(before, subject, ending, rules, is_timed=bool(when or later)):
        return None
    query = _query(before, subject, rules)
    if query_of(query) is None:
        return None
    both = f"{when} {later}".strip()  # "daily" before a subject and "at midnight" after it are one time
    return Wish(query, both if is_schedule(both) else later or when)


def _plain(said: str) -> Wish | None:
    """Return the wish of a text that has no form, but words beside its subjects that no paper needs to have."""
    if len(said) > _LONGEST or _OPERATORS.match(said) or _is_title(said):
        return None
    timed = split_when(said)
    words = _without_small(timed.query) if '"' in timed.query else _words(timed.query)
    if timed.only_time or timed.either or words == timed.query or query_of(words) is None:
        return None
    return Wish(words, timed.when or "")


def _is_title(said: str) -> bool:
    """Return whether a text without a form is a title or a sentence.

    Long, with a punctuation mark in its middle, or all its long words capitalised.
    """
    words = said.split()
    capitals = [word[0].isupper() for word in words if word.casefold() not in LISTS["SMALL"] and word[0].isalpha()]
    is_long = len(words) > _MOST_WORDS or re.search(r"[:?] ", said) is not None
    return is_long or (len(capitals) >= _FEW_WORDS and all(capitals))


def without_time(text: str) -> str | None:
    """Return a text without the time that it says, before its other words or after them; None if it says none."""
    ending = split_when(text)
    if ending.only_time:
        return ""
    if ending.when is not None:
        return ending.query
    _, rest, when = _without_beginning(text)
    return rest if when else None


def _is_wish(before: str, subject: str, ending: str, rules: Sequence[str], *, is_timed: bool) -> bool:
    """Return whether what is around the subject of a text makes it a wish, and not the beginning of a title."""
    said = before.strip(SIGNS).casefold()
    first = subject.split(maxsplit=1)[0]
    is_sure = bool(rules or _SURE.search(ending))
    if first.casefold() in LISTS["NO-SUBJECT"] and said.rpartition(" ")[2] not in LISTS["ABOUT"]:
        return False
    if said == "by":
        return _NAMES.match(subject) is not None
    if said in LISTS["ALL"]:
        return (
            _TITLE.match(subject) is not None
            or first.casefold() in LISTS["KIND"]
            or is_category(first)
            or (is_sure and said in ("just", "only"))
        )
    if said in LISTS["UNSURE"] and not (said == "订阅" and (before != said or subject[0].isascii())):
        return is_timed or is_sure
    is_asked = is_timed and bool(ending)
    if not is_asked and (": " in subject or "。" in subject):  # a title, or several sentences
        return False
    return bool(is_asked or before or is_sure or _AUTHOR.match(subject) or _TITLE.match(subject))


def _without_exclusion(said: str) -> tuple[str, tuple[str, ...]]:
    """Split what is excluded from the end of a text: ("moss, no surveys" -> "moss", ("surveys",))."""
    for found in [*exclusions_at_end(said)][-_MOST_EXCLUSIONS:]:
        rules = tuple(rule.removesuffix("的") for rule in found.rules)
        is_clear = found.apart or _CLEARLY_EXCLUDES.match(said, len(found.head)) or set(rules).issubset(LISTS["KIND"])
        is_said = _EXCLUDES.match(said, len(found.head)) is not None
        if is_said and (is_clear or split_when(found.head).when) and all(map(_may_be_excluded, rules)):
            return found.head.rstrip(" -–—"), rules
    return said, ()


def _may_be_excluded(rule: str) -> bool:
    if len(rule.split()) > _LONGEST_EXCLUSION or ": " in rule:
        return False
    ending = split_when(rule.strip('"'))
    return ending.when is None and not ending.only_time


def _without_beginning(said: str) -> tuple[str, str, str]:
    """Split the words before the subject of a wish from a text.

    Return (these words, the rest, the time that they say).
    """
    start, when, begins = 0, "", False
    for _ in range(_MOST_PARTS):
        if not when and (end := _time_end(said, start)):
            behind = _gap_end(said, end) if said[end : end + 1] != "的" else end + 1
            start, when, begins = behind, said[start:end], False
        elif not begins and (end := _form_end(said, start) or _introduced(said, start)):
            start, begins = end, True
        elif not begins and (opening := _OPENING.match(said, start)):
            start = opening.end()
        else:
            break
    if begins or when:
        return said[:start], said[start:].lstrip(SIGNS), when
    return "", said if said.isascii() else said[start:], ""


def _form_end(said: str, start: int) -> int:
    """Return the end of the longest form that begins at `start`; 0 if none does."""
    return max((found.end() for form in _patterns() if (found := form.match(said, start))), default=0)


def _introduced(said: str, start: int) -> int:
    """Return the end of the form after an introduction: "I'm a student and I'd like to read about".

    0 if there is none.
    """
    if not _INTRODUCTION.match(said, start):
        return 0
    for gap in _GAP.finditer(said, start, start + _LONGEST_INTRODUCTION):
        opening = _OPENING.match(said, gap.end())
        if end := _form_end(said, opening.end() if opening else gap.end()):
            return end
    return 0


def _time_end(said: str, start: int) -> int:
    """Return the end of a time at the beginning of a wish.

    0 if the words may be a part of its subject, as in "weekly supervision".
    """
    ends = range(min(len(said), start + _LONGEST_TIME), start, -1)
    end = next((one for one in ends if _may_end(said, one) and is_time(said[start:one])), 0)
    behind = _gap_end(said, end)
    is_apart = said[end:behind].strip() or (not said.isascii() and said[end:behind])
    joins = start > 0 and said[end : end + 1] == "的"  # 我想看每周三晚上的…, but not 每日的新闻推荐
    if end and (is_apart or joins or _form_end(said, behind)):
        return end
    return 0


def _may_end(said: str, end: int) -> bool:
    """Return whether a word may end here: not at a punctuation mark, nor between two letters or digits of English."""
    around = said[end - 1 : end + 1]
    return around[0] not in SIGNS and not (len(around) > 1 and around.isascii() and around.isalnum())


def _gap_end(said: str, start: int) -> int:
    return len(said) - len(said[start:].lstrip(SIGNS + "-–—"))


def _without_ending(said: str, *, is_asked: bool) -> tuple[str, str, str]:
    """Split the words after the subject of a wish from a text.

    Return (the rest, these words, the time that they say).

    Words that may be a time or a part of the subject are a time if the person asks to be sent papers (`is_asked`).
    """
    subject, when = said.rstrip(SIGNS), ""
    for _ in range(_MOST_PARTS):
        timed = split_when(subject)
        if found := _ENDING.search(subject):
            subject = subject[: found.start()].rstrip(SIGNS)
        elif (
            not when
            and timed.when
            and (is_asked or not timed.either or subject.removesuffix(timed.when).rstrip()[-1] in SIGNS)
        ):
            subject, when = timed.query.rstrip(SIGNS), timed.when
        else:
            break
    return subject, said[len(subject) :], when


def _any_of(words: Iterable[str]) -> str:
    """Return a pattern for any of these words, longest first, with what is between it and the next word."""
    ordered = sorted(words, key=len, reverse=True)
    english = "|".join(re.escape(word) for word in ordered if word.isascii())
    whole = [word for word in ordered if not word.isascii()]
    if english:  # a word of English ends where no letter follows, so the order of the two kinds does not matter
        whole.append(rf"(?<![\w'-])(?:{english})(?![\w'-])")
    return rf"(?:{'|'.join(whole)})[\s,:，：!.]*"


def _pattern(form: str) -> re.Pattern[str]:
    """Return the pattern of a line of `FORMS`.

    What is in brackets is repeated a few times only, so that no text takes long.
    """
    parts = []
    for part in re.findall(r"\[.+?\]|\S+", form):
        ways = part.strip("[]").split("|")
        options = "|".join("".join(_any_of(LISTS.get(name, [name])) for name in way.split()) for way in ways)
        parts.append(f"(?:{options}){{0,{_MOST_REPEATED}}}" if part.startswith("[") else f"(?:{options})")
    return re.compile("".join(parts), re.IGNORECASE)


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    """Return the patterns of all forms. They are made at the first text, since they take a fifth of a second."""
    return tuple(map(_pattern, FORMS.strip().splitlines()))


def _found(name: str, behind: str = "") -> re.Pattern[str]:
    """Return the pattern of a list."""
    return re.compile(_any_of(LISTS[name]) + behind, re.IGNORECASE)


def _query(before: str, subject: str, rules: Sequence[str]) -> str:
    """Return the query for a subject, with the words before it, without what the rules find."""
    wanted = subject if _OPERATORS.search(subject) else _wanted(before, subject)
    if rules and " OR " in wanted:
        wanted = f"({wanted})"
    return " ".join((wanted, *(f"-{rule}" for rule in rules)))


def _wanted(before: str, subject: str) -> str:
    """Return a subject in words as a query: authors, words of the title, or any words."""
    if title := _TITLE.search(subject):
        rest = _words(subject[: title.start()] + subject[title.end() :])
        words = title["before"] or title["behind"] or title["zh"]
        field = "abs" if title["part"] == "abstract" else "ti"
        return f"{field}:{words_rule(words.strip(_QUOTES))} {rest}".strip()
    if author := _AUTHOR.search(subject):
        return _authors(author["is"] or author["of"] or author["by"] or author["who"])
    by = re.search(r"(?:^|\s)by (?=\w)", subject)
    if by or _BEFORE_NAMES.search(before):
        start = by.end() if by else 0
        names = _NAMES.match(subject, start)
        if names and not set(names[0].casefold().split()).intersection(LISTS["NO-NAME"]):
            authors = _authors(names[0])
            rest = _words(f"{subject[: by.start() if by else 0]} {subject[names.end() :]}")
            return f"({authors}) {rest}" if rest and " OR " in authors else f"{authors} {rest}".strip()
        if before.rstrip().endswith("by"):
            return _authors(subject)
    return _words(subject)


def _authors(names: str) -> str:
    return " OR ".join(map(author_rule, _BETWEEN_NAMES.split(names)))


def _words(subject: str) -> str:
    """Return words as a query: "X or Y" finds either; "a, b and c" is a list; function words need not be found."""
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
    """Write two categories as one value, cs.CL+cs.LG, that finds either."""
    are_categories = all(map(is_category, (found[1].split("+")[-1], found[2].rstrip(SIGNS))))
    return f"{found[1]}+" if are_categories else found[0]


def _without_small(words: str) -> str:
    parts = re.findall(r'"[^"]*"?|[^\s"]+', words)
    return " ".join(part.strip(",;.!?，；") for part in parts if part not in LISTS["SMALL"])


_OPENING, _ENDING, _INTRODUCTION = _found("OPENING"), _found("ENDING", r"\Z"), _found("INTRODUCTION")
_SURE, _OFTEN = _found("SURE"), _found("OFTEN")
_OTHERWISE = tuple((re.compile(said, re.IGNORECASE), meant) for said, meant in SAID_OTHERWISE)
