"""Reads wishes for papers as people say them: "send me new papers on moss every friday, no surveys", 每天8点给我推送苔藓的论文. Pure.

To teach it a form, add a line to `_FORMS` or a word to a list of `_WORDS`. A text that has none of the forms is a query as it
was typed: a title or "learning to rank" must not be shortened.
"""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from subscriptions.categories import is_category
from subscriptions.planning.times import exclusions_at_end, is_time, split_when
from subscriptions.query import FIELDS
from subscriptions.query.parse import query_of
from subscriptions.query.rewriting import author_rule, words_rule

_LONGEST = 300  # most characters of a wish

# Word lists. A word of a form that is a name of a list stands for any word of the list.
_WORDS = {
    "ABOUT": "about | new on | new about | new in | on | in | of | for | from | by | with | regarding | concerning | related to"
    " | covering | mentioning | around | within | that are about | which are about | that mention | that mentions | abt | dealing with | to do with"
    " | from last week on | from the last week on | from this week on",
    "GET": "get | have | see | receive | read | find | follow | track | learn | know | hear | be told | be notified | watch"
    " | subscribe to | keep up with | stay up to date with | stay on top of | be kept up to date with | look at",
    "I": "i | we | i'd | i'll | i've | we'd",
    "INTERESTED": "interested",
    "LATEST": "latest | lastest | newest | new | recent | most recent | what's new | what is new | whats new",
    "ME": "me | us",
    "NEW": "the | a | an | any | all | some | more | every new | each new | new | latest | most recent | recent | newest"
    " | good | great | interesting | fresh | other | also | really | just | only | today's | yesterday's | this week's"
    " | last week's | last month's | this month's",
    "PAPERS": "papers | paper | articles | article | preprints | publications | literature | work | works | research | digest"
    " | studies | stuff | news | updates | results | every paper | everything | anything | something | things | alerts | whatever comes out | whatever is new",
    "POSTED": "posted | updated | informed | notified | in the loop | in the know | up to date | abreast",
    "PLURAL": "papers | papres | paprs | pappers | something | articles | preprints | publications | everything | anything | digest | updates | stuff | news",
    "SEND": "send | sned | sent | sending | share | drop | give | show | get | find | search for | look for | help me find | fetch | bring | deliver"
    " | recommend | suggest | forward | mail | email",
    "TELL": "tell | notify | alert | ping | inform | message | update | remind | let | email | mail",
    "THERE": "there is | there are | there's | theres | you see | you find | someone publishes | somebody publishes",
    "TRACK": "track | follow | watch | monitor | add",
    "WANT": "want | need | would like | like | love | would love | wish | wanna",
    "WHEN": "know | when | whenever | if | about | of | on | as soon as",
    "一下": "一次 | 一下子 | 一下 | 下 | 一个 | 一些 | 些 | 点儿 | 点 | 几篇 | 一篇 | 给我 | 我 | 来",
    "关于等": "关于 | 有关 | 最新的 | 最新 | 最近的 | 最近 | 新的 | 所有 | 全部 | 和 | 跟",
    "我": "我们 | 我 | 本人",
    "推送": "推送 | 推荐 | 推 | 发送 | 发来 | 发 | 来 | 看看 | 找找 | 找 | 搜索 | 搜 | 查找 | 查 | 介绍 | 提供",
    "想": "也想要 | 也想 | 想要 | 很想 | 想 | 也要 | 需要 | 要 | 希望 | 打算 | 喜欢",
    "看": "看到 | 看看 | 看 | 了解 | 读 | 收到 | 找 | 知道 | 学习 | 订阅 | 关注 | 追踪 | 跟踪 | 查 | 搜",
    "订阅": "订阅 | 持续关注 | 长期关注 | 密切关注 | 关注 | 追踪 | 跟踪 | 盯着 | 盯 | 留意",
    "请": "请问 | 请 | 麻烦 | 帮忙 | 帮我 | 能不能 | 能否 | 可以 | 可否 | 给我 | 我也 | 我 | 想要 | 想 | 也",
    # what may be said before a form, and behind the subject
    "OPENING": "hi | hello | hey there | hi there | hey | hiya | greetings | do | dear | bot | good morning | good evening | please | pls | plz | kindly | can you | could you"
    " | would you mind | would you | will you | can u | can we | could we | can i | could i | also | and | ok | so | thanks"
    " | now | then | 你好 | 您好 | 早上好 | 下午好 | 晚上好 | 请问 | 谢谢 | 另外 | 还有 | 最近 | 近期 | 请 | 麻烦 | 帮我 | 能不能 | 我想 | 希望",
    "ENDING": "please | pls | plz | thanks | thx | thank you | thanks a lot | thank you very much | many thanks | cheers | papers"
    " | articles | preprints | publications | literature | to me | for me | today | lately | recently | these days | this week"
    " | this month | last week | from last week | from the last week | from this week | as well | too | if possible | appears"
    " | appear | comes out | come out | is published | are published | shows up | is out | all days | can you do that"
    " | could you do that | could we get that | can i get that | send it | send them | send me | send me new | send me new ones"
    " | send me what's new | send me the new ones | let me know | notify me | alert me | tell me | keep me posted"
    " | keep me updated | works for me | only | that would be great | is enough | is fine | is ok | is okay | would be fine"
    " | :) | :-) | 论文 | 文章 | 文献 | 的资料 | 的研究 | 的最新研究 | 的最新进展 | 新研究 | 新东西 | 最新 | 新 | 进展 | 工作 | 相关的 | 相关"
    " | 方面的 | 方面 | 方向的 | 方向 | 领域的 | 的 | 有什么 | 有没有 | 有哪些 | 有 | 里 | 吗 | 呢 | 吧 | 呗 | 啊 | 呀 | 嘛 | 了 | 时 | 谢谢 | 感谢 | 多谢"
    " | 都行 | 都可以 | 就行 | 就好 | 我都要 | 我都想看 | 都要 | 都想看 | 推送 | 推送给我 | 发给我 | 给我 | 告诉我 | 通知我 | 提醒我 | 请 | 马上"
    " | 立刻 | 就 | 一下 | 如果有 | 一有 | 帮我盯着 | 帮我盯着点 | 帮我留意 | 帮我订一下 | 帮我订阅 | 帮我找找",
    # words behind the subject that make a text a wish, whatever it begins with
    "SURE": "please | pls | plz | thanks | thx | thank you | 的论文 | 的文章 | 的文献 | 的最新研究 | 的最新进展 | 的新研究 | 相关论文 | 新论文 | 新文章 | 论文有哪些 | 的都行 | 有什么新"
    " | 有没有新 | 有哪些 | 都要 | 都想看 | 谢谢 | 多谢 | 告诉我 | 通知我 | 提醒我 | 发给我 | 推送给我",
    # words of a person who asks to be sent papers, so that "daily" is a time
    "OFTEN": "send | sending | give | get | mail | email | deliver | subscribe | digest | alert | remind | notify | tell | please | pls | plz | 推送 | 发 | 订阅",
    "INTRODUCTION": "i'm | im | i | am | we're | we | my | our | as a | as an | 我 | 老师 | 导师 | 老板",
    # beginnings that need a time, an exclusion or a sure ending; beginnings that need a category
    "UNSURE": "订阅 | 关于 | 有关于 | 一有 | 如果有 | 要是有 | 有新的 | 有新 | 有没有 | 有什么 | 有无 | 求"
    " | i do | we do",
    "ALL": "all | all of | all from | just | only",
    # words of forms that are often misspelt, and with which no subject begins
    "MISSPELT": "recommend | interested | papers | articles | research | preprints | publications | subscribe | notify | anything"
    " | something | everything",
    # kinds of papers; function words; words with which no subject begins; words that no name of a person has
    "KIND": "surveys | survey | reviews | review | benchmarks | benchmark | datasets | dataset | code | theses | tutorials"
    " | editorials | preprints",
    "SMALL": "a | an | the | of | for | in | on | at | with | and | about | from | by | via | that | which | is | are | papers"
    " | articles | within",
    "NO-SUBJECT": "the | a | an | to | my | your | it | this | that | them | less | fewer | no | not | without | only | both | these | me | up | you | us | his | her | what"
    " | how | who | nothing | 你 | 什么 | 今天",
    "NO-NAME": "learning | networks | network | models | model | systems | theory | vision | language | data | science | physics"
    " | intelligence | computing | biology | chemistry | medicine | research | university | institute | lab | labs | disease"
    " | cancer | syndrome | optimization | matching | transformer | transformers | diffusion | attention | graph | neural"
    " | deep | machine | large | quantum | generative | agents | alignment",
}  # fmt: skip

# How wishes begin. What is in brackets may be missing, and may be said more than once.
_FORMS = """
[NEW] PLURAL ABOUT
[I] need|want|wanna [NEW] PAPERS ABOUT
SEND ME [NEW] [PAPERS ABOUT|ABOUT]
SEND [NEW] PAPERS ABOUT
I [also|would|do|really|still] WANT [NEW] [PAPERS ABOUT|ABOUT]
[I] [also|would|do|really|still] WANT [to] GET [ABOUT NEW PAPERS ABOUT] [NEW] [PAPERS ABOUT|ABOUT]
[I] [also|would|do|really|still] WANT [to] GET what's|whats|what happening|new|going|published|is [on|new] ABOUT
i'm|i|we're|we|im [am|are] [also] work|working|research|researching|study|studying|following|tracking|monitoring [on] [PAPERS ABOUT|ABOUT]
[i'm|i|we're|we|im] [am|are] [also] INTERESTED in [NEW] [PAPERS ABOUT|ABOUT]
[i'm|i|we're|we|im] [am|are] looking for [NEW] PAPERS ABOUT
i'm|i|we're|we|im [am|are] looking for [NEW]
TELL ME to|for [NEW] PAPERS ABOUT
help ME GET [NEW] [PAPERS ABOUT|ABOUT]
any|some|new [NEW] PAPERS ABOUT
working|researching|specializing|specialising on|in [PAPERS ABOUT]
doing|studying [PAPERS ABOUT]
would|i'd like|love [NEW] [PAPERS ABOUT|ABOUT]
[I] [would|be|am|i'm] happy|glad|grateful ABOUT|to [GET] [NEW] [PAPERS ABOUT|ABOUT]
[do you|have you|you] got [NEW] PAPERS [LATEST] ABOUT
i|we look for [NEW] [PAPERS ABOUT|ABOUT]
would|is it [be] possible to GET [NEW] [PAPERS ABOUT|ABOUT]
i|we do
TELL ME WHEN [WHEN] [THERE] [NEW] [PAPERS ABOUT|ABOUT]
keep|kept ME POSTED [ABOUT] [NEW] [PAPERS ABOUT|ABOUT]
keep an eye on|out [for] [NEW] [PAPERS ABOUT|ABOUT]
subscribe [ME] to [NEW] [PAPERS ABOUT|ABOUT]
subscribe
sign ME up for|to [NEW] [PAPERS ABOUT|ABOUT]
TRACK [NEW] PAPERS ABOUT
TRACK
[stay up to date|keep up|up to date] with|on [NEW] [PAPERS ABOUT|ABOUT]
[I] [would] be great|nice|good to GET [NEW] [PAPERS ABOUT|ABOUT]
i'm|i|we're|we|im [am|are] after [NEW] PAPERS ABOUT
[i've|i|we've|we] [have] [just|recently] started|starting|began [a|my] phd|postdoc|project|thesis|masters|job on|in|about
mostly|mainly|especially [INTERESTED in]
[what's|whats|what is|what are|the] LATEST [PAPERS] on|in|about|for|with|from|by|of
what PAPERS are there [LATEST] ABOUT
my|our thesis|phd|project|topic|topics|field|area|interest|interests|research|work is|are [ABOUT]
[i|we] care about
im|i'm|we're into
how about
whats|what's|what [is] happening|going [on] in|with|on
could I have|get|see [NEW] [PAPERS ABOUT|ABOUT]
can|may I have|get|see [NEW] PAPERS ABOUT
anything|something|what LATEST on|in|about|for|with|from|by
is|are there [NEW] PAPERS [LATEST] [ABOUT]
[do you|have you] have|got|know [NEW] PAPERS [LATEST] ABOUT
all|just|only [of|from]
whatever comes|is [out] [new] ABOUT
by
[请] 订阅 [一下] [关于等]
[请] 推送 [一下] [关于等]
[我] 想 [看] [一下] [关于等]
我|我们组|我们实验室|课题组 [在|正在|主要|也] 做|研究|搞|从事 [的] [是] [关于等]
给我 [一下] [关于等]
[我] [很|比较|最] 关心|感兴趣的是 [关于等]
我是 做|研究|搞|从事 [关于等]
[我|导师|老师] [的] 研究方向是|方向是|研究领域是
有没有|有什么|有无|有关于 [关于等]
一有|如果有|要是有|有新的|有新 [关于等]
[请] 最新的|最新|求推荐|求|关于
只要|只看|仅看 [关于等]
"""

_DIGESTS = "update|digest|summary|mail|email|alert|list"
# what a clause at the end begins with, and its other words, if it only asks to be sent papers
_ASKS = "kindly|share|could|can|would|will|please|send|what can|notify|alert|keep|let|give|mail|email|tell"
_ASKING = (
    "you|please|keep|share|send|give|mail|email|notify|alert|tell|me|us|new|latest|papers?|articles?|on|about|that|this|them|it|ones?|posted|"
    "updated|know|when|something|anything|appears?|comes|out|is|there|the|any|a|to|for|of"
)
# the same in Chinese: 请每天8点推送给我最新的论文就行
_ZH_ASKS = "想要?|希望|请|麻烦|能不能|可以|可否|能否|最好|就|帮我|你"
_ZH_SENDS = "收到|发送|发|推送|推|看到|看|更新|通知|提醒|汇总|来"
_ZH_TO = "给我们?|向我们?|帮我"
_ZH_FILLER = "我们?|给我们?|一下|一次|一遍|几篇|一篇|一些|点|相关|最新|新|的|这方面|论文|文章|文献|消息|更新|就行|就好|就可以|即可|吧|吗|呢|了|好吗|谢谢"
# Other words for the same: what is said -> how it is said here
_SAID_OTHERWISE = (
    (r"^(?:h\w{1,4}[,!.]? )?[\w ]{3,30} here[.,!] (?=\S)", ""),  # "hi, astronomer here."
    (r"^(?:hi|hello|hey|greetings) from [\w ]{2,30}[.,!] ", ""),
    # what stands between the verb and the subject: "notify me daily about", 想每周收到
    (
        r"^(.*?\b(?:notify|send|tell|update|e?mail|alert|give) (?:me|us)) (daily|weekly) (.+?)(?:,? please)?[.!?]*$",
        r"\1 \3, \2",
    ),
    (
        r"[,，]?\s*\b(?:as soon as|whenever|the moment) (?:they|it|one|something|there is one) (?:appears?|comes? out|is|are) ?(?:published|out|there)?(?=\W*$)",
        ", now",
    ),
    (
        r"\b((?:notify|send|tell|e?mail|alert|give) (?:me|us)) (?:immediately|instantly|right away|at once) (.+?)[.!?]*$",
        r"\1 \2, now",
    ),
    (r"我们?是[^,，]{0,10}(?:研究生|研究员|博士生|博士后|学生|老师|教师|教授|医生|护士|工程师|从业者)[,，。.!！]", ""),
    (r"([想要望])(每[^,，]{1,8}?)(收到|看到|看|读)([^,，]+)", r"\1\3\4，\2"),
    (r"[,;]?\s+(?:and |but )?(?:excluding|but no) ", ", no "),
    (r"[,，]?\s*(?:尤其是?|特别是|\bespecially|\bin particular|\bparticularly)\s*", " "),
    (rf"^.*?\b(?:an?|the|my) (daily|weekly) (?:{_DIGESTS}) (?:on|about|of|for) (.+)$", r"send me papers on \2, \1"),
    (
        rf"[,.;]?\s+(?:and |so )?(?:i |we )?(?:would|i'd|want|need|like|love|please)[^,.;]{{0,20}} (daily|weekly) (?:{_DIGESTS})$",
        r", \1",
    ),
    (
        rf"(?:[,.;?!]+|,? and)\s*(?:{_ASKS})(?:\s+(?:{_ASKING}))*(?=\W*$|,?\s+(?:on (?:\w+days?|weekends?)|at \d|every|each|once|daily|weekly)\b)",
        ",",
    ),
    (
        rf"[,，。;；](?:{_ZH_ASKS})*((?:每|周|星期|工作日|早|晚|上午|中午|下午)[^,，]{{0,12}}?)(?:{_ZH_TO})?(?:{_ZH_SENDS})(?:{_ZH_FILLER})*$",
        r"，\1",
    ),
    (
        r"[,，]一有(?:新的|新论文|新文章|了)?就(?:马上|立刻|立即)?(?:发我|发给我|通知我|告诉我|提醒我|推送给我)(?:吧|一下|哦)?$",
        "的论文，now",
    ),
    (
        rf"[,，](?:{_ZH_ASKS})*有新(?:的|论文|文章)*[就请时的话]*(?:发我|发给我|通知我|告诉我|提醒我)(?:吧|一下|哦)?$",
        "的论文",
    ),
    (
        r"^(?:请问)?有([^没什么无新关,，]{2,30}?)(?:方面|领域|方向|相关)?的?(?:最新|新)?的?(?:论文|文章|文献|研究)[吗么?？]+(?=$|[,，])",
        r"想看\1的论文",
    ),
    (
        r"[,;.!]\s*(?:and )?(?:any |the )?(?:new|latest) (?:papers|articles|ones|stuff)(?=\s+(?:at|on|every|each|once|daily|weekly)\b|\W*$)",
        ",",
    ),
    (
        rf"[,;.!]?\s+(?:and |so )?(?:i |we )?(?:want|need|would like|'d like) (?:an? |the |some )?(?:{_DIGESTS})s?(?=\s+(?:at|on|every|each|once|daily|weekly)\b)",
        ",",
    ),
    (
        r"([,;，；.?!]\s*(?:and |but )?|\bbut )(?:nothing|not|none|no papers|not papers|not interested) (?:about|on|from|by|in)\b",
        r"\1no",
    ),
    (r"([,;，；]\s*(?:and |but )?|\bbut )(?:skip|leave out|exclude)\b", r"\1no"),
    (r"[\s,，]*但是?(?=不要|不含|除了)", "，"),
    (r"别要|不看|不想看到|不包括", "不要"),
    (r"^除了?([^,，]{1,20}?)[以之]?外?的?[,，](.+)", r"\2，不要\1"),
    (r"[,，]\s*([^,，]{1,20}?)的?[就都]?(?:不要|除外)了?$", r"，不要\1"),
    (r"对([^,，]{1,40}?)[很也]?感兴趣", r"想看\1"),
    (r"^有([^,，]{2,40}?)的?新?(?:论文|文章)[就请时,，的话]*(?:通知我|告诉我|提醒我|发给我|推送给我)", r"想看\1的论文"),
)
_HAN = r"[\u4e00-\u9fff]"
_CAPITALISED = r"[A-ZÀ-ÖØ-Þ][\w.'-]*"
_NAME = rf"{_CAPITALISED}(?: (?:{_CAPITALISED}|van|von|de|der|den|la|le|di|da|del|dos|bin|al)){{1,3}}"
_NAMES = re.compile(rf"{_NAME}(?:(?:,? (?:and|or|&)|,) {_NAME})*(?= (?:about|on|in|with)\b|\W*$)")
_BETWEEN_NAMES = re.compile(r",? (?:and|or|&) |, |或者?|和|、")
_BEFORE_NAMES = re.compile(
    r"(?:\b(?:by|from|of|follow|track|watch|add|subscribe to)|关注|订阅|追踪|跟踪)\s*$", re.IGNORECASE
)
_AUTHOR = re.compile(
    r"作者[是为有]\s*(?P<is>[^的,，]+)|^(?P<of>[A-Z][\w.-]+(?: [A-Z][\w.-]+)+)'s?(?: (?:new|newest|latest|recent))*$"
    rf"|^(?:when|if|whenever) (?P<by>{_NAME}) (?:publish|post|write|release|upload)e?s(?: (?:something|anything|a|new|paper|papers|article))*$"
    rf"|^(?P<who>{_HAN}{{2,4}}?|[A-Za-z. -]+?(?:(?:或者?|和|、)[A-Za-z. -]+?)*) ?[最近新]*(?:发了什么|写了什么|写|发表|老师|教授|院士)$"
)
_TITLE = re.compile(
    r"(?:with |containing )?(?P<before>.+?) in (?:the|its|their) titles?\b|(?:papers? )?whose titles? (?:contains?|has|have)"
    r" (?P<behind>.+)|(?:标题|题目)[里中]?(?:带有|包含|含有|出现|有|含|带|是)\s*(?P<zh>[^的,，]+)的?",
    re.IGNORECASE,
)
# A comma or a blank before what is excluded; neither the minus of a query, nor "Not" in a title
_EXCLUDES = re.compile(r"[\s,，、;；.。]*[a-z\u4e00-\u9fff]|[.?!] [NWE]")
_CLEARLY_EXCLUDES = re.compile(r"\s+(?:不要|不含|除了)")
_OPERATORS = re.compile(rf"(?:^|\s)(?:(?:AND|OR|NOT|ANDNOT)\s|[-!=]\S)|[()|*]|\b(?:{'|'.join(FIELDS.by_name)})[:：]")
_OR = re.compile(  # neither 饱和 nor 和谐
    rf",? or (?:in |on |about )?| and also (?:in |on |about )?|或者?"
    rf"|(?<={_HAN})(?<![饱总中共缓温])和(?={_HAN})(?![谐平])|(?<=[a-z]) 和(?={_HAN})|(?<={_HAN})以及(?={_HAN})",
    re.IGNORECASE,
)
_COMMA = re.compile(r"\s*[,，、]\s*(?:(?:and|or) )?| and | or ")
_COMMON = re.compile(r"(?P<head>.+) (?:in|for|on|with) (?P<first>.+)")
_BOTH = re.compile(r"(\S+?)(?:,? (?:and|or|&) |\s*[,，、]\s*|\s*(?:和|或者?|与)\s*)(?=(\S+))")
_OF = re.compile(
    rf"(?<={_HAN}{{2}})(?:在(?={_HAN}{{2,12}}[中里上]的)|对于?(?={_HAN}{{2,12}}的(?:影响|作用|效果)))|[中里上]的(?={_HAN}{{2}})"
    rf"|(?<={_HAN}{{2}})的(?={_HAN}{{2}})|[里中]?面?的?关于|(?<=[\w ])[里中]的?(?= )"
)
_GAP = re.compile(  # before the wish in an introduction
    r"\b(?:and|to) |[.,!;] ?|[，。]|[让叫要]我"
    r"| (?=working|interested|researching|specialis|specializ|doing|studying|i'd |i would |i want |i need |we'd |we want )",
    re.IGNORECASE,
)
_LONGEST_INTRODUCTION = 130  # most characters of what a person says about themselves before the wish
_MOST_REPEATED = 4  # times that what is in brackets may be said
_MOST_WORDS = 15  # of a text without a form; a longer one is searched as it was typed
_FEW_WORDS = 4  # fewer capitalised words may be names: "Kalman and Wiener"
_FIRST_WORDS = 8  # words of a text that may be misspelt words of a form
_LONG_ENOUGH = 6  # letters of such a word
_ALIKE = 0.82  # how similar it is: 0 to 1
_MOST_PARTS = 8  # most parts before or behind a subject
_LONGEST_TIME = 40  # most characters of a time before a wish
_MOST_EXCLUSIONS = 3  # readings of the end of a text as an exclusion
_LONGEST_EXCLUSION = 5  # most words of what is excluded
_MOST_IN_COMMON = 2  # most words of "b" and "c" in "x in a, b or c", if all are in x
_QUOTES = "\"'“”‘’「」『』《》 "
_SIGNS = " \t,，.。;；:：!！?？~、"  # between the parts of a wish


class Wish(NamedTuple):
    """What a text without a slash asks for."""

    query: str  # in the query language, without its time
    when: str  # the time as it was typed: "every friday at 9"; "" if none was said


def wish(text: str) -> Wish | None:
    """Returns what a text without a slash asks for; None if it is searched as it was typed."""
    return formed_wish(text) or _plain(" ".join(text.split()))


def formed_wish(text: str) -> Wish | None:
    """Returns what a text asks for that has one of the everyday forms, perhaps misspelt; None if it has none."""
    said = " ".join(text.replace("’", "'").split())
    return _formed(said) or (_formed(spelt) if (spelt := _spelt(said)) != said else None)


def _spelt(said: str) -> str:
    """Returns a text with the first words as forms spell them: "recomend me papres on" is "recommend me papers on"."""
    words = said.split(" ", _FIRST_WORDS)
    for place, word in enumerate(words[:_FIRST_WORDS]):
        if len(word) >= _LONG_ENOUGH and word.isalpha():
            alike = get_close_matches(word.casefold(), _LISTS["MISSPELT"], n=1, cutoff=_ALIKE)
            words[place] = alike[0] if alike and alike[0][0] == word[0].casefold() else word
    return " ".join(words)


def _formed(said: str) -> Wish | None:
    if len(said) > _LONGEST or _OPERATORS.match(said):  # what begins with a sign or field of the language is a query
        return None
    for otherwise, meant in _OTHERWISE:
        said = otherwise.sub(meant, said)
    said, rules = _without_exclusion(said)
    before, subject, when = _without_beginning(said)
    subject, ending, later = _without_ending(
        subject, is_asked=bool(when or _OFTEN.search(said) or _is_of_category(subject))
    )
    if not rules:
        subject, rules = _without_exclusion(subject)
        subject, _, _ = _without_ending(subject, is_asked=False) if rules else (subject, "", "")
    if not subject or not _is_wish(before, subject, ending, rules, is_timed=bool(when or later)):
        return None
    query = _query(before, subject, rules)
    if query_of(query) is None:
        return None
    return Wish(query, _one_time(when, later))


def _plain(said: str) -> Wish | None:
    """Returns the wish of a text that has no form, but words between or beside its subjects that no paper needs to have."""
    if len(said) > _LONGEST or _OPERATORS.match(said) or _is_title(said):
        return None
    timed = split_when(said)
    words = _without_small(timed.query) if '"' in said else _words(timed.query)
    if timed.only_time or timed.either or words == timed.query or query_of(words) is None:
        return None
    return Wish(words, timed.when or "")


def _is_title(said: str) -> bool:
    """Returns whether a text without a form is a title or a sentence: long, with a sign in its middle, or all its long words capitalised."""
    words = said.split()
    capitals = [word[0].isupper() for word in words if word.casefold() not in _LISTS["SMALL"] and word[0].isalpha()]
    is_long = len(words) > _MOST_WORDS or re.search(r"[:?] ", said) is not None
    return is_long or (len(capitals) >= _FEW_WORDS and all(capitals))


def _is_of_category(subject: str) -> bool:
    return is_category(subject.split(maxsplit=1)[0]) if subject else False


def _one_time(first: str, second: str) -> str:
    """Returns the time that is said before a subject and the one behind it, "daily" and "at midnight", as one."""
    both = f"{first} {second}".strip()
    return both if is_time(both) else second or first


def _is_wish(before: str, subject: str, ending: str, rules: Sequence[str], *, is_timed: bool) -> bool:
    """Returns whether what stands around the subject of a text makes it a wish, and not the beginning of a title."""
    said = before.strip(_SIGNS).casefold()
    first = subject.split(maxsplit=1)[0]
    is_sure = bool(rules or _SURE.search(ending))
    if first.casefold() in _LISTS["NO-SUBJECT"] and said.rpartition(" ")[2] not in _LISTS["ABOUT"]:
        return False
    if said == "by":
        return _NAMES.match(subject) is not None
    if said in _LISTS["ALL"]:
        return is_category(first) or (is_sure and said in ("just", "only"))
    if said in _LISTS["UNSURE"] and not (said == "订阅" and (before != said or subject[0].isascii())):
        return is_timed or is_sure
    is_asked = is_timed and bool(ending)
    if not is_asked and (": " in subject or "。" in subject):  # a title, or several sentences
        return False
    return bool(is_asked or before or is_sure or _AUTHOR.match(subject) or _TITLE.match(subject))


def _without_exclusion(said: str) -> tuple[str, tuple[str, ...]]:
    """Splits what is excluded from the end of a text: ("moss, no surveys" -> "moss", ("surveys",))."""
    for found in [*exclusions_at_end(said)][-_MOST_EXCLUSIONS:]:
        rules = tuple(rule.removesuffix("的") for rule in found.rules)
        is_clear = found.apart or _CLEARLY_EXCLUDES.match(said, len(found.head)) or set(rules).issubset(_LISTS["KIND"])
        is_said = _EXCLUDES.match(said, len(found.head)) is not None
        if is_said and (is_clear or split_when(found.head).when) and all(map(_may_be_excluded, rules)):
            return found.head.rstrip(" -–—"), rules
    return said, ()


def _may_be_excluded(rule: str) -> bool:
    if len(rule.split()) > _LONGEST_EXCLUSION or ": " in rule:
        return False
    ending = split_when(rule.strip('"'))
    return ending.when is None and not ending.only_time


def _without_beginning(said: str) -> tuple[str, str, str]:
    """Splits the words before the subject of a wish from a text; returns (these words, the rest, the time that they say)."""
    start, when, begins = 0, "", False
    for _ in range(_MOST_PARTS):
        if not when and (end := _time_end(said, start)):
            start, when, begins = _gap_end(said, end), said[start:end], False
        elif not begins and (end := _form_end(said, start) or _introduced(said, start)):
            start, begins = end, True
        elif not begins and (opening := _OPENING.match(said, start)):
            start = opening.end()
        else:
            break
    if begins or when:
        return said[:start], said[start:].lstrip(_SIGNS), when
    return "", said if said.isascii() else said[start:], ""


def _form_end(said: str, start: int) -> int:
    """Returns the end of the longest form that begins at `start`; 0 if none does."""
    return max((found.end() for form in _PATTERNS if (found := form.match(said, start))), default=0)


def _introduced(said: str, start: int) -> int:
    """Returns the end of the form behind an introduction: "I'm a student and I'd like to read about"; 0 if there is none."""
    if not _INTRODUCTION.match(said, start):
        return 0
    for gap in _GAP.finditer(said, start, start + _LONGEST_INTRODUCTION):
        opening = _OPENING.match(said, gap.end())
        if end := _form_end(said, opening.end() if opening else gap.end()):
            return end
    return 0


def _time_end(said: str, start: int) -> int:
    """Returns the end of a time at the beginning of a wish; 0 if the words may be a part of its subject, as in "weekly supervision"."""
    ends = range(min(len(said), start + _LONGEST_TIME), start, -1)
    end = next((one for one in ends if _may_end(said, one) and is_time(said[start:one])), 0)
    behind = _gap_end(said, end)
    is_apart = said[end:behind].strip() or (not said.isascii() and said[end:behind])
    if end and (is_apart or _form_end(said, behind)):
        return end
    return 0


def _may_end(said: str, end: int) -> bool:
    """Returns whether a word may end here: not at a sign, nor between two letters or digits of English."""
    around = said[end - 1 : end + 1]
    return around[0] not in _SIGNS and not (len(around) > 1 and around.isascii() and around.isalnum())


def _gap_end(said: str, start: int) -> int:
    return len(said) - len(said[start:].lstrip(_SIGNS + "-–—"))


def _without_ending(said: str, *, is_asked: bool) -> tuple[str, str, str]:
    """Splits the words behind the subject of a wish from a text; returns (the rest, these words, the time that they say).

    Words that may be a time or a part of the subject are a time if the person asks to be sent papers (`is_asked`).
    """
    subject, when = said.rstrip(_SIGNS), ""
    for _ in range(_MOST_PARTS):
        timed = split_when(subject)
        if found := _ENDING.search(subject):
            subject = subject[: found.start()].rstrip(_SIGNS)
        elif (
            not when
            and timed.when
            and (is_asked or not timed.either or subject.removesuffix(timed.when).rstrip()[-1] in _SIGNS)
        ):
            subject, when = timed.query.rstrip(_SIGNS), timed.when
        else:
            break
    return subject, said[len(subject) :], when


def _query(before: str, subject: str, rules: Sequence[str]) -> str:
    """Returns the query for a subject without what the rules find."""
    wanted = subject if _OPERATORS.search(subject) else _wanted(before, subject)
    if rules and " OR " in wanted:
        wanted = f"({wanted})"
    return " ".join((wanted, *(f"-{rule}" for rule in rules)))


def _wanted(before: str, subject: str) -> str:
    """Returns a subject in words as a query: authors, words of the title, or any words."""
    if title := _TITLE.search(subject):
        rest = _words(subject[: title.start()] + subject[title.end() :])
        words = title["before"] or title["behind"] or title["zh"]
        return f"ti:{words_rule(words.strip(_QUOTES))} {rest}".strip()
    if author := _AUTHOR.search(subject):
        return " OR ".join(
            map(author_rule, _BETWEEN_NAMES.split(author["is"] or author["of"] or author["by"] or author["who"]))
        )
    by = re.search(r"(?:^|\s)by (?=\w)", subject)
    if by or _BEFORE_NAMES.search(before):
        start = by.end() if by else 0
        names = _NAMES.match(subject, start)
        if names and not set(names[0].casefold().split()).intersection(_LISTS["NO-NAME"]):
            authors = " OR ".join(map(author_rule, _BETWEEN_NAMES.split(names[0])))
            rest = _words(f"{subject[: by.start() if by else 0]} {subject[names.end() :]}")
            return f"({authors}) {rest}" if rest and " OR " in authors else f"{authors} {rest}".strip()
        if before.rstrip().endswith("by"):
            return " OR ".join(map(author_rule, _BETWEEN_NAMES.split(subject)))
    return _words(subject)


def _words(subject: str) -> str:
    """Returns words as a query: "X or Y" finds either; "a, b and c" is a list; function words need not be found."""
    subject = _OF.sub(" ", _BOTH.sub(_as_either, subject))
    head, *more = _COMMA.split(subject) if re.search("[,，、]", subject) else _OR.split(subject)
    if not more:
        if "+" in head and all(map(is_category, head.split("+"))):
            return " OR ".join(head.split("+"))
        return _without_small(head)
    common = _COMMON.fullmatch(head)
    if common and all(len(item.split()) <= _MOST_IN_COMMON for item in more):
        return f"{_without_small(common['head'])} ({' OR '.join(map(_without_small, (common['first'], *more)))})"
    return " OR ".join(filter(None, map(_without_small, (head, *more))))


def _as_either(found: re.Match[str]) -> str:
    """Writes two categories as one value, cs.CL+cs.LG, that finds either."""
    are_categories = all(map(is_category, (found[1].split("+")[-1], found[2].rstrip(_SIGNS))))
    return f"{found[1]}+" if are_categories else found[0]


def _without_small(words: str) -> str:
    parts = re.findall(r'"[^"]*"?|[^\s"]+', words)
    return " ".join(part.strip(",;.!?，；") for part in parts if part not in _LISTS["SMALL"])


def _any_of(words: Iterable[str]) -> str:
    """Returns a pattern for any of these words, longest first, with what is between it and the next word."""
    whole = (
        rf"(?<![\w'-]){re.escape(word)}(?![\w'-])" if word.isascii() else word
        for word in sorted(words, key=len, reverse=True)
    )
    return rf"(?:{'|'.join(whole)})[\s,:，：!.]*"


def _pattern(form: str) -> re.Pattern[str]:
    """Returns the pattern of a line of `_FORMS`. What is in brackets is repeated a few times only, so that no text takes long."""
    parts = []
    for part in re.findall(r"\[.+?\]|\S+", form):
        ways = part.strip("[]").split("|")
        options = "|".join("".join(_any_of(_LISTS.get(name, [name])) for name in way.split()) for way in ways)
        parts.append(f"(?:{options}){{0,{_MOST_REPEATED}}}" if part.startswith("[") else f"(?:{options})")
    return re.compile("".join(parts), re.IGNORECASE)


def _found(name: str, behind: str = "") -> re.Pattern[str]:
    """Returns the pattern of a list."""
    return re.compile(_any_of(_LISTS[name]) + behind, re.IGNORECASE)


_LISTS = {name: words.split(" | ") for name, words in _WORDS.items()}
_PATTERNS = tuple(map(_pattern, _FORMS.strip().splitlines()))
_OPENING, _ENDING, _INTRODUCTION = _found("OPENING"), _found("ENDING", r"\Z"), _found("INTRODUCTION")
_SURE, _OFTEN = _found("SURE"), _found("OFTEN")
_OTHERWISE = tuple((re.compile(said, re.IGNORECASE), meant) for said, meant in _SAID_OTHERWISE)
