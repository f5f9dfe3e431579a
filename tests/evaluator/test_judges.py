"""Hold what judges are asked, what they cost, which may be used, and how the endpoint answers."""

from pathlib import Path

import pytest

from evaluator.errors import InputError, JudgeError
from evaluator.judges import address, cost, records
from evaluator.judges.endpoint import KEY, EndpointJudge
from evaluator.judges.records import JudgeChoice, Price, Reply
from evaluator.judges.verdicts import Verdicts, collect
from evaluator.results import (
    JudgeUsed,
    Provenance,
    Timing,
    UnitResult,
    comparable,
    different_judges,
)
from evaluator.suites.definitions import Benchmark, load_suite
from tests.evaluator.judge_server import (
    QUICK,
    SECRET,
    Answer,
    Serve,
    completion,
    in_turn,
    judge,
)

# The endpoint -------------------------------------------------------------------------------------


def test_a_question_is_asked_as_the_protocol_wants(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One user turn at temperature 0 with 1024 tokens, the key in its header; the reply says who answered."""
    monkeypatch.setenv(KEY, SECRET)
    server = serve(lambda _: (200, completion("['YES']"), {}))
    assert judge(server).reply("Is it?") == Reply("['YES']", "judge-2026", 100, 7)
    assert server.asked == [
        {
            "model": "judge",
            "messages": [{"role": "user", "content": "Is it?"}],
            "temperature": 0,
            "max_tokens": 1024,
        }
    ]
    assert server.headers[0]["Authorization"] == f"Bearer {SECRET}"
    assert server.headers[0]["path"] == "/v1/chat/completions"


@pytest.mark.parametrize(
    "failure",
    [
        (429, "slow down", {"Retry-After": "0"}),
        (429, "", {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
        (503, "", {}),
        (200, "<html>", {}),
        (200, '{"choices": []}', {}),
    ],
)
def test_what_may_pass_is_tried_again(serve: Serve, failure: Answer) -> None:
    """A limit, a server's failure or an answer that is none: the second try counts."""
    server = serve(in_turn(failure, (200, completion("NO"), {})))
    assert judge(server).reply("Is it?").text == "NO"
    assert len(server.asked) == 2


def test_retry_after_is_honoured(serve: Serve) -> None:
    """A server that asks for more than five minutes ends the run, which says when to go on."""
    server = serve(in_turn((429, "", {"Retry-After": "3600"})))
    with pytest.raises(JudgeError, match="asks to wait 3600 s"):
        judge(server).reply("Is it?")
    assert len(server.asked) == 1


def test_patience_ends(serve: Serve) -> None:
    """After the last try the reason is the server's own."""
    server = serve(in_turn((500, '{"error": {"message": "out of memory"}}', {})))
    with pytest.raises(JudgeError, match=r"no answer in 3 tries \(500: out of memory\)"):
        judge(server).reply("Is it?")
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((401, f"bad key {SECRET}", {}), r"refuses the key \(401\); put another key into"),
        ((404, f"no model for {SECRET}", {}), r"404: no model for \*\*\*\); check --judge"),
        ((302, "", {"Location": "http://127.0.0.1:1/"}), r"sends elsewhere \(302\)"),
    ],
)
def test_a_refusal_is_one_sentence_without_the_key(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, answer: Answer, sentence: str
) -> None:
    """What no second try can mend is said at once, and the key is never repeated."""
    monkeypatch.setenv(KEY, SECRET)
    server = serve(in_turn(answer))
    with pytest.raises(JudgeError, match=sentence) as caught:
        judge(server).reply("Is it?")
    assert len(server.asked) == 1
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_that_is_away_is_named() -> None:
    """Nobody listens there: the host and the reason are in the sentence."""
    away = EndpointJudge(address.parse("http://127.0.0.1:9/v1"), "judge", QUICK)
    with pytest.raises(JudgeError, match=r"judge at 127\.0\.0\.1:9 gave no answer in 3 tries"):
        away.reply("Is it?")


@pytest.mark.parametrize(
    ("text", "url", "host"),
    [
        ("https://host.org", "https://host.org/v1/chat/completions", "host.org"),
        ("https://host.org/api/v1/", "https://host.org/api/v1/chat/completions", "host.org"),
        ("http://[::1]:80/v1/chat/completions", "http://[::1]:80/v1/chat/completions", "[::1]:80"),
        ("http://localhost:1", "http://localhost:1/v1/chat/completions", "localhost:1"),
    ],
)
def test_addresses_are_completed(text: str, url: str, host: str) -> None:
    """A host, its /v1 and the whole address are the same."""
    found = address.parse(text)
    assert (found.url, found.host) == (url, host)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("http://host.org/v1", "must begin with https://"),
        ("https://me:secret@host.org/v1", "must be a plain address"),
        ("https://host.org/v1?key=secret", "must be a plain address"),
        ("host.org", "isn't an address"),
        ("https://host.org:port/", "isn't an address"),
    ],
)
def test_addresses_that_leak_are_refused(text: str, sentence: str) -> None:
    """Nothing secret stands in an address, and no key is sent unencrypted."""
    with pytest.raises(InputError, match=sentence) as caught:
        address.parse(text)
    assert "secret" not in str(caught.value)


# Kept verdicts and cost -----------------------------------------------------------------------------


def test_an_interrupted_run_repeats_no_call(serve: Serve, tmp_path: Path) -> None:
    """Answers before a failure are kept, and the next run asks only the rest, each question once."""
    server = serve(lambda text: (400, "", {}) if text == "bad" else (200, completion(text), {}))
    asking = judge(server)
    kept = Verdicts(tmp_path, asking.description)
    with pytest.raises(JudgeError):
        collect(asking, kept, ["a", "b", "c", "d", "e", "bad"], progress=False)
    before = sum(kept.find(text) is not None for text in "abcde")
    assert before == sum(body["messages"][0]["content"] != "bad" for body in server.asked)
    server.asked.clear()
    replies = collect(asking, kept, ["a", "b", "c", "d", "e", "a"], progress=False)
    assert [reply.text for reply in replies] == ["a", "b", "c", "d", "e", "a"]
    assert len(server.asked) == 5 - before


def test_another_judge_has_verdicts_of_its_own(tmp_path: Path) -> None:
    """What one model said isn't taken for what another would."""
    Verdicts(tmp_path, JudgeUsed(mode="endpoint", model="a")).keep("q", Reply("YES"))
    assert Verdicts(tmp_path, JudgeUsed(mode="endpoint", model="b")).find("q") is None


def test_the_cost_is_known_before() -> None:
    """Two questions of 4,000 characters at 1 and 2 per thousand tokens."""
    used = JudgeUsed(mode="endpoint", model="judge", host="host.org")
    assert cost.estimate(used, ["x" * 4000] * 2, Price(1000, 2000)) == (
        "2 calls to the judge judge at host.org: about 2,000 prompt tokens and 600 answer tokens (at most "
        "2,048); price about 3.20, at most 6.10"
    )


# Which judge ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "choice", "sentence"),
    [
        ("followbench-local", JudgeChoice(), "add --judge MODEL"),
        ("followbench-local", JudgeChoice("m", "https://h"), "leave --judge-url out"),
        ("followbench-endpoint", JudgeChoice("m"), "add --judge-url URL"),
        ("followbench-endpoint", JudgeChoice(None, "https://h"), "--judge MODEL"),
    ],
)
def test_a_missing_judge_is_asked_for(name: str, choice: JudgeChoice, sentence: str) -> None:
    """One sentence says which option is missing."""
    with pytest.raises(InputError, match=sentence):
        records.require(load_suite("paper").benchmark(name), choice)


def test_derived_benchmarks_are_their_own() -> None:
    """Each mode has its name, its mode and the undecided rate; another mode is refused."""
    suite = load_suite("paper")
    plain = suite.benchmark("followbench")
    for mode in records.MODES:
        derived = suite.benchmark(f"followbench-{mode}")
        assert (derived.variant_of, records.mode_of(derived)) == ("followbench", mode)
        assert derived.metrics.keys() - plain.metrics.keys() == {"undecided_rate"}
        assert derived.title != plain.title
    assert records.mode_of(plain) == "rules"
    assert records.mode_of(suite.benchmark("mmlu")) is None
    with pytest.raises(InputError, match="no judge 'gpt'"):
        suite.benchmark("followbench-gpt")


def judged_by(judge: JudgeUsed | None) -> UnitResult:
    """Return a result with a judge."""
    return UnitResult(
        kind="benchmark",
        entry="org--model/bf16",
        suite="paper@1",
        benchmark="followbench-endpoint",
        status="ok",
        provenance=Provenance(command="quantboard run", judge=judge),
        timing=Timing(started="2026-01-01T00:00:00Z", finished="2026-01-01T00:00:01Z", seconds=1),
    )


def test_results_of_different_judges_do_not_compare() -> None:
    """Another model, snapshot or wording is another judge; how much was judged isn't."""
    used = JudgeUsed(mode="endpoint", model="judge", host="h", served=["judge-1"], judged=470)
    for update in ({"model": "b"}, {"served": ["judge-2"]}, {"prompt_version": "v2"}):
        other = judged_by(used.model_copy(update=update))
        assert f"judges differ in {next(iter(update))}" in (
            different_judges(judged_by(used), other) or ""
        )
        assert comparable(judged_by(used)) != comparable(other)
    assert (
        different_judges(judged_by(used), judged_by(used.model_copy(update={"judged": 1}))) is None
    )
    assert different_judges(judged_by(None), judged_by(JudgeUsed(mode="rules"))) is None


def a_benchmark() -> Benchmark:
    """Return the benchmark with an endpoint."""
    return load_suite("paper").benchmark("followbench-endpoint")


def test_the_command_reproduces_the_judge() -> None:
    """Model and address stand in the command; a folder only by its name."""
    choice = JudgeChoice("judge", "https://h/v1")
    assert records.words(a_benchmark(), choice) == [
        "--judge", "judge", "--judge-url", "https://h/v1",
    ]  # fmt: skip
    assert records.words(load_suite("paper").benchmark("mmlu"), choice) == []
