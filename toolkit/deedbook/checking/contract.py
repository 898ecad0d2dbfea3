"""What a package declares has to be there and to have names that a release can have: tables, code lists."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from deedbook.checking.rulefiles import nearest
from deedbook.descriptor import Package
from deedbook.errors import ProjectError
from deedbook.findings import NotChecked
from deedbook.names import alike, name_problem, table_problem
from deedbook.project import CODE_VALUES, Project, read_code_lists


def demand_names(package: Package) -> None:
    """Proves that a release can have the names of the dataset and its tables: they become names of files on every system.

    Raises:
        ProjectError: for the first that it cannot have.
    """
    where = package.path or package.root
    if problem := name_problem(package.name):
        message = f"{where}: a release needs a name, and {package.name!r} {problem}"
        raise ProjectError(message, 'add "name": "my-dataset"')
    tables = [resource.name for resource in package.resources]
    for name in tables:
        if problem := table_problem(name):
            message = f"{where}: the table name {name!r} {problem}, and it becomes a file name in a release"
            raise ProjectError(message, "use letters, digits, `.`, `_` and `-`, a letter or digit first")
    if twins := alike(tables):
        raise ProjectError(f"{where}: two tables are named `{twins[1]}` but for case", "rename one")


def unlisted_codes(project: Project) -> Iterator[NotChecked]:
    """The code lists that fields name and that a package without a project does not bring along.

    Raises:
        ProjectError: for a list that there is not, with the nearest name.
    """
    lists = read_code_lists(project.package)
    has_table = any(item.name == CODE_VALUES for item in project.package.resources)
    for resource in project.package.resources:
        for item in resource.schema.fields if resource.schema else ():
            if not item.code_list or item.categories or item.code_list in lists or (has_table and not lists):
                continue  # where the table of codes cannot be read, that is what is said
            if not has_table and project.config is None:
                reason = f"there is no table `{CODE_VALUES}` with the list `{item.code_list}`"
                yield NotChecked(resource.name, "codeList", reason, item.name)
                continue
            raise _no_list(resource.name, item.name, item.code_list, lists)


def _no_list(table: str, field: str, name: str, lists: Collection[str]) -> ProjectError:
    what = f"{nearest(name, lists)}the lists are {', '.join(sorted(lists))}"
    hint = what if lists else f"add a table `{CODE_VALUES}` with the columns list, code and label_en"
    return ProjectError(f"`{table}`.{field}: there is no code list `{name}`", hint)
