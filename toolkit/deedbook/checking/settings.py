"""What a project and a command say of rules: `[rules]` of `deedbook.toml`, `--select` and `--ignore`.

[rules.title-used-twice]
severity = "error"      # or off = true, or at_most = 5; off = false lets a rule run that otherwise runs on request
reason = "two talks on one day have one title in our sources"
words = ["regime"]      # anything else is a parameter, which the rule file asks for with `deedbook.rules.rule.parameter`
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from deedbook.errors import ProjectError, UsageError
from deedbook.findings import nearest
from deedbook.project import CONFIG, Project
from deedbook.rules.rule import PARAMETERS, SEVERITIES, Rule


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """How rules are set, and which of them run.

    Attributes:
        given: What `[rules]` says, by rule.
        select: Patterns of the rules that run; all when empty.
        ignore: Patterns of those that do not.
    """

    given: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def reason_against(self, rule_id: str) -> str:
        """Why the rule does not run; empty when it does."""
        own = self.given.get(rule_id, {})
        if own.get("off"):
            return f"switched off in {CONFIG}: {own['reason']}"
        if self.select and not _matches(rule_id, self.select):
            return "not among --select"
        return "left out by --ignore" if _matches(rule_id, self.ignore) else ""

    def applied_to(self, rule: Rule) -> Rule:
        """The rule as it is set; one that does not run says why. What is still `on_request` was not asked for."""
        own = self.given.get(rule.id, {})
        is_asked_for = own.get("off") is False or _matches(rule.id, self.select)
        on_request = rule.on_request and not is_asked_for
        return replace(
            rule,
            severity=own.get("severity", rule.severity),
            at_most=own.get("at_most", rule.at_most),
            on_request=on_request,
            unmet="runs on request" if on_request else self.reason_against(rule.id) or rule.unmet,
        )

    @contextmanager
    def readable(self) -> Iterator[None]:
        """While rule files run: `parameter` gives them what is set."""
        token = PARAMETERS.set(self.given)
        try:
            yield
        finally:
            PARAMETERS.reset(token)

    def demand_known(self, known: Iterable[str]) -> None:
        """Proves that every rule that is set or chosen is one of the project's.

        Raises:
            ProjectError: for one in `[rules]` that is not.
            UsageError: for a pattern of the command line that no rule has.
        """
        names = sorted(set(known))
        unknown = [name for name in self.given if name not in names]
        idle = [it for it in (*self.select, *self.ignore) if not any(fnmatchcase(name, it) for name in names)]
        for name in (*unknown, *idle):
            hint = f"{nearest(name, names)} see the rule files".lstrip()
            if unknown:
                raise ProjectError(f"{CONFIG}: [rules.{name}] is about no rule", hint)
            raise UsageError(f"no rule is called {name}", hint)


AS_WRITTEN = RuleSettings()
"""All rules as their files have them."""


def read_settings(project: Project, select: tuple[str, ...] = (), ignore: tuple[str, ...] = ()) -> RuleSettings:
    """The settings of a project's rules.

    Raises:
        ProjectError: when `[rules]` says something that has no meaning, or gives no reason.
    """
    given = project.config.raw.get("rules", {}) if project.config else {}
    if not isinstance(given, Mapping):
        hint = "write [rules.NAME] with severity, off or at_most, and reason"
        raise ProjectError(f"{CONFIG}: `rules` has to be a table", hint)
    for name, own in given.items():
        where = f"{CONFIG}: [rules.{name}]"
        if not isinstance(own, Mapping):
            hint = f"write [rules.{name}] and below it `off = true` and a `reason`"
            raise ProjectError(f"{where} has to be a table", hint)
        for setting, (is_right, hint) in _FORMS.items():
            if setting in own and not is_right(own[setting]):
                raise ProjectError(f"{where}: `{setting}` is {own[setting]!r}", hint)
        if not str(own.get("reason", "")).strip():
            raise ProjectError(f"{where} gives no `reason`", "say why the rule is set otherwise here")
    return RuleSettings(given, select, ignore)


_FORMS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "severity": (SEVERITIES.__contains__, f"the severities are {', '.join(SEVERITIES)}"),
    "off": (lambda value: isinstance(value, bool), "write true or false"),
    "at_most": (
        lambda value: (type(value) is int and value >= 0) or (type(value) is float and 0 <= value < 1),
        "write a number of rows, or a share below 1",
    ),
}
"""What a setting of a rule has to be, and what to write otherwise."""


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
