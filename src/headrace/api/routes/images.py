"""Images that sources stand for."""

from headrace.api.images import CONTEXT, Images
from headrace.api.multipart import PART
from headrace.api.operation import Operation, Parameter, Upload
from headrace.api.route import OWN, ApiRoute
from headrace.api.services import Services
from headrace.api.wire import images as wire
from headrace.api.wire.common import Empty
from headrace.blobs.contexts import Contexts

_IMAGE = Parameter("image", "The image as pipelines name it; `*` and `?` make it a glob", required=True)
_ARCHIVE = Upload(
    PART,
    f"The sources as a tar.gz, up to {CONTEXT.limit >> 20} MiB. A text `requirements` beside it has what "
    "`requirements_file` would hold",
)
_OF_PUT = (
    _IMAGE,
    Parameter("requirements_file", "The file of their requirements, in the sources; looked for unless given"),
    Parameter("python", "The version of Python; that of their Dockerfile unless given"),
    Parameter("kfp", "The version of kfp for sources that use it, where nothing else names one"),
)


def image_routes(services: Services) -> list[ApiRoute]:
    images, path = Images(services, Contexts(services.home.contexts)), f"{OWN}/images"
    return [
        ApiRoute(
            "PUT",
            path,
            images.put,
            Operation(
                "HeadraceService_MapImage",
                "map an image to sources, also where it is mapped already; its steps then start in a copy of them, "
                "with what they require",
                wire.MappedImage,
                takes=_ARCHIVE,
                query=_OF_PUT,
            ),
        ),
        ApiRoute(
            "GET",
            path,
            images.list,
            Operation("HeadraceService_ListImages", "list the images that are mapped", wire.ListImages),
        ),
        ApiRoute(
            "DELETE",
            path,
            images.delete,
            Operation("HeadraceService_UnmapImage", "unmap an image", Empty, query=(_IMAGE,), errors=(404,)),
        ),
    ]
