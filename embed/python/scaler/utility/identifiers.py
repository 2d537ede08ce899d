"""Identities as they travel: plain bytes with a type of their own."""

from __future__ import annotations

import hashlib
import os
import sys
import uuid
from typing import Optional


def _digest(data: bytes) -> bytes:
    if sys.version_info >= (3, 9):  # a machine that forbids MD5 for secrets allows it for this
        return hashlib.md5(data, usedforsecurity=False).digest()
    return hashlib.md5(data).digest()


class Identifier(bytes):
    """Identities that are text on the wire."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.decode('utf-8', 'backslashreplace')})"


class ClientID(Identifier):
    @staticmethod
    def generate_client_id(name: Optional[str] = None) -> ClientID:
        parts = ["Client"] + ([name] if name else []) + [uuid.uuid4().hex]
        return ClientID("|".join(parts).encode())


class WorkerID(Identifier):
    @staticmethod
    def generate_worker_id(name: str) -> WorkerID:
        return WorkerID(f"Worker|{name}|{uuid.uuid4().hex}".encode())

    @staticmethod
    def invalid_worker_id() -> WorkerID:
        return WorkerID(b"")

    def is_valid(self) -> bool:
        return len(self) > 0


class ProcessorID(Identifier):
    def __repr__(self) -> str:
        return f"ProcessorID({self.hex()})"

    @staticmethod
    def generate_processor_id() -> ProcessorID:
        return ProcessorID(uuid.uuid4().bytes)


class TaskID(Identifier):
    def __repr__(self) -> str:
        return f"TaskID({self.hex()})"

    @staticmethod
    def generate_task_id() -> TaskID:
        return TaskID(uuid.uuid4().bytes)


class ObjectID(bytes):
    """32 bytes: MD5 of the owning client's identity, then a tag that is random but for the serializer's."""

    SERIALIZER_TAG = _digest(b"serializer")

    def __new__(cls, value: bytes) -> ObjectID:
        if len(value) != 32:
            raise ValueError(f"an ObjectID has 32 bytes, not {len(value)}")
        return super().__new__(cls, value)

    @staticmethod
    def generate_object_id(owner: ClientID) -> ObjectID:
        return ObjectID(_digest(owner) + os.urandom(16))

    @staticmethod
    def generate_serializer_object_id(owner: ClientID) -> ObjectID:
        return ObjectID(_digest(owner) + ObjectID.SERIALIZER_TAG)

    def owner_hash(self) -> bytes:
        return self[:16]

    def object_tag(self) -> bytes:
        return self[16:]

    def is_serializer(self) -> bool:
        return self.object_tag() == ObjectID.SERIALIZER_TAG

    def is_owner(self, owner: ClientID) -> bool:
        return self.owner_hash() == _digest(owner)

    def __repr__(self) -> str:
        return f"ObjectID(owner_hash={self[:16].hex()}, object_tag={self[16:].hex()})"
