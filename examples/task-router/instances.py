"""Instances: whatever does the work, asked in one way. A function, a program and a server, by turns.

The program is Python itself, asked line by line on its standard input; the server is a simulated one that speaks
OpenAI's protocol. This is also the async twin of the router: the same names, with ``await`` where something waits.
"""

from __future__ import annotations

import asyncio
import sys

from pointsman import AsyncTaskRouter, Strategy
from pointsman.library.instances import EndpointInstance, ProcessInstance
from pointsman.testing import MockProvider

PROGRAM = """
for line in __import__('sys').stdin:
    print(line.strip()[::-1], flush=True)
"""
TASKS = ["implement a stack", "write tests for the stack", "document the stack", "review the stack"]


def shorten(prompt: str) -> str:
    """A model of one line."""
    return " ".join(word[:3] for word in prompt.split())


async def work(router: AsyncTaskRouter, base_url: str) -> None:
    program = ProcessInstance([sys.executable, "-u", "-c", PROGRAM], title="python")
    server = EndpointInstance(base_url, "tiny", timeout=10.0)
    router.register_model("function", shorten)  # the router makes an instance of it
    router.register_model("program", program)
    router.register_model("server", server)

    print(f"{'task':<28} {'model':<9} answer")
    for task in TASKS:
        async with router.task(task) as model:
            answer = await model.instance.aask(task)
        print(f"{task:<28} {model:<9} {answer[:60]}")

    program.close()
    print(f"\nThe program is closed; health_check asks who is alive: {router.health_check()}")
    print(f"So they are asked by turns: {[await routed(router, task) for task in TASKS]}")
    server.close()
    router.close()  # and with it what it has made


async def routed(router: AsyncTaskRouter, task: str) -> str:
    async with router.task(task) as model:
        await model.instance.aask(task)
    return model.model


async def served(router: AsyncTaskRouter) -> None:
    async with MockProvider("openai", name="simulated", models=["tiny"], api_key=None) as provider:
        await work(router, provider.base_url)


def main() -> AsyncTaskRouter:
    router = AsyncTaskRouter(Strategy.ROUND_ROBIN)
    asyncio.run(served(router))
    return router


if __name__ == "__main__":
    main()
