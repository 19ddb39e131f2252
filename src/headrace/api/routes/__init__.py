"""The table of routes: method, path, handler, and what each does. Read top to bottom by the router: what is asked most
stands first.

A route is added to the file of its noun; its words go to `docs/api.md`, too, under the heading of its tag.
"""

from headrace.api import metrics
from headrace.api.answers import Answers
from headrace.api.docs import Docs
from headrace.api.documents import Documents
from headrace.api.openapi import Tagged
from headrace.api.route import ApiRoute
from headrace.api.routes.cache import cache_routes
from headrace.api.routes.claims import claim_routes
from headrace.api.routes.experiments import experiments_routes
from headrace.api.routes.followed import followed_routes
from headrace.api.routes.images import image_routes
from headrace.api.routes.lineage import lineage_routes
from headrace.api.routes.objects import object_routes
from headrace.api.routes.old import old_routes
from headrace.api.routes.pipelines import pipelines_routes
from headrace.api.routes.recurring import recurring_routes
from headrace.api.routes.retention import retention_routes
from headrace.api.routes.runs import runs_routes
from headrace.api.routes.server import server_routes
from headrace.api.routes.usage import usage_routes
from headrace.api.routes.webhooks import webhook_routes
from headrace.api.run_view import RunView
from headrace.api.runs import Runs
from headrace.api.services import Services
from headrace.api.waiting import Closing


def routes(services: Services, closing: Closing, scrape: metrics.Scrape) -> list[ApiRoute]:
    """All routes, over the services."""
    return [route for each in tagged_routes(services, closing, scrape).values() for route in each]


def tagged_routes(services: Services, closing: Closing, scrape: metrics.Scrape) -> Tagged:
    """All routes, by the headings under which they are told."""
    documents = Documents()
    view = RunView(services, documents)
    runs = Runs(services, view, Answers(services.database, view.encoded))
    tagged: dict[str, list[ApiRoute]] = {
        "Runs": runs_routes(services, runs),
        "Logs and events": followed_routes(services, closing),
        "Usage and advice": usage_routes(services),
        "Recurring runs": recurring_routes(services, documents),
        "Experiments": experiments_routes(services),
        "Pipelines and versions": pipelines_routes(services, documents),
        "Artifacts": lineage_routes(services),
        "Cache": cache_routes(services),
        "Retention": retention_routes(services),
        "Webhooks": webhook_routes(services),
        "Secrets and config maps": object_routes(services),
        "Persistent volume claims": claim_routes(services),
        "Images": image_routes(services),
        "v1beta1": old_routes(services, documents, runs),
    }
    tagged["Server"] = server_routes(services, scrape, Docs(tagged))
    return tagged
