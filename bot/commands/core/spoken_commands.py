"""Recognizes commands that are typed as words without a slash, in English and Chinese. Pure.

A command is a word alone or a whole phrase. Further words may follow only where they cannot be a query. Everything else is a
query, even if it begins with the name of a command: `list decoding`, `stop words`, `search engines`.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

from bot.commands.core.query_in_sentence import simplified
from subscriptions.planning.times import is_time
from subscriptions.zones import near_places, zone_of_place

HELLO = "hello"  # stands for a greeting or "what is this?", which is answered by what can be typed; it is no command

# Command, perhaps with arguments → phrases that mean it.
_PHRASES: Mapping[str, str] = MappingProxyType(
    {
        "list": (
            "list; my list; the list; subscriptions; my subscriptions; show subscriptions; "
            "show my subscriptions; show me my subscriptions; list subscriptions; list my subscriptions; "
            "what am i subscribed to; what do i follow; what are my subscriptions; "
            "which subscriptions do i have; 列表; 订阅列表; 我的列表; 我的订阅; 查看订阅; 查看我的订阅; "
            "看看我的订阅; 显示订阅; 显示我的订阅; 列出订阅; 列出我的订阅; 所有订阅; 全部订阅; 我订阅了什么; "
            "我订阅了哪些; 我有哪些订阅; 我关注了什么; 看一下我的订阅; 看看订阅; 列出所有订阅; 列出全部订阅; 查看所有订阅; 查看列表; 看列表; my subs; list my subs; show my subs; show list; "
            "show me my list; show me the list; when do i get papers; when do i get my papers; when will i get papers; "
            "when do papers come; when do the papers come; when do my papers come; when do you send papers; "
            "what time do papers come; what time do i get papers; when is my next digest; when is the next digest; "
            "when is my digest; when does my digest come; when is the next delivery; 什么时候发; 什么时候推送; "
            "下次什么时候发; 下次什么时候推送; 下次推送是什么时候; 几点发; 几点推送; 论文什么时候来"
        ),
        "when": (
            "no papers on weekends; no papers on the weekend; no papers at weekends; not on weekends; not at weekends; "
            "don't send me papers on weekends; do not send me papers on weekends; stop sending me papers on weekends; "
            "stop sending papers on weekends; nothing on weekends; 周末不要发; 周末别发; 周末不要推送; 周末不要发论文"
        ),
        "set limit": (
            "less papers; fewer papers; too many papers; i get too many papers; that's too many papers; "
            "that is too many papers; you send too many papers; you send me too many papers; send me fewer papers; "
            "send fewer papers; send me less papers; show fewer papers; show me fewer papers; 论文太多了; 太多论文了; "
            "少发一点; 少发点; 少推送一点; 发得太多了; 推送太多了"
        ),
        "help": (
            "help; help me; menu; commands; show commands; 帮助; 帮帮我; 帮助我; 菜单; 命令; 指令; 使用帮助; 使用说明"
        ),
        "stop": (
            "stop; stop it; stop this; stop please; stop everything; stop all; stop sending; stop messages; "
            "leave me alone; 停; 停止; 停下; 停一下; 停止推送; 别发了; 别再发了; 不要再发了; 不要发了; 别烦我; 别吵; 不想收了; 不想要了; "
            "how do i stop this; how can i stop this; how to stop this; stop sending me papers; "
            "stop sending papers; stop sending me messages; stop it now; no more papers; no more messages; "
            "不要再给我发了; 别给我发了; 怎么停止"
        ),
        "unsub": (
            "unsubscribe; unsub; unsubscribe from; unsubscribe me; unsubscribe me from; i want to unsubscribe; cancel subscription; "
            "cancel my subscription; cancel a subscription; remove subscription; remove a subscription; "
            "delete subscription; delete a subscription; 取消订阅; 退订; 我要退订; 我要取消订阅; 删除订阅; "
            "取消关注; how do i unsubscribe; how can i unsubscribe; how to unsubscribe; 怎么退订; 如何退订; "
            "怎么取消订阅; 如何取消订阅"
        ),
        "sub": (
            "subscribe; subscribe to; subscribe me; subscribe me to; i want to subscribe; i want to subscribe to; 订阅; 我要订阅; 我想订阅; 新订阅; 添加订阅; 新增订阅"
        ),
        "unsub all": (
            "unsubscribe all; unsubscribe me from all; unsubscribe me from everything; cancel my subscriptions; unsubscribe from all; unsubscribe everything; unsubscribe from everything; "
            "remove all; remove everything; delete all; delete everything; remove all subscriptions; "
            "delete all subscriptions; cancel all; cancel all subscriptions; unsuball; 全部取消; 全部退订; "
            "全部删除; 取消全部; 退订全部; 取消所有订阅; 取消全部订阅; 删除所有订阅; 删除全部订阅; 退订所有"
        ),
        "set": (
            "settings; my settings; my preferences; show settings; show my settings; change settings; 设置; "
            "我的设置; 查看设置; 修改设置; 更改设置; 设定; 偏好设置; 配置"
        ),
        "undo": (
            "undo; undo it; undo that; undo this; take it back; take that back; revert that; 撤销; 撤回; 撤消; "
            "取消上一步; 恢复上一步"
        ),
        "cancel": "cancel; never mind; nevermind; forget it; 取消; 算了; 没事了",
        "today": (
            "today; latest; new papers; the new papers; papers today; today's papers; todays papers; "
            "papers of today; latest papers; the latest papers; newest papers; today's new papers; "
            "new papers today; any new papers; any papers today; any new papers today; are there new papers; "
            "are there any new papers; are there new papers today; are there any new papers today; anything new; "
            "anything new today; is there anything new; is there anything new today; what is new; what's new; "
            "whats new; what is new today; what's new today; whats new today; what is there today; "
            "what papers are new; what papers are new today; what came today; what came out today; "
            "what do you have today; show me new papers; show me the new papers; show me today's papers; "
            "show me the latest papers; show me papers; show papers; send me papers; give me papers; "
            "send me today's papers; 今天; 今日; 今日论文; 今天论文; 今天的论文; 今天的新论文; 今日新论文; "
            "今天有什么; 今天有什么新的; 今天有啥; 今天有啥新论文; 今天有什么论文; 今天有什么新论文; "
            "今天有什么新文章; 今天有哪些论文; 今天有哪些新论文; 今天有论文吗; 今天有新论文吗; 今天有没有论文; "
            "今天有没有新论文; 有什么新论文; 有什么新的论文; 有哪些新论文; 有啥新论文; 有新论文吗; 有没有新论文; "
            "有什么新的; 有什么论文; 有论文吗; 新论文; 最新论文; 最新的论文; 看看今天的论文; 看今天的论文; "
            "看看新论文; 给我看今天的论文; 我想看今天的论文; 今天更新了什么; show me everything; "
            "show me all papers; all papers; show me something; anything interesting; "
            "anything interesting today; surprise me; 最近有什么好论文; 最近有什么论文; 最近有什么新论文; 有什么好论文; 看论文; 我想看论文; 推荐论文; 推荐几篇论文; 给我推荐论文"
        ),
        "pause": (
            "pause; mute; pause it; pause all; pause everything; pause subscriptions; take a break; 暂停; "
            "暂停推送; 暂停订阅; 全部暂停; 静音; 先停一停"
        ),
        "resume": (
            "resume; unpause; unmute; resume all; resume everything; go on; continue; start again; 恢复; "
            "恢复推送; 恢复订阅; 全部恢复; 继续; 继续推送; 取消暂停"
        ),
        "preview": "preview; 预览",
        "saved": (
            "saved; my saved; saved papers; my saved papers; show saved; show my saved; show saved papers; "
            "show my saved papers; papers i saved; what did i save; what have i saved; 我的收藏; 我收藏的论文; 收藏的论文; 收藏列表; "
            "查看收藏; 看看我的收藏; 保存的论文; 我保存的论文"
        ),
        "stats": "stats; my stats; show stats; show my stats; my statistics; show my statistics; 我的统计; 查看统计",
        "status": "status; your status; 运行状态",
        "export": "export; export my subscriptions; export subscriptions; 导出; 导出订阅; 导出我的订阅",
        "about": (
            "about you; about this bot; about the bot; 关于你; 关于机器人; who made you; who built you; "
            "who runs you; 谁做的你; 你是谁做的"
        ),
        "start": "start; begin; get started; 开始; 开始使用",
        "privacy": (
            "what do you store; what do you know about me; what do you store about me; 隐私政策; 你存了什么; "
            "你保存了什么"
        ),
        "timezone": (
            "timezone; time zone; my timezone; my time zone; set timezone; set time zone; change timezone; "
            "change time zone; change my timezone; change my time zone; set my timezone; set my time zone; 时区; "
            "我的时区; 设置时区; 修改时区; 更改时区"
        ),
        "lang": (
            "change language; change the language; switch language; set language; 更改语言; 切换语言; 修改语言; "
            "设置语言"
        ),
        "lang en": (
            "speak english; in english; switch to english; english please; 说英文; 说英语; 用英文; 用英语; "
            "切换到英文; 切换成英文; 换成英文; 改成英文"
        ),
        "lang zh": (
            "speak chinese; in chinese; switch to chinese; chinese please; 说中文; 讲中文; 用中文; 切换到中文; "
            "切换成中文; 换成中文; 改成中文; 请说中文"
        ),
        HELLO: (
            "hi; hello; hey; hallo; hola; ciao; bonjour; salut; hi there; hello there; hey there; hi bot; "
            "hello bot; howdy; yo; good morning; good afternoon; good evening; good day; how are you; "
            "how are you doing; nice to meet you; what can you do; what can i do; what can i do here; "
            "what can i say; what can i ask; what do you do; what are you; what are you for; what is this; "
            "what's this; what is this bot; who are you; how does this work; how does it work; how do you work; "
            "how do i use this; how do i use you; how do i use it; how do i start; how to use; how to use this; "
            "how to use it; how can i use this; how can i use you; can you help me; can you help; "
            "could you help me; what should i do; what should i type; what now; are you a bot; are you there; "
            "anyone there; 你好; 您好; 嗨; 哈喽; 哈啰; 你好啊; 早; 早上好; 上午好; 下午好; 晚上好; 大家好; 在吗; "
            "在不在; 在么; 你在吗; 你能做什么; 你能干什么; 你能干嘛; 你会什么; 你会做什么; 你可以做什么; "
            "你可以干什么; 你是谁; 你是什么; 你是做什么的; 你是干什么的; 你有什么功能; 有什么功能; 有哪些功能; "
            "能做什么; 能干什么; 可以做什么; 怎么用; 怎么使用; 怎么用你; 如何使用; 如何用; 这是什么; 这个怎么用; "
            "这怎么用; 该怎么用; 我能做什么; 我可以做什么; 我能问什么; 我可以说什么; 介绍一下; 介绍一下你自己; "
            "自我介绍; what's up; whats up; sup; test; testing; is anyone there; how to search; how do i search; "
            "how can i search; i need help; i don't understand; i do not understand; what; huh; 你叫什么; "
            "你叫什么名字; 怎么搜索; 我不懂; 不明白; 什么意思"
        ),
        "help sub": "how do i subscribe; how can i subscribe; how to subscribe; 怎么订阅; 如何订阅; 怎样订阅",
        "forget": (
            "forget me; delete me; delete my data; erase my data; delete my account; 忘记我; 删除我的数据; "
            "清除我的数据; 注销"
        ),
    }
)
_SPOKEN = {
    phrase.strip(): (command.partition(" ")[0], command.partition(" ")[2])
    for command, phrases in _PHRASES.items()
    for phrase in phrases.split(";")
}

_CIVILITIES = frozenset(
    {"hi", "hello", "hey", "hallo", "hola", "ciao", "bonjour", "salut", "thanks", "thank", "you", "ok", "okay", "test"}
    | {
        "yes",
        "no",
        "thx",
        "ty",
        "cheers",
        "bye",
        "goodbye",
        "cool",
        "great",
        "nice",
        "wow",
        "lol",
        "haha",
        "hmm",
        "sure",
        "so",
        "very",
    }
    | {
        "much",
        "good",
        "bot",
        "morning",
        "evening",
        "there",
        "再见",
        "拜拜",
        "哈哈",
        "嗯",
        "嗯嗯",
        "多谢",
        "感谢",
        "不客气",
        "你好",
        "您好",
        "嗨",
        "哈喽",
        "谢谢",
        "好的",
        "好",
        "是",
        "不",
    }
)
_LONGEST = 200  # characters of a phrase with its polite words
_THANKS_ROOM = 80  # characters at the end of a text where thanks are searched
_GROUPS = ("words", "more")
_BLANKS = re.compile(r"(\s\s)\s+")  # the patterns below are slow on long runs of blanks
_WORDS = tuple(phrase for phrase in _SPOKEN if phrase.isascii() and phrase.isalpha())

_NUMBERS = r"#?\d{1,4}(?:\s*(?:,|and|-|和|、|到|\s)\s*#?\d{1,4})*"
_MANY = r"(?:\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_CHANGED = r"(?:change|set|switch|move|make|put|(?:re)?schedule|send|deliver)"
_CHANGED_ZH = r"(?:改成|改为|改到|改在|换成|换到|设为|设成|调到|调成|调整到|调整为)"
_ALL = r"(?:(?:the|my|all|all\s+my)\s+)?(?:(?:delivery\s+)?time|schedule|everything|all|them|papers|digests?|subscriptions)"
_SOME_TIME = rf"(?:until\s.+|till\s.+|for\s+{_MANY}\s.+|{_MANY}\s+(?:days?|weeks?|hours?|months?)|[一二两三四五六七八九十半]{{1,2}}个?(?:天|周|星期|月|小时)|\d{{1,3}}\s*(?:d|w|h|days?|weeks?|hours?|天|周|星期|小时)|到.+|直到.+)"
# (pattern, command): a command followed by arguments that cannot be a query; the groups `words` and `more` hold them.
_WITH_WORDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), command)
    for pattern, command in (
        (r"(?:unsubscribe|unsub)\s+(?:me\s+)?(?:from\s+)?(?P<words>\S.*)", "unsub"),
        (r"stop\s+sending\s+(?:me\s+)?(?:papers\s+)?(?:on|about)\s+(?P<words>\S.*)", "unsub"),
        (rf"(?:remove|delete|cancel|drop)\s+(?:subscriptions?\s+|number\s+)?(?P<words>{_NUMBERS})", "unsub"),
        (rf"(?:取消订阅|退订|取消关注|删除订阅|删除|取消)\s*第?\s*(?P<words>{_NUMBERS})\s*[号条个]?", "unsub"),
        (r"(?:取消订阅|退订|取消关注|删除订阅)\s*(?P<words>\S.*)", "unsub"),
        (r"subscribe(?:\s+me)?(?:\s+please)?(?:\s+to)?[\s:]+(?P<words>[^\s:].*)", "sub"),
        (r"sub\s+(?P<words>\S.*)", "sub"),
        (r"订阅(?:一下)?[\s:]*(?![制量者式费号源]|服务|模式|经济)(?P<words>\S.*)", "sub"),
        (rf"(?:pause|mute)\s+(?P<words>{_NUMBERS}(?:\s+{_SOME_TIME})?|{_SOME_TIME})", "pause"),
        (rf"(?:暂停|静音)\s*第?\s*(?P<words>{_NUMBERS}(?:\s*{_SOME_TIME})?|{_SOME_TIME})\s*[号条个]?", "pause"),
        (rf"(?:resume|unpause|unmute)\s+(?P<words>{_NUMBERS})", "resume"),
        (rf"(?:恢复|继续|取消暂停)\s*第?\s*(?P<words>{_NUMBERS})\s*[号条个]?", "resume"),
        (r"show(?:\s+me)?\s+subscription\s+(?P<words>#?\d{1,4})", "preview"),
        (r"预览\s+(?P<words>\S.*)", "preview"),
        (rf"(?:preview|预览)\s*(?P<words>{_NUMBERS})", "preview"),
        (r"(?:today|今天|今日)\s*(?P<words>#?\d{1,4})", "today"),
        (r"today(?:'s|s)?\s+(?:new\s+)?papers\s+(?:on|about|in)\s+(?P<words>\S.*)", "today"),
        (r"(?:show|send|give)\s+(?:me|us)\s+(?:the\s+|all\s+)?(?:new(?:est)?\s+|latest\s+)?papers\s+(?:on|about|in)\s+(?P<words>\S.*?)\s+(?:from\s+|of\s+)?today", "today"),
        (r"(?:(?:show|send|give)\s+(?:me|us)|i\s+want(?:\s+to\s+see)?)\s+today(?:'s|s)?\s+(?:new\s+)?papers\s+(?:on|about|in)\s+(?P<words>\S.*)", "today"),
        (r"what(?:'s|s|\s+is)\s+new\s+today\s+(?:in|on|about|with)\s+(?P<words>\S.*)", "today"),
        (r"(?:what(?:'s|s|\s+is)\s+new|anything\s+new|(?:(?:are\s+there\s+)?any\s+)?(?:new\s+)?papers)\s+(?:in|on|about)\s+(?P<words>\S.*?)\s+today", "today"),
        (r"(?:(?:给我|帮我|我想|我要)?(?:看看|看|找|发|推送))?(?:今天|今日)的?(?:有没有|有什么|有哪些|有)?(?:新的?)?(?:关于|有关)?(?P<words>.+?)(?:方面|领域|相关)?的?(?:新|最新)?的?论文(?:吗|么)?", "today"),
        (r"set\s+(?P<words>(?:limit|quiet|schedule|lang|language|sound)\s+\S.*)", "set"),
        (rf"{_CHANGED}\s+(?:subscription\s+|number\s+)?(?P<words>#?\d{{1,4}})\s+(?:(?:to|for|be|come)\s+)?(?P<more>\S.*)", "schedule"),
        (rf"(?:把|将)?\s*第?\s*(?P<words>#?\d{{1,4}})\s*[号条个]?(?:订阅)?的?(?:推送)?(?:时间)?\s*{_CHANGED_ZH}\s*(?P<more>\S.*)", "schedule"),
        (rf"{_CHANGED}\s+(?:me\s+)?{_ALL}\s+(?:to\s+)?(?P<words>\S.*)", "schedule"),
        (rf"(?:把|将)?(?:全部|所有|所有的|所有订阅|推送|论文|时间|推送时间|它们)?\s*(?:都|全)?\s*{_CHANGED_ZH}\s*(?P<words>\S.*)", "schedule"),
        (r"(?:edit|change)\s+(?:subscription\s+|number\s+)?(?P<words>#?\d{1,4})\s+to\s+(?P<more>\S.*)", "edit"),
        (rf"(?:把|将)?\s*第?\s*(?P<words>#?\d{{1,4}})\s*[号条个]?(?:订阅)?\s*{_CHANGED_ZH}\s*(?P<more>\S.*)", "edit"),
        (r"(?:edit|修改|编辑)\s*(?P<words>#?\d{1,4}(?:\s.+)?)", "edit"),
        (r"(?:rename|call)\s+(?P<words>#?\d{1,4})\s+(?:to|as)\s+(?P<more>\S.*)", "name"),
        (r"(?:把|将)?\s*第?\s*(?P<words>#?\d{1,4})\s*[号条个]?(?:订阅)?(?:改名|重命名|命名)[为成]\s*(?P<more>\S.*)", "name"),
        (r"(?P<words>limit\s+(?:\d{1,3}|all)|quiet\s+(?:off|\d{1,2}(?::\d\d)?\s*-\s*\d{1,2}(?::\d\d)?))", "set"),
        (r"(?:rename\s+|(?:重命名|改名)\s*)(?P<words>#?\d{1,4}(?:\s.+)?)", "name"),
        (r"搜索\s+(?P<words>\S.*)", "search"),
        (r"语言\s*[:是]?\s*(?P<words>中文|英文|英语)", "lang"),
        (r"(?:(?:set|change)\s+)?(?:my\s+)?time\s?zone\s*(?:is|:|=|to)?\s+(?P<words>\S.*)", "timezone"),
        (r"(?:i\s+live\s+in|i\s*'?m\s+in|i\s+am\s+in)\s+(?P<words>\S.*)", "timezone"),
        (r"(?:我在|我住在|(?:设置|我的)?时区)\s*(?:是|为|改成|改为|:)?\s*(?P<words>\S.*)", "timezone"),
        (r"help\s+(?P<words>sub|unsub|list|edit|schedule|pause|resume|search|preview|today|export|import|query|when|settings)", "help"),
        (r"(?:why|whynot|why not)\s+(?P<words>(?:arxiv:)?\d{4}\.\d{4,5}(?:v\d+)?)\s*\??", "why"),
    )
)  # fmt: skip
_POLITE = re.compile(
    r"(?:(?:please|pls|plz|hi|hello|hey|ok|okay|paperwire|bot)\b[\s,]+|请问?[,\s]*|你好[,\s]+|麻烦[你您]?)+(?=\S)",
    re.IGNORECASE,
)
_THANKS = re.compile(r"(?:[\s,]+(?:please|pls|plz|thanks|thank you|instead))?[\s.!?。]*$", re.IGNORECASE)
_ENDS = re.compile(
    r"(?:[\s,]+(?:please|pls|plz|thanks|thank you|now|bot)|(?:吧|啊|呀|呢|哦|谢谢|一下)|[\s.!?~。,]+)$", re.IGNORECASE
)


def command_spoken(text: str) -> tuple[str, str] | None:
    """Returns (command, its arguments) of a text without a slash; (HELLO, "") for a greeting; None if the text is no command."""
    said = " ".join(simplified(text).casefold().split())
    for words in _readings(said) if len(said) <= _LONGEST else ():
        if words in _SPOKEN:
            return _SPOKEN[words]
    return _with_words(_BLANKS.sub(r"\1", text.strip()))


def is_small_talk(text: str) -> bool:
    """Returns whether a text asks for no paper: a greeting, a question about the bot, only punctuation or emoji."""
    words = "".join(char if char.isalnum() else " " for char in text.casefold()).split()
    return command_spoken(text) == (HELLO, "") or all(word in _CIVILITIES for word in words)


def mistyped(word: str) -> str:
    """Returns the command that is most similar to a word such as "lits"; "" if none is similar."""
    near = get_close_matches(word.casefold(), _WORDS, n=1, cutoff=0.74)
    name = _SPOKEN[near[0]][0] if near and near[0] != word.casefold() else ""
    return "" if name == HELLO else name


def _readings(said: str) -> tuple[str, ...]:
    """Returns the text as typed, then the text without polite words."""
    bare = said
    while (found := _ENDS.search(bare)) and found.start():
        bare = bare[: found.start()]
    polite = _POLITE.match(bare)
    return (said, bare, bare[polite.end() :]) if polite else (said, bare)


def _with_words(text: str) -> tuple[str, str] | None:
    folded = simplified(text)
    polite = _POLITE.match(folded)
    start = polite.end() if polite else 0
    thanks = _THANKS.search(folded, max(start, len(folded) - _THANKS_ROOM))
    end = thanks.start() if thanks else len(folded)
    for pattern, command in _WITH_WORDS:
        if found := pattern.fullmatch(folded, start, end):
            words, more = (text[slice(*found.span(group))] if group in found.groupdict() else "" for group in _GROUPS)
            if command == "timezone" and not near_places(words) and not zone_of_place(words):
                return None
            if command == "schedule" and not any(map(is_time, (more or words, f"at {more}"))):
                continue
            return command, f"{words} {more}" if more else words
    return None
