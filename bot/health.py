"""What the web address answers about the process itself: `/health/live` and `/health/ready`. More pages come later."""

from collections.abc import Callable, Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

Health = Callable[[], Mapping[str, object]]


def health_app(problems: Health) -> Starlette:
    """The web application. `problems` says what is wrong now, by name; nothing: ready."""

    async def live(_: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(_: Request) -> Response:
        wrong = dict(problems())
        return JSONResponse({"ready": not wrong, "problems": wrong}, status_code=503 if wrong else 200)

    async def unknown(_: Request, __: Exception) -> Response:
        return PlainTextResponse("There is no such page.\n", status_code=404)

    routes = [Route("/health/live", live), Route("/health/ready", ready)]
    return Starlette(routes=routes, exception_handlers={404: unknown})
