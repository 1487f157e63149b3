"""The one configuration that Pointsman and LiteLLM both read: a deployment, and a master key to check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from competitors.base import MASTER_KEY, UPSTREAM_KEY, Place
from load.body import MODEL

if TYPE_CHECKING:
    from pathlib import Path

YAML = """\
model_list:
  - model_name: {model}
    litellm_params:
      model: openai/{model}
      api_base: {upstream}/v1
      api_key: {upstream_key}
general_settings:
  master_key: {master_key}
"""


def write(place: Place) -> Path:
    """The file, in the instance's scratch folder."""
    file = place.folder / "config.yaml"
    file.write_text(YAML.format(model=MODEL, upstream=place.upstream, upstream_key=UPSTREAM_KEY, master_key=MASTER_KEY))
    return file
