"""A pipeline used as a step of another, and steps that are not executed twice.

    headrace run examples/nested_with_caching.py:compare_neighbours
    headrace run examples/nested_with_caching.py:compare_neighbours -p few=3

A step whose code, inputs and parameters are those of an earlier step is not executed: its outputs are taken from there.
The second line above changes one parameter, so all but what depends on it is cached; the tree marks it. The step
`announce` asks to be executed every time. `headrace run --no-cache` does so for all.
"""

import functools
from pathlib import Path

from kfp import compiler, dsl
from kfp.dsl import Dataset, Input, Metrics, Model, Output

component = functools.partial(
    dsl.component, base_image="python:3.11", packages_to_install=["scikit-learn==1.9.1", "pandas==3.1.1"]
)


@component
def load_digits(images: Output[Dataset]):
    """Write the 1,797 handwritten digits that ship in scikit-learn, one image of 8 x 8 points a row."""
    from sklearn.datasets import load_digits

    load_digits(as_frame=True).frame.to_csv(images.path, index=False)


@component
def scale(images: Input[Dataset], scaled: Output[Dataset]):
    """Bring the points from 0..16 to 0..1."""
    import pandas

    frame = pandas.read_csv(images.path)
    points = frame.columns != "target"
    frame.loc[:, points] = frame.loc[:, points] / 16
    frame.to_csv(scaled.path, index=False)


@component
def fit(images: Input[Dataset], neighbours: int, model: Output[Model]):
    """Train a nearest-neighbours classifier on all but the last 500 images."""
    import joblib
    import pandas
    from sklearn.neighbors import KNeighborsClassifier

    frame = pandas.read_csv(images.path)[:-500]
    joblib.dump(KNeighborsClassifier(neighbours).fit(frame.drop(columns="target"), frame["target"]), model.path)


@component
def score(images: Input[Dataset], model: Input[Model], metrics: Output[Metrics]) -> float:
    """Try the classifier on the last 500 images."""
    import joblib
    import pandas

    frame = pandas.read_csv(images.path)[-500:]
    accuracy = float(joblib.load(model.path).score(frame.drop(columns="target"), frame["target"]))
    metrics.log_metric("accuracy", accuracy)
    return accuracy


@component
def announce(few: float, many: float) -> str:
    """Say which was better."""
    print(f"few neighbours: {few:.1%} right, many neighbours: {many:.1%} right")
    return "few" if few >= many else "many"


@dsl.pipeline(name="prepare")
def prepare() -> Dataset:
    """Load and scale. A pipeline like any other: it can be run by itself, or be a step."""
    loaded = load_digits()
    return scale(images=loaded.outputs["images"]).outputs["scaled"]


@dsl.pipeline(name="evaluate")
def evaluate(images: Input[Dataset], neighbours: int) -> float:
    """Train and score one classifier. It takes an artifact, so it is only good as a step."""
    fitted = fit(images=images, neighbours=neighbours)
    return score(images=images, model=fitted.outputs["model"]).outputs["Output"]


@dsl.pipeline(name="compare-neighbours", description="Is it better to ask few neighbours or many?")
def compare_neighbours(few: int = 1, many: int = 25) -> str:
    prepared = prepare()
    of_few = evaluate(images=prepared.output, neighbours=few).set_display_name("evaluate few")
    of_many = evaluate(images=prepared.output, neighbours=many).set_display_name("evaluate many")
    answer = announce(few=of_few.output, many=of_many.output)
    answer.set_caching_options(enable_caching=False)
    return answer.output


if __name__ == "__main__":
    compiler.Compiler().compile(compare_neighbours, str(Path(__file__).with_suffix(".yaml")))
