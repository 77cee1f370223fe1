"""The pytest plugin. Imports only the standard library and pytest until a claude test is seen."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_claude.plugin import markers, options
from pytest_claude.plugin.fixtures import claude, claude_alias, claude_server

# pytest finds fixtures by scanning this module.
__all__ = ["claude", "claude_alias", "claude_server"]


class HookSpecs:
    """Hooks that a project's conftest.py can implement."""

    @pytest.hookspec(firstresult=True)
    def pytest_claude_adapt_request(
        self, body: dict[str, Any], old: str, new: str
    ) -> dict[str, Any] | None:
        """Rewrite a request on the candidate arm.

        Called after the built-in rewrites, with the body that would be sent to `new`; return the
        body to send, or None to leave it. Do not change `body` in place.
        """

    @pytest.hookspec(firstresult=True)
    def pytest_claude_redact(self, body: str) -> str | None:
        """Take out of a request or an answer what must not be stored.

        Called with the text of each body once keys are out of it, before anything is written and
        before a request is matched; return the text to store, or None to leave it. The texts of a
        streamed answer come each in one piece, then the stream as a whole. Applied twice it must
        change nothing more.
        """


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(HookSpecs)


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add_options(parser)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, Any, Any]:
    """Leave the workers to the processes that take the trials of several candidates."""
    options.keep_workers(config)
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, None, None]:
    options.join_record_path(args)
    known = early_config.known_args_namespace
    recording = known.claude_record not in (None, "none") and not known.claude_dry_run
    if known.claude_dry_run:
        from pytest_claude.recording.doors.import_watch import ImportWatch

        watch = early_config.stash[options.IMPORT_WATCH] = ImportWatch(dry=True)
        early_config.add_cleanup(watch.close)  # a conftest.py that asks may end the run here
    if early_config.getini("claude_dummy_key") == "session" and not recording:
        from pytest_claude.plugin import dummy_key

        dummy_key.lend()  # before a conftest.py builds a client
    yield
    options.check_names(parser, args)  # now all have declared theirs


def pytest_configure(config: pytest.Config) -> None:
    options.count_session(1)
    for marker in markers.MARKERS.values():
        config.addinivalue_line("markers", marker.text)
    distributes = _distributes(config)
    if not (distributes or options.in_use(config)):
        return  # what a project that does not use us pays for is declared above
    settings = config.stash[options.SETTINGS] = options.read_settings(config)
    if settings.part is not None or settings.batch == "collect":
        from pytest_claude.plugin.scale.children import be_quiet, end_with_parent

        be_quiet(config)
        if not hasattr(config, "workerinput"):
            end_with_parent()
    if settings.batch != "off" and not settings.candidates:
        _begin_batch(config, settings)
    if settings.gated and config.pluginmanager.has_plugin("lfplugin-collwrapper"):
        # With it `--lf` hides tests from the collection: a gate could not tell what it left out.
        config.pluginmanager.unregister(name="lfplugin-collwrapper")
    if settings.gated:
        config.pluginmanager.register(_Uncollected(), "pytest-claude-uncollected")
    watched = options.IMPORT_WATCH in config.stash or settings.guard != "session"
    if not (watched or settings.recording) and settings.cassette_root.is_dir():
        from pytest_claude.recording.doors.import_watch import ImportWatch

        config.stash[options.IMPORT_WATCH] = ImportWatch()
    if distributes and settings.batch != "collect" and not settings.candidates:
        # The workers collect; what they find wrong must be reported here.
        from pytest_claude.errors import SettingsError
        from pytest_claude.places import places_of
        from pytest_claude.plugin.gate.comparison import gated_run
        from pytest_claude.plugin.results import hear_results

        try:
            if settings.recording:
                from pytest_claude.plugin.scale.limits import share_limits

                share_limits(config)
            gated = gated_run(config, settings, places_of(settings))
        except SettingsError as error:
            raise options.usage_error(error) from None
        hear_results(config, settings, gated)


def _begin_batch(config: pytest.Config, settings: Any) -> None:
    """Begin what `--claude-batch` needs in this process."""
    from pytest_claude.errors import SettingsError

    alone = settings.batch == "collect" or hasattr(config, "workerinput")
    if not (alone or config.option.collectonly):
        from pytest_claude.plugin.scale.rounds import Rounds

        try:
            config.pluginmanager.register(Rounds(config, settings), "pytest-claude-batch")
        except SettingsError as error:
            raise options.usage_error(error) from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("claude_cases") is not None:
        from pytest_claude.plugin.cases import parametrize

        parametrize(metafunc)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pycollect_makeitem() -> Generator[None, object, object]:
    made = yield
    if isinstance(made, list) and made and isinstance(made[0], pytest.Item):
        if made[0].get_closest_marker("claude_cases") is not None:
            from pytest_claude.plugin.cases import count_cases

            count_cases(made)
    return made


class _Uncollected:
    """Notes the modules that skip themselves or fail: pytest collects no test of theirs."""

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if report.skipped or report.failed:
            key = options.LEFT_OUT if report.skipped else options.UNCOLLECTED
            collector.config.stash.setdefault(key, []).append(report.nodeid)
        return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    ours = [item for item in items if markers.is_claude_test(item)]
    for item in ours:
        if item.get_closest_marker("claude") is None:
            item.add_marker("claude")
    yield
    ids = {id(item) for item in ours}
    selected = [item for item in items if id(item) in ids]
    settings = config.stash.get(options.SETTINGS, None)
    if selected and settings is None:
        settings = config.stash[options.SETTINGS] = options.read_settings(config)
    if settings is not None and (selected or settings.bump):
        from pytest_claude.plugin import collection

        collection.take(config, items, ours, selected)
    _stop_watching(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    options.count_session(-1)
    if config.getini("claude_dummy_key") == "session":
        from pytest_claude.plugin import dummy_key

        dummy_key.take_back()
    _stop_watching(config)


def _stop_watching(config: pytest.Config) -> None:
    if (watch := config.stash.get(options.IMPORT_WATCH, None)) is not None:
        watch.stop()


def _distributes(config: pytest.Config) -> bool:
    option = config.option
    return not hasattr(config, "workerinput") and bool(
        getattr(option, "numprocesses", None) or getattr(option, "tx", None)
    )
