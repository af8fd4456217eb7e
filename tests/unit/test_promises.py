"""The page of promises fits the code: `make promises` breaks each, which takes minutes; this test only looks."""

from tests.programs.promises import PAGE, ROOT, Promise, promises


def fits(promise: Promise) -> bool:
    """Returns whether a break can be made in one place, and its test is there."""
    code = (ROOT / promise.file).read_text("utf-8")
    return code.count(promise.old) == 1 and promise.old != promise.new and _is_there(promise.test)


def _is_there(test: str) -> bool:
    return (ROOT / test.partition("::")[0]).is_file()


def test_every_break_fits_the_code() -> None:
    there = promises(PAGE.read_text("utf-8"))
    assert len(there) >= 20
    assert [promise.title for promise in there if not fits(promise)] == [], f"adapt the diff in {PAGE.name}"
