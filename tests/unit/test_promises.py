"""The page of promises fits the code: `make promises` breaks each, which takes minutes; these tests only look."""

import pytest

from tests.programs.promises import PAGE, ROOT, Promise, promises

PROMISES = promises(PAGE.read_text("utf-8"))


def test_there_are_promises() -> None:
    assert len(PROMISES) >= 20


@pytest.mark.parametrize("promise", PROMISES, ids=lambda one: one.title)
def test_a_break_fits_the_code(promise: Promise) -> None:
    assert (ROOT / promise.file).read_text("utf-8").count(promise.old) == 1
    assert promise.old != promise.new
    assert (ROOT / promise.test.partition("::")[0]).is_file()
