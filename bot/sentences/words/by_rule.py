"""Finds meanings by rules where examples mislead: "ok", unsave, feeds, what came, both languages. Pure."""

import re
from typing import NamedTuple

from bot.sentences.words import reader, subjects
from bot.sentences.words.past_deliveries import asks_what_came
from bot.sentences.words.ranks import rank_in
from subscriptions.chat_settings import SETTINGS

UNSAVE, WHEN_FOUND, BIB = "unsave", "when-found", "export-bib"
ACKNOWLEDGED = "acknowledged"  # the person only says that the last message was read
BOTH_LANGUAGES = "set-text-both"
HISTORY = "history"
FEED = "feed"  # the papers of the chat in a feed reader

_SHORT = 40  # characters of a text that only acknowledges
_UNSAVED = re.compile(
    r"\bun-?(?:save|star|bookmark|pin|keep)"
    r"|\b(?:remove|delete|drop|take|clear|erase|get rid of|kick|throw|no longer|don'?t|do not|stop)\b.*\b(?:sav(?:e|ed|es|ing)|bookmark\w*|favou?rites?|starred|reading list|kept|keep)\b"
    r"|(?:取消|删除?|删掉|移除|移出|去掉|不要再?|不再|别再?|不用).{0,24}(?:收藏|保存|书签)|(?:收藏|保存)(?:夹|的|里|中)?.{0,24}(?:删|移除|移出|去掉|取消|拿掉)"
)
_THINGS = (reader.NAMED, reader.WANTED, reader.UNWANTED, reader.AUTHOR)  # parts that name what papers are about
_FEED_WORDS = frozenset({"rss", "atom", "feed", "feeds", "reader", "url"})
_FEED = re.compile(r"(?<![a-z])rss(?![a-z])|\batom feed\b|\bfeed (?:reader|address|url)\b")
# Orders are sentences that have nothing but these words: those around, of a thing, and of what shall happen to it.
_AROUND = (
    "please|can|could|would|you|i|we|want|need|to|just|now|the|this|that|my|our|its|it|an?|of|for|me|us|give|make|get|is|was|are|remove|delete"
    "|请|帮我|给我|我|把|将|这|那|一|个|的|了|吧|掉|是|去|删除?"
)
_PARTS_OF_FEEDS = "rss|atom|feeds?|address|url|link|reader|key|secret|old|订阅源|地址|链接"
_ENDS = (
    "stop|end|revoke|close|remove|delete|cancel|disable|off|turn|switch|shut|down|停[止用]?|关闭?|取消|撤销|删除?|作废"
)
_RENEWS = "new|another|renew|replace|regenerate|reset|change|更?换|重新生成|新"


class _Order(NamedTuple):
    """What a sentence must have to be an order."""

    words: re.Pattern[str]  # each of them
    thing: re.Pattern[str]
    does: re.Pattern[str]

    def is_in(self, plain: str) -> bool:
        """Returns whether a folded sentence is this order, and nothing else."""
        is_only = all(map(self.words.fullmatch, re.split(r"[\s,.!?]+", plain.strip(" ,.!?"))))
        return is_only and bool(self.thing.search(plain) and self.does.search(plain))


def _order(thing: str, does: str, others: str) -> _Order:
    within = (re.compile(rf"(?<![a-z])(?:{one})(?![a-z])") for one in (thing, does))
    return _Order(re.compile(rf"(?:{_AROUND}|{does}|{others})+"), *within)


_ORDERS = {
    f"{FEED}-new": _order("rss|feeds?|订阅源", _RENEWS, _PARTS_OF_FEEDS),
    f"{FEED}-stop": _order("rss|feeds?|订阅源", _ENDS, _PARTS_OF_FEEDS),
}
_ORDERED = ("today", "missing-citations", "set-limit", "like-paper", reader.QUERY)
_CITED = re.compile(r"cit(?:e|ing|ation)|\bh-index|\brefer|引|参考")  # who wrote a paper is known, who cites it is not
_SAVES = ("save", "saved", "unsub", "dislike-paper", "export-saved-bib", "exclude", "undo", reader.QUERY)
# A note on empty days speaks of nothing. "Tell me when there is" does not, so it is about the search before it.
_NOTHING = re.compile(
    r"\bno(?:thing|ne|t)?\b|n't\b|\b(?:zero|0|empty\w*|quiet\w*|silen\w+|without|even (?:if|when)|dry|slow)\b|[没無无零空]|哪怕|即使|安静|\b0"
)
# "Tell me when there is one" has no subject of its own.
_TELL = re.compile(
    r"(?:(?:ok|okay|then|please|and|but|just|can you|could you|would you|will you)[, ]+)*(?:tell|notify|ping|alert|message|mail|email|inform|let|write|text|remind)"
    r"(?: (?:to|me|us|know|a|note|message|mail))*,? (?:when(?:ever)?|if|once|as soon as)(?: (?:there|is|are|was|were|will|be|any|anything|something|some"
    r"|one|ones|new|more|it|they|you|an|a|come|comes|came|arrives?|appears?|shows?|turns?|pops?|up|out|in|exists?|available|found|finds?|get|gets|have|has"
    r"|been|do|does|match(?:es)?|fits?|papers?|articles?|that|this|like|of|for|about|on|them|these|those|such|published|ever|please))+"
    r"|(?:(?:please|and|just|ok)[, ]+)*keep me (?:posted|updated|informed|in the loop)(?: (?:on|about) (?:that|this|it|these|those))?(?: please)?"
    r"|(?:等|如果|要是|一旦|一|那|以后|将来|下次|什么时候|[,])*(?:有|出|来|出现|发布|更新)(?:新|的|消息|论文|文章|结果|话|了|时|时候|之后|后|就|以后|[,])*(?:请|就|再|麻烦|记得)*"
    r"(?:告诉|通知|提醒|叫|喊|发给?|推送?给?)(?:我|一声|一下|吧|[下])*"
)
_SUBSCRIBES_TOO = re.compile(r"[也还再](?:帮我|给我|请)*(?:订[阅上]|关注|追踪|跟踪)(?!里)")  # 密码学也订上
_GOT_ON = re.compile(  # "show me what you've got on kelp"
    r"^(?!.*\b(?:subscri|follow|list|alert|get)).*\b(?:got|have) (?:on|about) \S"
)
# What time it is where the person is, not when papers shall come.
_CLOCK = re.compile(
    r"\b(?:it'?s|it is|clock|watch|phone)\b.*\b(?:here|where i (?:am|live|work)|now|at my place|my end|my side|says|shows|local)\b"
    r"|\b(?:my|local) (?:clock|watch|time|phone)\b.*\b(?:is|says|shows|reads)\b"
    r"|(?:这里|这边|我这儿?|我那边?|当地|本地|我家)[^,.!?]{0,5}(?:是|已经|才|都|显示)|现在(?:是|已经|才)|(?:手表|时钟|手机|钟|表)上?(?:是|显示)"
)
_TIMED = ("schedule", "smalltalk", "about", "status", reader.QUERY, *reader.ASKING)


# Words around the languages in which papers are shown.
_SHOWN = re.compile(
    r"\b(?:please|pls|can|could|you|i(?:['’]d)?|we|want|need|would|like|to|let|me|us|have|see|read|get|show|display|give|use|switch|set|text"
    r"|the|them|it|(?:titles? and )?summar(?:y|ies)|titles?|everything|always|in|with|version|mode)\b|[.,!?'’]"
    r"|请|麻烦|帮我|给我|我?想?要|我?想|希望|都|把|将|使?用|以|改[为成]?|换[为成]|切换[到成为]?|设置?[为成]|开启|打开|显示|展示|看|标题和?|总结|摘要|内容"
    r"|一起|同时|模式|形式|版本?|的|吧|[要为成]|[,。!?]"
)


def _names_both_languages(plain: str) -> bool:
    """Returns whether a folded sentence says only that papers are shown in both languages.

    One English word alone, such as "bilingual", is a subject of papers; "both" may be any two things.
    """
    named = " ".join(_SHOWN.sub(" ", plain).split())
    is_subject = plain.isascii() and plain.isalpha()
    return not is_subject and named != "both" and SETTINGS["text"].value_named(named) == "both"


def intent_by_rule(tokens: tuple[reader.Token, ...], plain: str, likeliest: str) -> str:
    """Returns the intent of a folded sentence whose likeliest learned intent is known; that one if no rule applies."""
    if _names_both_languages(plain):
        return BOTH_LANGUAGES
    if asks_what_came(plain):
        return HISTORY
    if likeliest == "widen" and _SUBSCRIBES_TOO.search(plain):
        return "sub"
    if likeliest == "list" and _GOT_ON.search(plain):
        return reader.ASKING[0]
    if of_feed := _order_of(tokens, plain) or (FEED if _FEED.search(plain) and not _has_topic(tokens) else ""):
        return of_feed
    is_ranked = likeliest in _ORDERED and rank_in(plain) is not None
    return reader.ASKING[0] if is_ranked else _of_likeliest(tokens, plain, likeliest)


def _order_of(tokens: tuple[reader.Token, ...], plain: str) -> str:
    """Returns the intent of a sentence that is an order about the feed; "" for other sentences."""
    for one in reversed(tokens):
        if one.mark == reader.PAPER:
            plain = plain[: one.start] + plain[one.end :]
    return next((intent for intent, order in _ORDERS.items() if order.is_in(plain)), "")


def _names_a_thing(tokens: tuple[reader.Token, ...], plain: str) -> bool:
    """Returns whether a sentence about all subscriptions names a subject: "remove all my termite subscriptions".

    But 订阅全清 is no wish to subscribe to 全清.
    """
    known = reader.learned().known.words
    is_strange = plain.isascii() and any(one.mark not in known for one in tokens if one.mark.isalpha())
    asked = [] if plain.startswith("订阅") else subjects.texts_of(plain, reader.ASKING[0], *_THINGS)
    return is_strange or bool(asked or subjects.texts_of(plain, "unsub", *_THINGS))


def _has_topic(tokens: tuple[reader.Token, ...]) -> bool:
    """Returns whether a sentence about a feed has nothing but its name, or a word that no example has: "RSS fingerprinting"."""
    known = reader.learned().known
    others = [one.mark for one in tokens if one.mark not in _FEED_WORDS and one.mark[:1].isalpha()]
    is_strange = any(not reader.is_han(one) and one not in known.words for one in others)
    return not others or is_strange or not known.topics.isdisjoint(reader.pairs_of(tokens))


def _of_likeliest(tokens: tuple[reader.Token, ...], plain: str, likeliest: str) -> str:
    """Returns another intent of a sentence where a rule says that the likeliest learned one is not meant."""
    has_paper = any(token.mark == reader.PAPER for token in tokens)
    if likeliest in _TIMED and any(token.mark == reader.WHEN for token in tokens) and _CLOCK.search(plain):
        return "timezone"
    if likeliest in _SAVES and _UNSAVED.search(plain) and (likeliest != reader.QUERY or has_paper):
        return UNSAVE
    if likeliest.startswith("export") and has_paper:
        return BIB
    if likeliest == "missing-citations" and has_paper and not _CITED.search(plain):
        return reader.QUERY
    if _TELL.fullmatch(plain.rstrip(" .!?~")) or (likeliest == "set-quietday-on" and not _NOTHING.search(plain)):
        return WHEN_FOUND
    is_of_a_thing = likeliest == "unsub-all" and _names_a_thing(tokens, plain)
    return "unsub" if is_of_a_thing else likeliest


_ACKNOWLEDGED = re.compile(
    r"(?:ok(?:ay)?|k+|alright|all right|got it|understood|fine|好的?|好吧|行|嗯+|知道了|收到|明白了?|懂了)[\s.!~]*"
    r"|[^\w\s?!.,;:'\"()<>/\\|@#$%^&*+=~`{}\[\]-]+"  # only signs
)


def is_acknowledged(text: str) -> bool:
    """Returns whether a text only says that a person has read the last message: "ok", or nothing but signs."""
    return len(text) <= _SHORT and bool(_ACKNOWLEDGED.fullmatch(reader.folded(text)))
