"""Tells wishes to be told of papers, which subscribe, from wishes to see papers, which only look. Pure.

What counts are the words around the subject, as the tagger marks them: "alert me to X" and "X every friday, please"
wish to be told, "what is new on X" and "tell me about X" wish to look.
"""

import re

from bot.commands.words import boundaries, reader, subjects
from bot.commands.words.days import paper_days

_COMES = r"\b(?:when(?:ever)?|if|once|as soon as|every ?time|each time|any ?time|the (?:moment|second|minute))\b"
_TELLS = re.compile(
    r"\b(?:notif(?:y|ications?)|alerts?|ping|remind(?:ers?)?|warn|flag|heads? ?up|buzz|nudge)\b"
    r"|\b(?:keep|stay|be|remain|get)\b.{0,12}\b(?:posted|updated|informed|up to (?:date|speed)|in the loop|on top)\b"
    r"|\b(?:keep|have|got?)\b.{0,8}\b(?:eye|eyes|watch|tabs|track)\b|\blook ?out for\b|\bon the lookout\b"
    r"|\bfollow\b|\b(?:watch(?! out)|monitor|track)\b|\blet (?:me|us) know\b|\bbe (?:told|notified)\b|\b(?:receive|henceforth|from now on|in future)\b|\b(?:sign|put) (?:me|us) (?:up|down|on)\b|^(?:pl(?:ease|s|z) )?add\b|\bmiss (?:any|a|out|new|it)\w*"
    rf"|\b(?:tell|let|inform|message|mail|email|text|write|shout|whistle|call|contact|poke|send|drop)\b.*{_COMES}|{_COMES}.*\b(?:tell|let|inform|message|mail|email|text|write|shout|send|drop|show)\b"
    r"|通知|提醒|订阅|告诉|今后|告知|盯|留意|留心|关注|追踪|跟踪|跟进|喊[我一]|叫我|吱[个一]?声|说一声|推送|(?:一有|有了?新|出了?新|新出).*(?:发|推|给)|新.*都(?:发|推|给)|(?:错过|漏掉|落下)"
)
_LOOKS = re.compile(
    r"\b(?:what|which|whats|who|how|is there|are there|find|look for|search|show)\b|^any|有没有|有什么|有哪些|哪些|什么|看看|查|搜|找"
)
_ASKS = re.compile(
    r"\b(?:send|give|get|show|bring|deliver|push|e?mail|post|read|want|need|like|love|prefer|please|pls|papers?|articles?|preprints?|updates?|news|digests?|research"
    r"|work|studies|anything|something|everything|stuff|new|latest|interested|look|looking|find|keep|follow|subscribe|can you|could you|would you|is there|are there)\b"
    r"|[发推送给要想请看订报]|论文|文章|文献|关注|感兴趣"
)
_OWN = re.compile(  # what people do themselves: "we need to talk about it at 7"
    r"\b(?:i|we|they|he|she)(?:'ll|'m|'re|'ve)?(?: \w+)? (?:(?:need|want|have|has|like|going|got|used) to|must|should|can)"
    r" (?!see|read|get|follow|track|know|receive|hear|be|stay|keep|subscribe|find|have|watch|monitor|learn)"
)
_GOES = re.compile(r"我们?(?:[要想得会]|准备|打算)去(?![掉除看订重])")  # 周五我要去爬山
_HAPPENS = re.compile(r"[\s要会就该]*发[了放啦]?[\s,.!]*")  # 周五发工资
_STRONG = re.compile(
    rf"\b(?:notify|alert|ping|let me know|(?:^|to |wanna )follow|receive)\b|{_COMES}|通知|提醒|订阅|盯|一有"
)
_NO_LONGER = re.compile(
    r"\b(?:don'?t|do not|stop|no longer|never|cease|quit)\b(?!.*\bmiss\b)|别再?(?!.*(?:错过|漏|落))|不要再?|不再|取消|停止"
)
_ONCE = re.compile(
    r"\b(?:now|today|tonight|yesterday|last|past|recent|this (?:week|month|morning))\b|今天|昨天|最近|现在|上周|这周|本周|刚"
)


def points(text: str) -> bool:
    """Returns whether a text wishes to be told of something that it does not name: "follow her", 盯着这个."""
    plain = reader.folded(text)
    return bool(_TELLS.search(plain)) and not _NO_LONGER.search(plain) and not _LOOKS.search(plain)


# words at the beginning of a text that only a wish to be told has; "follow" may also begin a title
_BEGINS = re.compile(
    r"^(?:(?:please|pls|can you|could you|would you|hi|hey|hello|ok|and|also)[\s,]+)*"
    r"(?:(?P<follow>follow)|subscribe(?: me)? to|(?:notify|alert|ping|inform) (?:me|us) (?:about|of|when|if|on|to)|tell (?:me|us) (?:of|when|if|on|to)"
    r"|keep (?:me|us) (?:posted|updated|informed) (?:on|about)|keep (?:an|your) eye on)\b"
    r"|^(?:please|pls|plz) add\b"  # "add noise" is a subject
    r"|^(?:请|帮我|麻烦|我要|我想|给我)*(?:订阅|关注)(?![了过的制者号费])"
)


def _is_query(text: str) -> bool:
    return not boundaries.is_crumb(text) and reader.scores(reader.tokens_of(text))[0].intent == reader.QUERY


def least_for_one(text: str) -> float:
    """Returns how probable a request for papers must be, by the words with which a text begins.

    Nothing else is needed if a query follows them, as in 订阅列表解码, but not in 订阅列表. "Follow the leader" may be a
    subject; with more words, and not in capitals as a title, it is an order.
    """
    found = _BEGINS.search(reader.folded(text))
    if found is None:
        return 0.55
    if found.groupdict()["follow"]:
        is_one = not text.istitle() and len(subjects.subject_of(text).split()) > 1
    else:
        is_one = _is_query(text[found.end() :].strip())
    if is_one:
        return 0.0
    return 0.35 if text.isascii() else 0.2


def is_wish_to_be_told(text: str, intent: str) -> bool:
    """Returns whether a request for papers wants them from now on, and not only once."""
    pieces = subjects.pieces_of(text, reader.ASKING[0])
    has_subject = bool(subjects.wanted_in(text, reader.ASKING[0]))
    around = reader.folded(" ".join(one.text for one in pieces if not one.part))
    is_own = _OWN.search(around) or _GOES.search(reader.folded(text))
    if not has_subject or _NO_LONGER.search(around) or is_own or paper_days(text):
        return False
    if _HAPPENS.fullmatch(around) and "每" not in text:
        return False
    if _TELLS.search(around):
        return bool(_STRONG.search(around)) or not _LOOKS.search(around)
    when = subjects.time_in(text, intent) if intent != "today" else ""
    return (
        bool(when)
        and bool(_ASKS.search(around))
        and when != "now"
        and subjects.is_available(when)
        and not _ONCE.search(around)
    )
