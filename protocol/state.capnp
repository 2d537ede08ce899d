@0xe6a2f099efeb782c;
# What a scheduler tells its monitors.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("scaler::wire::protocol");

using Common = import "common.capnp";

struct StateClient {
}

struct StateObject {
}

struct StateBalanceAdvice {
  workerId @0 :Data;
  taskIds @1 :List(Data);
}

struct StateScheduler {
  binder @0 :BinderStatus;
  scheduler @1 :Common.Resource;
  rssFree @2 :UInt64;
  clientManager @3 :ClientManagerStatus;
  objectManager @4 :ObjectManagerStatus;
  taskManager @5 :TaskManagerStatus;
  workerManager @6 :WorkerManagerStatus;    # of workers
  scalingManager @7 :ScalingManagerStatus;  # of worker managers
}

struct BinderStatus {
  received @0 :List(Pair);
  sent @1 :List(Pair);

  struct Pair {
    client @0 :Text;  # a message kind, "ClientHeartbeat", in spite of the name
    number @1 :UInt32;
  }
}

struct ClientManagerStatus {
  clientToNumOfTask @0 :List(Pair);

  struct Pair {
    client @0 :Data;
    numTask @1 :UInt32;
  }
}

struct ObjectManagerStatus {
  numberOfObjects @0 :UInt32;
}

struct TaskManagerStatus {
  stateToCount @0 :List(Pair);

  struct Pair {
    state @0 :UInt8;  # a TaskState
    count @1 :UInt32;
  }
}

struct WorkerManagerStatus {
  workers @0 :List(WorkerStatus);
}

struct WorkerStatus {
  workerId @0 :Data;
  agent @1 :Common.Resource;
  rssFree @2 :UInt64;
  free @3 :UInt32;      # queue places left
  sent @4 :UInt32;      # tasks assigned and not finished
  queued @5 :UInt32;
  suspended @6 :UInt8;
  lagUS @7 :UInt64;
  lastS @8 :UInt8;
  itl @9 :Text;         # three characters 0 or 1: initialised, has a task, task lock
  processorStatuses @10 :List(Common.ProcessorStatus);
}

struct ScalingManagerStatus {
  managedWorkers @0 :List(Pair);
  workerManagerDetails @1 :List(WorkerManagerDetail);  # since 2.0

  struct Pair {
    workerManagerID @0 :Data;
    workerIDs @1 :List(Data);
  }
}

struct WorkerManagerDetail {
  workerManagerID @0 :Data;
  identity @1 :Text;
  lastSeenS @2 :UInt8;
  maxTaskConcurrency @3 :UInt32;
  capabilities @4 :Text;  # names, sorted, one space between
  pendingWorkers @5 :UInt32;
}

struct StateWorker {
  workerId @0 :Data;
  state @1 :WorkerState;
  capabilities @2 :List(Common.TaskCapability);

  enum WorkerState {
    connected @0;
    disconnected @1;
  }
}

struct StateTask {
  taskId @0 :Data;
  functionName @1 :Data;
  state @2 :TaskState;
  worker @3 :Data;  # empty when none
  capabilities @4 :List(Common.TaskCapability);
  metadata @5 :Data;  # of the result, once there is one
}

enum TaskState {
  inactive @0;
  running @1;
  canceling @2;
  balanceCanceling @3;
  success @4;
  failed @5;
  failedWorkerDied @6;
  canceled @7;
  canceledNotFound @8;
  balanceCanceled @9;
  workerDisconnecting @10;
}

struct StateGraphTask {
  graphTaskId @0 :Data;
  taskId @1 :Data;
  nodeTaskType @2 :NodeTaskType;
  parentTaskIds @3 :List(Data);

  enum NodeTaskType {
    normal @0;
    target @1;
  }
}
