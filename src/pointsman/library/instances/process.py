"""A local program as an instance: it reads prompts on its standard input and answers on its standard output.

Three kinds of programs can be talked to:

    by lines     (unless told otherwise)  a prompt is one line, and so is its answer
    by prompt    ``prompt_marker``        it shows its prompt when it is ready: at the start, and behind each answer
    one by one   ``one_shot=True``        it is started for each prompt, reads it to the end, answers and ends

It is started without a shell and without a terminal, by the first prompt or by ``start``, and answers one prompt at a
time; more of them wait for their turn. If it ends before its time, or has not answered in time and is killed for it,
the next prompt starts it anew. What it says unasked is not kept.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from signal import Signals

from pointsman.errors import Misuse, ProgramFailed
from pointsman.library.instances.answer import Answer
from pointsman.library.instances.background import Background
from pointsman.library.instances.base import BaseInstance, Timeout
from pointsman.library.instances.ending import AtClose, AtLine, Ending, ending_for
from pointsman.library.instances.program import GRACE, Program
from pointsman.library.numbers import seconds
from pointsman.model.outcome import CONSEQUENCES, FailureKind
from pointsman.model.secret import Secret

TIMEOUT = 600.0
"""Seconds, as an endpoint's."""

MOST_TOLD = 200
"""Characters of a program's last complaint that an error repeats."""

LEAST_MASKED = 4
"""Characters of a secret that is looked for in what a program complains of."""


class ProcessInstance(BaseInstance):
    """``program`` is a command line as a shell would split it, or a list.

    ``path`` is its working directory; ``args`` stand behind the program; ``env`` is its whole environment (None: this
    process's own), where a ``Secret`` is shown to nobody else. ``prompt_marker`` is a text, or a compiled pattern that
    RE2 takes and that is looked for in each line. ``grace`` is seconds to end in:

    ``close`` ends its input, after ``grace`` seconds asks it to end, and after as many more kills it; a program that is
    at work then is asked to end like any other.
    """

    def __init__(  # noqa: PLR0913  options of one thing, all by keyword
        self,
        program: str | Sequence[str],
        *,
        title: str | None = None,
        path: str | os.PathLike[str] | None = None,
        args: Sequence[str] = (),
        env: Mapping[str, str | Secret] | None = None,
        prompt_marker: str | re.Pattern[str] | None = None,
        one_shot: bool = False,
        timeout: Timeout = TIMEOUT,
        grace: float | timedelta = GRACE,
    ) -> None:
        if isinstance(args, str) or not all(isinstance(each, str) for each in args):
            raise Misuse("args is a list of texts, each of them one argument", param="args")
        self._argv = [*_argv(program), *args]
        super().__init__(title or Path(self._argv[0]).name, timeout)
        if prompt_marker is not None and one_shot:
            raise Misuse("a program for one prompt shows none: prompt_marker or one_shot", param="one_shot")
        self._one_shot = one_shot
        self._shows_prompt = prompt_marker is not None
        self._ending: Callable[[], Ending] = AtClose if one_shot else ending_for(prompt_marker)
        self._path = None if path is None else os.fspath(path)
        self._env = env
        self._grace = seconds(grace, "grace")
        self._program: Program | None = None
        self._turn: asyncio.Lock

    def __repr__(self) -> str:
        state = "closed" if not self.alive else "not running" if self.pid is None else f"pid {self.pid}"
        return f"ProcessInstance({self.title!r}, {state})"

    @property
    def pid(self) -> int | None:
        """Of the running program; None while none runs."""
        program = self._program
        return None if program is None or program.over.done() else program.pid

    def start(self) -> None:
        """Start it before the first prompt comes, and wait until it is ready. Raises ProgramFailed."""
        self._may_wait()
        self._waited(self._begin("", None, self._started))

    def _enter(self, _background: Background) -> None:
        self._turn = asyncio.Lock()
        self._program = None

    async def _leave(self) -> None:
        if self._program is not None:
            await self._program.end(self._grace)

    async def _started(self, _prompt: str, _answer: Answer) -> None:
        async with self._turn:
            if not self._one_shot:
                await self._at_work(self._ready)

    async def _answer(self, prompt: str, answer: Answer) -> None:
        if self._ending is AtLine and ("\n" in prompt or "\r" in prompt):
            text = "it is asked line by line: give it a prompt_marker, one_shot=True, or a prompt of one line"
            raise Misuse(f"{self.title}: {text}", param="prompt")

        async def work() -> None:
            program = await self._ready()
            program.say(prompt if self._one_shot else f"{prompt}\n")
            if self._one_shot:
                program.hang_up()
            await self._hear(program, answer)

        async with self._turn:
            await self._at_work(work)
        answer.complete(answer.text.strip("\r\n"))

    async def _ready(self) -> Program:
        """The running program, started if it must be, that waits for a prompt."""
        program = self._program
        if program is None or program.over.done():
            program = self._program = await self._new()
            if self._shows_prompt:
                await self._hear(program, None)
            elif not self._one_shot:
                program.listen(None)  # a greeting is no answer
        return program

    async def _new(self) -> Program:
        try:
            return await Program.start(self._argv, self._path, self._environment())
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            if self._path is not None and not Path(self._path).is_dir():  # noqa: ASYNC240  as quick as starting it
                reason = f"its working directory {self._path} does not exist"
            raise self._program_failed(FailureKind.REFUSED, f"can't be started: {reason}") from None

    async def _at_work(self, work: Callable[[], Awaitable[object]]) -> None:
        """Nobody knows what a program is about that was left within an answer: it is killed. When the instance is being
        closed, that ends it gently.
        """
        try:
            await work()
        except BaseException:
            if self._program is not None and self.alive:
                await self._program.kill()
            raise

    async def _hear(self, program: Program, answer: Answer | None) -> None:
        """Until the answer is complete. Raises ProgramFailed if the program ends before."""
        ending = self._ending()
        complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def heard(text: str) -> None:
            said, over = ending.feed(text)
            if answer is not None:
                answer.add(said)
            if over:
                program.listen(None)
                complete.set_result(None)

        program.listen(heard)
        try:
            await program.until(complete)
        finally:
            program.listen(None)
        if not complete.done() and not (self._one_shot and program.over.result() == 0):
            raise self._ended(program, answer)

    def _ended(self, program: Program, answer: Answer | None) -> ProgramFailed:
        code, complaint = program.over.result(), self._masked(program.complaint)
        how = f"ended with exit code {code}" if code >= 0 else f"was ended by {_signal(-code)}"
        last = complaint.strip().rpartition("\n")[2][:MOST_TOLD]
        kind = FailureKind.CUT if answer is not None and answer.length else FailureKind.RESET
        failed = self._program_failed(FailureKind.SERVER_ERROR if self._one_shot else kind, how, last)
        failed.exit_code, failed.stderr = code, complaint
        return failed

    def _program_failed(self, kind: FailureKind, what: str, complaint: str = "") -> ProgramFailed:
        means = CONSEQUENCES[kind]
        told = f"{self.title} {what}" + (f": {complaint}" if complaint else "")
        return ProgramFailed(told, kind=kind.value, status=means.status, code=means.code)

    def _environment(self) -> dict[str, str] | None:
        if self._env is None:
            return None
        return {name: value.reveal() if isinstance(value, Secret) else value for name, value in self._env.items()}

    def _masked(self, text: str) -> str:
        for value in (self._env or {}).values():
            if isinstance(value, Secret) and len(value.reveal()) >= LEAST_MASKED:
                text = text.replace(value.reveal(), "***")
        return text


def _argv(program: str | Sequence[str]) -> list[str]:
    try:
        argv = shlex.split(program) if isinstance(program, str) else list(program)
    except ValueError as error:
        raise Misuse(f"program is no command line: {error}", param="program") from None
    except TypeError:
        argv = []
    if not argv or not all(isinstance(each, str) for each in argv) or not argv[0]:
        raise Misuse("program is a command line, or a list of a program and its arguments", param="program")
    return argv


def _signal(number: int) -> str:
    known = {each.value: each.name for each in Signals}
    return known.get(number, f"signal {number}")
