"""The command line, as transcripts of a shell: command_line/*.console."""

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from subscriptions import addresses
from tests.integration.cli import Terminal
from tests.integration.transcripts import Shell, Step, shows, shows_value, steps, stories

FILES = sorted(Path(__file__).with_name("command_line").glob("*.console"))
STORIES = [pytest.param(text, id=title) for path in FILES for title, text in stories(path).items()]
_QUOTED = 1500  # characters of an answer that a failure repeats


@pytest.mark.parametrize("story", STORIES)
def test_the_command_line_answers_as_its_transcripts_show(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, story: str
) -> None:
    monkeypatch.delitem(addresses._declared, "postbox", raising=False)  # of other tests in this process
    # `run --once` has the machine's clock: it would clean up the deliveries of the examples, which are of January 2026.
    monkeypatch.setattr("subscriptions.service.retention.claim_daily_work", lambda *_, **__: False)
    monkeypatch.setattr("subscriptions.service.retention.claim_copy", lambda *_, **__: False)
    with ExitStack() as stack:
        shell = Shell(terminal, monkeypatch, stack)
        wrong = [documented for step in steps(story) if (documented := _wrong(step, shell))]
    assert not wrong, "\n".join(wrong)


def _wrong(step: Step, shell: Shell) -> str:
    """Returns how a line's result differs from the example; "" if it does not."""
    status, printed = shell.type(step.typed)
    if " --json" in step.typed and step.shown:
        fits = status == step.status and shows_value(json.loads(step.shown), json.loads(printed))
    else:
        fits = status == step.status and shows(step.shown, printed)
    shown = f"$ {step.typed}\nis shown with {step.status} and\n{step.shown}"
    return "" if fits else f"{shown}\nbut ends with {status} and\n{printed[:_QUOTED]}\n"
