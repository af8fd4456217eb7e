"""Fake Telegram and Slack servers on loopback, over real HTTP.

They refuse what the platforms refuse, and fail on demand.

In a test's own process:

    with FakeTelegram() as telegram:
        telegram.knows("42")
        telegram.answers("429", retry_after=7)

A fake runs in its own process if the test starts paperwire as a program and kills it:

    with running("telegram", journal=tmp_path / "journal.jsonl") as telegram:
        telegram.call("knows", "42")
        telegram.call("answers", "hang after")
"""
