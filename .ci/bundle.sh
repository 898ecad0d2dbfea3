#!/usr/bin/env bash
# Builds the bundle of the site anew, from its sources and the packages that package.json pins, and compares every byte with what is committed.
# The packages are installed below .venv-external/ (or $DEEDBOOK_EXTERNAL), once for each list of pins. `--write` keeps what was built.
set -euo pipefail
cd "$(dirname "$0")/.."
site=toolkit/deedbook/site
folder=${DEEDBOOK_EXTERNAL:-.venv-external}/bundle
mkdir -p "$folder"
if ! cmp --silent "$site/assets/package.json" "$folder/package.json" || [ ! -d "$folder/node_modules" ]; then
    cp "$site/assets/package.json" "$folder/"
    npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts --prefix "$folder" > /dev/null
fi
rm -rf "$folder/src"
cp -R "$site/assets/src" "$site/assets/build.js" "$site/messages.csv" "$folder/"
(cd "$folder" && npm run --silent check && node build.js)
for file in deedbook.js LICENSES.txt; do
    if [ "${1:-}" = --write ]; then
        cp "$folder/$file" "$site/assets/"
    elif ! cmp "$folder/$file" "$site/assets/$file"; then
        echo "$site/assets/$file is not what its sources give: run .ci/bundle.sh --write" >&2
        exit 1
    fi
done
lines=$(cat "$site"/assets/src/*.js | grep --count --invert-match --extended-regexp '^\s*(//|/?\*|$)')
packed=$(gzip --best --to-stdout "$site/assets/deedbook.js" | wc --bytes)
echo "bundle: $(wc --bytes < "$site/assets/deedbook.js") bytes, $packed gzipped; $lines lines of ours"
test "$packed" -le 45000 && test "$lines" -le 1200
