#pragma once

#include "scaler/base/log.hpp"
#include "scaler/base/random.hpp"
#include "scaler/scheduler/scheduler.hpp"
#include "scheduler/balancer.hpp"
#include "scheduler/client_desk.hpp"
#include "scheduler/connections.hpp"
#include "scheduler/graphs.hpp"
#include "scheduler/inquiry_desk.hpp"
#include "scheduler/managers.hpp"
#include "scheduler/object_desk.hpp"
#include "scheduler/scaling_desk.hpp"
#include "scheduler/status.hpp"
#include "scheduler/worker_desk.hpp"

namespace scaler::scheduler {

// Constructs the rooms, in order of dependence, and decides who hears a message.
struct Scheduler::Impl {
  explicit Impl(Options given);

  Options options;
  Counters counters;
  Random random;
  std::uint64_t hash_key;

  // tables
  Connections connections;
  ClientTable clients;
  TaskTable tasks;
  WorkerTable workers;
  ManagerTable managers;
  ObjectRegistry objects;
  Placement placement;
  Monitor monitor;

  // machines
  TaskFlow flow;
  GraphEngine graphs;
  ClientDesk client_desk;
  WorkerDesk worker_desk;
  ObjectDesk object_desk;
  ScalingDesk scaling_desk;
  InquiryDesk inquiry_desk;
  AdviceGate advice_gate;

  // Deadlines; the second's tick serves time-outs and deletions.
  std::optional<TimePoint> tick_at;
  std::optional<TimePoint> balance_at;

  log::RateLimit refusal_notes{5, 10s};

  struct Sender {
    PeerId peer;
    Connection& connection;
  };
  void dispatch(Sender from, wire::Message& message, Bytes& frame, Turn& turn);
  void note_life(const Connection& connection, TimePoint now);
  void settle(Turn& turn);  // after every handler
  void refuse(const Connection& from, const char* what, Turn& turn);

  void on_task(Sender from, wire::Task& task, Bytes& frame, Turn& turn);
  void on_graph(Sender from, wire::GraphTask& graph, Turn& turn);
  void on_cancel(Sender from, const wire::TaskCancel& cancel, Bytes& frame, Turn& turn);
  void on_confirm(Sender from, const wire::TaskCancelConfirm& confirm, Bytes& frame, Turn& turn);
  void on_result(Sender from, wire::TaskResult& result, Bytes& frame, Turn& turn);
  void on_log(Sender from, const wire::TaskLog& line, Bytes& frame, Turn& turn);
  void on_client_disconnect(Sender from, const wire::ClientDisconnect& message, Turn& turn);

  void arm(TimePoint now);
  bool is_deserted() const;
  void on_tick(Turn& turn);
  void on_balance(Turn& turn);
  void check_tasks() const;
};

}  // namespace scaler::scheduler
