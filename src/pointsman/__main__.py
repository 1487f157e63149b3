"""``python -m pointsman`` is the same program as ``pointsman``."""

from pointsman.cli import main

main()
