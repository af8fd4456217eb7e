"""The command line, as transcripts of a shell: command_line/*.console."""

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from subscriptions import addresses
from tests.integration import transcripts
from tests.integration.cli import Terminal

FILES = sorted(Path(__file__).with_name("command_line").glob("*.console"))
STORIES = [pytest.param(text, id=title) for path in FILES for title, text in transcripts.stories(path).items()]
_QUOTED = 1500  # how many characters of an answer a failure shows


@pytest.mark.parametrize("story", STORIES)
def test_the_command_line_answers_as_its_transcripts_show(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, story: str
) -> None:
    # other tests in this process may have declared it
    monkeypatch.delitem(addresses._declared, "postbox", raising=False)
    # `run --once` uses the machine's clock: it would delete the deliveries of the examples, which are of January 2026.
    monkeypatch.setattr("subscriptions.service.retention.claim_daily_work", lambda *_, **__: False)
    monkeypatch.setattr("subscriptions.service.retention.claim_copy", lambda *_, **__: False)
    with ExitStack() as stack:
        shell = transcripts.Shell(terminal, monkeypatch, stack)
        wrong = [documented for step in transcripts.steps(story) if (documented := _wrong(step, shell))]
    assert not wrong, "\n".join(wrong)


def _wrong(step: transcripts.Step, shell: transcripts.Shell) -> str:
    """Returns how the result of a line differs from the example; "" if it does not."""
    status, printed = shell.type(step.typed)
    if " --json" in step.typed and step.shown:
        fits = status == step.status and transcripts.shows_value(json.loads(step.shown), json.loads(printed))
    else:
        fits = status == step.status and transcripts.shows(step.shown, printed)
    shown = f"$ {step.typed}\nis shown with {step.status} and\n{step.shown}"
    return "" if fits else f"{shown}\nbut ends with {status} and\n{printed[:_QUOTED]}\n"
