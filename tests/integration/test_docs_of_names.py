"""Names and numbers in the docs are those of the program, and the Chinese pages say the same as the English ones."""

import json
import re
from pathlib import Path
from pkgutil import resolve_name

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from bot.cli import SUBCOMMANDS
from bot.commands.intent import REGISTRY
from bot.delivery.lane_sender import GONE_SHARE
from bot.operation import metrics
from bot.platforms.slack.adapter import SlackChannel
from bot.platforms.telegram.adapter import TelegramChannel
from bot.settings import VARIABLES
from subscriptions.service import near_papers
from subscriptions.store.database.postgres import CONNECTIONS
from tests.integration import docs_pages
from tests.integration.docs_pages import page

PAGES = [*sorted(docs_pages.ROOT.glob("*.md")), *sorted(docs_pages.DOCS.glob("*.md"))]
MADE = {"CONTRIBUTING.md": {"bot/digests/NAME.py", "bot/commands/counting.py"}}  # the files that its recipes create
IN_WORDS = {
    2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 8: "eight", 10: "ten", 20: "twenty", 30: "thirty", 60: "sixty",
    100: "(?:a )?hundred", 200: "two hundred", 1000: "thousand",
}  # fmt: skip

# ---------------------------------------------------------------------------------------------------- files and modules


@pytest.mark.parametrize("path", [one for one in PAGES if one.name != "CHANGELOG.md"], ids=lambda path: path.name)
def test_a_page_names_only_files_and_modules_that_there_are(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:bot|subscriptions|tests|bench|docs|templates|locales|\.ci)/[\w./-]*)`", text))
    assert [name for name in named - MADE.get(path.name, set()) if not (docs_pages.ROOT / name).exists()] == []
    modules = set(re.findall(r"(?:python -m |`)((?:bench|tests|bot|subscriptions|locales)(?:\.\w+)+)", text))
    assert [name for name in modules if not _is_a_module(name)] == []


def _is_a_module(name: str) -> bool:
    """Returns whether a dotted name is a module, or the name of something in a module."""
    whole, above = docs_pages.ROOT / name.replace(".", "/"), docs_pages.ROOT / name.rpartition(".")[0].replace(".", "/")
    inside = next((one for one in (above.with_suffix(".py"), above / "__init__.py") if one.is_file()), None)
    last = name.rpartition(".")[2]
    known = inside is not None and bool(re.search(rf"\b{last}\b", inside.read_text(encoding="utf-8")))
    return whole.with_suffix(".py").is_file() or whole.is_dir() or known


def test_the_first_lines_of_a_package_name_only_its_own_modules() -> None:
    wrong = [
        f"{first}: {name}"
        for top in ("bot", "subscriptions")
        for first in sorted((docs_pages.ROOT / top).rglob("__init__.py"))
        for name in re.findall(
            r"^- `([\w/]+\.py)`|[,;] `([\w/]+\.py)`", first.read_text(encoding="utf-8"), re.MULTILINE
        )
        if not any((first.parent / each).exists() or [*first.parent.glob(f"*/{each}")] for each in name if each)
    ]
    assert wrong == []


def test_the_functions_of_the_two_ways_are_where_the_page_says() -> None:
    ways = [
        (row.code("function"), row.code("module"))
        for row in docs_pages.rows("architecture.md", "function", "module", "what it does")
    ]
    said = re.findall(
        r"^- `(\w+)` in (\S+)", (docs_pages.ROOT / "bot" / "__init__.py").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert [(name, file.replace("PLATFORM", "telegram")) for name, file in said] == ways
    assert [
        name
        for name, file in ways
        if not re.search(rf"def {name}\(", (docs_pages.ROOT / file).read_text(encoding="utf-8"))
    ] == []


# ------------------------------------------------------------------------------------------------------------- commands


@pytest.mark.parametrize("command", [one for one in REGISTRY.commands if one.listed], ids=lambda one: one.name)
@pytest.mark.parametrize("guide", ["guide.md", "guide.zh.md"])
def test_every_other_name_of_a_command_stands_in_the_guide(guide: str, command: object) -> None:
    names: tuple[str, ...] = command.aliases  # type: ignore[attr-defined]
    assert [name for name in names if f"`/{name}`" not in page(guide)] == []


# -------------------------------------------------------------------------------------------------------------- numbers


NUMBERS = (  # page, a sentence of the page with # for a number, where the program has that number (/ in larger units)
    ("guide.md", "Several lines are several subscriptions, # at most", "bot.commands.subscribe:MOST_LINES"),
    ("guide.md", "within # minutes the edited", "bot.commands.subscribe:EDITED_WITHIN.seconds / 60"),
    ("guide.md", "a name of at most # characters", "subscriptions.portable:LONGEST_NAME"),
    ("guide.md", "repeated, up to # changes", "subscriptions.service.changes:KEPT"),
    ("guide.md", "papers came on # days", "subscriptions.service.look:STREAK_AFTER"),
    ("guide.md", "similar to this one, # in each", "subscriptions.planning.decision:MOST_NEAR"),
    ("guide.md", "similar to it among the newest #, ", "subscriptions.service.near_papers:LOOKED_AT"),
    ("guide.md", "more than # papers, or if", "subscriptions.service.known_papers:MOST_COUNTED"),
    ("guide.md", "can have # subscriptions", "subscriptions.service.requests:MOST_PER_CHAT"),
    ("guide.md", "give # commands a minute", "bot.context:MAX_OF_CHAT"),
    ("guide.md", "each person in a group #;", "bot.context:MAX_OF_PERSON"),
    ("operating.md", "send # wrong codes an hour", "subscriptions.service.access:WRONG_CODES"),
    ("operating.md", "accepts at most # connections", "bot.operation.web_server:MOST_CONNECTIONS"),
    ("operating.md", "# of them from one remote address", "bot.operation.web_server:MOST_OF_AN_ADDRESS"),
    ("operating.md", "may take # seconds, its body", "bot.operation.web_server:LONGEST_HEAD"),
    ("operating.md", "its body # seconds", "bot.operation.web_server:LONGEST_BODY"),
    ("operating.md", "A session lasts # days", "bot.operation.sign_in:LASTS.days"),
    ("operating.md", "After # wrong passwords", "bot.operation.sign_in:MOST_TRIES"),
    ("operating.md", "or # from one\naddress", "bot.operation.sign_in:MOST_TRIES_OF_AN_ADDRESS"),
    ("operating.md", "open pages, # of one name", "bot.operation.health:MOST_OF_A_NAME"),
    ("operating.md", "each of the last # days", "bot.operation.status:DAYS"),
    ("operating.md", "the papers of the last # days", "bot.sources.poll:HISTORY.days"),
    ("operating.md", "still the same # hours after", "subscriptions.planning.source_calendar:LATE_AFTER.seconds / 3600"),
    ("operating.md", "or # times if the answer", "bot.sources.receipts:MOST_TRIES"),
    ("operating.md", "ids, # in one request", "bot.sources.arxiv_lookup:IDS_PER_REQUEST"),
    ("operating.md", "it is asked # times, half", "subscriptions.store.sources:MOST_ASKED"),
    ("operating.md", "after # seconds without a heartbeat others", "subscriptions.service.sending:SILENT_AFTER.seconds"),
    ("operating.md", "the last # signals", "subscriptions.service.near_papers:MOST_SIGNALS"),
    ("queries.md", "commas between, # at most", "subscriptions.query.sentences:MOST_PAPERS"),
    ("queries.md", "a query has # `like:` at most", "subscriptions.query.sentences:MOST_NEAR"),
    ("queries.md", "the nearest # are shown", "subscriptions.planning.decision:MOST_NEAR"),
    ("queries.md", "takes # words that the named papers share", "subscriptions.matching.ranking:MOST_WORDS"),
    ("queries.md", "or # words of a single paper", "subscriptions.matching.ranking:MOST_WORDS_OF_ONE"),
    ("queries.md", "A query of more than # characters", "subscriptions.query.sentences:MAX_QUERY_LENGTH"),
    ("queries.md", "more than # alternatives", "subscriptions.query.sentences:MAX_ALTERNATIVES"),
    ("queries.md", "at least # letters or digits", "subscriptions.query.sentences:SHORTEST_PREFIX"),
    ("queries.md", "in the newest # papers", "subscriptions.matching.ranking:SAMPLE"),
    ("queries.md", "# words that speak for a paper", "subscriptions.matching.ranking:MOST_WORDS"),
    ("queries.md", "or # if they come from a single paper", "subscriptions.matching.ranking:MOST_WORDS_OF_ONE"),
    ("queries.md", "from the newest # papers", "subscriptions.service.near_papers:LEARNED_FROM"),
    ("queries.md", "keeps # signals", "subscriptions.service.near_papers:MOST_SIGNALS"),
    ("queries.md", "signals and a # saved", "subscriptions.service.near_papers:MOST_SAVED"),
    ("queries.md", "thousand papers, # at most", "subscriptions.service.near_papers:MOST_ALIKE"),
    ("commands.md", "spaces, of at most # characters", "subscriptions.addresses:LONGEST_NAME"),
    ("settings.md", "a delivery shows, at most #.", "subscriptions.chat_settings:LARGEST_LIMIT"),
    ("metrics.md", "GET every # minutes", "bot.operation.ticks:INTERVAL / 60"),
    ("architecture.md", "takes # chats at once", "subscriptions.service.plan:SLICE"),
    ("architecture.md", "With # clauses or more", "subscriptions.matching.batch:MANY"),
    ("operating.md", "# messages a second for a token", "bot.platforms.telegram.adapter:TelegramChannel.limits.per_second"),
    ("operating.md", "| one group or channel | # a minute", "bot.platforms.telegram.adapter:TelegramChannel.limits.per_group_minute"),
    ("operating.md", "| # characters | 50 blocks", "bot.platforms.telegram.adapter:TelegramChannel.limits.text"),
    ("operating.md", "# characters in all", "bot.platforms.slack.adapter:SlackChannel.limits.text"),
    ("operating.md", "sent messages | # days", "subscriptions.service.retention:DELIVERIES.days"),
    ("operating.md", "that people typed | # days", "subscriptions.service.retention:UPDATES.days"),
    ("operating.md", "tried again after # seconds", "subscriptions.planning.decision:FIRST_WAIT.seconds"),
    ("operating.md", "at last every # minutes", "subscriptions.planning.decision:LONGEST_WAIT.seconds / 60"),
    ("operating.md", "If more than # chats", "bot.delivery.lane_sender:GONE_CHATS"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "sentence", "where"), NUMBERS, ids=lambda value: str(value)[:40])
def test_a_number_of_a_page_is_that_of_the_program(name: str, sentence: str, where: str) -> None:
    place, _, unit = where.partition(" / ")
    number, rest = divmod(resolve_name(place), int(unit or 1))
    assert not rest
    written = f"(?:{int(number):,}|{int(number)}|{IN_WORDS.get(int(number), '-')})"
    pattern = r"\s".join(re.escape(word) for word in sentence.split()).replace(r"\#", written)
    assert re.search(pattern, page(name)), f"docs/{name} does not say: {sentence.replace('#', str(number))}"


def test_the_pace_of_a_chat_and_the_share_of_gone_chats_are_those_of_the_page() -> None:
    telegram, slack = TelegramChannel.limits, SlackChannel.limits
    assert (telegram.per_lane, telegram.burst, slack.per_lane, GONE_SHARE) == (1, 3, 1, 5)  # "more than a fifth"
    assert CONNECTIONS == 3  # "Each needs six connections": three more listen


def test_what_a_chat_does_with_papers_counts_as_its_table_says() -> None:
    documented = [float(row["counts"]) for row in docs_pages.rows("queries.md", "the chat", "counts")]
    assert documented == [*near_papers.STRENGTHS.values()]


# ------------------------ docs/metrics.md, alerts.yml and grafana.json name only metrics that exist, and say what to do


_NAME = re.compile(r"\b(?:paperwire|process)_[a-z_]+\b")
_SERIES = ("_bucket", "_sum", "_count")


def known_metrics() -> dict[str, set[str]]:
    """Returns the names of all series, each with its labels."""
    declared = {one.name: set(one.labels) for one in metrics.METRICS}
    series = {
        one.name + end: {*one.labels, "le"}
        for one in metrics.METRICS
        if isinstance(one, metrics.Timing)
        for end in _SERIES
    }
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    process = set(re.findall(r"^(process_\w+)", generate_latest(registry).decode(), re.MULTILINE))
    return declared | series | {name: set() for name in process}


def test_every_metric_has_its_row_and_no_row_is_of_another() -> None:
    page = [
        (row["metric"], row["kind"], row["labels"])
        for row in docs_pages.rows("metrics.md", "metric", "kind", "labels", "what it says")
    ]
    declared = [
        (f"`{one.name}`", type(one).__name__.lower(), ", ".join(f"`{label}`" for label in one.labels))
        for one in metrics.METRICS
    ]
    assert page == declared


@pytest.mark.parametrize("expression", sorted(set(docs_pages.expressions())))
def test_an_expression_names_metrics_and_labels_that_there_are(expression: str) -> None:
    names, labels = set(_NAME.findall(expression)), known_metrics()
    assert names or expression.startswith("up{")
    assert names <= labels.keys()
    used = set(re.findall(r"(\w+)=\"", expression)) - {"job"}
    grouped = re.findall(r"by \(([^)]*)\)", expression)
    used |= {label.strip() for group in grouped for label in group.split(",")}
    assert used <= set().union(*(labels[name] for name in names))


@pytest.mark.parametrize("name", docs_pages.alerts())
def test_an_alert_says_what_is_wrong_and_what_to_do(name: str) -> None:
    text = docs_pages.alerts()[name]
    for part in ("expr", "labels", "annotations", "summary", "action"):
        assert re.search(rf"^ +{part}: ?.*\S|^ +{part}:$", text, re.MULTILINE), part
    assert re.search(r"severity: (critical|warning)\b", text)
    subcommands = {one.name for one in SUBCOMMANDS}
    assert set(re.findall(r"`paperwire (\w+)", text)) <= subcommands
    assert set(re.findall(r"PAPERWIRE_\w+", text)) <= VARIABLES.keys()


def test_every_metric_is_watched_by_an_alert_or_a_panel() -> None:
    watched = set(_NAME.findall(" ".join(docs_pages.expressions())))
    series = {name: {name, *(name + end for end in _SERIES)} for name in (one.name for one in metrics.METRICS)}
    assert [name for name, names in series.items() if not names & watched] == []


def as_grafana_reads(text: str) -> object:
    """Returns what Grafana's own models of a dashboard, its panels and its Prometheus queries keep of a text."""
    register_default_plugins()
    return json.loads(JSONEncoder().encode(Dashboard.from_json(json.loads(text))))


def missing(given: object, kept: object, path: str = "") -> list[str]:
    """Returns the places of given values that were not kept unchanged. Additional kept values are defaults."""
    match given, kept:
        case dict(), dict():
            return [one for key, value in given.items() for one in missing(value, kept.get(key), f"{path}/{key}")]
        case list(), list() if len(given) == len(kept):
            pairs = enumerate(zip(given, kept, strict=True))
            return [one for place, (value, other) in pairs for one in missing(value, other, f"{path}/{place}")]
        case _:
            return [] if given == kept else [path]


def test_grafana_knows_every_field_of_the_dashboard() -> None:
    text = (docs_pages.DOCS / "grafana.json").read_text(encoding="utf-8")
    assert missing(json.loads(text), as_grafana_reads(text)) == []


def test_the_panels_stand_beside_and_below_each_other() -> None:
    board = json.loads((docs_pages.DOCS / "grafana.json").read_text(encoding="utf-8"))
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


# ── The Chinese README and guide have the same lines to type and the same chapters as the English ones ────────────────

PAIRS = [
    (docs_pages.ROOT / "README.md", docs_pages.ROOT / "README.zh.md"),
    (docs_pages.DOCS / "guide.md", docs_pages.DOCS / "guide.zh.md"),
]
HAN = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]+")


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(page: str) -> list[str]:
    return re.findall(r"^```(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def typed(page: str) -> list[str]:
    """Returns the first cells of the tables."""
    return re.findall(
        r"^\| (`.*?`) \|(?= [^`])", re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )


def prose(page: str) -> str:
    """Returns the text to read: without code, targets of links, HTML, and tables whose cells are things to type."""
    for cut in (
        r"^```.*?^```$",
        r"<[^>]*>",
        r"`[^`]*`",
        r"\[[\w./]+\]\([^)]*\)",
        r"\]\([^)]*\)",
        r"^\|.*(every day at|weekday|monday|New York).*$",
    ):
        page = re.sub(cut, "", page, flags=re.MULTILINE | re.DOTALL if cut.startswith("^`") else re.MULTILINE)
    return page


def test_every_chinese_page_has_its_english_one() -> None:
    found = {*docs_pages.ROOT.glob("*.zh.md"), *docs_pages.DOCS.glob("*.zh.md")}
    assert found == {chinese for _, chinese in PAIRS}


@pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=lambda path: path.name)
def test_a_chinese_page_has_the_lines_and_chapters_of_its_english_one(english: Path, chinese: Path) -> None:
    assert blocks(text(english)) == blocks(text(chinese)) != []
    assert typed(text(english)) == typed(text(chinese)) != []
    assert levels(english) == levels(chinese)


def levels(path: Path) -> list[str]:
    return re.findall(
        r"^#+(?= )", re.sub(r"^```.*?^```$", "", text(path), flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )


@pytest.mark.parametrize("chinese", [chinese for _, chinese in PAIRS], ids=lambda path: path.name)
def test_it_is_in_chinese_and_shows_the_chinese_pictures(chinese: Path) -> None:
    for paragraph in prose(text(chinese)).split("\n\n"):
        words, signs = len(LATIN.findall(paragraph)), len(HAN.findall(paragraph))
        assert signs >= 2 * words or words <= 4, paragraph
    shown = re.findall(r'src="([^"]*(?:conversation|bulletin)[^"]*)"', text(chinese))
    assert shown
    assert [name for name in shown if "-zh" not in name or not (chinese.parent / name).exists()] == []


def test_each_button_that_the_chinese_guide_names_is_one() -> None:
    catalogue = text(docs_pages.ROOT / "locales" / "zh" / "LC_MESSAGES" / "paperwire.po")
    translated = set(re.findall(r'^msgstr(?:\[0\])? "(.+)"$', catalogue, re.MULTILINE))
    named = set(re.findall(r"(?<![(\]])\[([^\]]*[\u4e00-\u9fff][^\]]*)\](?!\()", text(docs_pages.DOCS / "guide.zh.md")))
    assert len(named) > 15
    shapes = {re.sub(r"\\?\{\w+\\?\}", r"\\d+", re.escape(word)) for word in translated if "\n" not in word}
    unknown = {word for word in named - translated if not any(re.fullmatch(shape, word) for shape in shapes)}
    assert unknown == set()
