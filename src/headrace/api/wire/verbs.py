"""What verbs take: the whole request. Which object it is about says the path, whatever the body says again."""

from headrace.api.proto_json import Message


class Verb(Message):
    """Nothing."""


class ExperimentVerb(Verb):
    experiment_id: str = ""


class RunVerb(Verb):
    experiment_id: str = ""
    run_id: str = ""


class RecurringRunVerb(Verb):
    recurring_run_id: str = ""


class IdVerb(Verb):
    """Of an experiment or a job, in v1."""

    id: str = ""
