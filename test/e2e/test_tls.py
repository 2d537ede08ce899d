"""Encrypted addresses, tls:// and wss://: the peer's client and roles on our ports, ours on the peer's, and what is refused."""

import concurrent.futures
import os
import pathlib
import socket
import ssl
import subprocess
import time
import unittest

from scaler import Client

import peer
import stack
from schemes import Schemes
from test_client import inc
from versions import CLIENT, OURS

SPEAKS_TLS = OURS or CLIENT >= (2, 3)
# What 2.2.0 takes a wss address for is a WebSocket that nobody encrypts.
SPEAKS_PLAIN_WSS = not OURS and CLIENT == (2, 2) and os.environ.get("SCALER_NETWORK_BACKEND") == "ymq"


def make_certificate(folder, name, *options):
    """A certificate that signed itself, and its key, as files."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-keyout", key, "-out", certificate, "-subj", "/CN=127.0.0.1",
                    *options], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return certificate, key


class Encrypted(Schemes):
    @classmethod
    def setUpClass(cls):
        folder = stack.temporary_folder()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        elliptic = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
        cls.certificate, cls.key = make_certificate(cls.folder, "elliptic", *elliptic)
        cls.rsa_certificate, cls.rsa_key = make_certificate(cls.folder, "rsa", "-newkey", "rsa:2048")
        cls.options = ("--tls-cert", str(cls.certificate), "--tls-key", str(cls.key))
        cls.rsa_options = ("-tc", str(cls.rsa_certificate), "-tk", str(cls.rsa_key))

    def our_roles(self, scheme, workers, options):
        """Storage, scheduler and workers of ours, all of them on addresses of this scheme; gives the scheduler."""
        storage, scheduler, monitor = (f"{scheme}://127.0.0.1:{port}" for port in stack.free_ports(3))
        self.storage = self.start(stack.Role("object_storage_server", storage, *options))
        self.storage.wait_for_line("started")
        role = self.start(stack.Role("scheduler", scheduler, "--object-storage-address", storage, "--monitor-address", monitor,
                                     *options))
        role.wait_for_line("monitor address")
        role.address = scheduler
        if workers:
            self.our_manager(scheduler, "wm-tls", workers)
        return role

    def exercise(self, address):
        with Client(address=address) as client:
            self.do_the_usual(client, bytes(range(256)) * 120_000)
            sleeper = client.submit(lambda: time.sleep(60))
            sleeper.cancel()
            with self.assertRaises(concurrent.futures.CancelledError):
                sleeper.result(timeout=30)
            self.assertEqual(client.submit(inc, 1).result(), 2)


@unittest.skipUnless(SPEAKS_TLS, "this client has no TLS")
class Served(Encrypted):
    def test_a_stack_of_ours_serves_a_client_by_tls(self):
        scheduler = self.our_roles("tls", 2, self.options)
        self.exercise(scheduler.address)

    def test_a_stack_of_ours_serves_a_client_by_wss(self):
        scheduler = self.our_roles("wss", 1, self.rsa_options)
        self.exercise(scheduler.address)

    def test_a_scheduler_that_is_its_own_storage_serves_it_encrypted_too(self):
        port = stack.free_ports(1)[0]
        scheduler = self.start(stack.Role("scheduler", f"tls://127.0.0.1:{port}", *self.options))
        scheduler.wait_for_line("serve object storage at tls://")
        self.our_manager(f"tls://127.0.0.1:{port}", "wm-tls", 1)
        self.exercise(f"tls://127.0.0.1:{port}")

    @unittest.skipUnless(OURS, "of our own package")
    def test_a_cluster_of_a_program_is_encrypted_if_its_address_says_so(self):
        from scaler import SchedulerClusterCombo
        from scaler.config.common.security import SecurityConfig

        security = SecurityConfig(str(self.certificate), str(self.key))
        with SchedulerClusterCombo(1, f"tls://127.0.0.1:{stack.free_ports(1)[0]}", security_config=security) as cluster:
            self.assertTrue(cluster.get_address().startswith("tls://"))
            self.exercise(cluster.get_address())
            with Client(address=cluster.get_address(), security_config=security) as client:
                self.assertEqual(client.submit(inc, 1).result(), 2)
        with self.assertRaisesRegex(ValueError, "cannot read .*none.pem"):
            Client(address="tls://127.0.0.1:1", security_config=SecurityConfig(str(self.folder / "none.pem"), str(self.key)))

    @unittest.skipIf(OURS, "the peer's roles are not here")
    def test_the_peers_workers_reach_our_scheduler_by_tls(self):
        scheduler = self.our_roles("tls", 0, self.options)
        self.start(peer.manager(scheduler.address, 1))
        self.exercise(scheduler.address)

    @unittest.skipIf(OURS, "the peer's roles are not here")
    def test_our_workers_reach_the_peers_scheduler_and_storage_by_tls(self):
        self.work_for_the_peer("tls")

    @unittest.skipIf(OURS, "the peer's roles are not here")
    def test_our_workers_reach_the_peers_scheduler_and_storage_by_wss(self):
        self.work_for_the_peer("wss")

    def work_for_the_peer(self, scheme):
        addresses = [f"{scheme}://127.0.0.1:{port}" for port in stack.free_ports(3)]
        storage_address, address, monitor_address = addresses
        self.start(peer.PeerRole("scaler_object_storage_server", storage_address, *self.options))
        self.wait_listening(storage_address)
        self.start(peer.PeerRole("scaler_scheduler", address, "--object-storage-address", storage_address,
                                 "--monitor-address", monitor_address, *self.options, *peer.QUIET))
        self.wait_listening(address)
        self.our_manager(address, "wm-tls", 1, *self.options)
        self.exercise(address)

    def wait_listening(self, address):
        """Without a connection, for a server of the peer ends when a handshake fails."""
        port = f"{int(address.rsplit(':', 1)[1]):04X}"
        stack.wait_for(lambda: any(line.split()[1].endswith(":" + port) and line.split()[3] == "0A"
                                   for file in ("tcp", "tcp6")
                                   for line in pathlib.Path(f"/proc/net/{file}").read_text().splitlines()[1:]),
                       f"nothing listens on {address}")


class Refused(Encrypted):
    def shake_hands(self, address, version):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.minimum_version = context.maximum_version = version
        host, port = address.split("//")[1].split(":")
        with socket.create_connection((host, int(port)), timeout=20) as plain, context.wrap_socket(plain) as secure:
            return secure.version()

    def test_tls_1_2_is_spoken_and_nothing_older(self):
        scheduler = self.our_roles("tls", 0, self.options)
        self.assertEqual(self.shake_hands(scheduler.address, ssl.TLSVersion.TLSv1_2), "TLSv1.2")
        with self.assertRaises(ssl.SSLError):
            self.shake_hands(scheduler.address, ssl.TLSVersion.TLSv1_3)
        self.assertEqual(self.shake_hands(scheduler.address, ssl.TLSVersion.TLSv1_2), "TLSv1.2")

    def test_who_does_not_encrypt_is_closed_with_one_line(self):
        scheduler = self.our_roles("tls", 0, self.options)
        for first, says in ((b"YMQ\x01", "needs tls://"), (b"GET / HTTP/1.1\r\n", "needs wss://")):
            with socket.create_connection(("127.0.0.1", int(scheduler.address.rsplit(":", 1)[1])), timeout=20) as plain:
                plain.sendall(first)
                self.assertEqual(plain.recv(100), b"")
            scheduler.wait_for_line(says)

    def test_questions_are_asked_by_tls(self):
        scheduler = self.our_roles("tls", 1, self.options)
        scheduler.wait_for_line(r"WorkerID\(.*\) connected")
        answer = subprocess.run([stack.binary(), "status", scheduler.address], capture_output=True, text=True, check=True)
        self.assertRegex(answer.stdout, r"(?i)worker")

    def test_what_is_wrong_with_the_files_is_said_in_one_line(self):
        missing = self.folder / "missing.pem"
        for certificate, key, says in (
            (missing, self.key, "missing.pem: no such file"),
            (self.certificate, missing, "missing.pem: no such file"),
            (self.certificate, self.rsa_key, "rsa.key: not the key of the certificate"),
            (self.key, self.key, "elliptic.key: not a certificate"),
            (self.certificate, self.certificate, "elliptic.pem: not a private key"),
        ):
            for role in (("scheduler", "tls://127.0.0.1:0"), ("object_storage_server", "wss://127.0.0.1:0/"),
                         ("worker_manager", "baremetal_native", "tls://127.0.0.1:1", "-wmi", "wm")):
                with self.subTest(role=role[0], says=says):
                    self.refused(*role, "--tls-cert", certificate, "--tls-key", key, says=says)
        self.refused("scheduler", "tls://127.0.0.1:0", says="needs a certificate and its key")
        self.refused("object_storage_server", "wss://127.0.0.1:0", says="needs a certificate and its key")
        self.refused("scheduler", "tcp://127.0.0.1:0", "-tc", self.certificate, says="go together")

    def refused(self, *words, says):
        ended = subprocess.run([stack.binary(), *map(str, words)], capture_output=True, text=True, timeout=stack.LIMIT_S)
        self.assertEqual(ended.returncode, 2, ended)
        self.assertEqual(len(ended.stderr.splitlines()), 1, ended.stderr)
        self.assertIn(says, ended.stderr)


@unittest.skipUnless(SPEAKS_PLAIN_WSS, "this client means TLS by wss, or does not know it")
class PlainWss(Encrypted):
    def test_a_client_whose_wss_is_not_encrypted_is_served_where_nothing_is(self):
        with stack.Stack(workers=1) as cluster:
            self.exercise(cluster.address.replace("tcp://", "wss://") + "/")


if __name__ == "__main__":
    unittest.main(verbosity=2)
