"""All examples and workflows, one after the other, as if each were started by itself."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path

ALL = sorted(path for path in Path(__file__).parent.glob("*.py") if path.name != Path(__file__).name)


def main() -> None:
    for path in ALL:
        print(f"\n==== {path.name}\n")
        run_path(str(path), run_name="__main__")
    print(f"\n{len(ALL)} scripts ran.")


if __name__ == "__main__":
    main()
