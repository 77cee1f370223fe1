"""The last reply of each public recording: how often it is open which one that is."""

from __future__ import annotations

import json
from pathlib import Path

from pytest_claude.expect.checks import gap_of_reply
from pytest_claude.expect.checks.evidence import gap, several
from pytest_claude.recording.cassette import read_recording
from pytest_claude.transcript.model import Transcript
from pytest_claude.transcript.parse import parse_transcript


def transcripts(corpus: Path) -> dict[str, Transcript]:
    """The recordings that hold an answer, by file."""
    index = (corpus / "INDEX.jsonl").read_text("utf-8").splitlines()
    files = sorted({json.loads(line)["file"] for line in index})
    read = {
        file: parse_transcript(r.interaction for r in read_recording(corpus / file, file)[1])
        for file in files
    }
    return {file: transcript for file, transcript in read.items() if transcript.answered}


def test_the_last_reply_is_open_in_few_recordings(shared_dir: Path) -> None:
    read = transcripts(shared_dir / "corpus")
    dialogues = {file: each for file, each in read.items() if len(each.answers) > 1}
    assert len(dialogues) > 300
    undecided = {file for file, each in dialogues.items() if several(each) is not None}
    no_reply = {file for file, each in dialogues.items() if gap(each) is not None}
    unknown = {file for file, each in dialogues.items() if gap_of_reply(each) is not None}
    assert len(undecided) <= 0.05 * len(dialogues)
    assert len(unknown - no_reply) <= 0.05 * len(dialogues), "of those whose last call was answered"


def test_a_dialogue_with_tools_is_one_conversation(shared_dir: Path) -> None:
    """Whoever sends the result of a tool call goes on with the conversation of the call."""
    apart = set()
    for file, transcript in transcripts(shared_dir / "corpus").items():
        homes = [
            {use.id for answer in conversation for use in answer.tool_uses}
            for conversation in transcript.conversations
        ]
        for answer, (home, _) in zip(transcript.answers, transcript.places, strict=True):
            results = Transcript((answer,)).tool_results.keys()
            if any(results & calls for n, calls in enumerate(homes) if n != home):
                apart.add(file.rpartition("/")[2])
    # It asks once more what was answered, beginning the answer itself.
    assert apart == {"test_bedrock_agent_kickoff_structured_output_with_tools.yaml"}
