"""The command line. Each command imports what it needs when it runs, so that none pays for the others."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from pointsman.version import VERSION

BEGUN = monotonic()

app = typer.Typer(
    name="pointsman",
    help="Route requests for language models, keep them served, and say why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Paths = Annotated[list[Path], typer.Argument(help="YAML files or folders of them", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pointsman {VERSION}")
        raise typer.Exit


@app.callback()
def _root(
    _version_: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version")
    ] = False,
) -> None:
    """Route requests for language models, keep them served, and say why."""


@app.command()
def serve(  # noqa: PLR0913, PLR0917  one parameter an option
    config: Annotated[
        list[Path] | None, typer.Option("--config", help="YAML file or folder; may be given more than once")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on", min=0, max=65535)] = 4000,
    watch: Annotated[bool, typer.Option("--watch", help="Reload the configuration when its files change")] = False,
    drain_timeout: Annotated[
        float | None, typer.Option(help="Seconds that requests may take once it is told to end", min=0)
    ] = None,
    drain_delay: Annotated[
        float | None, typer.Option(help="Seconds that it goes on taking requests before, not ready any more", min=0)
    ] = None,
    debug_router: Annotated[bool, typer.Option("--debug-router", help="Log every decision")] = False,
) -> None:
    """Run the gateway."""
    from pointsman.cli.serve import Wishes, run  # noqa: PLC0415

    wishes = Wishes(host, port, debug_router, drain_timeout, drain_delay, watch)
    raise typer.Exit(run(config or [], wishes, BEGUN))


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Port to listen on", min=0, max=65535)] = 4000,
    seconds: Annotated[float | None, typer.Option(help="Stop after so many seconds")] = None,
) -> None:
    """Run the gateway on simulated providers with sample traffic."""
    from pointsman.cli.demo import demo as run  # noqa: PLC0415

    raise typer.Exit(run(port, seconds))


@app.command()
def check(paths: Paths, as_json: Json = False) -> None:
    """Check configuration files."""
    from pointsman.cli.check import check as run  # noqa: PLC0415

    raise typer.Exit(run(paths, as_json))


@app.command()
def explain(  # noqa: PLR0913, PLR0917  one parameter an option
    paths: Paths,
    model: Annotated[str | None, typer.Option(help="Model name to ask for")] = None,
    prompt: Annotated[str | None, typer.Option(help="Text of a user message")] = None,
    body: Annotated[Path | None, typer.Option(help="File with a request body; - for standard input")] = None,
    header: Annotated[list[str] | None, typer.Option(help="'Name: value'; may be given more than once")] = None,
    task: Annotated[str | None, typer.Option(help="Task of the request, as in its body")] = None,
    stream: Annotated[bool, typer.Option("--stream", help="Ask for a stream")] = False,
    path: Annotated[str | None, typer.Option(help="Where the body would be sent, as /v1/messages")] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Tell of every deployment, and what would change it")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show where a request would go, stage by stage. Nothing is sent."""
    from pointsman.cli.explain import Asked  # noqa: PLC0415
    from pointsman.cli.explain import explain as run  # noqa: PLC0415

    asked = Asked(model, prompt, body, tuple(header or ()), stream, task, path)
    raise typer.Exit(run(paths, asked, as_json=as_json, verbose=verbose))


@app.command()
def mock(  # noqa: PLR0913, PLR0917  one parameter an option
    kind: Annotated[str, typer.Option(help="openai, ollama, vllm, anthropic, azure, groq …; list tells all")],
    port: Annotated[int, typer.Option(help="Port to listen on", min=0, max=65535)] = 0,
    latency: Annotated[float, typer.Option(help="Milliseconds before the first token", min=0)] = 0.0,
    tokens_per_second: Annotated[float, typer.Option(help="0: as fast as possible", min=0)] = 0.0,
    fault: Annotated[list[str] | None, typer.Option(help="e.g. status=503:times=3; may be repeated")] = None,
    model: Annotated[list[str] | None, typer.Option(help="Model it serves; may be repeated")] = None,
    api_key: Annotated[list[str] | None, typer.Option(help="Key it takes; may be repeated. Without: any")] = None,
) -> None:
    """Run one simulated provider."""
    from pointsman.cli.mock import mock as run  # noqa: PLC0415

    raise typer.Exit(run(kind, port, latency, tokens_per_second, fault or [], model or [], api_key or []))


def main() -> None:
    """Entry point of the ``pointsman`` script and of ``python -m pointsman``."""
    app()
