"""The table of docs/metrics.md from the declared metrics: `python docs/metrics_page.py` writes it into the page."""

# ruff: noqa: INP001 - a script beside its page

import re
from pathlib import Path

from bot.operation.metrics import METRICS, Metric

PAGE = Path(__file__).with_name("metrics.md")
_PART = re.compile(r"(<!-- metrics, made by metrics_page\.py -->\n).*?(<!-- end -->)", re.DOTALL)


def page(text: str) -> str:
    """The page with its table written again."""
    rows = "\n".join(map(_row, METRICS))
    table = f"| metric | kind | labels | what it says |\n|---|---|---|---|\n{rows}"
    return _PART.sub(lambda part: f"{part[1]}\n{table}\n\n{part[2]}", text)


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    said = metric.help.removesuffix(".")
    return f"| `{metric.name}` | {type(metric).__name__.lower()} | {labels} | {said} |"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
