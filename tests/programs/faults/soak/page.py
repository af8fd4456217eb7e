"""The table and the drawing of a soak, for docs/reliability.md."""

from collections.abc import Sequence
from itertools import pairwise

from tests.programs.faults.soak.judge import Verdict
from tests.programs.faults.soak.program import Sample

WIDTH, HEIGHT, LEFT, BOTTOM = 720, 240, 56, 24
STYLE = (
    "text{font:12px sans-serif;fill:#888}polyline{fill:none;stroke-width:1.5}.memory{stroke:#2a6fdb}.processor{stroke:#d9822b}"
    "line{stroke:#8884}"
)


def table(verdicts: Sequence[Verdict]) -> str:
    lines = [
        f"| {one.what} | {one.measured} | {one.allowed} | {'green' if one.green else '**red**'} |" for one in verdicts
    ]
    return "| | measured | allowed | |\n|---|---|---|---|\n" + "\n".join(lines) + "\n"


def drawing(samples: Sequence[Sample]) -> str:
    """Returns an SVG of memory and processor time over the run."""
    last = samples[-1].second or 1.0
    memory = [(one.second, one.memory / 1e6) for one in samples]
    busy = [
        (after.second, (after.processor - before.processor) / (after.second - before.second) * 100)
        for before, after in pairwise(samples)
        if after.second > before.second
    ]
    most = max(value for _, value in (*memory, *busy)) * 1.1
    x = [
        LEFT + minute * 60 / last * (WIDTH - LEFT - 8)
        for minute in range(0, int(last // 60) + 1, max(1, int(last // 360)))
    ]
    y = [step * most / 4 for step in range(5)]
    parts = [
        f'<line x1="{LEFT}" x2="{WIDTH - 8}" y1="{_y(value, most):.0f}" y2="{_y(value, most):.0f}"/>'
        f'<text x="{LEFT - 6}" y="{_y(value, most) + 4:.0f}" text-anchor="end">{value:.0f}</text>'
        for value in y
    ]
    step = max(1, int(last // 360))
    parts += [f'<text x="{at:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{n * step}</text>' for n, at in enumerate(x)]
    parts += [_line("memory", memory, last, most), _line("processor", busy, last, most)]
    parts += [
        f'<text x="{LEFT + 8}" y="16" style="fill:#2a6fdb">memory, MB</text>',
        f'<text x="{LEFT + 108}" y="16" style="fill:#d9822b">processor, % of a core</text>',
        f'<text x="{WIDTH - 8}" y="16" text-anchor="end">minutes</text>',
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>Memory and processor during the soak</title><style>{STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _line(name: str, points: Sequence[tuple[float, float]], last: float, most: float) -> str:
    at = " ".join(f"{LEFT + x / last * (WIDTH - LEFT - 8):.1f},{_y(value, most):.1f}" for x, value in points)
    return f'<polyline class="{name}" points="{at}"/>'


def _y(value: float, most: float) -> float:
    return HEIGHT - BOTTOM - value / most * (HEIGHT - BOTTOM - 24)
