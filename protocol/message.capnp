@0xb72cb47146de85b3;
# One frame between client, worker, worker manager, monitor and scheduler is one Message.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("scaler::wire::protocol");

using Tasks = import "tasks.capnp";
using Control = import "control.capnp";
using Managers = import "managers.capnp";
using State = import "state.capnp";

struct Message {
  # The order is that of wire::Message's alternatives.
  union {
    task @0 :Tasks.Task;
    taskCancel @1 :Tasks.TaskCancel;
    taskCancelConfirm @2 :Tasks.TaskCancelConfirm;
    taskResult @3 :Tasks.TaskResult;
    taskLog @4 :Tasks.TaskLog;
    graphTask @5 :Tasks.GraphTask;
    objectInstruction @6 :Control.ObjectInstruction;
    clientHeartbeat @7 :Control.ClientHeartbeat;
    clientHeartbeatEcho @8 :Control.ClientHeartbeatEcho;
    workerHeartbeat @9 :Control.WorkerHeartbeat;
    workerHeartbeatEcho @10 :Control.WorkerHeartbeatEcho;
    disconnectRequest @11 :Control.DisconnectRequest;
    disconnectResponse @12 :Control.DisconnectResponse;
    stateClient @13 :State.StateClient;
    stateObject @14 :State.StateObject;
    stateBalanceAdvice @15 :State.StateBalanceAdvice;
    stateScheduler @16 :State.StateScheduler;
    stateWorker @17 :State.StateWorker;
    stateTask @18 :State.StateTask;
    stateGraphTask @19 :State.StateGraphTask;
    clientDisconnect @20 :Control.ClientDisconnect;
    clientShutdownResponse @21 :Control.ClientShutdownResponse;
    processorInitialized @22 :Control.ProcessorInitialized;
    informationRequest @23 :Control.InformationRequest;
    informationResponse @24 :Control.InformationResponse;
    workerManagerHeartbeat @25 :Managers.WorkerManagerHeartbeat;
    workerManagerHeartbeatEcho @26 :Managers.WorkerManagerHeartbeatEcho;
    workerManagerCommand @27 :AnyPointer;  # WorkerManagerCommand up to 2.2, WorkerManagerWish in 2.6
    workerManagerCommandResponse @28 :Managers.WorkerManagerCommandResponse;
  }
}
