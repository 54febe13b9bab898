"""Errors as programs get them: `{"error": {"message": ...}}` with the status that fits, one line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from index.errors import BusyError, MujibError, UsageError

_RETRY_SECONDS = "15"  # after which a program that found no place may ask again
_DESCRIBED = 3  # mistakes that one message names
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


def error_response(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return a response that says what is wrong."""
    return JSONResponse({"error": {"message": message}}, status, headers)


def describe_validation_errors(errors: Sequence[Any]) -> str:
    """Return one line for the mistakes that pydantic found in what a caller gave."""
    described = []
    for error in errors[:_DESCRIBED]:
        field = ".".join(str(part) for part in error["loc"] if part != "body")
        reason = "not JSON" if error["type"] == "json_invalid" else str(error["msg"])
        described.append(f"{field}: {reason}" if field and error["type"] != "json_invalid" else f"the body: {reason}")
    return "; ".join(described)


def add_error_handlers(app: FastAPI) -> None:
    """Give every error of the application the same shape, with the status that fits."""

    @app.exception_handler(MujibError)
    def _on_program_error(_request: Request, error: MujibError) -> JSONResponse:
        if isinstance(error, BusyError):
            return error_response(429, str(error), {"Retry-After": _RETRY_SECONDS})
        return error_response(422 if error.exit_status == UsageError.exit_status else 503, str(error))

    @app.exception_handler(RequestValidationError)
    def _on_validation_error(_request: Request, error: RequestValidationError) -> JSONResponse:
        return error_response(422, f"{describe_validation_errors(error.errors())}. See /v1/openapi.json.")

    @app.exception_handler(HTTPException)
    def _on_http_error(_request: Request, error: HTTPException) -> JSONResponse:
        return error_response(error.status_code, str(error.detail), error.headers)


def add_not_found(app: FastAPI, prefix: str, dependencies: Sequence[Any]) -> None:
    """Answer what no route below `prefix` takes, which would else go to the page that is mounted behind them."""

    @app.api_route(f"{prefix}/{{path:path}}", methods=_METHODS, dependencies=dependencies, include_in_schema=False)
    def _not_found(request: Request) -> JSONResponse:
        known = any(route.matches(request.scope)[0] is Match.PARTIAL for route in request.app.router.routes)
        what = f"{request.method} {request.url.path}"
        return error_response(405 if known else 404, f"there is no {what}. /v1/openapi.json lists what there is.")
