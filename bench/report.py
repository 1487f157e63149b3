"""Where the figures go: the terminal, a JSON file, and one HTML page that needs nothing but itself."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import msgspec
import plotly.graph_objects as go  # type: ignore[import-untyped]  # ships no types
from rich.table import Table as RichTable

from bars import MET, MISSED
from compare import RESOLUTION_MS, added_ttft, calm, names, p50, paired, throughput
from competitors import OURS, REFERENCE
from tables import Table, all_tables

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from compare import ByRound
    from facts import Figures

COLOURS = {OURS: "#0b7a75", REFERENCE: "#555555"}
OTHERS = "#c58940"
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; color: #222 }
table { border-collapse: collapse; margin: .5rem 0 }
td, th { padding: .2rem .7rem; border-bottom: 1px solid #ddd }
td, th { text-align: right } td:first-child, th:first-child { text-align: left } p { color: #555 }
td.met { color: #0b7a3b; font-weight: 600 } td.missed { color: #b3261e; font-weight: 600 }
"""


def show(tables: list[Table], console: Console) -> None:
    """Every table, on the terminal."""
    for table in tables:
        drawn = RichTable(title=table.title, caption=table.note, title_justify="left", caption_justify="left")
        for index, head in enumerate(table.heads):
            drawn.add_column(head, justify="right" if index else "left")
        for row in table.rows:
            style = {MET: "green", MISSED: "red"}.get(row[-1], "")
            drawn.add_row(*row, style=style)
        console.print(drawn)


def _dots(title: str, unit: str, series: dict[str, ByRound], *, log: bool) -> go.Figure:
    """One dot a round and a bar at the median, one row a competitor."""
    figure = go.Figure()
    for name, rounds in reversed(series.items()):
        values = list(rounds.values())
        if values:
            colour = COLOURS.get(name, OTHERS)
            figure.add_trace(
                go.Box(
                    x=values,
                    name=name,
                    boxpoints="all",
                    jitter=0.4,
                    pointpos=0,
                    marker_color=colour,
                    orientation="h",
                )
            )
    figure.update_layout(title=title, showlegend=False, template="simple_white", height=120 + 55 * len(series))
    figure.update_xaxes(title=unit, type="log" if log else "linear", showgrid=True)
    return figure


def _plots(everything: Figures) -> list[go.Figure]:
    figures = calm(everything, strict=False)
    who = names(figures)

    def relative(value: dict[str, ByRound]) -> dict[str, ByRound]:
        return {name: paired(rounds, value.get(REFERENCE, {})) for name, rounds in value.items()}

    busy = {name: throughput(figures, name, 32) for name in who}
    idle = {name: p50(figures, name, 1) for name in who}

    def first(*, alone: bool) -> dict[str, ByRound]:
        added = {name: added_ttft(figures, name, 0.99, alone=alone) for name in who}
        return {name: {at: max(ms, RESOLUTION_MS) for at, ms in values.items()} for name, values in added.items()}

    memory = {
        start.name: {
            number: one.rss_mib * 1.048576 for number, one in enumerate(figures.starts) if one.name == start.name
        }
        for start in figures.starts
    }
    ready = {
        start.name: {number: one.ready_seconds for number, one in enumerate(figures.starts) if one.name == start.name}
        for start in figures.starts
    }
    return [
        _dots("Unary throughput at concurrency 32, relative to nginx", "times nginx", relative(busy), log=True),
        _dots("Median latency at concurrency 1", "µs", idle, log=True),
        _dots("Added time to first token, p99, among many streams", "ms", first(alone=False), log=True),
        _dots("Added time to first token, p99, one stream at a time", "ms", first(alone=True), log=True),
        _dots("Resident memory at start", "MB", memory, log=True),
        _dots("Start to first correct answer", "s", ready, log=True),
    ]


def _html_table(table: Table) -> str:
    heads = "".join(f"<th>{html.escape(head)}</th>" for head in table.heads)
    rows = []
    for row in table.rows:
        kind = row[-1] if row[-1] in (MET, MISSED) else ""
        cells = [f"<td>{html.escape(cell)}</td>" for cell in row[:-1]]
        rows.append("<tr>" + "".join(cells) + f'<td class="{kind}">{html.escape(row[-1])}</td></tr>')
    body = f"<table><tr>{heads}</tr>{''.join(rows)}</table>"
    return f"<h2>{html.escape(table.title)}</h2>{body}<p>{html.escape(table.note)}</p>"


class Report(msgspec.Struct, frozen=True):
    """What a page is made of: lines about the run, plots, tables."""

    title: str
    about: list[str]
    plots: list[go.Figure]
    tables: list[Table]


def report(figures: Figures) -> Report:
    """Of `make bench`; the last table, the bars, comes first."""
    machine = "; ".join(f"{key}: {value}" for key, value in figures.machine.items())
    options = "; ".join(f"{key}: {value}" for key, value in figures.options.items())
    return Report("Pointsman bench", [machine, options], _plots(figures), all_tables(figures)[::-1])


def page(made: Report) -> str:
    """The HTML page; the first plot carries plotly's script, so that it opens without a network."""
    plots = [
        plot.to_html(full_html=False, include_plotlyjs=index == 0, config={"displaylogo": False})
        for index, plot in enumerate(plot for plot in made.plots if plot.data)
    ]
    tables = "".join(_html_table(table) for table in made.tables)
    about = "".join(f"<p>{html.escape(line)}</p>" for line in made.about)
    head = f"<meta charset='utf-8'><title>{html.escape(made.title)}</title><style>{STYLE}</style>"
    body = f"<h1>{html.escape(made.title)}</h1>{about}{''.join(plots)}{tables}"
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"


def write(figures: msgspec.Struct, made: Report, folder: Path, stamp: str) -> list[Path]:
    """The JSON and the HTML file, named by the time of the run."""
    folder.mkdir(parents=True, exist_ok=True)
    data, shown = folder / f"{stamp}.json", folder / f"{stamp}.html"
    tables = [msgspec.to_builtins(table) for table in made.tables]
    data.write_bytes(msgspec.json.format(msgspec.json.encode({"figures": figures, "tables": tables})))
    shown.write_text(page(made), encoding="utf-8")
    return [data, shown]
