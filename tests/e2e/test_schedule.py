"""`headrace schedule` and `headrace backfill`, as a user types them."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import yaml
from tests.e2e.conftest import Cli
from tests.ir import pipeline, shell_task

SPEC = pipeline(shell_task("say", "true"), name="daily")


def compiled(folder: Path) -> str:
    """A pipeline that takes a text, in a file."""
    spec = {**SPEC, "root": {**SPEC["root"], "inputDefinitions": {"parameters": {"day": {"parameterType": "STRING"}}}}}
    file = folder / "daily.yaml"
    file.write_text(yaml.safe_dump(spec))
    return str(file)


def test_a_schedule_of_a_file_from_its_making_to_its_end(up: Cli, tmp_path: Path) -> None:
    word = "day=[[ScheduledTime.2006-01-02]]"
    made = up.run(
        *("schedule", "create", compiled(tmp_path), "--cron", "0 0 6 1 1 ?", "--timezone", "Europe/Berlin"),
        *("-p", word, "--name", "yearly", "--max-concurrency", "2", "--start", "2020-01-01", "--no-catchup"),
    )
    for shown in ("Recurring run ", "yearly", "ENABLED", "0 0 6 1 1 ? Europe/Berlin", "next", "from", "2020-01-01"):
        assert shown in made.stdout, shown
    found = up.json("schedule", "get", "yearly")
    assert found["runtime_config"]["parameters"] == {"day": "[[ScheduledTime.2006-01-02]]"}
    assert (found["max_concurrency"], found["no_catchup"]) == ("2", True)
    schedule_id = found["recurring_run_id"]
    assert up.json("schedule", "get", schedule_id[:8])["recurring_run_id"] == schedule_id
    assert up.json("schedule", "ls")["recurring_runs"][0]["recurring_run_id"] == schedule_id
    assert "Europe/Berlin" in up.run("schedule", "ls").stdout
    assert "Recurring run" in up.run("schedule", "get", "yearly").stdout
    assert "yearly is DISABLED" in up.run("schedule", "disable", "yearly").stdout
    assert up.json("schedule", "enable", "yearly")["status"] == "ENABLED"

    stretch = ("--from", "2011-06-01", "--to", "2013-06-30T12:00Z")
    preview = up.run("backfill", "yearly", *stretch, "--dry-run").stdout
    assert preview.count("-01-01") == 2
    assert "It would make 2 runs of 2 due times, 1 at once." in preview
    begun = up.json("backfill", "yearly", *stretch)
    assert [tick["scheduled_at"] for tick in begun["ticks"]] == ["2012-01-01T05:00:00Z", "2013-01-01T05:00:00Z"]
    assert "makes 0 runs of 2 due times" in up.run("backfill", "yearly", *stretch).stdout
    assert "had its run, gets another" in up.run("backfill", "yearly", *stretch, "--again", "--dry-run").stdout
    assert begun["backfill_id"][:8] in up.run("schedule", "get", "yearly").stdout
    today = datetime.now().astimezone().date()
    up.run("backfill", "yearly", "--from", str(today), "--to", str(today), "--dry-run")
    ahead = up.run("backfill", "yearly", "--from", str(today), "--to", str(today + timedelta(days=2)), code=2)
    assert "end_time: it is to come" in ahead.stderr
    assert "no backfill" in up.run("backfill", "yearly", "--stop", "x", code=2).stderr

    assert "its runs are still there" in up.run("schedule", "delete", "yearly", "--stop-runs").stdout
    assert "no recurring run has that name" in up.run("schedule", "get", "yearly", code=2).stderr


def test_a_schedule_of_an_uploaded_pipeline(up: Cli, tmp_path: Path) -> None:
    url = json.loads((up.home / "server.json").read_text())["url"]
    files = {"uploadfile": ("p.yaml", Path(compiled(tmp_path)).read_bytes())}
    uploaded = httpx2.post(f"{url}/apis/v2beta1/pipelines/upload", params={"name": "uploaded"}, files=files).json()
    newest = up.json("schedule", "create", "uploaded", "--every", "1h", "-p", "day=x", "--disabled")
    assert newest["pipeline_version_reference"] == {"pipeline_id": uploaded["pipeline_id"]}
    assert (newest["display_name"], newest["status"]) == ("uploaded", "DISABLED")
    assert newest["trigger"] == {"periodic_schedule": {"interval_second": "3600"}}
    assert "every 1h" in up.run("schedule", "get", newest["recurring_run_id"]).stdout
    early = ("uploaded", "--cron", "0 0 5 * * *", "-p", "day=x", "--disabled", "--name", "early")
    assert "0 0 5 * * * UTC" in up.run("schedule", "create", *early).stdout
    pinned = up.json(
        *("schedule", "create", uploaded["pipeline_id"], "--every", "1h", "-p", "day=x", "--version", "uploaded"),
        *("--name", "pinned", "--experiment", "its own", "--disabled"),
    )
    assert pinned["pipeline_version_reference"]["pipeline_version_id"]
    for words, said in (
        (("uploaded", "--every", "1h"), "-p day=TEXT"),
        (("uploaded", "--every", "soon", "-p", "day=x"), "--every: 'soon' is not a duration"),
        (("uploaded", "--every", "0s", "-p", "day=x"), "--every: '0s' is not one or more whole seconds"),
        (("uploaded", "--every", "1500ms", "-p", "day=x"), "--every: '1500ms' is not one or more whole seconds"),
        (("uploaded", "--every", "1h", "--timezone", "UTC"), "an interval has no time zone"),
        (("uploaded", "--cron", "* *", "-p", "day=x"), "5 or 6 fields"),
        (("uploaded", "--cron", "@daily", "--start", "soon"), "--start: 'soon' is no time"),
        (("uploaded", "--cron", "@daily", "--version", "none", "-p", "day=x"), "no version of that name"),
        (("unknown", "--cron", "@daily"), "no uploaded pipeline"),
    ):
        assert said in up.run("schedule", "create", *words, code=2).stderr
    assert "has no beginning" in up.run("backfill", "pinned", code=2).stderr
    up.run("schedule", "create", "uploaded", "--every", "1h", "-p", "day=x", "--disabled")
    assert "several recurring runs" in up.run("schedule", "get", "uploaded", code=2).stderr
