"""Measures how long a person waits for numbers that are counted in all papers of a week, and the cost of the index.

    python -m bench.counting [PAPERS]

A week of papers, with words as frequent as in real texts, is stored like digests of sources. Then people type queries,
each for the first time. Complete answers are timed: reading the words, counting, advice, examples, the rendered reply
and its transaction. The alternative is to read and match all papers, as planning does. Aim: 300 ms for a week of 50,000
papers on two cores.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from statistics import median

from bench._timing import timed
from subscriptions.matching.paper_index import TokenizedPapers
from subscriptions.model import Paper, Summary
from subscriptions.query.parse import parse_query
from subscriptions.store.database.store import Store
from tests.bot_harness import BotHarness
from tests.clock import NOON
from tests.make import an_open_store, digest, ingest_digest, paper

Timing = tuple[float, float]

DIGEST = 500  # papers
DAYS = 7
READ = 1000  # papers with which the alternative is measured
TOPICS = [
    "learning",
    "model",
    "network",
    "data",
    "method",
    "neural",
    "image",
    "language",
    "training",
    "graph",
    "quantum",
    "deep",
    "attention",
    "diffusion",
    "agent",
    "policy",
    "reward",
    "robot",
    "vision",
    "speech",
    "protein",
    "market",
    "survey",
    "benchmark",
    "transformer",
    "retrieval",
    "generation",
    "reasoning",
    "alignment",
    "privacy",
    "federated",
    "bayesian",
    "causal",
    "kernel",
    "sparse",
    "convex",
    "stochastic",
    "gradient",
    "optimal",
    "transport",
    "entropy",
    "spectral",
    "galaxy",
    "neutrino",
]
QUERIES = (
    "diffusion",
    "graph neural network",
    "large language models",
    '"graph neural network"',
    "retrieval generation reasoning alignment",
    "ti:transformer",
    "abs:quantum cat:quant-ph",
    "cs.LG",
    "cs.CV -survey",
    "reward policy -robot -cat:cs.RO",
    "neuro*",
    "few-sho*",
    "扩散",
    "大语言模型",
    'author:"Jane Doe"',
    'author:"J. Wang"',
    "diffusion OR transformer OR (causal bayesian)",
    "=RAG",
    "protein, market, galaxy",
    "summary:扩散 cat:cs.LG",
)
NEAR = (
    "like:2601.00007",
    "like:2601.00011,2601.00012",
    "like:2601.00013 cat:cs.LG -survey",
    "like:2601.00017 OR diffusion",
)
PHRASES = ("graph neural networks", "large language models", "RAG", "few-shot", "neurons", "GANs")
CATEGORIES = ("cs.LG", "cs.CV", "cs.CL", "cs.RO", "stat.ML", "quant-ph", "math.OC", "hep-th", "eess.AS", "astro-ph.GA")
LAST_NAMES = ("Wang", "Li", "Zhang", "Doe", "Müller", "Smith", "Kim", "Singh", "Garcia", "Rossi", "Tanaka", "Novak")
CHINESE = "本文提出一种基于扩散模型的大语言模型方法用于图像生成与推理实验表明效果显著提升"


def main() -> int:
    amount = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counting.db"
        with an_open_store(f"sqlite:///{path}") as store:
            start = time.perf_counter()
            fill(store, amount)
            stored = time.perf_counter() - start
            print(f"{amount:,} papers of {DAYS} days stored, {stored / amount * 1e3:.2f} ms and {path.stat().st_size / amount / 1024:.1f} KB each")  # fmt: skip
            asyncio.run(ask(store))
            read_all(amount)
    return 0


async def ask(store: Store) -> None:
    bot = BotHarness(store)
    await timing_of(bot, "/preview statistics")  # a first run, which also reads the templates
    forget(store)
    elapsed, _ = await timing_of(bot, "/preview statistics")
    print(f"the first question after papers came: {elapsed:.0f} ms")
    print("ms of an answer              median      worst   of a processor   the worst was")
    for name, command, queries in (
        ("/sub QUERY", "/sub", QUERIES),
        ("/preview QUERY", "/preview", QUERIES),
        ("/search QUERY", "/search", QUERIES),
        ("/preview like:ID", "/preview", NEAR),
    ):
        forget(store)
        await timing_of(bot, "/preview statistics")
        show(name, [(await timing_of(bot, f"{command} {query}"), query) for query in queries])
    show("/list, 10 subscriptions", [(await timing_of(bot, f"/list {page}"), f"page {page}") for page in (1, 2)])
    show("/status", [(await timing_of(bot, "/status"), "")])


async def timing_of(bot: BotHarness, words: str) -> Timing:
    """Returns the milliseconds until the answer is stored: elapsed time and processor time."""
    bot.later(seconds=30)  # a person who writes too fast gets no answer
    start, worked = time.perf_counter(), time.process_time()
    said = await bot.says(words)
    elapsed = 1e3 * (time.perf_counter() - start)
    assert said.text, words
    return elapsed, 1e3 * (time.process_time() - worked)


def show(name: str, times: list[tuple[Timing, str]]) -> None:
    (worst, _), what = max(times)
    middle, worked = (median(timing[at] for timing, _ in times) for at in (0, 1))
    print(f"{name:<24} {middle:>10.0f} {worst:>10.0f} {worked:>16.0f}   {what}")


def forget(store: Store) -> None:
    """Ingests another paper, which empties the caches."""
    ingest_digest(store, digest(paper("One more of statistics")), source="daily", day=NOON.date(), now=NOON)


def read_all(amount: int) -> None:
    """Measures the alternative without the index: reads some papers and matches each."""
    some = [made(random.Random(n), n) for n in range(READ)]
    tokenized, reading = timed(lambda: TokenizedPapers.of(some))
    asking = timed(lambda: [tokenized.matching(parse_query(query)) for query in QUERIES])[1] / len(QUERIES)
    print(
        f"the other way, reading every paper: {reading / READ * 1e3:.2f} ms a paper once, then {asking / READ * 1e6:.1f} µs "
        f"a paper and query; of {amount:,} papers {reading / READ * amount:.0f} s and {asking / READ * amount * 1e3:.0f} ms"
    )


def fill(store: Store, amount: int) -> None:
    chance = random.Random(7)
    for start in range(0, amount, DIGEST):
        some = [made(chance, number) for number in range(start, min(start + DIGEST, amount))]
        moment = NOON - timedelta(days=(amount - start - 1) * DAYS // amount)
        ingest_digest(store, digest(*some), source="daily", day=moment.date(), now=moment)


def made(chance: random.Random, number: int) -> Paper:
    """Returns a paper of 150 to 220 words. A third of the papers have a Chinese summary."""
    words = words_of(chance)
    title, abstract = (" ".join(islice(words, chance.randint(*length))) for length in ((6, 12), (140, 200)))
    first = chance.choice(("Jane", "Max", "Wei", "Anna", "Yuki", "J."))
    authors = [f"{first} {chance.choice(LAST_NAMES)}" for _ in range(chance.randint(1, 6))]
    texts = "".join(chance.sample(CHINESE, 30)) + (CHINESE if chance.random() < 0.1 else "")
    summaries = (Summary(language="zh", fields={"tldr": texts}),) if number % 3 == 0 else ()
    return paper(
        f"{title} {number}",
        *chance.sample(CATEGORIES, chance.choice((1, 1, 2, 3))),
        arxiv_id=f"26{number // 100_000 + 1:02d}.{number % 100_000:05d}",
        authors=authors,
        abstract=abstract,
        summaries=summaries,
    )


def words_of(chance: random.Random) -> Iterator[str]:
    """Yields words as frequent as in real texts: "learning" is in half of the papers, "diffusion" in a tenth."""
    often = [1 / place for place in range(1, len(TOPICS) + 1)]
    while True:
        kind = chance.random()
        if kind < 0.02:
            yield chance.choices(TOPICS, often)[0]
        elif kind < 0.0205:
            yield chance.choice(PHRASES)
        else:
            yield made_up(int(chance.paretovariate(0.6)) % 60_000)


def made_up(rank: int) -> str:
    """Returns the made-up word with a rank."""
    syllables = ("ba", "co", "di", "fe", "gu", "la", "mi", "no", "pre", "ra", "si", "ti", "ur", "ver", "st", "tion")
    letters = ""
    while rank:
        rank, rest = divmod(rank, len(syllables))
        letters += syllables[rest]
    return letters or "of"


if __name__ == "__main__":
    sys.exit(main())
