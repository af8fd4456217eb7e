"""Everything that can be wrong with PostgreSQL gives one sentence, which never holds a password."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from subscriptions.errors import StoreError, StoreUnavailable
from subscriptions.service.next_deliveries import listed
from subscriptions.store.database.store import Store
from tests import make
from tests.integration.cli import Terminal
from tests.postgres.cluster import SUPERUSER
from tests.postgres.own import OwnServer, own_server
from tests.postgres.pooler import pooler
from tests.postgres.server import Server

PASSWORD = "correct-horse-battery"


def name_of(url: str) -> str:
    """Returns the name of the database at an address."""
    return url.partition("@/")[2].partition("?")[0]


def refused(url: str) -> StoreError:
    store = Store(url)
    try:
        with pytest.raises(StoreError) as found:
            store.open(now=make.NOON)
    finally:
        store.close()
    said = f"{found.value} {found.value!r} {store.where} {store.url!r}"
    assert PASSWORD not in said
    return found.value


@pytest.fixture
def person(postgres: Server) -> Iterator[str]:
    """A user who needs a password."""
    with psycopg.connect(postgres.info("postgres"), autocommit=True) as control:
        name = f"person{os.getpid()}"  # all test processes share the server
        control.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
        yield name
        control.execute(f"DROP ROLE {name}")


def test_a_server_that_is_down_is_asked_again(tmp_path: Path) -> None:
    error = refused(f"postgresql://person:{PASSWORD}@/paperwire?host={tmp_path}")
    assert isinstance(error, StoreUnavailable)
    assert f"The server of the database paperwire on {tmp_path} does not answer" in str(error)
    # the sentence does not hold the question that the driver adds after it:
    assert "does not answer: No such file or directory. " in str(error)
    assert "give any other subcommand again" in str(error)  # a subcommand that ends with this error does not try again
    assert (error.exit_code, error.cause) == (1, "its server does not answer")


def test_a_wrong_password_is_a_wrong_setting(postgres: Server, person: str) -> None:
    error = refused(postgres.url("postgres", person, PASSWORD + "x"))
    assert "does not let this user into the database" in str(error)
    assert (error.exit_code, error.cause) == (2, "it cannot be opened")


def test_an_unknown_database_is_a_wrong_setting(postgres: Server) -> None:
    error = refused(postgres.url("nowhere"))
    assert "There is no database nowhere on" in str(error)
    assert error.exit_code == 2


def test_a_user_without_rights_is_told(postgres: Server, person: str) -> None:
    with postgres.database() as url:
        error = refused(postgres.url(name_of(url), person, PASSWORD))
    assert "lacks rights in the database" in str(error)


@pytest.mark.parametrize(("empty", "grant"), [(True, ""), (False, ""), (False, "SELECT"), (False, "SELECT, INSERT")])
def test_check_names_a_user_without_rights(
    postgres: Server, person: str, terminal: Terminal, empty: bool, grant: str
) -> None:
    with postgres.database(empty=empty) as url:
        with psycopg.connect(url) as owner:
            owner.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")  # the default of PostgreSQL since version 15
            if grant:
                owner.execute(f"GRANT {grant} ON ALL TABLES IN SCHEMA public TO {person}")
        terminal.set("DATABASE_URL", postgres.url(name_of(url), person, PASSWORD))
        ended = terminal("check", "--offline")
        assert ended.status == 1
        (line,) = [line for line in ended.out.splitlines() if line.startswith("✗")]
        assert "lacks rights in the database" in line
        if grant:
            with psycopg.connect(url) as owner:
                owner.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {person}")
            assert terminal("check", "--offline").status == 0


def test_tables_of_others_are_left_alone(postgres: Server) -> None:
    with postgres.database(empty=True) as other:
        with psycopg.connect(other) as connection:
            connection.execute("CREATE TABLE paper (doi TEXT)")
        assert "holds tables that are not paperwire's" in str(refused(other))


def test_a_server_without_connections_left_is_asked_again(postgres: Server, person: str) -> None:
    with postgres.database() as url:
        name = name_of(url)
        with psycopg.connect(postgres.info("postgres"), autocommit=True) as control:
            control.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
        error = refused(postgres.url(name, person, PASSWORD))
    assert isinstance(error, StoreUnavailable)
    assert "has no connection left" in str(error)


def test_a_lock_that_somebody_holds_is_waited_for_and_told(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subscriptions.store.database.store.BUSY_SECONDS", 0.05)
    with postgres.database() as url, psycopg.connect(url) as other:
        store = Store(url)
        store.open(now=make.NOON)
        other.execute("LOCK TABLE chat IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreUnavailable, match="is locked by another program"):
            make.subscribes(store, "telegram:1", "graph")
        other.rollback()
        make.subscribes(store, "telegram:1", "graph")
        store.close()


def test_connections_that_the_server_ended_are_made_anew(postgres: Server) -> None:
    with postgres.database() as url:
        store = Store(url)
        store.open(now=make.NOON)
        make.subscribes(store, "telegram:1", "graph")
        with psycopg.connect(postgres.info("postgres"), autocommit=True) as control:
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            control.execute(ended, (name_of(url),))
        with pytest.raises(StoreUnavailable):
            make.subscribes(store, "telegram:1", "bread")
        make.subscribes(store, "telegram:1", "bread")
        store.close()


def test_without_the_extra_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"pip install 'paperwire\[cluster\]'"):
        Store(f"postgresql://person:{PASSWORD}@localhost/paperwire")


def test_a_process_with_a_file_imports_nothing_of_postgresql(tmp_path: Path) -> None:
    program = f"""
import sys
from datetime import datetime, UTC
import bot.app
from subscriptions.store.database.store import Store
Store("sqlite:///{tmp_path}/paperwire.db").open(now=datetime(2026, 1, 1, tzinfo=UTC))
print(sorted(name for name in sys.modules if name.partition(".")[0] in ("psycopg", "psycopg_pool", "procrastinate")))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - this interpreter
    assert done.stdout == "[]\n"


# ------------------------------------------------------------------------------------------------------------- poolers


def test_the_pooler_of_the_tests_mixes_two_senders(postgres: Server, tmp_path: Path) -> None:
    """A pooler shares sessions: two programs both get a lock that only one may have, and each sees settings of the
    other.
    """
    with postgres.database() as url, pooler(tmp_path, postgres.sockets, name_of(url), ignores_options=True):
        asked = f"host={tmp_path} user={SUPERUSER} dbname=any options='-c lock_timeout=77'"
        with psycopg.connect(asked, autocommit=True) as one, psycopg.connect(asked, autocommit=True) as other:
            assert [c.execute("SELECT pg_try_advisory_lock(1)").fetchone() for c in (one, other)] == [(True,), (True,)]
            assert one.execute("SHOW lock_timeout").fetchone() == ("0",)
            one.execute("SET lock_timeout = 88")
            assert other.execute("SHOW lock_timeout").fetchone() == ("88ms",)


@pytest.mark.parametrize("ignores_options", [True, False])
def test_a_pooler_in_transaction_mode_is_refused(postgres: Server, tmp_path: Path, ignores_options: bool) -> None:
    with postgres.database(empty=True) as url:
        with pooler(tmp_path, postgres.sockets, name_of(url), ignores_options=ignores_options):
            error = refused(f"postgresql://{SUPERUSER}@/any?host={tmp_path}")
        assert "A connection pooler stands before the database any on" in str(error)
        assert "Name PostgreSQL itself" in str(error)
        assert (error.exit_code, error.cause) == (2, "it cannot be opened")
        untouched = Store(url)
        assert untouched.revision() is None
        untouched.close()


# ------------------------------------------------------------------------------------------------ a server for one test


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    with own_server() as own:
        yield own


def test_a_standby_is_read_only_until_it_is_promoted(server: OwnServer) -> None:
    store = Store(server.database())
    make.subscribes(store, "telegram:1", "graph")
    server.becomes_standby()
    with suppress(StoreUnavailable):  # the old connections are gone
        listed(store, make.address("telegram:1"))
    assert [entry.subscription.text for entry in listed(store, make.address("telegram:1"))] == ["graph"]
    with pytest.raises(StoreUnavailable, match=r"cannot be written to\. Name the primary server") as found:
        make.subscribes(store, "telegram:1", "bread")
    assert (found.value.exit_code, found.value.cause) == (1, "it cannot be written to")
    server.becomes_primary()
    make.subscribes(store, "telegram:1", "bread")
    assert [entry.subscription.text for entry in listed(store, make.address("telegram:1"))] == ["graph", "bread"]
    store.close()


def test_a_store_recovers_its_connections_with_the_server(postgres: Server, person: str) -> None:
    with postgres.database() as url, psycopg.connect(postgres.info("postgres"), autocommit=True) as control:
        control.execute(f"ALTER DATABASE {name_of(url)} OWNER TO {person}")
        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {person}")
            owner.execute(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {person}")
        control.execute(f"ALTER DATABASE {name_of(url)} CONNECTION LIMIT 0")
        store = Store(postgres.url(name_of(url), person, PASSWORD))
        with pytest.raises(StoreUnavailable, match="has no connection left"):
            make.subscribes(store, "telegram:1", "graph")
        control.execute(f"ALTER DATABASE {name_of(url)} CONNECTION LIMIT 1")
        make.subscribes(store, "telegram:1", "graph")
        assert len(listed(store, make.address("telegram:1"))) == 1
        store.close()


# ------------------------------------------------------------------------------------------------------------ the password

HARD = "corréct horse/b@ttery:100%"  # an address must encode some of these characters


@pytest.mark.parametrize(
    "place", ["{name}:{password}@/postgres?host={host}", "/postgres?host={host}&user={name}&password={password}"]
)
@pytest.mark.parametrize(
    "words", [("check",), ("run", "--once"), ("db", "current"), ("subscriptions",), ("db", "copy", "x.db")]
)
def test_a_wrong_password_is_never_shown(
    terminal: Terminal, postgres: Server, person: str, place: str, words: tuple[str, ...]
) -> None:
    written = place.format(name=person, password=quote(HARD, safe=""), host=postgres.sockets)
    url = f"postgresql://{written}"
    terminal.set("LOG_LEVEL", "debug")
    if words[-1] == "x.db":
        words = (*words, url)
    else:
        terminal.set("DATABASE_URL", url)
    ended = terminal(*words)
    said = ended.out + ended.err
    assert ended.status in (1, 2)
    assert "does not let this user into the database" in said or "A password on the command line" in said
    assert "corr" not in said
    assert "b%40ttery" not in said
    assert "b@ttery" not in said


def test_the_password_of_a_bot_is_in_no_list_of_processes(postgres: Server, person: str) -> None:
    store = Store(postgres.url("postgres", person, PASSWORD))
    with store.translated_errors(), store._engine.connect() as connection:
        seen = connection.exec_driver_sql(
            "SELECT coalesce(string_agg(application_name || query, ' '), '') FROM pg_stat_activity"
        ).scalar_one()
        listed_here = b" ".join(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())
    assert "paperwire" in seen
    assert PASSWORD not in seen + listed_here.decode(errors="replace")
    assert PASSWORD not in f"{store.url!r} {store.where} {store._engine!r} {store._engine.url}"
    store.close()
