"""What stands for the image of a step: the sources that it is mapped to, or what the server's settings say.

Takes the state and a task whose inputs are resolved, since an image may name a parameter. Pure.
"""

from headrace.base.settings import ImageSetting, image_setting
from headrace.engine.inputs import context
from headrace.engine.state import RunState
from headrace.model.image import best_fit
from headrace.model.task import Task
from headrace.spec.placeholders import fill_templates
from headrace.spec.plan import Container
from headrace.spec.templates import mark_templates
from headrace.spec.text import to_text


def sources_of(state: RunState, task: Task, component: Container) -> str:
    """The digest of the sources that the image of the task is mapped to, "" where it is to none."""
    mapped = state.options.mapped
    glob = best_fit(_image(state, task, component), mapped) if mapped else None
    return mapped[glob] if glob is not None else ""


def setting_of(state: RunState, task: Task, component: Container) -> ImageSetting | None:
    """What the setting `images` gives for the image, unless it is mapped: a mapping wins."""
    return None if task.sources else image_setting(_image(state, task, component), state.options.images)


def _image(state: RunState, task: Task, component: Container) -> str:
    names = context(state, task.path, task.name)
    return to_text(fill_templates(mark_templates(component.image), task.inputs.parameters, names))
