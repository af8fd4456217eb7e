"""Everything that can be wrong with PostgreSQL gives one sentence, which never holds a password."""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from subscriptions import errors
from subscriptions.service.listing import listed
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


def refused(url: str) -> errors.StoreError:
    store = Store(url)
    try:
        with pytest.raises(errors.StoreError) as found:
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
    assert isinstance(error, errors.StoreUnavailable)
    assert f"The server of the database paperwire on {tmp_path} does not answer" in str(error)
    # the sentence does not hold the question that the driver adds after it:
    assert "does not answer: No such file or directory. " in str(error)
    assert "give any other subcommand again" in str(error)  # a subcommand that ends with this error does not try again
    assert (error.exit_code, error.cause) == (1, "its server does not answer")


@pytest.mark.parametrize(
    ("database", "password", "sentence"),
    [
        ("postgres", PASSWORD + "x", "does not let this user into the database"),
        ("nowhere", PASSWORD, "There is no database nowhere on"),
    ],
)
def test_a_wrong_password_or_name_is_a_wrong_setting(
    postgres: Server, person: str, database: str, password: str, sentence: str
) -> None:
    error = refused(postgres.url(database, person, password))
    assert sentence in str(error)
    assert (error.exit_code, error.cause) == (2, "it cannot be opened")


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


def test_without_the_extra_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(errors.StoreError, match=r"pip install 'paperwire\[cluster\]'"):
        Store(f"postgresql://person:{PASSWORD}@localhost/paperwire")


# ------------------------------------------------------------------------------------------------------------- poolers


@pytest.mark.parametrize("ignores_options", [True, False])
def test_a_pooler_in_transaction_mode_is_refused(postgres: Server, tmp_path: Path, ignores_options: bool) -> None:
    with postgres.database(empty=True) as url:
        with pooler(tmp_path, postgres.sockets, name_of(url), ignores_options=ignores_options):
            error = refused(f"postgresql://{SUPERUSER}@/any?host={tmp_path}")
        assert "A connection pooler is in front of the database any on" in str(error)
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
    with suppress(errors.StoreUnavailable):  # the old connections are gone
        listed(store, make.address("telegram:1"))
    assert [entry.subscription.text for entry in listed(store, make.address("telegram:1"))] == ["graph"]
    with pytest.raises(errors.StoreUnavailable, match=r"cannot be written to\. Name the primary server") as found:
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
        with pytest.raises(errors.StoreUnavailable, match="has no connection left"):
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
