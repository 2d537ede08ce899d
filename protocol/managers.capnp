@0xb73a5df7a330c035;
# Worker managers, since 2.0.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("scaler::wire::protocol");

using Common = import "common.capnp";

struct WorkerManagerHeartbeat {
  maxTaskConcurrency @0 :UInt32;  # workers it may run; 2^32 - 1: no limit
  capabilities @1 :List(Common.TaskCapability);
  workerManagerID @2 :Data;
}

struct WorkerManagerHeartbeatEcho {
}

# The layout up to 2.2. Pointer 0 is the list of ids.
struct WorkerManagerCommand {
  workerIDs @0 :List(Data);  # whom to stop
  command @1 :WorkerManagerCommandType;
  capabilities @2 :List(Common.TaskCapability);
  setDesiredTaskConcurrencyRequests @3 :List(DesiredTaskConcurrencyRequest);  # since 2.2
}

# The layout of 2.6. Pointer 0 is the list of requests: whoever reads one layout as the other starts
# or stops workers that nobody spoke of.
struct WorkerManagerWish {
  setDesiredTaskConcurrencyRequests @0 :List(DesiredTaskConcurrencyRequest);
}

enum WorkerManagerCommandType {
  startWorkers @0;
  shutdownWorkers @1;
  setDesiredTaskConcurrency @2;  # since 2.2; a manager of 2.0 dies of it
}

struct DesiredTaskConcurrencyRequest {
  taskConcurrency @0 :UInt32;
  capabilities @1 :List(Common.TaskCapability);  # empty: any
}

# Gone by 2.6.
struct WorkerManagerCommandResponse {
  workerIDs @0 :List(Data);
  command @1 :WorkerManagerCommandType;
  status @2 :Status;
  capabilities @3 :List(Common.TaskCapability);

  enum Status {
    tooManyWorkers @0;
    unknownAction @1;
    workerNotFound @2;
    success @3;
  }
}
