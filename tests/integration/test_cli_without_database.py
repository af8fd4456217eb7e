"""Every subcommand without a database: a subcommand that only reads says so and creates nothing."""

import pytest

from tests.integration.cli import PAGE, Terminal, subcommands

READS = [
    "subscriptions", "subscriptions --json", "subscriptions --as console:me", "unsubscribe 1 --as console:me",
    "set lang zh --as console:me", "preview --as console:me", "preview graph --as console:me --json", "outbox", "outbox --json",
    "outbox retry 0123456789abcdef", "outbox dismiss 0123456789abcdef", "sources", "sources --json", "export --all",
    "export --as console:me", "backup copy.db", "db copy data/paperwire.db new.db", "db current", "db size --json", "settings --as console:me",
    "say /list --as console:me", "say /pause --as console:me --json", "status", "status --json", "workers",
    "workers --json", "restore --lost-at 2026-01-22", "link graph", "link graph --json", "library my.bib --as console:me",
]  # fmt: skip
BEGINS = [  # the first digest or subscription makes the database
    "ingest day.md", "deliver", "run --once", "subscribe graph --as console:me", "import all.txt", "sources poll", "db upgrade",
]  # fmt: skip
WITHOUT = [  # these neither need a database nor make one in its folder
    "inspect day.md", "match graph day.md", "explain graph", "check --offline", "slack manifest", "demo --out gallery",
    "restore no.db", "import all.txt --dry-run",
]  # fmt: skip


def _known(line: str, leaves: set[str]) -> str:
    """Returns the subcommand of a line."""
    first, second, *_ = [*line.split(), ""]
    return f"{first} {second}" if f"{first} {second}" in leaves else first


def test_the_table_names_every_subcommand_of_the_program() -> None:
    leaves = set(subcommands()) - {"db", "slack"}  # these two only list what is below them
    assert {_known(line, leaves) for line in READS + BEGINS + WITHOUT} == leaves


@pytest.fixture
def empty(terminal: Terminal) -> Terminal:
    """A folder with a digest and an export; the database would be in a folder that is not there either."""
    terminal.file("day.md", PAGE)
    terminal.file("my.bib", "@article{a, title={Graphs}}")
    terminal.file("all.txt", "[console:me]\nnow | graph |\n")
    terminal.database = terminal.folder / "data" / "paperwire.db"
    terminal.set("DATABASE_URL", f"sqlite:///{terminal.database}")
    terminal.set("WEB_PORT", "0")
    return terminal


def _files(terminal: Terminal) -> set[str]:
    return {str(path.relative_to(terminal.folder)) for path in terminal.folder.rglob("*")}


@pytest.mark.parametrize("line", READS)
def test_reading_commands_say_there_is_no_database(empty: Terminal, line: str) -> None:
    before = _files(empty)
    ended = empty(*line.split())
    assert (ended.status, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert ended.err.startswith(f"There is no database at {empty.database}. ")
    assert _files(empty) == before


@pytest.mark.parametrize("line", READS)
def test_an_empty_file_is_no_database_and_stays_empty(empty: Terminal, line: str) -> None:
    empty.file("data/paperwire.db", b"")
    before = _files(empty)
    ended = empty(*line.split())
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith(f"There is no database at {empty.database}. ")
    assert (_files(empty), empty.database.read_bytes()) == (before, b"")


@pytest.mark.parametrize("line", BEGINS)
def test_what_may_come_first_makes_the_database_with_its_folder(empty: Terminal, line: str) -> None:
    ended = empty(*line.split())
    assert (ended.status, ended.err) == (0, ""), ended.err
    assert empty.database.exists()


@pytest.mark.parametrize("line", WITHOUT)
def test_what_needs_no_database_makes_none(empty: Terminal, line: str) -> None:
    before = _files(empty)
    ended = empty(*line.split())
    assert "no database" not in ended.err
    assert {name for name in _files(empty) - before if not name.startswith("gallery")} == set()


def test_a_dry_run_of_an_import_shows_the_difference_to_nothing(empty: Terminal) -> None:
    ended = empty("import", "all.txt", "--dry-run")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("+ console:me  now | graph |")
