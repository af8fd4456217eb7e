"""The docs agree with the program.

The tests compare tables, names and numbers of the docs with the program, and run the

commands of the docs. The Chinese pages have the same structure as the English ones.
"""

import re
import runpy
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import prometheus_client
import pytest

from bot import digests
from bot.cli.outbox import STATES
from bot.messages import Button
from bot.rendering import queries_in_words
from bot.rendering.buttons import card_buttons
from bot.settings import VARIABLES, Settings
from bot.web.server import health_routes, metrics_routes
from subscriptions.chats import settings as chat_settings
from subscriptions.errors import QueryError, SettingsError
from subscriptions.language import Language
from subscriptions.matching.paper_index import matching_papers
from subscriptions.model import Paper
from subscriptions.query import FIELDS, Field, parse
from subscriptions.sources.poll_results import Outcome
from tests import make
from tests.given_settings import settings_of
from tests.integration import cli, docs_pages, transcripts
from tests.integration.docs_pages import DOCS, ROOT, Row
from tests.unit.deliveries import item

PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("*.md"))]


def rows_of(name: str, *columns: str) -> pytest.MarkDecorator:
    """Runs a test for each row of the tables of a page with these columns."""
    return pytest.mark.parametrize("row", docs_pages.rows(name, *columns), ids=str)


def _paper(text: str) -> Paper:
    """Returns the paper that a page writes as `Title · by Jane Doe, Max Roe · in cs.CV cs.LG · abstract: …`."""
    title, *others = text.split(" · ")
    said = dict(part.split(" ", 1) for part in others)
    assert said.keys() <= {"by", "in", "id", "doi", "from", "abstract:", "summary:", "zh:"}, text
    return make.paper(
        title,
        *said.get("in", "").split(),
        key=text,
        authors=said["by"].split(", ") if "by" in said else (),
        arxiv_id=said.get("id"),
        doi=said.get("doi"),
        sources=(said["from"],) if "from" in said else (),
        abstract=said.get("abstract:", ""),
        summaries=make.summary(said["summary:"], "en") if "summary:" in said else (),
        translations=make.translation(title=said["zh:"]) if "zh:" in said else (),
    )


@rows_of("queries.md", "you type", "finds", "does not find")
def test_an_example_query_finds_and_leaves_what_its_page_says(row: Row) -> None:
    query = parse.parse_query(row.code("you type"))
    assert list(matching_papers(query, [_paper(row["finds"]), _paper(row["does not find"])])) == [0]


@rows_of("queries.md", "you type", "is the same as")
def test_two_queries_that_the_page_calls_the_same_are_one(row: Row) -> None:
    assert parse.parse_query(row.code("you type")).canonical == parse.parse_query(row.code("is the same as")).canonical


@rows_of("queries.md", "you type", "is read as", "and the answer says")
def test_a_query_is_read_as_its_page_says_and_the_answer_says_so(row: Row) -> None:
    query = parse.parse_query(row.code("you type"))
    assert (queries_in_words.query_in_words(query, str), str(query.hints[0])) == (
        row["is read as"],
        row["and the answer says"],
    )


@rows_of("queries.md", "you type", "column", "the answer says")
def test_a_refusal_has_the_column_and_sentence_of_its_page(row: Row) -> None:
    with pytest.raises(QueryError) as refused:
        parse.parse_query(row.code("you type"))
    assert (str(refused.value.column), str(refused.value.sentence)) == (row["column"], row["the answer says"])


@pytest.mark.parametrize("field", [*FIELDS], ids=repr)
def test_the_table_of_fields_has_all_fields_and_names(field: Field) -> None:
    documented = {
        row.code("field"): row["other names"]
        for row in docs_pages.rows("queries.md", "field", "other names", "looks at")
    }
    assert documented[f"{field.name}:"] == " ".join(f"`{name}:`" for name in field.aliases)


SUBCOMMANDS = {
    name: {flag for parameter in one.params for flag in parameter.opts if flag.startswith("--")} | {"--help"}
    for name, one in cli.subcommands().items()
}


_VARIABLES = ("variable", "what it is", "without it", "example")


@rows_of("settings.md", *_VARIABLES)
def test_the_example_of_a_variable_works_and_has_an_effect(row: Row, tmp_path: Path) -> None:
    examples = {other.code("variable"): other.code("example") for other in docs_pages.rows("settings.md", *_VARIABLES)}
    examples["PAPERWIRE_CONFIG"] = "other.toml"
    (tmp_path / "other.toml").write_text("[backup]\nto = 'elsewhere'", encoding="utf-8")
    whole = settings_of(examples, tmp_path)
    del examples[row.code("variable")]
    try:
        without: Settings | None = settings_of(examples, tmp_path)
    except SettingsError:  # another variable needs this variable
        without = None
    assert without != whole


def test_the_file_of_the_page_can_be_used_and_holds_every_key(tmp_path: Path) -> None:
    (whole,) = docs_pages.blocks(DOCS / "settings.md", "toml")
    (tmp_path / "paperwire.toml").write_text(whole, encoding="utf-8")
    assert len(settings_of({}, tmp_path).sources) == 6
    for table in ("", "[[source]]\n", "[arxiv]\n", "[backup]\n"):
        (tmp_path / "paperwire.toml").write_text(f"{table}qqqqqqqq = 1", encoding="utf-8")
        with pytest.raises(SettingsError) as refused:
            settings_of({}, tmp_path)
        known = str(refused.value).partition("Known: ")[2]  # the program lists the names that it knows
        assert known
        for key in known.rstrip(".").split(", "):
            assert re.search(rf"^(\[+{key}\]+|{key} =)", whole, re.MULTILINE), key


def test_the_page_has_the_formats_in_the_order_of_detection() -> None:
    table = docs_pages.rows("formats.md", "format", "is", "recognised by", "has")
    assert [row.code("format") for row in table] == list(digests.FORMATS), (
        "The first table of docs/formats.md has one row for each format, in the order of FORMATS in bot/digests/__init__.py: "
        "add or move the row (CONTRIBUTING.md, Add a digest format)."
    )


async def _no_metrics() -> tuple[bytes, str]:
    return b"", "text/plain"


TABLES = [  # (page, the columns of its table, all things that the first column must name, and no others)
    ("settings.md", _VARIABLES, VARIABLES),
    ("settings.md", ("setting", "values", "means"), chat_settings.SETTINGS),
    ("commands.md", ("subcommand", "does"), SUBCOMMANDS.keys() - {"db", "slack"}),  # these two have only subcommands
    ("operating.md", ("state", "means", "what to do"), STATES),
    ("operating.md", ("receipt", "means", "what to do"), Outcome),
    (
        "operating.md",
        ("address", "answers"),
        [route.path for route in (*health_routes(dict), *metrics_routes(_no_metrics, None))],
    ),
]


@pytest.mark.parametrize(("name", "columns", "things"), TABLES)
def test_a_table_has_a_row_for_each_thing(name: str, columns: tuple[str, ...], things: Iterable[str]) -> None:
    documented = Counter(row.code(columns[0]) for row in docs_pages.rows(name, *columns))
    assert documented == Counter([*things]), (
        f"docs/{name}: add or remove rows of the table with the column “{columns[0]}”"
    )


@pytest.mark.parametrize(
    ("name", "lang", "columns"), [("guide.md", "en", ("button", "does")), ("guide.zh.md", "zh", ("按钮", "作用"))]
)
def test_a_guide_has_a_row_for_each_button_of_a_card(name: str, lang: str, columns: tuple[str, str]) -> None:
    labels: dict[str, None] = {}
    for arguments in ({}, {"whole": True}):
        made = card_buttons(Button(name="open", label="1", arguments=arguments), item(), Language(lang, "UTC"))
        labels |= dict.fromkeys(one.label for one in (*made.first, *made.second) if not one.url)
    assert " ".join(row[columns[0]] for row in docs_pages.rows(name, *columns)) == " ".join(labels)


@rows_of("commands.md", "subcommand", "does")
def test_the_row_of_a_subcommand_names_its_options(row: Row) -> None:
    told_above = {"--help", "--json", "--now", "--as"}
    options = SUBCOMMANDS[row.code("subcommand")] - told_above
    assert set(re.findall(r"`(--[a-z-]+)", row["does"])) - {"--not-sent"} == options


@pytest.mark.parametrize("name", ["settings", "slack"])
def test_a_page_that_a_program_writes_is_fresh(name: str) -> None:
    written = docs_pages.page(f"{name}.md")
    assert runpy.run_path(str(DOCS / f"{name}_page.py"))["page"](written) == written, f"run: python docs/{name}_page.py"


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_readme_names_the_two_commands_that_do_everything(name: str) -> None:
    blocks = re.findall(r"^```\n(.*?)^```", (ROOT / name).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    first = {line.split("  ")[0] for line in blocks[0].splitlines()}
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"make demo", "make test"} <= first
    assert {"demo", "test"} <= targets


@pytest.mark.parametrize("path", [ROOT / "README.md", DOCS / "operating.md"], ids=lambda path: path.name)
def test_what_a_page_types_can_be_done_without_a_token(
    path: Path, terminal: cli.Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the stack need not be closed, because these pages start no fake
    shell = transcripts.Shell(terminal, monkeypatch, ExitStack())
    # if the settings named no source, the program would send requests to arXiv
    shell.file("paperwire.toml", "\n".join(docs_pages.blocks(path, "toml")) or cli.INBOX)
    shell.file("inbox/.keep", "")
    for line in (
        line for block in docs_pages.blocks(path, "") for line in block.splitlines() if line.startswith("paperwire ")
    ):
        status, printed = shell.run_until_ready() if line == "paperwire run" else shell.type(line)
        assert status == 0, f"$ {line}\n{printed}"


def test_the_pages_install_paperwire_from_a_copy_of_this_repository() -> None:
    """No index of packages has a package of this name, and somebody else may publish one."""
    index = re.compile(r"(?:pipx?|uv tool|uv pip) install (?:--?\S+ )*\W?paperwire\b(?!-)\S*|`paperwire\[\w+\]`")
    assert {path.name: found for path in PAGES if (found := index.findall(path.read_text()))} == {}


def test_the_links_of_the_pages_lead_somewhere() -> None:
    assert [f"{path.name}: {link}" for path in PAGES for link in docs_pages.links(path) if _is_dead(path, link)] == []


def _is_dead(path: Path, link: str) -> bool:
    file, _, anchor = link.partition("#")
    target = path.parent / file if file else path
    return not target.exists() or bool(anchor and anchor not in docs_pages.anchors(target))


def test_the_pages_name_only_variables_that_there_are() -> None:
    known = {*VARIABLES, "PAPERWIRE_SHARED"}
    assert [
        f"{path.name}: {name}"
        for path in (*PAGES, ROOT / "Dockerfile")
        for name in re.findall(r"PAPERWIRE_[A-Z_]+[A-Z]", path.read_text(encoding="utf-8"))
        if name.removesuffix("_FILE") not in known
    ] == []


def test_the_pages_name_only_existing_subcommands_and_options() -> None:
    assert [
        f"{path.name}: {line}" for path in PAGES for line in docs_pages.typed(path) if not _can_be_typed(line)
    ] == []


def _can_be_typed(line: str) -> bool:
    _, name, inner, *_ = f"{line} ".split(" ")
    options = SUBCOMMANDS.get(f"{name} {inner}", SUBCOMMANDS.get(name, set()))
    return name in SUBCOMMANDS and set(re.findall(r"(?<!\S)--[a-z][\w-]*", line.partition(" -- ")[0])) <= options


MADE = {"bot/digests/NAME.py", "bot/commands/counting.py"}  # files that the recipes of CONTRIBUTING.md create


def test_the_pages_name_only_files_and_modules_that_there_are() -> None:
    file = re.compile(r"`((?:bot|subscriptions|tests|bench|docs|templates|locales|\.ci)/[\w./-]*)`")
    module = re.compile(r"(?:python -m |`)((?:bench|tests|bot|subscriptions|locales)(?:\.\w+)+)")
    texts = {path.name: path.read_text(encoding="utf-8") for path in PAGES if path.name != "CHANGELOG.md"}
    gone = [
        *((page, one) for page, text in texts.items() for one in file.findall(text) if not (ROOT / one).exists()),
        *((page, one) for page, text in texts.items() for one in module.findall(text) if not _is_a_module(one)),
    ]
    assert [(page, one) for page, one in gone if (page, one in MADE) != ("CONTRIBUTING.md", True)] == []


def _is_a_module(name: str) -> bool:
    """Returns whether a dotted name is a module, a package, or the name of a function or class in one."""
    whole, above = ROOT / name.replace(".", "/"), ROOT / name.rpartition(".")[0].replace(".", "/")
    inside = next((one for one in (above.with_suffix(".py"), above / "__init__.py") if one.is_file()), None)
    last = name.rpartition(".")[2]
    known = inside is not None and bool(re.search(rf"\b{last}\b", inside.read_text(encoding="utf-8")))
    return whole.with_suffix(".py").is_file() or whole.is_dir() or known


_NAME = re.compile(r"\b(?:paperwire|process)_[a-z_]+\b")
_SERIES = ("_bucket", "_sum", "_count")


def known_metrics() -> dict[str, set[str]]:
    """Maps the name of each series of /metrics to its labels."""
    listed = docs_pages.metrics().items()
    declared = {name: set(labels) for name, (_, labels, _) in listed}
    series = {name + end: {*labels, "le"} for name, (kind, labels, _) in listed if kind == "timing" for end in _SERIES}
    registry = prometheus_client.CollectorRegistry()
    prometheus_client.ProcessCollector(registry=registry)
    process = set(re.findall(r"^(process_\w+)", prometheus_client.generate_latest(registry).decode(), re.MULTILINE))
    return declared | series | {name: set() for name in process}


@pytest.mark.parametrize("expression", sorted(set(docs_pages.expressions())))
def test_an_expression_names_metrics_and_labels_that_there_are(expression: str) -> None:
    names, labels = set(_NAME.findall(expression)), known_metrics()
    assert names or expression.startswith("up{")
    assert names <= labels.keys()
    used = set(re.findall(r"(\w+)=\"", expression)) - {"job"}
    used |= {label.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(",")}
    assert used <= set().union(*(labels[name] for name in names))
