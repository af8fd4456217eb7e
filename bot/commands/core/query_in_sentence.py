"""Extracts the query from a sentence: "I want papers on X, but no Y" is `X -Y`, 我想看关于X的论文，不要Y is `X -Y`. Pure.

It knows lead-ins ("I want"), words for papers, times and negations, in English and Chinese. A text that has none of them
around its subject is a query already and is returned as it is.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from subscriptions.planning.times import is_time, split_when

LONGEST = 400  # characters of a sentence; a longer text is taken for a query
# More than three signs and blanks in a row are cut to three: the patterns below are slow on long runs.
_MANY_SIGNS = re.compile(r"([\s,，;；。.!！?？、]{3})[\s,，;；。.!！?？、]+")
_WORDS_OF_WHEN, _SIGNS_OF_WHEN = 6, 12  # most English words, or Chinese characters, of a time before a sentence

# Each character is replaced by one character, so that places in the folded text are places in the text as typed.
_TRADITIONAL = "關於論訂閱請幫給對興發麼嗎們尋獻領沒無時預顯薦現題個設銷暫復單謝問點週煩讀進開類訴綜為麻說過轉換語繼續"
_SIMPLIFIED = "关于论订阅请帮给对兴发么吗们寻献领没无时预显荐现题个设销暂复单谢问点周烦读进开类诉综为麻说过转换语继续"
_FOLDED = str.maketrans(_TRADITIONAL + "’‘，；：！？", _SIMPLIFIED + "'',;:!?")


def simplified(text: str) -> str:
    """Returns the text with simplified characters, plain apostrophes and narrow punctuation; each character stays in its place.

    Only the traditional characters that people ask with are known.
    """
    return text.translate(_FOLDED)


# ------------------------------------------------------------------------------------------------------------- English

_KIND = r"(?:all|any|some|the|a|an|few|every|more|other|good|interesting|relevant|new|newest|latest|recent|current|scientific|research|academic|arxiv|of)"
_PAPERS = r"(?:papers?|articles?|preprints?|publications?)"
_THINGS = rf"(?:{_PAPERS}|latest|newest|literature|works?|research|studies|stuff|things?|anything|everything|something|results|advances|developments|news|updates?|digests?|alerts?|newsletters?|notifications?|those|ones)"
_THING = rf"(?:{_KIND}\s+)*{_THINGS}(?:\s+(?:new|recent|else))?"
_ON = (
    r"(?:about|on|regarding|concerning|(?:related|relating)\s+to|dealing\s+with|covering|discussing|mentioning"
    r"|(?:that|which)\s+(?:are\s+|is\s+)?(?:about|on|deals?\s+with|mentions?|covers?|discuss(?:es)?))"
)
_IN = r"(?:in|of|for|from|around|with|using|to)"
_FIELD = r"(?:(?:the\s+)?(?:topic|field|area|subject)s?\s+of\s+)?(?:(?:the|a|an)\s+)?"
_POLITE = re.compile(
    r"(?:(?:hi|hello|hey|good\s+(?:morning|afternoon|evening|day)|dear\s+\w+|ok|okay|so|please|pls|plz|kindly|bot|paperwire)\b[\s,.!:;]*"
    r"|(?:can|could|would|will)\s+you\s+(?:please\s+)?|help\s+me\s+(?:to\s+)?(?=find|search|look|get|keep|track|follow)|i\s+(?:want|need|would\s+like)\s+you\s+to\s+)*",
    re.IGNORECASE,
)
_TO = (
    r"(?:to\s+(?:(?:know|hear|learn|read)\s+(?:more\s+)?about|be\s+(?:told|notified|informed|alerted)\s+(?:about|of|on|when|if)"
    r"|see|read|get|receive|have|find|follow|track|watch|subscribe\s+to|look\s+for|look\s+at|keep\s+up\s+with"
    r"|stay\s+(?:up\s+to\s+date|informed)\s+(?:with|on|about))\s+|(?!to\b))"
)
_WHEN_IT = r"(?:about|of|on|when(?:ever)?|if|once|as\s+soon\s+as)\s+(?:there\s+(?:is|are)\s+|there's\s+)?"
# Lead-ins before a subject, or before "papers on" it.
_ASKS = re.compile(
    r"(?:gimme\s+|can\s+i\s+(?:get|see)\s+|(?:i\s+)?wanna\s+(?:see|read|get|find|follow|know\s+about)\s+|i\s+(?:really\s+|also\s+|just\s+)?(?:want|need|wish)\s+" + _TO + r"|i(?:'d|\s+would)\s+(?:like|love)\s+" + _TO +
    r"|(?:i\s*'?m\s+|i\s+am\s+)(?:very\s+|really\s+|mainly\s+|also\s+)?(?:interested\s+in|looking\s+for|searching\s+for|working\s+on|curious\s+about|after)\s+"
    r"|interested\s+in\s+|i\s+(?:care\s+about|work\s+on|follow|like)\s+"
    r"|(?:show|give|send|find|get|bring|fetch|recommend|suggest)\s+(?:me|us)\s+|(?:subscribe|sign)\s+me\s+(?:up\s+)?(?:to|for)\s+"
    r"|tell\s+(?:me|us)\s+" + _WHEN_IT + r"|(?:notify|alert|inform|ping|remind)\s+(?:me|us)\s+" + _WHEN_IT +
    r"|let\s+(?:me|us)\s+know\s+" + _WHEN_IT +
    r"|keep\s+(?:me|us)\s+(?:posted|updated|informed|up\s+to\s+date|in\s+the\s+loop)\s+(?:on|about|with)\s+"
    r"|help\s+(?:me|us)\s+with\s+|what(?:'s|s|\s+is)\s+(?:new|the\s+latest)\s+(?:in|on|about|with)\s+)",
    re.IGNORECASE,
)  # fmt: skip
_TELL_ME = re.compile(r"(?:notify|alert|inform|ping|remind|tell|update|e?mail)\s+(?:me|us)\s+", re.IGNORECASE)
# Lead-ins only before words for papers: otherwise they begin a query.
_ASKS_FOR_PAPERS = re.compile(
    r"(?:find|search(?:\s+for)?|look(?:ing)?\s+for|get|follow|track|watch|monitor|recommend|suggest|list|fetch|send|show|give|read"
    r"|(?:do\s+you|have\s+you)\s+(?:have|know|got)(?:\s+of)?|(?:is|are)\s+there)\s+",
    re.IGNORECASE,
)
_PAPERS_ON = re.compile(rf"{_THING}\s+(?:{_ON}|{_IN})\s+{_FIELD}", re.IGNORECASE)
_PAPERS_BY = re.compile(rf"{_THING}\s+(?:(?:written|authored)\s+)?by\s+(?=[^\W\d_])", re.IGNORECASE)
_NOTHING_BEFORE = re.compile(
    rf"(?:{_PAPERS}\s+(?:{_ON}|(?:in|from)(?=\s+[a-z-]+\.[a-z*]))|any\s+(?:news|work|updates)\s+{_ON}|(?:any|new|newest|latest|recent|all|the)\s+(?:{_KIND}\s+)*(?:{_PAPERS}|research|literature)\s+(?:{_ON}|in|from)"
    rf"|(?:anything|something|everything)(?:\s+new)?\s+{_ON})\s+{_FIELD}",
    re.IGNORECASE,
)
_NAME = re.compile(r"[A-Z][^\s,;]*(?:\s+(?:[A-Z]|(?:de|van|von|der|den|la|di|le)\b)[^\s,;]*){0,4}")
_MORE_NAMES = re.compile(r"\s*(?:,|\band\b|\bor\b|&)\s*(?:and\s+|or\s+)?(?=[A-Z])")
_ABOUT_WHAT = re.compile(rf"\s+{_ON}\s", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:the|an?|some|any)\s+(?=\S)", re.IGNORECASE)
_YOU = re.compile(r"\byou\b", re.IGNORECASE)
_SOME = re.compile(rf"(?:{_KIND}\s+)+", re.IGNORECASE)
_AFTER = re.compile(
    rf"(?:\s+(?:appears?|comes?\s+out|shows?\s+up|arrives?|(?:is|are|gets?)\s+(?:published|released|posted|announced|available|out))"
    rf"|\s+(?:on|in|from|to)\s+arxiv|\s+(?:this\s+week|these\s+days|lately|recently)|\s+for\s+me|[\s,]+(?:please|pls|plz|thanks|thank\s+you|thx)|[\s,]+{_PAPERS}|[\s,;:.!?。]+)$",
    re.IGNORECASE,
)
_NOT_THESE = r"(?:no|not|nothing|none|without|excluding|except(?:\s+for)?|other\s+than|apart\s+from|besides)"
_BUT = re.compile(
    rf"(?:[\s,;]+(?:but|and|though)|[,;.])\s+(?:please\s+)?{_NOT_THESE}\s+"
    r"|[,;.]\s+(?:but\s+)?i\s+(?:don't|do\s+not)\s+(?:want|need)\s+|\s+(?:that|which)\s+(?:are\s+not|aren't)\s+(?:about\s+)?"
    r"|[\s,;]+(?:without|excluding|except(?:\s+for)?|other\s+than|apart\s+from|besides|minus)\s+",
    re.IGNORECASE,
)
_BUT_ALONE = re.compile(r"[\s,;]+but\s+(?:no|not|without)\s+", re.IGNORECASE)
_EACH = re.compile(rf"\s*(?:[,;]|\b(?:or|and|nor)\b)\s*(?:(?:or|and|nor)\s+)?(?:{_NOT_THESE}\s+)?", re.IGNORECASE)
_AROUND = re.compile(rf"(?:{_THING}\s+(?:{_ON}|{_IN})\s+{_FIELD}|{_ON}\s+|(?:{_KIND}\s+)+)", re.IGNORECASE)
_THANKS = re.compile(r"[\s,]+(?:please|pls|plz|thanks|thank\s+you|thx)[.!]*$", re.IGNORECASE)
_NO_SUBJECT = frozenset(
    {"no", "not", "none", "to", "it", "you", "that", "this", "these", "them", "me", "more", "all", "something"}
)
_KINDS_OF_PAPERS = {"surveys": "survey", "reviews": "review", "tutorials": "tutorial", "benchmarks": "benchmark"}

# ------------------------------------------------------------------------------------------------------------- Chinese

_POLITE_ZH = re.compile(
    r"(?:(?:你好|您好|嗨|请问|请|麻烦[你您]?|能不能|能(?=推荐|给|帮|找|发|每)|最近(?=有[没什哪])|定时(?=推送|发|给|提醒|通知)|能否|可不可以|可否|可以|谢谢)[,!。\s]*)*"
)
_ASKS_ZH = re.compile(
    r"(?:有(?:没有|无)?人(?:在)?(?:研究|做)|我(?!们)(?:也|很|还|比较|主要|一直|最近)*(?:想(?:要|看看|看|读|找|了解|知道|关注|订阅|跟踪|收到)?|要(?:看|找|订阅|关注)?|需要|希望(?:看到|收到)?|正?在(?:寻)?找|关注|关心|研究)"
    r"|[帮给替]我(?:来|关注|跟踪|追踪|留意|订阅|推荐|查找|查|找|搜索|搜|看看|看|推送|发送|发|显示)"
    r"|(?:推送|发送|发|推荐|展示|显示)给?我|(?:通知|提醒|告诉)我)(?:一下|下|一次)?\s*(?:(?:看看|看|读|收到|找)\s*)?"
)
_ASKS_FOR_PAPERS_ZH = re.compile(
    r"(?:(?:如果|若|当|一)?(?:出现|有)(?!关(?!于))(?:没有|无|什么|哪些)?|出现|出了|来|给我|查找|查|找|搜索|搜|推荐|推送|看看|看|想看|想找|求|发|订阅|关注|显示)(?:一下|下)?\s*"
)
# How often, when it stands behind the verb: 每天给我发两次.
_OFTEN_ZH = re.compile(r"(?P<asks>(?:[给帮]我)?(?:推送|发送|发|推荐)给?我?)(?P<many>[两二三四五六几\d]次)")
_SOME_ZH = re.compile(r"(?:一些|几篇|些|点|所有|全部|最新的?|新的|最近的?)*\s*")
_ABOUT_ZH = re.compile(r"(?:最近|最新)?的?(?:关于|有关|涉及|针对|讨论|讲|介绍)\s*")
_PAPERS_ZH = re.compile(
    r"\s*(?:(?:方面|领域|方向|相关|有关)?(?:的|有(?:没有|什么|哪些|啥)?)?(?:最新|新|近期|最近)?的?(?:论文|文章|文献|预印本|papers?)"
    r"|(?:方面|领域|方向|相关)?的(?:最新|新|近期|最近)?的?(?:研究|工作|进展|成果))(?:吗|么|呢|吧|[?!。\s])*$",
    re.IGNORECASE,
)
_PAPERS_OF_ZH = re.compile(
    r"\s*(?:的(?:最新|新)?|相关的?|方面的|有(?:没有|什么|哪些|啥)?新的?)(?:论文|文章|文献|预印本)(?:吗|么|呢|[?!。\s])*$"
)
_WORKS_ON_ZH = re.compile(r"我(?:们)?是(?:做|研究|搞)\s*(?P<subject>.+?)\s*的[。!\s]*")
_OUTSIDE_ZH = re.compile(r"除了?(?P<not>.{1,20}?)(?:以外|之外|外)的?,?(?=.*[^\s。!])")
_EXCEPT_FIRST_ZH = re.compile(r"除了(?P<not>[^,;、]{1,20}),(?=\s*我(?!们))")
_NEWEST_ZH = re.compile(r"(?:最新|最近|新)(?:发表)?的?(?=.*(?:论文|文章)[吗么呢?!。\s]*$)")
_BY_ZH = re.compile(
    r"(?:作者(?:是|为)?\s*(?P<author>[^的]{2,30}?)|(?P<writer>[^的]{2,30}?)\s*(?:写|发表|撰写))\s*的(?:所有|最新|新)?(?:论文|文章)[。!\s]*"
)
_LIKED_ZH = re.compile(r"(?:我(?!们))?(?:也|还)?对\s*(?P<subject>.+?)\s*(?:很|非常|比较|特别|最|更)?感兴趣[!。\s]*$")
_TELL_ME_ZH = re.compile(
    r"(?:出现|发表|出来|发布)?(?:的?时候?|了?[,\s]*就|[,\s]+|(?<=论文)|(?<=文章))[,\s]*请?(?:及时)?(?:通知|提醒|告诉|推送给?)我(?:一下|一声)?[!。\s]*$"
)
_THANKS_ZH = re.compile(r"[,!。?\s]*(?:谢谢[你您]?|多谢|感谢)[,!。?\s]*$")
_BUT_ZH = re.compile(
    r"[,;。\s]*(?:但是?|不过|可是|而且|并且?)?[,\s]*请?(?:不想要|不想看|不需要|不要|不看|不包括|不包含|不含|不是|别(?:给我)?(?:发|推送)|排除|去掉|除去|除了|除(?=.{1,20}外))\s*"
)
_BUT_ALONE_ZH = re.compile(r"(?:[,;。\s]+|但是?|不过)(?:但是?|不过|可是)?[,\s]*(?:不想要|不想看|不要|除了|排除)\s*")
_ENDING_ZH = re.compile(r"(?:以外|之外|除外|外)?(?:方面|类|相关)?的?(?:论文|文章|文献)?[。!\s]*$")
_EACH_ZH = re.compile(r"\s*(?:[,;、]|以及|或者|和|与|或|及)\s*(?:也?不要)?\s*")


class _Frame(NamedTuple):
    """The place of the subject in a sentence: after the lead-in and before the words that end the subject."""

    start: int
    end: int
    framed: bool = True  # False: there is no lead-in, so only a plain negation makes it a sentence


def extract_query(text: str) -> str:
    """Returns the query that a sentence asks for, followed by the time that it names; the text itself if it is no sentence."""
    said = " ".join(text.split())
    if not said or len(said) > LONGEST:
        return text
    said = _MANY_SIGNS.sub(r"\1", said)
    body, when = _time_parted(_without_thanks(said))
    found = _english(body) or _chinese(body) or (body if len(_without_thanks(said)) < len(said) else None)
    return text if not found else " ".join(filter(None, (found, when)))


# ---------------------------------------------------------------------------------------------------------------- time


def _time_parted(said: str) -> tuple[str, str | None]:
    """Returns (the sentence without its time, that time). A time at the end is preferred to one at the front."""
    ending = split_when(said)
    if ending.when and is_time(ending.when):
        body, front = _time_taken_out(ending.query)  # "a daily digest of … at 8pm": the time has two parts
        both = f"{front} {ending.when}"
        return (body, both) if front and is_time(both) and _english(body) else (ending.query, ending.when)
    body, when = _time_taken_out(said)  # the end may only look like a time, as "daily 9 Gotham" with its unknown place
    return (body, when) if when else (ending.query, ending.when)


def _time_taken_out(body: str) -> tuple[str, str | None]:
    """Returns (the sentence without a time that stands before or behind its lead-in, that time)."""
    folded = body.translate(_FOLDED)
    begins = [_end(polite, folded, 0) for polite in (_POLITE, _POLITE_ZH)]
    leads = (_ASKS.match(folded, begins[0]), _ASKS_ZH.match(folded, begins[1]), _TELL_ME.match(folded, begins[0]))
    asks = [found.end() for found in leads if found]
    for place in dict.fromkeys((*asks, *begins)):
        when, rest = _leading_time(body[place:])
        if when:
            often = _OFTEN_ZH.match(rest.translate(_FOLDED))
            rest, when = (often["asks"] + rest[often.end() :], when + often["many"]) if often else (rest, when)
            return body[:place] + rest, when
        article = _ARTICLE.match(folded, place)
        when, rest = _leading_time(body[article.end() :]) if article else ("", "")
        if when and _PAPERS_ON.match(rest.translate(_FOLDED)):
            return body[:place] + rest, when
    return body, None


def _leading_time(text: str) -> tuple[str, str]:
    """Returns (the time that a text begins with, the rest); ("", text) if it begins with none.

    Of several possible times, the longest that is followed by words that ask is used, else the longest. So in 每周一发给我 the
    verb is not part of the time.
    """
    words = text.split(" ")
    heads = [" ".join(words[:count]) for count in range(min(_WORDS_OF_WHEN, len(words) - 1), 0, -1)]
    heads += [text[:count] for count in range(min(_SIGNS_OF_WHEN, len(text) - 1), 1, -1) if not text[:count].isascii()]
    found = [(head.rstrip(",， "), text[len(head) :].lstrip(" ,，")) for head in heads if _is_time(head.rstrip(",， "))]
    return next((one for one in found if _asks(one[1])), found[0] if found else ("", text))


def _asks(text: str) -> bool:
    """Returns whether a text begins with words that ask."""
    folded = text.translate(_FOLDED)
    english, chinese = _end(_POLITE, folded, 0), _end(_POLITE_ZH, folded, 0)
    return bool(
        _ASKS.match(folded, english) or _ASKS_FOR_PAPERS.match(folded, english) or _ASKS_ZH.match(folded, chinese)
    )


def _is_time(text: str) -> bool:
    """Returns whether the whole text is a time, even one that is not available and is refused later."""
    return bool(text) and is_time(text) and split_when(f"x {text}").when == text


# ------------------------------------------------------------------------------------------------------------- English


def _english(body: str) -> str | None:
    folded = body.translate(_FOLDED)
    start = _end(_POLITE, folded, 0)
    asked = _ASKS.match(folded, start) or (
        _ASKS_FOR_PAPERS.match(folded, start) if _YOU.search(folded[:start]) else None
    )
    place = asked.end() if asked else _end(_ASKS_FOR_PAPERS, folded, start)
    if (by := _PAPERS_BY.match(folded, place)) and (authors := _authors(body, by.end())):
        return authors
    if not asked and place == start:
        begins = _NOTHING_BEFORE.match(folded, start)
        framed, place = begins is not None, begins.end() if begins else start
    else:
        framed = asked is not None or _PAPERS_ON.match(folded, place) is not None
    if not framed:
        return _parted(body, folded, _Frame(start, len(body), framed=False), (_BUT_ALONE,), _EACH)
    while further := _PAPERS_ON.match(folded, place):
        place = further.end()
    return _parted(body, folded, _Frame(place, len(body)), (_BUT, _BUT_ZH), _EACH)


def _author(name: str) -> str:
    return f'author:"{name}"' if " " in name else f"author:{name}"


def _authors(body: str, place: int) -> str | None:
    """Returns a query for the authors named at a place and for the subject of their papers; None if no author is there."""
    names = []
    while name := _NAME.match(body, place):
        names.append(name[0].rstrip(".!?"))
        place = name.end()
        more = _MORE_NAMES.match(body, place)
        if more is None:
            break
        place = more.end()
    rest = body[place:]
    about = _ABOUT_WHAT.match(rest.translate(_FOLDED))
    excluded = _excluded(body, body.translate(_FOLDED), place, _BUT, _EACH)
    if not names or (rest.strip(" .!?") and not about and not excluded):
        return None
    asked = " OR ".join(map(_author, names))
    subject = _english(f"papers {rest.strip()}") if about else None
    wanted = f"({asked})" if len(names) > 1 and (subject or excluded) else asked
    return " ".join([wanted, *([subject] if subject else []), *excluded])


# ------------------------------------------------------------------------------------------------------------- Chinese


def _chinese(body: str) -> str | None:
    folded = body.translate(_FOLDED)
    if folded.isascii():
        return None
    start = _end(_POLITE_ZH, folded, 0)
    if outside := _EXCEPT_FIRST_ZH.match(folded, start) or _OUTSIDE_ZH.search(folded, start):
        rest = body[: outside.start()] + body[outside.end() :]
        return f"{_chinese(rest) or _subject(rest, framed=True)} {_minus(body[slice(*outside.span('not'))])}"
    if by := _BY_ZH.fullmatch(folded, start):
        return _author(body[slice(*by.span("author" if by["author"] else "writer"))].strip())
    wanted = _wanted(folded, start, len(folded), whole=True)
    if liked := _LIKED_ZH.match(wanted, start) or _WORKS_ON_ZH.fullmatch(wanted, start):
        without = _excluded(body, folded, liked.end(), _BUT_ZH, _EACH_ZH)
        return " ".join([body[liked.start("subject") : liked.end("subject")], *without])
    frame = _chinese_frame(folded, start)
    negations = (_BUT_ZH, _BUT) if frame.framed else (_BUT_ALONE_ZH,)
    return _parted(body, folded, frame, negations, _EACH_ZH)


def _chinese_frame(folded: str, start: int) -> _Frame:
    tell_me = _TELL_ME_ZH.search(folded, start)
    end = tell_me.start() if tell_me else len(folded)
    asked = _ASKS_ZH.match(folded, start)
    place = asked.end() if asked else start
    framed = bool(asked or tell_me)
    papers = _ASKS_FOR_PAPERS_ZH.match(folded, place)
    if papers and _PAPERS_ZH.search(_wanted(folded, papers.end(), end)):
        place, framed = papers.end(), True
    if framed:
        place = _end(_SOME_ZH, folded, place)
    if not framed and (newest := _NEWEST_ZH.match(folded, place)):
        place, framed = newest.end(), True
    if about := _ABOUT_ZH.match(folded, place):
        place, framed = about.end(), True
    return _Frame(place, end, framed or _PAPERS_OF_ZH.search(_wanted(folded, start, end)) is not None)


def _wanted(folded: str, start: int, end: int, *, whole: bool = False) -> str:
    """Returns the text from `start` up to a negation; with `whole` also what stands before `start`."""
    no = _BUT_ZH.search(folded, start + 1, end)
    return folded[0 if whole else start : no.start() if no else end]


# ----------------------------------------------------------------------------------------------------- what both share


def _parted(
    body: str, folded: str, frame: _Frame, negations: tuple[re.Pattern[str], ...], each: re.Pattern[str]
) -> str | None:
    """Returns the subject followed by its exclusions; None if the text is no sentence or has no subject."""
    found = [match for one in negations if (match := one.search(folded, frame.start + 1, frame.end))]
    no = min(found, key=lambda match: match.start(), default=None)
    if no is None and not frame.framed:
        return None
    wanted = _subject(body[frame.start : no.start() if no else frame.end], framed=frame.framed)
    without = [_minus(one) for one in _pieces(body[: frame.end], folded[: frame.end], no.end(), each)] if no else []
    if not wanted or wanted.casefold() in _NO_SUBJECT or (no and not without):
        return None
    return " ".join([wanted, *without])


def _excluded(body: str, folded: str, place: int, negation: re.Pattern[str], each: re.Pattern[str]) -> list[str]:
    """Returns the exclusions behind a negation at `place`; none if no negation stands there."""
    no = negation.match(folded, place)
    return [_minus(one) for one in _pieces(body, folded, no.end(), each)] if no else []


def _pieces(body: str, folded: str, place: int, each: re.Pattern[str]) -> Iterator[str]:
    """Yields what is excluded, piece by piece, without the words around it: "those on video", "survey papers", 综述以外的."""
    cuts = [(place, place), *(cut.span() for cut in each.finditer(folded, place)), (len(body), len(body))]
    for (_, start), (end, _) in pairwise(cuts):
        piece = body[start:end]
        around = _AROUND.match(piece.translate(_FOLDED))
        bare = _without_ending(piece[around.end() :] if around else piece)
        ending = _ENDING_ZH.search(bare.translate(_FOLDED))
        if found := (bare[: ending.start()] if ending else bare).strip():
            yield found


def _subject(text: str, *, framed: bool) -> str:
    text = text.strip(" ,，:：;；")
    text = _ARTICLE.sub("", text) if framed else text
    if not framed:
        return _without_ending(text)
    papers = _PAPERS_ZH.search(text.translate(_FOLDED))
    bare = _without_ending(text[: papers.start()] if papers else text)
    some = _SOME.match(bare) if bare != text else None
    return bare[some.end() :] if some else bare


def _without_ending(text: str) -> str:
    """Returns the text without "please", "on arXiv", "appears", "papers" and punctuation at its end."""
    while found := _AFTER.search(text.translate(_FOLDED)):
        text = text[: found.start()]
    return text.strip()


def _without_thanks(text: str) -> str:
    for thanks in (_THANKS, _THANKS_ZH):
        if found := thanks.search(text.translate(_FOLDED)):
            text = text[: found.start()]
    return text


def _minus(term: str) -> str:
    term = _KINDS_OF_PAPERS.get(term.casefold(), term)
    return f'-"{term}"' if " " in term and not set('":()') & set(term) else f"-{term}"


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    found = pattern.match(text, place)
    return found.end() if found else place
