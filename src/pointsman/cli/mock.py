"""``pointsman mock``: one simulated provider on a port, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys

import uvloop

from pointsman.errors import ConfigurationError
from pointsman.mock import KINDS, Options, Site, make_site


def mock(  # noqa: PLR0913, PLR0917 - the command's own options, one each
    kind: str,
    port: int,
    latency_ms: float,
    tokens_per_second: float,
    faults: list[str],
    models: list[str],
    api_keys: list[str],
    host: str = "127.0.0.1",
) -> int:
    """Serve until SIGINT or SIGTERM. 0 when stopped, 1 when the port can't be had, 2 when the options are wrong.

    The kind ``list`` prints the others.
    """
    if kind == "list":
        print("\n".join(KINDS))
        return 0
    options = Options(
        name=f"{kind}-{port}" if port else kind,
        models=tuple(models),
        api_keys=tuple(api_keys),
        latency_ms=latency_ms,
        tokens_per_second=tokens_per_second,
        faults=tuple(faults),
    )
    try:
        site = make_site(kind, options)
    except ConfigurationError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(site, kind, host, port))


async def _serve(site: Site, kind: str, host: str, port: int) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        await site.start(host, port)
    except OSError as wrong:
        print(f"port {port} of {host} can't be had: {wrong.strerror}", file=sys.stderr)
        return 1
    shown = f"[{host}]" if ":" in host else host
    print(f"{kind} simulated on http://{shown}:{site.port}", flush=True)
    print(f"  models  {', '.join(site.options.models)}")
    print(f"  faults  {', '.join(map(str, site.faults)) or 'none'}", flush=True)
    # what is here now stays; the collector need not look at it again and again under load
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)
    await stopped.wait()
    await site.close()
    return 0
