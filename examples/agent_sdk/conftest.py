import pytest


@pytest.fixture(autouse=True)
def agent(claude_server, monkeypatch, tmp_path):
    """The program that the SDK starts asks `claude_server` alone, in an empty folder."""
    for name, value in claude_server.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
