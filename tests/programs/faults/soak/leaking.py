"""The program with leaks: `python -m tests.programs.faults.soak.leaking BYTES run` never frees a part of each request.

Each request leaks BYTES bytes, five open descriptors, a waiting thread, and a row that no clean-up removes.
"""

import os
import sys
import threading
from typing import Any

from bot.__main__ import main
from bot.conversation import handler
from subscriptions.store.bot_state import put_value

_kept: list[object] = []


def leak(size: int) -> None:
    """Makes every handled request leak `size` bytes."""
    whole = handler.answer

    async def answer(context: Any, request: Any) -> Any:
        _kept.append((request, os.urandom(size), [os.dup(2) for _ in range(5)]))
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        with context.store.write() as transaction:
            put_value(transaction, f"leak {request.update_id}", "")
        return await whole(context, request)

    vars(handler)["answer"] = answer


if __name__ == "__main__":
    leak(int(sys.argv.pop(1)))
    main()
