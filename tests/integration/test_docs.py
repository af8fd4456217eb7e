"""The docs agree with the program: their tables are compared with it, and their commands are run."""

import re
import runpy
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli.state import STATES
from bot.digests import FORMATS, INFO, _papers
from bot.digests._format import _MESSAGES as MESSAGES
from bot.errors import SettingsError
from bot.operation.web_server import health_app
from bot.rendering import language
from bot.settings import VARIABLES, Settings
from bot.settings.loading import load_settings
from subscriptions import chat_settings, errors, model
from subscriptions.matching.paper_index import matching_papers
from subscriptions.matching.ranking import PapersAtHand
from subscriptions.planning.cadence import KINDS
from subscriptions.planning.receipts import Outcome
from subscriptions.query import FIELDS, Field, parse
from tests import make
from tests.integration import cli, docs_pages, transcripts

MOST_WORDS = 25_000  # for README.md and docs/*.md together: people do not read longer pages
PAGES = [*sorted(docs_pages.ROOT.glob("*.md")), *sorted(docs_pages.DOCS.glob("*.md"))]

# ------------------------------------------------------------------------------------------------------ docs/queries.md


def _paper(text: str) -> model.Paper:
    """Parses `Title · by Jane Doe, Max Roe · in cs.CV cs.LG · abstract: …`, the page's notation of a paper."""
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


@pytest.mark.parametrize("row", docs_pages.rows("queries.md", "you type", "finds", "does not find"), ids=str)
def test_an_example_query_finds_and_leaves_what_its_page_says(row: docs_pages.Row) -> None:
    query = parse.parse_query(row.code("you type"))
    papers = [_paper(row["finds"]), _paper(row["does not find"])]
    assert list(matching_papers(query, papers)) == [0]


@pytest.mark.parametrize("row", docs_pages.rows("queries.md", "you type", "2601.15529 is", "brings", "leaves"), ids=str)
def test_what_is_near_to_a_paper_comes_as_its_page_says(row: docs_pages.Row) -> None:
    text, given = row.code("you type"), replace(_paper(row["2601.15529 is"]), arxiv_id="2601.15529")
    others = map(_paper, ("Tides", "Sand", "Mud", "Clay", "Rain"))
    words = PapersAtHand([given, *others]).words(parse.papers_named_in(parse.parse_query(text)))
    query = parse.parse_query(text, FIELDS.knowing(words))
    papers = [_paper(row["brings"]), _paper(row["leaves"])]
    assert list(matching_papers(query, papers)) == [0]
    assert list(matching_papers(parse.parse_canonical(query.canonical), papers)) == [0]


@pytest.mark.parametrize("row", docs_pages.rows("queries.md", "you type", "is the same as"), ids=str)
def test_two_queries_that_the_page_calls_the_same_are_one(row: docs_pages.Row) -> None:
    assert parse.parse_query(row.code("you type")).canonical == parse.parse_query(row.code("is the same as")).canonical


@pytest.mark.parametrize("row", docs_pages.rows("queries.md", "you type", "is read as", "and the answer says"), ids=str)
def test_a_query_is_read_as_its_page_says_and_the_answer_says_so(row: docs_pages.Row) -> None:
    query = parse.parse_query(row.code("you type"))
    assert (language.query_in_words(query, str), str(query.hints[0])) == (row["is read as"], row["and the answer says"])


@pytest.mark.parametrize("row", docs_pages.rows("queries.md", "you type", "is read as", "in Chinese"), ids=str)
def test_a_query_is_read_in_both_languages_as_its_page_says(row: docs_pages.Row) -> None:
    query = parse.parse_query(row.code("you type"))
    assert (
        language.query_in_words(query, str),
        language.query_in_words(query, language.Language("zh", "UTC").translate),
    ) == (
        row["is read as"],
        row["in Chinese"],
    )


@pytest.mark.parametrize("row", docs_pages.rows("queries.md", "you type", "column", "the answer says"), ids=str)
def test_a_refusal_has_the_column_and_sentence_of_its_page(row: docs_pages.Row) -> None:
    with pytest.raises(errors.QueryError) as refused:
        parse.parse_query(row.code("you type"))
    assert (str(refused.value.column), str(refused.value.sentence)) == (row["column"], row["the answer says"])


@pytest.mark.parametrize("field", [*FIELDS], ids=repr)
def test_the_table_of_fields_has_all_fields_and_names(field: Field) -> None:
    documented = {
        row.code("field"): row["other names"]
        for row in docs_pages.rows("queries.md", "field", "other names", "looks at")
    }
    assert documented[f"{field.name}:"] == " ".join(f"`{name}:`" for name in field.aliases)


# ----------------------------------------------------------------------------------------------------- docs/commands.md


def _options(parameters: Sequence[object]) -> frozenset[str]:
    flags = (flag for parameter in parameters for flag in getattr(parameter, "opts", ()))
    return frozenset(flag for flag in flags if flag.startswith("--")) | {"--help"}


SUBCOMMANDS = {name: _options(one.params) for name, one in cli.subcommands().items()}


# ----------------------------------------------------------------------------------------------------- docs/settings.md

_VARIABLES = ("variable", "what it is", "without it", "example")


def _load(environ: dict[str, str], folder: Path) -> Settings:
    return load_settings(environ, folder, formats=[module.name for module in FORMATS])


@pytest.mark.parametrize("row", docs_pages.rows("settings.md", *_VARIABLES), ids=str)
def test_the_example_of_a_variable_works_and_has_an_effect(row: docs_pages.Row, tmp_path: Path) -> None:
    examples = {other.code("variable"): other.code("example") for other in docs_pages.rows("settings.md", *_VARIABLES)}
    examples["PAPERWIRE_CONFIG"] = "other.toml"
    (tmp_path / "other.toml").write_text("[backup]\nto = 'elsewhere'", encoding="utf-8")
    whole = _load(examples, tmp_path)
    del examples[row.code("variable")]
    try:
        without: Settings | None = _load(examples, tmp_path)
    except SettingsError:  # one of a pair of variables, where the other one is missing
        without = None
    assert without != whole


def _default(name: str) -> object:
    """Returns the effective value of an unset variable."""
    settings, words = _load({}, Path("/")), name.removeprefix("PAPERWIRE_").lower()
    platform, _, rest = words.partition("_")
    return getattr(getattr(settings, platform), rest) if platform in ("telegram", "slack") else getattr(settings, words)


@pytest.mark.parametrize(
    "row",
    [row for row in docs_pages.rows("settings.md", *_VARIABLES) if re.fullmatch("`[^`]*`", row["without it"])],
    ids=str,
)
def test_a_variable_that_is_not_set_is_what_its_row_says(row: docs_pages.Row) -> None:
    assert str(_default(row.code("variable"))) == row.code("without it")


def test_the_file_of_the_page_can_be_used_and_holds_every_key(tmp_path: Path) -> None:
    (whole,) = docs_pages.blocks(docs_pages.DOCS / "settings.md", "toml")
    (tmp_path / "paperwire.toml").write_text(whole, encoding="utf-8")
    read = _load({"TEAM_BOT_TOKEN": "xoxb-1", "TEAM_APP_TOKEN": "xapp-1"}, tmp_path)
    assert (len(read.sources), len(read.slack.workspaces)) == (3, 1)
    for table in ("", "[[source]]\n", "[[slack]]\n", "[arxiv]\n", "[backup]\n", "[keep]\n"):
        (tmp_path / "paperwire.toml").write_text(f"{table}qqqqqqqq = 1", encoding="utf-8")
        with pytest.raises(SettingsError) as refused:
            _load({}, tmp_path)
        _, _, known = str(refused.value.hint).partition("Known: ")  # the list of known names, from the program
        assert known
        for key in known.rstrip(".").split(", "):
            assert re.search(rf"^(\[+{key}\]+|{key} =)", whole, re.MULTILINE), key


_KINDS = {
    "private chat": (model.ChatKind.PRIVATE, "telegram"),
    "Telegram group": (model.ChatKind.GROUP, "telegram"),
    "Telegram channel": (model.ChatKind.BROADCAST, "telegram"),
    "Slack channel": (model.ChatKind.TEAM, "slack"),
    "console, web": (model.ChatKind.PRIVATE, "console"),
}


def test_a_setting_whose_default_depends_on_the_chat_has_its_row() -> None:
    differ = {name for name in chat_settings.SETTINGS if len({_unchosen(name, kind) for kind in _KINDS.values()}) > 1}
    assert {row.code("setting") for row in docs_pages.rows("settings.md", "setting", *_KINDS)} == differ


@pytest.mark.parametrize("row", docs_pages.rows("settings.md", "setting", *_KINDS), ids=str)
def test_a_chat_that_chose_nothing_has_what_the_page_says(row: docs_pages.Row) -> None:
    for column, kind in _KINDS.items():
        assert (row.code(column) or row[column]) == _unchosen(row.code("setting"), kind)


def _unchosen(name: str, where: tuple[model.ChatKind, str]) -> str:
    """Returns the value of a setting in a chat of this kind and platform that has chosen nothing."""
    value = getattr(chat_settings.resolve(*where, {}, timezone="the operator's", lang="en"), name)
    return "all" if value is None else str(value)


@pytest.mark.parametrize("row", docs_pages.rows("settings.md", "setting", "values", "means"), ids=str)
def test_the_values_of_a_setting_can_be_chosen_in_some_chat_each(row: docs_pages.Row) -> None:
    def fits(value: str, kind: model.ChatKind) -> bool:
        try:
            return bool(chat_settings.check_value(row.code("setting"), value, kind=kind))
        except errors.PaperwireError:
            return False

    for value in re.findall(r"`(.*?)`", row["values"]):
        assert any(fits(value, kind) for kind in model.ChatKind), value


# ------------------------------------------------------------------------------------------------------ docs/formats.md


def test_the_page_has_the_formats_in_the_order_of_detection() -> None:
    table = docs_pages.rows("formats.md", "format", "is", "recognised by", "has")
    assert [row.code("format") for row in table] == [module.name for module in FORMATS], (
        "The first table of docs/formats.md has one row for each format, in the order of FORMATS in bot/digests/__init__.py: "
        "add or move the row (CONTRIBUTING.md, Add a digest format, step 5)."
    )


@pytest.mark.parametrize(
    "row", docs_pages.rows("formats.md", "of", "for example", "key"), ids=lambda row: row["for example"]
)
def test_a_paper_is_known_by_the_key_of_its_row(row: docs_pages.Row) -> None:
    text = row.code("for example")
    address = _papers.arxiv_address(text)
    known_by = {
        "its DOI, in lower case": "doi",
        "its title, as a hash": "title",
        "its abstract, as a hash": "abstract",
    }
    key = address[0] if address else _papers.paper_key(**{known_by[row["of"]]: text})
    assert transcripts.shows(row.code("key"), str(key)), key


# ------------------------------------------------------------------------------------------------- every page of the repo


async def _no_metrics() -> tuple[bytes, str]:
    return b"", "text/plain"


TABLES = [  # page, its columns, what the first column names: all of it, and nothing else
    ("settings.md", _VARIABLES, VARIABLES),
    ("settings.md", ("setting", "values", "means"), chat_settings.SETTINGS),
    ("formats.md", ("code", "means"), {*MESSAGES, *INFO}),
    ("operating.md", ("state", "means", "what to do"), STATES),
    ("operating.md", ("receipt", "means", "what to do"), Outcome),
    ("operating.md", ("address", "answers"), [route.path for route in health_app(dict, metrics=_no_metrics).routes]),  # type: ignore[attr-defined]
]


@pytest.mark.parametrize(("name", "columns", "things"), TABLES)
def test_a_table_has_a_row_for_each_thing(name: str, columns: tuple[str, ...], things: Iterable[str]) -> None:
    assert sorted(row.code(columns[0]) for row in docs_pages.rows(name, *columns)) == sorted(things)


@pytest.mark.parametrize("name", ["commands", "slack"])
def test_a_page_that_a_program_writes_is_fresh(name: str) -> None:
    """`python docs/NAME_page.py` writes it."""
    written = docs_pages.page(f"{name}.md")
    assert runpy.run_path(str(docs_pages.DOCS / f"{name}_page.py"))["page"](written) == written


@pytest.mark.parametrize(
    "path", [docs_pages.ROOT / "README.md", docs_pages.DOCS / "operating.md"], ids=lambda path: path.name
)
def test_what_a_page_types_can_be_done_without_a_token(
    path: Path, terminal: cli.Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = transcripts.Shell(
        terminal, monkeypatch, ExitStack()
    )  # these pages start no fake, so nothing must be stopped
    # without a source, the program would request arXiv
    shell.file("paperwire.toml", "\n".join(docs_pages.blocks(path, "toml")) or cli.INBOX)
    shell.file("inbox/.keep", "")
    for line in (
        line for block in docs_pages.blocks(path, "") for line in block.splitlines() if line.startswith("paperwire ")
    ):
        status, printed = shell.run_until_ready() if line == "paperwire run" else shell.type(line)
        assert status == 0, f"$ {line}\n{printed}"


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_readme_names_what_does_all_on_a_fresh_machine(name: str) -> None:
    whole = (docs_pages.ROOT / name).read_text(encoding="utf-8")
    first = docs_pages.blocks(docs_pages.ROOT / name, "")[0]
    assert all(f"make {target} " in first and f"`make {target}`" in whole for target in ("demo", "run", "test"))
    assert not re.search(r"\d{4,}:[\w-]+", whole), "an example token that looks like a real one"


READERS = ("People in chats", "Operators", "Developers", "Figures")  # the headings of the list in README.md


@pytest.mark.parametrize(
    "path", [*docs_pages.DOCS.glob("*.md"), docs_pages.ROOT / "CONTRIBUTING.md"], ids=lambda path: path.name
)
def test_a_page_says_first_for_whom_it_is(path: Path) -> None:
    first = path.read_text(encoding="utf-8").split("\n\n")[1]
    assert first.startswith("写给" if path.stem.endswith(".zh") else "For "), first


def test_the_readme_names_each_page_for_a_reader() -> None:
    listed = "".join(
        line
        for line in (docs_pages.ROOT / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith(tuple(f"- {reader}" for reader in READERS))
    )
    assert [
        path.name for path in docs_pages.DOCS.glob("*.md") if ".zh" not in path.name and path.name not in listed
    ] == []


def test_the_pages_stay_short() -> None:
    pages = [docs_pages.ROOT / "README.md", *docs_pages.DOCS.glob("*.md")]
    assert sum(len(path.read_text(encoding="utf-8").split()) for path in pages) <= MOST_WORDS


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_of_a_page_lead_somewhere(path: Path) -> None:
    for link in docs_pages.links(path):
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        assert target.exists(), link
        assert not anchor or anchor in docs_pages.anchors(target), link


@pytest.mark.parametrize("path", [*PAGES, docs_pages.ROOT / "Dockerfile"], ids=lambda path: path.name)
def test_a_page_names_only_variables_that_there_are(path: Path) -> None:
    named = re.findall(r"PAPERWIRE_[A-Z_]+[A-Z]", path.read_text(encoding="utf-8"))
    assert {name.removesuffix("_FILE") for name in named} <= {*VARIABLES, "PAPERWIRE_SHARED"}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_names_only_existing_subcommands_and_options(path: Path) -> None:
    for line in docs_pages.typed(path):
        _, name, inner, *_ = f"{line} ".split(" ")
        options = SUBCOMMANDS.get(f"{name} {inner}") or SUBCOMMANDS[name]
        assert set(re.findall(r"(?<!\S)--[a-z][\w-]*", line.partition(" -- ")[0])) <= options, line


def test_the_words_of_the_program_are_explained() -> None:
    documented = docs_pages.page("architecture.md").partition("\n## Words\n")[2]
    outcomes = [outcome.__name__ for outcome in errors.NotDelivered.__subclasses__()]
    kinds = [kind.value for enumeration in (model.Announce, model.DeliveryKind) for kind in enumeration]
    for word in (*outcomes, *kinds, *KINDS):
        assert re.search(rf"(?<![\w-]){word}(?![\w-])", documented), word


def test_what_the_code_says_of_pages_is_there() -> None:
    for path in (*docs_pages.ROOT.glob("bot/**/*.py"), *docs_pages.ROOT.glob("subscriptions/**/*.py")):
        named = re.findall(r"docs/[\w/]+\.md", path.read_text(encoding="utf-8"))
        assert [name for name in named if not (docs_pages.ROOT / name).is_file()] == [], path
