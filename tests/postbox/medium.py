"""Letters: text without markup, and below it what may be answered."""

import json
from dataclasses import replace

from bot.platforms.console.markup import Console
from bot.rendering.packing import Contents


class Letters(Console):
    """The terminal's text, with the token of each button, so that it can be sent back."""

    def compose(self, contents: Contents) -> tuple[str, str]:
        """See Medium."""
        payload, _ = super().compose(replace(contents, buttons=()))
        tokens = [f"{button.label}: token {button.data}" for row in contents.buttons for button in row if button.data]
        whole = json.dumps({"text": "\n".join([json.loads(payload)["text"], *tokens])}, ensure_ascii=False)
        return whole, whole
