"""Worker managers on AWS, against a stand-in whose units run here: real clients' tasks really run on them. And all that goes wrong."""

import os
import pathlib
import signal
import time
import unittest

from scaler import Client

import peer
import stack
from fake_aws import SECRET, TOKEN, FakeAws, refusal
from limited import Limited
from test_client import square
from test_tls import make_certificate
from versions import CLIENT, map_with


def nap(seconds):
    time.sleep(seconds)
    return os.getpid()


class OnAws(Limited):
    certificate = key = None

    def setUp(self):
        super().setUp()
        self.aws = FakeAws()
        self.addCleanup(self.aws.close)
        self.cluster = stack.Stack(workers=0)
        self.addCleanup(self.cluster.__exit__)

    def launch(self, *options, address=None, workers_max=2, env=None):
        """Units of two workers each."""
        return self.start(stack.Role("worker_manager", "aws_raw_ecs", address or self.cluster.address, "-wmi", "wm-ecs",
                                     "--ecs-subnets", "subnet-1,subnet-2", "--ecs-task-cpu", "2", "--ecs-task-memory", "4",
                                     "-mtc", str(workers_max), *options, env={**self.aws.environment(), **(env or {})}))

    def launch_connected(self, *options, **more):
        manager = self.launch(*options, **more)
        manager.wait_for_line("connected to scheduler")
        return manager

    def wait_units(self, count):
        self.aws.wait(lambda: sum(task["desiredStatus"] == "RUNNING" for task in self.aws.tasks.values()) == count,
                      f"{count} units")

    def leave(self, manager):
        """A terminated manager leaves nothing: no unit in the cloud, no process of one here, no secret in its log."""
        self.assertEqual(manager.stop(), 0, manager.lines)
        self.assertEqual(self.aws.running(), [])
        for task in self.aws.tasks.values():
            task["_process"].wait(stack.LIMIT_S)
        self.assertEqual(self.aws.errors, [])
        for line in manager.lines:
            for secret in (SECRET, TOKEN):
                self.assertNotIn(secret, line)


class Ecs(OnAws):
    def test_units_come_with_the_tasks_and_go_with_them(self):
        manager = self.launch_connected(workers_max=4)
        with Client(address=self.cluster.address) as client:
            self.assertEqual(map_with(client, square, range(60)), [i * i for i in range(60)])
        self.cluster.scheduler.wait_for_line(r"WorkerID\(.*ECS-.* connected", count=4)
        self.wait_units(0)  # all workers of each were idle
        self.assertEqual(self.aws.count("RunTask"), 2)
        self.leave(manager)
        definition = self.aws.definitions["scaler-task-definition"][0]
        self.assertEqual((definition["cpu"], definition["memory"]), ("2048", "4096"))
        said = next(said for name, said in self.aws.calls if name == "RunTask")
        self.assertEqual(said["networkConfiguration"]["awsvpcConfiguration"]["subnets"], ["subnet-1", "subnet-2"])

    def test_a_unit_with_a_busy_worker_is_not_stopped(self):
        manager = self.launch_connected(workers_max=2)
        with Client(address=self.cluster.address) as client:
            long_one = client.submit(nap, 9)
            self.cluster.scheduler.wait_for_line(r"WorkerID\(.*ECS-.* connected", count=2)
            self.assertGreater(long_one.result(), 0)
            self.assertEqual(self.aws.count("StopTask"), 0)
            self.assertFalse([line for line in self.cluster.scheduler.lines if "lost its worker" in line])
        self.wait_units(0)
        self.leave(manager)

    def test_what_is_there_already_is_used(self):
        self.aws.clusters.add("mine")
        self.aws.register_task_definition({"family": "own", "cpu": "1024", "memory": "2048",
                                           "containerDefinitions": [{"name": "box", "image": "my/image"}]})
        manager = self.start(stack.Role("worker_manager", "aws_raw_ecs", self.cluster.address, "-wmi", "wm-ecs", "--ecs-subnets",
                                        "s", "--ecs-cluster", "mine", "--ecs-task-definition", "own", "-mtc", "1",
                                        "--ecs-security-groups", "sg-1", env=self.aws.environment()))
        with Client(address=self.cluster.address) as client:
            self.assertEqual(client.submit(square, 3).result(), 9)
        said = next(said for name, said in self.aws.calls if name == "RunTask")
        self.assertEqual(said["overrides"]["containerOverrides"][0]["name"], "box")
        self.assertEqual(said["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"], ["sg-1"])
        for operation in ("CreateCluster", "RegisterTaskDefinition", "GetRole"):
            self.assertEqual(self.aws.count(operation), 0)
        self.leave(manager)

    def test_another_image_is_a_new_revision(self):
        for image in ("my/image:1", "my/image:1", "my/image:2"):
            manager = self.launch_connected("--ecs-task-image", image)
            self.leave(manager)
        images = [each["containerDefinitions"][0]["image"] for each in self.aws.definitions["scaler-task-definition"]]
        self.assertEqual(images, ["my/image:1", "my/image:2"])


class EcsFaults(OnAws):
    def test_a_service_that_refuses_ends_the_start_with_one_line(self):
        self.aws.fail("DescribeClusters", refusal("AccessDeniedException", "User x is not authorized to do this"))
        manager = self.launch()
        self.assertEqual(manager.wait_exit(), 1)
        manager.wait_for_line(r"ECS DescribeClusters at 127.0.0.1:\d+: AccessDeniedException: User x is not authorized")

    def test_a_machine_without_credentials_says_what_is_missing(self):
        manager = self.launch(env={"AWS_ACCESS_KEY_ID": "", "AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nowhere"})
        self.assertEqual(manager.wait_exit(), 1)
        manager.wait_for_line("no AWS credentials are configured")

    def test_what_is_refused_later_is_tried_again_and_the_manager_stays(self):
        manager = self.launch_connected()
        self.aws.fail("RunTask", refusal("InvalidParameterException", "no such subnet"), (200, {"failures": [{"reason": "full"}]}))
        with Client(address=self.cluster.address) as client:
            future = client.submit(square, 3)
            manager.wait_for_line("could not be started: ECS RunTask.*no such subnet; nothing starts for 5 s")
            self.assertEqual(future.result(), 9)
        self.leave(manager)

    def test_faults_of_the_service_are_tried_again_without_doubling_a_unit(self):
        self.aws.fail("DescribeClusters", (500, {}))
        self.aws.fail("GetRole", (503, "busy"))
        manager = self.launch_connected()
        self.aws.fail("RunTask", (400, {"__type": "ThrottlingException"}), "lost", (500, {}))
        with Client(address=self.cluster.address) as client:
            self.assertEqual(client.submit(square, 3).result(), 9)
            self.aws.wait(lambda: sum(name == "RunTask" for name, _ in self.aws.calls) == 4, "all tries")
        self.assertEqual(len(self.aws.tasks), 1)
        self.leave(manager)

    def test_a_service_that_hangs_delays_no_heartbeat(self):
        manager = self.launch_connected()
        self.aws.fail("RunTask", 12)  # a scheduler forgets a manager that is silent for ten seconds
        with Client(address=self.cluster.address) as client:
            future = client.submit(square, 3)
            self.aws.wait(lambda: any(name == "RunTask" for name, _ in self.aws.calls), "a start")
            self.assertEqual(future.result(), 9)
        self.assertFalse([line for line in self.cluster.scheduler.lines if "WorkerManagerID" in line and "disconnected" in line])
        self.assertEqual(len(self.aws.tasks), 1)
        self.leave(manager)

    def test_a_unit_that_dies_is_replaced(self):
        manager = self.launch_connected()
        with Client(address=self.cluster.address) as client:
            future = client.submit(nap, 2)
            self.cluster.scheduler.wait_for_line(r"WorkerID\(.*ECS-.* connected", count=2)
            for pid in self.aws.processes(self.aws.running()[0]):
                os.kill(pid, signal.SIGKILL)
            manager.wait_for_line("ended at once: Essential container in task exited, exit code 137")
            self.assertGreater(future.result(), 0)
        self.assertEqual(len(self.aws.tasks), 2)
        self.leave(manager)

    def test_a_manager_that_is_killed_leaves_its_units_to_its_successor(self):
        manager = self.launch_connected()
        with Client(address=self.cluster.address) as client:
            future = client.submit(nap, 4)
            self.cluster.scheduler.wait_for_line(r"WorkerID\(.*ECS-.* connected", count=2)
            manager.kill()
            successor = self.launch_connected()
            successor.wait_for_line("was found, it is unit")
            self.assertGreater(future.result(), 0)
            self.assertEqual(map_with(client, square, range(30)), [i * i for i in range(30)])
        self.assertEqual(len(self.aws.tasks), 1)
        self.leave(successor)

    def test_another_managers_units_are_left_alone(self):
        manager = self.launch_connected()
        with Client(address=self.cluster.address) as client:
            self.assertEqual(client.submit(square, 3).result(), 9)
            other = self.start(stack.Role("worker_manager", "aws_raw_ecs", "tcp://127.0.0.1:1", "-wmi", "wm-ecs", "--ecs-subnets",
                                          "subnet-1,subnet-2", env=self.aws.environment()))
            other.wait_for_line("cannot reach scheduler")
            self.assertEqual(other.stop(), 0)
            self.assertEqual(len(self.aws.running()), 1)
        self.leave(manager)

    def test_a_scheduler_that_comes_back_is_served_by_the_same_units(self):
        manager = self.launch_connected()
        with Client(address=self.cluster.address) as client:
            self.assertEqual(client.submit(square, 3).result(), 9)
        self.cluster.scheduler.kill()
        manager.wait_for_line("lost scheduler")
        self.cluster.scheduler = stack.Role(*self.cluster.scheduler.arguments[1:])
        self.cluster.scheduler.wait_for_line(r"WorkerID\(.*ECS-.* connected", count=2)
        with Client(address=self.cluster.address) as client:
            self.assertEqual(client.submit(square, 4).result(), 16)
        self.assertEqual(len(self.aws.tasks), 1)
        self.leave(manager)

    def test_a_manager_that_is_stopped_while_it_starts_units_leaves_none(self):
        manager = self.launch_connected(workers_max=8)
        self.aws.fail("RunTask", 1, 1)
        self.aws.fail("StopTask", (500, {}))
        with Client(address=self.cluster.address) as client:
            for _ in range(40):
                client.submit(nap, 60)
            self.aws.wait(lambda: any(name == "RunTask" for name, _ in self.aws.calls), "a start")
            self.leave(manager)

    def test_what_could_not_be_stopped_is_named(self):
        manager = self.launch_connected()
        with Client(address=self.cluster.address) as client:
            self.assertEqual(client.submit(square, 3).result(), 9)
        self.aws.fail("StopTask", *[refusal("AccessDeniedException")] * 4)
        self.assertEqual(manager.stop(), 1)
        manager.wait_for_line("left behind, stop it by hand: arn:aws:ecs:us-east-1:1:task/scaler-cluster/")


class OverTls(Limited):
    """Servers must show a certificate for their name, by an authority that the machine knows."""

    def setUp(self):
        super().setUp()
        folder = stack.temporary_folder()
        self.addCleanup(folder.cleanup)
        self.files = {name: make_certificate(pathlib.Path(folder.name), name, "-newkey", "ec", "-pkeyopt",
                                             "ec_paramgen_curve:prime256v1", "-addext", f"subjectAltName=DNS:{name}")
                      for name in ("localhost", "other.test")}

    def launch(self, server, trusted):
        aws = FakeAws(*self.files[server])
        self.addCleanup(aws.close)
        return self.start(stack.Role("worker_manager", "aws_raw_ecs", "tcp://127.0.0.1:1", "-wmi", "wm-ecs", "--ecs-subnets", "s",
                                     env={**aws.environment("localhost"), "AWS_CA_BUNDLE": str(self.files[trusted][0])}))

    def test_a_server_that_is_vouched_for_is_spoken_to(self):
        manager = self.launch("localhost", trusted="localhost")
        manager.wait_for_line("task definition .* is registered")
        self.assertEqual(manager.stop(), 0)

    def test_a_server_that_nobody_vouches_for_learns_nothing(self):
        for server, trusted, why in (("localhost", "other.test", "none of the known authorities has signed it"),
                                     ("other.test", "other.test", "it is another host's")):
            with self.subTest(why):
                manager = self.launch(server, trusted)
                manager.wait_for_line(f"ECS DescribeClusters at localhost.*certificate is not accepted: {why}, trying again")
                self.assertEqual(manager.stop(), 0)


class EcsWithThePeer(OnAws):
    @unittest.skipIf(CLIENT < (2, 0), "the schedulers of 1.12 know no managers")
    def test_our_manager_under_the_peers_scheduler(self):
        scheduler_port, storage_port, monitor_port = stack.free_ports(3)
        address, storage_address = f"tcp://127.0.0.1:{scheduler_port}", f"tcp://127.0.0.1:{storage_port}"
        self.start(peer.storage(storage_address))
        self.start(peer.scheduler(address, storage_address, f"tcp://127.0.0.1:{monitor_port}"))
        manager = self.launch_connected("--heartbeat-interval-seconds", "1", address=address)
        with Client(address=address) as client:
            self.assertEqual(map_with(client, square, range(60)), [i * i for i in range(60)])
            self.assertEqual(self.aws.count("RunTask"), 1)
        self.aws.wait(lambda: all(task["desiredStatus"] == "STOPPED" for task in self.aws.tasks.values()), "idle units stop")
        self.leave(manager)


if __name__ == "__main__":
    unittest.main()
