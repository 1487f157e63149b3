"""One service of the table: OpenAI's paths below its own root, with its fields and its errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec

from pointsman.mock.chat import DONE, frame
from pointsman.mock.flavour import Flavour
from pointsman.mock.message import Answer, Refused, Reply, Request, json_reply
from pointsman.mock.openai_paths import OpenAiPaths, Rules
from pointsman.mock.services.errors import Shape, plain

if TYPE_CHECKING:
    from pointsman.mock.kind import Handler, Kind, Scene

CONTEXT_LENGTH = 32_768
EMBEDDING_SIZE = 1024

MESSAGES = {"no key": "No API key was given.", "wrong key": "The API key is not valid."}


Tells = Callable[[str, int], dict[str, Any]]
"""Of a model and its context: fields of its entry."""


def nothing(_model: str, _context: int) -> dict[str, Any]:
    return {}


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One row.

    ``roots`` are what its paths begin with; ``anywhere``: with whatever stands before them. ``tells``: what an entry of
    its list has besides; ``bare``: the list is its entries alone. ``about`` says more of the only model at the path
    ``at``, or of one that is named behind it. ``known``: any other field is refused with a 422 that names it;
    ``refused`` fields with a 400; ``ignored`` ones are as if they were not there.
    """

    flavour: Flavour
    models: tuple[str, ...]
    roots: tuple[str, ...] = ("/v1",)
    shape: Shape = plain
    known: frozenset[str] | None = None
    refused: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    embeddings: bool = True
    anywhere: bool = False
    tells: Tells = nothing
    bare: bool = False
    about: Tells | None = None
    at: str = ""


class Compatible:
    server = b""

    def __init__(self, scene: Scene, service: Service) -> None:
        self._scene = scene
        self._service = service
        options = scene.options
        self._context_length = options.context_length or CONTEXT_LENGTH
        rules = Rules(
            model=self._check_model,
            context_length=self._context_length,
            embedding_size=options.embedding_size or EMBEDDING_SIZE,
            fields=self._check_fields,
        )
        paths = OpenAiPaths(scene, service.flavour, rules)
        self.routes: dict[tuple[str, str], Handler] = {}
        for root in service.roots:
            self.routes["POST", f"{root}/chat/completions"] = paths.chat
            self.routes["POST", f"{root}/completions"] = paths.completions
            self.routes["GET", f"{root}/models"] = self._models
            if service.embeddings:
                self.routes["POST", f"{root}/embeddings"] = paths.embeddings
        self.prefixes: tuple[tuple[str, Handler], ...] = ()
        if service.at.endswith("/"):
            self.prefixes = ((service.at, self._about),)
        elif service.at:
            self.routes["GET", service.at] = self._about
        self.inference = frozenset(path for method, path in self.routes if method == "POST")

    def place(self, path: str) -> tuple[str, str]:
        if self._service.anywhere:
            known = (route for _, route in self.routes if path.endswith(route.removeprefix("/v1")))
            return max(known, key=len, default=path), ""
        return path, ""

    def guarded(self, path: str) -> bool:
        return any(known == self.place(path)[0] for _, known in self.routes)

    def refuse(self, request: Request, refused: Refused) -> Reply:
        del request
        refused.message = MESSAGES.get(refused.why, refused.message)
        return json_reply(self._service.shape(refused), refused.status)

    def broken(self, request: Request, style: str) -> bytes:
        del request, style
        return frame(self._service.shape(Refused(500, "simulated fault: the model failed"))) + DONE

    def _check_model(self, model: str) -> None:
        if not self._scene.options.accepts(model):
            raise Refused(404, f"The model `{model}` does not exist.", param="model", code="model_not_found")

    def _check_fields(self, fields: dict[str, Any]) -> float:
        service = self._service
        for name in service.ignored:
            fields.pop(name, None)
        for name in fields:
            if name in service.refused:
                raise Refused(400, f"property '{name}' is unsupported", param=name)
            if service.known is not None and name not in service.known:
                raise Refused(422, "Extra inputs are not permitted", param=name)
        return 0.0

    def _models(self, _request: Request) -> Answer:
        usual = {"object": "model", "created": 0, "owned_by": "simulated"}
        tells, size = self._service.tells, self._context_length
        cards = [{"id": model, **usual, **tells(model, size)} for model in self._listed()]
        return json_reply(cards if self._service.bare else {"object": "list", "data": cards})

    def _about(self, request: Request) -> Answer:
        """Of the model that the path names, or of the only one."""
        model = unquote(request.path.removeprefix(self._service.at)) or next(iter(self._listed()), "")
        self._check_model(model)
        about = self._service.about or self._service.tells
        return json_reply(about(model, self._context_length))

    def _listed(self) -> tuple[str, ...]:
        return self._scene.options.listed()


def made(service: Service) -> tuple[Callable[[Scene], Kind], tuple[str, ...]]:
    """How to make one, and the models it has unless told otherwise."""
    return lambda scene: Compatible(scene, service), service.models
