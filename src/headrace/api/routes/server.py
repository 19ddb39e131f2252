"""What the server says of itself and of its API."""

from headrace.api import metrics
from headrace.api.disk_meter import DiskMeter
from headrace.api.docs import Docs
from headrace.api.operation import Media, Operation
from headrace.api.route import OLD, OWN, V2, ApiRoute
from headrace.api.server_info import ServerInfo
from headrace.api.services import Services
from headrace.api.wire import own


def server_routes(services: Services, scrape: metrics.Scrape, docs: Docs) -> list[ApiRoute]:
    info = ServerInfo(services, DiskMeter(services.home, services.clock))
    return [
        ApiRoute(
            "GET",
            "/",
            info.root,
            Operation(
                "HeadraceService_Root",
                "say what this is; for browsers a page with the latest runs",
                own.About,
                also_gives=Media(("text/html",), "The page"),
            ),
        ),
        ApiRoute(
            "GET",
            "/docs",
            docs.page,
            Operation(
                "HeadraceService_Docs",
                "show this API as a page, which needs nothing from elsewhere",
                Media(("text/html",), "The page"),
            ),
        ),
        ApiRoute(
            "GET",
            "/openapi.json",
            docs.document,
            Operation(
                "HeadraceService_OpenApi",
                "describe this API as OpenAPI 3.1",
                Media(("application/json",), "The document"),
            ),
        ),
        ApiRoute(
            "GET",
            f"{V2}/healthz",
            info.healthz,
            Operation("HealthzService_GetHealthz", "answer while the server serves", own.Health),
        ),
        ApiRoute(
            "GET",
            f"{OLD}/healthz",
            info.healthz,
            Operation("HealthzService_GetHealthzV1", "answer while the server serves; the same", own.Health),
        ),
        ApiRoute(
            "GET",
            f"{OWN}/server",
            info.server,
            Operation(
                "HeadraceService_GetServer",
                "say where the server keeps things, what it may use, and the disk that its home holds; `disk.home` is "
                "measured once a minute at most, null before the first time",
                own.Server,
            ),
        ),
        ApiRoute(
            "GET",
            "/metrics",
            scrape.get,
            Operation("HeadraceService_Metrics", "give metrics for Prometheus", Media(("text/plain",), "The metrics")),
        ),
    ]
