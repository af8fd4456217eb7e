"""Connects the postbox, as bot.platforms asks for it."""

import os
from pathlib import Path
from typing import TextIO

from bot.errors import SettingsError
from bot.ports.channel import Clock
from bot.settings import Settings
from subscriptions.store.database.store import Store
from tests.postbox.channel import PostboxChannel
from tests.postbox.facts import POSTBOX


def connect(settings: Settings, store: Store, clock: Clock, out: TextIO) -> PostboxChannel:
    folder = os.environ.get("PAPERWIRE_POSTBOX_KEY")
    if not folder:
        raise SettingsError("Postbox is off.", f"Set {POSTBOX.token_variable}.")
    return PostboxChannel(Path(folder))
