"""What browsers cannot type and programs can send to the pages: characters that no database keeps, on both databases."""

from pathlib import Path
from urllib.parse import quote

import pytest

from subscriptions.service.next_deliveries import listed
from tests.integration.web_site import open_pages
from tests.make import FakeClock

pytestmark = pytest.mark.both_databases

ODD = "a\x00b \x01\x1b[2J \x7f"
CONTROLS = set("\x00\x01\x1b\x7f")


async def test_characters_that_no_database_keeps_are_left_out(
    database_url: str, tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_pages(tmp_path, clock, database_url, access="open") as pages:
        browser = pages.browser()
        await browser.opens()
        assert "✓ 1" in await browser.says(f"/sub diffusion {ODD}")
        for said in (f"/name 1 {ODD}", f"/{ODD}", f"/set timezone {ODD}", ODD, f"/set lang {ODD}", f"/privacy {ODD}"):
            page = await browser.says(said)
            assert not set(page) & CONTROLS, said
        for path, fields in {
            "/chat/say": {"once": ODD, "text": "/list"},
            "/chat/press": {"press": ODD, "message": "1"},
            "/chat/form": {"id": ODD, "field-query": ODD},
        }.items():
            answer = await browser.posts(path, fields)
            assert answer.status_code < 500, path
        for path in ("/chat/form?id=", "/playground?q=", "/?before=", "/?language=", "/status?done="):
            answer = await browser.opens(f"{path}{quote(ODD)}")
            assert answer.status_code in (200, 303), path
            assert not set(answer.text) & CONTROLS, path
        (one,) = listed(pages.app.store, None)
        assert (one.subscription.text, one.subscription.name) == ("diffusion ab [2J", "ab [2J")
    assert not [record.getMessage() for record in caplog.records if record.levelname in ("ERROR", "WARNING")]
