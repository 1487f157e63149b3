"""What a task is about, remembered by its prompt: detecting may cost a hundred times as much as routing."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from threading import Lock

from pointsman.errors import DetectorFailed, Misuse
from pointsman.library.categories import Detector, TaskCategory, category_of

MOST = 10_000
"""Prompts; the oldest is forgotten for a new one."""

LONG = 512
"""Characters from which a prompt is known by its digest."""

Detect = Callable[[str], object]


class Memo:
    """Of one detector: any object with ``detect(prompt)``, or a callable. Raises Misuse if it is neither."""

    def __init__(self, detector: Detector | Detect) -> None:
        found = getattr(detector, "detect", None)
        detect = found if callable(found) else detector
        if not callable(detect) or isinstance(detector, type):
            raise Misuse(
                f"a detector is an object with detect(prompt), or a callable, not {detector!r:.80}", param="detector"
            )
        self.detector = detector
        self._detect: Detect = detect
        self._known: dict[str | bytes, TaskCategory] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._known)

    def category(self, prompt: str) -> TaskCategory:
        """Raises Misuse if the prompt is no text, DetectorFailed if the detector does not say a category."""
        try:
            known = self._known.get(prompt)
        except TypeError:
            known = None
        if known is not None:
            return known
        if not isinstance(prompt, str):
            raise Misuse(f"a prompt is a text, not {type(prompt).__name__}", param="prompt")
        if len(prompt) <= LONG:
            return self._learn(prompt, prompt)
        key = blake2b(prompt.encode(errors="surrogatepass"), digest_size=16).digest()
        return self._known.get(key) or self._learn(key, prompt)

    def why(self, prompt: str) -> str:
        """Why the prompt is of its category: what the detector's ``explain`` says, if it has one that does."""
        explain = getattr(self.detector, "explain", None)
        try:
            said = getattr(explain(prompt), "why", None) if callable(explain) else None
        except Exception:  # noqa: BLE001  an explain of another kind: nobody has promised this one
            said = None
        return said if isinstance(said, str) else f"as {_named(self.detector)} says"

    def _learn(self, key: str | bytes, prompt: str) -> TaskCategory:
        category = self._asked(prompt)
        with self._lock:
            if len(self._known) >= MOST:
                del self._known[next(iter(self._known))]
            self._known[key] = category
        return category

    def _asked(self, prompt: str) -> TaskCategory:
        try:
            said = self._detect(prompt)
        except Exception as error:
            raise DetectorFailed(
                f"the detector {_named(self.detector)} raised {type(error).__name__}: {error}; mend it, or set another"
                " one with set_task_category_detector"
            ) from error
        try:
            return category_of(said)
        except Misuse as error:
            raise DetectorFailed(f"the detector {_named(self.detector)} answered {said!r:.80}: {error}") from error


def _named(detector: object) -> str:
    return str(getattr(detector, "__name__", type(detector).__name__))
