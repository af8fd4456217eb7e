"""The terminal: text without markup, with the buttons' labels below."""

from typing import Any

from bot.rendering import packing


class Console(packing.Renderer):
    """The renderer of a terminal, which takes messages of any length."""

    def compose(self, page: packing.Page) -> dict[str, Any]:
        """Return {"text": …}: the message, then the addresses of its links, then the labels of buttons."""
        text = packing.plain_text(page.fragments)
        buttons = [button for row in page.buttons for button in row]
        links = [f"{one.label}: {one.url}" for one in buttons if one.url and one.url not in text.split()]
        labels = "  ".join(f"[{one.label}]" for one in buttons if not one.url)
        return {"text": "\n".join(filter(None, (text, *links, labels)))}


RENDERER = Console()
