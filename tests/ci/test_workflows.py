"""The workflows: what they may, and what their steps do in a repository with a pull request and a tag."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from deedbook.scaffold import create
from tests.ci.running import ACTION, REUSABLE, Ran, expressions, git, read_yaml, run_steps, shell
from tests.documents import REPOSITORY

FILES = Path(str(resources.files("deedbook.scaffold") / "files"))
WORKFLOWS = (REUSABLE, FILES / "validate.yml", FILES / "publish.yml")
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
FORGED = "x%0A::warning::forged ::add-mask::e ##[error]no <script>alert(1)</script> @maintainer | a"


def jobs_of(path: Path) -> dict[str, dict[str, Any]]:
    jobs: dict[str, dict[str, Any]] = read_yaml(path)["jobs"]
    return jobs


def steps_of(path: Path) -> Iterator[dict[str, Any]]:
    if path == ACTION:
        yield from read_yaml(path)["runs"]["steps"]
    else:
        for job in jobs_of(path).values():
            yield from job["steps"]


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_actions_are_pinned_and_no_script_holds_an_expression(path: Path) -> None:
    steps = list(steps_of(path))
    used = [step["uses"] for step in steps if "uses" in step]
    assert [name for name in used if not PINNED.fullmatch(name) and name != "./.deedbook-toolkit"] == []
    assert [step["run"] for step in steps if expressions(step.get("run", ""))] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_change_is_checked_without_secrets_and_may_only_read(path: Path) -> None:
    workflow = read_yaml(path)
    assert workflow.get("permissions", {"contents": "read"}) == {"contents": "read"}
    assert "pull_request_target" not in workflow["on"]
    assert "workflow_run" not in workflow["on"]
    for name, job in workflow["jobs"].items():
        secret = [text for text in expressions(job) if "secrets" in text or "github.token" in text]
        if name == "publish":
            assert secret
            assert job["needs"] == "build"
        else:
            assert secret == []
        given = job.get("permissions", workflow.get("permissions"))  # without any, those of the job that calls it
        assert given == {"contents": "read"} or (path == REUSABLE and name == "publish" and given is None)
        checkouts = [step for step in job["steps"] if "checkout@" in step.get("uses", "")]
        assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_everything_is_installed_by_hash() -> None:
    for path in (FILES / "validate.yml", FILES / "publish.yml"):
        installs = [step["run"] for step in steps_of(path) if step.get("name", "").startswith("Install")]
        assert installs
        assert all("--require-hashes" in run for run in installs)
    assert all("--require-hashes" in line for line in read_yaml(FILES / "gitlab-ci.yml")["before_script"])


def test_only_a_tag_publishes() -> None:
    assert read_yaml(FILES / "publish.yml")["on"] == {"push": {"tags": ["v*"]}}
    condition = jobs_of(REUSABLE)["build"]["if"]
    assert "github.event_name == 'push'" in condition
    assert "startsWith(github.ref, 'refs/tags/v')" in condition


def test_what_is_passed_to_the_action_is_an_input_of_it() -> None:
    known = set(read_yaml(ACTION)["inputs"])
    given = [step["with"] for step in steps_of(REUSABLE) if step["uses"].startswith("./")]
    assert [set(item) - known for item in given] == [set(), set(), set()]
    used = {text.removeprefix("inputs.") for text in expressions(read_yaml(ACTION)["runs"])}
    assert used == known


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A new project in git, with a directory to publish to; its releases are of CSV alone."""
    root = create(tmp_path / "acts").folder
    with (root / "deedbook.toml").open("a", encoding="utf-8") as config:
        config.write('\n[release]\nformats = []\n[targets.public]\ntype = "directory"\npath = "../releases"\n')
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Begin")
    return root


def edit(root: Path, old: str, new: str) -> None:
    """Another text in events.csv, committed."""
    table = root / "datapackage" / "events.csv"
    text = table.read_text(encoding="utf-8")
    assert old in text
    table.write_text(text.replace(old, new), encoding="utf-8")
    git(root, "commit", "--quiet", "--all", "--message", "Edit")


def check(root: Path, base: str) -> Ran:
    context = {
        "github.event.pull_request.base.sha || github.event.before": base,
        "vars.DEEDBOOK_CATALOGUE": "",
    }
    return run_steps(jobs_of(FILES / "validate.yml")["validate"]["steps"], root, context, {})


def publish(root: Path, tag: str, *, catalogue: str = "") -> Ran:
    names = ("DEEDBOOK_SIGNING_KEY", "DEEDBOOK_SIGNING_KEY_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    context = {
        **{f"secrets.{name}": "" for name in (*names, "ZENODO_TOKEN")},
        "github.token": "",
        "vars.DEEDBOOK_CATALOGUE": catalogue,
        "vars.DEEDBOOK_TARGET": "public",
        "github.ref_name": tag,
    }
    jobs = jobs_of(FILES / "publish.yml")
    built = run_steps(jobs["build"]["steps"], root, context, {})
    return built if built.code else run_steps(jobs["publish"]["steps"], root, context, {})


@pytest.mark.slow
def test_a_pull_request_gets_the_changed_rows_and_the_next_version(repository: Path) -> None:
    base = git(repository, "rev-parse", "HEAD")
    edit(repository, "Azerbaijan summons the Russian ambassador", "Azerbaijan summons Russia's ambassador")
    done = check(repository, base)
    assert done.code == 0, done.log
    assert done.commands == []
    assert "### ✅ Valid: no errors, no warnings" in done.summary
    assert "| events | 3 → 3 | 0 | 0 | 0 | 1 | 0 |" in done.summary
    assert "<code>Azerbaijan summons Russia's ambassador</code>" in done.summary
    assert "### Next release: acts 0.1.0, the first" in done.summary


@pytest.mark.slow
def test_a_mistake_is_an_annotation_and_a_cell_gives_no_orders(repository: Path) -> None:
    base = git(repository, "rev-parse", "HEAD")
    edit(repository, "recognition.grant", f'"{FORGED}"')
    done = check(repository, base)
    assert done.code == 1
    assert {item.name for item in done.commands} == {"error"}
    place = done.commands[0].properties
    assert (place["file"], place["line"]) == ("datapackage/events.csv", "4")
    assert "<script>" not in done.summary
    assert "@maintainer" not in done.summary
    assert "### ❌ Invalid" in done.summary
    assert "Next release" not in done.summary


@pytest.mark.slow
def test_a_first_state_has_nothing_to_be_compared_with(repository: Path) -> None:
    done = check(repository, "0" * 40)
    assert done.code == 0
    assert "The changes are not shown" in done.summary


@pytest.mark.slow
def test_a_tag_is_published_once(repository: Path) -> None:
    released = repository.parent / "releases"
    wrong = publish(repository, "v0.2.0")
    assert (wrong.code, released.exists()) == (4, False)
    done = publish(repository, "v0.1.0")
    assert done.code == 0, done.log
    assert "### Published" in done.summary
    latest = json.loads((released / "latest.json").read_text(encoding="utf-8"))
    assert latest["datasets"]["acts"]["version"] == "0.1.0"
    before = {file: file.read_bytes() for file in released.rglob("*") if file.is_file()}
    assert publish(repository, "v0.1.0").code == 0
    assert {file: file.read_bytes() for file in released.rglob("*") if file.is_file()} == before


@pytest.mark.slow
def test_the_action_does_the_same(repository: Path) -> None:
    base = git(repository, "rev-parse", "HEAD")
    edit(repository, "Azerbaijan summons the Russian ambassador", "Azerbaijan summons Russia's ambassador")
    inputs = {name: str(item["default"]) for name, item in read_yaml(ACTION)["inputs"].items()}
    variables = {"GITHUB_ACTION_PATH": str(REPOSITORY)}
    steps = list(steps_of(ACTION))

    def act(**given: str) -> Ran:
        context = {f"inputs.{name}": value for name, value in {**inputs, **given}.items()}
        return run_steps(steps, repository, context, variables)

    done = act(base=base, strict="true", reports="../kept")
    assert done.code == 0, done.log
    assert "| events | 3 → 3 |" in done.summary
    assert "6 rows: 0 not as expected" in done.log
    assert (repository.parent / "kept" / "report.html").is_file()
    assert act(command="build", tag="v0.1.0").code == 0
    done = act(command="publish", target="public", tag="v0.1.0")
    assert done.code == 0, done.log
    assert (repository.parent / "releases" / "acts" / "0.1.0" / "events.csv").is_file()
    assert act(command="publish; echo injected").code == 2
    assert "injected" not in act(command="$(echo injected >&2)").log.replace("echo injected", "")


@pytest.mark.slow
def test_gitlab_runs_the_same_in_plain_shell(repository: Path) -> None:
    pipeline = read_yaml(FILES / "gitlab-ci.yml")
    base = git(repository, "rev-parse", "HEAD")
    edit(repository, "Azerbaijan summons the Russian ambassador", "Azerbaijan summons Russia's ambassador")
    variables = {**pipeline["validate"]["variables"], "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}
    code, log = shell("\n".join(pipeline["validate"]["script"]), repository, variables)
    assert code == 0, log
    assert "valid: 12 tables" in log
    assert "::" not in log
    assert "| events | 3 → 3 |" in (repository / "summary.md").read_text(encoding="utf-8")
    kept = pipeline["validate"]["artifacts"]
    assert kept["reports"] == {"codequality": "reports/codequality.json"}
    reports = {"codequality.json", "report.html", "report.sarif", "report.xlsx"}
    assert {file.name for file in (repository / "reports").iterdir()} == reports
    assert json.loads((repository / "reports" / "codequality.json").read_text(encoding="utf-8")) == []
    variables = {"DEEDBOOK_TAG": "v0.1.0", "DEEDBOOK_TARGET": "public"}
    code, log = shell("\n".join((*pipeline["build"]["script"], *pipeline["publish"]["script"])), repository, variables)
    assert code == 0, log
    assert (repository.parent / "releases" / "catalog.json").is_file()


@pytest.mark.slow
def test_the_release_before_is_fetched_where_it_is_not_there(repository: Path) -> None:
    assert publish(repository, "v0.1.0").code == 0
    assert shell("deedbook plan --quiet", repository, {})[0] == 0
    edit(repository, "Azerbaijan summons the Russian ambassador", "Azerbaijan summons Russia's ambassador")
    script = """
        deedbook plan --write --write-corrections --date 2026-12-01 || true
        sed -i 's/,,,$/,coder_error,,/' datapackage/corrections.csv
        git -c user.name=A -c user.email=a@example.org commit --quiet --all --message Plan
        rm -r dist
    """
    code, log = shell(script, repository, {})
    assert code == 0, log
    version = json.loads((repository / "datapackage" / "datapackage.json").read_text(encoding="utf-8"))["version"]
    elsewhere = (repository.parent / "releases").rename(repository.parent / "elsewhere")  # the CI job has neither
    alone = publish(repository, f"v{version}")
    assert alone.code == 3
    assert "the previous release 0.1.0 is not in" in alone.log
    done = publish(repository, f"v{version}", catalogue=str(elsewhere))
    assert done.code == 0, done.log
    latest = json.loads((repository.parent / "releases" / "latest.json").read_text(encoding="utf-8"))
    assert latest["datasets"]["acts"]["version"] == version
