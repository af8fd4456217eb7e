"""The targets for typed text: queries, sentences, times, schedules in settings, lines of an export, conversations."""

import asyncio
import re
import shutil
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from zoneinfo import ZoneInfo

from bot.commands.intent import REGISTRY, understand
from bot.digests import read_digest
from bot.ports.conversation import MessageRequest, Place
from bot.rendering import queries_in_words
from bot.sentences.words.intents import command_in
from bot.sentences.words.reader import learned
from bot.sentences.words.subjects import query_in
from bot.settings import cron
from subscriptions import portable
from subscriptions.errors import QueryError, Refused
from subscriptions.model import ChatAddress, ChatKind
from subscriptions.planning import pauses
from subscriptions.planning.cadence import parse_cadence
from subscriptions.planning.times import NoSuchTime, as_words, read_when, split_when
from subscriptions.planning.times.reading import clock_of, hours_of
from subscriptions.query import links_in_text, parse
from subscriptions.query.tree import Query
from subscriptions.service.exporting import export
from subscriptions.store.database.store import Store
from subscriptions.texts.folding import visible
from tests.bot_harness import BotHarness
from tests.clock import NOON
from tests.digest_pages import PARTS
from tests.make import an_open_store, ingest_digest
from tests.programs.fuzz import target
from tests.programs.fuzz.target import Target

BERLIN: Final = ZoneInfo("Europe/Berlin")


def _encoded(*texts: str) -> tuple[bytes, ...]:
    return tuple(text.encode() for text in texts)


def check_query(data: bytes) -> None:
    """A text is a query, or is refused with its column. Its canonical text and its stored form mean the same."""
    text = target.text_of(data)
    query = _query(text)
    document = queries_in_words.explain(text, str)
    assert (document["error"] is None) == (query is not None) == bool(document["words"])
    if query is None:
        return
    again = parse.parse_canonical(query.canonical)
    assert again.canonical == query.canonical
    assert set(again.alternatives) == set(query.alternatives)
    with suppress(QueryError):
        kept = portable.kept_query(text)
        assert kept.canonical == query.canonical
        assert portable.kept_query(kept.text).canonical == kept.canonical
        assert target.storable(kept.text)


def _query(text: str) -> Query | None:
    try:
        return parse.parse_query(text)
    except QueryError as refused:
        assert 1 <= refused.column <= max(1, len(text) + 1)
        line, below = queries_in_words.caret(text, refused.column)
        assert below.strip(" ") == "^"
        assert not {"\n", "\r", "\t"} & set(line)
        return None


QUERY_WORDS: Final = (
    "AND", "OR", "NOT", "ANDNOT", " or ", '"', "(", ")", "|", "-", "!", "*", ":", "=", "，", "、", "&", "+", "#", "\\emph{", "“", "„", "«", "—",
    "（", "：", "＊", "＝", "\u200b", "\u0301", "\u3000", "ti:", "abs:", "author:", "cat:", "primary:", "id:", "doi:", "source:", "all:", "cs.LG",
    "cs.*", "hep-th", "cs.AI+q-bio.NC", "2601.15529v2", "hep-th/9901001", "https://arxiv.org/abs/2601.15529", "https://doi.org/10.1101/a(b)c",
    "few-shot", "c++", "α", "\\'e", '\\"o', "扩散", "且", "或", "不含", "作者：", "search_query=", "id_list=", "%22", "+AND+", "submittedDate:[", ", not ",
    ";", "cat:machine learning", "NEAR", "2024", "$", "'", "’", "İ", "ŉ", "ﬁ", "½",
)  # fmt: skip
QUERIES: Final = Target(
    check=check_query,
    code=("subscriptions.query", "subscriptions.normalize", "subscriptions.categories", "subscriptions.portable", "bot.rendering.language"),
    seeds=lambda: _encoded(
        'diffusion "few shot" -survey', "ti:graph OR abs:graph", "author:Yann LeCun cat:cs.LG", "(a | b) -(c d)", "neuro* =RAG",
        "https://arxiv.org/abs/2601.15529", "10.1101/2026.01.02.123456", "cs.* -cs.CV", "扩散 且 模型 不含 综述", "search_query=all:%22a+b%22+AND+cat:cs.LG",
        "diffusion, not survey", "作者：李华 或 标题：图", 'author:"Jane Lee" ti:"neural ODE"', "c++ C# 3.1",
    ),
    words=QUERY_WORDS,
)  # fmt: skip


_PLACES: Final = (
    (ChatKind.PRIVATE, "telegram", "42"),
    (ChatKind.GROUP, "telegram", "-1001"),
    (ChatKind.PRIVATE, "slack", "U1"),
    (ChatKind.TEAM, "slack", "C1"),
)


def check_words(data: bytes) -> None:
    """A text is understood as one command with typed arguments, or as a query. It causes nothing else."""
    if not data:
        return
    choice, text = data[0], target.text_of(data[1:])
    kind, platform, at = _PLACES[choice % 4]
    command, rest = ("", text)
    if platform == "telegram" and text.startswith("/"):
        command, _, rest = text[1:].partition(" ")
    request = MessageRequest(
        place=Place(chat=ChatAddress(platform, at), kind=kind),
        update_id="1",
        command=command.casefold(),
        text=rest,
        is_addressed=bool(choice & 4) or kind is ChatKind.PRIVATE,
        mentions_bot=bool(choice & 8),
        takes_bare_commands=platform == "slack",
        reply_to="7" if choice & 16 else "",
        trigger_id="t" if choice & 32 and platform == "slack" else "",
        written_at=NOON,
    )
    intent = understand(request, None, REGISTRY, now=NOON)
    assert intent is None or _typed(intent.args, text) or _typed(intent.args, visible(text)), intent
    assert (
        intent is None or not intent.target or intent.target.lstrip("@-").removeprefix("100") in text.replace("/c/", "")
    )
    query = query_in(text)
    assert text.strip() == "" or query.strip()
    assert query_in(text) == query
    spoken = command_in(text)
    assert spoken is None or REGISTRY.command_named(spoken[0])
    REGISTRY.nearest(text[:40])
    for paper in links_in_text.mentioned(text):
        assert paper
    links_in_text.links_to_no_paper(text)


def _typed(words: str, text: str) -> bool:
    """Tells whether each word was typed, or is short for a typed phrase (“unsubscribe all” is unsub with all).

    Operators that a sentence says in words (“but not”, “or”, “by”) are not words of the query. The setting of an intent,
    such as quiet of “set-quiet”, is the first word of its command. A Chinese time may be joined of several places.
    """
    settings = {intent.split("-")[1] for intent in learned().intents if intent.startswith("set-")}
    first, _, rest = words.partition(" ")
    words = rest if first in settings else words
    if timed := split_when(words).when:
        return {*timed.casefold()} <= {*text.casefold(), " "} and _typed(split_when(words).query, text)
    return words in {"all", "timezone", "text", "language", "time"} or all(
        word.removeprefix("author:").strip('-()"') in text.casefold()
        for word in words.casefold().split()
        if word != "or"
    )


SENTENCE_WORDS: Final = (
    "/sub ", "/unsub ", "/list", "/set ", "/today ", "/search ", "/edit ", "/pause ", "/connect ", "@papers ", "-1001234567/7 ", "\n/undo", "please ",
    "send me ", "papers on ", "papers by ", "every day at 9 ", "daily ", "on mondays ", "but not ", "without ", "and ", "or ", "about ", "thanks", "hello",
    "subscribe to ", "unsubscribe 2", "stop", "设置", "订阅", "取消订阅", "每天早上8点", "给我", "发", "关于", "的论文", "不要", "谢谢", "你好", "今天", "timezone ",
    "t.me/c/1234567/8", "https://t.me/papers", "https://arxiv.org/abs/2601.15529", "doi.org/10.1101/abc", "；", "，", "。", "？", "!", "\n", "\u3000", "I want ",
    "could you ", "new ", "any ", "what is ", "show me ", "weekly ", "except ", "’", "“", "”", "remind me ", "help ",
)  # fmt: skip
SENTENCES: Final = Target(
    check=check_words,
    code=("bot.commands.intent", "bot.sentences.words", "subscriptions.planning.times", "subscriptions.query.links"),
    seeds=lambda: tuple(
        bytes([number]) + text.encode()
        for number, text in enumerate(
            (
                "/sub diffusion daily 9 Berlin", "send me papers on graph neural networks every monday at 10, but not surveys", "papers by Yann LeCun and Ada Quill",
                "每天早上8点给我发关于扩散模型的论文，不要综述", "unsubscribe 1, 3-5", "what's new today?", "取消订阅 2", "/set@bot quiet 22:00-8", "sub diffusion\n/list",
                "@papers/7 list", "https://arxiv.org/abs/2601.15529 and doi.org/10.1101/abc", "hello", "time zone Berlin", "I would like to follow large language models",
                "search few-shot learning", "请每周一发给我 机器人 或 控制 的新论文，谢谢",
            )
        )
    ),
    words=SENTENCE_WORDS,
)  # fmt: skip


def check_time(data: bytes) -> None:
    """A text is a time or is refused. A time can be written and read again, and a pause ends in the future."""
    text = target.text_of(data)
    with suppress(Refused):
        when = read_when(text)
        again = read_when(str(when))
        assert again == when
        assert parse_cadence(str(when.cadence)) == when.cadence
    try:
        read_when(text)
    except NoSuchTime as refused:
        for nearest in refused.nearest:
            assert str(read_when(nearest)) == nearest
    except Refused:
        pass
    for line in (text, f"diffusion {text}"):
        ending = split_when(line)
        assert (ending.query == line) == (ending.when is None)
        assert ending.query.strip() or not line.strip() or ending.when is None
        if ending.when is not None:
            assert "".join(ending.when.split()) in "".join(line.split())
            _check_when(ending.when)
            assert split_when(as_words(line)).when is None
    clock_of(text)
    hours_of(text)
    with suppress(Refused):
        end = pauses.parse_pause(text, BERLIN, NOON)
        assert NOON < end <= NOON + pauses.LONGEST
        assert end.tzinfo is not None


def _check_when(text: str) -> None:
    """Checks that the part that was split off is a time, possibly one that paperwire does not support."""
    try:
        read_when(text)
    except NoSuchTime:
        pass
    except Refused as refused:  # the window of a when-out may end before it begins
        assert "is not a schedule" not in str(refused.sentence), refused


TIME_WORDS: Final = (
    "daily ", "weekly ", "weekdays ", "when-out ", "now", "every ", "at ", "monday", "mon-fri ", "9am", "9:30", "21.30", "22:00-8", "noon", "midnight",
    "morning", "evening", "in the ", "Berlin", "Asia/Shanghai", "UTC+5:30", "CST", "每天", "每周一", "工作日", "早上", "晚上", "8点", "9点半", "十二点", "北京时间",
    "到", "周末", "and ", "to ", "-", "–", "，", "twice ", "hourly", "monthly", "o'clock", "until ", "3 Mar", "2026-02-30", "for ", "2 weeks", "直到", "3月3日",
    "半", "一刻", "²", "１２", "：", "am", "pm", " p.m.", "a ", "next ", "tomorrow ", "fortnight", "half past ", "quarter to ",
)  # fmt: skip
TIMES: Final = Target(
    check=check_time,
    code=("subscriptions.planning", "subscriptions.zones"),
    seeds=lambda: _encoded(
        "daily 09:00 Europe/Berlin", "every monday at 10", "weekdays 9am", "when-out 8-20 weekdays", "每天早上8点 北京时间", "每周一 晚上9点半", "工作日 十二点",
        "mon-fri 9", "until 3 Mar 9:00", "2 weeks", "到周一", "3天", "22:00-8", "10pm to 7am", "diffusion daily at noon", "twice a day", "now UTC", "9 Berln",
        "until 2026-03-03 9:00", "3月3日", "every morning", "weekly fri 17:30 Tokyo",
    ),
    words=TIME_WORDS,
)  # fmt: skip


def check_schedule(data: bytes) -> None:
    """A line of the settings is a line of cron or is refused. Its times increase and are the times at which it is due."""
    line = target.text_of(data).strip().lower()
    if not cron.is_cron(line) or not cron.fits_any_day(line):
        return
    schedule = cron.CronSchedule(line, BERLIN)
    now = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)  # the night in which clocks go forward
    last, following = schedule.last_due(now), schedule.next_due(now)
    assert last is not None
    assert following is not None
    assert last <= now < following
    assert schedule.next_poll(now) == following
    assert schedule.next_due(following - timedelta(microseconds=1)) == following
    due = schedule.due_now(now)
    assert due is not None
    assert due.at == last


SCHEDULES: Final = Target(
    check=check_schedule,
    code=("bot.settings.cron", "cronsim"),
    seeds=lambda: _encoded(
        "0 6 * * mon-fri",
        "*/15 * * * *",
        "30 2 29 2 *",
        "0 9-17/2 1,15 jan-mar 7",
        "5 4 31 * fri-mon",
        "0 2 * * 0",
        "59 23 28-31 12 1-5/2",
    ),
    words=(
        "*", "/", "-", ",", " ", "0", "59", "60", "7", "23", "31", "2", "29", "jan", "dec", "sun", "mon-fri", "fri-mon", "*/5", "1-5/2", "0 0 ", " * *", "l", "w", "#",
        "?", "٣", "²", "00", "-1", "@daily", "5/1", "1,2,3",
    ),
)  # fmt: skip


def check_lines(data: bytes) -> None:
    """A file is read as lines of an export, or refused with a sentence that names the line."""
    try:
        text = portable.text_of(data)
    except UnicodeDecodeError as error:
        assert 0 <= error.start <= len(data)
        return
    me = ChatAddress("console", "me")
    for address, alone in ((None, False), (me, False), (me, True)):
        try:
            lines = portable.read_lines(text, address, alone=alone)
        except Refused as refused:
            assert "\n" not in str(refused.sentence)
            continue
        for line in lines:
            assert address is None or line.chat == me
            if line.query is not None and line.cadence is not None:
                assert portable.kept_query(line.query.text).canonical == line.query.canonical
                assert parse_cadence(str(line.cadence)) == line.cadence
                assert line.name is None or ("|" not in line.name and target.storable(line.name))


LINES: Final = Target(
    check=check_lines,
    code=("subscriptions.portable", "subscriptions.addresses", "subscriptions.planning.cadence"),
    seeds=lambda: _encoded(
        "[console:me]\nset limit 5\ndaily 09:00 Europe/Berlin | diffusion -survey | Diffusion\nnow | cat:cs.LG | \n",
        "[telegram:-1001234567890/7]\nset kind broadcast\nweekly mon 07:30 UTC | (a | b) c | letters\n# a remark\n",
        "when-out 08:00-20:00 weekdays Asia/Tokyo | 扩散 | 名字\n",
    ),
    words=(
        "now | ", " | ", "|", "｜", "[console:me]", "[telegram:-1001/7]", "[slack:T1/C1/1.2]", "set limit 5", "set kind broadcast", "set quiet 22:00-08:00", "# ",
        "\r\n", "\r", "\ufeff", "daily 09:00 UTC", "weekly mon 07:30 Europe/Berlin", "when-out 08:00-20:00 weekdays", "每天9点", "\x00", "\u2028", "-survey", '"',
    ),
)  # fmt: skip


MOST_LINES = 4  # most messages in one conversation
LONGEST = 4096  # most characters of a Telegram message
_CHATS: Final = ("telegram:42", "telegram:-1001", "console:me", "telegram:42")
_REVERSING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")


def check_talk(data: bytes) -> None:
    """Sends each line to a bot. Only refusals may be raised, replies can be stored and sent, and an export can be imported."""
    if not data:
        return
    said = [line[:LONGEST] for line in target.text_of(data[1:]).split("\n") if line.strip() and target.storable(line)]
    with TemporaryDirectory(prefix="paperwire-fuzz-") as folder:
        path = shutil.copyfile(_filled(), Path(folder) / "paperwire.db")
        with closing(Store(f"sqlite:///{path}")) as store:
            asyncio.run(_talk(store, _CHATS[data[0] % len(_CHATS)], said[:MOST_LINES]))


async def _talk(store: Store, chat: str, said: list[str]) -> None:
    bot = BotHarness(store, admins={"telegram:-1001": {"7"}})
    private = chat != "telegram:-1001"
    for line in said:
        more = {} if private else {"by": "7", "is_addressed": True, "mentions_bot": True}
        answer = await bot.says(line, chat, **more)
        assert answer or not private, f"{line!r} gets no answer"
        for payload in answer.payloads:
            text = str(payload["text"])
            assert text.strip()
            assert target.storable(text)
            _check_directions(text)
    portable.read_lines(export(store, None))


def _check_directions(text: str) -> None:
    """Checks that text direction marks are closed on the same line, so that they do not change the bot's own words."""
    for line in text.split("\n"):
        depth = 0
        for mark in _REVERSING.findall(line):
            assert mark in "\u2068\u2069", ascii(line)
            depth += 1 if mark == "\u2068" else -1
            assert depth >= 0, ascii(line)
        assert depth == 0, ascii(line)


@cache
def _filled() -> Path:
    """Returns the path of a database with two dozen invented papers. Each process makes it once."""
    folder = TemporaryDirectory(prefix="paperwire-fuzz-")
    _KEPT.append(folder)
    path = Path(folder.name) / "paperwire.db"
    with an_open_store(f"sqlite:///{path}") as store:
        for name in ("arxiv_rss", "daily_arxiv_md", "biorxiv_json"):
            page = PARTS[name].page(map(PARTS[name].part, range(1, 9))).encode()
            digest = read_digest(page, name, day=NOON.date())
            ingest_digest(store, digest, source=name, day=NOON.date(), now=NOON)
    return path


_KEPT: Final[list[TemporaryDirectory[str]]] = []  # removed at the end of the process

_CONVERSATIONS: Final = (
    "/sub Kite daily 9 Berlin\n/list\n/unsub 1\n/undo",
    "/sub diffusion -survey weekly mon\n/edit 1 diffusion OR kite\n/set quiet 22:00-8\n/set",
    "papers on kites every morning\nyes\nlist\npause until mon",
    "/today\n/search kite\n2\n/status",
    "订阅 风筝 每天早上8点\n列表\n/set language zh\n取消订阅 1",
    "/pause 2 weeks\n/resume\n/preview\n/why 1",
    "2601.00001\nhttps://arxiv.org/abs/2601.00002\n/help times\n/privacy",
    "/import\nnow | cat:cs.KT | Kites\n/export\n/forget",
    "/connect @papers\n/admin\n/about\n/stop",
    "/follow Ada Quill\n/mute kite\n/set timezone Tokyo\n/set limit 5",
)


CONVERSATIONS: Final = Target(
    check=check_talk,
    code=(
        "bot.commands",
        "bot.conversation",
        "bot.rendering",
        "subscriptions.chat_settings",
        "subscriptions.service",
    ),
    seeds=lambda: tuple(bytes([number]) + talk.encode() for number, talk in enumerate(_CONVERSATIONS)),
    words=(
        *SENTENCE_WORDS, *TIME_WORDS[::3], *QUERY_WORDS[::4],
        "/why ", "/preview ", "/resume", "/mute ", "/follow ", "/import\n", "/export", "/forget", "/privacy", "/status", "/admin ", "/help ", "/start ", "/undo",
        "Kite", "Ada Quill", "1", "2-3", "all", "yes", "no", "quiet ", "limit ", "language ", "shape ", "off", "on", "\u202e", "\u2066", "שלום", "@name", "<b>", "&amp;",
    ),
)  # fmt: skip
