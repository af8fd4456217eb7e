"""Mail through a real Postfix: it takes a digest, delivers it whole, and refuses an address that it does not have."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pydantic import SecretStr

from bot.app import build_app
from bot.settings import Settings
from subscriptions.service.access import ask_to_confirm, confirm
from subscriptions.service.next_deliveries import get_chat
from subscriptions.service.requests import SubscriptionRequest, subscribe
from subscriptions.states import ChatState, PauseReason
from tests.fakes.smtp import shown_text
from tests.make import NOON, FakeClock, address, ingested, paper
from tests.patience import PATIENCE

POSTFIX = shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.lab.org
mydestination =
alias_maps =
virtual_mailbox_domains = lab.org
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ ada@lab.org=ada/ }}
virtual_uid_maps = static:{user.pw_uid}
virtual_gid_maps = static:{user.pw_gid}
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
postlog unix-dgram n - n - 1 postlogd
"""


@contextmanager
def a_postfix() -> Iterator[tuple[Path, int]]:
    """Runs Postfix in a folder of its own, which its own user can enter. Yields the folder and its port."""
    assert POSTFIX
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with _started(folder) as port:
            yield folder, port


@contextmanager
def _started(folder: Path) -> Iterator[int]:
    assert POSTFIX
    user = pwd.getpwnam("postfix")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for name in ("etc", "queue", "data", "mail"):
        (folder / name).mkdir()
    for name in ("data", "mail"):
        os.chown(folder / name, user.pw_uid, user.pw_gid)
    (folder / "etc" / "main.cf").write_text(MAIN.format(folder=folder, user=user))
    (folder / "etc" / "master.cf").write_text(MASTER.format(port=port))
    command = [POSTFIX, "-c", str(folder / "etc")]
    begun = subprocess.run([*command, "start"], capture_output=True, text=True, check=False)  # noqa: S603 - from Debian's package
    assert begun.returncode == 0, begun.stderr
    try:
        yield port
    finally:
        subprocess.run([*command, "stop"], capture_output=True, check=True)  # noqa: S603


def _waits_for(log: Path, words: str, *, times: int) -> None:
    """Reads a log as it grows until the words were written so often."""
    command = ["timeout", str(PATIENCE), "tail", "-n", "+1", "-F", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as tail:  # noqa: S603
        assert tail.stdout
        for line in tail.stdout:
            times -= words in line
            if not times:
                break
        tail.terminate()
    assert not times, log.read_text()


@pytest.mark.skipif(POSTFIX is None or os.geteuid() != 0, reason="Postfix is not installed, or only root may start it")
async def test_a_real_postfix_takes_papers_and_refuses_strangers(tmp_path: Path, clock: FakeClock) -> None:
    with a_postfix() as (folder, port):
        settings = Settings(
            database_url=SecretStr(f"sqlite:///{tmp_path}/paperwire.db"),
            smtp_url=SecretStr(f"smtp://127.0.0.1:{port}"),
            mail_from="Papers <papers@lab.org>",
            access="open",
        )
        app = build_app(settings, clock=clock)
        app.open()
        try:
            for name in ("ada", "nobody"):
                chat = address(f"email:{name}@lab.org")
                ask_to_confirm(app.store, chat, now=NOON)
                confirm(app.store, chat, source=None, until=NOON, now=NOON)
                subscribe(app.store, chat, SubscriptionRequest(text="扩散 OR diffusion", every="now"), now=NOON)
            ingested(app.store, paper("Diffusion über Graphen, 扩散模型"), now=clock.now())
            sent = await app.sender.deliver()
            assert sent.sent == 2, "the question and the paper for ada"
            assert get_chat(app.store, address("email:nobody@lab.org")).pause_reason is PauseReason.GONE
            assert get_chat(app.store, address("email:ada@lab.org")).state is ChatState.ACTIVE
        finally:
            await app.close()
        _waits_for(folder / "log", "status=sent", times=2)
        box = folder / "mail" / "ada" / "new"
        mails = [message_from_bytes(file.read_bytes(), policy=default) for file in box.iterdir()]
    [mail] = [one for one in mails if "扩散模型" in str(one["Subject"])]
    assert isinstance(mail, EmailMessage)
    assert "Diffusion über Graphen, 扩散模型" in shown_text(mail)
    assert mail["Return-Path"] == "<papers@lab.org>"
