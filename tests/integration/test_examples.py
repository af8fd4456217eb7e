"""The samples: each query that the program itself shows as an example finds a few of their papers, and each paper can be read."""

import re
from collections.abc import Iterator
from importlib.resources import files

import pytest
from babel.messages.pofile import read_po

from bot.cli.subcommands import SUBCOMMANDS
from bot.commands.context import BotInfo
from bot.commands.phrasing.setting_words import LANGUAGES
from bot.commands.start import ALL, EXAMPLES, TOPICS
from bot.commands.words.subject import query_in
from bot.demo.gallery import steps
from bot.demo.story import CONVERSATIONS, DEMO_CHATS
from bot.operation.samples import SAMPLES
from bot.platforms.slack.manifest import manifest
from bot.platforms.web import markup, playground
from bot.rendering.language import Language
from bot.sources.ingest import ingest
from subscriptions.planning.times._ending import split_when
from subscriptions.query.parse import parse_query
from subscriptions.query.syntax import LIKE
from subscriptions.service.paper_search import recent_matches
from subscriptions.store.database.store import Store
from tests.bot_harness import BotHarness
from tests.integration.docs_pages import DOCS, ROOT, blocks
from tests.make import NOON, stored_papers

FEWEST, MOST = 3, 15
PAGES = [
    ROOT / "README.md",
    ROOT / "README.zh.md",
    *(DOCS / name for name in ("guide.md", "guide.zh.md", "operating.md")),
]
_ASKS = r"/(?:paperwire )?(?:sub|search|preview|today|edit)(?:@\w+)? "
_CODE = re.compile(rf"(?:^|`){_ASKS}(?P<asked>[^`\n]+?)(?=  |`|$)", re.MULTILINE)
_SHELL = re.compile(
    r"paperwire (?:subscribe|match|preview) (?P<quote>[\"'])(?P<asked>.+?)(?P=quote)(?= |$|`)", re.MULTILINE
)
_NAMED = re.compile(rf"{_ASKS}(?P<asked>[^/,，、。. ](?:[^,，、。.]|\.\b)*)")
_LOOSE = re.compile(r'\w+:"[^"{]+"|\bcat:\w+\.[A-Z]{2}\b|\w+ -survey')  # looks like a query, in any text
_PLACE = re.compile(r"^(?:@\w+|\{\w+\}|\d+)(?: |$)")  # before a query: a chat, or the number of a subscription
_SYNTAX = "(a OR b) c"  # of the README: it shows the brackets


def of_code(text: str) -> Iterator[str]:
    """The queries of commands at the beginning of a line or in backticks, and those of the command line."""
    yield from (found["asked"] for found in (*_CODE.finditer(text), *_SHELL.finditer(text)))


def of_sentence(text: str) -> Iterator[str]:
    """The queries of the commands that a sentence lists after its first colon."""
    _, _, listed = re.sub("：", ": ", text).partition(": ")
    yield from (found["asked"] for part in re.split(r"[,，、] ?(?=/)", listed) if (found := _NAMED.match(part)))


def of_pages() -> Iterator[tuple[str, str]]:
    """The examples of the pages for people, with the messages of the guide's chats that are no commands."""
    for path in PAGES:
        text = path.read_text("utf-8")
        yield from ((path.name, query) for query in of_code(text))
        for line in "\n".join(blocks(path, "chat")).splitlines():
            if not re.match(r"/|https?:|\d", line) and not line.endswith("?"):
                yield path.name, query_in(line)
    for name in ("README.md", "README.zh.md"):
        for row in re.findall(r"^\| (`.*?`) \| [^`\n]", (ROOT / name).read_text("utf-8"), re.MULTILINE):
            yield from ((name, query) for query in re.findall(r"`(.+?)`", row) if query != _SYNTAX)


def of_program() -> Iterator[tuple[str, str]]:
    """The examples of the web pages, subcommands, manifest and demo, and of all sentences in both languages."""
    yield from (("the page", query) for query in markup._EXAMPLES if not query.startswith("/"))
    yield from (("the playground", query) for query in playground._EXAMPLES)
    yield from (("--help", query) for one in SUBCOMMANDS for query in of_code(one.example))
    yield from (
        ("the manifest", query) for query in _LOOSE.findall(manifest()["display_information"]["long_description"])
    )
    yield from (("the demo", one.text) for chat in DEMO_CHATS for one in chat.subscriptions)
    yield from (("the demo", query) for one in CONVERSATIONS for step in one.steps for query in of_code(step.text))
    for _, command in steps(Language("en", "UTC"), "paperwire", "a.md"):
        yield from (("the demo", query) for query in of_code(command))
    with (ROOT / "locales" / "zh" / "LC_MESSAGES" / "paperwire.po").open("rb") as catalogue:
        for message in read_po(catalogue):
            for sentence in (str(message.id), str(message.string)):
                yield from ((sentence, query) for query in (*of_sentence(sentence), *_LOOSE.findall(sentence)))


async def of_replies(store: Store) -> list[tuple[str, str]]:
    """The examples of /start and of every page of /help, in both languages."""
    found: list[tuple[str, str]] = []
    for number, language in enumerate(LANGUAGES):
        bot, chat = BotHarness(store), f"telegram:{number + 1}"
        for bot.bot_info in (BotInfo(categorised=False), BotInfo()):
            said = await bot.says("/start", chat, language=language)
            found += [
                ("/start", key["text"]) for key in said.keys if "data" in key and key["text"] not in LANGUAGES.values()
            ]
        for topic in ("", ALL, *TOPICS, *EXAMPLES):
            bot.later(minutes=1)
            said = await bot.says(f"/help {topic}", chat, language=language)
            shown = "\n".join(said.lines[1:])  # the first line says what it is about
            found += [(f"/help {topic}", query) for query in of_code(shown)]
            found += [(f"/help {topic}", query) for line in said.lines for query in of_sentence(line) if not topic]
            if topic == "query":
                found += [("/help query", query) for query in re.findall(r"^(?! )(.+)\n  ", shown, re.MULTILINE)]
    return found


@pytest.fixture
async def samples(store: Store) -> Store:
    """A store that took the samples in at noon."""
    for name in SAMPLES:
        await ingest(
            BotHarness(store).context, files("bot").joinpath("samples", name).read_bytes(), name, source="samples"
        )
    return store


async def test_each_example_finds_three_to_fifteen_papers_of_today(samples: Store) -> None:
    shown: dict[str, str] = {}
    for where, text in (*of_pages(), *of_program(), *await of_replies(samples)):
        query = split_when(_PLACE.sub("", text)).query
        if query and "{" not in query:
            shown.setdefault(query, where)
    counts = {query: recent_matches(samples, parse_query(query), now=NOON, most=1).found for query in shown}
    for query, count in counts.items():
        print(f"{count:3}  {query}  ({shown[query]})")  # noqa: T201 - what pytest -s shows
    assert len(counts) > 40
    assert {query: (count, shown[query]) for query, count in counts.items() if not FEWEST <= count <= MOST} == {}


def test_each_paper_is_of_the_day_on_which_it_came_and_has_all_that_a_card_shows(samples: Store) -> None:
    with samples.read() as session:
        stored = stored_papers(session)
    assert len(stored) == 73
    assert {known.day for known in stored} == {NOON.date()}
    papers = [known.paper for known in stored]
    assert [paper.key for paper in papers if not (paper.title and paper.url and paper.authors and paper.abstract)] == []
    assert [paper.key for paper in papers if not (paper.summaries or paper.translations)] == []


async def test_what_asks_for_today_or_for_the_last_days_finds_them(samples: Store) -> None:
    bot = BotHarness(samples)
    said = {command: (await bot.says(f"/{command} cat:cs.LG")).lines[0] for command in ("search", "preview", "today")}
    assert said == {
        "search": "14 of 73 papers, all in the last 7 days",
        "preview": "14 papers in the last 7 days",
        "today": "14 papers of Thu 22 Jan are on their way.",
    }


def test_each_paper_that_an_example_names_is_one_of_them(samples: Store) -> None:
    sentences = (ROOT / "locales" / "paperwire.pot").read_text("utf-8")
    shown = [sentences, *(path.read_text("utf-8") for path in PAGES), *map(str, EXAMPLES.values()), LIKE.example]
    with samples.read() as session:
        known = {stored.paper.arxiv_id for stored in stored_papers(session)}
    assert set(re.findall(r"\b\d{4}\.\d{5}\b", "\n".join(shown))) - known == set()
