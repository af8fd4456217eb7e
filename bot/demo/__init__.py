"""`paperwire demo`: sends the sample digests through the real pipeline to example chats, without network or account.

Only the channels and the clock differ from `paperwire run`: the channels keep the messages, and the clock jumps from one
moment of the story to the next.
"""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from bot.demo import gallery
from bot.demo.story import run_story
from bot.rendering.language import Language


def run_demo(out: Path, console: Console) -> int:
    """Runs the story, shows it on `console` and writes the gallery into `out`. Returns the exit status.

    Raises WrongUsage if the gallery cannot be written.
    """
    with TemporaryDirectory(prefix="paperwire-demo-") as folder:
        story = asyncio.run(run_story(Path(folder) / "demo.db"))
    page = gallery.write_gallery(story, out)
    language = Language("en", "UTC")
    for exhibit in gallery.exhibits(story, language):
        gallery.print_exhibit(exhibit, console)
    console.print(gallery.story_counts(story, language), markup=False, highlight=False)
    console.print(gallery.source_of_texts(language), markup=False, highlight=False, style="dim")
    console.print()
    for what, how in (
        (language.say("Look at the gallery"), str(page)),
        *gallery.steps(language, gallery.program(), gallery.sample()),
    ):
        console.print(f"{what + ':':<20} {how}", soft_wrap=True, markup=False, highlight=False)
    return 1 if story.undelivered else 0
