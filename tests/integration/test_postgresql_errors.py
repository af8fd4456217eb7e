"""What can be wrong with PostgreSQL: a sentence each, and never a password."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from subscriptions.errors import StoreError, StoreUnavailable
from subscriptions.store import Store
from tests.make import NOON, subscribes
from tests.postgres.server import Server

PASSWORD = "correct-horse-battery"


def refused(url: str) -> StoreError:
    store = Store(url)
    try:
        with pytest.raises(StoreError) as found:
            store.open(now=NOON)
    finally:
        store.close()
    said = f"{found.value} {found.value!r} {store.where} {store.url!r}"
    assert PASSWORD not in said
    return found.value


@pytest.fixture
def person(postgres: Server) -> Iterator[str]:
    """A user who needs a password."""
    with psycopg.connect(postgres.info("postgres"), autocommit=True) as control:
        name = f"person{os.getpid()}"  # all processes of the tests share the server
        control.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
        yield name
        control.execute(f"DROP ROLE {name}")


def test_a_server_that_is_down_is_asked_again(tmp_path: Path) -> None:
    error = refused(f"postgresql://person:{PASSWORD}@/paperwire?host={tmp_path}")
    assert isinstance(error, StoreUnavailable)
    assert f"The server of the database paperwire on {tmp_path} does not answer" in str(error)
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
        error = refused(postgres.url(url.partition("@/")[2].partition("?")[0], person, PASSWORD))
    assert "lacks rights in the database" in str(error)


def test_a_schema_of_a_newer_version_is_refused_and_tables_of_others_are_left_alone(postgres: Server) -> None:
    with postgres.database() as url, postgres.database(empty=True) as other:
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        assert "was written by a newer paperwire" in str(refused(url))
        with psycopg.connect(other) as connection:
            connection.execute("CREATE TABLE paper (doi TEXT)")
        assert "holds tables that are not paperwire's" in str(refused(other))


def test_a_server_without_connections_left_is_asked_again(postgres: Server, person: str) -> None:
    with postgres.database() as url:
        name = url.partition("@/")[2].partition("?")[0]
        with psycopg.connect(postgres.info("postgres"), autocommit=True) as control:
            control.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
        error = refused(postgres.url(name, person, PASSWORD))
    assert isinstance(error, StoreUnavailable)
    assert "has no connection left" in str(error)


def test_a_lock_that_somebody_holds_is_waited_for_and_told(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subscriptions.store.database.store.BUSY_SECONDS", 0.05)
    with postgres.database() as url, psycopg.connect(url) as other:
        store = Store(url)
        store.open(now=NOON)
        other.execute("LOCK TABLE chat IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreUnavailable, match="is locked by another program"):
            subscribes(store, "telegram:1", "graph")
        other.rollback()
        subscribes(store, "telegram:1", "graph")
        store.close()


def test_connections_that_the_server_ended_are_made_anew(postgres: Server) -> None:
    with postgres.database() as url:
        store = Store(url)
        store.open(now=NOON)
        subscribes(store, "telegram:1", "graph")
        with psycopg.connect(postgres.info("postgres"), autocommit=True) as control:
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            control.execute(ended, (url.partition("@/")[2].partition("?")[0],))
        with pytest.raises(StoreUnavailable):
            subscribes(store, "telegram:1", "bread")
        subscribes(store, "telegram:1", "bread")
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
from subscriptions.store import Store
Store("sqlite:///{tmp_path}/paperwire.db").open(now=datetime(2026, 1, 1, tzinfo=UTC))
print(sorted(name for name in sys.modules if name.partition(".")[0] in ("psycopg", "psycopg_pool", "procrastinate")))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - this interpreter
    assert done.stdout == "[]\n"
