"""All rows of the table of `make faults`, in its order."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.fakes.faults import Fault as FaultOfCall
from tests.fakes.telegram import FakeTelegram
from tests.programs.faults import language_model, mail, processes, simulated, simulated_rows, slack_storm
from tests.programs.faults.judging import Verdict

Measure = Callable[[Path, int], Verdict]


@dataclass(frozen=True, slots=True)
class Fault:
    """A row: its name in the table, and the function (folder, tries) → verdict that measures it."""

    name: str
    measure: Measure
    must_be_red: bool = False
    # tries in the short run of `make test`, in which each kind of trouble of the row comes at least once; 0: other rows
    # have them, too, or tests/contract/test_channels.py tells what follows from them
    short: int = 0

    def measured(self, folder: Path, tries: int) -> Verdict:
        """Measures the row in an empty folder."""
        return self.measure(folder, tries)

    def is_as_it_must_be(self, verdict: Verdict, tries: int) -> bool:
        """Tells whether a row has enough tries and is green, or red if it must be red."""
        return verdict.tries >= tries and verdict.kept != self.must_be_red


def _stormy(seed: str, *faults: Callable[[FakeTelegram], FaultOfCall]) -> Measure:
    return partial(simulated.storm, strike=simulated.Storm(list(faults)), seed=seed)


def _killed(seed: str, scene: processes.Scene) -> Measure:
    return partial(processes.processes, scene=scene, seed=seed)


ROWS = (
    Fault("SIGKILL at the n-th write that the platform sees", _killed("write", processes.at_a_write)),
    Fault("SIGKILL at the n-th commit", _killed("commit", processes.at_a_commit)),
    Fault("SIGKILL at random", _killed("random", processes.at_random)),
    Fault("power lost: a copy of the files at random, continued from", _killed("power", processes.power_lost), short=1),
    Fault("SIGTERM under load", _killed("stop", processes.asked_to_stop)),
    Fault("two processes on one database, each third sender killed", _killed("two", processes.two_at_once)),
    Fault(
        "cut before the request was taken",
        _stormy("before", *simulated.named("cut before", "reset before")),
    ),
    Fault(
        "cut after the request was taken",
        _stormy("after", *simulated.named("cut after", "reset after", "cut in the answer")),
    ),
    *(
        Fault(
            f"Slack, cut after the request was taken: {way}",
            partial(slack_storm.storm, reading=reading, on_unclear=on_unclear, only_cuts=True),
        )
        for way, reading, on_unclear in slack_storm.WAYS
        if reading != "at times"
    ),
    *(
        Fault(
            f"Slack, every fault of posts and look-ups: {way}",
            partial(slack_storm.storm, reading=reading, on_unclear=on_unclear),
            short=short,
        )
        # one turn of the right to read leaves more messages in a channel than twelve tries
        for (way, reading, on_unclear), short in zip(slack_storm.WAYS, (12, 0, 12, 12, 0, 24), strict=True)
    ),
    *(
        Fault(f"mail: {name}", partial(mail.troubled, trouble=trouble), short=trouble.short)
        for name, trouble in mail.TROUBLES.items()
    ),
    Fault(
        "answers too late, taken or not",
        _stormy("late", *simulated.named("hang after", "hang before")),
    ),
    Fault(
        "answers empty, broken, of another kind",
        _stormy(
            "broken",
            *simulated.named("empty", "broken json", "no number", "no result", "not ok", "list", "text"),
        ),
    ),
    Fault(
        "500, 502, 503, taken or not",
        _stormy(
            "trouble",
            *simulated.named("500", "502", "503"),
            *simulated.named("500", "502", "503", taken=True),
        ),
    ),
    Fault(
        "pages of a proxy: 302, 400, 403, 413, 200",
        _stormy("pages", *simulated.named("302", "400 page", "403 page", "413", "200 page")),
    ),
    Fault(
        "429 with a wait of 1, 3 or 900 s, or none",
        _stormy("slow", *simulated.too_many(1, 3, 900, None)),
    ),
    Fault("token revoked and given back", simulated_rows.token_revoked, short=4),
    Fault("chats that block the bot and come back", simulated_rows.chats_blocked, short=4),
    Fault("groups that migrate", simulated_rows.chats_migrated, short=4),
    Fault("accounts deleted: the others", simulated_rows.chats_deleted, short=4),
    Fault("messages refused for ever: the others", simulated_rows.refused_message, short=4),
    Fault("database locked by another process for a minute", simulated_rows.locked, short=2),
    Fault("database read-only for a minute", simulated_rows.read_only, short=2),
    Fault("disk full for a minute", simulated_rows.full, short=2),
    Fault("database damaged, the copy put back", _killed("damage", processes.damaged), short=1),
    Fault("clocks that jump by a second to a month, both ways", simulated_rows.clocks_that_jump, short=7),
    Fault("poisoned digests among good ones", simulated_rows.poisoned_digests, short=7),
    Fault(f"language model: {', '.join(language_model.FAULTS)}, each", language_model.fails, short=1),
    Fault("language model: SIGKILL while it is asked", language_model.killed),
    Fault("much of it at once, 3,000 chats", simulated_rows.much_at_once, short=9),
    Fault(
        "none, and a database that forgets confirmations",
        simulated_rows.forgets_confirmations,
        must_be_red=True,
        short=8,
    ),
    Fault("none, and a platform that drops messages", simulated_rows.drops_messages, must_be_red=True, short=8),
)
BY_NAME = {fault.name: fault for fault in ROWS}


def measured(name: str, tries: int) -> Verdict:
    """Measures a row in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        return BY_NAME[name].measured(Path(folder), tries)
