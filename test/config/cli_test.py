"""Runs the program as a user would: exit codes, one line on stderr, links, closed streams.

Usage: cli_test.py PROGRAM. The program's roles are stand-ins that print what they were given.
"""

import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))


def run(*words, name="scaler", folder=None, **options):
    """Runs the program under the given link name."""
    with tempfile.TemporaryDirectory() as links:
        link = os.path.join(links, name)
        os.symlink(PROGRAM, link)
        options.setdefault("stdout", subprocess.PIPE)
        return subprocess.run([link, *words], stderr=subprocess.PIPE, text=True, timeout=60, cwd=folder, **options)


class Commands(unittest.TestCase):
    def refused(self, *words, says, code=2, **options):
        done = run(*words, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(says, done.stderr)
        self.assertEqual(done.stdout, "")
        return done.stderr

    def works(self, *words, says, **options):
        done = run(*words, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stderr)
        self.assertIn(says, done.stdout)
        return done.stdout

    def test_an_environment_that_is_none_is_refused_before_any_worker_starts(self):
        self.refused("worker_manager", "baremetal_native", "tcp://127.0.0.1:1", "--worker-manager-id", "wm", "--mode",
                     "fixed", "--max-task-concurrency", "1", "--python-env", "/nowhere", says="/nowhere is no environment")

    def test_a_subcommand_and_its_link_are_the_same_command(self):
        for words, name in (
            (["scheduler", "tcp://127.0.0.1:1"], "scaler"),
            (["tcp://127.0.0.1:1"], "scaler_scheduler"),
            (["scaler_scheduler", "tcp://127.0.0.1:1"], "scaler"),
            (["scheduler", "tcp://127.0.0.1:1"], "scaler-0.1.0"),
        ):
            self.works(*words, name=name, says="role scheduler tcp://127.0.0.1:1")

    def test_options_of_run_end_at_the_program(self):
        self.works("run", "script.py", "--workers", "3", says="python script.py --workers 3 workers -1")
        self.works("run", "-w", "2", "--logging-level=INFO", "--python-env", "/env", "-m", "module", "-w",
                   says="python -m module -w workers 2 env /env level INFO")
        self.works("run", "--", "-odd.py", says="python -odd.py workers -1")
        self.works("run", "--help", says="usage: scaler run")
        self.works("python", "-c", "pass", says="python -c pass workers -1")
        self.works("-c", "pass", name="python3", says="python -c pass")

    def test_a_wrong_word_of_run_is_refused_before_the_program_starts(self):
        for words, says in (
            ([], "no program is given"),
            (["--workers"], "--workers needs a value"),
            (["--workers", "two", "x.py"], "'two'"),
            (["--workers", "-1", "x.py"], "0 to"),
            (["--wrokers", "2", "x.py"], "unknown option '--wrokers'"),
            (["--logging-level", "LOUD", "x.py"], "one of CRITICAL"),
            (["--workers", "2", "--address", "tcp://h:1", "x.py"], "give one of them"),
        ):
            with self.subTest(words):
                self.refused("run", *words, says=says)

    def test_each_role_is_reached(self):
        self.works("object_storage_server", "tcp://127.0.0.1:2", says="role store tcp://127.0.0.1:2")
        self.works(
            "worker_manager", "baremetal_native", "tcp://h:1", "-wmi", "x", "-mtc", "3", says="role manager x 3"
        )
        self.works("-n", "4", "tcp://h:1", name="scaler_cluster", says=" 4")
        self.works("worker", "tcp://h:1", "--worker-id", "w", "-wmi", "x", says="role worker w")
        self.works("zygote", "--control-fd", "3", says="role zygote 3 3")

    def test_a_role_logs_the_documented_first_lines(self):
        lines = self.works("scheduler", "tcp://h:1", "-el", "uvloop", says="role").splitlines()
        self.assertRegex(lines[0], r"^\[INFO\]\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4}: logging to \('/dev/stdout',\)$")
        self.assertRegex(lines[1], r": use event loop: uvloop$")

    def test_notes_of_the_configuration_are_logged(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "f.toml"), "w") as file:
                file.write("[scheduler]\nbind_address = 'tcp://h:1'\nprotectd = true\n")
            out = self.works("scheduler", "-c", "f.toml", folder=folder, says="role scheduler")
            self.assertIn("f.toml:3: protectd: unknown key in [scheduler], ignored (did you mean protected?)", out)

    def test_usage_errors_are_one_line_and_exit_2(self):
        self.refused("scheduler", says="scaler_scheduler: bind_address is missing")
        self.refused("scheduler", "tcp://h:1", "--nope", says="scaler_scheduler: unknown option --nope")
        line = self.refused("scheduler", "tcp://h:1", "--client-timeout-seconds", "0", says="--client")
        self.assertEqual(
            line,
            "scaler_scheduler: --client-timeout-seconds: 0 is not allowed (a whole number of seconds, at least 1)\n",
        )
        self.refused("worker_manager", says="the kind is missing (one of baremetal_native, ")
        self.refused("worker_manager", "lunar", says="unknown kind 'lunar'")
        self.refused("schedule", says="unknown command 'schedule', and no such file (did you mean scheduler?)")
        self.refused("a\nb", says="unknown command 'a\\nb'")

    def test_files_that_are_no_configuration(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "big.toml")
            with open(path, "wb") as file:
                file.truncate(17 << 20)
            self.refused("scheduler", "-c", path, says="larger than 16 MiB")
            self.refused("scheduler", "-c", folder, says="a directory, not a file")
            self.refused("scheduler", "-c", path + "x", says="big.tomlx: No such file or directory")
            with open(path, "wb") as file:
                file.write(b"\x7fELF\0\0")
            self.refused("scheduler", "-c", path, says="not a text file")
            with open(path, "wb") as file:
                file.write(b"[scheduler]\nx = \n")
            self.refused("scheduler", "-c", path, says="big.toml:2:")

    def test_a_log_file_in_a_missing_folder(self):
        self.refused("scheduler", "tcp://h:1", "-lp", "/no/such/log", says="cannot log to /no/such/log: No such file")

    def test_a_file_is_launched_however_it_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("cluster.toml", "plain", "scheduler"):
                with open(os.path.join(folder, name), "w") as file:
                    file.write("[scheduler]\nbind_address = 'tcp://h:1'\n")
            for words in (["cluster.toml"], ["plain"], ["./scheduler"], ["-c", "plain"], ["--config=plain"]):
                self.works(*words, folder=folder, says=f"{words[-1].split('=')[-1]}:scheduler scheduler tcp://h:1")
            self.refused("scheduler", folder=folder, says="scaler_scheduler: bind_address is missing")
        self.refused("stack.toml", says="scaler: stack.toml: No such file or directory")
        self.refused("-c", says="scaler: --config: a value is missing")
        self.works("stack.toml", "-h", says="usage: scaler [options] FILE")

    def test_a_file_is_checked_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "f.toml")
            with open(path, "w") as file:
                file.write("[scheduler]\nprotectd = true\nio_threads = 0\n[gui]\nmonitor_address = 'tcp://h:1'\n")
            done = run("config", "check", "f.toml", folder=folder)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertEqual(
                [line.split(": ")[0:2] for line in done.stderr.splitlines()],
                [["f.toml:1", "bind_address"], ["f.toml:2", "protectd"], ["f.toml:3", "io_threads"]],
            )
            self.refused("f.toml", folder=folder, says="scaler: f.toml:1: bind_address: missing in [scheduler] (1 more: scaler config check f.toml)")
            with open(path, "w") as file:
                file.write("[scheduler]\nbind_address = 'tcp://h:1'\n")
            self.assertEqual(self.works("config", "check", path, says="ok"), path + ":1: [scheduler]: ok\n")
        self.refused("config", "check", says="one file is expected")
        self.refused("config", "chek", says="unknown word 'chek' (one of check, show)")

    def test_effective_options_are_shown(self):
        out = self.works("config", "show", "scheduler", "tcp://h:1", "-ct", "9", says="bind_address")
        self.assertRegex(out, r"(?m)^client_timeout_seconds +9 seconds +command line$")
        self.refused("config", "show", "scheduler", says="scaler config show: bind_address is missing")
        self.works("config", "show", "scheduler", "-h", says="usage: scaler config check FILE")

    def complete(self, *words, folder=None):
        """What bash would offer for the last of these words, one line each if files are meant."""
        script = self.works("completion", "bash", says="complete ")
        script += 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _scaler; printf "%s\\n" "${COMPREPLY[@]}"\n'
        done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True, timeout=60, cwd=folder)
        self.assertEqual(done.stderr, "")
        return done.stdout.split() if folder is None else done.stdout.splitlines()

    def test_bash_completes_commands_options_and_values(self):
        self.assertIn("scheduler", self.complete("scaler", "sch"))
        self.assertEqual(self.complete("scaler", "scheduler", "--client"), ["--client-timeout-seconds"])
        self.assertEqual(self.complete("scaler_scheduler", "--client"), ["--client-timeout-seconds"])
        self.assertEqual(self.complete("scaler", "worker_manager", "sym"), ["symphony"])
        self.assertEqual(self.complete("scaler", "worker_manager", "symphony", "--serv"), ["--service-name"])
        self.assertEqual(self.complete("scaler", "worker_manager", "baremetal_native", "--mode", ""), ["dynamic", "fixed"])
        self.assertEqual(self.complete("scaler", "config", ""), ["check", "show"])
        self.assertEqual(self.complete("scaler", "config", "show", "gui", "--gui"), ["--gui-address"])
        self.assertEqual(self.complete("scaler", "completion", "f"), ["fish"])
        self.assertEqual(self.complete("scaler", "tasks", "--st"), ["--state"])
        self.assertEqual(self.complete("scaler", "tasks", "--state", "w"), ["waiting"])
        self.assertEqual(self.complete("scaler_ui", "--web-p"), ["--web-port"])

    def test_bash_completes_files_with_spaces_and_those_of_folders(self):
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(os.path.join(folder, "my stacks"))
            for name in ("my stacks/one two.toml", "my.pem", "my.toml"):
                open(os.path.join(folder, name), "w").close()
            self.assertEqual(sorted(set(self.complete("scaler", "my", folder=folder))), ["my stacks", "my.toml"])
            one = ["my stacks/one two.toml"]
            self.assertEqual(self.complete("scaler", "my stacks/o", folder=folder), one)
            self.assertEqual(self.complete("scaler", "config", "check", "my stacks/o", folder=folder), one)
            self.assertEqual(self.complete("scaler_scheduler", "--config", "my stacks/o", folder=folder), one)
            self.assertEqual(self.complete("scaler", "scheduler", "--tls-cert", "my.p", folder=folder), ["my.pem"])

    def test_each_shell_has_a_script(self):
        self.works("completion", "zsh", says="#compdef scaler scaler_scheduler")
        self.works("completion", "fish", says="complete -c scaler ")
        self.works("completion", "fish", says="complete -c scaler_scheduler -w 'scaler scheduler'")
        self.refused("completion", "csh", says="unknown shell 'csh' (one of bash, zsh, fish)")
        self.refused("completion", says="one shell is expected")

    def test_the_web_page_is_given_its_files(self):
        self.works("gui", "tcp://h:1", "--allow-origin", "http://a", "http://b", says="role gui tcp://h:1 0.0.0.0:50001 12 files")

    def test_top_shows_a_picture_or_says_what_is_wrong(self):
        self.works("top", "tcp://h:1", says="role top tcp://h:1 5 false false\n")
        self.works("tcp://h:1", "-t", "2.5", "--json", name="scaler_top", says="role top tcp://h:1 2.5 false true\n")
        self.works("top", "--once", "tcp://h:1", says="true false\n")
        self.refused("top", "tcp://h:1", "-t", "0", says="--timeout: '0' is not allowed")
        self.refused("top", "tcp://nobody:1", code=1, says="scaler_top: nobody answers")

    def test_what_is_not_built_in_says_so(self):
        self.refused(
            "worker_manager", "symphony", "tcp://h:1", "-wmi", "x", "-sn", "s", says="symphony: not built in yet"
        )

    def test_older_commands_are_checked_and_name_their_successor(self):
        self.works("tcp://h:1", "--port", "8081", name="scaler_ui", says="role gui tcp://h:1 0.0.0.0:8081 12 files")
        self.refused("tcp://h:1", "--port", "0", name="scaler_ui", says="scaler_ui: --web-port: 0 is not allowed")
        for kind, successor, words in (
            ("symphony", "symphony", ["-sn", "s"]), ("ecs", "aws_raw_ecs", ["-p", "8080", "--ecs-subnets", "a"]),
        ):
            name = f"scaler_worker_adapter_{kind}"
            self.refused("tcp://h:1", *words, name=name, says=f"{name}: not built in yet; start scaler_worker_manager {successor}")
            self.refused("tcp://h:1", *words, "--nope", name=name, says="unknown option --nope")
        native = "scaler_worker_adapter_native"
        self.works("tcp://h:1", "--port", "81", name=native, says="role adapter localhost 81")
        self.refused("tcp://h:1", "--nope", name=native, says="unknown option --nope")

    def test_questions_to_a_scheduler(self):
        for number, name in enumerate(("status", "workers", "tasks")):
            self.works(name, "tcp://h:1", says=f"question {number} tcp://h:1")
        self.works("why", "0a", "tcp://h:1", says="question 3 tcp://h:1 0a")
        self.works("drain", "w", env={**os.environ, "SCALER_ADDRESS": "tcp://h:2"}, says="question 4 tcp://h:2 w")
        self.refused("drain", "nobody", "tcp://h:1", says="scaler drain: no worker's id holds 'nobody'", code=1)
        self.refused("tasks", "tcp://h:1", "--state", "asleep", says="--state: 'asleep' is not allowed (one of waiting, ")
        self.works("why", "-h", says="usage: scaler why [options] TASK SCHEDULER_ADDRESS")
        self.assertEqual(self.works("help", "why", says="usage"), self.works("why", "-h", says="usage"))

    def test_manual_pages(self):
        with tempfile.TemporaryDirectory() as folder:
            self.works("help", "--man", folder, says="")
            self.assertLessEqual({"scaler.1", "scaler_scheduler.1", "scaler_worker_manager.1", "scaler-status.1"},
                                 set(os.listdir(folder)))
            for name in os.listdir(folder):
                with open(os.path.join(folder, name)) as page:
                    self.assertTrue(page.read().startswith(".TH "), name)
            self.refused("help", "--man", os.path.join(folder, "no"), says="No such file or directory", code=1)
        self.refused("help", "--man", says="one folder is expected")

    def test_no_command_shows_the_table_on_stderr(self):
        done = run()
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("  worker_manager  ", done.stderr)

    def test_help(self):
        table = self.works("help", says="commands:")
        self.assertEqual(self.works("--help", says="commands:"), table)
        self.assertNotIn("zygote", table)
        whole = self.works("help", "scheduler", says="usage: scaler_scheduler ")
        self.assertEqual(self.works("-h", name="scaler_scheduler", says="usage"), whole)
        self.assertEqual(self.works("scheduler", "tcp://h:1", "--help", says="usage"), whole)
        self.works("help", "worker_manager", says="  symphony ")
        self.works("worker_manager", "-h", says="  symphony ")
        kind = self.works("help", "worker_manager", "symphony", says="--service-name")
        self.assertEqual(self.works("worker_manager", "-h", "symphony", says="usage"), kind)
        for command in ("run", "config", "completion"):  # which have no table of options
            self.works("help", command, says=f"usage: scaler {command} ")
        self.refused("help", "nothing", says="unknown command 'nothing'")

    def test_versions(self):
        for words, name in ((["--version"], "scaler"), (["version"], "scaler"), (["scheduler", "--version"], "scaler"),
                            (["--version"], "scaler_scheduler")):
            out = self.works(*words, name=name, says="scaler ")
            for part in ("Python 3.", "libuv 1.", "Cap'n Proto ", " build"):
                self.assertIn(part, out)

    def test_a_link_with_another_name_explains_itself(self):
        self.refused("-h", name="scaler_schedular", says="scaler_schedular: no command has this name")
        self.refused(name="elsewhere", says="link the program as scaler or as one of scaler_scheduler, ")

    def test_a_closed_or_full_standard_output(self):
        self.assertEqual(run("--help", stdout=None, preexec_fn=lambda: os.close(1)).returncode, 0)
        read, write = os.pipe()
        os.close(read)
        self.assertEqual(run("--help", stdout=write).returncode, 0)
        os.close(write)
        with open("/dev/full", "w") as full:
            done = run("--help", stdout=full)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output: No space left on device", done.stderr)

    def test_the_reference_page_is_the_committed_one(self):
        page = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/commands.md")
        with open(page) as file:
            self.assertEqual(self.works("help", "--markdown", says="# Commands"), file.read())


if __name__ == "__main__":
    unittest.main()
