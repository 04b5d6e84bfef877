"""JSON responses, validated against their documented shape."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from voicemill.errors import BadAnswer

Shape = TypeVar("Shape", bound="ResponseModel")


class ResponseModel(BaseModel):
    """A JSON object of a response; undocumented fields are ignored."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, protected_namespaces=())


def checked(shape: type[Shape], content: Any) -> Shape:  # noqa: ANN401 - whatever the service sent
    """Validate `content`. Raises `BadAnswer` with the name of the first invalid field, never with its value."""
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(map(str, problem["loc"]))
    # Outside the handler, because pydantic's error holds the content, which may be a token.
    raise BadAnswer(f"the response does not have the documented shape: {field}: {problem['msg']}")
