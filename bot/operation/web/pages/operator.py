"""The pages of the operator, which stand beside the chat. A new page is a module of this folder, and its entry here."""

from bot.app import App
from bot.operation.recent_work import RecentWork
from bot.operation.web.pages.status import StatusPage
from bot.ports.web_page import WebPage


def operator_pages(app: App) -> tuple[WebPage, ...]:
    """Returns the pages, in the order in which the navigation names them."""
    work = RecentWork(app.clock)
    app.context.observe.listeners.append(work.observe)
    return StatusPage(app, work).all()
