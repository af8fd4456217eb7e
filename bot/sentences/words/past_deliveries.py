"""Finds questions about what the bot brought: "what did you send me this morning?", 昨天推了什么. Pure.

Such a question has only words of a closed list: whoever asks for a subject, or about somebody else, is not understood.
"""

import re

from bot.sentences.words.past_times import past_time

_SENT = r"(?:sent|delivered|brought|pushed|gave|given|posted|mailed|emailed|forwarded|showed|shown)"
_BATCH = r"(?:digest|delivery|deliveries|batch|message|messages|mail|email|update|notification)"
_WORDS = re.compile(
    rf"(?:{_SENT}|{_BATCH}|send|deliver|bring|push|give|post|forward|show|tell|list|see|get|got|gotten|receive|received"
    r"|came|come|comes|arrived?|missed|miss|happened|what|whats|which|how|many|much|when|did|have|has|had|was|were|is|are"
    r"|there|any|anything|some|something|everything|you|youve|the|bot|paperwire|it|i|ive|we|weve|me|us|my|our|your|to|from|for|of|in|by|here"
    r"|papers?|articles?|preprints?|ones?|things?|digests|new|last|latest|previous|most|recent|recently|lately|so|far"
    r"|already|just|again|total|altogether|all|ever|that|this|these|those|then|since|until|up|now|time|been|be"
    r"|please|can|could|hi|hey|hello|thanks|ok|and|a|an|chat|group|channel)"
)
_ASKS = re.compile(
    r"^(?:(?:please|can|could|you|so|ok|and|hi|hey|hello|thanks) )*(?:did|have|has|had|was|were|show|list|tell|give|see|any|anything"
    r"|(?:the |all )*(?:papers|articles|ones|digest))\b|\b(?:what|whats|which|how|when)\b"
)
_BY_THE_BOT = re.compile(
    r"\bdid (?:you|it|(?:the )?bot|paperwire)\b.*\b(?:send|deliver|bring|push|give|post|mail|email|forward|show)\b"
    rf"|\b(?:have|has|had) (?:you|it|(?:the )?bot|paperwire)\b.*\b{_SENT}\b"
    rf"|\b(?:you|youve|bot|paperwire) (?:(?:have|has|had|ve|just|already|last|ever) )*{_SENT}\b"
)
_TO_US = re.compile(
    r"\b(?:did|have|had) (?:i|we)\b.*\b(?:get|got|gotten|receive|received)\b"
    r"|\b(?:i|ive|we|weve) (?:(?:have|had|just|already|last) )*(?:got|gotten|received)\b"
)
_CAME = re.compile(
    r"\b(?:came|arrived)\b|\b(?:did|have|has)\b.*\b(?:come|arrive)\b"
    rf"|\b(?:was|were|been)\b.*\b{_SENT}\b|\b(?:was|were)\b.*\b{_BATCH}\b|\b(?:last|latest|previous) {_BATCH}\b"
)
_NEWS = re.compile(r"\b(?:new|happened|miss|missed)\b")
_SINCE_THEN = re.compile(r"\bsince (?:then|that|the last (?:one|time|batch|digest|delivery|message))\b")

_HAN = re.compile(r"[\u4e00-\u9fff]")
_HAN_SEND = r"(?:发送|推送|发|推|送)"
_HAN_WORDS = re.compile(
    rf"(?:{_HAN_SEND}|[你您我们咱]|机器人|这里|这边|[本群]|给|收到|收|来|到|过|[了的是有都共几多少哪些什么啥篇条个次封份里中那这吗呢吧啊么把再还又]|一共|总共|时候|何时|几点"
    r"|论文|文章|文献|内容|东西|消息|简报|日报|上一|最后一?|最近一?|刚才|刚刚|刚|已经|曾|请|帮|看看?|列出?|出来|告诉|让|想|知道|一下|新|能|可以|至今|目前|迄今|为止|上|[ ,.!?])+"
)
_HAN_ASKS = re.compile(r"什么|啥|多少|几|哪|吗|么|何时|看|列|告诉|\?")
_HAN_PAST = re.compile(
    rf"{_HAN_SEND}.*[了过]|{_HAN_SEND}(?:到|给)?(?:我们?|这里|群里)?的(?!(?:论文|文章|文献|内容)?(?:发|推|给))|收到|[来到]了|已经{_HAN_SEND}|(?:上次|上一次|最后一次|最近一次|刚才|刚刚)的?{_HAN_SEND}"
)


def asks_what_came(plain: str) -> bool:
    """Returns whether a folded text asks what the bot sent, when, or how much."""
    time = past_time(plain)
    rest = time.rest if time else plain
    if _HAN.search(plain):
        is_news = time is not None and time.is_since and "新" in rest
        return bool(_HAN_WORDS.fullmatch(rest) and _HAN_ASKS.search(rest) and (is_news or _HAN_PAST.search(rest)))
    words = re.findall(r"[^\s.,;:!?]+", rest.replace("'", ""))
    said = " ".join(words)
    if not all(_WORDS.fullmatch(word) for word in words) or not _ASKS.search(said):
        return False
    is_news = bool(_NEWS.search(said)) and ((time is not None and time.is_since) or bool(_SINCE_THEN.search(said)))
    return bool(is_news or _BY_THE_BOT.search(said) or _TO_US.search(said) or _CAME.search(said))
