"""Local programs: three ways to talk, and every way in which a program ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from library.instances.programs import DEAF, ECHO, READER, REPL, python
from pointsman.errors import InstanceFailed, Misuse, ProgramFailed
from pointsman.library.instances import ProcessInstance
from pointsman.library.instances.answer import MOST
from pointsman.model.secret import Secret
from support.beside import wait_until

KEY = "sk-very-secret-key"

STUBBORN = python("""
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for line in sys.stdin:
    print(line.strip())
while True:
    time.sleep(1000)
""")
POLITE = python("""
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (open(sys.stdin.readline().strip(), "w").write("bye"), sys.exit(0)))
print(sys.stdin.readline().strip())
while True:
    time.sleep(1000)
""")


def gone(pid: int) -> bool:
    """No such process, not even as a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_program_is_asked_line_by_line():
    """It stays the same one from prompt to prompt."""
    with ProcessInstance(python("import os, sys\nfor line in sys.stdin: print(os.getpid(), line.strip())")) as instance:
        one, other = instance.ask("one"), instance.ask("another")
        assert (one, other) == (f"{instance.pid} one", f"{instance.pid} another")


def test_a_prompt_of_several_lines_needs_another_way_to_talk():
    """By lines it is refused; where the program shows its prompt or reads to the end it is not."""
    with ProcessInstance(ECHO, title="echo") as instance:
        for prompt in ("one\ntwo", "one\r"):
            with pytest.raises(Misuse, match="echo: it is asked line by line"):
                instance.ask(prompt)
    with ProcessInstance(READER, one_shot=True) as instance:
        assert instance.ask("one\ntwo") == "re: one\ntwo"


@pytest.mark.parametrize("marker", ["> ", re.compile("^> "), re.compile(r"^[>]\s$")])
def test_a_program_is_known_by_its_prompt(marker):
    """What it says at its start is no answer, and its prompt is none either."""
    with ProcessInstance(REPL, prompt_marker=marker) as instance:
        assert instance.ask("one") == "re: one\nand more"
        assert instance.ask("another") == "re: another\nand more"


def test_a_program_may_be_started_before_it_is_asked():
    """And is ready then."""
    with ProcessInstance(REPL, prompt_marker="> ") as instance:
        assert instance.pid is None
        instance.start()
        before = instance.pid
        assert before is not None
        assert instance.ask("one").startswith("re: one")
        assert instance.pid == before


def test_one_program_for_each_prompt():
    """It reads to the end of its input; what it says until it ends is the answer."""
    with ProcessInstance(python("import os, sys\nprint(os.getpid(), sys.stdin.read())"), one_shot=True) as instance:
        instance.start()
        assert instance.pid is None
        assert instance.ask("one").split()[0] != instance.ask("one").split()[0]
        assert instance.pid is None


def test_an_answer_is_seen_while_it_comes():
    """A part of a line is output, and no answer yet."""
    with ProcessInstance(python("import sys\nsys.stdin.readline()\nprint(end='so far')\nsys.stdin.read()")) as instance:
        instance.send_prompt("one")
        wait_until(lambda: instance.output == "so far")
        assert instance.has_updated() == (True, False)


def test_what_is_said_unasked_is_not_kept():
    """Neither a greeting, nor what follows an answer."""
    program = python("""
import sys
for number, line in enumerate(sys.stdin):
    print("re:", line.strip() + "\\nand more, unasked")
    print("x", file=sys.stderr)
""")
    with ProcessInstance(program) as instance:
        assert instance.ask("one") == "re: one"


def test_letters_are_put_together_again():
    """Of several bytes each, cut by the pipe; what is no text at all is replaced."""
    program = python("""
import sys, os
for line in sys.stdin:
    for byte in line.strip().encode() + b"\\xff\\n":
        os.write(1, bytes([byte]))
""")
    with ProcessInstance(program) as instance:
        assert instance.ask("Grüße, 你好 🚂") == "Grüße, 你好 🚂\N{REPLACEMENT CHARACTER}"


def test_a_long_answer_keeps_its_end():
    """Memory is bounded, and how much is missing is told."""
    program = python(f"import sys\nsys.stdin.read()\nprint('a' * {MOST} + 'b' * {3 * MOST // 2}, end='')")
    with ProcessInstance(program, one_shot=True) as instance:
        instance.send_prompt("")
        assert instance.result() == "b" * MOST
        assert instance.dropped == 3 * MOST // 2
        assert instance.output == instance.result()


def test_a_long_prompt_does_not_stop_anybody():
    """More than a pipe holds, to a program that answers before it reads, and reads before it answers."""
    prompt = "x" * 300_000
    with ProcessInstance(["cat"], one_shot=True) as instance:
        assert instance.ask(prompt) == prompt
    with ProcessInstance(python("print('early'); import sys; sys.stdin.read()"), one_shot=True) as instance:
        assert instance.ask(prompt) == "early"


def test_a_program_that_ends_with_an_error_says_why():
    """The exit code, its last complaint in the message, the rest of it beside."""
    program = python("import sys\nsys.stdin.readline()\nsys.exit('first\\nthe model is missing')")
    with ProcessInstance(program, title="llm") as instance:
        with pytest.raises(ProgramFailed) as failed:
            instance.ask("one")
    error = failed.value
    assert str(error) == "llm ended with exit code 1: the model is missing"
    assert (error.exit_code, error.stderr, error.kind) == (1, "first\nthe model is missing\n", "reset")
    assert isinstance(error, InstanceFailed)


@pytest.mark.parametrize(
    ("source", "options", "kind", "code", "says"),
    [
        ("import sys; sys.stdin.readline(); print(end='half'); sys.exit(0)", {}, "cut", 0, "exit code 0"),
        ("import sys; sys.exit(3)", {}, "reset", 3, "exit code 3"),
        ("import sys; sys.exit(3)", {"prompt_marker": "> "}, "reset", 3, "exit code 3"),
        ("import sys; sys.stdin.read(); sys.exit(3)", {"one_shot": True}, "server_error", 3, "exit code 3"),
        ("import os, sys; sys.stdin.readline(); os.kill(os.getpid(), 9)", {}, "reset", -9, "was ended by SIGKILL"),
    ],
)
def test_an_end_before_its_time_is_a_failure(source, options, kind, code, says):
    """Within an answer, before one, before it was ready, with an exit code behind its answer, by a signal."""
    with ProcessInstance(python(source), **options) as instance:
        with pytest.raises(ProgramFailed, match=says) as failed:
            instance.ask("one")
        assert (failed.value.kind, failed.value.exit_code) == (kind, code)
        assert instance.pid is None
        assert instance.alive


def test_the_next_prompt_starts_it_anew():
    """After it has ended by itself, and after it was killed for being late."""
    program = python("""
import sys
for line in sys.stdin:
    if line.strip() == "die":
        sys.exit(1)
    if line.strip() != "sleep":
        print("re:", line.strip())
""")
    with ProcessInstance(program) as instance:
        assert instance.ask("one") == "re: one"
        first = instance.pid
        with pytest.raises(ProgramFailed):
            instance.ask("die")
        assert instance.ask("one") == "re: one"
        second = instance.pid
        with pytest.raises(InstanceFailed, match="no answer within"):
            instance.ask("sleep", timeout=0.1)
        assert gone(second)
        assert instance.ask("one") == "re: one"
        assert len({first, second, instance.pid}) == 3


def test_who_waits_for_his_turn_kills_nobody():
    """A time-out in the queue is his own; the answer that is worked on goes on."""
    with ProcessInstance(DEAF, grace=0.2) as instance:
        instance.send_prompt("one")
        wait_until(lambda: instance.pid is not None)
        before = instance.pid
        with pytest.raises(InstanceFailed):
            instance.ask("another", timeout=0.05)
        assert instance.pid == before
        assert not instance.has_updated().has_prompt


def test_prompts_are_answered_in_turn():
    """One program, many who ask: it never has two prompts at a time."""
    program = python("""
import sys, select
for line in sys.stdin:
    print(line.strip(), bool(select.select([sys.stdin], [], [], 0.005)[0]))
""")
    with ProcessInstance(program) as instance, ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(instance.ask, map(str, range(12))))
    assert answers == [f"{number} False" for number in range(12)]


@pytest.mark.parametrize(
    ("program", "options", "says"),
    [
        ("no-such-program-anywhere --flag", {}, "no-such-program-anywhere can't be started: No such file"),
        (ECHO, {"path": "/no/such/folder"}, "its working directory /no/such/folder does not exist"),
        ("/etc/passwd", {}, "Permission denied"),
        (["cat", "nul\0"], {}, "embedded null byte"),
    ],
)
def test_a_program_that_can_not_be_started_is_a_failure_too(program, options, says):
    """Typed like the others, so that a router goes on with somebody else."""
    with ProcessInstance(program, **options) as instance:
        for _ in range(2):
            with pytest.raises(ProgramFailed, match=says) as failed:
                instance.ask("one")
            assert (failed.value.kind, failed.value.exit_code) == ("refused", None)


def test_it_works_where_and_with_what_it_is_told(tmp_path):
    """The working directory, further arguments, the environment and nothing else; no shell reads any of it."""
    source = "import os, sys; sys.stdin.read(); print(os.getcwd(), sys.argv[1:], os.getenv('NAME'), os.getenv('HOME'))"
    options = {"path": tmp_path, "args": ["$HOME", "a b;"], "env": {"NAME": "value"}, "one_shot": True}
    with ProcessInstance(python(source), **options) as instance:
        assert instance.ask("") == f"{tmp_path.resolve()} ['$HOME', 'a b;'] value None"
    with ProcessInstance(f"{sys.executable} -c 'import os; print(\"HOME\" in os.environ)'", one_shot=True) as instance:
        assert instance.ask("") == str("HOME" in os.environ)


def test_secrets_are_shown_to_the_program_alone():
    """One that complains of its key loudly, and a name that tells nothing of arguments."""
    source = "import os, sys; sys.stdin.read(); sys.exit('bad key ' + os.environ['API_KEY'])"
    with ProcessInstance(python(source), env={"API_KEY": Secret(KEY)}, args=[KEY], one_shot=True) as instance:
        with pytest.raises(ProgramFailed, match="bad key") as failed:
            instance.ask("")
        assert KEY not in f"{failed.value!r} {failed.value} {failed.value.stderr} {instance!r} {instance.title}"
        assert failed.value.stderr == "bad key ***\n"


def test_complaints_are_bounded_and_begin_with_a_whole_line():
    """So that not half a secret is left of a line that was cut."""
    program = python("import sys\nfor n in range(5000): print('line', n, file=sys.stderr)\nsys.exit(1)")
    with ProcessInstance(program) as instance:
        with pytest.raises(ProgramFailed, match="line 4999") as failed:
            instance.ask("one")
    assert len(failed.value.stderr) <= 4096
    assert re.fullmatch(r"(line \d+\n)+", failed.value.stderr)


def test_closing_ends_its_input_first():
    """A program that reads to the end of its input ends by itself."""
    instance = ProcessInstance(python("import sys\nfor line in sys.stdin: print(line)\nprint('bye', file=sys.stderr)"))
    instance.ask("one")
    program, pid = instance._program, instance.pid
    instance.close()
    assert (program.over.result(), program.complaint, instance.pid) == (0, "bye\n", None)
    assert gone(pid)


def test_then_it_is_asked_to_end(tmp_path):
    """One that does not heed its input, but signals."""
    program = POLITE
    with ProcessInstance(program, grace=0.1) as instance:
        said = tmp_path / "said"
        instance.ask("one")
        instance._background.loop.call_soon_threadsafe(instance._program.say, f"{said}\n")
        pid = instance.pid
    assert gone(pid)
    assert said.read_text() == "bye"


def test_and_at_last_it_is_killed():
    """One that heeds nothing; with a prompt that is being worked on or without."""
    for busy in (False, True):
        instance = ProcessInstance(STUBBORN, grace=0.05)
        instance.ask("one")
        pid = instance.pid
        if busy:
            with suppress(InstanceFailed):
                instance.send_prompt("")
        instance.close()
        assert gone(pid)


def test_what_it_has_started_ends_with_it():
    """A program that is killed takes its children along."""
    program = python("""
import subprocess
print(subprocess.Popen(["sleep", "1000"]).pid)
while True: pass
""")
    with ProcessInstance(program, one_shot=True, grace=0.05) as instance:
        instance.send_prompt("")
        wait_until(lambda: instance.output.endswith("\n"))
        child, parent = int(instance.output), instance.pid
    assert gone(parent)
    wait_until(lambda: gone(child) or zombie(child))


def zombie(pid: int) -> bool:
    """Ended, and whoever adopted it has not noticed yet."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_pipe_that_somebody_else_holds_open_stops_nobody():
    """A daemon of its own session keeps the output; the end of the program is the end."""
    source = """
import subprocess, sys
child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
print(child.pid)
"""
    with ProcessInstance(python(source), grace=0.05) as instance:
        child = int(instance.ask("one"))
    try:
        assert instance.pid is None
        assert not gone(child)
    finally:
        os.kill(child, signal.SIGKILL)


STAYING = """
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for line in sys.stdin:
    print(line.strip(), flush=True)
while True: pass
"""
FORGETFUL = f"""
from pointsman.library.instances import ProcessInstance
instance = ProcessInstance({python(STAYING)!r}, grace=0.05)
print(instance.ask("one"), instance.pid)
"""
FORKING = """
import os, sys
from pointsman.library.instances import ProcessInstance, FunctionInstance
instance = ProcessInstance(["cat"])
async def answer(prompt): return prompt
other = FunctionInstance(answer)
print(instance.ask("one"), other.ask("two"), flush=True)
child = os.fork()
print(instance.ask("three"), other.ask("four"), flush=True)
instance.close()
if child:
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def run(source: str) -> list[str]:
    """What it prints; it must end by itself, and complain of nothing."""
    argv = [sys.executable, "-W", "error::ResourceWarning", "-W", "ignore::DeprecationWarning", "-c", source]
    done = subprocess.run(argv, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return done.stdout.split()


def test_what_nobody_closed_ends_with_the_interpreter():
    """A program that would outlive its input and SIGTERM."""
    said, pid = run(FORGETFUL)
    assert said == "one"
    assert gone(int(pid))


def test_a_forked_process_has_instances_of_its_own():
    """They begin anew there, and the parent's go on."""
    assert sorted(run(FORKING)) == ["four", "four", "one", "three", "three", "two"]


@pytest.mark.parametrize(
    ("program", "options", "says"),
    [
        ("", {}, "command line"),
        ([], {}, "command line"),
        (["cat", 1], {}, "command line"),
        ([1], {}, "command line"),
        (None, {}, "command line"),
        ("cat 'unfinished", {}, "No closing quotation"),
        ("cat", {"prompt_marker": "> ", "one_shot": True}, "prompt_marker or one_shot"),
        ("cat", {"prompt_marker": ""}, "a text or a compiled pattern"),
        ("cat", {"prompt_marker": b"> "}, "a text or a compiled pattern"),
        ("cat", {"prompt_marker": re.compile("(?=> )")}, "no lookarounds"),
        ("cat", {"prompt_marker": re.compile("x*")}, "where there is nothing"),
        ("cat", {"grace": -1}, "grace"),
        ("cat", {"args": "-n"}, "each of them one argument"),
        ("cat", {"args": [1]}, "each of them one argument"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(program, options, says):
    """Before anything is started."""
    with pytest.raises(Misuse, match=says):
        ProcessInstance(program, **options)


def test_repr_says_what_it_is():
    """Title and state, and no arguments."""
    with ProcessInstance("/bin/cat -", title=None) as instance:
        assert repr(instance) == "ProcessInstance('cat', not running)"
        instance.ask("one")
        assert repr(instance) == f"ProcessInstance('cat', pid {instance.pid})"
    assert repr(instance) == "ProcessInstance('cat', closed)"
