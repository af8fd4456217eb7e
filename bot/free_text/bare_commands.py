"""Commands that are typed without their slash: some act at once, others show a button first. Pure.

A text is a command only as a whole: `pause 1 7d` is one, `pause tokens` and `list decoding` are words to look for.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from bot.free_text.wishes import formed_wish
from subscriptions.chats.settings import is_setting
from subscriptions.errors import Refused
from subscriptions.query.links import mentioned
from subscriptions.schedule.pauses import parse_pause
from subscriptions.schedule.times import split_when, without_politeness
from subscriptions.text.forms import folded

_NOW = datetime(2026, 1, 1, tzinfo=UTC)  # any moment, since only whether a pause can be read counts
# command that is shown → the whole texts that mean it
_SHOWN = {
    "list": (
        "list | subscriptions | my subscriptions | my alerts | show my alerts | show my subscriptions | show subscriptions"
        " | what are my subscriptions | what am i subscribed to | what am i following"
        " | 查看订阅 | 查看我的订阅 | 列出我的订阅 | 列表 | 我的订阅 | 订阅列表 | 我订阅了什么 | 我订阅了啥 | 我订阅了哪些 | 我都订阅了什么 | 我都订阅了啥"
    ),
    "today": (
        "today | today's papers | show me today's papers | what's new | what's new today | what is new | what is new today"
        " | anything new | anything new today | any new papers | any new papers today | what did i get today | what did i miss"
        " | 今天 | 今天的论文 | 今天有什么论文 | 今天有什么新论文 | 有什么新论文 | 有什么新的"
    ),
    "help": "help | 帮助",
    "set": "settings | set | 设置",
    "saved": "saved | saved papers | my saved papers | 收藏 | 我的收藏 | 收藏的论文",
    "status": (
        "status | when is the next delivery | when is the next one | when do the next papers come | when do the papers come"
        " | when will the papers come | when do my papers come | when will my papers come | where are my papers | 状态"
        " | 下次什么时候发 | 下一次什么时候发 | 什么时候发 | 论文什么时候来 | 我的论文呢"
    ),
    "why": "why | 为什么",
    "export": "export | 导出",
    "privacy": "privacy",
    "email": "email",
    "library": "library",
}
# command that is done at once, with [undo] below its reply → the whole texts that mean it
_DONE = {
    "pause": "pause | 暂停",
    "resume": "resume | 恢复",
    "stop": "stop | 停 | 停止",
    "start": "start | 开始",
    "undo": "undo | 撤销",
}
_TO_SHOW, _TO_DO = ({text: name for name, texts in of.items() for text in texts.split(" | ")} for of in (_SHOWN, _DONE))
_OFFERED = {
    **{name: name for name in ("feed", "forget", "import", "save")},
    "feed new": "feed",
    "feed stop": "feed",
    "resume skip": "resume",
}
_LIST_ALL = re.compile(r"list all[.!]*", re.IGNORECASE)
_SUBSCRIBE = re.compile(r"(?:sub|subscribe|订阅)(?=[\s:：\"“”'「『])[\s:：]*(?P<rest>\S.*)", re.IGNORECASE | re.DOTALL)
_ASKED = re.compile(r"subscribe (?:me )?to |订阅", re.IGNORECASE)  # an everyday wish may follow
# after "subscribe" it names nothing that papers contain
_NOTHING = re.compile(r"(?:to )?(?:now|please|me|us|here|again|this|that|it|all|everything)[.!?]*", re.IGNORECASE)
NUMBERS = r"#?\d{1,6}(?:(?:\s*[,，、和]\s*|\s+(?:and\s+)?)#?\d{1,6})*"  # one number, or several: "1, 2 and 4"
_UNSUBSCRIBE = re.compile(rf"(?:unsub|unsubscribe|remove|退订)\s*(?P<rest>{NUMBERS})", re.IGNORECASE)
_UNSUBSCRIBE_ALL = re.compile(r"(?:unsub|unsubscribe|remove|退订)\s*(?:all|全部|所有)", re.IGNORECASE)
_PAUSE = re.compile(
    r"(?P<name>(?:pause|resume)(?=\s)|暂停|恢复)\s*(?P<rest>[\d#一两二三四五六七八九十]\S*.*|(?:until|till)\s.+|到.+)",
    re.IGNORECASE,
)
_WHY = re.compile(
    r"(?:why (?:did|didn['’]t|did not) (?:i|we) (?:not )?(?:get|receive)|为什么我?(?:没有?)?收到)\s*(?P<rest>\S+?)[?？]?",
    re.IGNORECASE,
)
_TODAY = re.compile(r"(?:today|今天)\s*(?P<rest>#?(?P<number>\d{1,6})(?: \d{1,2}d)?)", re.IGNORECASE)
_NUMBERED = re.compile(
    r"(?P<name>edit|name|schedule|time)\s+(?P<number>#?\d{1,6})\s+(?P<rest>\S.*)", re.IGNORECASE | re.DOTALL
)
_WITH_WORDS = re.compile(
    r"(?P<name>why|为什么|like|save|search|搜索|export|导出|set|设置|lang|timezone|tz|schedule|time|email|import)(?P<gap>[\s:：]+)(?P<rest>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_OF_EXPORT = re.compile(r"bib|bibtex|ris|saved|\d{1,4}d", re.IGNORECASE)
_CALLED = {"为什么": "why", "搜索": "search", "导出": "export", "设置": "set", "time": "schedule"}
_BUTTON_FIRST = frozenset({"schedule", "email", "import", "name", "lang", "timezone", "tz"})


class Bare(NamedTuple):
    """A command that was typed without its slash."""

    name: str
    args: str = ""
    acts: bool = True  # False: it is shown as a button first
    number: str = ""  # the subscription that must be there; else the text is no command


def bare_command(text: str) -> Bare | None:
    """Return the command that a whole text is; None if it is none."""
    said = text.strip().removeprefix("/")  # /列表 is no command of any platform
    plain = folded(said).strip(" .!")
    if name := _TO_SHOW.get(plain.rstrip(" ?")) or _TO_DO.get(plain):
        return Bare(name)
    if name := _OFFERED.get(plain):
        return Bare(name, plain.partition(" ")[2], acts=False)
    for pattern, read in _FORMS:
        if (found := pattern.fullmatch(said)) and (bare := read(found)):
            return bare
    return None


def _subscribe(found: re.Match[str]) -> Bare | None:
    """Return /sub with what was typed; "subscribe to papers on moss" is read as a wish.

    Each of several lines begins so.
    """
    lines = [line.strip() for line in found[0].splitlines() if line.strip()]
    each = [_SUBSCRIBE.fullmatch(line) for line in lines]
    if not all(each) or _NOTHING.fullmatch(found["rest"].strip()):
        return None
    return Bare("sub", "\n".join(_wanted(line) for line in each if line))


def _wanted(line: re.Match[str]) -> str:
    """Return the query, and perhaps the time, of "sub moss daily 8" or "subscribe to papers on moss"."""
    meant = formed_wish(line[0]) if _ASKED.match(line[0]) else None
    return f"{meant.query} {meant.when}".strip() if meant else without_politeness(line["rest"])


def _pause(found: re.Match[str]) -> Bare | None:
    """Return a pause or its end: "1" (a subscription), "7d" (a time), or "1 until friday" (both)."""
    name, rest = _TO_DO[found["name"].casefold()], found["rest"]
    number, _, end = rest.partition(" ")
    is_number = number.removeprefix("#").isdecimal()
    if is_number and not end:
        return Bare(name, rest)
    is_end = _is_end(rest) or (is_number and _is_end(end.strip()))
    return Bare(name, rest) if is_end and name == "pause" else None


def _is_end(text: str) -> bool:
    try:
        parse_pause(text, UTC, _NOW)
    except Refused:
        return False
    return True


def _numbered(found: re.Match[str]) -> Bare | None:
    """Return edit, name or schedule of a subscription; a name is shown as a button first."""
    name, number, rest = found["name"].casefold(), found["number"], found["rest"]
    if name in ("schedule", "time"):
        return Bare("schedule", f"{number} {rest}") if split_when(rest).only_time else None
    return Bare(name, f"{number} {rest}", acts=name not in _BUTTON_FIRST, number=number.removeprefix("#"))


def _with_words(found: re.Match[str]) -> Bare | None:
    """Return a command with the words after it, if these are what it takes: "save 2601.11087", "export ris saved"."""
    name, rest = found["name"].casefold(), found["rest"]
    name = _CALLED.get(name, name)
    words = rest.replace(",", " ").split()
    match name:
        case "search":
            return Bare(name, rest)
        case "why" | "like" | "save":
            fits = all(mentioned(word) for word in words)
        case "export":
            fits = all(_OF_EXPORT.fullmatch(word) or mentioned(word) for word in words)
        case "set":
            fits = is_setting(rest)
        case "lang" | "timezone" | "tz":
            fits = is_setting(f"{name} {rest}")
        case "schedule":
            fits = split_when(rest).only_time
        case "email":
            fits = re.fullmatch(r"\S+@\S+", rest) is not None
        case _:
            fits = "|" in rest
    return Bare(name, rest.strip(), acts=name not in _BUTTON_FIRST) if fits and found["gap"].isspace() else None


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Bare | None]], ...] = (
    (_SUBSCRIBE, _subscribe),
    (_LIST_ALL, lambda _: Bare("list", "all")),
    (_UNSUBSCRIBE, lambda found: Bare("unsub", found["rest"])),
    (_UNSUBSCRIBE_ALL, lambda _: Bare("unsub", "all", acts=False)),
    (_PAUSE, _pause),
    (_WHY, lambda found: Bare("why", found["rest"]) if mentioned(found["rest"]) else None),
    (_TODAY, lambda found: Bare("today", found["rest"], number=found["number"])),
    (_NUMBERED, _numbered),
    (_WITH_WORDS, _with_words),
)
