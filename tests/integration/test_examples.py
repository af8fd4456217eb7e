"""Each query that the program or its docs show as an example finds 3 to 15 papers of the samples."""

import re
from collections.abc import Iterator
from importlib.resources import files

import pytest
from babel.messages.pofile import read_po

from bot.cli import SUBCOMMANDS
from bot.commands import start
from bot.commands.registry import REGISTRY
from bot.demo import steps, story
from bot.free_text.wishes import wish
from bot.platforms.slack.manifest import manifest
from bot.sources.ingest import ingest
from bot.web.chat import EXAMPLES, FILES
from locales.catalogues import po_path
from subscriptions.database.store import Store
from subscriptions.language import LANGUAGES, Language, translator
from subscriptions.plan.previews import recent_matches
from subscriptions.query.parse import parse_query
from subscriptions.schedule.times import split_when
from tests.bot_harness import BotHarness
from tests.clock import NOON
from tests.integration import docs_pages

FEWEST, MOST = 3, 15
PAGES = [
    docs_pages.ROOT / "README.md",
    docs_pages.ROOT / "README.zh.md",
    *(docs_pages.DOCS / name for name in ("guide.md", "guide.zh.md", "operating.md")),
]
_ASKS = r"/(?:paperwire )?(?:sub|search|preview|today|edit)(?:@\w+)? "
_CODE = re.compile(rf"(?:^|`){_ASKS}(?P<asked>[^`\n]+?)(?=  |`|$)", re.MULTILINE)
_SHELL = re.compile(
    r"paperwire (?:subscribe|match|preview) (?P<quote>[\"'])(?P<asked>.+?)(?P=quote)(?= |$|`)", re.MULTILINE
)
_NAMED = re.compile(rf"{_ASKS}(?P<asked>[^/,，、。. ](?:[^,，、。.]|\.\b)*)")
_LOOSE = re.compile(r'\w+:"[^"{]+"|\bcat:\w+\.[A-Z]{2}\b|\w+ -survey')  # looks like a query, in any text
# what may come before a query: a chat, or the number of a subscription
_PLACE = re.compile(r"^(?:@\w+|\{\w+\}|\d+)(?: |$)")


def of_code(text: str) -> Iterator[str]:
    """Yields the queries in a text's chat commands (at the beginning of a line or in backticks) and subcommands."""
    yield from (found["asked"] for found in (*_CODE.finditer(text), *_SHELL.finditer(text)))


def of_sentence(text: str) -> Iterator[str]:
    """Yields the queries of the chat commands that a sentence lists after its first colon."""
    _, _, listed = re.sub("：", ": ", text).partition(": ")
    yield from (found["asked"] for part in re.split(r"[,，、] ?(?=/)", listed) if (found := _NAMED.match(part)))


def of_message(text: str) -> str:
    """Returns what a message without a command looks for, without a time."""
    meant = wish(text)
    return meant.query if meant else split_when(text).query


def of_pages() -> Iterator[tuple[str, str]]:
    """Yields (page, query) for the examples of PAGES. Includes messages in blocks of a chat that have no command."""
    for path in PAGES:
        yield from ((path.name, query) for query in of_code(path.read_text("utf-8")))
        for line in "\n".join(docs_pages.blocks(path, "chat")).splitlines():
            if not re.match(r"/|https?:|\d", line) and not line.endswith(("?", "？")):
                yield path.name, of_message(line)
    for name in ("README.md", "README.zh.md"):
        for row in re.findall(r"^\| (`.*?`) \| [^`\n]", (docs_pages.ROOT / name).read_text("utf-8"), re.MULTILINE):
            # the README shows (a OR b) c to explain brackets; it finds no papers
            yield from ((name, query) for query in re.findall(r"`(.+?)`", row) if query != "(a OR b) c")


def of_program() -> Iterator[tuple[str, str]]:
    """Yields (where, query) for the examples of web pages, subcommands, manifest, demo, and all messages in both languages."""
    for code in LANGUAGES:
        yield from (("the page", of_message(example.say(translator(code)))) for example in EXAMPLES)
    yield from (
        ("--help", query) for ones in SUBCOMMANDS.values() for *_, example in ones for query in of_code(example)
    )
    yield from (
        ("the manifest", query) for query in _LOOSE.findall(manifest()["display_information"]["long_description"])
    )
    yield from (("the demo", chat.query) for chat in story.DEMO_CHATS if chat.query)
    yield from (("the demo", query) for one in story.DEMO_CHATS for step in one.steps for query in of_code(step.text))
    for _, command in steps(Language("en", "UTC"), "paperwire", "a.md"):
        yield from (("the demo", query) for query in of_code(command))
    with po_path(docs_pages.ROOT).open("rb") as catalogue:
        for message in read_po(catalogue):
            for sentence in (str(message.id), str(message.string)):
                yield from ((sentence, query) for query in (*of_sentence(sentence), *_LOOSE.findall(sentence)))


async def of_replies(store: Store) -> list[tuple[str, str]]:
    """Returns (command, query) for the examples of /start and of every page of /help, in both languages."""
    found: list[tuple[str, str]] = []
    for number, language in enumerate(LANGUAGES):
        bot, chat = BotHarness(store), f"telegram:{number + 1}"
        bot.sends_mail = False
        said = await bot.says("/start", chat, language=language)
        found += [
            ("/start", key["text"]) for key in said.keys if "data" in key and key["text"] not in LANGUAGES.values()
        ]
        for topic in ("", start.ALL, *start.TOPICS, *REGISTRY.by_name):
            bot.later(minutes=1)
            said = await bot.says(f"/help {topic}", chat, language=language)
            shown = "\n".join(said.lines[1:])  # the first line is only the title of the page
            found += [(f"/help {topic}", query) for query in of_code(shown)]
            found += [(f"/help {topic}", query) for line in said.lines for query in of_sentence(line) if not topic]
            if topic == "query":
                found += [("/help query", query) for query in re.findall(r"^(?! )(.+)\n  ", shown, re.MULTILINE)]
    return found


@pytest.fixture
async def samples(store: Store) -> Store:
    """A store with the papers of all samples, which came at noon."""
    for name in FILES:
        await ingest(BotHarness(store).app, files("bot").joinpath("samples", name).read_bytes(), name, source="samples")
    return store


async def test_each_example_finds_three_to_fifteen_papers_of_today(samples: Store) -> None:
    shown: dict[str, str] = {}
    for where, text in (*of_pages(), *of_program(), *await of_replies(samples)):
        query = split_when(re.sub(r" ?\b7d$", "", _PLACE.sub("", text))).query  # `/today 1 7d`
        # what is near in meaning needs the encoder; bench.meaning measures it
        # and what only excludes is added to the query of a subscription
        if query and "{" not in query and query[0] != "-" and not parse_query(query).nearness_terms:
            shown.setdefault(query, where)
    counts = {query: len(samples.read_now(recent_matches, parse_query(query), now=NOON).papers) for query in shown}
    for query, count in counts.items():
        print(f"{count:3}  {query}  ({shown[query]})")  # noqa: T201 - pytest -s shows this list
    assert len(counts) > 30
    assert {query: (count, shown[query]) for query, count in counts.items() if not FEWEST <= count <= MOST} == {}
