from meetings import Meeting, read_meeting


def test_reads_a_meeting(claude):
    meeting = read_meeting("Ada and Grace plan the release on Tuesday.")
    assert (meeting.people, meeting.day) == (["Ada", "Grace"], "Tuesday")
    assert claude.returns_json(Meeting)
