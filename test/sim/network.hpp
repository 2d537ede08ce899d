#pragma once

#include <functional>
#include <map>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "scaler/base/random.hpp"
#include "scaler/scheduler/scheduler.hpp"
#include "scaler/wire/codec.hpp"

namespace scaler::sim {

class Network;

// One simulated process beside the scheduler, with one connection that may be cut and comes back.
class Node {
 public:
  Node(Network& network, std::string identity);
  virtual ~Node() = default;
  virtual void on_message(wire::Message message) = 0;
  virtual void on_connected() {}

  void say(wire::Message message);  // queued while there is no connection, as a DEALER does
  void connect();
  void cut();   // what is on its way, either way, is lost
  void kill();  // cut for ever
  bool is_connected() const { return connected_; }
  bool is_alive() const { return alive_; }
  const Bytes& identity() const { return identity_; }

 protected:
  // Does nothing if the node is dead by then.
  void after(Duration delay, std::function<void()> act);
  Network& network_;

 private:
  friend class Network;
  Bytes identity_;
  PeerId peer_;
  bool connected_ = false;
  bool alive_ = true;
  TimePoint heard_until_{};  // keeps each direction in order
  TimePoint spoken_until_{};
  std::vector<wire::Message> unsent_;
};

// Virtual time, one scheduler, and connections with random delays: ordered within a connection, in
// any order between them. All of it follows from the seed.
class Network {
 public:
  Network(std::uint64_t seed, scheduler::Options options);

  void at(TimePoint when, std::function<void()> act);
  void run_until(
      TimePoint end, const std::function<bool()>& done = [] { return false; });
  Duration random_delay(Duration least, Duration most);
  bool chance(unsigned percent) { return random.below(100) < percent; }
  TaskId new_task_id();
  ObjectId new_object_id();

  Random random;
  scheduler::Scheduler core;
  TimePoint now{};
  std::uint64_t trace = 1469598103934665603U;  // FNV-1a over everything delivered
  std::uint64_t delivered = 0;
  std::set<ObjectId> announced;  // to the scheduler, and not refused
  std::set<ObjectId> deleted;

  // The storage still has all that it names.
  void check_objects(const wire::Task& task) const;
  // No client has said it again since, with other objects.
  bool is_latest(const wire::Task& task) const { return latest_.at(task.id) == task.function; }

  // Results that have a name before they are there. Whoever waits for one looks again whenever one
  // has come.
  void store(const ObjectId& id);
  bool has_all_of(const wire::Task& task) const;
  std::function<void()> when_stored;

 private:
  friend class Node;
  struct Event {
    TimePoint when;
    std::uint64_t order;
    std::function<void()> act;
    bool operator>(const Event& other) const {
      return std::pair(when, order) > std::pair(other.when, other.order);
    }
  };
  void note(PeerId peer, const wire::Message& message);
  void to_scheduler(Node& node, wire::Message message);
  void deliver_to_node(PeerId peer, const Bytes& frame);
  void after_scheduler();
  void perform();

  std::set<ObjectId> to_come_, came_;
  std::map<TaskId, ObjectId> latest_;  // function of each task that was sent
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t next_order_ = 0;
  std::uint32_t next_peer_ = 1;
  std::map<PeerId, Node*> connected_;
  scheduler::Outbox out_;
  bool turn_planned_ = false;
  TimePoint deadline_planned_{};
  std::uint64_t checks_ = 0;
};

}  // namespace scaler::sim
