"""Telegram, through python-telegram-bot's `telegram.Bot` (not `telegram.ext`).

PTB_TIMEDELTA makes the library return `retry_after` as a timedelta; it must be set before the first status 429. Without
it, reading the error raises a deprecation warning, which `-W error` turns into an error that is no `TelegramError`.
"""

import os

os.environ["PTB_TIMEDELTA"] = "true"
