"""Credentials by their field and by their public shape.

They are put together here, so that no host of repositories takes this file for a leak.
"""

from __future__ import annotations

import base64
import gc
import json
import re
import time
import weakref
from collections.abc import Callable
from functools import partial
from urllib.parse import quote

import pytest
from credentials import CREDENTIALS as SIXTY
from credentials import Credential, traces

from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.finding import secrets_in
from pytest_claude.recording.header_secrets import credentials_in_headers, left_alone_in_headers
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.searching import Searched
from pytest_claude.recording.secrets import Secrets, left_alone
from pytest_claude.transcript.interaction import Interaction, Request, Response

HEX, MIXED = "0f9e8d7c6b5a4132", "aZ3bY4cX5dW6eV7f"
PARTS = (b'{"alg":"HS256"}', b'{"sub":"12345"}')
JWT = ".".join(
    [*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in PARTS), MIXED * 2]
)
PEM = f"-----BEGIN PRIVATE KEY-----\n{MIXED * 4}\n{MIXED * 4}\n-----END PRIVATE KEY-----"
quote_all = partial(quote, safe="")
CREDENTIALS = {
    "a Databricks token": "dapi" + HEX * 2,
    "a DigitalOcean token": "dop" + "_v1_" + HEX * 4,
    "a Linear key": "lin" + "_api_" + (MIXED * 3)[:40],
    "a Notion token": "ntn" + "_12345678901" + (MIXED * 3)[:35],
    "an npm token": "npm" + "_" + (MIXED * 3)[:36],
    "a Postman key": "PMAK" + "-" + (HEX * 2)[:24] + "-" + (HEX * 3)[:34],
    "a Pulumi token": "pul" + "-" + (HEX * 3)[:40],
    "a PyPI token": "pypi" + "-AgEIcHlwaS5vcmc" + MIXED * 4,
    "a JSON web token": JWT,
}


@pytest.mark.parametrize(("kind", "secret"), CREDENTIALS.items(), ids=list(CREDENTIALS))
def test_a_public_shape_is_redacted_wherever_it_is_text(kind: str, secret: str) -> None:
    for text in (secret, f"use {secret}, please", json.dumps(json.dumps({"k": f"\n{secret}"}))):
        (found,) = Secrets().find(text)
        assert (found.kind, text[found.start : found.end]) == (kind, secret)
        assert secret not in Secrets().redacted(text)


SHAPES = [credential for credential in SIXTY if credential.shown == "shape"]
IN_ONE_PLACE = {
    "prompt": lambda key: {"messages": [{"role": "user", "content": f"use {key}."}]},
    "system": lambda key: {"system": [{"type": "text", "text": f"({key})"}]},
    "tool result": lambda key: {"messages": [{"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": key}]}]}]},
    "tool definition": lambda key: {"tools": [{"name": "t", "description": f"with\n{key}\n"}]},
    "metadata": lambda key: {"metadata": {"user_id": f"user:{key}"}},
    "base64": lambda key: {"data": base64.b64encode(f"user:{key}".encode()).decode()},
    "JSON in JSON": lambda key: {"text": json.dumps({"a": json.dumps({"b": f'"{key}"'})})},
}  # fmt: skip


@pytest.mark.parametrize("place", IN_ONE_PLACE)
@pytest.mark.parametrize("key", SHAPES, ids=[f"{n} {key.kind}" for n, key in enumerate(SHAPES)])
@pytest.mark.fault("S02")
def test_a_shape_is_redacted_in_each_place_alone(key: Credential, place: str) -> None:
    body = json.dumps({"model": "m", **IN_ONE_PLACE[place](key.value)}).encode()
    request = Request("POST", f"https://api.test/v1/messages?a={key.value.split()[-1]}", body, {})
    stored = Redaction().request(request)
    assert json.loads(stored.body)["model"] == "m"
    text = stored.url + stored.body.decode()
    assert not [trace for trace in traces(key) if trace in text]


def mcp_request(token: str) -> Request:
    servers = [{"type": "url", "url": "https://mcp.test/sse", "authorization_token": token}]
    body = json.dumps({"model": "m", "messages": [], "mcp_servers": servers}).encode()
    return Request("POST", "https://api.anthropic.com/v1/messages", body, {})


@pytest.mark.parametrize(
    "token",
    ["plain-word", "of no shape at all", "0" * 40, 'with "quotes" in it', "and\\a backslash\\"],
)
def test_the_token_of_an_mcp_server_is_redacted_and_matched_whatever_it_is(token: str) -> None:
    redaction = Redaction()
    stored = redaction.request(mcp_request(token))
    servers = json.loads(stored.body)["mcp_servers"]
    assert servers[0]["authorization_token"] == "[redacted]"
    assert stored.body == redaction.request(mcp_request("another-token")).body
    assert redaction.request(stored).body == stored.body


def test_the_password_in_a_connection_string() -> None:
    password = "tr0ub4dor" + "-and-3"
    text = f"DSN=postgresql://app:{password}@db.test/app and postgres://app@db.test"
    assert Secrets().redacted(text) == (
        "DSN=postgresql://app:[redacted]@db.test/app and postgres://app@db.test"
    )


# --- what a value must be to be taken out of sentences ---------------------------------------

PLAIN = [
    "postgres", "acme-corporation", "12345678", "claude-sonnet-4-5-20250929", "<|endoftext|>",
    "/home/ada/.ssh/id_ed25519", "https://shop.test/orders/v2", "2026-11-30T08:57:31.123Z",
    "SupportBotProduction", "your-token-of-32-signs", "changeme", "eu-west-1", "gpt-4o-mini",
]  # fmt: skip
RANDOM = [MIXED, HEX, "tr0ub4dor" + "-and-3", "A1B2C-D3E4F-G5H6I", "qWmZkPxLrTyUiOpAsDfGhJkLz"]


@pytest.mark.parametrize(
    "name", ["APP_TOKEN", "APP_MODEL_KEY", "sentry_dsn", "X_SECRET", "PGPASSWORD"]
)
@pytest.mark.parametrize("value", RANDOM)
def test_a_variable_with_the_name_of_a_credential_is_one(name: str, value: str) -> None:
    secrets = Secrets.of_environment({name: value})
    assert secrets.redacted(f"use {value}, please") == "use [redacted], please"


@pytest.mark.parametrize("name", ["APP_TOKEN", "APP_MODEL_KEY", "SENTRY_DSN"])
@pytest.mark.parametrize("value", PLAIN)
def test_a_variable_whose_value_reads_like_text_eats_no_prompt(name: str, value: str) -> None:
    assert Secrets.of_environment({name: value}) == Secrets()
    assert list(left_alone({name: value})) == [name]


def test_the_password_in_the_url_of_a_variable_is_a_secret_by_itself_too() -> None:
    url = f"postgresql://app:{MIXED}@db.test/shop"
    secrets = Secrets.of_environment({"DATABASE_URL": url, "HTTP_PROXY": "http://proxy.test:3128"})
    assert secrets.redacted(f"psql -h db.test, then {MIXED}") == "psql -h db.test, then [redacted]"
    assert secrets.redacted("http://proxy.test:3128") == "http://proxy.test:3128"


@pytest.mark.parametrize("value", ["postgres", "12345678", "/run/secrets/db", "changeme"])
def test_a_weak_password_eats_no_prompt_and_is_named(value: str) -> None:
    assert Secrets.of_environment({"DB_PASSWORD": value}) == Secrets()
    assert list(left_alone({"DB_PASSWORD": value})) == ["DB_PASSWORD"]


@pytest.mark.parametrize("value", ["correct horse battery", "postgres123", "P@ssw0rd!"])
def test_a_password_need_not_be_random(value: str) -> None:
    secrets = Secrets.of_environment({"DB_PASSWORD": value})
    assert secrets.redacted(f"<{value}>") == "<[redacted]>"


# --- by their place --------------------------------------------------------------------------

IN_URLS = {
    "S3": f"https://b.s3.test/k?X-Amz-Date=20261130T085731Z&X-Amz-Signature={HEX * 4}",
    "Google": f"https://storage.test/b/o?X-Goog-Expires=900&X-Goog-Signature={HEX * 4}",
    "Azure": f"https://a.blob.test/c?sv=2026-01-01&sig={MIXED}%2B{MIXED}%3D",
    "token": f"https://mcp.test/sse?token={MIXED}",
    "in HTML": f"https://cdn.test/f?a=1&amp;Signature={MIXED}~&amp;Key-Pair-Id=K2",
    "in a URL": f"https://x.test/?to=https%3A%2F%2Fb.test%3FX-Amz-Signature%3D{HEX * 4}%26a%3D1",
    "in Go's JSON": f"https://cdn.test/f?a=1\\u0026access_token={MIXED}",
    "password": f"https://ada:{MIXED}@git.test/repo.git",
    "token before the host": f"https://{MIXED}@git.test/repo.git",
    "database": "clickhouse+native://app:password@db.test:9000/shop",
}


@pytest.mark.parametrize("url", IN_URLS.values(), ids=list(IN_URLS))
def test_the_credential_in_a_url(url: str) -> None:
    after = Secrets().redacted(f"see {url} and go on")
    assert "[redacted]" in after
    assert not any(part in after for part in (MIXED, HEX, ":password@"))
    assert after.startswith(f"see {url[:8]}")
    assert after.endswith(" and go on")


@pytest.mark.parametrize(
    "url",
    ["https://user:password@example.com", "https://x.test/a?token=your-token-goes-here",
     "https://x.test/?page_token=" + MIXED, "https://x.test/?key=value&sig=none",
     "https://x.test/@ada", "git://git.test:9418/repo", "https://{user}:{password}@{host}/{db}"],
)  # fmt: skip
def test_a_url_without_a_credential_stays(url: str) -> None:
    assert Secrets().find(f"see {url}") == []


FIELDS = [
    "authorization_token", "client_secret", "access_token", "refresh_token", "secret_value",
    "SecretAccessKey", "openaiApiKey", "db_password", "private_key", "auth_token", "bearer_token",
    "passwd", "x-api-key", "api-key", "authToken", "clientSecret", "accessToken", "sessionToken",
    "dbPassword", "PrivateKey", "STRIPE_SECRET", "SHOP_API_KEY", "API_TOKEN", "passphrase",
]  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("depth", range(4))
def test_a_field_is_redacted_whole_at_every_depth_of_json(name: str, depth: int) -> None:
    secret = f'{MIXED} "and"\\ more\\\\'
    text = json.dumps({"a": 1, name: secret, "b": [2]})
    for _ in range(depth):
        text = json.dumps({"text": text})
    value = json.loads(Secrets().redacted(text))
    for _ in range(depth):
        value = json.loads(value["text"])
    assert value == {"a": 1, name: "[redacted]", "b": [2]}


def test_the_token_of_a_vault_is_redacted_whatever_it_is() -> None:
    auth = {"token": "plain-word", "type": "static_bearer", "mcp_server_url": "https://mcp.test"}
    assert json.loads(Secrets().redacted(json.dumps(auth))) == {**auth, "token": "[redacted]"}
    assert Secrets().find(json.dumps({"token": MIXED, "type": "page"})) == []


@pytest.mark.parametrize(
    "text",
    [f'curl -H "Authorization: Bearer {MIXED}" https://x.test', f"authorization: {MIXED}",
     json.dumps(json.dumps({"Authorization": f"Basic {MIXED}"})), f"Bearer {MIXED}",
     f"X-Api-Key: {MIXED}", f"curl -H 'PRIVATE-TOKEN: {MIXED}' x", f"X-Auth-Token:{MIXED}\n",
     json.dumps(f"{{'x-api-key': '{MIXED}'}}"), f"shop --api-key={MIXED}",
     f"Private-Token: {MIXED}"],
)  # fmt: skip
def test_a_header_that_is_written_in_a_text(text: str) -> None:
    assert Secrets().redacted(text) == text.replace(MIXED, "[redacted]")
    assert Secrets().find(text.replace(MIXED, "$TOKEN_OF_THE_SHOP")) == []


def test_what_a_field_shows_to_be_a_secret_is_one_elsewhere_too() -> None:
    secret = f'{MIXED}"{HEX}'
    text = json.dumps({"said": f"I use {secret} here", "client_secret": secret})
    code = base64.b64encode(f"ada:{secret}".encode()).decode()
    after = Secrets().redacted(f"{text} Basic {code} {json.dumps(text)}")
    assert after.count("[redacted]") == 5
    assert MIXED not in after


def test_a_field_whose_value_reads_like_text_is_no_secret_elsewhere() -> None:
    text = json.dumps({"authorization_token": "plain-word", "said": "it is a plain-word"})
    assert Secrets().redacted(text) == text.replace('"plain-word"', '"[redacted]"')
    for documented in ("string", "your-access-token", "<token>", "ACCESS_TOKEN"):
        assert Secrets().find(json.dumps({"access_token": documented})) == []


def test_the_secret_beside_an_aws_key_id() -> None:
    secret = (MIXED * 3)[:38] + "/+"
    for text in (f"AKIA{'Q7' * 8}\\n{secret}", f'{{"SecretAccessKey": "{secret}"}}'):
        assert secret not in Secrets().redacted(text)


def test_a_variable_that_is_set_in_a_text() -> None:
    text = f"cat .env: STRIPE_WEBHOOK_SECRET={MIXED} DB_PASSWORD=postgres MODEL_KEY=claude-haiku-4"
    assert Secrets().redacted(text) == text.replace(MIXED, "[redacted]")


@pytest.mark.parametrize(
    "before", ["host=db user=shop password=", "connect(passwd='", "[db]\npassword=", "db.password="]
)
def test_a_password_that_is_set_in_a_text(before: str) -> None:
    assert Secrets().redacted(f"{before}{MIXED[:8]}") == f"{before}[redacted]"
    for plain in ("postgres", "args.password", "get_password()", "$DB_PASSWORD", "%s"):
        assert Secrets().find(before + plain) == []


ASSIGNED = [
    "db:\n  password: {}\n  host: db.test", "password: '{}'", "  db_password : {}",
    "{{user: ada, password: {}, host: db}}", "apiKey: {},", "DB_PASSWORD = \"{}\"",
    "api_key='{}'", "{{'auth_token': '{}'}}", "mysql --password {} shop", "x --api-key '{}'",
    "shop login --db-password \"{}\" --user ada", "client_secret = {}", "API_TOKEN: {}",
]  # fmt: skip


@pytest.mark.parametrize("text", ASSIGNED)
def test_a_credential_that_is_set_by_name(text: str) -> None:
    after = "[redacted]"
    for value in (MIXED[:8], MIXED * 99, f"{MIXED[:9]}!{MIXED[9:]}"):
        for write in (str, json.dumps, lambda whole: json.dumps(json.dumps({"a": whole}))):
            assert Secrets().redacted(write(text.format(value))) == write(text.format(after))
            assert Secrets().redacted(write(text.format(after))) == write(text.format(after))
    for plain in ("postgres", "args.password", "os.environ", "Optional[str]", "$DB_PASSWORD"):
        assert Secrets().find(text.format(plain)) == []


@pytest.mark.parametrize(
    "text",
    [f"the password is {MIXED}", f"sort_key: {MIXED}", f"monkey: {MIXED}", f"tokens: {MIXED}",
     f"--token-file {MIXED}", f"page_token: {MIXED}", f"secret: {MIXED}", f'"pin": "{MIXED}"'],
)  # fmt: skip
def test_what_is_set_under_another_name_is_no_secret(text: str) -> None:
    assert Secrets().find(text) == []


# Keys of sorting, pages and issues, and names of objects that hold a secret.
@pytest.mark.parametrize(
    "name",
    ["ISSUE_KEY", "SORT_KEY", "PRIMARY_KEY", "CACHE_KEY", "S3_KEY", "ROUTING_KEY", "NEXT_TOKEN",
     "MONKEY", "MAX_TOKEN", "existingSecret", "imagePullSecret", "tokenSecret"],
)  # fmt: skip
@pytest.mark.fault("S05")
def test_what_is_set_under_a_name_of_other_things_is_no_secret(name: str) -> None:
    for value in (MIXED, f"uploads/{MIXED}/file.pdf"):
        for text in (f"{name}: {value}", f"{name} = {value}", f"{name}: '{value}'"):
            for written in (text, json.dumps({"text": f"a\n{text}\nb"}), json.dumps({name: value})):
                assert Secrets().find(written) == []


@pytest.mark.parametrize(
    "value",
    [f"process.env.{MIXED}", f"ENC[AES256_GCM,data:{MIXED}]", f"vault:{MIXED}", f"${{{MIXED}}}",
     f"op://{MIXED}"],
)  # fmt: skip
@pytest.mark.parametrize("before", ["password: {}", "apiKey: '{}'", 'DB_PASSWORD="{}"'])
def test_a_value_that_says_where_the_credential_is_stays(before: str, value: str) -> None:
    text = before.format(value)
    for written in (text, json.dumps({"text": text})):
        assert Secrets().find(written) == []
    assert Secrets().find(f"password: !Ref_{MIXED}") == []


@pytest.mark.parametrize("sign", list("$&({<;|)}>"))
@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.fault("S05")
def test_a_password_in_quotes_goes_to_the_closing_one(quote: str, sign: str) -> None:
    for before in ("DB_PASSWORD: ", "DB_PASSWORD=", "password = ", "mysql --password "):
        for value in (f"{MIXED}{sign}8pLr4", f"Xk9{sign}vT2mQ8pL4w"):
            text = f"{before}{quote}{value}{quote}, {{'a': \"{sign}\"}}"
            after = text.replace(value, "[redacted]")
            for write in (str, json.dumps, lambda whole: json.dumps(json.dumps({"a": whole}))):
                assert Secrets().redacted(write(text)) == write(after)
    unclosed = {"a": f"password: '{MIXED}", "b": "it's"}
    after = {**unclosed, "a": "password: '[redacted]"}
    for separators in ((",", ":"), (", ", ": ")):
        text = json.dumps(unclosed, separators=separators)
        assert Secrets().redacted(text) == json.dumps(after, separators=separators)


@pytest.mark.parametrize("quote", ["", "'", '"'])
@pytest.mark.parametrize("end", ["KEY", "TOKEN", "SECRET", "PASSWORD"])
def test_a_variable_of_any_length_is_found_in_quotes_too(end: str, quote: str) -> None:
    for length in range(len(end), 31):
        name = ("SHOP_" * 6 + end)[-length:]
        for value in (MIXED[:8], MIXED, f"{MIXED[:9]}!{MIXED[9:]}"):
            after = Secrets().redacted(f"export {name}={quote}{value}{quote} and go on")
            assert after == f"export {name}={quote}[redacted]{quote} and go on"


@pytest.mark.parametrize("name", ["key", "sig", "pwd", "auth", "token", "api_key", "password"])
def test_a_short_credential_in_a_short_url(name: str) -> None:
    for value in (MIXED[:8], MIXED[:4] + "!" + MIXED[4:8]):
        assert Secrets().redacted(f"GET x?{name}={value} now") == f"GET x?{name}=[redacted] now"


@pytest.mark.parametrize("before", ["", ":", "a:", "user:", "x " * 2500])
@pytest.mark.fault("S05")
def test_every_shape_is_found_in_base64(before: str) -> None:
    for kind, secret in CREDENTIALS.items():
        code = base64.b64encode(f"{before}{secret}\n".encode()).decode()
        (found,) = Secrets().find(json.dumps({"data": code}))
        assert found.kind == f"{kind} in base64"
        assert len(secret) < found.end - found.start < len(secret) * 1.5


def escaped(text: str) -> str:
    return "".join(sign if sign.isalnum() else f"%{ord(sign):02x}" for sign in text)


@pytest.mark.parametrize("write", [quote_all, escaped, quote], ids=["all", "all signs", "as usual"])
@pytest.mark.fault("S05")
def test_a_credential_in_the_escapes_of_a_url(write: Callable[[str], str]) -> None:
    database = f"postgresql://app:{MIXED}!@db.test/shop"
    code = base64.b64encode(f"ada:{JWT}>>>".encode()).decode()
    for secret in (JWT, *CREDENTIALS.values(), PEM, f"ada:{MIXED} {database}", code):
        url = f"https://x.test/a?b=%20{write(secret)}&c=1"
        after = Secrets().redacted(f"see {url} and {MIXED}! go on")
        assert after.startswith("see https://x.test/a?b=%20"), secret
        assert "[redacted]" in after
        elsewhere = "[redacted]" if database in secret else f"{MIXED}!"
        assert after.endswith(f"&c=1 and {elsewhere} go on")
        assert secret[-20:] not in after


LONG = base64.b64encode(bytes(range(256))).decode()


@pytest.mark.parametrize("width", [64, 76])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n  "])
@pytest.mark.fault("S05")
def test_a_credential_in_base64_of_several_lines(width: int, end: str) -> None:
    key = "sk-" + "ant-api03-" + MIXED * 6
    for before in ("", "a", "ab", "x " * 100):
        code = base64.b64encode(f"{before}{key} and so on, without anything".encode()).decode()
        lines = end.join(code[at : at + width] for at in range(0, len(code), width))
        text = f"It is\n{lines}\n"
        for written in (lines, json.dumps({"a": text}), json.dumps(json.dumps([text]))):
            (found,) = Secrets().find(written)
            assert found.kind == "an Anthropic key in base64"
            gone = re.sub(r"\s|\\+[rn]", "", written[found.start : found.end])
            assert gone in code
            assert key in base64.b64decode(f"{'A' * (code.index(gone) % 4)}{gone}===").decode(
                "latin-1"
            )
            assert len(gone) < len(key) * 1.5
    harmless = end.join(LONG[at : at + width] for at in range(0, len(LONG), width))
    assert Secrets().find(harmless) == []


@pytest.mark.parametrize("before", ["", ":", "a:", "user:"])
@pytest.mark.fault("S05")
def test_a_credential_in_base64_of_base64(before: str) -> None:
    secrets = Secrets.of_environment({"SHOP_API_KEY": "company-t0ken-of-1"})
    for key in (*CREDENTIALS.values(), "company-t0ken-of-1"):
        once = base64.b64encode(f"{before}{key}\n".encode()).decode()
        twice = base64.b64encode(f"Basic {once}".encode()).decode()
        (found,) = secrets.find(json.dumps({"data": twice}))
        assert len(key) < found.end - found.start < len(key) * 1.9 + 8


@pytest.mark.fault("S05")
def test_each_escaped_url_of_many_is_redacted_alone() -> None:
    """They are searched together; what begins in one never ends in another."""
    values = [f"{MIXED[:9]}{number}" for number in range(300)]
    links = [f"https://x.test/a%20b?x=1&sig{{}}{value}%2F&c=%2{number % 10}" for number, value in
             enumerate(values)]  # fmt: skip
    for sign in ("=", "%3D"):
        text = " and (ordinary text) ".join(link.format(sign) for link in links)
        after = re.sub(rf"(sig{sign})\w+%2F", r"\1[redacted]", text)
        assert Secrets().redacted(text) == after
    open_end = (
        f"https://x.test/?a=%7B%22password%22%3A%22{MIXED} some text /x%20yyyyyyyyyyyyyyyyy1 more"
    )
    after = open_end.replace(MIXED, "[redacted]")
    assert Secrets().redacted(open_end) == after
    nothing = f"https://x.test/?a=%7B%22secret_value%22%3A%22 some text /x%20{'y' * 20}1 more"
    assert Secrets().redacted(nothing) == nothing


MANY = [
    "https://x.test/a%20{0}?X-Amz-Signature={1}", "DB{0}_PASSWORD: {1}", "password%3D{1}",
]  # fmt: skip


@pytest.mark.parametrize("write", MANY)
def test_four_times_the_credentials_take_four_times_as_long(write: str) -> None:
    def seconds(count: int) -> float:
        text = "\n".join(write.format(n, f"{MIXED[:8]}{n}{MIXED[8:]}") for n in range(count))
        before = time.process_time()
        assert Secrets().redacted(text).count("[redacted]") == count
        return time.process_time() - before

    assert min(seconds(1600) for _ in range(2)) < 6 * min(seconds(400) for _ in range(3))


def test_a_text_of_many_escapes_is_searched_as_few_times_as_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[int] = []
    first = Searched.__init__

    def count(self: Searched, data: bytes) -> None:
        made.append(len(data))
        first(self, data)

    monkeypatch.setattr(Searched, "__init__", count)
    line = "GET /api/v1/items/{0}?q=a%20b%20c HTTP/1.1 200 key=val{0} password: hello world\n"
    for lines in (1, 1000):
        assert Secrets().find("".join(line.format(n) for n in range(lines))) == []
    half = len(made) // 2
    assert len(made[:half]) == len(made[half:]) <= 4


def test_what_was_searched_is_not_kept_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[weakref.ref[Searched]] = []

    def made(searched: Searched, data: bytes) -> None:
        searched.data = data
        kept.append(weakref.ref(searched))

    monkeypatch.setattr(Searched, "__init__", made)
    for number in range(4):
        request = mcp_request(f"{number}-{MIXED}")
        Redaction().request(request)
    gc.collect()
    assert len([ref for ref in kept if ref() is not None]) <= 2


# --- in headers that are not stored ----------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "value", "credentials"),
    [
        ("Authorization", f"Bearer {MIXED}", [MIXED]),
        ("X-Api-Key", "company-token-of-1", ["company-token-of-1"]),
        ("X-Shop-Gateway", MIXED, [MIXED]),
        ("Cookie", f"theme=dark; session={MIXED}; lang=en", [MIXED]),
        ("Proxy-Authorization", "Basic " + base64.b64encode(b"ada:open sesame").decode(),
         ["open sesame", base64.b64encode(b"ada:open sesame").decode()]),
        ("X-Context", json.dumps({"tenant": "acme", "id": MIXED}), [MIXED]),
        ("X-Tenant", "acme-corporation", []),
        ("X-Region", "eu-west-1", []),
        ("X-Stainless-Lang", MIXED, []),
        ("Idempotency-Key", MIXED, []),
        ("Authorization", f"AWS4-HMAC-SHA256 Credential=AKIA/x, Signature={HEX * 4}", []),
    ],
)  # fmt: skip
def test_what_a_header_that_is_not_stored_holds(
    header: str, value: str, credentials: list[str]
) -> None:
    assert [value for value, _ in credentials_in_headers([(header, value)])] == credentials


@pytest.mark.parametrize("code", ["ü", "a", "=", ""])
def test_basic_authorization_that_is_no_base64_raises_nothing(code: str) -> None:
    assert list(credentials_in_headers([("Authorization", f"Basic {code}")])) == []


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-Access-Token", "X-Forwarded-Authorization", "X-Datadog-Api-Key", "Sec-Api-Key",
     "Content-Key", "Accept-Token", "X-Stainless-Api-Key", "X-B3-Secret", "X-Forwarded-User"],
)  # fmt: skip
def test_a_header_is_harmless_by_its_whole_name(header: str) -> None:
    assert [value for value, _ in credentials_in_headers([(header, MIXED)])] == [MIXED]


@pytest.mark.parametrize(
    "header",
    ["Accept", "Accept-Encoding", "Content-Type", "Content-MD5", "Sec-Fetch-Site",
     "Sec-CH-UA-Platform", "Sec-WebSocket-Key", "X-B3-TraceId", "X-Datadog-Trace-Id",
     "X-Forwarded-For", "X-Forwarded-Host"],
)  # fmt: skip
def test_a_header_that_holds_an_id_of_the_request_is_no_credential(header: str) -> None:
    assert list(credentials_in_headers([(header, MIXED)])) == []


def test_a_header_whose_value_reads_like_text_is_named_where_that_recurs() -> None:
    headers = [("X-Tenant", "acme-corporation"), ("X-Plan", "gold-plan"), ("Accept", "text/plain")]
    told = list(left_alone_in_headers(headers, "We are acme-corporation and write text/plain."))
    assert told == [("x-tenant", "reads like words and numbers")]


def test_check_finds_what_another_tool_kept_of_headers() -> None:
    body = json.dumps({"model": "m", "system": f"use {MIXED}"}).encode()
    url = "https://api.anthropic.com/v1/messages"
    kept = Request("POST", url, body, {"X-Shop-Gateway": MIXED, "x-api-key": "a-key-for-our-tests"})
    entry = Recorded.of(Interaction(kept, Response(200, b"{}")))
    kind = "the value of the header x-shop-gateway"
    assert secrets_in([entry], Secrets()) == {kind: ", interaction 1"}
