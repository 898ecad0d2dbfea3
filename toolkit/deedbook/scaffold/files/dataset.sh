#!/usr/bin/env bash
# What CI does with a dataset, the same on GitHub, on GitLab and on a laptop. Run it in the project's folder.
#
#   dataset.sh lock             writes requirements.txt: what requirements.in names and all below it, by hash, as the jobs install it
#   dataset.sh check [REF]      validates, runs the cases in schemas/tests; says what changed since the git ref, and which version comes next
#   dataset.sh build            builds the planned release and verifies it; needs no secret
#   dataset.sh publish TARGET   signs the built release where a key is configured, and publishes it; run again, it resumes
#
# DEEDBOOK_SUMMARY     the file that gets a summary in Markdown (GITHUB_STEP_SUMMARY when not set)
# DEEDBOOK_STRICT      `true`: warnings that nobody waived fail too
# DEEDBOOK_REPORTS     a folder for the report as files: a page, a workbook, SARIF, and GitLab's code quality
# DEEDBOOK_CATALOGUE   where the release before the next one is fetched from, when it is not in dist/
# DEEDBOOK_TAG         the tag that is released, such as v1.2.0; it must be that of the descriptor's version
set -euo pipefail

summary=${DEEDBOOK_SUMMARY:-${GITHUB_STEP_SUMMARY:-/dev/null}}
most=900000 # bytes; GitHub refuses a summary above 1 MiB
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

is_github() { [ "${GITHUB_ACTIONS:-}" = true ]; }

guarded() { # guarded COMMAND...: what it prints is anybody's text, so GitHub obeys no command in it
    if ! is_github; then
        "$@"
        return
    fi
    local token code=0
    token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    echo "::stop-commands::$token"
    "$@" 2>&1 || code=$?
    echo "::$token::"
    return "$code"
}

add() { # add FILE: the file to the summary, while there is room
    local size=0
    if [ -f "$summary" ]; then size=$(wc -c < "$summary"); fi
    if [ $((size + $(wc -c < "$1"))) -lt $most ]; then
        { cat "$1"; echo; } >> "$summary"
    else
        printf 'What follows is too long for a summary.\n\n' >> "$summary"
    fi
}

fact() { # fact NAME|VERSION|PREVIOUS|HOME|FOLDER: of the project in this folder; PREVIOUS is empty when it is there or there is none
    python - "$1" <<'PYTHON'
import sys
from pathlib import Path
from deedbook.project import load_project

project = load_project(Path())
previous = (project.package.raw.get("deedbook") or {}).get("previous") or {}
before = str(previous.get("version", ""))
home = project.dist / project.package.name
facts = {
    "NAME": project.package.name,
    "VERSION": project.package.version,
    "PREVIOUS": before if before and not (home / before).is_dir() else "",
    "HOME": str(home),
    "FOLDER": str(home / project.package.version),
}
print(facts[sys.argv[1]])
PYTHON
}

restore() { # fetches the release that the next one is compared with
    [ -n "${DEEDBOOK_CATALOGUE:-}" ] || return 0
    local before folder
    before=$(fact PREVIOUS)
    [ -n "$before" ] || return 0
    folder=$(fact HOME)/$before
    guarded deedbook fetch --quiet --from "$DEEDBOOK_CATALOGUE" --output "$folder" -- "$(fact NAME)@$before"
}

check() { # check [REF]
    local code=0 format=text
    if is_github; then format=github; fi
    local options=(--format "$format" --output "$scratch/report" --summary "$scratch/report.md")
    if [ "${DEEDBOOK_STRICT:-}" = true ]; then options+=(--strict); fi
    if [ -n "${DEEDBOOK_REPORTS:-}" ]; then
        mkdir -p "$DEEDBOOK_REPORTS"
        local file
        for file in html=report.html xlsx=report.xlsx sarif=report.sarif gitlab=codequality.json; do
            options+=(--also "${file%%=*}=$DEEDBOOK_REPORTS/${file#*=}")
        done
    fi
    guarded deedbook validate "${options[@]}" || code=$?
    if [ -f "$scratch/report" ]; then cat "$scratch/report"; fi
    if [ -f "$scratch/report.md" ]; then add "$scratch/report.md"; fi
    [ $code -le 1 ] || return $code
    if compgen -G "schemas/tests/*.csv" > /dev/null; then guarded deedbook test || code=$?; fi
    [ $code -le 1 ] || return $code
    if [ -n "${1:-}" ]; then changes "$1"; fi
    if [ $code -eq 0 ]; then plan; fi
    return $code
}

changes() { # changes REF: the rows that differ; a state that cannot be compared with is no mistake of this one
    local code=0
    guarded deedbook diff --format markdown --output "$scratch/changes.md" -- "git:$1" . || code=$?
    if [ $code -le 1 ]; then
        add "$scratch/changes.md"
    else
        printf 'The changes are not shown: the state before cannot be read.\n\n' >> "$summary"
    fi
}

plan() { # the next version; what it still needs is said, and stops only a build
    local code=0
    restore || code=$?
    if [ $code -eq 0 ]; then deedbook plan --format markdown > "$scratch/plan.md" 2> "$scratch/plan.log" || code=$?; fi
    if [ $code -le 1 ]; then
        add "$scratch/plan.md"
        return 0
    fi
    if [ -f "$scratch/plan.log" ]; then guarded cat "$scratch/plan.log"; fi
    printf 'The next version is not known: the release before it cannot be read.\n\n' >> "$summary"
}

lock() { # resolved for the machines of CI, whatever this one is; nothing is installed
    python -m pip install --disable-pip-version-check --quiet --dry-run --ignore-installed --target "$scratch/none" \
        --report "$scratch/report.json" --only-binary=:all: --implementation cp --python-version 3.12 \
        --platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 --requirement requirements.in
    python - "$scratch/report.json" > "$scratch/requirements.txt" <<'PYTHON'
import json
import sys
from pathlib import Path

print("# What CI installs, by hash; written by `ci/dataset.sh lock`.")
for item in sorted(json.loads(Path(sys.argv[1]).read_text())["install"], key=lambda item: item["metadata"]["name"].lower()):
    about, digest = item["metadata"], item["download_info"]["archive_info"]["hashes"]["sha256"]
    print(f"{about['name']}=={about['version']} --hash=sha256:{digest}")
PYTHON
    mv "$scratch/requirements.txt" requirements.txt
}

tagged() { # the tag, if one is released, is that of the descriptor's version
    if [ -n "${DEEDBOOK_TAG:-}" ] && [ "$DEEDBOOK_TAG" != "v$(fact VERSION)" ]; then
        echo "the tag is not v and the version of the descriptor: run deedbook plan --write, commit, and tag that commit" >&2
        return 4
    fi
}

build() {
    tagged
    restore
    guarded deedbook build
    guarded deedbook verify -- "$(fact FOLDER)"
}

publish() { # publish TARGET: what `build` left; no code of the project runs beside the secrets
    local sign=()
    tagged
    if [ -n "${DEEDBOOK_SIGNING_KEY:-}${DEEDBOOK_SIGNING_KEY_FILE:-}" ]; then sign=(--sign); fi
    guarded deedbook publish "${sign[@]}" --to "$1" -- "$(fact VERSION)"
    printf '### Published\n\nThe release went to its target, was read back and compared.\n\n' >> "$summary"
}

case "${1:-}" in
    lock) lock ;;
    check) check "${2:-}" ;;
    build) build ;;
    publish) publish "${2:?name a target of deedbook.toml}" ;;
    *)
        echo "usage: dataset.sh lock | check [REF] | build | publish TARGET" >&2
        exit 2
        ;;
esac
