"""Time limits as users write them: `kubernetes.set_timeout` of a task, `active_deadline_seconds` of the pipeline."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl, kubernetes

from tests.compat.pipelines.steps import hold, note, text, told


@dsl.pipeline(name="slow-step")
def slow_step(file: str, release: str):
    """One step is over its time twice, one is not; an exit task is told."""
    with dsl.ExitHandler(told(what="exit")):
        slow = hold(file=file, line="held", release=release).set_retry(1)
        kubernetes.set_timeout(slow, 1)
        after = text(what="after", value=slow.output)
        kubernetes.set_timeout(after, 1)
        quick = text(what="quick")
        kubernetes.set_timeout(quick, 600)


@dsl.pipeline(name="slow-run", pipeline_config=dsl.PipelineConfig(active_deadline_seconds=4))
def slow_run(file: str, release: str):
    """A run that is over its time, within a loop and beside it; exit tasks run."""
    with dsl.ExitHandler(told(what="exit")):
        with dsl.ParallelFor(["a", "b"], parallelism=1) as item:
            hold(file=file, line=item, release=release).set_retry(3)
        text(what="in time")
    note(file=file, line="bye").after(hold(file=file, line="beside", release=release)).ignore_upstream_failure()


@dsl.pipeline(name="quick-run", pipeline_config=dsl.PipelineConfig(active_deadline_seconds=600))
def quick_run():
    text(what="quick")
