"""Extracts the query from a sentence: "I want papers on X, but no Y" and 我想看关于X的论文，不要Y become `X -Y`. Pure.

`reader.parts_of` says to which part each word belongs: a wanted or unwanted subject, an author, a name, a time, or
none. In a subject, "and", "or", 和 and 或者 mean OR, and words that say nothing about papers are left out.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import NamedTuple

from bot.sentences.words import boundaries, reader
from bot.sentences.words.reader import Token
from bot.sentences.words.word_lists import small_words, words_for_now
from subscriptions.planning.times import is_available, split_when
from subscriptions.planning.times.reading import is_time
from subscriptions.query import FIELDS
from subscriptions.query.rewriting import author_rule

# From this probability on, a sentence is a request for papers, unless a query is at least _MUCH times as probable.
ASKED, _MUCH = (
    0.25,
    1.02,
)
# A text that begins with people who name themselves, as in "we study X with Y", is no query, even if it is as improbable.
MAY_ASK = 0.05
_PERSONS = frozenset({"i", "im", "ive", "we", "weve", "my", "our", "me", "us"})
_PRIMARY = re.compile(r"\bprimary\b|主类|主要类")
_LONGEST_NAME = 5  # words
# words at the edges of a subject that belong to the sentence around it
_EDGES = re.compile(r"^[里讲谈写过姓凡学]\s+|(?<=\S\S)\s*[的吧呢啊呀嘛吗哈啦么哦]+$")
_ABOUT = re.compile(r"^(?:讲(?![座义解述故])|属?于(?=[A-Za-z]))(?=\S)")  # before an excluded subject: 讲化学的除外
_IN_FIELDS = {"ti": re.compile(r"\btitles?\b|标题|题目(?!是)"), "abs": re.compile(r"\babstracts?\b|摘要")}
_KINDS_OF_PAPERS = {"surveys": "survey", "reviews": "review", "tutorials": "tutorial", "benchmarks": "benchmark"}
_SIGNS = '.!?:"“”„«»「」『』'  # characters that are no words; here a quotation mark has no partner
_LINKS = frozenset({",", ";", "、", "和", "与", "或", "及", "跟", "and", "or", "&", "+", "|", "/"})
# Words that link two subjects of a sentence; and words that say that a paper must have both.
_ALSO = re.compile(
    r"[,;、/|&+]|要么|或者|外加|以及|还有|另外|[也跟、]|[和与或及](?![^\W_])|\b(?:plus|also|or|and|as well)\b"
)
_TOGETHER = re.compile(
    r"\b(?:both|between)\b|之间|的?(?:关系|关联|联系|区别|差异)|两者都|同时[^,，。]{0,2}(?:提|含|包|涉及|有|出现|满足|讲|谈)"
)
# If a request for papers has none of these words, all its subjects are wanted.
_DENIES = re.compile(
    r"[不别没除免非勿无排滤剔去减避拒莫甭撇抛刨筛屏扣滚冇外踢扔]|跳过|忽略|拿掉|刷掉|挑出|算了|够了|\bno(?=\W|[^\x00-\x7f])|n't\b"
    r"|\b(?:do|does|did|is|are|was|ca|wo|should|could|would|have|has|need)nt\b|\bstop \w+ing\b"
    r"|\b(?:nor|not|non|never|w/o|no|out|can go|unwanted|excl|save|sans|but|minus|less|free|other than|apart|rather|instead|nothing|none"
    r"|neither|sick|tired|enough|only|unless|beyond|outside|aside|away|bar|barring|pass on)\b"
    r"|\b(?:with|exclu|except|skip|avoid|omit|ignor|leav|drop|hid|hat|bor|filter|spar|hold|ban|block|cut|remov|mut|stay|weed"
    r"|screen|strip|toss|subtract|ditch|keep)",
)
# With such a word, neighbouring subjects are alternatives even without a link: 极化码 LDPC 随便哪个.
_ANY_OF = re.compile(r"随便哪|任[一意何选]|[二三]选一|其一|这[两三俩仨]|两个")
_EITHER = re.compile(r"\bor\b|或")
_OR = frozenset({"and", "or", "nor", "和", "或", "与", "及", "以", "者", "、"})  # between several things to exclude
_FIELDS = "|".join(sorted(map(re.escape, FIELDS.by_name), key=len, reverse=True))
_ONLY_A_QUERY = re.compile(
    rf"(?:^|[\s(-])(?:{_FIELDS}|year|date):|(?:^|\s)-[^\W\d_]|^(?!.*(?:我|想|论文)).*(?:(?:^|\s)[或且](?:\s|$)|,\s*不含\S+$)"
)
_A_QUERY = re.compile(r"[:()|*=]|(?:^|\s)-\w|\b(?:OR|AND|NOT)\b")
# Any word except the operators of the grammar. A text that has no such words around its query is a query itself.
_WORDS = re.compile(r"(?!(?:AND|OR|NOT|且|或|不含)(?!\w))(?!(?<=[,，] )not(?!\w))(?<!\w)\w+")


_TODAY = frozenset({"today", "tomorrow", "今天"})  # days of the papers themselves, not times of delivery
_BETWEEN_SIGNS = re.compile(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])")
_POSSESSIVE = re.compile("['’]s$")


class Piece(NamedTuple):
    """Neighbouring words that belong to the same part of a sentence."""

    part: str
    text: str
    tokens: tuple[Token, ...]


def query_in(text: str) -> str:
    """Returns the query in a sentence, followed by the time that it names; the text itself if it is not a sentence."""
    said = " ".join(text.split())
    if not said or len(said) > reader.LONGEST or _ONLY_A_QUERY.search(reader.folded(said)):
        return text
    tokens = reader.tokens_of(said)
    found = {one.intent: one.sure for one in reader.scores(tokens)} if len(tokens) <= reader.MOST_TOKENS else {}
    asks = sum(found.get(intent, 0.0) for intent in reader.ASKING)
    introduction = boundaries.introduction_of(said)  # not folded, so that a title is none
    asks_surely = bool(introduction) and (asks >= MAY_ASK or "papers" in introduction)
    pieces = pieces_of(said, reader.ASKING[0]) if asks >= MAY_ASK or asks_surely else ()
    around = {token.mark for one in pieces if not one.part for token in one.tokens}
    tells = bool(pieces) and not pieces[0].part and _tells(pieces[0])
    if tells or asks_surely or (asks >= ASKED and _MUCH * asks > found[reader.QUERY]):
        query = subject_of(said)
        if around == {reader.WHEN} or [one.part for one in pieces] == [reader.TIME, reader.WANTED]:
            return text  # the text is only a query with a time
        is_same = sorted(_WORDS.findall(query)) == sorted(_WORDS.findall(said)) and not said.startswith(
            time_in(said, reader.ASKING[0]) or said
        )
        is_whole = query != said[1:] and not boundaries.is_crumb(query) and query.count("(") == query.count(")")
        is_whole = is_whole and not _is_a_long_name(query) and not any(map(_is_of_the_subject, pieces))
        if is_whole and not is_same and _WORDS.findall(query) != _WORDS.findall(said):
            return query
        return text
    return text


def _is_a_long_name(query: str) -> bool:
    """Returns whether a query is only a name in small letters that is too long for one: words of an unknown language."""
    is_name = query.startswith("author:") and '" ' not in query
    return is_name and query.islower() and len(query.split()) > _LONGEST_NAME


def _is_of_the_subject(piece: Piece) -> bool:
    """Returns whether Chinese words that are of no part are known from no sentence, so that they are of the subject: 授粉 in 蜜蜂授粉."""
    pairs = reader.pairs_of(piece.tokens)
    return not piece.part and bool(pairs) and reader.learned().known.words.isdisjoint(pairs)


def _tells(first: Piece) -> bool:
    """Returns whether the first words of a text say what people do: "we study", but not "I, Robot"."""
    words = [token.mark for token in first.tokens if token.mark.isalpha()]
    return len(words) > 1 and words[0] in _PERSONS


_SEARCHED = re.compile(
    r"^(?:(?:please|pls|can you|could you|just|now) )*(?:(?:find|show|give|send|get)(?: me| us)?+|search(?: for)?|look (?:for|up)|let me see) "
    r"(?:(?:something|anything|papers?|articles?|preprints?) (?:about|on) (?:the )?)?(?=\w)"
    r"|^(?:请|麻烦|帮我|给我|让我|我?想|再|先|只|就)*(?:看|找|查|搜)(?:看|找|查|搜|一下|一看|一找|一查|一搜)(?:有没有|关于|有关)*\s*(?=\S)"
)


def searched_in(text: str) -> str:
    """Returns what follows "find", "show me", 看看 and such at the beginning of a text; "" if it begins with none of them.

    "Search engines" may be a subject: whoever calls this first looks for the whole text.
    """
    found = _SEARCHED.match(reader.folded(text))
    return text[found.end() :] if found else ""


def tells(text: str) -> bool:
    """Returns whether a text begins with people who say something of themselves: "we study kelp"."""
    pieces = pieces_of(text, reader.ASKING[0])
    return bool(pieces) and not pieces[0].part and _tells(pieces[0])


def _quoted(token: Token) -> str:
    return f'"{token.words.strip(_SIGNS)}"'


def subject_of(said: str, intent: str = reader.ASKING[0]) -> str:
    """Returns the query in a sentence, followed by the time that it names; "" if it has no subject."""
    query = wanted_in(said, intent)
    when = time_in(said, intent) or ("" if texts_of(said, intent, reader.TIME) else split_when(said).when or "")
    if query and is_time(when) and not query.endswith(when) and reader.folded(when) not in _TODAY:
        return f"{query} {when}".strip()
    return query


def denies(plain: str) -> bool:
    """Returns whether a folded text has a word that excludes or denies something."""
    return bool(_DENIES.search(plain))


@lru_cache(maxsize=64)
def pieces_of(said: str, intent: str) -> tuple[Piece, ...]:
    """Returns the parts of a sentence, in order; () for a text that is longer than a sentence."""
    tokens = reader.tokens_of(said) if len(said) <= reader.LONGEST else ()
    parts = reader.parts_of(tokens, intent)
    if intent in reader.ASKING and not denies(reader.folded(said)):
        parts = [reader.WANTED if part == reader.UNWANTED else part for part in parts]
    if intent in reader.ASKING:
        tokens, parts = boundaries.of_request(said, tokens, parts)
    groups = groupby(zip(parts, tokens, strict=True), key=itemgetter(0))
    found: list[Piece] = []
    for part, group in groups:
        inside = tuple(token for _, token in group)
        text = said[inside[0].start : inside[-1].end]
        is_linked = len(found) > 1 and part == reader.WANTED and all(one.mark in _OR for one in found[-1].tokens)
        is_same = is_linked and (
            found[-2].part == reader.UNWANTED or (found[-2].part == reader.AUTHOR and text.istitle())
        )
        found.append(Piece(found[-2].part if is_same else part, text, inside))
    return tuple(found)


_ATTRIBUTE = re.compile(r"(?:不含|没有|不带|不包[含括]|去掉|除去|排除)[了有]?$")  # 不含综述的珊瑚


def without_exclusion(said: str) -> str:
    """Returns a request without what it excludes after its subject, or, in Chinese, before it: 订阅不含综述的珊瑚."""
    pieces = pieces_of(said, reader.ASKING[0])
    parts = [one.part for one in pieces]
    wanted = [at for at, part in enumerate(parts) if part in (reader.WANTED, reader.AUTHOR)]
    unwanted = [at for at, part in enumerate(parts) if part == reader.UNWANTED]
    if not wanted or not unwanted:
        return said
    subject, first, last = pieces[wanted[-1]].tokens, pieces[unwanted[0]].tokens[0], pieces[unwanted[-1]].tokens[-1]
    if wanted[-1] < unwanted[0]:
        return f"{said[: subject[-1].end]}{said[last.end :]}"
    before = _ATTRIBUTE.sub("", said[: first.start])
    if last.end <= subject[0].start and len(before) < first.start:
        return f"{before}{said[subject[0].start :]}"
    return said


def span_of(said: str) -> str:
    """Returns the words of a request from the first to the last of its subject, as they were said; "" if it has none."""
    pieces = pieces_of(said, reader.ASKING[0])
    wanted = [at for at, one in enumerate(pieces) if one.part == reader.WANTED]
    if not wanted or {one.part for one in pieces[wanted[0] : wanted[-1]]} - {reader.WANTED, reader.NO_PART}:
        return ""
    first, last = pieces[wanted[0]].tokens[0], pieces[wanted[-1]].tokens[-1]
    return said[first.start : last.end]


def texts_of(said: str, intent: str, *parts: str) -> list[str]:
    """Returns the texts of these parts of a sentence."""
    return [one.text for one in pieces_of(said, intent) if one.part in parts]


def time_in(said: str, intent: str) -> str:
    """Returns the time that a sentence names, possibly in several places; "" if there is none.

    In a request for papers, an unavailable time is also returned, so that it is refused later. In other sentences, an
    available time is preferred, since an unavailable one may be the former time.
    """
    pieces = pieces_of(said, intent)
    times = [text.strip(" ,，.。") for text in texts_of(said, intent, reader.TIME)]
    single = _times_of(pieces)
    together = _BETWEEN_SIGNS.sub("", " ".join(times))
    if intent not in reader.ASKING:
        words = [text.split() for text in (together, *times, *single)]
        shorter = (
            " ".join(one[:many])
            for one in words
            for many in range(len(one), 0, -1)
            if many == len(one) or not one[many - 1].isdecimal()  # the 8 in "8 bit models" is no time
        )
        return next(filter(is_available, shorter), next(filter(is_time, (together, *single)), ""))
    if not times:
        if any(word in reader.folded(said) for word in words_for_now()):
            return "now"
        return ""
    parts = [text.strip() for one in times for text in re.split("[,，、]", one)]
    read = [together, " ".join(single), *times]
    if any(one.part == reader.NO_PART and token.mark == reader.WHEN for one in pieces for token in one.tokens):
        outside = [one for one in pieces if one.part in (reader.TIME, reader.NO_PART)]
        read.insert(0, " ".join(_times_of(outside)))  # "once a week, maybe on Wednesday at three"
    return next(filter(is_time, read), next(filter(is_available, parts), ""))


def _times_of(pieces: Sequence[Piece]) -> list[str]:
    return [token.words.strip(" ,，.。") for one in pieces for token in one.tokens if token.mark == reader.WHEN]


def wanted_in(said: str, intent: str) -> str:
    """Returns the query of the authors, categories and words that papers must have; "" if there are none."""
    pieces = [one for one in pieces_of(said, intent) if one.part != reader.TIME]
    if _A_QUERY.search(_typed_in(said, pieces)):
        subjects = [one.tokens for one in pieces if one.part]
        return said[subjects[0][0].start : subjects[-1][-1].end]
    authors = [author_rule(name) if " " in name else f"author:{name}" for name in _items(pieces, reader.AUTHOR)]
    categories = [
        token.words
        for one in pieces
        if one.part == reader.WANTED
        for token in one.tokens
        if token.mark == reader.CATEGORY
    ]
    if _PRIMARY.search(_around(pieces)):
        categories = [f"primary:{one}" for one in categories]
    words = _in_field(
        pieces, _items(pieces, reader.WANTED) or (_items(pieces, reader.NAMED) if intent in ("widen", "narrow") else [])
    )
    if _TOGETHER.search(reader.folded(said)) and not _EITHER.search(reader.folded(said)):
        words = [" ".join(words)] if words else []
    groups = [" OR ".join(one) for one in (authors, categories, words) if one]
    unwanted = [f"-{one}" for one in unwanted_in(said, intent)]
    several = len(groups) > 1 or unwanted
    if groups:
        return " ".join([*(f"({one})" if several and " OR " in one else one for one in groups), *unwanted])
    return ""


def _typed_in(said: str, pieces: Sequence[Piece]) -> str:
    """Returns a sentence from its first part to its last, without the words between the parts that belong to no part."""
    places = [at for at, one in enumerate(pieces) if one.part]
    inside = pieces[places[0] : places[-1] + 1] if places else []
    return "".join(
        said[one.tokens[0].start : (then.tokens[0].start if then else one.tokens[-1].end)]
        if one.part or not _WORDS.search(one.text)
        else " "
        for one, then in zip_longest(inside, inside[1:])
    )


def kind_of_papers(words: str) -> str:
    """Returns the word for one paper of a kind: "review" for "reviews"; any other words as they are."""
    return _KINDS_OF_PAPERS.get(words.casefold(), words)


def unwanted_in(said: str, intent: str) -> list[str]:
    """Returns what papers must not have, as terms of a query."""
    pieces = pieces_of(said, intent)
    items = (_ABOUT.sub("", one) for one in _items(pieces, reader.UNWANTED, with_categories=True))
    terms = [*map(kind_of_papers, items)]
    if intent == "exclude":
        terms += [author_rule(name) for name in _items(pieces, reader.AUTHOR)]
        terms = terms or _items(pieces, reader.WANTED, with_categories=True) or _items(pieces, reader.NAMED)
    quoted = [f'"{one}"' if " " in one and not set('":()') & set(one) else one for one in terms]
    if any(one.part == reader.WANTED for one in pieces):
        return quoted
    return _in_field(pieces, quoted)


def _around(pieces: Sequence[Piece]) -> str:
    """Returns the words that belong to no part, folded."""
    return reader.folded(" ".join(one.text for one in pieces if not one.part))


def _in_field(pieces: Sequence[Piece], items: list[str]) -> list[str]:
    """Returns the items, restricted to the field that other words name, as "in the title" does."""
    around = _around(pieces)
    field = next((name for name, words in _IN_FIELDS.items() if words.search(around)), "")
    if field:
        return [f"{field}:{one}" if one.startswith('"') or " " not in one else f'{field}:"{one}"' for one in items]
    return items


def _items(pieces: Sequence[Piece], part: str, *, with_categories: bool = False) -> list[str]:
    """Returns the items in a part of a sentence, without small words.

    Words that are linked by "and" or "or" are separate items.
    """
    small, items, end, between = small_words(), list[str](), -1, ""
    any_of = _ANY_OF.search(_around(pieces))
    for piece in pieces:
        if piece.part != part:
            between += f"{reader.folded(piece.text)} "
            continue
        for token in piece.tokens:
            if token.mark in _LINKS:
                between += " and "
            elif (part == reader.AUTHOR or (token.mark not in small and token.mark not in _SIGNS)) and (
                with_categories or token.mark != reader.CATEGORY
            ):
                word = _quoted(token) if token.mark == reader.QUOTED else _POSSESSIVE.sub("", token.words)
                is_apart = bool(items) and token.start > end and not (items[-1] + word).isascii()
                if not items or _ALSO.search(between) or (any_of and is_apart):
                    items.append(word)
                else:
                    is_one_word = token.start == end and '"' not in (word[0], items[-1][-1])
                    items[-1] += f"{'' if is_one_word else ' '}{word}"
                between, end = "", token.end
    return [one for one in (_EDGES.sub("", item) for item in items) if not boundaries.is_crumb(one)]
