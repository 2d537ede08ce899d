@0x85a73d141a2aa0ee;
# How clients and workers come, stay and go, and what they say about objects.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("scaler::wire::protocol");

using Common = import "common.capnp";

struct ClientHeartbeat {
  resource @0 :Common.Resource;
  latencyUS @1 :UInt32;  # half the last round trip
}

struct ClientHeartbeatEcho {
  objectStorageAddress @0 :Common.ObjectStorageAddress;
}

struct WorkerHeartbeat {
  agent @0 :Common.Resource;
  rssFree @1 :UInt64;       # memory available on the host, bytes
  queueSize @2 :UInt32;     # tasks taken at most; read at the first heartbeat only
  queuedTasks @3 :UInt32;   # not started
  latencyUS @4 :UInt32;
  taskLock @5 :Bool;        # true: a task could start now
  processors @6 :List(Common.ProcessorStatus);
  capabilities @7 :List(Common.TaskCapability);
  workerManagerID @8 :Data;  # since 2.0
}

struct WorkerHeartbeatEcho {
  objectStorageAddress @0 :Common.ObjectStorageAddress;
}

struct DisconnectRequest {
  worker @0 :Data;
}

struct DisconnectResponse {
  worker @0 :Data;
}

struct ClientDisconnect {
  disconnectType @0 :DisconnectType;

  enum DisconnectType {
    disconnect @0;
    shutdown @1;
  }
}

struct ClientShutdownResponse {
  accepted @0 :Bool;
}

struct ProcessorInitialized {
}

struct InformationRequest {
  request @0 :Data;
}

struct InformationResponse {
  response @0 :Data;
}

struct ObjectInstruction {
  instructionType @0 :ObjectInstructionType;
  objectUser @1 :Data;  # the owning client; empty in what a scheduler tells its workers
  objectMetadata @2 :ObjectMetadata;

  enum ObjectInstructionType {
    create @0;
    delete @1;
    clear @2;
  }
}

struct ObjectMetadata {
  # Parallel in a create; the last two are empty otherwise.
  objectIds @0 :List(Data);
  objectTypes @1 :List(ObjectContentType);
  objectNames @2 :List(Data);  # UTF-8

  enum ObjectContentType {
    serializer @0;
    object @1;
  }
}
