"""Runs `paperwire` with slices of one paper or chat, and does something at one slice of a renewal of words.

The variable TESTS_SLICE says what and when: "wait 2" stands still in the second slice, "kill 2" kills the process in it,
before it is committed, and "stop 2" sends SIGTERM after it.
"""

import os
import signal
import sys
import threading
from typing import Any

from bot.cli import main
from subscriptions.maintenance import word_renewal

_renew_slice: Any = word_renewal.renew_slice
_what, _, _at = os.environ["TESTS_SLICE"].partition(" ")
_slices: list[object] = []


def _halted(*arguments: Any) -> Any:
    done = _renew_slice(*arguments)
    _slices.append(done)
    if len(_slices) == int(_at):
        if _what == "wait":
            threading.Event().wait()
        os.kill(os.getpid(), signal.SIGKILL if _what == "kill" else signal.SIGTERM)
    return done


if __name__ == "__main__":
    vars(_halted)["writes"] = True
    vars(word_renewal).update(SLICE=dict.fromkeys(word_renewal.SLICE, 1), renew_slice=_halted)
    sys.exit(main(sys.argv[1:]))
