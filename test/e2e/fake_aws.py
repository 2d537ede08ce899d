"""A stand-in for AWS: the operations that our worker managers use, over HTTP. A unit's command runs on this machine with the program
under test. Tests tell it to fail, and ask what it was asked. It checks every signature by a computation of its own."""

import contextlib
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import signal
import ssl
import subprocess
import threading
import time
import urllib.parse
import uuid

import stack

KEY_ID, SECRET, TOKEN = "AKIDOFTESTS", "a-secret/of+tests", "a-session-token"


def refusal(code, text="refused by the test"):
    return 400, {"__type": code, "message": text}


class FakeAws:
    def __init__(self, certificate=None, key=None):
        self.calls = []  # (operation, what was said)
        self.tasks = {}  # by arn
        self.definitions = {}  # by family, all revisions
        self.clusters, self.roles, self.errors = set(), {}, []
        self._faults = {}  # by operation: what happens instead, first come first served
        self._tokens = {}
        self._changed = threading.Condition()
        self._folder = stack.temporary_folder()
        (pathlib.Path(self._folder.name) / "scaler_worker_manager").symlink_to(stack.binary())
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self._server.server_address[1]

    def environment(self, host="127.0.0.1"):
        """Variables of a manager that is to speak with this one."""
        return {"AWS_ENDPOINT_URL": f"{self.scheme}://{host}:{self.port}", "AWS_ACCESS_KEY_ID": KEY_ID,
                "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN}

    # ---- what tests say and ask ----

    def fail(self, operation, *faults):
        """The next calls of it end so: a number of seconds is silence, "lost" does it and then breaks the connection, anything
        else is an answer (status, body)."""
        with self._changed:
            self._faults.setdefault(operation, []).extend(faults)

    def running(self):
        with self._changed:
            return [task for task in self.tasks.values() if task["desiredStatus"] == "RUNNING"]

    def count(self, operation):
        with self._changed:
            return sum(1 for name, _ in self.calls if name == operation)

    def wait(self, holds, what, limit_s=stack.LIMIT_S):
        with self._changed:
            if not self._changed.wait_for(holds, limit_s):
                raise AssertionError(f"not seen in {limit_s} s: {what}; {[name for name, _ in self.calls]}")

    def processes(self, task):
        return [task["_process"].pid, *stack.children_of(task["_process"].pid)]

    def close(self):
        for task in list(self.tasks.values()):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(task["_process"].pid, signal.SIGKILL)
            task["_process"].wait()
        self._server.shutdown()
        self._server.server_close()
        self._folder.cleanup()

    # ---- ECS ----

    def describe_clusters(self, said):
        found = [name for name in said["clusters"] if name in self.clusters]
        return {"clusters": [{"clusterName": name, "status": "ACTIVE"} for name in found], "failures": []}

    def create_cluster(self, said):
        self.clusters.add(said["clusterName"])
        return {"cluster": {"clusterName": said["clusterName"], "status": "ACTIVE"}}

    def describe_task_definition(self, said):
        if said["taskDefinition"] not in self.definitions:
            return refusal("ClientException", "Unable to describe task definition.")
        return {"taskDefinition": self.definitions[said["taskDefinition"]][-1]}

    def register_task_definition(self, said):
        revisions = self.definitions.setdefault(said["family"], [])
        arn = f"arn:aws:ecs:us-east-1:1:task-definition/{said['family']}:{len(revisions) + 1}"
        revisions.append({**said, "taskDefinitionArn": arn})
        return {"taskDefinition": revisions[-1]}

    def run_task(self, said):
        if said["clientToken"] in self._tokens:
            return {"tasks": [self._shown(self._tokens[said["clientToken"]])], "failures": []}
        arn = f"arn:aws:ecs:us-east-1:1:task/{said['cluster']}/{uuid.uuid4().hex}"
        given = {each["name"]: each["value"] for each in said["overrides"]["containerOverrides"][0]["environment"]}
        process = subprocess.Popen(
            ["sh", "-c", given["COMMAND"]], start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ, "PATH": f"{self._folder.name}:{os.environ['PATH']}"},
        )
        task = {"taskArn": arn, "startedBy": said["startedBy"], "lastStatus": "RUNNING", "desiredStatus": "RUNNING",
                "overrides": said["overrides"], "containers": [{}], "_process": process}
        self.tasks[arn] = self._tokens[said["clientToken"]] = task
        threading.Thread(target=self._await, args=(task,), daemon=True).start()
        return {"tasks": [self._shown(task)], "failures": []}

    def stop_task(self, said):
        task = self.tasks.get(said["task"])
        if task is None:
            return refusal("InvalidParameterException", "The referenced task was not found.")
        task["desiredStatus"] = "STOPPED"
        task["stoppedReason"] = said["reason"]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(task["_process"].pid, signal.SIGTERM)
        return {"task": self._shown(task)}

    def list_tasks(self, said):
        return {"taskArns": [arn for arn, task in self.tasks.items()
                             if task["startedBy"] == said["startedBy"] and task["desiredStatus"] == said["desiredStatus"]]}

    def describe_tasks(self, said):
        return {"tasks": [self._shown(self.tasks[arn]) for arn in said["tasks"] if arn in self.tasks],
                "failures": [{"arn": arn, "reason": "MISSING"} for arn in said["tasks"] if arn not in self.tasks]}

    def _shown(self, task):
        return {name: value for name, value in task.items() if not name.startswith("_")}

    def _await(self, task):
        code = task["_process"].wait()
        with self._changed:
            task.update(lastStatus="STOPPED", desiredStatus="STOPPED")
            task.setdefault("stoppedReason", "Essential container in task exited")
            task["containers"] = [{"exitCode": code if code >= 0 else 128 - code}]
            self._changed.notify_all()

    # ---- IAM ----

    def get_role(self, said):
        if said["RoleName"] not in self.roles:
            return 404, "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>none</Message></Error></ErrorResponse>"
        return f"<GetRoleResponse><GetRoleResult><Role><Arn>{self.roles[said['RoleName']]}</Arn></Role></GetRoleResult></GetRoleResponse>"

    def create_role(self, said):
        json.loads(said["AssumeRolePolicyDocument"])
        arn = self.roles[said["RoleName"]] = f"arn:aws:iam::1:role/{said['RoleName']}"
        return f"<CreateRoleResponse><CreateRoleResult><Role><Arn>{arn}</Arn></Role></CreateRoleResult></CreateRoleResponse>"

    def attach_role_policy(self, said):
        return "<AttachRolePolicyResponse/>"

    # ---- HTTP ----

    def answer(self, operation, said):
        """(status, body), None for a connection that breaks."""
        with self._changed:
            self.calls.append((operation, said))
            fault = self._faults.get(operation, [])
            fault = fault.pop(0) if fault else None
            self._changed.notify_all()
        if isinstance(fault, (int, float)):
            time.sleep(fault)  # as a service that hangs does; whoever asked may have gone meanwhile
            fault = None
        if fault not in (None, "lost"):
            return fault
        with self._changed:
            name = "".join("_" + c.lower() if c.isupper() else c for c in operation).lstrip("_")
            answer = getattr(self, name)(said)
            self._changed.notify_all()
        if fault == "lost":
            return None
        return answer if isinstance(answer, tuple) else (200, answer)

    def check_signature(self, handler, body):
        parts = dict(part.split("=", 1) for part in handler.headers["authorization"].split(" ", 1)[1].split(", "))
        key_id, day, region, service, end = parts["Credential"].split("/")
        names = parts["SignedHeaders"].split(";")
        headers = "".join(f"{name}:{handler.headers[name]}\n" for name in names)
        canonical = "\n".join((handler.command, handler.path, "", headers, ";".join(names), hashlib.sha256(body).hexdigest()))
        text = "\n".join(("AWS4-HMAC-SHA256", handler.headers["x-amz-date"], f"{day}/{region}/{service}/{end}",
                          hashlib.sha256(canonical.encode()).hexdigest()))
        key = f"AWS4{SECRET}".encode()
        for part in (day, region, service, end, text):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        good = key_id == KEY_ID and handler.headers["x-amz-security-token"] == TOKEN and key.hex() == parts["Signature"]
        if not good or "host" not in names:
            self.errors.append(f"wrong signature: {dict(handler.headers)}")

    def _handler(fake):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                fake.check_signature(self, body)
                target = self.headers.get("x-amz-target")
                said = json.loads(body) if target else dict(urllib.parse.parse_qsl(body.decode()))
                answer = fake.answer(target.split(".")[1] if target else said["Action"], said)
                self.close_connection = True
                if answer is None:
                    return
                status, body = answer
                body = (body if isinstance(body, str) else json.dumps(body)).encode()
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    if target:
                        self.send_header("content-length", str(len(body)))
                    else:  # as AWS does
                        self.send_header("transfer-encoding", "chunked")
                        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler
