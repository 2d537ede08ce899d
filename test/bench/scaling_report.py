#!/usr/bin/env python3
"""Draws what the scaling policies make of loads: docs/scaling.svg and docs/scaling-measured.svg, and the tables in docs/scaling.md.

  ninja -C build/asan scaling_traces && build/asan/test/bench/scaling_traces | python3 test/bench/scaling_report.py docs

With --measured it reads what scaling_live.py printed.
"""

import json
import pathlib
import sys

WIDTH, HEIGHT = 420, 150  # of one panel's plot
LEFT, TOP, GAP_X, GAP_Y = 40, 34, 60, 62
COLUMNS = 2
COLOURS = {"ours": "#1668a8", "peer": "#c8551b", "tasks": "#b9b9b9"}
BEGINS = {"scaling": "<!-- table: scaling_report.py -->", "scaling-measured": "<!-- measured: scaling_report.py -->"}
END = "<!-- end of table -->"
PEERS = {"scaling": "its documented rules, modelled", "scaling-measured": "measured"}


def path_of(samples, column, x_scale, y_scale):
    """A line of steps."""
    points = [(sample[0] * x_scale, HEIGHT - sample[column] * y_scale) for sample in samples]
    text = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for x, y in points[1:]:
        text += f"H{x:.1f}V{y:.1f}"
    return text


def panel(scenario, x, y):
    samples = {side: scenario[side]["samples"] for side in ("ours", "peer")}
    span = max(side[-1][0] for side in samples.values())
    most = max(sample[2] for side in samples.values() for sample in side) or 1
    most_tasks = max(sample[1] for sample in samples["ours"]) or 1
    x_scale, y_scale, task_scale = WIDTH / span, (HEIGHT - 8) / most, (HEIGHT - 8) / most_tasks
    lines = [
        f'<g transform="translate({x} {y})">',
        f'<text y="-12" class="title">{scenario["name"]}</text>',
        f'<text y="-12" x="{WIDTH}" class="note" text-anchor="end">{scenario["policy"]}, {scenario["tasks"]} tasks</text>',
    ]
    area = path_of(samples["ours"], 1, x_scale, task_scale) + f"V{HEIGHT}H0Z"
    lines.append(f'<path d="{area}" fill="{COLOURS["tasks"]}" fill-opacity="0.35"/>')
    for side in ("peer", "ours"):
        dash = ' stroke-dasharray="5 3"' if side == "peer" else ""
        lines.append(
            f'<path d="{path_of(samples[side], 2, x_scale, y_scale)}" fill="none" stroke="{COLOURS[side]}" stroke-width="2"{dash}/>'
        )
    lines.append(f'<path d="M0 0V{HEIGHT}H{WIDTH}" fill="none" stroke="#444"/>')
    for value in sorted({0, most}):
        lines.append(f'<text x="-6" y="{HEIGHT - value * y_scale + 4:.0f}" class="note" text-anchor="end">{value}</text>')
    for second in range(0, int(span) + 1, 10):
        lines.append(f'<text x="{second * x_scale:.0f}" y="{HEIGHT + 15}" class="note" text-anchor="middle">{second}</text>')
    return "\n".join([*lines, "</g>"])


def legend(width, peers):
    parts = []
    x = LEFT
    for text, colour, dash in (
        ("workers, scaler", COLOURS["ours"], ""),
        (f"workers, opengris-scaler 2.0.9 ({peers})", COLOURS["peer"], ' stroke-dasharray="5 3"'),
        ("tasks not ended (scaler; own scale)", COLOURS["tasks"], ""),
    ):
        parts.append(f'<path d="M{x} 16h26" stroke="{colour}" stroke-width="3"{dash}/><text x="{x + 32}" y="20" class="note">{text}</text>')
        x += 60 + 6.2 * len(text)
    parts.append(f'<text x="{width - 12}" y="20" class="note" text-anchor="end">seconds</text>')
    return "\n".join(parts)


def draw(scenarios, peers):
    rows = (len(scenarios) + COLUMNS - 1) // COLUMNS
    width = LEFT + COLUMNS * (WIDTH + GAP_X)
    height = TOP + 30 + rows * (HEIGHT + GAP_Y)
    panels = [
        panel(scenario, LEFT + (i % COLUMNS) * (WIDTH + GAP_X), TOP + 24 + (i // COLUMNS) * (HEIGHT + GAP_Y))
        for i, scenario in enumerate(scenarios)
    ]
    style = "text{font:12px sans-serif;fill:#222}.title{font-weight:bold;font-size:14px}.note{fill:#555}"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        f"<style>{style}</style>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        legend(width, peers), *panels, "</svg>", "",
    ])


def table(scenarios):
    rows = [
        "| load | policy | most workers | started | stopped while busy | worker seconds | seconds that tasks waited | last task ended at |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for scenario in scenarios:
        ours, peer = scenario["ours"], scenario["peer"]

        def both(key, form="{}", ours=ours, peer=peer):
            return f"{form.format(ours[key])} / {form.format(peer[key])}"

        rows.append(
            f'| {scenario["name"]} | `{scenario["policy"]}` | {both("peak")} | {both("starts")} | {both("busy_stopped")} '
            f'| {both("worker_seconds", "{:.0f}")} | {both("waited", "{:.0f}")} | {last_of(ours)} / {last_of(peer)} |'
        )
    return "\n".join(rows)


def last_of(side):
    failed = side.get("failed", 0)
    return f'{failed} never ended' if failed else f'{side["last_done"]:.1f} s'


def main():
    folder = pathlib.Path(sys.argv[-1])
    name = "scaling-measured" if "--measured" in sys.argv else "scaling"
    scenarios = json.load(sys.stdin)
    (folder / f"{name}.svg").write_text(draw(scenarios, PEERS[name]))
    page = folder / "scaling.md"
    text = page.read_text()
    begin = BEGINS[name]
    before, rest = text.split(begin, 1)
    after = rest.split(END, 1)[1]
    page.write_text(f"{before}{begin}\n{table(scenarios)}\n{END}{after}")


if __name__ == "__main__":
    main()
