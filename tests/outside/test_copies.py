"""Copies of a database: whose they are, which are kept, and what a restore asks."""

import re
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.clock import NOON
from tests.postgres.server import Server
from tests.product import INBOX, Product

pytestmark = pytest.mark.sqlite_alone("of a database on a server, its operator makes the copies")
OTHER = "is not a copy of"
MADE_BY_1_0_0 = Path(__file__).parents[1] / "integration" / "made_by_1_0_0" / "sqlite.sql"


def uses(product: Product, file: str) -> None:
    product.settings["PAPERWIRE_DATABASE_URL"] = f"sqlite:///{product.folder / file}"


def subscribes(product: Product, file: str, query: str) -> None:
    """Subscribe in a database that may be new."""
    uses(product, file)
    assert product.runs("subscribe", query, "--as", "console:me").status == 0


def queries(product: Product, file: str) -> list[str]:
    uses(product, file)
    return [one["text"] for one in product.tells("subscriptions", "--as", "console:me")]


def daily_copies(product: Product, *files: str, days: int) -> None:
    """Let each day a round of each database make its copy."""
    for day in range(days):
        for file in files:
            uses(product, file)
            product.clock.set_now(NOON + timedelta(days=day))
            assert product.runs("run", "--once").status == 0


def copies(product: Product, folder: str = "backups", kind: str = "daily") -> list[Path]:
    return sorted((product.folder / folder).glob(f"{kind}-*.db"))


def content(copy: Path) -> list[str]:
    with closing(sqlite3.connect(copy)) as opened:
        return [text for (text,) in opened.execute("SELECT text FROM subscription")]


@pytest.mark.parametrize(
    "files",
    [("kelp.db", "moss.db"), ("kelp/paperwire.db", "moss/paperwire.db"), ("kelp[*].db", "moss[*] \n é;'.db")],
    ids=["one_folder", "one_name", "odd_names"],
)
def test_copies_of_two_databases_in_one_folder_are_kept_apart(installed: Product, files: tuple[str, str]) -> None:
    installed.writes("paperwire.toml", INBOX + '[backup]\nto = "backups"\n')
    for file, query in zip(files, ("kelp", "moss"), strict=True):
        subscribes(installed, file, query)
    daily_copies(installed, *files, days=9)
    assert sorted(query for copy in copies(installed) for query in content(copy)) == ["kelp"] * 7 + ["moss"] * 7
    for file, query in zip(files, ("kelp", "moss"), strict=True):
        uses(installed, file)
        assert installed.runs("status", "--json").json["copies"]["count"] == 7
        ours = [copy for copy in copies(installed) if content(copy) == [query]]
        name = re.match(r"\w+", Path(file).stem)
        assert name
        assert all(name[0] in copy.name for copy in ours)


def test_new_database_is_not_told_to_restore_a_copy_of_another(installed: Product) -> None:
    installed.writes("paperwire.toml", INBOX + '[backup]\nto = "backups"\n')
    subscribes(installed, "kelp/paperwire.db", "kelp")
    daily_copies(installed, "kelp/paperwire.db", days=1)
    uses(installed, "moss/paperwire.db")
    assert "restore" not in installed.runs("check", "--offline").out
    assert "begins anew" not in installed.runs("subscribe", "moss", "--as", "console:me").err
    shutil.rmtree(installed.folder / "kelp")
    (lost,) = copies(installed)
    uses(installed, "kelp/paperwire.db")
    assert f"paperwire restore {lost}" in installed.runs("check", "--offline").out
    assert f"paperwire restore {lost}" in installed.runs("run", "--once").err


@pytest.mark.parametrize("how", ["daily", "backup"])
def test_restore_of_another_database_asks_first(installed: Product, how: str) -> None:
    for file, query in (("kelp.db", "kelp"), ("moss.db", "moss")):
        subscribes(installed, file, query)
    uses(installed, "kelp.db")
    copy = installed.folder / "mine.db"
    assert installed.runs("backup", str(copy)).status == 0
    if how == "daily":
        daily_copies(installed, "kelp.db", days=1)
        (copy,) = copies(installed)
    uses(installed, "moss.db")
    for answer in (b"", b"n\n"):
        refused = installed.runs("restore", str(copy), "--sent", stdin=answer)
        assert (refused.status, OTHER in refused.err, "--another" in refused.err) == (2, True, True)
        assert queries(installed, "moss.db") == ["moss"]
    assert installed.runs("restore", str(copy), "--sent", stdin=b"y\n").status == 0
    assert queries(installed, "moss.db") == ["kelp"]
    (replaced,) = copies(installed, kind="replaced")
    assert content(replaced) == ["moss"]
    assert "moss" in replaced.name
    asked = installed.runs("restore", str(replaced), "--sent", "--another")
    assert (asked.status, OTHER in asked.err) == (0, False)
    assert queries(installed, "moss.db") == ["moss"]


def test_id_of_a_database_outlives_copy_restore_and_move(installed: Product, postgres: Server) -> None:
    subscribes(installed, "kelp.db", "kelp")
    assert installed.runs("backup", "first.db").status == 0
    subscribes(installed, "kelp.db", "moss")
    (installed.folder / "elsewhere").mkdir()
    shutil.move(installed.folder / "kelp.db", installed.folder / "elsewhere" / "renamed.db")
    uses(installed, "elsewhere/renamed.db")
    restored = installed.runs("restore", "first.db", "--sent")
    assert (restored.status, OTHER in restored.err) == (0, False)
    assert queries(installed, "elsewhere/renamed.db") == ["kelp"]
    with postgres.database(empty=True) as url:
        for source, target in (("elsewhere/renamed.db", url), (url, "back.db")):
            moved = installed.runs("db", "copy", source, target)
            assert moved.status == 0, moved.err
    uses(installed, "back.db")
    assert OTHER not in installed.runs("restore", "first.db", "--sent").err


def made_by_1_0_0(file: Path, *, moment: str = "2026-01-22 08:00:00") -> None:
    """Make a database of version 1.0.0 whose first chat came at this moment."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as made:
        made.executescript(MADE_BY_1_0_0.read_text().replace("2026-01-22 08:00:00", moment))


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "another_database_beside"])
def test_copies_of_1_0_0_belong_to_the_database_whose_rows_they_have(installed: Product, *, beside: bool) -> None:
    made_by_1_0_0(installed.folder / "paperwire.db")
    for day in range(10, 17):
        made_by_1_0_0(installed.folder / f"backups/daily-202601{day}T000000Z.db")
        if beside:
            made_by_1_0_0(installed.folder / f"backups/daily-202601{day}T000001Z.db", moment="2026-01-20 10:00:00")
    made_by_1_0_0(installed.folder / "elsewhere" / "mine.db")
    if beside:
        made_by_1_0_0(installed.folder / "other.db", moment="2026-01-20 10:00:00")
    ours, others = ([one for one in copies(installed) if one.name.endswith(f"{last}Z.db")] for last in "01")
    daily_copies(installed, "paperwire.db", days=2)
    (upgraded,) = copies(installed, kind="before")
    assert content(upgraded) == ["limpets", "kelp OR moss"]
    assert len(set(ours) & set(copies(installed))) == 5
    assert set(others) <= set(copies(installed))
    assert installed.runs("status", "--json").json["copies"]["count"] == 8
    for copy, asks in [
        (upgraded, False),
        (installed.folder / "elsewhere" / "mine.db", False),
        *((one, True) for one in others[:1]),
    ]:
        restored = installed.runs("restore", str(copy), "--not-sent")
        assert (restored.status, OTHER in restored.err) == ((2, True) if asks else (0, False))
    installed.folder.joinpath("paperwire.db").unlink()
    for copy in (*copies(installed, kind="before"), *set(copies(installed)) - set(ours) - set(others)):
        copy.unlink()
    assert ("paperwire restore" in installed.runs("check", "--offline").out) == (not beside)


def revision(file: Path) -> str:
    with closing(sqlite3.connect(file)) as opened:
        return str(opened.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_backup_of_1_0_0_can_be_restored_by_1_0_0(installed: Product) -> None:
    """That it does restore it was tried with that version, also after an upgrade."""
    database, copy = installed.folder / "paperwire.db", installed.folder / "mine.db"
    made_by_1_0_0(database)
    first = revision(database)
    assert installed.runs("backup", str(copy)).status == 0
    assert revision(copy) == revision(database) == first
    assert installed.runs("run", "--once").status == 0
    (before,) = copies(installed, kind="before")
    newest = revision(database)
    assert revision(before) == first != newest
    for one in (copy, before):
        assert installed.runs("restore", str(one), "--sent").status == 0
        assert revision(database) == newest


def test_restored_copy_of_1_0_0_has_present_words_and_tells_of_them(installed: Product) -> None:
    copy = installed.folder / "mine.db"
    made_by_1_0_0(copy)
    with closing(sqlite3.connect(copy)) as opened, opened:
        opened.execute(
            "INSERT INTO subscription (chat, number, name, text, canonical, cadence, state, since, cursor)"
            " SELECT 2, 2, '', 'mosses OR kelp', 'kelp OR mosse', cadence, state, since, cursor"
            " FROM subscription WHERE chat = 2"
        )
    assert installed.runs("restore", str(copy), "--sent").status == 0
    (waiting,) = installed.tells("outbox")
    assert (waiting["chat"], waiting["kind"]) == ("telegram:42", "notice")
    (notice,) = installed.delivers()
    assert "1 and 2 now find the same papers. I merged them into 1." in notice.text
