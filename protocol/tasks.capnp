@0x955234a79bcf2fe6;
# Tasks, their results, and graphs of them. A task id is 16 bytes, an object id 32.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("scaler::wire::protocol");

using Common = import "common.capnp";

struct Task {
  taskId @0 :Data;
  source @1 :Data;        # the client that owns the result
  metadata @2 :Data;      # task flags, 6 bytes, or empty
  funcObjectId @3 :Data;
  functionArgs @4 :List(Argument);
  capabilities @5 :List(Common.TaskCapability);

  struct Argument {
    type @0 :ArgumentType;
    data @1 :Data;  # a task id (only inside a graph) or an object id
  }

  enum ArgumentType {
    task @0;
    objectID @1;
  }
}

struct TaskCancel {
  taskId @0 :Data;  # of a task or of a graph
  flags @1 :TaskCancelFlags;

  struct TaskCancelFlags {
    force @0 :Bool;
  }
}

struct TaskCancelConfirm {
  taskId @0 :Data;
  cancelConfirmType @1 :TaskCancelConfirmType;
}

enum TaskCancelConfirmType {
  canceled @0;
  cancelFailed @1;  # it runs, and force was not asked for
  cancelNotFound @2;
}

struct TaskResult {
  taskId @0 :Data;
  resultType @1 :TaskResultType;
  metadata @2 :Data;         # task profile, 16 bytes, or empty
  results @3 :List(Data);    # none or one object id
}

enum TaskResultType {
  success @0;
  failed @1;
  failedWorkerDied @2;
}

struct TaskLog {
  taskId @0 :Data;
  logType @1 :LogType;
  content @2 :Text;

  enum LogType {
    stdout @0;
    stderr @1;
  }
}

struct GraphTask {
  taskId @0 :Data;            # of the graph as a whole
  source @1 :Data;
  targets @2 :List(Data);     # task ids whose results the client wants
  graph @3 :List(Task);       # in any order
}
