"""The schema of jobs that a new database gets is the one that the installed procrastinate works with."""

from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pytest
from procrastinate.schema import SchemaManager

from subscriptions.store.database import postgres

COPY = Path(postgres.__file__).with_name("jobs.sql")
COPIED = "3.10.0"  # the version whose schema it is


def what_to_do(installed: str, schema_of_jobs: str, steps: list[str]) -> str:
    """Says what a developer must change for the installed version's schema of jobs; "" if nothing.

    `steps`: names of the library's scripts from one version to the next, NN.NN.NN_NN_(pre|post)_what.sql.
    """
    if schema_of_jobs == COPY.read_text(encoding="utf-8"):
        return ""
    if installed == COPIED:
        return f"{COPY.name} was changed; it has to stay what procrastinate {COPIED} has in schema.sql."
    newer = sorted(step for step in steps if numbers(step) > numbers(COPIED))
    return (
        f"procrastinate {installed} has another schema than {COPIED}, whose copy {COPY.name} is. Put the new one in its place, and add"
        f" a revision that runs these scripts of procrastinate.sql.migrations, in this order: {', '.join(newer) or 'none'}."
        f" Then set COPIED here."
    )


def numbers(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.partition("_")[0].split("."))


def test_the_schema_of_jobs_is_that_of_the_installed_library() -> None:
    steps = [one.name for one in files("procrastinate.sql").joinpath("migrations").iterdir() if one.name[0].isdigit()]
    assert len(steps) > 20
    said = what_to_do(version("procrastinate"), SchemaManager.get_schema(), steps)
    assert said == "", said


@pytest.mark.parametrize(
    ("installed", "schema", "said"),
    [
        ("3.10.0", "-- changed", "jobs.sql was changed"),
        ("3.11.0", "-- another", "in this order: 03.11.00_01_pre_a.sql, 03.11.00_50_post_b.sql."),
    ],
)
def test_of_another_schema_it_says_what_to_do(installed: str, schema: str, said: str) -> None:
    steps = ["03.11.00_50_post_b.sql", "03.11.00_01_pre_a.sql", "03.10.00_01_pre_old.sql", "00.05.00_01_first.sql"]
    assert said in what_to_do(installed, schema, steps)
