#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scaler/scheduler/scheduler.hpp"
#include "scaler/wire/codec.hpp"

namespace scaler::scheduler {

struct TestPeer {
  PeerId id;
  Bytes identity;
};
struct TestWorker {
  std::uint32_t slots = 1;
  std::vector<std::string> capabilities = {};
  std::string identity = {};  // empty: a new one
  std::string manager = {};
};
struct TestTask {
  std::vector<std::string> capabilities = {};
  std::int32_t priority = 0;
  std::vector<wire::Argument> arguments = {};
};

// A scheduler alone with imagined peers, its clock at zero. Every message passes the real codec in
// both directions, and the whole state is checked after every step.
class SchedulerEnv {
 public:
  explicit SchedulerEnv(Options options = quiet());
  static Options quiet();  // long time-outs, no balancing

  // Peers. The heartbeat's echo is taken.
  TestPeer connect(const std::string& identity);
  TestPeer add_client(const std::string& identity = {});
  TestPeer add_worker(TestWorker worker = {});
  void lose(const TestPeer& peer);  // its connection closes
  TestPeer reconnect(const TestPeer& peer);

  void say(const TestPeer& from, wire::Message message);
  void client_heartbeat(const TestPeer& client) { say(client, wire::ClientHeartbeat{}); }
  wire::WorkerHeartbeat heartbeat_of(const TestWorker& worker) const;

  // Tasks.
  TaskId new_task_id();
  ObjectId new_object_id();
  wire::Task task_of(const TestPeer& client, TestTask task = {});
  TaskId submit(const TestPeer& client, TestTask task = {});
  void cancel(const TestPeer& from, const TaskId& task, bool force = true);
  void confirm(const TestPeer& worker, const TaskId& task, wire::CancelConfirmType type);
  ObjectId create(const TestPeer& from, const Bytes& user, const std::string& name = "f");
  // Creates the result object for `owner`, then says the result.
  ObjectId finish(const TestPeer& worker, const TestPeer& owner, const TaskId& task,
                  wire::TaskResultType type = wire::TaskResultType::success);

  // What was said to a peer. The first message must be a T; a failed expectation ends the test.
  template <class T>
  T take(const TestPeer& to) {
    return std::get<T>(take_any(to));
  }
  wire::Message take_any(const TestPeer& to);
  void put_back(const TestPeer& to, wire::Message message) {
    mail_[to.id].push_back(std::move(message));
  }
  std::size_t pending(const TestPeer& to) { return mail_[to.id].size(); }
  void expect_result(const TestPeer& client, const TaskId& task, wire::TaskResultType type);
  void expect_confirm(const TestPeer& client, const TaskId& task, wire::CancelConfirmType type);
  void expect_task(const TestPeer& worker, const TaskId& task);
  void expect_cancel(const TestPeer& worker, const TaskId& task, bool force);
  std::optional<TestPeer> take_worker_given(const TaskId& task);  // and takes the task
  void expect_silence();  // nothing was said that no test took
  void forget_mail();

  template <class T>
  std::vector<T> take_events() {
    std::vector<T> found;
    for (auto& event : std::exchange(events, {}))
      if (auto* match = std::get_if<T>(&event)) found.push_back(std::move(*match));
    return found;
  }

  void advance(Duration by);  // meets every deadline on the way
  void settle();              // turns, until there is no more to do
  void step();                // one turn

  wire::StateScheduler status() const { return core.status(now); }
  std::uint32_t count(wire::TaskState state) const;

  Scheduler core;
  TimePoint now{};
  Outbox out;
  bool check = true;
  std::vector<wire::Message> events;
  std::vector<ObjectId> deleted;
  std::vector<DuplicateObject> duplicated;
  std::vector<Drop> dropped;
  bool shut_down = false;

 private:
  void collect();
  std::map<PeerId, std::deque<wire::Message>> mail_;
  std::map<PeerId, TestPeer> peers_;
  std::uint32_t next_peer_ = 1;
  std::uint64_t next_id_ = 1;
  int next_name_ = 1;
};

// The task's id in a plain word for messages of a failing test.
inline bool is_silent(SchedulerEnv& env, const TestPeer& peer) { return env.pending(peer) == 0; }

}  // namespace scaler::scheduler
