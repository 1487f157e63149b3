"""The library's plots."""

from __future__ import annotations

from statistics import mean, median
from typing import TYPE_CHECKING

import plotly.graph_objects as go  # type: ignore[import-untyped]  # ships no types

from library.rivals import OURS
from library.tables import BAR_RECORD_US, BARS_ROUTE_US, by_strategy

if TYPE_CHECKING:
    from library.facts import Figures

SYMBOLS = ("circle", "square", "diamond", "cross", "x", "triangle-up")
BAR = "#b3261e"


def _over_n(figures: Figures, what: str, title: str) -> go.Figure:
    """One line a strategy, from least to greatest at each point."""
    figure = go.Figure()
    for index, (name, steps) in enumerate(by_strategy(figures).items()):
        values = [getattr(step, what) for step in steps]
        middle = [median(each) for each in values]
        figure.add_trace(
            go.Scatter(
                x=[step.models for step in steps],
                y=middle,
                name=name,
                mode="lines+markers",
                marker_symbol=SYMBOLS[index % len(SYMBOLS)],
                error_y={
                    "type": "data",
                    "array": [max(each) - at for each, at in zip(values, middle, strict=True)],
                    "arrayminus": [at - min(each) for each, at in zip(values, middle, strict=True)],
                    "thickness": 0.6,
                },
            )
        )
    figure.update_layout(title=title, template="simple_white", height=560)
    figure.update_xaxes(title="models", type="log", showgrid=True)
    figure.update_yaxes(title="µs", type="log", showgrid=True)
    return figure


def _world(figures: Figures) -> go.Figure:
    """Share of tasks done against the time that they took."""
    figure = go.Figure()
    for pair in dict.fromkeys((fate.rival, fate.strategy) for fate in figures.fates):
        own = [fate for fate in figures.fates if (fate.rival, fate.strategy) == pair]
        figure.add_trace(
            go.Scatter(
                x=[mean(fate.seconds for fate in own)],
                y=[100 * mean(fate.success for fate in own)],
                name=", ".join(filter(None, pair)),
                text=[pair[1] or pair[0]],
                mode="markers+text",
                textposition="top center",
                marker={"size": 11, "symbol": "circle" if pair[0] == OURS else "diamond"},
            )
        )
    figure.update_layout(title="A simulated world: up and to the left is better", template="simple_white", height=560)
    figure.update_xaxes(title="mean seconds of a task that was done")
    figure.update_yaxes(title="done, % of tasks")
    return figure


def plots(figures: Figures) -> list[go.Figure]:
    """In the order of the page."""
    route = _over_n(figures, "route", "route_task, in alternation with record_task_result")
    for models, most in BARS_ROUTE_US.items():
        mark = {"mode": "markers", "marker": {"symbol": "line-ew-open", "size": 22, "color": BAR}}
        route.add_trace(go.Scatter(x=[models], y=[most], name=f"bar, {models:,} models", **mark))
    record = _over_n(figures, "record", "record_task_result")
    record.add_hline(BAR_RECORD_US, line_color=BAR, line_dash="dot")
    shown = [route, record] if figures.steps else []
    return shown + ([_world(figures)] if figures.fates else [])
