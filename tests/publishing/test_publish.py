"""`deedbook publish` into a folder: what a good release and what bad input get."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from deedbook.project import load_project
from deedbook.publishing.publish import prepare
from deedbook.publishing.targets import read_target
from deedbook.publishing.targets.hosted import HostedCatalogue
from tests.cli.project import Outcome
from tests.publishing.projects import TARGETS, copy_project, everything

Run = Callable[..., Outcome]
Serve = Callable[[Callable[..., BaseHTTPRequestHandler]], str]


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    return copy_project(built, tmp_path / "project")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "site"


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and logs nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name that it has
        """Nothing."""


def latest(site: Path) -> str:
    return str(json.loads((site / "latest.json").read_text())["datasets"]["items"]["version"])


@pytest.mark.usefixtures("project")
def test_what_is_published_is_what_was_built(site: Path, tmp_path: Path, deedbook: Run) -> None:
    outcome = deedbook("publish", "1.0.0", "--to", "public")
    assert (outcome.code, outcome.err) == (0, "")
    assert "published items 1.0.0: 22 files" in outcome.out
    assert deedbook("publish", "--to", "public").code == 0  # 1.1.0, which the descriptor names
    assert latest(site) == "1.1.0"
    for version in ("1.0.0", "1.1.0"):
        built = tmp_path / "project" / "dist" / "items" / version
        assert everything(site / "items" / version) == everything(built)


@pytest.mark.usefixtures("project")
def test_publishing_again_changes_nothing_with_and_without_a_journal(site: Path, tmp_path: Path, deedbook: Run) -> None:
    deedbook("publish", "1.0.0", "--to", "public")
    before = everything(site)
    again = deedbook("publish", "1.0.0", "--to", "public")
    assert (again.code, again.out[:32]) == (0, "already published items 1.0.0: 2")
    (tmp_path / "project" / ".deedbook" / "journal" / "public" / "items-1.0.0.jsonl").unlink()
    assert deedbook("publish", "1.0.0", "--to", "public").out == again.out
    assert everything(site) == before


def test_a_new_catalogue_has_the_title_of_its_target(built: Path, site: Path, tmp_path: Path, deedbook: Run) -> None:
    copy_project(built, tmp_path / "project", f"{TARGETS}title = 'All our data'\n")
    assert deedbook("publish", "1.0.0", "--to", "public").code == 0
    assert json.loads((site / "catalog.json").read_text())["title"] == "All our data"


@pytest.mark.usefixtures("project")
def test_a_dry_run_prints_every_step_and_changes_nothing(site: Path, tmp_path: Path, deedbook: Run) -> None:
    outcome = deedbook("publish", "1.0.0", "--to", "public", "--dry-run")
    assert outcome.code == 0
    names = [path.name for path in (tmp_path / "project" / "dist" / "items" / "1.0.0").iterdir()]
    assert all(f"put items/1.0.0/{name}" in outcome.out for name in names)
    assert "catalog.json" in outcome.out
    assert "nothing was changed" in outcome.out
    assert not site.exists()
    assert not (tmp_path / "project" / ".deedbook").exists()


@pytest.mark.parametrize(
    ("targets", "code", "said"),
    [
        ("", 2, "there is no target `public`"),
        ("[targets.other]\ntype = 'directory'\npath = 'x'\n", 2, "the targets there are other"),
        ("[targets.public]\npath = 'x'\n", 3, "has no `type`"),
        ("[targets.public]\ntype = 'ftp'\n", 3, "'ftp' is no type of target"),
        ("[targets.public]\ntype = 'directory'\n", 3, "has no `path`"),
        ("[targets.public]\ntype = 'directory'\npath = 5\n", 3, "`path` is a text"),
        ("[targets.public]\ntype = 'directory'\npath = 'x'\nurL = 'https://a.example'\n", 3, "`urL` is no setting"),
        ("[targets.public]\ntype = 'directory'\npath = 'x'\nurl = 'http://a.example/'\n", 3, "no https:// address"),
        ("[targets.public]\ntype = 'directory'\npath = 'x'\nurl = 'https://me:secret@a.example/'\n", 3, "without user"),
        ("[targets]\npublic = 'x'\n", 3, "is no table"),
        ("[targets.public]\ntype = 's3'\nbucket = 'b'\n", 2, "AWS_ACCESS_KEY_ID"),
    ],
)
def test_wrong_settings_are_named(
    built: Path, tmp_path: Path, deedbook: Run, targets: str, code: int, said: str
) -> None:
    project = copy_project(built, tmp_path / "project", targets)
    outcome = deedbook("publish", "1.0.0", "--to", "public")
    assert (outcome.code, outcome.out) == (code, "")
    assert said in outcome.err
    assert "secret" not in outcome.err
    assert not (tmp_path / "site").exists()
    assert not (project / "x").exists()


def test_a_version_that_was_not_built_is_named(project: Path, deedbook: Run) -> None:
    outcome = deedbook("publish", "7.0.0", "--to", "public")
    assert outcome.code == 2
    assert "there is no such release" in outcome.err
    outside = deedbook("publish", "../items/1.0.0", "--to", "public")
    assert (outside.code, "is no version" in outside.err) == (2, True)


def test_a_release_that_does_not_verify_is_not_published(project: Path, site: Path, deedbook: Run) -> None:
    with (project / "dist" / "items" / "1.0.0" / "items.csv").open("a") as file:
        file.write("I8888,more,8\n")
    outcome = deedbook("publish", "1.0.0", "--to", "public")
    assert outcome.code == 4
    assert "items.csv: was changed" in outcome.err
    assert not site.exists()


def test_a_release_of_a_day_years_ahead_is_not_published(project: Path, site: Path, deedbook: Run) -> None:
    file = project / "datapackage.json"
    shutil.rmtree(project / "dist" / "items" / "1.1.0")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"created": "9000-01-01T00:00:00Z"}))
    assert deedbook("build").code == 0
    outcome = deedbook("publish", "--to", "public")
    assert (outcome.code, "is dated 9000-01-01, more than a year ahead" in outcome.err) == (4, True)


def test_a_snapshot_is_not_published(project: Path, site: Path, deedbook: Run) -> None:
    assert deedbook("build", "--snapshot").code == 0
    (snapshot,) = (path.name for path in (project / "dist" / "items").iterdir() if "snapshot" in path.name)
    outcome = deedbook("publish", snapshot, "--to", "public")
    assert outcome.code == 4
    assert "is a snapshot, not a release" in outcome.err
    assert not site.exists()


@pytest.mark.parametrize("journal", ["kept", "lost"])
def test_other_content_under_a_published_version_is_refused(
    project: Path, site: Path, deedbook: Run, journal: str
) -> None:
    import shutil

    from tests.versioning.dataset import make_dataset

    deedbook("publish", "1.0.0", "--to", "public")
    before = everything(site)
    if journal == "lost":
        shutil.rmtree(project / ".deedbook")
    shutil.rmtree(project / "dist")
    other = make_dataset(project.parent / "other", rows=21)
    other.release()
    shutil.copytree(project.parent / "other" / "dist", project / "dist")
    outcome = deedbook("publish", "1.0.0", "--to", "public")
    assert outcome.code == 4
    assert "other content" in outcome.err or "another content" in outcome.err
    assert everything(site) == before


@pytest.mark.usefixtures("project")
def test_a_published_file_that_somebody_changed_is_named_and_left(site: Path, deedbook: Run, tmp_path: Path) -> None:
    deedbook("publish", "1.0.0", "--to", "public")
    (site / "items" / "1.0.0" / "items.csv").write_text("gone")
    outcome = deedbook("publish", "1.0.0", "--to", "public")
    assert outcome.code == 4
    assert "items.csv has other content" in outcome.err
    assert (site / "items" / "1.0.0" / "items.csv").read_text() == "gone"


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("content", "code"), [("<html>", 3), ('{"shop": 1}', 3)])
def test_a_catalogue_that_is_none_is_left_alone(site: Path, deedbook: Run, content: str, code: int) -> None:
    site.mkdir()
    (site / "catalog.json").write_text(content)
    outcome = deedbook("publish", "1.0.0", "--to", "public")
    assert outcome.code == code
    assert "is no catalogue" in outcome.err
    assert everything(site).keys() == {"catalog.json"}


@pytest.mark.usefixtures("project")
def test_a_link_in_the_catalogue_is_not_followed(site: Path, tmp_path: Path, deedbook: Run) -> None:
    site.mkdir()
    (tmp_path / "outside").mkdir()
    (site / "items").symlink_to(tmp_path / "outside")
    outcome = deedbook("publish", "1.0.0", "--to", "public")
    assert outcome.code == 4
    assert "symbolic link" in outcome.err
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_torn_journal_is_no_matter(project: Path, site: Path, deedbook: Run) -> None:
    deedbook("publish", "1.0.0", "--to", "public")
    before = everything(site)
    journal = project / ".deedbook" / "journal" / "public" / "items-1.0.0.jsonl"
    journal.write_bytes(journal.read_bytes()[:-200])
    assert deedbook("publish", "1.0.0", "--to", "public").code == 0
    assert everything(site) == before
    steps = [json.loads(line)["step"] for line in journal.read_text().splitlines() if line.endswith("}")]
    assert steps[-1] == "tidy"


def test_a_journal_of_another_place_is_not_believed(project: Path, tmp_path: Path, deedbook: Run) -> None:
    deedbook("publish", "1.0.0", "--to", "public")
    settings = project / "deedbook.toml"
    settings.write_text(settings.read_text().replace("../site", "../elsewhere"))
    assert deedbook("publish", "1.0.0", "--to", "public").code == 0
    assert everything(tmp_path / "elsewhere/items/1.0.0") == everything(tmp_path / "site/items/1.0.0")


def test_latest_moves_only_after_the_public_address_gave_the_same_bytes(
    project: Path, site: Path, tmp_path: Path, serve: Serve, deedbook: Run
) -> None:
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    addresses = {folder: serve(functools.partial(Quiet, directory=str(folder))) for folder in (wrong, site)}
    settings = project / "deedbook.toml"
    plain = settings.read_text()
    settings.write_text(f'{plain}url = "{addresses[wrong]}"\n')
    outcome = deedbook("publish", "1.0.0", "--to", "public")
    assert outcome.code == 75
    assert "answers 404" in outcome.err
    (wrong / "items" / "1.0.0").mkdir(parents=True)
    for path in (site / "items" / "1.0.0").iterdir():
        (wrong / "items" / "1.0.0" / path.name).write_bytes(b"<html>please log in</html>")
    outcome = deedbook("publish", "1.0.0", "--to", "public")
    assert outcome.code == 4
    assert "is not what was published" in outcome.err
    assert not (site / "catalog.json").exists()
    assert not (site / "latest.json").exists()
    settings.write_text(f'{plain}url = "{addresses[site]}"\n')
    assert deedbook("publish", "1.0.0", "--to", "public").code == 0
    assert latest(site) == "1.0.0"


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_commands_that_a_publish_to_a_branch_names_work_as_they_stand(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deedbook: Run
) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A. Maintainer")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "a@example.org")
    project = copy_project(built, tmp_path / "project", f"{TARGETS}git = true\nbranch = 'pages'\n")
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path / "origin")], check=True)
    subprocess.run(["git", "init", "--quiet", "--initial-branch", "main", str(project)], check=True)
    git(project, "remote", "add", "origin", str(tmp_path / "origin"))
    git(project, "add", "deedbook.toml")
    git(project, "commit", "--quiet", "--message", "Begin")
    refused = deedbook("publish", "1.0.0", "--to", "public")
    assert refused.code == 3
    subprocess.run(refused.err.split("`")[1], shell=True, cwd=project, check=True)  # noqa: S602  # as a user pastes it
    done = deedbook("publish", "1.0.0", "--to", "public")
    assert done.code == 0, done.err
    subprocess.run(done.out.split("`")[1], shell=True, cwd=project, check=True)  # noqa: S602  # as a user pastes it
    assert git(tmp_path / "origin", "log", "--format=%s", "pages") == "Publish items 1.0.0"


def test_a_branch_for_pages_gets_a_commit(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deedbook: Run
) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A. Maintainer")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "a@example.org")
    site = tmp_path / "site"
    copy_project(built, tmp_path / "project", f"{TARGETS}git = true\nbranch = 'pages'\n")
    outcome = deedbook("publish", "1.0.0", "--to", "public")
    assert outcome.code == 3
    assert "git worktree add" in outcome.err
    subprocess.run(["git", "init", "--quiet", "--initial-branch", "main", str(site)], check=True)
    (site / "notes.txt").write_text("not ours")
    git(site, "add", "notes.txt")
    outcome = deedbook("publish", "1.0.0", "--to", "public")
    assert outcome.code == 4
    assert "checkout of main, not of pages" in outcome.err
    git(site, "symbolic-ref", "HEAD", "refs/heads/pages")
    assert deedbook("publish", "1.0.0", "--to", "public").code == 0
    assert git(site, "log", "--format=%s") == "Publish items 1.0.0"
    committed = set(git(site, "ls-tree", "-r", "--name-only", "HEAD").splitlines())
    assert committed == everything(site).keys() - {"notes.txt"}
    assert deedbook("publish", "1.0.0", "--to", "public").code == 0
    assert deedbook("yank", "1.0.0", "--reason", "why", "--to", "public").code == 0
    assert git(site, "log", "--format=%s").splitlines() == ["Yank items 1.0.0", "Publish items 1.0.0"]


def test_progress_is_told_in_bytes_and_ends_at_all(project: Path) -> None:
    from deedbook.publishing.publish import publish

    loaded = load_project(project)
    release = prepare(project / "dist" / "items" / "1.0.0")
    target = read_target(loaded, "public")
    assert isinstance(target, HostedCatalogue)
    told: list[tuple[int, int]] = []
    publish(loaded, release, target, lambda _what, done, total: told.append((done, total)))
    assert told == sorted(told)
    assert {total for _, total in told} == {release.size}
    assert told[-1][0] == release.size
