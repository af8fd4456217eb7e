"""Measures search by meaning, and a taste by words and by meaning.

    python -m bench.meaning [PAPERS]

The encoder is calibrated with one half of the papers, and everything is measured with the other half. Papers are those
of bot/samples, and at most PAPERS (default 1000) of the digests in the folder that PAPERWIRE_SHARED names, those with a
summary in Chinese first. A paper costs some 60 ms of a processor.

- A question is a field of a summary in Chinese, or the first sentence of a translation, if it has no Latin letter. It
  is asked of all papers; the right one is that of the summary. A paper is near if its nearness is at least 0.5.
- `bench/questions.tsv` asks for eight of the samples in fourteen languages. The folder PAPERWIRE_SHARED has questions
  of people, each with the papers that are right.

Times are processor time.
"""

import csv
import json
import os
import re
import resource
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean

from bench._calibration import SAMPLES, calibrated, papers_of, real_papers, vectors
from bot.embeddings import child
from bot.embeddings.process import ChildEncoder, is_short, paper_texts, question_texts
from subscriptions.matching import similarity as meaning
from subscriptions.model import Paper
from subscriptions.query import category_names

QUESTIONS = Path(__file__).with_name("questions.tsv")
OF_A_DIGEST = 100  # papers whose encoding is timed
SHORTEST = 12  # Chinese characters of a question
_CHINESE, _LATIN = re.compile("[一-鿿]"), re.compile("[A-Za-z]")

Asked = tuple[str, frozenset[str]]  # (question, keys of the papers that are right)


def main() -> int:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    model = child.Encoder()
    samples = papers_of(sorted(SAMPLES.glob("*.*")))
    for what, papers in (("samples", samples), ("real digests", real_papers()[:most])):
        if not papers:
            print(f"{what}: none; PAPERWIRE_SHARED names no folder of digests")
            continue
        calibration, aside = halves(model, papers)
        print(f"{what}: {len(papers):,} papers, {len(aside):,} of them set aside")
        asked = [(text, frozenset([paper.key])) for paper in aside for text in in_chinese(paper)]
        print_found("Chinese", asked, aside, model, calibration)
        if what == "samples":
            print_found("14 languages", list(in_all_languages(aside)), aside, model, calibration)
        else:
            shared = Path(os.environ["PAPERWIRE_SHARED"])
            people = list(of_people(shared / "meaning.jsonl"))
            listed = coded(model, papers_of({shared / file for file, *_ in people}), calibration)
            print_found(
                "of people", [(text, right(begins, listed)) for _, text, begins in people], listed, model, calibration
            )
    print_costs(samples)
    return 0


def halves(model: child.Encoder, papers: list[Paper]) -> tuple[child.Calibration, list[Paper]]:
    """Returns the calibration by every second paper, and the other papers with their codes."""
    ours = papers[::2]
    asked = [(place, text) for place, paper in enumerate(ours) for text in in_chinese(paper)]
    of_papers = vectors(model, list(map(paper_texts, ours)))
    questions = vectors(model, [question_texts(text) for _, text in asked])
    subjects = vectors(model, list(map(question_texts, category_names.names())))
    calibration = calibrated(of_papers, questions, subjects, [place for place, _ in asked])
    return calibration, coded(model, papers[1::2], calibration)


def coded(model: child.Encoder, papers: Sequence[Paper], calibration: child.Calibration) -> list[Paper]:
    found = vectors(model, list(map(paper_texts, papers)))
    return [
        replace(paper, meaning=child.paper_codes(group, calibration))
        for paper, group in zip(papers, found, strict=True)
    ]


def in_chinese(paper: Paper) -> list[str]:
    """Returns sentences about a paper in Chinese without Latin letters."""
    texts = [text.strip() for one in paper.summaries if one.language == "zh" for text in one.fields.values()]
    texts += [one.abstract.split("。")[0] for one in paper.translations if one.language == "zh"]
    return [text for text in texts if len(_CHINESE.findall(text)) >= SHORTEST and not _LATIN.search(text)]


def in_all_languages(papers: Sequence[Paper]) -> Iterator[Asked]:
    keys = {paper.key for paper in papers}
    with QUESTIONS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            yield from ((text, frozenset([key])) for key, text in row.items() if key in keys)


def of_people(file: Path) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yields (file of a digest, question, beginnings of the titles that are right)."""
    for line in file.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        yield case["file"], case["say"], tuple(case["one_of"])


def right(begins: tuple[str, ...], papers: Sequence[Paper]) -> frozenset[str]:
    return frozenset(paper.key for paper in papers if paper.title.startswith(begins))


def print_found(
    what: str, asked: Sequence[Asked], papers: Sequence[Paper], model: child.Encoder, calibration: child.Calibration
) -> None:
    """Prints for how many questions the right paper is found, and how many others are near."""
    groups = vectors(model, [question_texts(text) for text, _ in asked])
    codes = [meaning.read_paper(paper.meaning) for paper in papers]
    places, right_near, others_near = [], [], []
    for (text, wanted), group in zip(asked, groups, strict=True):
        question = meaning.read_question(child.question_codes(group, calibration, short=is_short(text)))
        near = [meaning.nearness(question, code) for code in codes]
        best = max(value for value, paper in zip(near, papers, strict=True) if paper.key in wanted)
        places.append(sum(value > best for value in near))
        right_near.append(best >= meaning.NEAR)
        others_near += [
            value >= meaning.NEAR for value, paper in zip(near, papers, strict=True) if paper.key not in wanted
        ]
    first, three, ten = (mean(place < most for place in places) for most in (1, 3, 10))
    print(
        f"  {len(asked)} questions, {what}, of {len(papers)} papers: the right one is first for {first:.2f}, among three for "
        f"{three:.2f}, among ten for {ten:.2f}; near for {mean(right_near):.2f}, of the others {mean(others_near):.3f}"
    )


def print_costs(papers: Sequence[Paper]) -> None:
    """Prints what encoding and storing cost."""
    digest = [papers[place % len(papers)] for place in range(OF_A_DIGEST)]
    encoder = ChildEncoder()
    codes = encoder.papers(digest)
    encoder.close()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"a paper: {(used.ru_utime + used.ru_stime) / len(digest) * 1000:.0f} ms with the start of the child process, "
        f"{mean(map(len, codes)):.0f} bytes; the child had {used.ru_maxrss / 1024:.0f} MB at most"
    )


if __name__ == "__main__":
    sys.exit(main())
