"""Tables of prices: the one that ships, ``prices.toml``, and one of the user's own, which counts first."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path as File

import msgspec

from pointsman.config.findings import Place, Report
from pointsman.config.sources import contents
from pointsman.config.yaml_marks import MAX_BYTES
from pointsman.model.prices import PriceTable

KEY = ("prices",)


@lru_cache(1)
def shipped() -> PriceTable:
    """What well-known services charge. Each list has its day."""
    return decoded(files("pointsman.config").joinpath("prices.toml").read_bytes())


def decoded(text: bytes) -> PriceTable:
    """A table in TOML. Raises msgspec.DecodeError or UnicodeDecodeError."""
    return msgspec.toml.decode(text, type=PriceTable)


def read_prices(path: str | None, report: Report) -> tuple[PriceTable, ...]:
    """The user's table, found from the folder of the file that names it, then the shipped one."""
    if path is None:
        return (shipped(),)
    file = File(report.locate(KEY).file).parent / File(path).expanduser()
    report.beside(str(file))
    text = contents(file, report)
    if text is None:
        return (shipped(),)
    if len(text) > MAX_BYTES:
        report.say("error", (), "this is more than {0} bytes", MAX_BYTES, place=Place(str(file)))
        return (shipped(),)
    try:
        return decoded(text), shipped()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        report.say("error", (), "this is no table of prices: {0}", str(error), place=Place(str(file)))
        return (shipped(),)
