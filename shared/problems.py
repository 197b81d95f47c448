"""How the OpenAPI document of each service describes every answer from 400 on."""

from collections.abc import Mapping
from typing import Any, Final

TYPE: Final = "`urn:heard:problem:` and what went wrong, for a program to go by; `about:blank`: the status says it"
PROBLEM: Final = {
    "description": "what went wrong, and what to do about it (RFC 9457)",
    "headers": {
        "Retry-After": {"description": "seconds, where the same may be sent again", "schema": {"type": "integer"}}
    },
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail"],
                "properties": {
                    "type": {"type": "string", "format": "uri-reference", "description": TYPE},
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
    status: {"$ref": "#/components/responses/Problem", "description": PROBLEM["description"]}
    for status in ("4XX", "5XX")
}
