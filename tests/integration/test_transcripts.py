"""The command line answers as its transcripts show, which are in command_line/*.console."""

import contextlib
import json
from pathlib import Path

import pytest

from tests.integration import transcripts
from tests.integration.cli import Terminal

STORIES = [
    pytest.param(text, id=f"{path.name}: {title}")
    for path in sorted(Path(__file__).with_name("command_line").glob("*.console"))
    for title, text in transcripts.stories(path).items()
]


@pytest.mark.parametrize("story", STORIES)
def test_the_command_line_answers_as_its_transcripts_show(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, story: str
) -> None:
    # `run --once` uses the machine's clock, so its daily work would delete the transcripts' deliveries of January 2026
    monkeypatch.setattr("subscriptions.maintenance.retention.claim", lambda *_, **__: False)
    with contextlib.ExitStack() as stack:
        shell = transcripts.Shell(terminal, monkeypatch, stack)
        wrong = [documented for step in transcripts.steps(story) if (documented := _wrong(step, shell))]
    assert not wrong, "\n".join(wrong)


def _wrong(step: transcripts.Step, shell: transcripts.Shell) -> str:
    """Runs a line. Returns how its result differs from the transcript; "" if it does not differ."""
    status, printed = shell.type(step.typed)
    if " --json" in step.typed and step.shown:
        fits = status == step.status and transcripts.shows_value(json.loads(step.shown), json.loads(printed))
    else:
        fits = status == step.status and transcripts.shows(step.shown, printed)
    shown = f"$ {step.typed}\nis shown with {step.status} and\n{step.shown}"
    return "" if fits else f"{shown}\nbut ends with {status} and\n{printed[:1500]}\n"
