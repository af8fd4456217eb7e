"""The composition root: the only place that builds things from settings, and the two ways to run them."""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO, runtime_checkable

from bot.clock import SystemClock
from bot.commands.core.context import BotInfo
from bot.context.dependencies import Context, ConversationContext, Layout
from bot.delivery.drain_state import DrainState, Sent
from bot.delivery.engines.embedded import EmbeddedEngine
from bot.delivery.lane_sender import deliver
from bot.delivery.plan import plan, seed_pace
from bot.delivery.rate_limiter import GcraRateLimiter
from bot.delivery.rate_wait import token_is_paused
from bot.delivery.sender_lock import sender_lock
from bot.errors import SettingsError
from bot.ports.channel import Channel
from bot.ports.clock import Clock
from bot.ports.conversation import PlatformApi
from bot.ports.forms import Forms
from bot.ports.receiver import Receiver
from bot.settings import EVERYTHING, Settings
from bot.settings.cron import CronSchedule
from bot.sources.ingest import IngestContext
from subscriptions.errors import NotDelivered, NotFound, RetryLater, Sentence, StoreError
from subscriptions.model import Delivery, Message
from subscriptions.planning.source_calendar import ArxivCalendar, Schedule, Schedules
from subscriptions.service.chats import (
    begin_day,
    belongs_to,
    bot_name,
    clean_up,
    install_again,
    own_workspace,
    share_link,
    uninstalled,
)
from subscriptions.service.outbox import free_platforms, lanes, progress, recover_in_flight, stopped_platforms
from subscriptions.service.sources import sync_sources, unknown_sources
from subscriptions.store import HEAD, Store
from subscriptions.zones import zone

if TYPE_CHECKING:
    from bot.channels.slack.installer import Installer
    from bot.channels.slack.outbound import SlackChannel
    from bot.channels.slack.socket_mode import SocketMode
    from bot.channels.telegram.outbound import TelegramChannel
    from bot.sources.http import Fetcher
    from bot.sources.receipts import FileReceiptWriter
    from bot.sources.source_scheduler import SourceScheduler

log = logging.getLogger("paperwire")

LOOKUP_PLATFORMS = frozenset({"slack"})  # platforms that can be asked whether they have a message
SHUTDOWN_GRACE = 22.0  # seconds to finish what is in flight after SIGTERM; a platform that hangs is given up after 20


class App:
    """One store with its channels. Every subcommand that needs them goes through here."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        channels: Mapping[str, Channel],
        render: "_Render",
        *,
        conversation: ConversationContext | None = None,
    ) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.stop = asyncio.Event()
        self.interrupted = False  # it is to stop by Ctrl-C
        pace = GcraRateLimiter({platform: channel.limits for platform, channel in channels.items()})
        self.wire = Context(
            store=store,
            clock=clock,
            channels=channels,
            engine=EmbeddedEngine(clock, pace, stopping=self.stop.is_set),
            rate_limiter=pace,
            render_delivery=partial(render, make_link=self.subscribe_link),
            conversation=conversation,
            on_unclear=settings.on_unclear,
            lookup_platforms=LOOKUP_PLATFORMS & set(channels),
            is_stopping=self.stop.is_set,
        )
        self.installer = self._installer()

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.store.path

    def open(self) -> None:
        """Makes the database ready: there, and of this version's schema. Raises SettingsError."""
        make_ready(self.store, self.settings, now=self.clock.now())

    async def deliver(self) -> Sent:
        """Plans what is due now and sends it; ends when all that may go now has gone. Raises RoleTaken, StoreError."""
        with sender_lock(self.database):
            await self.prepare_sender()
            return await self.send_once()

    async def prepare_sender(self, *, new_bot: bool = False) -> None:
        """What the process with the sending role does first: unclear messages, whose bot it is, the pace so far."""
        await asyncio.to_thread(recover_in_flight, self.store)
        for platform, channel in self.wire.channels.items():
            with suppress(NotDelivered):  # a platform that does not answer now is found out by the first message
                if identity := self._bot_id(platform) or await channel.identity():
                    await asyncio.to_thread(belongs_to, self.store, platform, identity, new_bot=new_bot)
                    if platform == "slack":
                        team = identity.partition(":")[0]
                        await asyncio.to_thread(own_workspace, self.store, team, now=self.clock.now())
        await self.resume_reinstalled_workspaces()
        if self.installer is not None:
            await self.installer.look()
        await asyncio.to_thread(seed_pace, self.wire)

    async def resume_reinstalled_workspaces(self) -> None:
        """Slack workspaces that took the app away and have it again go on."""
        slack, gone = self._slack(), await asyncio.to_thread(uninstalled, self.store)
        for workspace in slack.workspaces.all if slack is not None and gone else ():
            with suppress(NotDelivered):  # it is still away
                team = (await workspace.identify()).team
                if team in gone and await asyncio.to_thread(install_again, self.store, team, now=self.clock.now()):
                    log.info("The Slack workspace %s has the app again; what waited there goes on.", team)

    def _bot_id(self, platform: str) -> str:
        """The bot's id where the token itself tells it: on Telegram it stands before the colon."""
        token = self.settings.telegram.token
        return token.get_secret_value().partition(":")[0] if platform == "telegram" and token else ""

    async def send_once(self) -> Sent:
        """One round: plan, then every lane with something to do now."""
        run = DrainState(stopped=await asyncio.to_thread(stopped_platforms, self.store))
        await plan(self.wire, run)
        await self.drain(run)
        stands = await asyncio.to_thread(progress, self.store)
        return Sent(
            planned=run.planned,
            sent=run.sent,
            papers=run.papers,
            waiting=stands.waiting,
            unclear=stands.unclear,
            dead=stands.dead,
            stopped=dict(run.stopped),
        )

    async def drain(self, drain_state: DrainState) -> None:
        """Delivers in every lane that has something to do now."""
        gc.freeze()  # what is loaded by now stays, and is not looked through again and again for what may go
        await self.wake_lanes(drain_state)
        await self.run_until_stopped(self.wire.engine.run(partial(deliver, self.wire, drain_state)))

    async def wake_lanes(self, drain_state: DrainState) -> bool:
        """Nudges every lane that has something to do now; whether there is one."""
        found = await asyncio.to_thread(
            lanes,
            self.store,
            [platform for platform in self.wire.channels if not token_is_paused(self.wire, platform)],
            now=self.clock.now(),
            wall=self.clock.wall(),
            finding=sorted(self.wire.lookup_platforms),
        )
        waiting = [lane for lane in found if not drain_state.is_stopped(lane)]
        drain_state.lanes.update(waiting)
        self.wire.engine.wake(waiting)
        return bool(waiting)

    async def load_installations(self) -> str:
        """Makes the workspaces known that installed the app, for who only looks; what is wrong with them."""
        if self.installer is None or not self.store.exists() or self.store.revision() != HEAD:
            return ""
        await self.installer.look(renew=False)
        return self.installer.problem

    def _installer(self) -> "Installer | None":
        """Who keeps the workspaces that install the app by OAuth, where the app can be installed."""
        slack, settings = self._slack(), self.settings.slack
        key = self.settings.secret_key
        if slack is None or settings.client_id is None or settings.client_secret is None or key is None:
            return None
        from bot.channels.slack.installer import Installer  # noqa: PLC0415 - as above
        from bot.channels.slack.oauth import OAuth  # noqa: PLC0415 - only where it can be installed
        from bot.channels.slack.token_cipher import TokenCipher  # noqa: PLC0415 - as above

        oauth = OAuth(slack.workspaces, settings.client_id, settings.client_secret, settings.api_url)
        return Installer(self.store, self.clock, TokenCipher(key), oauth, slack.workspaces)

    def source_scheduler(self) -> "SourceScheduler":
        """Whatever brings digests."""
        return make_source_scheduler(self.settings, self.wire, stopping=self.stop.is_set)

    def receivers(self) -> list[Receiver]:
        """Whatever brings what people say, one for each platform where they can talk to us."""
        installing = [self.installer] if self.installer is not None else []
        return [*self._telegram_receivers(), *self._slack_receivers(), *installing]

    def _telegram_receivers(self) -> list[Receiver]:
        telegram, token = self._telegram(), self.settings.telegram.token
        if telegram is None or token is None:
            return []
        met = partial(self._set_bot_name, "telegram")
        url, secret = self.settings.telegram.webhook_url, self.settings.telegram.webhook_secret
        if url is None:
            from bot.channels.telegram.long_polling import LongPolling  # noqa: PLC0415 - only where people can talk to us

            return [LongPolling(telegram.client, self.clock, on_bot_name=met)]
        from bot.channels.telegram.webhook import TelegramWebhook  # noqa: PLC0415 - as above

        return [
            TelegramWebhook(
                telegram.client,
                self.clock,
                url=url,
                token=token.get_secret_value(),
                secret=secret.get_secret_value() if secret else None,
                on_bot_name=met,
            )
        ]

    def _slack_receivers(self) -> list[Receiver]:
        """Socket Mode for each app token, and the web address where requests can be checked."""
        slack, secret = self._slack(), self.settings.slack.signing_secret
        if slack is None:
            return []
        met = partial(self._set_bot_name, "slack")
        found: list[Receiver] = [*self._sockets(slack, met)]
        if secret is not None:
            from bot.channels.slack.http import SlackHttp  # noqa: PLC0415 - only where people can talk to us

            found.append(SlackHttp(slack, secret, self.clock, on_bot_name=met))
        return found

    def _sockets(self, slack: "SlackChannel", met: Callable[[str], None]) -> "Iterator[SocketMode]":
        tokens = dict.fromkeys(one.app_token for one in self.settings.slack.workspaces if one.app_token)
        for number, token in enumerate(tokens, 1):
            from bot.channels.slack.socket_mode import NAME, SocketMode  # noqa: PLC0415 - as above

            name = NAME if number == 1 else f"{NAME} {number}"
            yield SocketMode(slack, token, self.clock, on_bot_name=met, name=name)

    async def check_app_tokens(self, receivers: Sequence[Receiver]) -> None:
        """Asks Slack once whether it takes the app tokens. Raises SettingsError for one that it never will."""
        if self._slack() is None:
            return
        from bot.channels.slack.socket_mode import SocketMode  # noqa: PLC0415 - as above

        for receiver in receivers:
            if isinstance(receiver, SocketMode):
                try:
                    await receiver.check()
                except RetryLater as error:
                    log.warning("Slack cannot be asked about the app token now: %s", error.reason)
                except NotDelivered as error:
                    raise SettingsError(
                        Sentence("Slack refuses the app token: {reason}.", {"reason": error.reason.rstrip(".")}),
                        Sentence(
                            "Put one with connections:write into PAPERWIRE_SLACK_APP_TOKEN, or into the variable that "
                            "app_token_env names; the app's page on api.slack.com shows it under Basic Information."
                        ),
                    ) from None

    async def publish_commands(self) -> None:
        """Has the platforms show what can be said to the bot."""
        telegram = self._telegram()
        if telegram is None or self.wire.conversation is None:
            return
        from bot.channels.telegram.menus import publish_menus  # noqa: PLC0415 - only where people can talk to us

        voices = {
            code: self.wire.conversation.make_localizer(lang, "UTC").translate
            for code, lang in (("", "en"), ("zh", "zh"))
        }
        speakers = {code: partial(_translate, translate) for code, translate in voices.items()}
        await publish_menus(telegram.client, self.wire.conversation.registry.commands, speakers)

    def subscribe_link(self, delivery: Delivery) -> str:
        """The link under which a reader of a delivery gets the same for themselves; "" while nobody knows the bot's name.

        It offers the subscription that most of the papers stand under.
        """
        platform, talk = delivery.chat.address.platform, self.wire.conversation
        numbers = Counter(item.because[0].number for item in delivery.items if item.because)
        name = bot_name(self.store, platform, talk.bot_info.bot_names.get(platform, "") if talk else "")
        if not name or not numbers:
            return ""
        from bot.commands.subscriptions.export_import import offer_url  # noqa: PLC0415 - only where people can talk to us

        (number, _), *_ = numbers.most_common(1)
        try:
            return offer_url(name, share_link(self.store, delivery.chat.address, number, now=self.clock.now()))
        except NotFound:  # it is gone; what was planned for it is sent all the same
            return ""

    def _telegram(self) -> "TelegramChannel | None":
        """The channel of Telegram, where it is on."""
        from bot.channels.telegram.outbound import TelegramChannel  # noqa: PLC0415 - the library is imported with its client

        channel = self.wire.channels.get("telegram")
        return channel if isinstance(channel, TelegramChannel) else None

    def _slack(self) -> "SlackChannel | None":
        """The channel of Slack, where it is on."""
        if "slack" not in self.wire.channels:
            return None
        from bot.channels.slack.outbound import SlackChannel  # noqa: PLC0415 - the library is imported with its client

        channel = self.wire.channels["slack"]
        return channel if isinstance(channel, SlackChannel) else None

    def _set_bot_name(self, platform: str, name: str) -> None:
        """The platform told the bot's name there; links to the bot need it."""
        conversation = self.wire.conversation
        if conversation is not None:
            bot_info = replace(conversation.bot_info, bot_names={**conversation.bot_info.bot_names, platform: name})
            self.wire = replace(self.wire, conversation=replace(conversation, bot_info=bot_info))

    def enable_arxiv_lookup(self) -> None:
        """Who asks for a paper that is not known here is told that arXiv is asked: somebody does it from now on."""
        conversation = self.wire.conversation
        if conversation is not None:
            self.wire = replace(
                self.wire,
                conversation=replace(conversation, bot_info=replace(conversation.bot_info, looks_up_papers=True)),
            )

    async def run_until_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Waits for `work` to end. Once `stop` is set it has LONGEST_STOP seconds; then what is on its way stays marked."""
        task, stop = asyncio.create_task(work), asyncio.create_task(self.stop.wait())
        await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        await asyncio.wait((task,), timeout=SHUTDOWN_GRACE)
        if task.done():
            task.result()
        else:
            task.cancel()
            log.warning("Broken off after %.0f s; the next start asks what became of it.", SHUTDOWN_GRACE)

    def allow_pausing_gone(self) -> None:
        """The operator wants chats that are gone to be paused, however many; a platform that stood still goes on."""
        free_platforms(self.store)
        self.wire = replace(self.wire, guard_gone=False)

    def run_daily_maintenance(self) -> None:
        """Lets go of what was kept long enough, and makes the day's copy where the operator wants copies.

        At most once a day, however often it is called and by however many processes.
        """
        now = self.clock.now()
        if not begin_day(self.store, now=now):
            return
        clean_up(self.store, now=now)
        if self.settings.backup_to is not None:
            self.store.copy_into(self.settings.backup_to, "daily", now)

    async def close(self) -> None:
        """Lets go of connections and the database."""
        for channel in self.wire.channels.values():
            await channel.close()
        if self.installer is not None:
            await self.installer.oauth.close()
        self.store.close()


def build_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    channels: Mapping[str, Channel] | None = None,
    out: TextIO | None = None,
) -> App:
    """Builds an App. `out` is where the console channel writes, stdout by default. Raises SettingsError, StoreError."""
    from bot.rendering.deliveries.delivery_messages import render_delivery  # noqa: PLC0415 - Jinja is loaded only where messages are made

    quiet_libraries()
    clock = clock or SystemClock()
    store = make_store(settings)
    built = connect_channels(settings, out or sys.stdout, clock) if channels is None else channels
    render = partial(render_delivery, titles=settings.source_titles)
    return App(settings, store, clock, built, render, conversation=make_conversation_context(settings, built))


def make_conversation_context(settings: Settings, channels: Mapping[str, Channel]) -> ConversationContext:
    """What conversations need, for the platforms of these channels where people can talk to us."""
    from bot.commands.registry import REGISTRY  # noqa: PLC0415 - see build_app
    from bot.rendering.platforms.slack.modals import home_view, modal_view  # noqa: PLC0415 - see build_app
    from bot.rendering.replies.reply_messages import render_reply  # noqa: PLC0415 - see build_app
    from bot.rendering.text.inline_formatter import TextFormatter  # noqa: PLC0415 - see build_app
    from bot.rendering.text.language import Language  # noqa: PLC0415 - see build_app

    venues = {platform: channel.api() for platform, channel in channels.items() if isinstance(channel, _HasApi)}
    house = BotInfo(
        access=settings.access,
        admins=settings.admins,
        contact=settings.contact or "",
        timezone=settings.timezone,
        version=_version(),
    )
    return ConversationContext(
        registry=REGISTRY,
        render_reply=render_reply,
        make_localizer=Language,
        make_inline_formatter=TextFormatter,
        platform_apis=venues,
        bot_info=house,
        forms={platform: channel.forms() for platform, channel in channels.items() if isinstance(channel, _HasForms)},
        render_modal=modal_view,
        render_home_view=home_view,
    )


def make_source_scheduler(
    settings: Settings, context: IngestContext, *, stopping: Callable[[], bool] = lambda: False
) -> "SourceScheduler":
    """The sources of these settings, into a store."""
    from bot.sources.source_scheduler import SourceScheduler  # noqa: PLC0415 - httpx is loaded only where sources are asked

    book = make_file_receipts(settings, context)
    return SourceScheduler(book.context, make_fetcher(settings, context), settings.sources, stopping=stopping)


def make_file_receipts(settings: Settings, context: IngestContext) -> "FileReceiptWriter":
    """Where receipts of files are written."""
    from bot.sources.receipts import FileReceiptWriter, PollContext, SourceSchedules  # noqa: PLC0415 - as in make_feeder

    timing = SourceSchedules(settings.holidays, settings.timezone)
    return FileReceiptWriter(PollContext(ingest_context=context, timing=timing, admins=settings.admins))


def make_fetcher(settings: Settings, context: IngestContext, *, alone: bool = False) -> "Fetcher":
    """Who asks for documents, politely: all processes on one store keep the distance that arXiv wants.

    `alone`: the store cannot be used.
    """
    from bot.sources.http import Fetcher, HostLimiter  # noqa: PLC0415 - as in make_feeder
    from bot.sources.receipts import StoredHostSlots  # noqa: PLC0415 - as in make_feeder

    agent = f"paperwire/{_version() or 'dev'}" + (f" (+{settings.contact})" if settings.contact else "")
    politeness = HostLimiter(context.clock, others=None if alone else StoredHostSlots(context))
    return Fetcher(context.clock, politeness, agent=agent, allowed_hosts=settings.allowed_hosts)


def _translate(translate: Callable[[str], str], sentence: Sentence) -> str:
    return sentence.say(translate)


def _version() -> str:
    """The version that is installed; "" for one that runs from its source."""
    try:
        return version("paperwire")
    except PackageNotFoundError:
        return ""


class _Render(Protocol):
    """`render_delivery`, with the titles of the sources."""

    def __call__(
        self, delivery: Delivery, layout: Layout = (), *, make_link: Callable[[Delivery], str] | None = None
    ) -> tuple[Message, ...]:
        """The messages of a delivery."""


@runtime_checkable
class _HasApi(Protocol):
    """A channel of a platform where people can talk to us."""

    def api(self) -> PlatformApi:
        """The same token as a place where people talk."""


@runtime_checkable
class _HasForms(Protocol):
    """A channel of a platform that shows forms and boards."""

    def forms(self) -> Forms:
        """The same token as what shows them."""


def connect_channels(settings: Settings, out: TextIO, clock: Clock | None = None) -> dict[str, Channel]:
    """A channel for each platform that is on. A platform's library is imported only here, and only when it is."""
    from bot.channels.console.outbound import ConsoleChannel  # noqa: PLC0415 - beside the others, which are slow to import
    from bot.rendering.text.folding import folded  # noqa: PLC0415 - with the rest of rendering, see build_app

    channels: dict[str, Channel] = {"console": ConsoleChannel(out, fold=folded)}
    if settings.telegram.token is not None:
        channels["telegram"] = connect_telegram(settings)
    if settings.slack.on:
        channels["slack"] = connect_slack(settings, clock)
    return channels


def connect_telegram(settings: Settings) -> "TelegramChannel":
    """The sender of the Telegram token. Raises SettingsError when there is none."""
    from bot.channels.telegram.outbound import TelegramChannel  # noqa: PLC0415 - a quarter of a second

    if settings.telegram.token is None:
        raise _off("Telegram", "PAPERWIRE_TELEGRAM_TOKEN")
    try:
        return TelegramChannel(settings.telegram.token.get_secret_value(), api_url=settings.telegram.api_url)
    except (RuntimeError, ValueError, ImportError):  # what the library says of a proxy that it cannot use repeats it
        raise _no_proxy() from None


def connect_slack(settings: Settings, clock: Clock | None = None) -> "SlackChannel":
    """The sender of the Slack workspaces, the own one first. Raises SettingsError when there is none."""
    from bot.channels.slack.outbound import SlackChannel  # noqa: PLC0415 - only where it is on
    from bot.channels.slack.workspaces import WorkspaceTokens  # noqa: PLC0415 - as above

    if not settings.slack.on:
        raise _off("Slack", "PAPERWIRE_SLACK_BOT_TOKEN")
    tokens = [WorkspaceTokens(one.bot_token, one.app_token) for one in settings.slack.workspaces]
    monotonic = (clock or SystemClock()).monotonic
    return SlackChannel(tokens[0] if tokens else None, *tokens[1:], api_url=settings.slack.api_url, monotonic=monotonic)


def make_store(settings: Settings) -> Store:
    """The store of these settings, not opened yet. Raises SettingsError when they name none that can be used."""
    with _as_setting():
        url = settings.database_url.get_secret_value()
        return Store(url, zone=settings.timezone, schedules=schedules_of(settings))


def schedules_of(settings: Settings) -> Schedules:
    """What reads the schedules of sources: with arXiv's holidays and the operator's zone."""

    def cron(line: str) -> Schedule:
        return CronSchedule(line, zone(settings.timezone))

    holidays = None if settings.holidays is None else frozenset(settings.holidays)
    implied = "" if settings.sources else EVERYTHING
    calendar = ArxivCalendar(holidays=holidays)
    return Schedules(calendar=calendar, cron=cron, names=settings.source_names, implied=implied)


def open_store(settings: Settings, *, now: datetime, make: bool = True) -> Store:
    """The store of these settings, ready to be used. Raises SettingsError when it cannot be reached.

    Where there is none it is made; without `make` it raises NotFound.
    """
    store = make_store(settings)
    make_ready(store, settings, now=now, make=make)
    return store


def make_ready(store: Store, settings: Settings, *, now: datetime, make: bool = True) -> None:
    """Makes the schema the newest one; an older database is copied first. Raises SettingsError, StoreError.

    Where there is no database it is made; without `make` it raises NotFound, and there is none still.
    It also tells the store which sources there are: they are waited for, and counted on, before anybody has asked them.
    """
    with _as_setting():
        store.open(now=now, copies=backup_folder(settings, store), make=make)
    schedules = {source.name: source.schedule or "" for source in settings.sources}
    if schedules and (unknown := unknown_sources(store, schedules)):
        from bot.sources.receipts import fact_of  # noqa: PLC0415 - as in make_feeder

        facts = [fact_of(source) for source in settings.sources if source.name in unknown]
        sync_sources(store, facts, now=now, are_all=False)


def backup_folder(settings: Settings, store: Store) -> Path:
    """The folder for copies of the database."""
    return settings.backup_to or store.path.parent / "backups"


@contextmanager
def _as_setting() -> Iterator[None]:
    """A database that cannot be reached is a setting that cannot be used. What the disk or other programs do is not."""
    try:
        yield
    except StoreError as error:
        if error.exit_code == SettingsError.exit_code:
            raise SettingsError(error.sentence, error.hint) from error
        raise


def quiet_libraries() -> None:
    """Libraries that log addresses with a token in them may only warn: httpx logs every URL at INFO."""
    for name in ("httpx", "httpcore", "telegram", "slack_sdk", "aiohttp"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # that a long tick is still running is no news


def stop_on_signals(app: App) -> None:
    """SIGTERM or SIGINT: no new work, finish what is in flight; a second one ends at once, with 1 or as Ctrl-C does.

    The handlers stay until the process ends, for what is printed after the work; the loop's own go with it.
    """
    loop = asyncio.get_running_loop()
    asked = False

    def stop(number: int, _: object) -> None:
        nonlocal asked
        app.interrupted = app.interrupted or number == signal.SIGINT
        if asked:
            os._exit(
                130 if app.interrupted else 1
            )  # SystemExit would wait for the threads that the first one waits for
        asked = True
        with suppress(RuntimeError):  # the loop is closed: all is done
            loop.call_soon_threadsafe(app.stop.set)

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)


def _no_proxy() -> SettingsError:
    """The environment names a proxy of a kind that cannot be used; it may hold a password, so only its variable is said."""
    names = [name for name in os.environ if name.upper() in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")]
    return SettingsError(
        Sentence("{name} names no proxy that can be used", {"name": ", ".join(sorted(names)) or "ALL_PROXY"}),
        Sentence("Write http://HOST:PORT."),
    )


def _off(platform: str, variable: str) -> SettingsError:
    return SettingsError(
        Sentence("{platform} is off.", {"platform": platform}), Sentence("Set {variable}.", {"variable": variable})
    )
