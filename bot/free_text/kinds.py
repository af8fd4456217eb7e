"""What kind of text a person writes without a slash: a wish for a change, a question, words that ask nothing, distress. Pure."""

import re
from collections.abc import Iterable

from subscriptions.text.forms import folded
from subscriptions.text.words import tokens, written_tokens

_LONGEST_OF_DATA = 60  # characters of a text that asks what is stored; a longer one is looked for
_LONGEST_DISTRESS = 100  # characters
# words of a text that seems to want a change of what is subscribed or set
_CHANGE_BEGINS = "no, without, except, skip, not at"
_CHANGE = (
    "stop, remove, delete, cancel, unsub, unsubscribe, pause, mute, snooze, resume, change, edit, move, switch, drop, "
    "exclude, less, fewer, instead, too many, too much, too often, no more, any more, anymore, make it, make them, "
    "quit, unfollow, rename, swap, undo, get rid of, take me off, leave out, turn off, turn it off, turn this off, "
    "enough, subscription, subscriptions, subscribed, setting, settings, timezone, time zone, notification, "
    "notifications, replace, merge, irrelevant, useless, bring back, put it back, put them back, on vacation, "
    "on holiday, on leave, speak english, speak chinese, it later, it earlier, them later, them earlier, "
    "start sending, message me, contact me, titles only, only titles, only want titles, to my email, to my mail, "
    "by my email, by my mail"
)
_AT_MOST = r"(?:only|at most|up to) \d+"
_CHANGE_BEGINS_ZH = "不要 不看 加上"
_CHANGE_ZH = (
    "退订 取消 删除 删掉 删了 去掉 暂停 停止 停一停 停一下 恢复 修改 更换 改成 改到 改时间 改一下 换成 挪到 撤销 关掉 静音 太多 太少 太频繁 "
    "不想看 不相关 时区 设置 重新 我的订阅 时间不对 别再 别发 不要再 不要了 不要发 不要推送 不想再 不用发 少推 少发 够了 晚一点 早一点 度假 休假 出差 "
    "说中文 说英文"
)
# words beside them that say nothing of papers
_SMALL = (
    "a all alert alerts and any at by can city clock could daily day days do doing each evening every "
    "everything for from get getting give hello hey hi how i if in is it its just keep language limit longer "
    "me message messages minute month months more morning my need next no not now of on one ones only other out "
    "over paper papers per please preprint preprints receive receiving rest result results send sending sends some "
    "sub subs subscription subscriptions than thank thanks that the them then these they thing things this those "
    "time times to today tomorrow two until up us want was week weekly weekend weeks well were what when while with "
    "would you your yours am are be been but don't dont i'd i'm im also again off monday tuesday wednesday thursday "
    "friday saturday sunday mon tue wed thu fri sat sun january february march april may june july august september "
    "october november december survey surveys review reviews benchmark benchmarks dataset datasets noon afternoon "
    "night holiday holidays vacation email emails mail mails digest digests topic topics "
    "number rather prefer i've better could deliver delivered once let let's"
)
_SMALL_ZH = (
    "能不能 能否 可以 可否 论文 文章 文献 订阅 推送 综述 发送 消息 所有 全部 时间 每天 每日 每周 工作日 周末 "
    "早上 上午 中午 下午 晚上 明天 今天 下周 一周 暂时 现在 以后"
)
_SMALL_SIGNS_ZH = (
    "一二三四五六七八九十两第个号条点半分到至天月日了的吧呢啊吗请把给我你再发都也就要不想改为是这那太多少收到看"
)
_OF_DATA = re.compile(
    r"\bmy (?:data|account|messages)\b|\b(?:forget|erase) me\b"
    r"|\b(?:know|store|save|have|everything|anything|all) about me\b|我的?(?:数据|资料|信息|账号|账户)|关于我",
    re.IGNORECASE,
)
# questions to the bot, which get help if no paper answers them
_QUESTION = re.compile(
    r"^(?:how|what|why|who|where|when|which|can|could|do|does|did|is|are|will|may|am)\b.*\?$"
    r"|^(?:how (?:do|can|to|often)|what (?:is|are|can|do|did)|who |why |is (?:this|it)|can i|may i|do you|are you)\b"
    r"|怎么|怎样|如何|为什么|^谁|有人吗|^(?:能|可以|可否|能不能|能否)|[吗呢]$",
    re.IGNORECASE,
)
# whole texts that ask for nothing
_GREETINGS = (
    "hi|hello|hey|hello there|hi there|hey there|good morning|good afternoon|good evening|good night|thanks|thank you"
    "|thx|thanks a lot|many thanks|thank you very much|thank you so much|ok thanks|okay thanks|cheers|ok|okay|yes|no"
    "|test|testing|who are you|what are you|what is this|what can you do|hello! what can you do|hi, what can you do"
    "|how are you|bye|good bye|nice|great|cool|good|lol|yo|ping|help me|how does this work|tell me a joke|more"
    "|more like this|y|n|sure|please|no thanks|never mind|nevermind|forget it|i want to subscribe|subscribe me"
    "|你好|您好|嗨|谢谢|谢谢你|好|好的|是|不|不是|测试|早上好|晚上好|晚安|多谢|感谢|好的谢谢|收到|再见|你是谁|你能做什么|在吗|算了"
    "|没事|没事了|我想订阅"
)
_DISTRESS = """
i want to die
i just want to die
i wish i was dead
i wish i were dead
i want to kill myself
i am going to kill myself
i am thinking of killing myself
i am thinking about suicide
i am suicidal
i feel suicidal
i want to end my life
i want to end it all
i want to hurt myself
i do not want to live
i do not want to live any more
i do not want to be alive any more
i have no reason to live
我想死
我好想死
我想自杀
我要自杀
我想自殺
我想自残
我想伤害自己
我想结束生命
我想结束自己的生命
我不想活了
我真的不想活了
不想活了
我活不下去了
我真的活不下去了
"""
_IN_FULL = {"im": "i am", "dont": "do not", "anymore": "any more", "wanna": "want to", "gonna": "going to"}


def _any_of(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(words)})"


_CHANGES = re.compile(
    rf"^{_any_of(_CHANGE_BEGINS.split(', '))} |\b(?:{_any_of(_CHANGE.split(', '))}|{_AT_MOST})\b"
    rf"|^{_any_of(_CHANGE_BEGINS_ZH.split())}|{_any_of(_CHANGE_ZH.split())}",
    re.IGNORECASE,
)
_SMALL_WORDS = frozenset(_SMALL.split())
_SMALL_PARTS_ZH = re.compile(rf"{_any_of(_SMALL_ZH.split())}|(?:周|星期)[一二三四五六日天]|[{_SMALL_SIGNS_ZH}]")
_ASK_NOTHING = frozenset(_GREETINGS.split("|"))
_DISTRESSED = frozenset(" ".join(written_tokens(line)) for line in _DISTRESS.strip().splitlines())


def wants_change(said: str) -> bool:
    """Return whether a text seems to want a change of what is subscribed or set."""
    return _CHANGES.search(folded(said)) is not None


def other_words(said: str) -> set[str]:
    """Return the words of a wish for a change without its verbs, small words, pronouns, numbers and times."""
    rest = _SMALL_PARTS_ZH.sub(" ", _CHANGES.sub(" ", folded(said)))
    words = (
        word for word in re.findall(r"[^\W_]+(?:['’]\w+)?", rest) if word not in _SMALL_WORDS and not word[:1].isdigit()
    )
    return {token for word in words for token in tokens(word)}


def has_small_words(said: str) -> bool:
    """Return whether a text has words that say nothing of papers, as sentences have."""
    return not _SMALL_WORDS.isdisjoint(folded(said).split())


def asks_for_data(said: str) -> bool:
    """Return whether a text asks what is stored of a person, or wants it erased."""
    return len(said) <= _LONGEST_OF_DATA and _OF_DATA.search(folded(said)) is not None


def asks_the_bot(said: str) -> bool:
    """Return whether a text is a question that may be meant for the bot."""
    return _QUESTION.search(folded(said).strip(" .!")) is not None


def asks_nothing(said: str) -> bool:
    """Return whether a whole text asks for nothing: a greeting, thanks, several of them, only punctuation."""
    plain = folded(said).strip(" .!?~,")
    return (
        plain in _ASK_NOTHING
        or _ASK_NOTHING.issuperset(re.split(r"\s*[.!~,，。！]+\s*", plain))
        or _ASK_NOTHING.issuperset(re.split(r"[\s.!~,，。！]+", plain))
        or not re.search(r"[^\W_]", plain)
    )


def is_distress(said: str) -> bool:
    """Return whether a whole text is one of these sentences, in any letter case and with any punctuation."""
    words = written_tokens(said) if len(said) <= _LONGEST_DISTRESS else ()
    return " ".join(_IN_FULL.get(word, word) for word in words) in _DISTRESSED
