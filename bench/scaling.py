"""Simulates a day of a million chats in all zones, sent with one or more tokens, and checks it by arithmetic.

    python -m bench.scaling [CHATS]

Each message goes through the rate limiter's own formula. Nothing is sent and nothing is stored. The zones, the hours
that people choose and the number of messages in a delivery are assumptions, which are the constants below.

Each row is computed in two ways. The second way counts messages instead of simulating each one: messages that are not
sent in a minute wait for the next minute. If the two results differ by more than a second, the command exits with 1.
"""

import random
import sys
from bisect import bisect_right
from collections import Counter

from bot.platforms.telegram.adapter import TelegramChannel
from bot.ports import rate_limiter

ZONES = {-8: 10, -5: 20, 0: 8, 1: 22, 2: 5, 5: 8, 8: 20, 9: 7}  # offset from UTC in hours: per cent of the chats
HOURS = {7: 10, 8: 20, 9: 45, 10: 10, 12: 5, 18: 10}  # local hour of the digest: per cent of the chats
MINUTES = {0: 70, 30: 30}
MESSAGES = {0: 30, 1: 50, 2: 14, 3: 6}  # messages of a delivery: per cent; three chats in ten have no paper on a day
RATE = TelegramChannel.limits.per_second  # messages a second with one token
PAID = 1000.0  # messages a second that Telegram allows for a bot that pays
DAY = 24 * 60  # minutes
SOON = 15 * 60  # seconds
AGREE = 1.0  # seconds by which the two results may differ


def main() -> int:
    chats = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    due = day(chats, random.Random(1))
    total = sum(due.values())
    print(f"{chats:,} chats, {total:,} messages; {max(due.values()):,} of them are due in the fullest minute")
    print(f"one token without a pause: {total / RATE / 3600:.1f} hours at {RATE:g} a second")
    print("tokens  each a second   middle      p99     last   within 15 min   by arithmetic, last")
    agree = True
    for tokens, rate in ((1, RATE), (2, RATE), (5, RATE), (10, RATE), (20, RATE), (50, RATE), (1, PAID)):
        (middle, late, last, soon), computed = simulated(due, tokens, rate), by_arithmetic(due, tokens * rate)
        agree &= abs(last - computed) <= AGREE
        print(
            f"{tokens:6}  {rate:13g}  {_clock(middle):>7}  {_clock(late):>7}  {_clock(last):>7}"
            f"  {soon:13.1%}   {_clock(computed):>19}"
        )
    return 0 if agree else 1


def day(chats: int, rng: random.Random) -> dict[int, int]:
    """Returns minute of a day in UTC → number of messages that are due."""
    chosen = (rng.choices(list(odds), list(odds.values()), k=chats) for odds in (ZONES, HOURS, MINUTES, MESSAGES))
    due: Counter[int] = Counter()
    for zone, hour, minute, number in zip(*chosen, strict=True):
        due[((hour - zone) * 60 + minute) % DAY] += number
    return due


def simulated(due: dict[int, int], tokens: int, rate: float) -> tuple[float, float, float, float]:
    """Returns how late messages are if `tokens` tokens send them in turn.

    These are the seconds from the moment that a chat chose to the sending of its messages (median, 99th percentile,
    last), and the share of the messages that are sent within SOON. Simulates two equal days, and counts the second.
    """
    late: list[float] = []
    states = [rate_limiter.FULL] * tokens
    turn = 0
    for date in range(2):
        for minute in sorted(due):
            now = (date * DAY + minute) * 60.0
            for _ in range(due[minute]):
                turn = (turn + 1) % tokens
                states[turn], start = rate_limiter.reserve(states[turn], now, rate)
                if date:
                    late.append(start - now)
    late.sort()
    return _share(late, 0.5), _share(late, 0.99), late[-1], bisect_right(late, SOON) / len(late)


def by_arithmetic(due: dict[int, int], rate: float) -> float:
    """Returns the seconds that the latest message waits if `rate` messages a second are sent."""
    waiting = latest = 0.0
    for minute in range(2 * DAY):
        waiting += due.get(minute % DAY, 0)
        latest = max(latest, waiting / rate if minute >= DAY and minute % DAY in due else 0.0)
        waiting = max(0.0, waiting - rate * 60)
    return latest


def _share(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


if __name__ == "__main__":
    sys.exit(main())
