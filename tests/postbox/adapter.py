"""The postbox as a platform. See PlatformAdapter for each function."""

import os
from pathlib import Path
from typing import TextIO

from bot.platform import OnBotName, Platform, PlatformSurroundings, switched_off
from bot.ports.channel import Channel, Clock
from bot.ports.conversation import Receiver
from bot.settings import Settings
from tests.postbox.channel import PostboxApi, PostboxChannel
from tests.postbox.facts import POSTBOX
from tests.postbox.medium import Letters
from tests.postbox.receiver import PostboxReceiver


def connect(settings: Settings, clock: Clock, out: TextIO) -> Channel:
    del settings, clock, out
    folder = os.environ.get("PAPERWIRE_POSTBOX_KEY")
    if not folder:
        raise switched_off(POSTBOX)
    return PostboxChannel(Path(folder))


def platform(channel: Channel, around: PlatformSurroundings) -> Platform:
    assert isinstance(channel, PostboxChannel)

    def receivers(on_bot_name: OnBotName) -> tuple[Receiver, ...]:
        on_bot_name("The postman")
        return (PostboxReceiver(channel.folder, around.clock),)

    return Platform(
        facts=POSTBOX,
        channel=channel,
        api=PostboxApi(channel),
        medium=Letters(),
        receivers=receivers,
        startup_lines=("Letters are read once a minute.",),
    )
