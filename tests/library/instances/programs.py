"""Small programs to talk to."""

from __future__ import annotations

import sys


def python(source: str) -> list[str]:
    return [sys.executable, "-u", "-I", "-S", "-c", source]


ECHO = python("import sys\nfor line in sys.stdin: print('re:', line.strip())")
DEAF = python("import sys\nfor line in sys.stdin: pass")
REPL = python("""
print("welcome")
while True:
    try:
        line = input("> ")
    except EOFError:
        break
    print("re:", line)
    print("and more")
""")
READER = python("import sys\nprint('re:', sys.stdin.read())")
