"""The address of a PostgreSQL database: its options are kept, its password is not shown, its time limits are named."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.postgres.server import Server
from tests.product import Product

PASSWORDS = [
    "se@cretpart",
    "secret@part@x",
    "@secretpart",
    "se@cr/etpart",
    "se@cr?etpart",
    "se@cr#etpart",
    "se:cr@etpart",
]


@pytest.fixture
def on_server(installed: Product, postgres: Server) -> Iterator[Product]:
    """The program on an empty database that has the schema lab."""
    with postgres.database(empty=True) as url:
        installed.settings["PAPERWIRE_DATABASE_URL"] = url
        control(installed, "CREATE SCHEMA lab")
        yield installed


def control(product: Product, statement: str) -> list[tuple[object, ...]]:
    """Execute a statement as an administrator of the server does."""
    url = product.settings["PAPERWIRE_DATABASE_URL"].partition("&options=")[0]
    with psycopg.connect(url, autocommit=True) as connection:
        done = connection.execute(statement)
        return done.fetchall() if done.description else []


def schemas(product: Product) -> set[tuple[object, ...]]:
    return set(control(product, "SELECT schemaname FROM pg_tables WHERE schemaname IN ('public', 'lab')"))


@pytest.mark.parametrize(
    "options",
    [
        "-csearch_path%3Dlab",
        "-c%20search_path%3Dlab%20-c%20work_mem%3D8MB",
        "-csearch_path%3Dlab%20-c%20timezone%3DAsia/Tokyo",
        "-cwork_mem%3D8MB&options=-csearch_path%3Dlab",
    ],
)
def test_options_of_the_address_are_kept(on_server: Product, options: str) -> None:
    on_server.settings["PAPERWIRE_DATABASE_URL"] += f"&options={options}"
    made = on_server.runs("subscribe", "kelp", "--as", "console:me", "--when", "daily 8")
    assert made.status == 0, made.err
    assert schemas(on_server) == {("lab",)}
    on_server.brings("Kelp")
    assert on_server.runs("deliver", "--json").status == 0
    assert on_server.tells("subscriptions")[0]["zone"] == "UTC"


def test_options_of_the_environment_are_kept(on_server: Product) -> None:
    on_server.settings["PGOPTIONS"] = "-c search_path=lab"
    assert on_server.runs("subscribe", "kelp", "--as", "console:me").status == 0
    assert schemas(on_server) == {("lab",)}


def test_schema_that_is_missing_is_told(on_server: Product) -> None:
    on_server.settings["PAPERWIRE_DATABASE_URL"] += "&options=-csearch_path%3Dnowhere"
    refused = on_server.runs("subscribe", "kelp", "--as", "console:me")
    assert (refused.status, "schema" in refused.err, refused.err.count("\n")) == (2, True, 1), refused.err


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("host", ["127.0.0.1:1/db", "nowhere.invalid/db", "/db?host=/nowhere"])
def test_no_piece_of_a_password_is_shown(installed: Product, password: str, host: str) -> None:
    installed.settings["PAPERWIRE_DATABASE_URL"] = f"postgresql://joe:{password}@{host}"
    for command in (("subscriptions",), ("check", "--offline"), ("run", "--once")):
        finished = installed.runs(*command)
        assert finished.status in (1, 2)
        for piece in ("secret", "part", "cret", "etpart"):
            assert piece not in finished.out + finished.err, (command, finished.out + finished.err)


def test_password_with_an_at_sign_is_taken_whole(installed: Product, postgres: Server) -> None:
    with postgres.database(empty=True) as url:
        installed.settings["PAPERWIRE_DATABASE_URL"] = url.replace("@/", ":p@ss@/")  # the server asks for none
        assert installed.runs("subscribe", "kelp", "--as", "console:me").status == 0


@pytest.mark.parametrize("limit", ["statement_timeout", "lock_timeout"])
def test_time_limit_of_the_server_is_named(on_server: Product, limit: str) -> None:
    assert on_server.runs("subscribe", "kelp", "--as", "console:me").status == 0
    ((name,),) = control(on_server, "SELECT current_database()")
    control(on_server, f"ALTER DATABASE {name} SET {limit} = '1ms'")
    told = on_server.tries_to_bring(*(f"Kelp {number}" for number in range(300)))
    if limit == "lock_timeout":
        assert told.status == 0, "paperwire sets its own"
        return
    assert (told.status, "statement_timeout" in told.err, "locked" in told.err) == (1, True, False), told.err


def test_installations_in_two_schemas_do_not_wait_for_each_other(on_server: Product) -> None:
    assert on_server.runs("subscribe", "kelp", "--as", "console:me").status == 0
    with on_server.starts("run") as process:
        process.waits_until_ready()
        on_server.settings["PAPERWIRE_DATABASE_URL"] += "&options=-csearch_path%3Dlab"
        assert on_server.runs("subscribe", "moss", "--as", "console:me").status == 0
        delivered = on_server.runs("deliver", "--json")
        assert delivered.status == 0, delivered.err
