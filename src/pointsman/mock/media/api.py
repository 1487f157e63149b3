"""The paths of pictures, sound and moderation, and what all of them check alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.mock.asked import fields_of, model_of
from pointsman.mock.form import Form
from pointsman.mock.media.images import edited, generated, varied
from pointsman.mock.media.moderations import moderation_reply
from pointsman.mock.media.speech import speech_answer
from pointsman.mock.media.transcriptions import transcription_answer
from pointsman.mock.message import Answer, Refused, Request
from pointsman.mock.openai_paths import Rules, seed_of

if TYPE_CHECKING:
    from pointsman.mock.kind import Handler, Scene

MODERATES = "omni-moderation-latest"
"""Who moderates unasked."""


class Media:
    def __init__(self, scene: Scene, rules: Rules) -> None:
        self._scene = scene
        self._rules = rules
        self.routes: dict[tuple[str, str], Handler] = {
            ("POST", "/v1/moderations"): self._moderations,
            ("POST", "/v1/images/generations"): self._images,
            ("POST", "/v1/images/edits"): self._edits,
            ("POST", "/v1/images/variations"): self._variations,
            ("POST", "/v1/audio/speech"): self._speech,
            ("POST", "/v1/audio/transcriptions"): self._transcriptions,
            ("POST", "/v1/audio/translations"): self._translations,
        }

    def _moderations(self, request: Request) -> Answer:
        fields = fields_of(request)
        model = model_of(fields) or MODERATES
        if "model" in fields:
            self._rules.model(model)
        return moderation_reply(fields, model, seed_of(self._scene, request), self._rules.headers(request))

    def _images(self, request: Request) -> Answer:
        fields = self._fields(request)
        return generated(fields, int(self._scene.clock()), self._rules.headers(request))

    def _edits(self, request: Request) -> Answer:
        return edited(self._form(request), int(self._scene.clock()), self._rules.headers(request))

    def _variations(self, request: Request) -> Answer:
        return varied(self._form(request), int(self._scene.clock()), self._rules.headers(request))

    def _speech(self, request: Request) -> Answer:
        return speech_answer(self._fields(request), self._rules.headers(request))

    def _transcriptions(self, request: Request) -> Answer:
        form = self._form(request)
        return transcription_answer(form, self._scene.options.speaker, self._rules.headers(request))

    def _translations(self, request: Request) -> Answer:
        """The same words: they are English already. It does not stream."""
        form = self._form(request)
        form.texts.pop("stream", None)
        return transcription_answer(form, self._scene.options.speaker, self._rules.headers(request), "translate")

    def _fields(self, request: Request) -> dict[str, Any]:
        fields = fields_of(request)
        self._rules.model(model_of(fields))
        return fields

    def _form(self, request: Request) -> Form:
        if request.form is None:
            raise Refused(400, "Could not parse multipart form")
        self._rules.model(request.form.texts.get("model", ""))
        return request.form
