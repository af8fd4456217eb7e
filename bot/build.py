"""The composition root: builds the parts of the program from the settings."""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TextIO

from bot.app import App, Stop
from bot.clock import Clock
from bot.connections import ADAPTERS, connect, renderer_of
from bot.delivery.share_links import subscribe_link
from bot.digests.sandbox import InProcess, ReaderRunner, Sandbox
from bot.embeddings import process as encoders
from bot.models import MessageReader, Summarizer
from bot.pace import Pace
from bot.platforms.base import Given, Platform
from bot.rendering.deliveries import render_delivery
from bot.rendering.packing import Renderer
from bot.rendering.replies import render_reply
from bot.settings import Settings
from bot.settings.opening import make_store
from subscriptions import model
from subscriptions.database.store import Store


def build_app(
    settings: Settings,
    *,
    clock: Clock,
    platforms: Mapping[str, Platform] | None = None,
    out: TextIO | None = None,
    guard_gone: bool = True,
    isolated: bool = False,
    stop: Stop | None = None,
) -> App:
    """Build an App. Raise SettingsError, StoreError.

    `out`: where the console writes, stdout by default. `platforms`: used instead of those that the
    settings turn on. Without `guard_gone`, each chat that refuses a message counts as gone at once. `isolated`: documents
    of sources and files of people are read in child processes, one for each, so that nobody's file holds up a source.
    """
    encoder = encoders.encoder_of(settings)
    store = make_store(settings, encoder=encoder.name if encoder else "")
    on = platforms
    if on is None:
        given = Given(settings, store, clock, out or sys.stdout)
        on = {name: connect(name, given) for name in ADAPTERS if settings.is_on(name)}
    bot_names: dict[str, str] = {}
    renderer, titles, make_link = (
        partial(_renderer, on),
        settings.source_titles,
        partial(subscribe_link, store, bot_names),
    )
    summarizer, reader = _language_model(settings, store, clock) if settings.has_model else (None, None)
    return App(
        settings=settings,
        store=store,
        clock=clock,
        platforms=on,
        pace=Pace(clock, {name: platform.limits for name, platform in on.items()}),
        render_delivery=lambda delivery: render_delivery(
            delivery, renderer=renderer(delivery.chat.address), titles=titles, make_link=make_link
        ),
        render_reply=lambda reply, chat: render_reply(reply, chat, renderer=renderer(chat.address)),
        encoder=encoder,
        summarizer=summarizer,
        reader=reader,
        bot_names=bot_names,
        sandbox=_sandbox(isolated=isolated),
        file_sandbox=_sandbox(isolated=isolated),
        guard_gone=guard_gone,
        stop=stop or Stop(),
    )


@asynccontextmanager
async def open_app(settings: Settings, clock: Clock, **options: Any) -> AsyncIterator[App]:  # noqa: ANN401 - those of build_app
    """Build an App, and close it at the end. `options` are those of `build_app`. Raise SettingsError, StoreError."""
    app = build_app(settings, clock=clock, **options)
    try:
        yield app
    finally:
        await app.close()


def _language_model(settings: Settings, store: Store, clock: Clock) -> tuple[Summarizer, MessageReader | None]:
    from bot.llm import messages, summaries  # noqa: PLC0415 - httpx takes 120 ms; most have no language model

    return summaries.summarizer_of(settings, store, clock), messages.reader_of(settings, store, clock)


def _sandbox(*, isolated: bool) -> ReaderRunner:
    return Sandbox() if isolated else InProcess()


def _renderer(platforms: Mapping[str, Platform], chat: model.ChatAddress) -> Renderer:
    """Return the renderer of a chat, which says how messages are rendered there. The chat's platform may be off."""
    platform = platforms.get(chat.platform)
    return platform.renderer_for(chat) if platform else renderer_of(chat.platform)
