"""What is a prompt about? Six categories and unknown, each with the reason, and a detector of one's own instead."""

from __future__ import annotations

from pointsman import TaskCategory, TaskRouter
from pointsman.library.detector import ShippedDetector

PROMPTS = [
    "implement a binary search algorithm",
    "add an endpoint that lets users export their invoices",
    "refactor the settings module into smaller functions",
    "clean up the imports of this file",
    "write unit tests for the date parser",
    "document the public API of the client",
    "explain what this regular expression does",
    "fix the crash when the list is empty",
    "why does this query return duplicates?",
    "review my pull request, please",
    "what is the capital of France?",
    "my tests fail since the last release, find out why",
]


class House:
    """Words that mean something in one team only. Everybody else's are left to the detector that ships."""

    def __init__(self) -> None:
        self.shipped = ShippedDetector()

    def detect(self, prompt: str) -> TaskCategory:
        return TaskCategory.REFACTORING if "bikeshedding" in prompt else self.shipped.detect(prompt)


def main() -> TaskRouter:
    router, shipped = TaskRouter(), ShippedDetector()
    print(f"{'prompt':<54} {'category':<14} because of")
    for prompt in PROMPTS:
        reading = shipped.explain(prompt)
        print(f"{prompt:<54} {router.get_task_category(prompt).value:<14} {reading.why}")

    ours = "bikeshedding for the billing screen"
    print(f"\n{ours!r} is {router.get_task_category(ours).value} to the detector that ships,")
    router.set_task_category_detector(House())
    print(f"and {router.get_task_category(ours).value} to our own.")
    return router


if __name__ == "__main__":
    main()
