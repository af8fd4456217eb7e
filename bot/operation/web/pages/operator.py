"""The pages of the operator, which stand beside the chat. A new page is a module of this folder, and its entry here."""

from bot.app import App
from bot.ports.web_page import WebPage


def operator_pages(app: App) -> tuple[WebPage, ...]:
    """Returns the pages, in the order in which the navigation names them."""
    del app
    return ()
