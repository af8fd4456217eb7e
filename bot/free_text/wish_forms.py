"""The forms of everyday wishes, and the words that mean the same, in English and Chinese.

To teach the bot a form, add a line to `FORMS` or a word to a list of `_WORDS`.
"""

# Word lists. A word of a form that is a name of a list means any word of the list.
_WORDS = {
    "ABOUT": "about | new on | new about | new in | on | in | of | for | from | by | with | regarding | concerning | related to"
    " | covering | mentioning | around | within | that are about | which are about | that mention | that mentions | that use | using | that apply | based on | that study | that discuss | focused on | focusing on | that combine | combining | abt | bout | dealing with | to do with | similar to"
    " | from last week on | from the last week on | from this week on | from last week about | from this week about",
    "GET": "get | have | see | receive | read | find | follow | track | learn | know | hear | be told | be notified | be informed | watch"
    " | subscribe to | keep up with | stay up to date with | stay on top of | be kept up to date with | look at",
    "I": "i | we | i'd | i'll | i've | we'd",
    "INTERESTED": "interested",
    "LATEST": "latest | lastest | newest | new | recent | most recent | what's new | what is new | whats new",
    "ME": "me | us",
    "NEW": "the | a | an | both | any | all | some | more | every new | each new | new | latest | most recent | recent | newest"
    " | good | great | interesting | fresh | other | also | really | just | only | arxiv | today's | yesterday's | this week's"
    " | last week's | last month's | this month's",
    "PAPERS": "papers | paper | articles | article | preprints | publications | literature | work | works | research | digest"
    " | studies | advances | developments | progress | breakthroughs | stuff | news | updates | results | every paper | everything | anything | something | things | alerts | whatever comes out | whatever is new",
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
    "关于等": "关于 | 有关于 | 有关 | 最新的 | 最新 | 最近的 | 最近 | 新的 | 所有 | 全部 | 和 | 跟",
    "我": "我们 | 我 | 本人",
    "推送": "推送 | 推荐 | 推 | 发送 | 发来 | 发 | 来 | 看看 | 找找 | 找 | 搜索 | 搜 | 查找 | 查 | 介绍 | 提供",
    "想": "也想要 | 也想 | 想要 | 很想 | 想 | 也要 | 需要 | 要 | 希望 | 打算 | 喜欢",
    "看": "看到 | 看看 | 看 | 了解 | 读 | 收到 | 找 | 知道 | 学习 | 订阅 | 关注 | 追踪 | 跟踪 | 查 | 搜",
    "订阅": "订阅 | 持续关注 | 长期关注 | 密切关注 | 关注 | 追踪 | 跟踪 | 盯着 | 盯 | 留意",
    "请": "请问 | 请 | 麻烦 | 帮忙 | 帮我 | 能不能 | 能否 | 可以 | 可否 | 给我 | 我也 | 我 | 想要 | 想 | 也",
    # what may be said before a form, and after the subject
    "OPENING": "hi | hello | hey there | hi there | hey | hiya | greetings | do | dear | bot | good morning | good evening | please | pls | plz | kindly | can you | could you"
    " | would you mind | would you | will you | can u | can we | could we | can i | could i | also | and | ok | so | thanks"
    " | now | then | 你好 | 您好 | 早上好 | 下午好 | 晚上好 | 请问 | 谢谢 | 另外 | 还有 | 最近 | 近期 | 请 | 麻烦 | 帮我 | 能不能 | 我想 | 希望 | 以后 | 今后",
    "ENDING": "please | pls | plz | thanks | thx | thank you | thanks a lot | thank you very much | many thanks | cheers | papers"
    " | articles | preprints | publications | literature | to me | for me | today | lately | recently | these days | this week"
    " | this month | last week | from last week | from the last week | from this week | since yesterday | since last week | came out | as well | too | if possible | appears"
    " | appear | comes out | come out | is published | are published | shows up | is out | all days | can you do that"
    " | could you do that | could we get that | can i get that | send it | send them | send me | send me new | send me new ones"
    " | send me what's new | send me the new ones | let me know | notify me | alert me | tell me | keep me posted"
    " | keep me updated | works for me | only | that would be great | is enough | is fine | is ok | is okay | would be fine"
    " | :) | :-) | 论文 | 文章 | 文献 | 的资料 | 的研究 | 的最新研究 | 的最新进展 | 新研究 | 新东西 | 最新 | 新 | 进展 | 工作 | 相关的 | 相关"
    " | 方面的 | 方面 | 方向的 | 方向 | 领域的 | 的 | 有什么 | 有没有 | 有哪些 | 最近的 | 最近 | 近期的 | 近期 | 有 | 里 | 吗 | 呢 | 吧 | 呗 | 啊 | 呀 | 嘛 | 了 | 时 | 谢谢 | 感谢 | 多谢"
    " | 都行 | 都可以 | 就行 | 就好 | 我都要 | 我都想看 | 都要 | 都想看 | 推送 | 推送给我 | 发给我 | 给我 | 告诉我 | 通知我 | 提醒我 | 请 | 马上"
    " | 立刻 | 就 | 一下 | 如果有 | 一有 | 帮我盯着 | 帮我盯着点 | 帮我留意 | 帮我订一下 | 帮我订阅 | 帮我找找",
    # words after the subject that make a text a wish, however it begins
    "SURE": "please | pls | plz | thanks | thx | thank you | 的论文 | 的文章 | 的文献 | 的最新研究 | 的最新进展 | 的新研究 | 相关论文 | 新论文 | 新文章 | 论文有哪些 | 的都行 | 有什么新"
    " | 有没有新 | 有哪些 | 都要 | 都想看 | 谢谢 | 多谢 | 告诉我 | 通知我 | 提醒我 | 发给我 | 推送给我",
    # words of a person who asks to be sent papers, so that "daily" is a time
    "OFTEN": "send | sending | give | get | receive | mail | email | deliver | subscribe | digest | alert | remind | notify | tell | please | pls | plz | 推送 | 发 | 订阅",
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

# How wishes begin. What is in brackets may be missing, and may be said more than once. WHAT: any papers, or only "about".
FORMS = """
[NEW] PLURAL ABOUT
[I] need|want|wanna [NEW] PAPERS ABOUT
SEND ME WHAT
SEND [NEW] PAPERS ABOUT
I [also|would|do|really|still|only|just] WANT WHAT
[I] [also|would|do|really|still|only|just] WANT [to] GET [ABOUT NEW PAPERS ABOUT] WHAT
[I] [also|would|do|really|still] WANT [to] GET what's|whats|what happening|new|going|published|is [on|new] ABOUT
i'm|i|we're|we|im [am|are|do] [also|mostly|mainly] work|working|research|researching|study|studying|following|tracking|monitoring|focus|specialize|specialise [on|in] WHAT
i'm|i|we're|we|im [am|are] [also|mostly|mainly] read|reading [PAPERS] about|on WHAT
our|my lab|group|team works|focuses on WHAT
[i'm|i|we're|we|im] [am|are] [also] INTERESTED in WHAT
[i'm|i|we're|we|im] [am|are] looking for [NEW] PAPERS ABOUT
i'm|i|we're|we|im [am|are] looking for [NEW]
TELL ME to|for [NEW] PAPERS ABOUT
help ME GET WHAT
any|some|new [NEW] PAPERS ABOUT
working|researching|specializing|specialising on|in [PAPERS ABOUT]
doing|studying [PAPERS ABOUT]
would|i'd like|love WHAT
[I] [would|be|am|i'm] happy|glad|grateful ABOUT|to [GET] WHAT
[do you|have you|you] got [NEW] PAPERS [LATEST] ABOUT
i|we look for WHAT
would|is it [be] possible to GET WHAT
i|we do
TELL ME WHEN [WHEN] [THERE] WHAT
keep|kept ME POSTED [ABOUT] WHAT
keep an eye on|out [for] WHAT
subscribe [ME] to WHAT
subscribe
sign ME up for|to WHAT
TRACK [NEW] PAPERS ABOUT
TRACK
[stay up to date|keep up|up to date] with|on WHAT
[I] [would] be great|nice|good to GET WHAT
i'm|i|we're|we|im [am|are] after [NEW] PAPERS ABOUT
[i've|i|we've|we] [have] [just|recently] started|starting|began [a|my] phd|postdoc|project|thesis|masters|job on|in|about
mostly|mainly|especially [INTERESTED in]
[what's|whats|what is|what are|the] LATEST [PAPERS] on|in|about|for|with|from|by|of
what PAPERS are there [LATEST] ABOUT
what|which [NEW] PAPERS ABOUT
my|our thesis|phd|project|topic|topics|field|area|interest|interests|research|work is|are [ABOUT]
[i|we] care about
im|i'm|we're [also|really|mainly|mostly] into
how about
also
whats|what's|what [is] happening|going [on] in|with|on
could I have|get|see WHAT
can|may I have|get|see [NEW] PAPERS ABOUT
anything|something|what LATEST on|in|about|for|with|from|by
is|are there [NEW] PAPERS [LATEST] [ABOUT]
[do you|have you] have|got|know [NEW] PAPERS [LATEST] ABOUT
all|just|only [of|from]
looking for [the] LATEST on|in|about|for
SEND ME the paper [called|titled|named|entitled]
the paper on|about
whatever comes|is [out] [new] ABOUT
by
[请] 订阅 [一下] [关于等]
[请] 推送 [一下] [关于等]
[我] 想 [看] [一下] [关于等]
我|我们组|我们实验室|课题组 [在|正在|主要|也] 做|研究|搞|从事 [的] [是] [关于等]
给我|告诉我|通知我|提醒我 [一下] [关于等]
[我] [很|比较|最] 关心|感兴趣的是 [关于等]
我是 做|研究|搞|从事 [关于等]
[我|导师|老师] [的] 研究方向是|方向是|研究领域是
有没有|有什么|有无|有关于 [关于等]
一有|如果有|要是有|有新的|有新 [关于等]
[请] 最新的|最新|求推荐|求|关于
只要|只看|仅看 [关于等]
""".replace("WHAT", "[NEW] [PAPERS ABOUT|ABOUT]")

_DIGESTS = "update|digest|summary|mail|email|alert|list"
_DAYS = r"(?:on|every|each) (?:\w*days?|week|morning|evening|weekends?)(?: at [\w:]+)?"
_A_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun|week)(?:days?|ends?)\b"
_ON_A_DAY = rf"(?:on|every|each) {_A_DAY}(?: at [\w:]+)?"
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
SAID_OTHERWISE = (
    (r"\bw/o\b", "without"),
    (r"\bw/ ?", "with "),
    (r"\b(?:papers? )?(?:like|similar to) (?=\d{4}\.\d{4,5}\b)", "papers on like:"),
    (r"\b(?:the )?top \d+ (?=papers)", ""),
    (r"\s[-–—]\s+(?=(?:but )?(?:no|not|without) )", ", "),
    (r"[,;]?\s+(?:ideally|preferably) .*$", ""),
    (r"^(?:h\w{1,4}[,!.]? )?[\w ]{3,30} here[.,!] (?=\S)", ""),  # "hi, astronomer here."
    (r"^(?:good )?(?:morning|afternoon|evening)(?: (?:all|everyone|everybody|team|folks|there|bot))?[,.!] (?=\S)", ""),
    (r"^(?:早上|上午|中午|下午|晚上)好[啊呀]?[,.!，。！~～]*(?=\S)", ""),
    (r"^(?:hi|hello|hey|greetings) from [\w ]{2,30}[.,!] ", ""),
    # what may come between the verb and the subject: "notify me daily about", 想每周收到
    (
        rf"^(.*?\b(?:notify|send|tell|update|e?mail|alert|give|remind) (?:me|us)) (daily|weekly|{_DAYS}) (.+?)(?:,? please)?[.!?]*$",
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
    (
        rf"的?[,，。;；](?:(?:请|麻烦|能不能|能否|可以|可否|帮我|给我|有没有|有什么)+(?:论文|文章|文献)?(?:推荐|找|介绍)|推荐(?={_ZH_FILLER}))(?:{_ZH_FILLER})*(?=\W*$)",
        "的论文",
    ),
    (r"我们?是[^,，]{0,10}(?:研究生|研究员|博士生|博士后|学生|老师|教师|教授|医生|护士|工程师|从业者)[,，。.!！]", ""),
    (r"([想要望])(每[^,，]{1,8}?)(收到|看到|看|读)([^,，]+)", r"\1\3\4，\2"),
    (r"[,;]?\s+(?:and |but )?(?:excluding|but no) ", ", no "),
    (r"[,，]?\s*(?:尤其是?|特别是|\bespecially|\bin particular|\bparticularly)\s*", " "),
    (
        rf"^.*?\b(?:an?|the|my) (daily|weekly) (?:{_DIGESTS})(?: ({_ON_A_DAY}))? (?:on|about|of|for) (?!{_A_DAY})(.+)$",
        r"send me papers on \3, \1 \2",
    ),
    (
        rf"\b(papers|articles|preprints|news|updates) ({_ON_A_DAY}) (about|on|of|by) (.+)$",
        r"\1 \3 \4, \2",
    ),
    (
        rf"[,.;]?\s+(?:and |so )?(?:i |we )?(?:would|i'd|want|need|like|love|please)[^,.;]{{0,20}} (daily|weekly) (?:{_DIGESTS})(?=$| (?:on|at|every|each) )",
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
        r"([,;，；.?!]\s*(?:and |but )?|\bbut )(?:nothing|not|none|no papers|not papers|not interested)(?: (?:about|on|from|in)\b|(?= by\b))",
        r"\1no",
    ),
    (r"([,;，；]\s*(?:and |but )?|\bbut )(?:skip|leave out|exclude)\b", r"\1no"),
    (r"[\s,，]*但是?(?=不要|不含|除了)", "，"),
    (r"别要|不看|不想看到|不包括", "不要"),
    (r"^not ([^,]{1,40}?), but (?!not\b)(.+)", r"\2, not \1"),
    (r"^不要([^的,，]{1,8})的([^,，]{2,40})$", r"\2，不要\1"),
    (r"^不要([^,，]{1,12})[,，]只?[要看]([^,，]{2,40})$", r"\2，不要\1"),
    (r"^[和跟与]([^,，]{2,40}?)(?:类似|相似)的", r"想看\1的"),
    (r"^除了?([^,，]{1,20}?)[以之]?外?的?[,，](.+)", r"\2，不要\1"),
    (r"^除了?([^,，]{1,20}?)[以之]外的?(?:所有|全部)?([^,，]+)$", r"\2，不要\1"),
    (
        r"^what (?:did|has|have) (.{3,60}?) (?:publish|posted?|write|written|release)(?:ed)?(?: (?:lately|recently|this week))?\?*$",
        r"papers by \1",
    ),
    (
        r"[,.;]\s+(?:what|which|where|how|any (?:suggestions|recommendations|ideas|advice)|do you|got any)\b[^,.;?]*\?+$",
        "",
    ),
    (r"[,，]\s*([^,，]{1,20}?)的?[就都]?(?:不要|除外)了?$", r"，不要\1"),
    (r"对([^,，]{1,40}?)[很也都]?感兴趣", r"想看\1"),
    (r"^有([^,，]{2,40}?)的?新?(?:论文|文章)[就请时,，的话]*(?:通知我|告诉我|提醒我|发给我|推送给我)", r"想看\1的论文"),
)

LISTS = {name: words.split(" | ") for name, words in _WORDS.items()}  # name -> words
SIGNS = " \t,，.。;；:：!！?？~、"  # between the parts of a wish
