"""Defects at the gates: what comes in, what goes out, and who may ask."""

from tests.planted.defects import Defect, Edit

GATES = (
    Defect(
        "the socket is open to everybody",
        "only the owner may connect",
        Edit("orchestrator/api/listening.py", "        path.chmod(0o600)\n", "        path.chmod(0o666)\n"),
        ("tests/security/test_actor.py::test_only_the_owner_reaches_the_socket_whatever_the_umask",),
    ),
    Defect(
        "a header says who asks",
        "the actor is the user at the other end of the socket, as the kernel knows him",
        Edit("orchestrator/api/server.py", "proxy_headers=False", "proxy_headers=True"),
        ("tests/security/test_actor.py", "tests/security/test_http.py"),
    ),
    Defect(
        "a job gets the whole environment of the daemon",
        "a job gets the declared keys and ours, nothing else",
        Edit(
            "orchestrator/runtime/launching.py",
            "passed = {key: self._environ[key] for key in job.pass_env if key in self._environ}",
            "passed = dict(self._environ)",
        ),
        ("tests/security/test_jobs.py::test_the_environment_holds_what_was_declared_and_nothing_else",),
    ),
    Defect(
        "a message quotes the value of a passed key",
        "we write no secret anywhere",
        Edit(
            "orchestrator/executors/keeper_client.py",
            'return f"the value of the environment key {key}"',
            'return f"the value {value!r} of the environment key {key}"',
        ),
        ("tests/security/test_secrets.py::test_a_key_that_is_no_text_is_named_and_its_value_is_not",),
    ),
    Defect(
        "a report may name what is no ref",
        "parse_ref stands at every gate",
        Edit("orchestrator/report.py", "        return parse_ref(text)\n", "        return Ref(text)\n"),
        ("tests/security/test_refs.py::test_a_job_may_name_nothing_but_refs", "tests/contract/test_report.py"),
    ),
    Defect(
        "an answer of configure may name what is no ref",
        "parse_ref stands at every gate",
        Edit("orchestrator/runtime/asking.py", "parse_ref(needed.ref), needed", "Ref(needed.ref), needed"),
        ("tests/security/test_refs.py::test_a_job_may_name_nothing_but_refs", "tests/runtime/test_asking.py"),
    ),
    Defect(
        "a request may name what is no ref",
        "parse_ref stands at every gate",
        Edit("orchestrator/api/refusals.py", "        return parse_ref(text)\n", "        return Ref(text)\n"),
        ("tests/api/test_names.py::test_what_is_no_ref_is_refused_as_that",),
    ),
    Defect(
        "a terminal obeys escapes",
        "what comes from outside is shown on a terminal and never obeyed",
        Edit("orchestrator/cli/speech.py", '_KEPT = "\\n\\t"', '_KEPT = "\\n\\t\\x1b"'),
        ("tests/security/test_terminal.py",),
    ),
    Defect(
        "a link in the place of a report is followed",
        "a job can do no harm with what it puts in the place of its report",
        Edit(
            "orchestrator/executors/keeper/files.py",
            "os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW",
            "os.O_RDONLY | os.O_NONBLOCK",
        ),
        ("tests/executors/test_files.py::test_what_is_no_file_is_not_read",),
    ),
    Defect(
        "an output may link to what lies outside",
        "8: what is kept must not change behind our back",
        Edit("orchestrator/store/seal.py", 'if upwards > name.count(b"/") or b".." in steps[upwards:]:', "if False:"),
        ("tests/store/test_disk.py",),
    ),
    Defect(
        "a ref may lead out of the store",
        "no text whatever leads out of the store",
        Edit("statemachines/refs.py", '        if segment in {".", ".."}:\n', '        if segment == ".":\n'),
        ("tests/security/test_refs.py", "tests/machines"),
    ),
    Defect(
        "a Host header of somebody else is answered",
        "a name that is led to this machine is refused, by the raw header",
        Edit(
            "orchestrator/api/browsers.py", "    if len(named) != 1 or named[0] not in hosts:\n", "    if not named:\n"
        ),
        ("tests/api/test_limits.py::test_only_our_own_names_lead_here",),
    ),
    Defect(
        "a page of another origin may change something",
        "no page of somebody else uses a browser against the listener",
        Edit("orchestrator/api/browsers.py", "value.lower() not in ours", "not value"),
        ("tests/api/test_limits.py::test_no_page_of_another_origin_changes_anything",),
    ),
    Defect(
        "who may read may operate",
        "each role may what its table says",
        Edit(
            "orchestrator/api/access.py",
            '"read": frozenset({"anyone", "read"}),',
            '"read": frozenset({"anyone", "read", "operate"}),',
        ),
        ("tests/api/test_access.py",),
    ),
    Defect(
        "a token is known by its id alone",
        "who asks must have the secret of a token",
        Edit(
            "orchestrator/api/tokens.py",
            "not hmac.compare_digest(kept.digest, _digest(found[2]))",
            "not hmac.compare_digest(kept.id, found[1])",
        ),
        ("tests/api/test_access.py::test_what_is_no_token_is_refused_like_none",),
    ),
    Defect(
        "a secret that comes in two pieces is not masked",
        "no byte of a secret comes out, however a stream is cut",
        Edit("orchestrator/executors/keeper/masking.py", "cut = self._mask.undecided(held)", "cut = len(held)"),
        ("tests/security/test_masking.py",),
    ),
    Defect(
        "what a job prints is not masked",
        "a secret that a job prints is masked in its log",
        Edit("orchestrator/executors/keeper/run.py", "if self.mask and self.output is None:", "if False:"),
        ("tests/executors/test_masked.py",),
    ),
    Defect(
        "what a job reports is not masked",
        "a secret that a job reports is neither in the journal nor in the log",
        Edit("orchestrator/executors/keeper/run.py", "        said = self.mask.data(said)\n", ""),
        ("tests/executors/test_masked.py",),
    ),
    Defect(
        "a report of one run is told as that of the next",
        "what a worker says belongs to the run it works on",
        Edit("orchestrator/executors/keeper/desk.py", "        os.ftruncate(self._report, 0)\n", ""),
        ("tests/executors/test_files.py::test_what_a_job_says_comes_with_its_end",),
    ),
    Defect(
        "a message about an end is not masked",
        "a secret in a message is masked",
        Edit("orchestrator/executors/keeper/run.py", '"message": self.mask.text(message),', '"message": message,'),
        ("tests/executors/test_masked.py::test_no_message_about_an_end_holds_a_secret",),
    ),
)
