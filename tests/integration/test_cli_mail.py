"""E-mail from the command line: a subscription asks its address, `check` looks at the server, and no secret is printed."""

from collections.abc import Iterator

import pytest

from tests.fakes.smtp import FakeMailServer, a_mail_server
from tests.integration.cli import Terminal

SECRET = "made-up-word"
ME = "email:ada@lab.org"


@pytest.fixture
def fake(terminal: Terminal) -> Iterator[FakeMailServer]:
    with a_mail_server("papers", SECRET) as server:
        terminal.set("SMTP_URL", server.url)
        terminal.set("MAIL_FROM", "Papers <papers@lab.org>")
        yield server


def subjects(fake: FakeMailServer) -> list[str]:
    return [mail["Subject"] for mail in fake.mails]


def test_a_subscription_asks_its_address_once(terminal: Terminal, fake: FakeMailServer) -> None:
    for query in ("diffusion", "graphs"):
        assert "no papers go there before a yes" in terminal("subscribe", query, "--as", ME).out
    assert terminal("deliver").status == 0
    assert terminal("deliver").status == 0
    assert subjects(fake) == ["Shall papers come to this address?"]
    [chat] = {row["chat"] for row in terminal("subscriptions", "--json").json}
    assert chat == ME


def test_an_import_asks_each_address_once(terminal: Terminal, fake: FakeMailServer) -> None:
    terminal("subscribe", "diffusion", "--as", ME)
    exported = terminal("export", "--all").out
    terminal.set("DATABASE_URL", f"sqlite:///{terminal.folder}/second.db")
    terminal.file("all.txt", exported.replace("ada@", "bo@"))
    assert terminal("import", "all.txt", "--dry-run").status == 0
    assert terminal("deliver").status == 0
    assert subjects(fake) == []
    assert terminal("import", "all.txt").status == 0
    assert terminal("deliver").status == 0
    assert [mail["To"] for mail in fake.mails] == ["bo@lab.org"]


def test_what_is_no_address_is_refused(terminal: Terminal, fake: FakeMailServer) -> None:
    ended = terminal("subscribe", "diffusion", "--as", "email:somewhere")
    assert ended.status == 2
    assert "“email:somewhere” is no e-mail address. Write email:me@lab.org." in ended.err
    assert fake.mails == []


def findings(terminal: Terminal) -> dict[str, dict[str, object]]:
    return {one["question"]: one for one in terminal("check", "--json").json}


def test_check_says_whether_the_server_takes_mail(terminal: Terminal, fake: FakeMailServer) -> None:
    found = findings(terminal)
    assert found["Mail server"]["answer"] == "It takes mail from papers@lab.org."
    assert "PAPERWIRE_WEB_URL" in str(found["Links in mail"]["cure"])
    terminal.set("SMTP_URL", fake.url.replace(SECRET, f"{SECRET}-wrong"))
    found = findings(terminal)
    assert found["Mail server"]["mend"] is True
    assert "535" in str(found["Mail server"]["answer"])
    fake.goes_down()
    assert "cannot be reached" in str(findings(terminal)["Mail server"]["answer"])


def test_no_word_of_the_address_of_the_server_is_printed(terminal: Terminal, fake: FakeMailServer) -> None:
    terminal("subscribe", "diffusion", "--as", ME)
    said = [terminal("deliver"), terminal("check"), terminal("outbox"), terminal("status")]
    terminal.set("SMTP_URL", fake.url.replace(SECRET, f"{SECRET}-wrong"))
    terminal.set("LOG_LEVEL", "debug")
    said += [terminal("deliver"), terminal("check"), terminal.process("run", "--once")]
    assert SECRET not in "".join(one.out + one.err for one in said)
