"""Answers in JSON, held to the shape that is documented for them."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from voicemill.errors import BadAnswer

Shape = TypeVar("Shape", bound="ResponseModel")


class ResponseModel(BaseModel):
    """Something that the service says; what it says beside the documented fields is let pass."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, protected_namespaces=())


def checked(shape: type[Shape], content: Any) -> Shape:  # noqa: ANN401 - whatever the service sent
    """`content` in its documented shape. Raises `BadAnswer` that names the first wrong field, never its value."""
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(map(str, fault["loc"]))
    # Outside the handler, for pydantic's error holds what was sent, which may be a token.
    raise BadAnswer(f"the answer has another shape than documented: {field} {fault['msg']}")
