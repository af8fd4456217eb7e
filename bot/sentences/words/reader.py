"""Reads a sentence up to a length: splits it into tokens, finds its likely intents, and the part to which each word belongs.

Quotations, papers, categories, numbers, times and places are found by rules, and each is one token. Everything else is
learned from examples.

The examples are the files of `examples/`, one for each intent and language. `python -m locales.weights` (make weights)
learns weights from them: how much a feature of a sentence speaks for an intent, and a feature of a word for a part.
Sentences in these files mark their parts: `{x}` is a wanted subject, `{not}` an unwanted one, `{name}` an author,
`{label}` a new name, `{that}` words for a subscription, `{when}` a time; `{n}`, `{id}` and `{place}` are numbers,
papers and places. `examples/*/parts/` has the words that replace these marks.
"""

import json
import re
import sqlite3
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import cache, lru_cache
from itertools import pairwise
from math import exp
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from bot.sentences.words.word_lists import small_words
from subscriptions.categories import is_category
from subscriptions.planning.pauses import SPAN
from subscriptions.planning.times import time_at
from subscriptions.planning.times.reading import hours_of
from subscriptions.query.links_in_text import mentioned
from subscriptions.texts import folding
from subscriptions.zones import zone_of_place

LONGEST, MOST_TOKENS = 400, 90  # characters and tokens of a sentence; a longer text is a query
WHEN, PLACE, NUMBER, PAPER, CATEGORY, QUOTED = "@when", "@place", "@number", "@paper", "@category", "@quoted"
LONG, DATE = "@long", "@date"  # a length of time, a date
# "search and rescue", "24/7" and "5-minute" are one word, though their parts look like an order, a number or a time. More
# is learned from their parts, so that learning reads them apart.
_PAIRS = "|".join(map(re.escape, (Path(__file__).parent / "pairs.txt").read_text("utf-8").splitlines()))
_QUOTED = r"""(?P<quoted>["“”„«「『][^"“”„«»「」『』]+["“”»」』]|(?<!\w)'[^'\n]+'(?!\w))"""
_WHOLE = rf"|(?P<whole>(?<![\w-])(?:{_PAIRS})(?![\w-])|(?<![\w.:/-])\d{{1,4}}(?:-(?!days?|weeks?|months?)[a-z]{{3,}}|/\d{{1,2}}(?= [a-z]))(?![\w-]))"
_SINGLE = (
    r"|(?P<paper>(?:https?://|www\.|(?:[a-z]+\.)+(?:org|com?)/)[^\s，。；、）\u4e00-\u9fff]+|(?:arxiv:\s*)?\d{4}\.\d{4,5}(?:v\d+)?|10\.\d{4,9}/[^\s，。]+)"
    r"|(?P<category>#?[a-z]+(?:-[a-z]+)?\.(?:[a-z]{2}|[a-z]+-[a-z]+|\*)(?![a-z0-9_.])|physics\.[a-z]+(?:-[a-z]+)?(?![a-z0-9_.])|(?:hep|astro|cond|quant|nucl|math)-[a-z]{2,3}(?![a-z0-9_]))"
    r"|(?P<ordinal>第\s*(?:\d{1,3}|[一二三四五六七八九])\s*(?:个订阅|条订阅|[个条号])?|订阅\s?\d{1,3}(?!\d)|#\d{1,3}(?!\w)|(?<![\w.])\d{1,3}号(?!\w)|[一二三四五六七八九]号(?=订阅|[那这的]|\W|$)|(?<![\w.])\d(?:st|nd|rd|th)(?![\w-])|(?<![a-z])(?:two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty)(?= (?:papers|articles|preprints|results|entries|items|titles|hits|max|tops|at (?:most|a time|once))(?![a-z]))|[一二两三四五六七八九十]{1,3}(?=篇)|(?<=[到为成在过是])[二三四五六七八九]?十[一二三四五六七八九]?(?=$|\W|[吧呗啦好就])|(?:(?<=number )|(?<=subscription )|(?<=alert )|(?<=topic )|(?<=feed ))(?:one|two|three|four|five|six)(?![a-z]))"
    r"|(?P<number>(?<![a-z0-9.:])\d{1,3}(?![a-z0-9_%]|[:.]\d))"
    r"|(?P<word>[^\W\d_\u4e00-\u9fff][^\W_\u4e00-\u9fff]*(?:['-][^\W_\u4e00-\u9fff]+)*\+*|\d[^\W_\u4e00-\u9fff]*(?:[:.]\d+)?)"
    r"|(?P<sign>[,;:.!?|/&+、()-])"
    r"|(?P<other>[^\s])"
)
_FIRST = "|(?P<first>头一[个条])"  # a number, though its signs are learned apart
_TOKEN = re.compile(_QUOTED + _WHOLE + _FIRST + _SINGLE, re.IGNORECASE)
_TOKEN_APART = re.compile(_QUOTED + _SINGLE, re.IGNORECASE)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_AROUND_A_PLACE = frozenset("在住到去来人时搬刚按用区是")
_SAME = {"plz": "please", "pls": "please", "wats": "whats", "smth": "something", "u": "you"}
# Words that could be read as times, but are kept as words, since the words tell more about the intent.
WORDS_FIRST = frozenset(
    {"now", "today", "tonight", "tomorrow", "morning", "afternoon", "evening", "night", "noon", "midnight", "weekend"}
    | {"weekends", "at night", "immediately", "instantly", "asap", "at once", "sat", "sun", "mon", "fri"}
    | {"今天", "今晚", "明天", "后天", "早上", "上午", "中午", "下午", "晚上", "早", "晚", "周末", "半夜", "夜里", "现在", "马上", "立即"}
)  # fmt: skip
# "weekly" tells when papers come, unless a noun follows to which it belongs, and which is none of these
_ADJECTIVES = frozenset({"daily", "weekly", "nightly", "hourly", "monthly"})
_DELIVERED = frozenset(
    {"paper", "papers", "article", "articles", "preprint", "preprints", "digest", "digests", "mail", "mails", "email"}
    | {"emails", "message", "messages", "update", "updates", "alert", "alerts", "notification", "notifications", "news"}
    | {"delivery", "deliveries", "summary", "summaries", "ones", "one", "post", "posts", "ping", "pings", "stuff"}
    | {"morning", "mornings", "evening", "evenings", "again", "instead", "anymore", "any", "now", "except", "unless"}
)
_RHYTHMS = frozenset(
    {"schedule", "schedules", "basis", "rhythm", "cadence", "frequency", "mode", "interval", "report", "reports"}
    | {"batch"}
    | {"batches", "bundle", "bundles", "roundup", "roundups", "newsletter", "newsletters", "overview", "overviews"} | {"edition", "editions", "issue", "issues", "send", "sending", "starting", "from", "until", "rather", "only"}
)  # fmt: skip
_EXCLUDED = re.compile(r"\b(?:no|not|without|stop|exclud(?:e|ing)|except|skip|hide|leave|omit|drop|remove|\w+n'?t)\b")
_REPLACED = re.compile(
    r"\b(?:switch|change|replace|swap|exchange|turn|edit|add|include)\b.*\b(?:to|with|into|for|by)\s*$"
)
_NO_PLACES = frozenset(
    {"nice", "wake", "reading", "bath", "mobile", "split", "male", "met", "wet"}
    | {"of", "same", "this", "hello", "in", "at", "the"}
)
_NEAR_A_NUMBER = re.compile(
    r"(?:from|by|in|on|about|before|after|to) \d{1,2}(?:(?:,| and|, and| &) \d{1,2})*|about \D.*"
)  # "unsubscribe from 2"
_PLACE_WORDS, _PLACE_SIGNS = 3, 5


folded = folding.folded  # as the reader sees a text


class Token(NamedTuple):
    """A part of a text."""

    start: int
    end: int
    mark: str  # the folded word; or what a rule found: "@when", "@number", …
    words: str = ""  # the text as it was typed


@lru_cache(maxsize=512)
def tokens_of(text: str, *, apart: bool = False) -> tuple[Token, ...]:
    """Returns the tokens of a sentence; if `apart`, several for "search and rescue", otherwise one."""
    plain = folded(text)
    token = _TOKEN_APART if apart else _TOKEN
    single = [Token(found.start(), found.end(), _mark(found)) for found in token.finditer(plain)]
    return tuple(one._replace(words=text[one.start : one.end]) for one in _joined(plain, single))


def _mark(found: re.Match[str]) -> str:
    kind, words = str(found.lastgroup), found[0]
    if kind == "paper":
        return PAPER if mentioned(words) else words
    if kind == "category":
        return CATEGORY if is_category(words.removeprefix("#")) or words.endswith("*") else words
    return {"quoted": QUOTED, "whole": QUOTED, "ordinal": NUMBER, "first": NUMBER, "number": NUMBER}.get(
        kind, _SAME.get(words, words.replace("'", ""))
    )


def _joined(plain: str, single: list[Token]) -> Iterator[Token]:
    """Yields the tokens; those that form a time or a place together are joined into one."""
    at = 0
    while at < len(single):
        first = single[at]
        if first.mark == QUOTED:
            yield first
            at += 1
            continue
        end = time_at(plain, first.start)
        said = plain[first.start : end].strip()
        if end and said in _ADJECTIVES and (noun := _noun_after(plain, single, at)):
            yield Token(first.start, noun.end, QUOTED)
            at += 2
            continue
        mark = WHEN if end and said not in WORDS_FIRST and not _NEAR_A_NUMBER.fullmatch(said) else ""
        if not mark and (span := SPAN.match(plain, first.start)):
            end, mark = span.end(), LONG if span["long"] else DATE
        elif not mark:
            end, mark = _place_at(plain, single, at), PLACE
        count = sum(first.start <= one.start < end for one in single[at : at + 30])
        if count:
            yield Token(first.start, max(end, single[at + count - 1].end) if mark == PLACE else end, mark)
            at += count
        else:
            yield first
            at += 1


def _noun_after(plain: str, single: list[Token], at: int) -> Token | None:
    """Returns the noun to which "weekly" belongs where no time can be meant: "no weekly reports", "to daily rainfall"; else None."""
    then, after = single[at + 1 : at + 2], single[at + 2 : at + 3]
    if not then or not then[0].mark.isalpha() or then[0].mark in _DELIVERED | small_words():
        return None
    before = re.split(r"[,;:.!?]", plain[: single[at].start])[-1]
    is_last = not after or not after[0].mark.isalnum() or after[0].mark in small_words()
    is_new = _REPLACED.search(before) and then[0].mark not in _RHYTHMS
    return then[0] if is_last and (is_new or _EXCLUDED.search(before)) else None


def _place_at(plain: str, single: list[Token], at: int) -> int:
    """Returns the end of the name of a place that begins at this token; 0 if no name begins there."""
    first = single[at]
    if first.mark.startswith("@") or first.mark in _NO_PLACES or (len(first.mark) == 1 and not _HAN.match(first.mark)):
        return 0
    if _HAN.match(first.mark):
        if _AROUND_A_PLACE.isdisjoint(plain) or first.mark in "在按":
            return 0
        ends = [first.start + size for size in range(_PLACE_SIGNS, 1, -1)]
    else:
        ends = [one.end for one in reversed(single[at : at + _PLACE_WORDS])]
    return next((end for end in ends if end <= len(plain) and _is_place(plain[first.start : end].strip())), 0)


@lru_cache(maxsize=4096)
def _is_place(name: str) -> bool:
    return bool(zone_of_place(name))


# ----------------------------------------------------------------------------------------------------- intent and parts


# a sentence reads only the weights that it needs, in 1 ms; to load the whole file would take half a second
WEIGHTS = Path(__file__).parent / "weights.sqlite"
INTENT_UNIT, PART_UNIT = 20, 5  # a stored weight of 1 is the 20th part of an intent's weight, the 5th of a part's
_SELECT = "SELECT feature, weights FROM {} WHERE feature IN (SELECT value FROM json_each(?))"
QUERY = "query"  # the intent of a text that is a query and not a sentence
ASKING = ("ask", "sub", "search", "today")  # the intents of sentences that ask for papers
NO_COMMANDS = frozenset(
    {"connect", "help-connect", "stats", "set-order-newest", "set-order-score", "set-sound-first", "set-sound-off"}
)  # intents of the examples that mean no command
HOURS = "@hours"  # a time that is a range of hours
OTHER = "@x"  # any word that is not in `Known.words`
PARTS = NO_PART, WANTED, UNWANTED, AUTHOR, LABEL, NAMED, TIME, DENIAL = (
    "",
    "x",
    "not",
    "name",
    "label",
    "that",
    "when",
    "no",
)


ENDS = frozenset(".!?,;~")  # punctuation at the end of a sentence
_EDGES = ("^^", "^", "$", "$$")


class Score(NamedTuple):
    """An intent and its probability, from 0 to 1."""

    intent: str
    sure: float


class Known(NamedTuple):
    """The words of the examples. For Chinese, two neighbouring characters count as a word."""

    words: frozenset[str]  # words that are more frequent outside of the subjects of sentences than within them
    topics: frozenset[str]  # words of at least two subjects
    names: frozenset[str]  # words of at least two names of authors


class Learned(NamedTuple):
    """Everything that was learned, except the weights of features."""

    known: Known
    asking: frozenset[str]  # words outside of the subjects of sentences that ask for papers
    intents: tuple[str, ...]
    steps: Sequence[Sequence[int]]  # steps[part][next part] is a weight; the last row is for the first word


@cache
def learned() -> Learned:
    """Returns everything that was learned, except the weights of features. Reads it at the first call."""
    with closing(_file()) as file:
        read = {name: json.loads(value) for name, value in file.execute("SELECT name, value FROM learned")}
    known = Known(*(frozenset(read[name]) for name in Known._fields))
    return Learned(known, frozenset(read["asking"]), tuple(read["intents"]), read["steps"])


def _file() -> sqlite3.Connection:
    return sqlite3.connect(f"{WEIGHTS.as_uri()}?mode=ro&immutable=1", uri=True)


def weights_of(kind: str, found: Iterable[str]) -> Mapping[str, Sequence[int]]:
    """Returns the weights of the found features; features without weights are left out.

    For the kind `intent`: index of an intent, its weight, index of the next one, and so on. For `part`: the weight of
    each part. For a question of `kinds`: the weight of each kind but the first.
    """
    numbers = {number_of(feature): feature for feature in found}
    with closing(_file()) as file:
        rows = file.execute(_SELECT.format(kind), (json.dumps([*numbers]),)).fetchall()
    return {numbers[number]: struct.unpack(f"{len(blob)}b", blob) for number, blob in rows}


def number_of(feature: str) -> int:
    """Returns the number under which the file has a feature: its CRC-32.

    Of 100,000 numbers among 4 billion, hardly one is by chance that of another feature.
    """
    return crc32(feature.encode("utf-8", "surrogatepass"))


def packed(weights: Sequence[int]) -> bytes:
    """Returns weights in the binary form in which the file stores them; those beyond one byte are cut."""
    return struct.pack(f"{len(weights)}b", *(max(-128, min(127, one)) for one in weights))


def scores(tokens: Sequence[Token]) -> list[Score]:
    """Returns all intents with their probabilities for a sentence, the likeliest first."""
    intents = learned().intents
    sums = [0] * len(intents)
    for weights in weights_of("intent", {"", *features(tokens, learned().known)}).values():
        for intent, weight in zip(weights[::2], weights[1::2], strict=True):
            sums[intent] += weight
    powers = {intent: exp(sums[at] / INTENT_UNIT) for at, intent in enumerate(intents) if intent not in NO_COMMANDS}
    whole = sum(powers.values())
    return sorted((Score(intent, power / whole) for intent, power in powers.items()), key=lambda one: -one.sure)


def features(tokens: Sequence[Token], known: Known) -> Iterator[str]:
    """Yields the features of a sentence: its words, pairs of neighbouring words, and four-letter pieces of words.

    Words that are topics have no pieces.
    """
    marks = ["^"]
    while tokens and tokens[-1].mark in ENDS:
        tokens = tokens[:-1]
    for token in tokens:
        mark = token.mark if token.mark in known.words or token.mark.startswith("@") else token.mark.replace("-", "")
        mark = HOURS if mark == WHEN and hours_of(token.words) else mark
        mark = mark if mark in known.words or mark.startswith("@") else OTHER
        if mark != OTHER or marks[-1] != OTHER:
            marks.append(mark)
    marks.append("$")
    for size in (1, 2):
        for at in range(len(marks) - size + 1):
            yield " ".join(marks[at : at + size])
    for token in tokens:
        if token.mark.isascii() and token.mark.isalpha() and token.mark not in known.topics:
            word = f"<{token.mark}>"
            for at in range(len(word) - 3):
                yield word[at : at + 4]


def parts_of(tokens: Sequence[Token], intent: str) -> list[str]:
    """Returns for each word the part of the sentence to which it belongs: the likeliest sequence of parts (Viterbi)."""
    known, all_steps = learned().known, learned().steps
    none = (0,) * len(PARTS)
    best, came_from = [0.0] * len(PARTS), []
    words = list(word_features(tokens, intent, known))
    weights = weights_of("part", {feature for word in words for feature in word})
    for at, found in enumerate(words):
        here = [sum(column) for column in zip(none, *filter(None, map(weights.get, found)), strict=True)]
        steps = all_steps if at else [all_steps[-1]]
        rows = [
            [before + weight for before, weight in zip(best, column, strict=False)]
            for column in zip(*steps, strict=True)
        ]
        came_from.append([row.index(max(row)) for row in rows])
        best = [max(row) + weight for row, weight in zip(rows, here, strict=True)]
    last = best.index(max(best))
    parts = []
    for row in reversed(came_from):
        parts.append(NO_PART if PARTS[last] == DENIAL else PARTS[last])
        last = row[last]
    return parts[::-1]


def word_features(tokens: Sequence[Token], intent: str, known: Known) -> Iterator[list[str]]:
    """Yields the features of each word: the word, its neighbours, how it is written, and the intent of the sentence."""
    intent = ASKING[0] if intent in ASKING else intent
    marks = [*_EDGES[:2], *(token.mark for token in tokens), *_EDGES[2:]]
    looks = [*_EDGES[:2], *(_look(tokens, at, known) for at in range(len(tokens))), *_EDGES[2:]]
    for at in range(2, len(marks) - 2):
        two, one, word, then, after = marks[at - 2 : at + 3]
        seen = looks[at - 2 : at + 3]
        yield [
            f"0{word}", f"-{one}", f"+{then}", f"={two}", f"#{after}", f"i{intent}",
            f"a{one} {word}", f"b{word} {then}", f"c{two} {one}", f"d{then} {after}", f"e{one} {word} {then}",
            f"f{two} {one} {word}", f"g{word} {then} {after}", f"h{one} {then}",
            f"j{intent} {word}", f"k{intent} {one}", f"l{intent} {then}",
            f"s{' '.join(seen[1:4])}", f"t{seen[2]}", f"u{' '.join(seen)}", f"v{one} {seen[2]}", f"w{seen[2]} {then}",
            f"<{word[:3]}", f">{word[-3:]}",
        ]  # fmt: skip


def _look(tokens: Sequence[Token], at: int, known: Known) -> str:
    """Returns how a word looks: which sets of `known` contain it, and its capitals.

    For a Chinese character: which sets contain a pair of it and its neighbour.
    """
    token = tokens[at]
    mark = token.mark
    if mark.startswith("@") or not mark[:1].isalpha():
        return mark
    if not is_han(mark):
        among = "".join(f"{mark in words:d}" for words in known)
        return f"{among}{token.words[:1].isupper():d}{token.words.isupper():d}{mark.isascii():d}"
    before, after = (pairs_of(tokens[max(one, 0) : one + 2]) for one in (at - 1, at))
    pairs = "".join(f"{not words.isdisjoint(pair):d}" for words in known[:2] for pair in (before, after))
    return f"{pairs}{mark in known.names:d}"


def is_han(mark: str) -> bool:
    """Returns whether a token is a Chinese character."""
    return len(mark) == 1 and "\u4e00" <= mark <= "\u9fff"


def is_pair(word: str) -> bool:
    """Returns whether a word is two Chinese characters."""
    return is_han(word[:1]) and is_han(word[1:])


def pairs_of(tokens: Sequence[Token]) -> list[str]:
    """Returns all pairs of neighbouring Chinese characters."""
    pairs = pairwise(tokens)
    return [one.mark + two.mark for one, two in pairs if is_han(one.mark) and is_han(two.mark) and one.end == two.start]
