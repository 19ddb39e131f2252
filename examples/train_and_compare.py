"""Train three models on a real data set, evaluate each, keep the best, and write a report.

    headrace run examples/train_and_compare.py
    headrace run examples/train_and_compare.py -p test_fraction=0.4 -p seed=7

The data are the 569 breast tumours of Wolberg, Street and Mangasarian (1995), which ship inside scikit-learn: 30
measurements of each, and whether it was malignant. The models train at the same time, and so do the evaluations.
"""

import functools
from pathlib import Path
from typing import NamedTuple

from kfp import compiler, dsl
from kfp.dsl import HTML, ClassificationMetrics, Dataset, Input, Metrics, Model, Output

component = functools.partial(
    dsl.component, base_image="python:3.11", packages_to_install=["scikit-learn==1.9.1", "pandas==3.1.1"]
)
"""Every step of this pipeline runs with the same packages, so they share one environment."""


@component
def load_data(data: Output[Dataset]):
    """Write the whole data set as CSV."""
    from sklearn.datasets import load_breast_cancer

    frame = load_breast_cancer(as_frame=True).frame
    frame.to_csv(data.path, index=False)
    data.metadata["rows"] = len(frame)
    print(f"{len(frame)} tumours, {frame['target'].sum()} of them benign")


@component
def split_data(data: Input[Dataset], test_fraction: float, seed: int, train: Output[Dataset], test: Output[Dataset]):
    """Put a part aside, with as many malignant tumours in either part, to test the models on."""
    import pandas
    from sklearn.model_selection import train_test_split

    frame = pandas.read_csv(data.path)
    parts = train_test_split(frame, test_size=test_fraction, random_state=seed, stratify=frame["target"])
    for part, output in zip(parts, (train, test), strict=True):
        part.to_csv(output.path, index=False)
        output.metadata["rows"] = len(part)


@component
def train_model(train: Input[Dataset], algorithm: str, seed: int, model: Output[Model]):
    """Fit one algorithm to the training data."""
    import joblib
    import pandas
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    algorithms = {
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(random_state=seed)),
        "random forest": RandomForestClassifier(n_estimators=200, random_state=seed),
        "gradient boosting": HistGradientBoostingClassifier(random_state=seed),
    }
    frame = pandas.read_csv(train.path)
    fitted = algorithms[algorithm].fit(frame.drop(columns="target"), frame["target"])
    joblib.dump(fitted, model.path)
    model.metadata["algorithm"] = algorithm


@component
def evaluate_model(
    model: Input[Model], test: Input[Dataset], metrics: Output[Metrics], curves: Output[ClassificationMetrics]
) -> float:
    """Measure a model on data that it has not seen; the accuracy is also the step's result."""
    import joblib
    import pandas
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, roc_auc_score, roc_curve

    frame = pandas.read_csv(test.path)
    features, truth = frame.drop(columns="target"), frame["target"]
    fitted = joblib.load(model.path)
    guesses, scores = fitted.predict(features), fitted.predict_proba(features)[:, 1]

    accuracy = float(accuracy_score(truth, guesses))
    metrics.log_metric("accuracy", accuracy)
    metrics.log_metric("f1", float(f1_score(truth, guesses)))
    metrics.log_metric("roc_auc", float(roc_auc_score(truth, scores)))

    curves.log_confusion_matrix(["malignant", "benign"], confusion_matrix(truth, guesses).tolist())
    false_positives, true_positives, thresholds = roc_curve(truth, scores)
    # The first threshold is infinite ("call nothing benign"), which JSON cannot say.
    curves.log_roc_curve(false_positives.tolist(), true_positives.tolist(), thresholds.clip(max=1).tolist())
    print(f"{model.metadata['algorithm']}: {accuracy:.1%} right")
    return accuracy


@component
def choose_best(
    linear: Input[Model],
    forest: Input[Model],
    boosting: Input[Model],
    linear_accuracy: float,
    forest_accuracy: float,
    boosting_accuracy: float,
    best: Output[Model],
) -> NamedTuple("Choice", [("name", str), ("accuracy", float)]):
    """Keep the most accurate model."""
    import shutil
    from typing import NamedTuple

    candidates = [(linear_accuracy, linear), (forest_accuracy, forest), (boosting_accuracy, boosting)]
    accuracy, model = max(candidates, key=lambda candidate: candidate[0])
    shutil.copyfile(model.path, best.path)
    best.metadata.update(model.metadata, accuracy=accuracy)
    return NamedTuple("Choice", [("name", str), ("accuracy", float)])(model.metadata["algorithm"], accuracy)


@component
def write_report(
    linear: Input[Metrics], forest: Input[Metrics], boosting: Input[Metrics], best: str, report: Output[HTML]
):
    """Put all metrics into one table."""
    from pathlib import Path

    import pandas

    table = pandas.DataFrame(
        {
            "logistic regression": linear.metadata,
            "random forest": forest.metadata,
            "gradient boosting": boosting.metadata,
        }
    ).T[["accuracy", "f1", "roc_auc"]]
    styled = table.sort_values("accuracy", ascending=False).to_html(float_format="{:.4f}".format, border=0)
    Path(report.path).write_text(f"<h1>Benign or malignant?</h1><p>The best of three is <b>{best}</b>.</p>{styled}")


class Outcome(NamedTuple):
    best_model: str
    accuracy: float


@dsl.pipeline(name="train-and-compare", description="Train three models on one data set and keep the best.")
def train_and_compare(test_fraction: float = 0.25, seed: int = 0) -> Outcome:
    data = load_data()
    parts = split_data(data=data.outputs["data"], test_fraction=test_fraction, seed=seed)

    trained, evaluated = {}, {}
    for name, algorithm in [
        ("linear", "logistic regression"),
        ("forest", "random forest"),
        ("boosting", "gradient boosting"),
    ]:
        trained[name] = train_model(train=parts.outputs["train"], algorithm=algorithm, seed=seed)
        trained[name].set_display_name(f"train {algorithm}")
        evaluated[name] = evaluate_model(model=trained[name].outputs["model"], test=parts.outputs["test"])
        evaluated[name].set_display_name(f"evaluate {algorithm}")

    choice = choose_best(
        **{name: task.outputs["model"] for name, task in trained.items()},
        **{f"{name}_accuracy": task.outputs["Output"] for name, task in evaluated.items()},
    )
    write_report(**{name: task.outputs["metrics"] for name, task in evaluated.items()}, best=choice.outputs["name"])

    return Outcome(best_model=choice.outputs["name"], accuracy=choice.outputs["accuracy"])


if __name__ == "__main__":
    compiler.Compiler().compile(train_and_compare, str(Path(__file__).with_suffix(".yaml")))
