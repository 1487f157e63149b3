"""`make bench-library`: the library router by itself and beside what else a Python program would take."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # what the other bench has, this one takes from it

from library.assemble import main  # noqa: E402 - after the path

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
