"""Extracts the query from a sentence: "I want papers on X, but no Y" is `X -Y`, 我想看关于X的论文，不要Y is `X -Y`. Pure.

A sentence is a frame around a subject. The frame is made of words that stand side by side in the examples that ask for
papers; the subject is the longest part that is not. Categories, authors and quotations belong to the subject wherever they
stand. In the subject "and", "or", 和 and 或者 are OR, and words without meaning of their own are left out.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path

from bot.commands.words.marks import CATEGORY, LONGEST, MOST_TOKENS, WHEN, Token, folded, tokens_of
from bot.commands.words.scorer import ASKING, OTHER, scores, weights
from subscriptions.planning.times import is_time, split_when
from subscriptions.query import author_rule
from subscriptions.query.fields import FIELDS

_THANKS = re.compile(
    r"(?:[\s,，。.!！]+(?:please|pls|plz|thanks|thank\s+you|thx)|[\s,，。!！]*(?:谢谢[你您]?|謝謝[你您]?|多谢|感谢))[.!。！]*$",
    re.IGNORECASE,
)
_OFTEN = re.compile(r"(每[天日周月])((?:[给給帮幫]我)?(?:发|發|推送?|推荐)(?:[给給]我)?)([两兩二三四五六几幾\d]次)")
_MARK = "\0"  # stands for what was taken out
_NOT = re.compile(
    r"(?:[\s,;.]+(?:(?:but|and|though|just)[\s,]+)?(?:please\s+)?(?:(?:not|no|nothing|none)(?:\s+(?:about|on|the|any))*|without|excluding|except(?:\s+for)?|other\s+than|apart\s+from|besides|minus)\s+(?:the\s+|any\s+|those\s+|anything\s+)?(?:(?:ones|papers)?\s*(?:about|on)\s+)?"
    r"|[,;.]\s*(?:but\s+)?(?:i\s+)?(?:don't|do\s+not)\s+(?:want|need|send|include)\s+(?:me\s+)?(?:the\s+|any\s+)?|\s+(?:that|which)\s+(?:are\s+not|aren't)\s+(?:about\s+)?)(?=[\w\"'(])"
    r"|[,;.\s]*(?:但是?|不过|可是|而且|并且?)?[,\s]*请?(?:不想要|不想看|不需要|不要|不看|不包括|不包含|不含|不是|别(?:给我)?(?:发|推送?|带|要)|排除|去掉|除去|除了|除(?=.{1,20}外))\s*"
)
_NOT_FIRST = re.compile(
    r"^除了?(?P<not>.{1,20}?)(?:(?:以外|之外|外)的?,?|,)\s*(?=\S)|(?<=看|要)除了?(?P<too>.{1,20}?)(?:以外|之外|外)的?"
)
_EACH = re.compile(
    r"\s*(?:[,;、]\s*(?:(?:and|or|nor|not|no)\s+)*|\b(?:or|and|nor)\s+(?:(?:not|no)\s+)?|\+|以及|或者|和|与|或|及)\s*",
    re.IGNORECASE,
)
_BY = re.compile(
    r"(?:\b(?:by|author|professor|prof|dr|mr|ms|mrs)\b\.?\s+|作者(?:是|为)?\s*)+(?P<name>[a-zA-Z\u00c0-\u024f][\w.'-]*)",
    re.IGNORECASE,
)
_CALLED = re.compile(r"[A-Z][\w'-]*\.?(?:[ -](?:[A-Z][\w'-]*\.?|de|van|von|der|den|la|di|le|da|bin|al))*")
_FULL_NAME = re.compile(
    r"[A-Z][a-z'-]+(?: [A-Z]\.)?(?: (?:de|van|von|der|den|la|di|le|da))*(?: [A-Z][a-z'-]*[A-Z]?[a-z'-]+)+"
)
_BEFORE_A_NAME = re.compile(
    r"\b(?:follow(?:ing)?|track|from|of|does|has|when|everything|whatever|subscribe to)\s+$|(?:关注|追踪|追|跟踪|follow|盯|订阅)(?:一下|下)?\s*$",
    re.IGNORECASE,
)
_AFTER_A_NAME = re.compile(r"\s*(?:写|老师|教授|发表|的(?:论文|文章))")
_HAN_NAME = re.compile(
    r"(?:作者(?:是|为)?\s*(?P<author>[^\s的,]{2,6}))|(?:^|[注踪盯追看下阅])(?P<name>[赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕张孔曹严华金魏陶姜谢邹章苏潘葛范彭郎鲁韦马方任袁柳史唐薛雷贺倪汤罗郝安常傅齐康余顾孟黄萧尹姚邵汪毛戴宋庞熊纪舒屈项祝董梁杜阮蓝贾江郭林徐邱骆高夏蔡田胡凌霍万卢莫房丁邓洪石崔龚程邢裴陆翁段侯全班秋伊宁甘武刘景龙叶黎白蒲卓池谭申欧何恺侯][\u4e00-\u9fff]{1,2})(?=老师|教授|写|发表|的(?:论文|文章|paper)|发了|最近|组的|有新|$|[,和或]|$)"
)
_AND = re.compile(r"\s*(?:,|、|和|与|或者?|\band\b|\bor\b|&)\s*(?:and\s+|or\s+)?", re.IGNORECASE)
_IN_TITLES = re.compile(r"\btitles?\b|标题|题目")
_KINDS_OF_PAPERS = {"surveys": "survey", "reviews": "review", "tutorials": "tutorial", "benchmarks": "benchmark"}
_BEFORE = frozenset(
    {"on", "about", "in", "of", "to", "for", "with", "于", "阅", "@x"}
)  # a subject that is a word of frames, too
ASKED = 0.45  # how likely a sentence asks for papers
_A_FEW_SIGNS = 2  # Chinese characters that may be words of the frame; more are a subject
_TODAY = frozenset({"today", "tomorrow", "今天"})
_LINKS = frozenset({",", ";", "、", "和", "与", "或", "及", "and", "or", "&", "+", "|", "/"})
_OPERATORS = frozenset({"AND", "OR", "NOT", "ANDNOT"})
_FIELDS = "|".join(sorted(map(re.escape, FIELDS.by_name), key=len, reverse=True))
_ONLY_A_QUERY = re.compile(
    rf"(?:^|[\s(-])(?:{_FIELDS}):|(?:^|\s)-[^\W\d_]|(?:^|\s)[或且](?:\s|$)|^(?!.*(?:我|想|论文)).*,\s*不含\S+$"
)
_A_QUERY = re.compile(r"[:()|*=]|(?:^|\s)-\w|\b(?:OR|AND|NOT)\b")


@cache
def small_words() -> frozenset[str]:
    """Returns the words that papers need not contain."""
    folder = Path(__file__).parent / "examples"
    return frozenset(word for path in folder.glob("*/small_words.txt") for word in path.read_text("utf-8").split())


# Words but the operators of the grammar: where a sentence has no others around its query, it is the query itself.
_WORDS = re.compile(r"(?!(?:AND|OR|NOT|且|或|不含)(?!\w))(?!(?<=[,，] )not(?!\w))(?<!\w)\w+")


def query_in(text: str) -> str:
    """Returns the query that a sentence asks for, followed by the time that it names; the text itself if it is no sentence."""
    said = " ".join(text.split())
    if not said or len(said) > LONGEST:
        return text
    tokens = tokens_of(said)
    categories = sum(one.mark == CATEGORY for one in tokens)
    if len(tokens) > MOST_TOKENS or _ONLY_A_QUERY.search(folded(said)):
        return text
    framed = (
        categories
        and not _A_QUERY.search(said)
        and len(tokens) > categories
        and all(one.mark in (CATEGORY, *weights().words) for one in tokens)
    )
    if framed or sum(one.sure for one in scores(tokens) if one.intent in ASKING) >= ASKED:
        found = subject_of(said)
        return found if found and _WORDS.findall(found) != _WORDS.findall(said) else text
    return text


def subject_of(said: str, intent: str = ASKING[0]) -> str:
    """Returns the query that a sentence asks for, followed by the time that it names; "" if it has no subject."""
    body, when = _time_parted(_OFTEN.sub(r"\1\3\2", _THANKS.sub("", said)))
    query = _query(body, intent) or (_query(said, intent) if when else "")
    return " ".join(filter(None, (query, when))) if query else ""


def _time_parted(said: str) -> tuple[str, str]:
    """Returns (the sentence without the time at its end, or at its front, that time)."""
    ending = split_when(said)
    body, when = (ending.query, ending.when) if ending.when and is_time(ending.when) else (said, "")
    when = "" if when.casefold() in _TODAY else when
    tokens = tokens_of(body)
    for at, token in enumerate(tokens):
        beside = [one.mark for one in (*tokens[max(at - 1, 0) : at], *tokens[at + 1 : at + 2])]
        rest = f"{body[: token.start]} {body[token.end :]}".strip(" ,，")
        before = folded(body[: token.start]).split()[-1:]
        if (
            token.mark != WHEN
            or not rest
            or before in (["on"], ["about"], ["of"], ["in"])
            or not weights().words.issuperset(beside[-1:])
        ):
            continue
        front = token.words.strip(" ,，")
        if not when:
            return rest, front
        if is_time(f"{front} {when}") and scores(tokens_of(rest))[0].intent in ASKING:
            return rest, f"{front} {when}"
    return body, when


# --------------------------------------------------------------------------------------------------------- the subject


def _query(body: str, intent: str) -> str:
    without: list[str] = []
    if first := _NOT_FIRST.search(folded(body)):
        group = "not" if first["not"] else "too"
        without.append(body[slice(*first.span(group))])
        body = body[: first.start()] + body[first.end() :]
    no = next(
        (one for one in _NOT.finditer(folded(body)) if one.start() > 0 and _has_subject(body[: one.start()])), None
    )
    if no:
        without += _EACH.split(body[no.end() :])
        body = body[: no.start()]
    wanted = list(_wanted(body, intent))
    left_out = [term for one in without for term in [_term(_bare(one))] if term]
    if not wanted:
        return ""
    together = wanted[0] if len(wanted) == 1 else " ".join(f"({one})" if " OR " in one else one for one in wanted)
    if left_out and " OR " in together and len(wanted) == 1:
        together = f"({together})"
    return " ".join([together, *(f"-{term}" for term in left_out)])


def _has_subject(body: str) -> bool:
    return not is_frame(tokens_of(body))


def _wanted(body: str, intent: str) -> Iterator[str]:
    """Yields what papers must have, all of it: authors, categories, words."""
    rest, authors = _authors(body)
    tokens = [token._replace(mark=OTHER) if rest[token.start] == _MARK else token for token in tokens_of(rest)]
    if authors:
        yield " OR ".join(authors)
    categories = [token for token in tokens if token.mark == CATEGORY]
    if categories:
        yield " OR ".join(token.words for token in categories)
    taken = [token._replace(mark=OTHER) if token.mark == CATEGORY else token for token in tokens]
    taken = [
        token for at, token in enumerate(taken) if not (token.mark == OTHER and at and taken[at - 1].mark == OTHER)
    ]
    if words := _words(rest, taken, intent, has_more=bool(authors or categories)):
        yield words


def _words(text: str, tokens: Sequence[Token], intent: str, *, has_more: bool) -> str:
    start, end = segment(tokens, intent)
    inside = [token for token in tokens[start:end] if token.mark != OTHER]
    if not inside or (is_frame(inside) and (has_more or not start or tokens[start - 1].mark not in _BEFORE)):
        return ""
    titles = bool(_IN_TITLES.search(folded(f"{text[: inside[0].start]} {text[inside[-1].end :]}")))
    words = text[inside[0].start : inside[-1].end].replace(_MARK, " ")
    if _A_QUERY.search(words):
        return words
    items = [item for one in _items(inside, text) if (item := _item(one))]
    return " OR ".join(_in_titles(item) if titles else item for item in items)


def is_frame(tokens: Sequence[Token]) -> bool:
    """Returns whether words say nothing of a subject."""
    chinese = sum(not one.mark.isascii() for one in tokens)
    return chinese <= _A_FEW_SIGNS and all(one.mark in weights().words for one in tokens)


def _items(inside: Sequence[Token], text: str) -> Iterator[list[Token]]:
    """Yields the tokens of each alternative."""
    item: list[Token] = []
    for token in inside:
        if token.mark in _LINKS and not (token.mark == "与" and text[token.end : token.end + 1] == "或"):
            yield item
            item = []
        else:
            item.append(token)
    yield item


def _item(tokens: Sequence[Token]) -> str:
    """Returns the words of an alternative, without small words."""
    small = small_words()
    kept: list[str] = []
    end = -1
    while tokens and tokens[0].mark in small:
        tokens = tokens[1:]
    while tokens and tokens[-1].mark in small:
        tokens = tokens[:-1]
    for token in tokens:
        if token.mark.isascii() and (token.mark in small or token.mark in ".!?:"):
            continue
        glued = token.start == end and kept
        kept[-1:] = [kept[-1] + token.words] if glued else [*kept[-1:], token.words]
        end = token.end
    return " ".join(kept)


def _in_titles(item: str) -> str:
    return f"ti:{item}" if item.startswith('"') or " " not in item else f'ti:"{item}"'


def segment(tokens: Sequence[Token], intent: str) -> tuple[int, int]:
    """Returns where the subject begins and ends: the part outside which the words are most like those of the examples."""
    learned = weights()
    frames = learned.frames.get(intent, learned.frames[ASKING[0]])
    marks = [token.mark for token in tokens]

    def step(before: str, mark: str) -> float:
        if f"{before} {mark}" in frames:
            return 1.0
        if mark not in learned.words and mark != OTHER:
            return -1.5
        return -1.0 if f"{before} {OTHER}" in frames else -0.3

    def within(mark: str) -> float:
        if mark in ".!?;":
            return -1.5
        return -0.3 if mark in learned.words or mark == OTHER else 1.0

    left = [0.0, *accumulate(step(before, mark) for before, mark in zip(["^", *marks], marks, strict=False))]
    steps = [step(before, mark) for before, mark in zip(["^", *marks], marks, strict=False)]
    right = list(accumulate(reversed(steps), initial=0.0))[::-1]  # right[k]: the steps of the tokens from k on
    inner = [0.0, *accumulate(within(mark) for mark in marks)]
    best, found = float("-inf"), (0, len(marks))
    for start in range(len(marks)):
        into = step(marks[start - 1] if start else "^", OTHER)
        for end in range(start + 1, len(marks) + 1):
            out = step(OTHER, marks[end]) + right[end + 1] if end < len(marks) else step(OTHER, "$")
            score = left[start] + into + inner[end] - inner[start] + out
            if score > best:
                best, found = score, (start, end)
    return found


# -------------------------------------------------------------------------------------------------------- authors, words


def _authors(body: str) -> tuple[str, list[str]]:
    """Returns (the sentence with a mark for each author, the authors as queries)."""
    names: list[tuple[int, int, int]] = []  # where the words before a name begin, where it begins, where it ends
    for found in _BY.finditer(body):
        called = _CALLED.match(body, found.start("name"))
        names.append((found.start(), found.start("name"), called.end() if called else found.end()))
    names += [
        (found.start(), *found.span())
        for found in _FULL_NAME.finditer(body)
        if _BEFORE_A_NAME.search(body[: found.start()]) or _AFTER_A_NAME.match(body[found.end() :])
    ]
    for found in _HAN_NAME.finditer(folded(body)):
        span = found.span("author" if found["author"] else "name")
        names.append((span[0], *span))
    for _, _, end in list(names):
        while (more := _AND.match(body, end)) and (called := _CALLED.match(body, more.end())):
            names.append((more.start(), more.end(), called.end()))
            end = called.end()  # noqa: PLW2901
    marked, authors = body, []
    for lead, start, end in sorted(set(names)):
        name = body[start:end].rstrip(".?!,")
        if _MARK not in marked[start:end]:
            authors.append(author_rule(name) if " " in name else f"author:{name}")
            marked = marked[:lead] + _MARK * (end - lead) + marked[end:]
    return marked, authors


def _bare(piece: str) -> str:
    """Returns what is excluded without the words around it: "those on video", "survey papers", 综述以外的."""
    tokens = list(tokens_of(piece))
    small = small_words()
    while tokens and tokens[0].mark in small:
        tokens.pop(0)
    while tokens and (tokens[-1].mark in small or tokens[-1].mark in ".!?,;"):
        tokens.pop()
    return piece[tokens[0].start : tokens[-1].end] if tokens else ""


def _term(words: str) -> str:
    words = _KINDS_OF_PAPERS.get(words.casefold(), words)
    return f'"{words}"' if " " in words and not set('":()') & set(words) else words
