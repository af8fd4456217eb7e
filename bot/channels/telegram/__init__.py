"""Telegram, through python-telegram-bot's `telegram.Bot` (not `telegram.ext`).

The library must be told before its first 429 that `retry_after` is wanted as a timedelta. Otherwise the error itself
raises a deprecation warning, and under `-W error` a 429 is no `TelegramError` any more.
"""

import os

os.environ["PTB_TIMEDELTA"] = "true"
