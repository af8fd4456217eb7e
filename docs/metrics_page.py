"""The list of docs/metrics.md from the declared metrics: `python docs/metrics_page.py` writes it into the page."""

# ruff: noqa: INP001 - a script beside its page

import re
from pathlib import Path

from bot.operation.metrics import METRICS, Metric

PAGE = Path(__file__).with_name("metrics.md")
_PART = re.compile(r"(<!-- metrics, made by metrics_page\.py -->\n).*?(<!-- end -->)", re.DOTALL)


def page(text: str) -> str:
    """The page with its list written again."""
    listed = "\n".join(map(_line, METRICS))
    return _PART.sub(lambda part: f"{part[1]}\n{listed}\n\n{part[2]}", text)


def _line(metric: Metric) -> str:
    kind = type(metric).__name__.lower()
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    by = f" by {labels}" if labels else ""
    return f"- `{metric.name}`, {kind}{by}: {metric.help.removesuffix('.')}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
