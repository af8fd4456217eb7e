"""The command line turns any error into a sentence, even if its chain of causes leads back to the error itself."""

from collections.abc import Callable

import pytest

from bot.cli import run


def circle(*errors: BaseException) -> BaseException:
    """Makes each error the cause of the one before it, and the first error the cause of the last. Returns the first."""
    for error, cause in zip(errors, (*errors[1:], errors[0]), strict=True):
        error.__cause__ = cause
    return errors[0]


def in_context(*errors: BaseException) -> BaseException:
    """Like `circle`, but links the errors as if each was raised while the next one was handled."""
    for error, before in zip(errors, (*errors[1:], errors[0]), strict=True):
        error.__context__ = before
    return errors[0]


BROKEN = "Something went wrong within paperwire: RuntimeError: broken. PAPERWIRE_LOG_LEVEL=debug shows where.\n"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("linked", [circle, in_context])
@pytest.mark.parametrize(
    ("others", "ended"),
    [
        ([], (1, BROKEN)),  # an error that is its own cause
        ([ValueError("one"), OSError("another")], (1, BROKEN)),
        ([ImportError("half loaded"), KeyboardInterrupt()], (130, "Stopped.\n")),
    ],
)
def test_an_error_that_is_its_own_cause_ends_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    linked: Callable[..., BaseException],
    others: list[BaseException],
    ended: tuple[int, str],
) -> None:
    error = linked(RuntimeError("broken"), *others)

    def call(_: object) -> int:
        raise error

    monkeypatch.setattr("bot.cli._call", call)
    assert (run(["status"]), capsys.readouterr().err) == ended


@pytest.mark.timeout(20)
def test_a_circle_behind_the_first_error_is_gone_through_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = RuntimeError("broken")
    error.__cause__ = circle(ValueError("one"), OSError("another"))

    def call(_: object) -> int:
        raise error

    monkeypatch.setattr("bot.cli._call", call)
    assert run(["status"]) == 1
    assert capsys.readouterr().err == BROKEN
