"""The names of a chat's settings and their values, as people read and type them in English and Chinese.

Settings are stored and exported under the short names of `chat_settings`, which can always be typed, too.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from unicodedata import normalize

from subscriptions.errors import Sentence

LABELS: Mapping[str, Sentence] = MappingProxyType(
    {
        "schedule": Sentence("Schedule"),
        "timezone": Sentence("Time zone"),
        "lang": Sentence("Language"),
        "text": Sentence("Text"),
        "limit": Sentence("Papers shown"),
        "sound": Sentence("Sound"),
        "quiet": Sentence("Quiet hours"),
        "shape": Sentence("Layout"),
        "crosslists": Sentence("Cross-lists"),
        "buttons": Sentence("Buttons"),
        "credits": Sentence("Who asked"),
        "quietday": Sentence("Empty days"),
        "manage": Sentence("Who may change it"),
    }
)
VALUES: Mapping[str, Mapping[str, Sentence]] = MappingProxyType(
    {
        "text": {
            "summary": Sentence("summary"),
            "abstract": Sentence("abstract"),
            "titles": Sentence("titles only"),
        },
        "limit": {"all": Sentence("all papers")},
        "sound": {"first": Sentence("first message, by day"), "off": Sentence("off")},
        "quiet": {"off": Sentence("off")},
        "shape": {
            "digest": Sentence("one digest"),
            "each": Sentence("a message for each paper"),
            "thread": Sentence("one line, papers in its thread"),
        },
        "crosslists": {"in": Sentence("included"), "out": Sentence("left out")},
        "buttons": {"full": Sentence("all buttons"), "link": Sentence("one link"), "off": Sentence("none")},
        "credits": {"on": Sentence("named"), "off": Sentence("not named")},
        "quietday": {"on": Sentence("a short note"), "off": Sentence("silence")},
        "manage": {"person": Sentence("you"), "admins": Sentence("admins"), "members": Sentence("all members")},
    }
)
"""Labels of values that are words. Times, zones, languages and numbers have none: rendering formats them."""

# Other words for a setting that people type.
_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "schedule": "time when times 推送时间 时间 定时 发送时间",
        "timezone": "tz zone clock 时区 时钟",
        "lang": "language 语言",
        "text": "content 内容 正文 文字",
        "limit": "papers papersshown max maximum 显示篇数 篇数 数量 上限 每次篇数 论文数 论文篇数",
        "sound": "sounds notification notifications 提示音 声音 铃声",
        "quiet": "quiethours night donotdisturb dnd 免打扰 免打扰时段 静音时段 勿扰",
        "shape": "layout form 版式 形式 排版",
        "crosslists": "crosslist crosslisted crosslistings 交叉列表 交叉",
        "buttons": "button 按钮",
        "credits": "credit whoasked 订阅者 署名 订阅者署名",
        "quietday": "dayswithoutpapers quietdays quietdaynote emptyday 无论文日 无论文的日子 空日",
        "manage": "manager whomaychangeit permissions rights 管理权限 权限 管理",
    }
)
# Other words for a value that people type.
_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "text": {
            "summary": "summaries 总结 概要",
            "abstract": "abstracts 摘要",
            "titles": "title 标题 仅标题 只有标题",
        },
        "limit": {"all": "off no none never unlimited nolimit everything 全部 所有 不限 全部论文 关 关闭"},
        "sound": {"first": "on yes true 开 打开 白天第一条消息", "off": "no none never false 0 关 关闭 无"},
        "quiet": {"off": "no none never false 0 关 关闭 无"},
        "shape": {
            "digest": "one together onedigest 合并 合并成一条 合为一条 一条消息",
            "each": "single perpaper 每篇 每篇一条 每篇一条消息",
            "thread": "threads 消息列 只发一行，论文在消息列中",
        },
        "crosslists": {
            "in": "on yes true include 包含 包括 要 开",
            "out": "off no none false exclude 不包含 不包括 不要 关",
        },
        "buttons": {
            "full": "on yes true all 全部 全部按钮 开",
            "link": "链接 一个链接",
            "off": "no none false 0 无 关 关闭",
        },
        "credits": {"on": "yes true 署名 开", "off": "no none never false 0 不署名 关 关闭"},
        "quietday": {"on": "yes true note 告知 开 简短告知", "off": "no none never false 0 不告知 关 关闭"},
        "manage": {
            "person": "me 我 你 本人",
            "admins": "admin 管理员",
            "members": "everybody everyone 成员 所有成员 所有人",
        },
    }
)


def named_setting(typed: str) -> str:
    """Returns the short name of the setting that a word names, in any letter case; "" if it names none."""
    return _BY_NAME.get(plain_name(typed), "")


def nearest_setting(typed: str) -> str:
    """Returns the word for a setting that is most similar to a typed word; "" if none is."""
    return next(iter(get_close_matches(plain_name(typed), list(_BY_NAME), n=1)), "")


def begins_with_name(typed: str) -> str:
    """Returns the Chinese word for a setting that a text begins with, with or without a blank behind; "" for none."""
    return max((word for word in _CHINESE if typed.startswith(word)), key=len, default="")


def meant_value(name: str, typed: str) -> str:
    """Returns the value of the setting `name` that a word names; "" if the word is no label, such as a number or time."""
    return _BY_VALUE.get(name, {}).get(plain_name(typed), "")


def listed(sentences: Iterable[Sentence]) -> Sentence:
    """Returns sentences joined by commas, as each language writes commas."""
    first, *others = sentences
    for other in others:
        first = Sentence("{first}, {next}", {"first": first, "next": other})
    return first


def plain_name(typed: str) -> str:
    """Returns words in the form in which they are compared: in lower case, without blanks, dashes and commas."""
    return "".join(sign for sign in normalize("NFKC", typed).casefold() if sign not in " -_,，")


_BY_NAME = MappingProxyType(
    {plain_name(word): name for name, label in LABELS.items() for word in (name, label.template, *_NAMES[name].split())}
)
_CHINESE = tuple(word for word in _BY_NAME if not word.isascii())
_BY_VALUE = MappingProxyType(
    {
        name: {
            plain_name(word): value
            for value, said in values.items()
            for word in (value, said.template, *_WORDS[name].get(value, "").split())
        }
        for name, values in VALUES.items()
    }
)
