"""Recordings of other libraries become interactions, or one sentence on why they can't."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

from pytest_claude.errors import UnreadableCassette
from pytest_claude.recording.readers import READERS, packed, read_text
from pytest_claude.transcript.interaction import Interaction, Request, Response
from pytest_claude.transcript.parse import parse_answer

URL = "https://api.anthropic.com/v1/messages"

VCRPY = f"""
interactions:
- request:
    body: '{{"model": "m"}}'
    headers:
      Content-Type: [application/json]
      Content-Length: ['14']
    method: POST
    uri: {URL}
  response:
    body:
      string: '{{"id": "msg_é"}}'
    headers:
      Request-Id: [req_1, req_2]
      Content-Encoding: [gzip]
    status: {{code: 200, message: OK}}
version: 1
"""
GO_VCR = f"""
version: 2
interactions:
- id: 0
  request:
    body: '{{"model": "m"}}'
    headers:
      Content-Type: [application/json]
    url: {URL}
    method: POST
  response:
    body: '{{"id": "msg_é"}}'
    headers:
      Request-Id: [req_1]
    status: 200 OK
    code: 200
    duration: 1.5s
"""
RUBY_VCR = f"""
http_interactions:
- request:
    method: post
    uri: {URL}
    body:
      encoding: UTF-8
      string: '{{"model": "m"}}'
    headers:
      Content-Type: [application/json]
  response:
    status: {{code: 200, message: OK}}
    headers:
      Request-Id: [req_1]
    body:
      encoding: ASCII-8BIT
      string: !binary |-
        {base64.b64encode('{"id": "msg_é"}'.encode()).decode()}
  recorded_at: Thu, 01 Jan 2026 00:00:00 GMT
recorded_with: VCR 6.3.1
"""
R_VCR = f"""
http_interactions:
- request:
    method: POST
    uri: {URL}
    body:
      string: '{{"model": "m"}}'
    headers:
      Content-Type: application/json
  response:
    status: 200
    headers:
      request-id: req_1
    body:
      string: '{{"id": "msg_é"}}'
  recorded_at: 2026-01-01 00:00:00
recorded_with: VCR-vcr/2.0.0
"""
FILES = {
    "vcrpy": (VCRPY, "vcrpy"),
    "go-vcr": (GO_VCR, "go-vcr"),
    "Ruby's vcr": (RUBY_VCR, "ruby-vcr"),
    "R's vcr": (R_VCR, "ruby-vcr"),
}


@pytest.mark.parametrize(("text", "written_as"), FILES.values(), ids=FILES)
def test_every_format_gives_the_same_interaction(text: str, written_as: str) -> None:
    sent = Request("POST", URL, b'{"model": "m"}', {"content-type": "application/json"})
    reply = Response(200, '{"id": "msg_é"}'.encode(), {"request-id": "req_1"})
    assert read_text(text, "x.yaml") == (written_as, [Interaction(sent, reply)])


def vcrpy(*, body: Any = "", string: Any = "{}", **changes: Any) -> dict[str, Any]:
    request = {"method": "POST", "uri": URL, "headers": {}, "body": body}
    response = {"status": {"code": 200}, "headers": {}, "body": {"string": string}}
    entry: dict[str, dict[str, Any]] = {"request": request, "response": response, **changes}
    return {"interactions": [entry], "version": 1}


def go_vcr(request: dict[str, Any] | None = None, **response: Any) -> dict[str, Any]:
    """Two interactions, the second with changes."""
    entry: dict[str, dict[str, Any]] = {
        "request": {"method": "POST", "url": URL},
        "response": {"code": 200},
    }
    changed = {
        "request": {**entry["request"], **(request or {})},
        "response": {**entry["response"], **response},
    }
    return {"interactions": [entry, changed]}


def ruby_vcr(request: dict[str, Any] | None = None, **response: Any) -> dict[str, Any]:
    """Two interactions, the second with changes."""
    entry: dict[str, dict[str, Any]] = {
        "request": {"method": "POST", "uri": URL},
        "response": {"status": 200},
    }
    changed = {
        "request": {**entry["request"], **(request or {})},
        "response": {**entry["response"], **response},
    }
    return {"http_interactions": [entry, changed]}


def without(data: dict[str, Any], *path: str) -> dict[str, Any]:
    """`data` without one key of its last interaction."""
    *steps, last = path
    inner = next(value for value in data.values() if isinstance(value, list))[-1]
    for step in steps:
        inner = inner[step]
    del inner[last]
    return data


ZIPPED = base64.b64encode(gzip.compress(b'{"a": 1}')).decode()
BODIES = {
    "text": ('string: "{\\"a\\": 1}"', b'{"a": 1}'),
    "bytes": (f"string: !!binary {base64.b64encode(b'[1]').decode()}", b"[1]"),
    "bytes as Ruby tags them": (f"string: !binary {base64.b64encode(b'[1]').decode()}", b"[1]"),
    "gzip": (f"string: !!binary {ZIPPED}", b'{"a": 1}'),
    "nothing": ("string: ''", b""),
    "null": ("string: null", b""),
    "bytes that Ruby preserves": ("base64_string: 'WzFd\n\n '", b"[1]"),
    "gzip that Ruby preserves": (f"base64_string: {ZIPPED}", b'{"a": 1}'),
}


@pytest.mark.parametrize(("stored", "body"), BODIES.values(), ids=BODIES)
def test_bodies_become_plain_bytes(stored: str, body: bytes) -> None:
    text = (
        "http_interactions:\n- request: {method: post, uri: u}\n"
        f"  response:\n    status: 200\n    body:\n      {stored}\n"
    )
    assert read_text(text, "x")[1][0].response.body == body


def _encoded(encoding: str, body: bytes) -> str:
    return (
        f"http_interactions:\n- request: {{method: post, uri: u}}\n  response:\n    status: 200\n"
        f"    headers: {{Content-Encoding: [{encoding}]}}\n"
        f"    body:\n      string: !!binary {base64.b64encode(body).decode()}\n"
    )


_BARE = zlib.compressobj(wbits=-zlib.MAX_WBITS)


@pytest.mark.parametrize(
    ("encoding", "stored"),
    [
        ("deflate", zlib.compress(b'{"a": 1}')),
        ("deflate", _BARE.compress(b'{"a": 1}') + _BARE.flush()),
        ("deflate", b'{"a": 1}'),
        ("br", b'{"a": 1}'),
        ("gzip", b'{"a": 1}'),
    ],
)
def test_an_encoding_is_undone_or_was_already(encoding: str, stored: bytes) -> None:
    _, interactions = read_text(_encoded(encoding, stored), "x")
    assert interactions[0].response.body == b'{"a": 1}'


BROTLI = bytes.fromhex("8b03807b2261223a20317d03")
ZSTANDARD = bytes.fromhex("28b52ffd2008410000") + b'{"a": 1}'


@pytest.mark.parametrize(
    ("encoding", "body", "library"),
    [("br", BROTLI, "brotli"), ("zstd", ZSTANDARD, "zstandard"), ("", ZSTANDARD, "zstandard")],
)
def test_other_encodings_are_undone_where_their_library_is_installed(
    monkeypatch: pytest.MonkeyPatch, encoding: str, body: bytes, library: str
) -> None:
    pytest.importorskip(library)
    text = _encoded(encoding, body)
    assert read_text(text, "x")[1][0].response.body == b'{"a": 1}'
    damaged = _encoded(encoding, body[:-2])
    with pytest.raises(UnreadableCassette, match="is damaged: "):
        read_text(damaged, "x")

    def not_installed(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(packed.importlib, "import_module", not_installed)
    told = rf"a body is packed with `\w+`: pip install {library} to read it \(interaction 1\)"
    with pytest.raises(UnreadableCassette, match=told):
        read_text(text, "x")


def test_only_headers_that_fit_the_decoded_body_stay() -> None:
    headers = {
        "Content-Encoding": ["gzip"],
        "Content-Length": "9",
        "Content-Type": ["a", "b"],
        "X-One": 1,
    }
    text = json.dumps(ruby_vcr(headers=headers))
    assert read_text(text, "x")[1][1].response.headers == {"content-type": "a", "x-one": "1"}


def test_json_and_yaml_are_both_read() -> None:
    text = json.dumps(go_vcr())
    assert read_text(text, "x") == read_text(f"# a comment\n{text}", "x")


def test_a_recording_without_interactions_is_read() -> None:
    assert read_text("interactions: []\nversion: 1\n", "x") == ("vcrpy", [])
    assert read_text("http_interactions: []\n", "x") == ("ruby-vcr", [])


UNREADABLE: dict[str, tuple[Any, str]] = {
    "nothing": ("# a comment\n", "is no recording of a known format (nothing)"),
    "a list": ([1], "is no recording of a known format (a list)"),
    "some other mapping": (
        {"a": 1, "b": 2},
        "is no recording of a known format (a mapping with a, b)",
    ),
    "no YAML": ("a: [1\nb: 2\n", "is no YAML at line 2: did not find expected ',' or ']'"),
    "a control character": ("a: \x00", "is no YAML: unacceptable character #x0000: *"),
    "a date that does not exist": ("a: 2026-99-99\n", "is no YAML: month must be in 1..12"),
    "a tag of Python": (
        "a: !!python/name:os.system",
        "is no YAML at line 1: could not determine *",
    ),
    "broken base64": ("a: !binary x", "is no YAML at line 1: failed to decode base64 data: *"),
    "JSON without end": (
        '{"a": ' + "[" * 100_000,
        "is no JSON: maximum recursion depth exceeded *",
    ),
    "vcrpy: no response": (
        without(vcrpy(), "response"),
        "is broken: interaction 1 has no response",
    ),
    "vcrpy: no uri": (
        without(vcrpy(), "request", "uri"),
        "is broken: interaction 1: its request has no uri",
    ),
    "vcrpy: no body": (
        vcrpy(response={"status": {"code": 200}}),
        "is broken: interaction 1: its response has no body.string",
    ),
    "vcrpy: a status as text": (
        vcrpy(response={"status": {"code": "200"}, "body": {"string": ""}}),
        "is broken: interaction 1: its response has no status.code, a number",
    ),
    "vcrpy: a body that is a list": (
        vcrpy(body=["a"]),
        "is broken: a body is a list, not text (interaction 1)",
    ),
    "vcrpy: no interaction": (
        {"interactions": [None]},
        "is broken: interaction 1 has no request",
    ),
    "go-vcr: no code": (
        without(go_vcr(), "response", "code"),
        "lacks the key 'code' (interaction 2)",
    ),
    "go-vcr: no request": (without(go_vcr(), "request"), "lacks the key 'request' (interaction 2)"),
    "go-vcr: a code as text": (
        go_vcr(code="200"),
        "is broken: its status is '200' (interaction 2)",
    ),
    "go-vcr: no url": (go_vcr({"url": None}), "is broken: its URL is None (interaction 2)"),
    "go-vcr: a body that is a list": (
        go_vcr(body=[1]),
        "is broken: a body is a list, not text (interaction 2)",
    ),
    "go-vcr: no interaction": (
        {"interactions": [*go_vcr()["interactions"], None]},
        "is broken: 'NoneType' object is not subscriptable (interaction 3)",
    ),
    "ruby-vcr: no status": (
        without(ruby_vcr(), "response", "status"),
        "lacks the key 'status' (interaction 2)",
    ),
    "ruby-vcr: an empty status": (
        ruby_vcr(status={}),
        "lacks the key 'code' (interaction 2)",
    ),
    "ruby-vcr: no uri": (ruby_vcr({"uri": 5}), "is broken: its URL is 5 (interaction 2)"),
    "ruby-vcr: broken base64": (
        ruby_vcr(body={"base64_string": "x"}),
        "is broken: Invalid base64-encoded string: * (interaction 2)",
    ),
    "ruby-vcr: a body of another kind": (
        ruby_vcr(body=5),
        "is broken: a body is a int, not text (interaction 2)",
    ),
}


@pytest.mark.parametrize(("data", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_told_in_one_sentence(data: Any, reason: str) -> None:
    text = data if isinstance(data, str) else json.dumps(data)
    with pytest.raises(UnreadableCassette) as caught:
        read_text(text, "cassettes/x.yaml")
    assert caught.value.path == "cassettes/x.yaml"
    before, _, after = reason.partition("*")
    assert caught.value.reason.startswith(before)
    assert caught.value.reason.endswith(after)
    assert "*" in reason or caught.value.reason == reason
    assert "\n" not in caught.value.reason


@pytest.mark.parametrize("kept", [2, 12, -8, -1], ids=lambda n: f"{n} bytes")
def test_a_gzip_body_that_was_cut_is_told(kept: int) -> None:
    cut = base64.b64encode(gzip.compress(b"{}" * 500)[:kept]).decode()
    data = ruby_vcr(body={"base64_string": cut})
    with pytest.raises(UnreadableCassette, match=r"a gzip body is damaged: .* \(interaction 2\)$"):
        read_text(json.dumps(data), "x")


@pytest.mark.parametrize("url", ["", "http://[x/v1/messages", "None"])
def test_an_odd_url_is_no_call_of_the_api(url: str) -> None:
    _, found = read_text(json.dumps(go_vcr({"url": url})), "x")
    assert parse_answer(found[1]) is None


def test_vcr_is_imported_only_for_its_own_files() -> None:
    # Importing it costs more than reading most files.
    script = (
        "import sys, json; from pytest_claude.recording.readers import read_text;"
        f"read_text({json.dumps(go_vcr())!r}, 'x'); assert 'vcr' not in sys.modules;"
        f"read_text({json.dumps(vcrpy())!r}, 'x'); assert 'vcr' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: str(reader.FORMAT))
@pytest.mark.parametrize("data", [None, [], "text", 5, {}, {"interactions": None}])
def test_a_reader_claims_nothing_strange(reader: Any, data: Any) -> None:
    assert reader.claims(data) is False


HOSTILE = {
    "alias bomb": (
        "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\ninteractions: [*c]\n",
        "x: holds an alias inside an anchor at line 2",
    ),
    "deep nesting": ("[" * 150, "x: is nested deeper than 100 levels"),
    "deep mappings": (
        "".join(f"{' ' * n}a:\n" for n in range(200)),
        "x: is nested deeper than 100 levels",
    ),
    "the same key twice": (
        "interactions:\n- request: {}\n  response: {}\n  response: {}\n",
        "x: holds the key 'response' twice at line 4",
    ),
    "a Python tag": (
        "interactions: !!python/object/apply:os.getcwd []\n",
        "x: is no YAML at line 1: could not determine a constructor for the tag "
        "'tag:yaml.org,2002:python/object/apply:os.getcwd'",
    ),
}


@pytest.mark.parametrize(("text", "message"), HOSTILE.values(), ids=HOSTILE)
@pytest.mark.fault("C13", "C14")
def test_a_hostile_file_is_refused(text: str, message: str) -> None:
    with pytest.raises(UnreadableCassette) as raised:
        read_text(text, "x")
    assert str(raised.value) == message


def test_nesting_that_would_end_the_process_is_refused() -> None:
    # By us or, since 6.0.4, by PyYAML; before, libyaml overflowed the stack.
    with pytest.raises(UnreadableCassette, match=r"nest|recursion"):
        read_text("[" * 30_000, "x")


def test_an_anchor_that_pyyaml_writes_itself_is_read() -> None:
    text = """
interactions:
- request: {method: GET, uri: 'https://x/', body: null, headers: &id001 {accept: [a]}}
  response: {status: {code: 200, message: OK}, headers: *id001, body: {string: x}}
"""
    assert read_text(text, "x")[1][0].response.headers == {"accept": "a"}


def test_a_har_of_polly_is_read() -> None:
    sent = {"method": "POST", "url": "https://api.anthropic.com/v1/messages",
            "headers": [{"name": "Accept", "value": "a"}], "postData": {"text": "{}"}}  # fmt: skip
    content = {"text": base64.b64encode(b"\xff").decode(), "encoding": "base64"}
    entry = {"request": sent, "response": {"status": 200, "headers": [], "content": content}}
    written_as, [found] = read_text(json.dumps({"log": {"entries": [entry]}}), "x")
    assert (written_as, found.response.body) == ("HAR", b"\xff")
    assert found.request.headers == {"accept": "a"}


def test_bodies_that_pydantic_ai_parsed_are_bodies() -> None:
    text = """
interactions:
- request: {method: POST, uri: 'https://x/v1/messages', headers: {}, parsed_body: {a: [1, é]}}
  response: {status: {code: 200}, headers: {}, parsed_body: {when: 2026-11-24}}
- request: {method: GET, uri: 'https://x/', headers: {}, body: ''}
  response: {status: {code: 200}, headers: {}, body: {string: x}}
"""
    written_as, found = read_text(text, "x")
    assert written_as == "pydantic-ai"
    assert found[0].request.json() == {"a": [1, "é"]}
    assert found[0].response.json() == {"when": "2026-11-24"}
    assert found[1].response.body == b"x"


def test_langchains_lists_are_read() -> None:
    text = """
requests:
- {method: POST, uri: 'https://x/', headers: {}, body: a}
responses:
- {status: {code: 200, message: OK}, headers: {}, body: {string: b}}
"""
    written_as, [found] = read_text(text, "x")
    assert (written_as, found.request.body, found.response.body) == (
        "vcrpy, split lists", b"a", b"b",
    )  # fmt: skip


SENT = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\n\r\n{}"
RECEIVED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\xc3\xa9\r\n1\r\n!\r\n0\r\n\r\n"
)


def httprr_trace() -> str:
    counts = f"{len(SENT)} {len(RECEIVED)}\n".encode()
    return (b"httprr trace v1\n" + counts + SENT + RECEIVED).decode()


def test_a_trace_of_httprr_is_read() -> None:
    written_as, [found] = read_text(httprr_trace(), "x")
    assert (written_as, found.request.url) == ("httprr", "https://x/v1/messages")
    assert (found.response.status, found.response.body) == (200, "é!".encode())


def test_a_cut_trace_is_told() -> None:
    with pytest.raises(UnreadableCassette, match="x: is broken: interaction 1 is cut"):
        read_text(httprr_trace()[:-3], "x")


def test_a_gzipped_file_is_read_and_a_cut_one_told(tmp_path: Path) -> None:
    from pytest_claude.recording.cassette import read_recording

    path = tmp_path / "x.yaml.gz"
    path.write_bytes(gzip.compress(json.dumps(vcrpy()).encode()))
    assert read_recording(path, "x")[0] == "vcrpy"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UnreadableCassette, match="x: is a damaged gzip file: "):
        read_recording(path, "x")


def test_a_third_party_adds_a_format(monkeypatch: pytest.MonkeyPatch) -> None:
    import pytest_claude
    from pytest_claude.recording import readers

    class Mine:
        FORMAT = "mine"

        def claims(self, data: Any) -> bool:
            return isinstance(data, dict) and "mine" in data

        def read(self, data: Any) -> list[Interaction]:
            return []

    monkeypatch.setattr(readers, "READERS", list(readers.READERS))
    pytest_claude.register_reader(Mine())
    assert read_text("mine: 1", "x") == ("mine", [])
