"""How the OpenAPI document of each service describes every answer from 400 on."""

from collections.abc import Mapping
from typing import Any, Final

WITHIN_V1: Final = (
    "Within v1 there may come more: operations, fields, values of a list, types of problem. Pass over what you do not "
    "know. What there is never goes, nor comes to mean something else: that would be v2, beside this."
)
TYPE: Final = "what went wrong, for a program to go by; `about:blank`: the status says it"
DESCRIPTION: Final = "what went wrong, and what to do about it (RFC 9457)"


def problem_of(types: Mapping[str, str]) -> dict[str, Any]:
    """How a problem looks in a service whose problems are of these types, each with its status and title."""
    listed = "".join(f"\n- `{type_}`: {about}" for type_, about in sorted(types.items()))
    return {
        "description": DESCRIPTION,
        "headers": {
            "Retry-After": {"description": "seconds, where the same may be sent again", "schema": {"type": "integer"}}
        },
        "content": {
            "application/problem+json": {
                "schema": {
                    "type": "object",
                    "required": ["type", "title", "status", "detail"],
                    "properties": {
                        "type": {"type": "string", "format": "uri-reference", "description": TYPE + listed},
                        "title": {"type": "string", "description": "the same for all of a type and status"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string", "description": "for a person: what to do"},
                        "errors": {
                            "type": "array",
                            "description": "the fields to mend, where it is they",
                            "items": {
                                "type": "object",
                                "required": ["field", "message"],
                                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                            },
                        },
                    },
                }
            }
        },
    }


ANSWERED_BY: Final[Mapping[int | str, dict[str, Any]]] = {
    status: {"$ref": "#/components/responses/Problem", "description": DESCRIPTION} for status in ("4XX", "5XX")
}
