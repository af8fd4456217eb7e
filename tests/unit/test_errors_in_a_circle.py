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


def before(first: BaseException, *errors: BaseException) -> BaseException:
    """Makes a circle of errors the cause of the first one, which is not part of it."""
    first.__cause__ = circle(*errors)
    return first


BROKEN = "Something went wrong within paperwire: RuntimeError: broken. PAPERWIRE_LOG_LEVEL=debug shows where.\n"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("linked", "others", "ended"),
    [
        *((linked, [], (1, BROKEN)) for linked in (circle, in_context)),  # an error that is its own cause
        *((linked, [ValueError("one"), OSError("another")], (1, BROKEN)) for linked in (circle, in_context, before)),
        *((linked, [ImportError("half"), KeyboardInterrupt()], (130, "Stopped.\n")) for linked in (circle, in_context)),
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
