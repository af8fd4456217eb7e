"""A browser for the whole run, in its own thread, and two bots: one with a password, and one without settings.

Playwright's loop and pytest-asyncio's cannot share a thread, so the tests of this folder run in the browser's thread.
"""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.browser import visitor
from tests.patience import PATIENCE

CHROMIUM = shutil.which("chromium")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--in-process-gpu", "--renderer-process-limit=1", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
_thread = ThreadPoolExecutor(1, "browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of this folder as tests in the browser. If Chromium is not installed, each test is skipped."""
    here = Path(__file__).parent
    for item in items:
        if item.path.parent == here:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="Chromium is not installed: make chromium"))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs a test in the thread of the browser. Returns True if it did, so that pytest does not run it again."""
    _thread.submit(
        pyfuncitem.obj, **{name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    ).result()
    return True


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, started once for all tests."""
    stack = ExitStack()

    def start() -> Any:
        started = stack.enter_context(sync_playwright()).chromium.launch(
            executable_path=CHROMIUM, args=list(ARGUMENTS), timeout=PATIENCE * 1000
        )
        stack.callback(started.close)
        return started

    yield _thread.submit(start).result()
    _thread.submit(stack.close).result()


@pytest.fixture(scope="session")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[visitor.Bot]:
    """A bot with a password, so that each test can use people and chats of its own."""
    with visitor.running_bot(
        tmp_path_factory.mktemp("bot"),
        {"PAPERWIRE_WEB_PASSWORD": visitor.PASSWORD},
    ) as running:
        yield running


@pytest.fixture
def visit(browser: Any, bot: visitor.Bot) -> Iterator[Callable[..., visitor.Visitor]]:
    """Opens the page of a chat: `visit("ada", width=360, dark=True, language="zh", scripts=False)`."""
    stack = ExitStack()

    def opened(name: str, **wishes: Any) -> visitor.Visitor:
        return visitor.Visitor.comes(browser, stack, wishes.pop("bot", bot), name, **wishes)

    yield opened
    _thread.submit(stack.close).result()
