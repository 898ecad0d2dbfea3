"""What `deedbook init` writes: a dataset project that passes `validate` and `build` as it is.

    deedbook.toml                    where things are, thresholds, a target of each type as a comment
    datapackage/datapackage.json     the descriptor, version 0.1.0, the first release planned
    datapackage/TABLE.csv            a sample of the reference dataset, to be replaced; `code_values.csv` is whole
    datapackage/waivers.csv  corrections.csv  CHANGES.md  LICENSE
    schemas/TABLE.schema.json  TABLE.py  dataset.py    what cells, keys and rows must satisfy
    ci/dataset.sh                    what CI does, in plain shell: check a change, publish a release
    .github/workflows/validate.yml   on a pull request, without secrets
    .github/workflows/publish.yml    on a tag such as v1.2.0
    .gitlab-ci.yml                   the same for GitLab
    .pre-commit-config.yaml          tidies and validates before a commit
    requirements.txt                 the version of deedbook that CI installs
    README.md  .gitignore  .gitattributes

`files/` and `tables/` hold them; code list and descriptor are those of the reference dataset, which the wheel takes along
as `reference/`.
"""
