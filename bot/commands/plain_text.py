"""A text without a slash: papers by their ids, a wish for a change, or words to look for; nothing is changed by one. Distress gets a kind sentence.

The order is that of docs/guide.md. Commands that were typed without their slash come before, see bare_commands.py.
"""

import re
import unicodedata
from dataclasses import replace
from typing import Literal

from bot.commands.asking import subscription_numbered, subscriptions_here
from bot.commands.bare_commands import Bare
from bot.commands.cards import named_papers, no_paper, opens_a_paper, papers_wanted
from bot.commands.context import DO, NOTHING, Callback, CommandContext, CommandFunction, Wanted, with_stored_chat
from bot.commands.everyday import formed_wish, wish, without_time
from bot.commands.search import finds_papers, papers_found, texts_wanted, try_query
from bot.commands.start import speak_button
from bot.commands.subscription_list import change_list
from bot.ports.channel import Reply
from bot.ports.conversation import FileWithoutCommand
from subscriptions.model import ChatKind
from subscriptions.normalize import tokens
from subscriptions.planning.times import only_excluded, without_politeness
from subscriptions.query.links import links_to_no_paper, mentioned
from subscriptions.texts.normal_forms import folded

MOST_PAPERS = 5  # ids or links of one text whose cards are shown
_FEW_WORDS = 2  # beside the verb, of a wish for a change of something that is not subscribed: 退订扩散
_ALIKE = 0.74  # how similar to the name of a command a word must be: 0 to 1
# words of a text that seems to want a change of what is subscribed or set
_CHANGES = re.compile(
    r"^(?:no|without|except|skip|not at) |\b(?:stop|remove|delete|cancel|unsub|unsubscribe|pause|mute|snooze|resume|change|edit|move|switch"
    r"|drop|exclude|less|fewer|instead|too many|too much|too often|no more|any ?more|make (?:it|them)|quit|unfollow|rename|swap|undo"
    r"|get rid of|take me off|leave out|turn (?:it |this )?off|enough|subscriptions?|subscribed|settings?|time ?zone"
    r"|notifications?|replace|merge|irrelevant|useless|bring back|put (?:it|them) back|on (?:vacation|holiday|leave)|speak (?:english|chinese)|(?:only|at most|up to) \d+|(?:it|them) (?:later|earlier)|start sending|(?:message|contact) me|titles only|only (?:want )?titles"
    r"|(?:to|by) my e?mail)\b|^(?:不要|不看|加上)|退订|取消|删除|删掉|删了|去掉|暂停|停止|停一停|停一下|恢复|修改|更换|改成|改到|改一下|换成|挪到|撤销|关掉|静音|太多|太少|太频繁"
    r"|不想看|不相关|时区|设置|重新|我的订阅|时间不对|别再|别发|不要再|不要了|不要发|不用发|少推|少发|够了|晚一点|早一点|度假|休假|出差|说中文|说英文",
    re.IGNORECASE,
)
# words beside them that say nothing of papers
_SMALL_WORDS = (
    "a all alert alerts and any anymore at by can city clock could daily day days do doing each evening every "
    "everything for from get getting give hello hey hi how i if in is it its just keep language less limit longer "
    "me message messages minute month months more morning my need next no not now of on one ones only other out "
    "over paper papers per please preprint preprints receive receiving rest result results send sending sends some "
    "sub subs subscription subscriptions than thank thanks that the them then these they thing things this those "
    "time times to today tomorrow two until up us want was week weekly weekend weeks well were what when while with "
    "would you your yours am are be been but don't dont i'd i'm im also again off monday tuesday wednesday thursday "
    "friday saturday sunday mon tue wed thu fri sat sun january february march april may june july august september "
    "october november december survey surveys review reviews benchmark benchmarks dataset datasets noon afternoon "
    "night holiday holidays vacation email emails mail mails notification notifications digest digests topic topics "
    "number rather prefer i've better could deliver delivered once let let's"
)
_SMALL = frozenset(_SMALL_WORDS.split())
_SMALL_ZH = re.compile(
    r"能不能|能否|可以|可否|论文|文章|文献|订阅|推送|综述|发送|消息|所有|全部|这个|那个|一个|两个|我的|时间|每天|每日|每周|工作日|周末|周[一二三四五六日天]|星期[一二三四五六日天]"
    r"|早上|上午|中午|下午|晚上|明天|今天|下周|一周|暂时|现在|以后|[一二三四五六七八九十两第个号条点半分到至天月日了的吧呢啊吗请把给我你再发都也就要不想改为是这那太多少收到看]"
)
_OF_DATA = re.compile(
    r"\bmy (?:data|account|messages)\b|\b(?:forget|erase) me\b|\b(?:know|store|save|have|everything|anything|all) about me\b|我的?(?:数据|资料|信息|账号|账户)|关于我",
    re.IGNORECASE,
)
_LONGEST_OF_DATA = 60  # characters of a text that asks what is stored; a longer one is looked for
# questions to the bot, which get help if no paper answers them
_QUESTION = re.compile(
    r"^(?:how|what|why|who|where|when|which|can|could|do|does|did|is|are|will|may|am)\b.*\?$|^(?:how (?:do|can|to|often)|what (?:is|are|can|do|did)"
    r"|who |why |is (?:this|it)|can i|may i|do you|are you)\b|怎么|怎样|如何|为什么|^谁|有人吗|^(?:能|可以|可否|能不能|能否)|[吗呢]$",
    re.IGNORECASE,
)
# whole texts that ask for nothing
_GREETING_TEXTS = (
    "hi|hello|hey|hello there|hi there|hey there|good morning|good afternoon|good evening|good night|thanks|thank you|thx|"
    "thanks a lot|many thanks|thank you very much|thank you so much|ok thanks|okay thanks|cheers|ok|okay|yes|no|"
    "test|testing|who are you|what are you|what is this|what can you do|hello! what can you do|hi, what can you do|"
    "how are you|bye|good bye|nice|great|cool|good|lol|yo|ping|help me|how does this work|tell me a joke|more|"
    "more like this|y|n|sure|please|no thanks|never mind|nevermind|forget it|你好|您好|嗨|谢谢|谢谢你|好|好的|是|不|不是|测试|早上好|晚上好|晚安|多谢|感谢|好的谢谢|收到|再见|你是谁"
    "|你能做什么|在吗|算了|没事|没事了|我想订阅|i want to subscribe|subscribe me"
)
_GREETINGS = frozenset(_GREETING_TEXTS.split("|"))
_SENTENCES = frozenset((
    "i want to die",
    "i just want to die",
    "i wish i was dead",
    "i wish i were dead",
    "i want to kill myself",
    "i am going to kill myself",
    "i am thinking of killing myself",
    "i am thinking about suicide",
    "i am suicidal",
    "i feel suicidal",
    "i want to end my life",
    "i want to end it all",
    "i want to hurt myself",
    "i do not want to live",
    "i do not want to live any more",
    "i do not want to be alive any more",
    "i have no reason to live",
    "我想死",
    "我好想死",
    "我想自杀",
    "我要自杀",
    "我想自殺",
    "我想自残",
    "我想伤害自己",
    "我想结束生命",
    "我想结束自己的生命",
    "我不想活了",
    "我真的不想活了",
    "不想活了",
    "我活不下去了",
    "我真的活不下去了",
))  # fmt: skip
_IN_FULL = {"im": "i am", "dont": "do not", "anymore": "any more", "wanna": "want to", "gonna": "going to"}
_LONGEST_SENTENCE = 100  # characters


def plain_text(context: CommandContext) -> Reply | None:
    """Returns the reply to a text that is no command."""
    said = context.args.strip()
    if is_of_papers(said):
        return named_papers(context, said)
    if not said or (_has_file(context) and context.origin.kind is ChatKind.PRIVATE):
        return _of_file(context)
    if len(said) <= _LONGEST_OF_DATA and _OF_DATA.search(folded(said)):
        erase = context.runs("forget", label=context.say("erase this chat"))
        return context.reply("/privacy shows what I store; /forget erases it.", buttons=((erase,),))
    match _wish_for_change(context, said):
        case "list":
            return change_list(context, said)
        case "papers":
            return _with_mine(context, looked_for(context, said))
    return _found_or_mine(context, said)


def shown_first(bare: Bare) -> CommandFunction:
    """Returns what a command does that was typed without its slash, and that is shown as a button first."""
    return if_there(
        lambda context: context.reply("To do it, press:", buttons=((context.runs(bare.name, bare.args),),)), bare.number
    )


def if_there(run: CommandFunction, number: str) -> CommandFunction:
    """Returns a command about a subscription; if the chat does not have that number, what was typed is plain text."""

    def run_or_read(context: CommandContext) -> Reply | None:
        if not number or subscription_numbered(context, int(number)):
            return run(context)
        typed = context.message.text if context.message else context.args
        return plain_text(replace(context, args=typed))

    return run_or_read


def is_of_papers(said: str) -> bool:
    """Returns whether a text is nothing but ids and links of papers, at most five."""
    words = re.split(r"[\s,，、;；]+", said.strip(" ,，、;；.。"))
    return len(words) <= MOST_PAPERS and all(mentioned(word) for word in words)


def _has_file(context: CommandContext) -> bool:
    return context.message is not None and bool(context.message.file_id)


def _of_file(context: CommandContext) -> Reply | None:
    """Runs the command that reads such a file."""
    file = context.file
    if not isinstance(file, FileWithoutCommand):
        return context.reply("I read only text: words that papers should contain, or a link to a paper.")
    command = context.registry.by_name[file.command]
    known = with_stored_chat(context) if command.needs_manager else context
    return command.run(replace(known, file=file.content, args="", arguments={}))


def _wish_for_change(context: CommandContext, said: str) -> Literal["", "list", "papers"]:
    """Returns what a text that seems to want a change is about: what is subscribed, or other papers; "" for any other text.

    It is about other papers if its other words are of no subscription here, and are many or find papers. These papers come
    first then, since a title is looked for, too.
    """
    is_time = _is_time(said)
    there = subscriptions_here(context) if is_time or _CHANGES.search(folded(said)) else ()
    if not there:
        return ""
    left = set() if is_time else _other_words(said)
    ours = {token for one in there for token in tokens(f"{one.text} {one.name}")}
    if left and not left & ours and (len(left) > _FEW_WORDS or finds_papers(context, said)):
        return "papers"
    return "list"


def _is_time(said: str) -> bool:
    """Returns whether a text says only when papers are wanted: "please send them at 7"."""
    beside_it = without_time(without_politeness(said))
    return beside_it is not None and not _other_words(beside_it)


def _other_words(said: str) -> set[str]:
    """Returns the words of a wish for a change that are neither its verbs nor small words, pronouns, numbers and times."""
    rest = _SMALL_ZH.sub(" ", _CHANGES.sub(" ", folded(said)))
    words = (word for word in re.findall(r"[^\W_]+(?:['’]\w+)?", rest) if word not in _SMALL and not word[:1].isdigit())
    return {token for word in words for token in tokens(word)}


def _with_mine(context: CommandContext, found: Reply) -> Reply:
    return replace(found, buttons=(*found.buttons, (context.button("my subscriptions", "list"),)))


def asks_nothing(text: str) -> bool:
    """Returns whether a whole text asks for nothing: a greeting, thanks, both with a sign between them, only signs."""
    plain = folded(text).strip(" .!?~,")
    parts = [part for part in re.split(r"\s*[.!~,，。！]\s*", plain) if part]
    return plain in _GREETINGS or _GREETINGS.issuperset(parts) or not re.search(r"[^\W_]", plain)


def _found_or_mine(context: CommandContext, said: str) -> Reply:
    """Returns what a text finds; if that is nothing, [my subscriptions] is below, and a question to the bot gets help."""
    if asks_nothing(said):
        return what_to_say(context)
    if links_to_no_paper(said) and not mentioned(said):
        return no_paper(context, said)
    if rules := _only_excluded(said):  # the answer says that something must be wanted
        return try_query(context, " ".join(f"-{rule}" for rule in rules))
    found = looked_for(context, said)
    if found.items or found.ok is False or context.read_by_strangers:
        return found
    if _is_time(said) or (_QUESTION.search(folded(said).strip(" .!")) and formed_wish(said) is None):
        found = what_to_say(context)
    return _with_mine(context, found) if subscriptions_here(context) else found


def _only_excluded(said: str) -> tuple[str, ...]:
    """Returns what a text excludes that wants nothing: "no surveys". A title may begin so: "no free lunch theorem"."""
    rules = () if wish(said) else only_excluded(said)
    return rules if all(len(rule.split()) <= _FEW_WORDS for rule in rules) else ()


def looked_for(context: CommandContext, said: str) -> Reply:
    """Returns the papers that a text finds: as an everyday wish, else as it was typed, then those near in meaning."""
    if mentioned(said) and not finds_papers(context, said):
        return named_papers(context, said)
    if meant := wish(said):
        return papers_found(context, meant.query, when=meant.when, subject=_subject(said))
    return _with_near_command(context, said, try_query(context, said))


def _subject(said: str) -> str:
    """Returns what a wish is about as it was said; "" if it has a form, beside whose words its meaning is that of its query."""
    return "" if formed_wish(said) else said


def _with_near_command(context: CommandContext, said: str, reply: Reply) -> Reply:
    """If the words find nothing, adds to the reply a button for the command that was probably meant."""
    word, _, rest = said.partition(" ")
    if reply.items or not (word.isascii() and word.isalpha()) or context.registry.command_named(word):
        return reply
    near = context.registry.nearest(word, alike=_ALIKE)
    if not near or (rest and word.casefold()[0] != near[0]):
        return reply
    asked = context.say("Did you mean /{name}?", name=near)
    return replace(reply, lines=(*reply.lines, asked), buttons=((context.runs(near, rest),), *reply.buttons))


def writes(context: CommandContext) -> bool:
    """Returns whether the reply needs a writing transaction: the text has a file, or opens a paper."""
    return _has_file(context) or opens_a_paper(context)


def wanted(context: CommandContext) -> Wanted:
    """Wants what a text or a file is about: papers that it names, or the meaning of its words; a model, if the bot is not sure."""
    said, file = context.args.strip(), context.file
    if isinstance(file, FileWithoutCommand):
        command = context.registry.by_name[file.command]
        return command.wants(replace(context, args="", file=file.content)) if command.wants else NOTHING
    if not said or asks_nothing(said):
        return NOTHING
    reader = context.bot_info.model_reads and _is_unsure(context, said)
    if _only_excluded(said) or _wish_for_change(context, said) == "list":
        return Wanted(reader=reader)
    if mentioned(said) and (is_of_papers(said) or not finds_papers(context, said)):
        return papers_wanted(context)
    meant = wish(said)
    query, subject = (meant.query, _subject(said)) if meant else (said, "")
    return Wanted(texts=texts_wanted(context, query, subject), reader=reader)


def _is_unsure(context: CommandContext, said: str) -> bool:
    """Returns whether a language model may read a text: it seems to want a change, or finds nothing."""
    if context.read_by_strangers or _has_file(context) or mentioned(said) or links_to_no_paper(said):
        return False
    if _CHANGES.search(folded(said)) and subscriptions_here(context):
        return True
    meant = wish(said)
    return not finds_papers(context, meant.query if meant else said)


def what_to_say(context: CommandContext) -> Reply:
    """Returns a reply that says in two or three lines what people can write."""
    lines = (
        context.say("Send me words that papers should contain, such as diffusion -survey, or a link to a paper."),
        context.say("Words such as list, today, settings and stop do what they say."),
    )
    return Reply(
        lines=lines, buttons=((context.button("help", "help", text="all", replaces=True), speak_button(context)),)
    )


def is_distress(text: str) -> bool:
    """Returns whether a whole text is one of these sentences, in any letter case and with any punctuation."""
    if len(text) > _LONGEST_SENTENCE:
        return False
    words = re.findall(r"\w+", re.sub("['’`]", "", unicodedata.normalize("NFKC", text).casefold()))
    return " ".join(_IN_FULL.get(word, word) for word in words) in _SENTENCES


def comfort(context: CommandContext) -> Reply:
    """Says where somebody listens."""
    return context.reply(
        "I am sorry that it is so hard right now; please talk to somebody you trust, or to people who listen at any "
        "hour: https://findahelpline.com names them for each country, and in danger your emergency number (112, 911) helps."
    )


PLAIN_TEXT = Callback(plain_text, writes=writes, keeps_question=True, wants=wanted)
CALLBACKS = {DO: Callback(lambda _: None, needs_manager=True)}  # `intent` reads it as the command that it runs
