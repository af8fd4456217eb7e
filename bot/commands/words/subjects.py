"""Extracts the query from a sentence: "I want papers on X, but no Y" and 我想看关于X的论文，不要Y become `X -Y`. Pure.

`reader.parts_of` says to which part each word belongs: a wanted or unwanted subject, an author, a name, a time, or
none. In a subject, "and", "or", 和 and 或者 mean OR, and words that say nothing about papers are left out.
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import groupby, pairwise, zip_longest
from operator import itemgetter
from typing import NamedTuple

from bot.commands.words import reader
from bot.commands.words.reader import Token
from subscriptions.errors import Refused
from subscriptions.planning.times import read_when, split_when
from subscriptions.planning.times._reading import is_time
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
_TOGETHER = re.compile(r"\bboth\b|两者都|同时[^,，。]{0,2}(?:提|含|包|涉及|有|出现|满足|讲|谈)")
# If a request for papers has none of these words, all its subjects are wanted.
_DENIES = re.compile(
    r"[不别没除免非勿无排滤剔去减避拒莫甭撇抛刨筛屏扣滚冇外踢扔]|跳过|忽略|拿掉|刷掉|挑出|算了|够了|\bno(?=\W|[^\x00-\x7f])|n'?t\b"
    r"|\b(?:nor|not|non|never|w/o|no|out|can go|unwanted|excl|save|sans|but|minus|less|free|other than|apart|rather|instead|nothing|none"
    r"|neither|sick|tired|enough|only|unless|beyond|outside|aside|away|bar|barring|pass on)\b"
    r"|\b(?:with|exclu|except|skip|avoid|omit|ignor|leav|drop|hid|hat|bor|filter|spar|hold|ban|block|cut|remov|mut|stay|weed"
    r"|screen|strip|toss|subtract|ditch|keep)",
)
# With such a word, neighbouring subjects are alternatives even without a link: 极化码 LDPC 随便哪个.
_ANY_OF = re.compile(r"随便哪|任[一意何选]|[二三]选一|其一|这[两三俩仨]|两个")
# 我是学昆虫的，蜜蜂授粉的论文请发我: the first clause has no word of a request, so it only introduces the person. If a word of
# _LINKED links the clauses, the first one names a subject, too.
_ENDS_OF_CLAUSE = frozenset(",;!.")
_REQUEST = re.compile(r"[想看订盯推]|(?<!主)要|关注|论文|文章|文献")
_LINKED = re.compile(r"[也还]|另外|同时|以及|偶尔|尤其|特别")
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


@cache
def small_words() -> frozenset[str]:
    """Returns the small words, which are left out of queries."""
    return frozenset(word for line in _lines("small_words") for word in line.split())


@cache
def _words_of_manner() -> frozenset[str]:
    """Returns words that say how papers shall come: "automatically", 自动."""
    return frozenset(word for line in _lines("manner") for word in line.split())


@cache
def words_for_now() -> tuple[str, ...]:
    """Returns the words that mean the time "now": papers come as soon as they are out."""
    return tuple(_lines("now"))


def _lines(name: str) -> list[str]:
    """Returns the lines of a file in `parts/`, of all languages together."""
    files = sorted((reader.WEIGHTS.parent / "examples").glob(f"*/parts/{name}.txt"))
    return [line for path in files for line in path.read_text("utf-8").splitlines()]


def query_in(text: str) -> str:
    """Returns the query in a sentence, followed by the time that it names; the text itself if it is not a sentence."""
    said = " ".join(text.split())
    if not said or len(said) > reader.LONGEST or _ONLY_A_QUERY.search(reader.folded(said)):
        return text
    tokens = reader.tokens_of(said)
    found = {one.intent: one.sure for one in reader.scores(tokens)} if len(tokens) <= reader.MOST_TOKENS else {}
    asks = sum(found.get(intent, 0.0) for intent in reader.ASKING)
    introduction = _INTRODUCTION.match(said)  # not folded: "Papers on Economic Policy" is a title
    asks_surely = introduction is not None and (asks >= MAY_ASK or "papers" in introduction[0])
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
        is_whole = query != said[1:] and not is_crumb(query) and query.count("(") == query.count(")")
        is_whole = is_whole and not _is_a_long_name(query)
        return query if is_whole and not is_same and _WORDS.findall(query) != _WORDS.findall(said) else text
    return text


def _is_a_long_name(query: str) -> bool:
    """Returns whether a query is only a name in small letters that is too long for one: words of an unknown language."""
    is_name = query.startswith("author:") and '" ' not in query
    return is_name and query.islower() and len(query.split()) > _LONGEST_NAME


def _tells(first: Piece) -> bool:
    """Returns whether the first words of a text say what people do: "we study", but not "I, Robot"."""
    words = [token.mark for token in first.tokens if token.mark.isalpha()]
    return len(words) > 1 and words[0] in _PERSONS


# "search space" and "search engines" are subjects
_SEARCHED = re.compile(r"^(?:(?:please|pls|can you|could you) )*(?:find|search for|look for|look up)(?: me)? (?=\w)")


def searched_in(text: str) -> str:
    """Returns what follows "find", "search for" and such at the beginning of a text; "" if it begins with none of them."""
    found = _SEARCHED.match(reader.folded(text))
    return text[found.end() :] if found else ""


def tells(text: str) -> bool:
    """Returns whether a text begins with people who say something of themselves: "we study kelp"."""
    pieces = pieces_of(text, reader.ASKING[0])
    return bool(pieces) and not pieces[0].part and _tells(pieces[0])


def _quoted(token: Token) -> str:
    return f'"{token.words.strip(_SIGNS)}"'


def is_crumb(subject: str) -> bool:
    """Returns whether a text is too short for a subject: empty, or a single Chinese character, such as 量 from 订阅量."""
    return not subject or (len(subject) == 1 and not subject.isascii())


def subject_of(said: str, intent: str = reader.ASKING[0]) -> str:
    """Returns the query in a sentence, followed by the time that it names; "" if it has no subject."""
    query = wanted_in(said, intent)
    when = time_in(said, intent) or ("" if texts_of(said, intent, reader.TIME) else split_when(said).when or "")
    return (
        f"{query} {when}".strip()
        if query and is_time(when) and not query.endswith(when) and reader.folded(when) not in _TODAY
        else query
    )


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
        parts = _with_strange_words(tokens, parts)
        tokens, parts = _from_introduction(said, tokens, parts)
        parts = _without_manner(said, tokens, parts)
        before = _introduction(said, tokens, parts)
        parts = [reader.NO_PART] * before + list(parts[before:])
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


_OF_A_REQUEST = frozenset({reader.WANTED, reader.UNWANTED, reader.AUTHOR})


def _with_strange_words(tokens: Sequence[Token], parts: Sequence[str]) -> list[str]:
    """Returns the parts, in which words that only a query can have belong to the subject beside them.

    Strange words apart from it stay as they are: "as a dentist I want papers on enamel". If only a time was found, all
    of them are the subject.
    """
    strange = [_is_of_a_query(token) for token in tokens]
    if _OF_A_REQUEST.isdisjoint(parts):
        is_timed = reader.TIME in parts
        return [
            reader.WANTED if is_timed and is_strange else part for part, is_strange in zip(parts, strange, strict=True)
        ]
    found, small = list(parts), small_words()
    strange = [one or _is_strange_sign(tokens, at) for at, one in enumerate(strange)]
    for order in (range(len(found)), reversed(range(len(found)))):
        is_beside = False
        for at in order:
            if found[at] in _OF_A_REQUEST:
                is_beside = True
            elif is_beside and strange[at]:
                found[at] = reader.WANTED
            elif tokens[at].mark not in small:
                is_beside = False
    return found


# what introduces a subject at the beginning of a request: all that follows belongs to it
_INTRODUCTION = re.compile(
    r"^(?:(?:please|pls|can you|could you|would you|will you|i want to|i'd like to|also|and|hi|hey|hello)[ ,]+)*"
    r"(?:subscribe(?: me)? to|follow|keep (?:an|your) eye on|keep (?:me|us) (?:posted|updated|informed) (?:on|about)|(?:notify|alert|ping|inform|tell) (?:me|us) (?:about|of|on)"
    r"|(?:(?:i want|i need|i'd like|we want|we need|send|show|give|find|get|me|us|looking for|are there|is there|any|some|all|more|the|new|latest|recent)[ ,]+)*"
    r"(?:papers?|articles?|preprints?|everything|anything) (?:about|on|regarding|concerning))\s+"
    r"(?:(?:the|any|all|some|more|new|latest|recent|newest|papers?|articles?|preprints?|research|work|everything|anything|stuff|news|updates|changes|about|on|in|of) )*"
    r"|^(?:请|帮我|麻烦|我要|我想)*(?:订阅|关注|追踪|跟踪)(?:关于|有关)?"
)
_REPEATED = re.compile(r"(?:every|each)\b")
_AFTER_A_TIME = re.compile(r"\b(?:papers?|articles?|preprints?|updates?|digests?|news|mails?)\b|论文|文章|文献|的")


def is_introduced(text: str) -> bool:
    """Returns whether a text begins with words that can only introduce a subject: "papers about", "subscribe to"."""
    return bool(_INTRODUCTION.match(reader.folded(text)))


def _from_introduction(said: str, tokens: Sequence[Token], parts: Sequence[str]) -> tuple[tuple[Token, ...], list[str]]:
    """Returns tokens and parts, in which the subject begins where its introduction ends: "papers on night shifts".

    A time there belongs to it, as in "follow the Friday effect", unless the papers shall come then: "subscribe to weekly
    papers on kelp".
    """
    found, read, plain = list(parts), list(tokens), reader.folded(said)
    introduction = _INTRODUCTION.match(plain)
    start = introduction.end() if introduction else len(said)
    first = next((at for at, one in enumerate(read) if one.end > start), len(read))
    if first < len(read) and read[first].start < start:  # "on daily" in "papers on daily steps"
        read[first] = Token(start, read[first].end, reader.WHEN, said[start : read[first].end])
    end = first
    while end < len(read) and _may_begin_a_subject(read[end], found[end]):
        end += 1
    is_beside = end < len(read) and found[end] == reader.WANTED
    is_timed = reader.TIME in found[first:end]
    is_all = end == len(read) and end - first > is_timed
    is_apart = is_timed and (bool(_AFTER_A_TIME.search(plain, start)) or _is_spaced_han(read[first : end + 1]))
    if is_apart or not (is_beside or is_all):
        return tuple(tokens), found
    found[first:end] = [reader.WANTED] * (end - first)
    return tuple(read), found


def _may_begin_a_subject(token: Token, part: str) -> bool:
    if part == reader.TIME or token.mark == reader.WHEN:
        return token.words.replace(" ", "").isalpha() and not _REPEATED.match(reader.folded(token.words))
    is_word = token.mark[:1].isalnum() or token.mark in (reader.LONG, reader.DATE, reader.PLACE)
    return part == reader.NO_PART and is_word and token.mark not in small_words()


def _is_spaced_han(tokens: Sequence[Token]) -> bool:
    """Returns whether Chinese words stand apart, as a time and a subject do: 每天 扩散."""
    return any(one.end < then.start and not one.words.isascii() for one, then in pairwise(tokens))


def _without_manner(said: str, tokens: Sequence[Token], parts: Sequence[str]) -> list[str]:
    """Returns the parts without subjects that only say how papers shall come, if there is another subject.

    我是做水凝胶的，有新论文可以自动发给我吗 is about 水凝胶, and 自动 is about the bot; but 自动微分 is a subject.
    """
    runs = [(part, [*group]) for part, group in groupby(range(len(parts)), key=parts.__getitem__)]
    wanted = [run for part, run in runs if part == reader.WANTED]
    texts = [reader.folded(said[tokens[run[0]].start : tokens[run[-1]].end]) for run in wanted]
    manner = [run for run, text in zip(wanted, texts, strict=True) if text in _words_of_manner() or is_crumb(text)]
    found = list(parts)
    for run in manner if len(manner) < len(wanted) else ():
        found[run[0] : run[-1] + 1] = [reader.NO_PART] * len(run)
    return found


def _is_strange_sign(tokens: Sequence[Token], at: int) -> bool:
    """Returns whether a token is a Chinese character that no example has beside its neighbours, except in a subject."""
    mark, pairs = tokens[at].mark, reader.pairs_of(tokens[max(at - 1, 0) : at + 2])
    return reader.is_han(mark) and reader.learned().known.words.isdisjoint([mark, *pairs])


def _is_of_a_query(token: Token) -> bool:
    """Returns whether a token can only belong to a query: a category, a quotation, or a word that no example has."""
    if token.mark in (reader.CATEGORY, reader.QUOTED):
        return True
    is_word = token.mark.isascii() and token.mark[:1].isalpha()
    return is_word and not {token.mark, token.mark.replace("-", "")} & (reader.learned().known.words | small_words())


def _introduction(said: str, tokens: Sequence[Token], parts: Sequence[str]) -> int:
    """Returns the number of tokens in clauses that only introduce the person, before the request; 0 if there are none."""
    ends = [*(at for at, one in enumerate(tokens) if one.mark in _ENDS_OF_CLAUSE), len(tokens)]
    starts = [0, *(end + 1 for end in ends)]
    clauses = [(start, end) for start, end in zip(starts, ends, strict=False) if reader.WANTED in parts[start:end]]
    texts = [reader.folded(said[tokens[start].start : tokens[end - 1].end]) for start, end in clauses]
    asks = next((at for at, text in enumerate(texts) if _REQUEST.search(text)), 0)
    # the whole clause is a subject: 黑洞，白洞的论文
    is_whole = any(reader.NO_PART not in parts[start:end] for start, end in clauses[:asks])
    if (
        is_whole
        or not asks
        or said.isascii()
        or _LINKED.search(reader.folded(said[: tokens[clauses[asks][1] - 1].end]))
    ):
        return 0
    return clauses[asks][0]


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
    single = [token.words.strip(" ,，.。") for one in pieces for token in one.tokens if token.mark == reader.WHEN]
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
        return "now" if any(word in reader.folded(said) for word in words_for_now()) else ""
    parts = [text.strip() for one in times for text in re.split("[,，、]", one)]
    return next(filter(is_time, [together, " ".join(single), *times]), next(filter(is_available, parts), ""))


def is_available(when: str) -> bool:
    """Returns whether a typed time is one at which papers can be delivered."""
    try:
        read_when(when)
    except Refused:
        return False
    return True


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
        pieces, _items(pieces, reader.WANTED) or (_items(pieces, reader.NAMED) if intent == "widen" else [])
    )
    if _TOGETHER.search(reader.folded(said)) and not _EITHER.search(reader.folded(said)):
        words = [" ".join(words)] if words else []
    groups = [" OR ".join(one) for one in (authors, categories, words) if one]
    unwanted = [f"-{one}" for one in unwanted_in(said, intent)]
    several = len(groups) > 1 or unwanted
    return (
        " ".join([*(f"({one})" if several and " OR " in one else one for one in groups), *unwanted]) if groups else ""
    )


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


def unwanted_in(said: str, intent: str) -> list[str]:
    """Returns what papers must not have, as terms of a query."""
    pieces = pieces_of(said, intent)
    items = (_ABOUT.sub("", one) for one in _items(pieces, reader.UNWANTED, with_categories=True))
    terms = [_KINDS_OF_PAPERS.get(one.casefold(), one) for one in items]
    if intent == "exclude":
        terms += [author_rule(name) for name in _items(pieces, reader.AUTHOR)]
        terms = terms or _items(pieces, reader.WANTED, with_categories=True) or _items(pieces, reader.NAMED)
    quoted = [f'"{one}"' if " " in one and not set('":()') & set(one) else one for one in terms]
    return quoted if any(one.part == reader.WANTED for one in pieces) else _in_field(pieces, quoted)


def _around(pieces: Sequence[Piece]) -> str:
    """Returns the words that belong to no part, folded."""
    return reader.folded(" ".join(one.text for one in pieces if not one.part))


def _in_field(pieces: Sequence[Piece], items: list[str]) -> list[str]:
    """Returns the items, restricted to the field that other words name, as "in the title" does."""
    around = _around(pieces)
    field = next((name for name, words in _IN_FIELDS.items() if words.search(around)), "")
    return (
        [f"{field}:{one}" if one.startswith('"') or " " not in one else f'{field}:"{one}"' for one in items]
        if field
        else items
    )


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
    return [one for one in (_EDGES.sub("", item) for item in items) if not is_crumb(one)]
