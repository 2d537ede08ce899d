#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "sim/network.hpp"

namespace scaler::sim {

class Cluster;

// Large enough to count when many wait.
inline Bytes copy_of(const ObjectId& id) {
  std::string bytes;
  for (int i = 0; i < 10; ++i) bytes += as_text(id.view());
  return Bytes::copy_of(bytes);
}

// A worker as the protocol describes it: queues what it is sent, runs one task at a time, obeys
// cancels, beats every two seconds, and stores, registers and reports each result. A task whose
// arguments are to come waits for them; others pass it.
class Worker : public Node {
 public:
  Worker(Cluster& cluster, std::string identity, std::uint32_t slots, bool has_gpu);
  void on_message(wire::Message message) override;
  void on_connected() override;
  void leave();                // says good-bye
  void hang(Duration while_);  // neither beats nor works, and then goes on as if nothing was
  void look_again();           // what a task waits for may have come

 private:
  struct Running {
    wire::Task task;
    bool waits_for_children = false;
  };
  void beat();
  void beat_later();
  void start_next();
  void start(wire::Task task);
  static void check_copies(const wire::Task& task);
  void finish(const TaskId& id);
  void on_cancel(const wire::TaskCancel& cancel);
  static std::int32_t priority_of(const wire::Task& task);

  Cluster& cluster_;
  std::uint32_t slots_;
  bool has_gpu_;
  bool names_results_;  // as it is told to: a worker of ours
  bool hanging_ = false;
  std::vector<wire::Message> unheard_;
  std::vector<wire::Task> queue_;
  std::vector<Running> running_;  // the last one works, those before wait for their children
};

// A client that says again what it still waits for whenever it is connected again. It deletes its
// objects whenever it likes: also those that its tasks and graphs have not taken yet, and results
// of targets that other nodes take.
class Client : public Node {
 public:
  Client(Cluster& cluster, std::string identity, std::int32_t priority);
  void on_message(wire::Message message) override;
  void on_connected() override;

  void submit_some(unsigned count);
  void submit_graph();
  void cancel_something();
  void leave();
  bool is_content() const { return waiting_ == 0 || leaving_; }
  bool is_leaving() const { return leaving_; }
  bool is_nested() const { return priority_ > 0; }  // lives inside a running task
  void check_answers() const;  // each task ended, and exactly once unless it was said again
  std::function<void()> when_content;

 private:
  struct Expected {
    wire::Message request;  // of the task, or of the graph for its umbrella; nodes have none
    unsigned said = 1;
    unsigned answers = 0;
    bool cancel_asked = false;
    bool is_node = false;
    TaskId umbrella;
  };
  void beat_later();
  wire::Task new_task();
  ObjectId argument();
  void say_with_objects(wire::Message request);
  void say_afresh(Expected& expected);
  void rename_objects(wire::Task& task);
  void announce(const std::vector<ObjectId>& ids);
  void let_go(const std::vector<ObjectId>& ids);
  void expect(const TaskId& id, wire::Message request, bool is_node, const TaskId& umbrella);
  void answered(const TaskId& id);
  void check_copy(const wire::TaskResult& result) const;
  void count_answer(Expected& expected);

  Cluster& cluster_;
  std::int32_t priority_;
  bool beating_ = false;
  bool leaving_ = false;
  std::optional<ObjectId> shared_;  // that many tasks take
  std::map<TaskId, Expected> expected_;
  std::size_t waiting_ = 0;
};

// Everything together: clients that ask, workers that suffer, and an end at which all is accounted
// for.
class Cluster {
 public:
  explicit Cluster(std::uint64_t seed);
  void run();  // throws nothing: a broken promise is a failed assertion
  std::uint64_t trace() const { return network.trace; }

  Network network;
  Client& add_client(std::int32_t priority);
  Worker& add_worker();
  std::uint64_t tasks_asked = 0;

 private:
  void disturb();
  bool all_content() const;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<Worker>> workers_;
  bool calm_ = false;
  int next_name_ = 1;
};

}  // namespace scaler::sim
