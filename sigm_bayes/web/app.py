"""The application: the page, the programming interface and CDS Hooks behind one shield."""

from __future__ import annotations

import gc
import os
from http import HTTPStatus
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.routing import Match

from sigm_bayes.query import Model, load_model
from sigm_bayes.report.answer_view import AnswerPage
from sigm_bayes.report.html_report import STYLE
from sigm_bayes.web.api import api_routes
from sigm_bayes.web.cds_hooks import cds_routes
from sigm_bayes.web.pages import Pages, page_routes
from sigm_bayes.web.shield import Shield

MODEL_FOLDER = "SIGM_SERVE_MODEL"
"""Environment variable by which `sigm serve --model` names the model folder to its worker processes."""
STATIC = Path(__file__).parent / "static"
DESCRIPTION = (
    "Probabilities of the explanations of a low serum IgM, for research and decision support. The service stores "
    "nothing. A patient has the keys of a patient file; what is not named is unknown, never absent."
)


def create_app(model: Model) -> FastAPI:
    """Return the application of a model.

    Parameters
    ----------
    model : Model
        From `sigm_bayes.query.load_model`.
    """
    app = FastAPI(
        title="sigm-bayes",
        version=model.catalogue.version,
        description=DESCRIPTION,
        docs_url=None,  # the usual pages fetch scripts from elsewhere
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    page = AnswerPage.of(model)

    @app.get("/static/answer.css", include_in_schema=False)
    def style() -> Response:
        return Response(STYLE.read_bytes(), media_type="text/css")

    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    routers = (page_routes(Pages(page)), api_routes(model), cds_routes(model))
    for router in routers:
        app.include_router(router)
    app.state.routes = [route for router in routers for route in router.routes]
    app.add_exception_handler(HTTPException, _plain)
    app.add_middleware(Shield)
    return app


def served_app() -> FastAPI:
    """Return the application that a worker process serves: of the folder in `MODEL_FOLDER`, or the released model.

    What does not depend on a patient is worked out before the first request, and taken out of the sight of the
    garbage collector, which would otherwise walk through all of it every few requests.
    """
    folder = os.environ.get(MODEL_FOLDER)
    model = load_model(None if folder is None else Path(folder))
    app = create_app(model)
    AnswerPage.of(model).warm()
    gc.collect()
    gc.freeze()
    return app


async def _plain(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses in the shape of our own refusals, without an echo of the request."""
    assert isinstance(error, HTTPException)
    words = {404: "There is nothing here.", 405: "This address takes another method."}
    message = words.get(error.status_code, "The request cannot be read.")
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted({*_methods(request), *headers.get("Allow", "").split(", ")} - {""}))
    if request.url.path.startswith(("/api/", "/cds-services")):
        problems = {"problems": [{"field": "", "message": message, "remedy": ""}]}
        return JSONResponse(problems, error.status_code, headers=headers)
    return PlainTextResponse(f"{message}\n", error.status_code, headers=headers)


def _methods(request: Request) -> set[str]:
    """Return the methods that an address takes; one address may have several routes."""
    routes = [route for route in request.app.state.routes if route.matches(request.scope)[0] is not Match.NONE]
    methods = {method for route in routes for method in getattr(route, "methods", None) or ()}
    return methods | ({"HEAD"} if "GET" in methods else set())


__all__ = ["MODEL_FOLDER", "create_app", "served_app"]
