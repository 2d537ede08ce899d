#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/base/time.hpp"

namespace scaler::agent {

enum class Retain : std::uint8_t {
  until_given,  // an argument: the agent drops its bytes once a processor has them
  kept,         // a function or serializer: likely to be needed again, by another processor
};

// The pickled objects that the tasks of one worker name: which are needed, which are on their way
// from the store, which are here. It decides what to keep; it never speaks. All operations are
// O(log objects) or better, but for list_to_ask().
class ObjectTable {
 public:
  explicit ObjectTable(std::uint64_t idle_bytes_max) : idle_bytes_max_(idle_bytes_max) {}

  // A task that names the object came or went. release() gives true if the object's owner has
  // deleted it meanwhile and this was the last task: processors must forget it now.
  void need(const ObjectId& id);
  [[nodiscard]] bool release(const ObjectId& id);

  // Starts a fetch, unless the bytes are here or on their way. True: the store must be asked.
  [[nodiscard]] bool fetch(const ObjectId& id, Retain retain);
  // The bytes came with a task that needs the object. Of no use if they are here or asked for.
  void offer(const ObjectId& id, Bytes payload, Retain retain);
  // The store was asked; `expires` is when we stop believing in an answer.
  void asked(const ObjectId& id, TimePoint expires);
  // The bytes came. False: nobody needs them any more. The tasks that were parked for them are
  // given by take_waiting().
  [[nodiscard]] bool arrived(const ObjectId& id, Bytes payload);
  // The bytes were given to a processor.
  void given(const ObjectId& id);
  // The owner deleted it. True: no task here names it, processors may forget it at once.
  [[nodiscard]] bool deleted(const ObjectId& id, TimePoint expires);
  // No answer will come.
  void give_up(const ObjectId& id);

  const Bytes* find(const ObjectId& id) const;
  void wait_for(const ObjectId& id, const TaskId& task);
  std::vector<TaskId> take_waiting(const ObjectId& id);

  // The store's connection was lost: all fetches must be asked anew, and none expires meanwhile.
  void store_lost();
  std::vector<ObjectId> list_to_ask();

  std::optional<std::pair<TimePoint, ObjectId>> first_to_expire() const;
  std::uint64_t fetches() const { return fetches_; }
  std::uint64_t needed_bytes() const { return bytes_ - idle_bytes_; }
  // A guess at the size of the next object, from those that came.
  std::uint64_t expected_bytes() const { return expected_bytes_; }
  std::size_t size() const { return objects_.size(); }
  std::uint32_t needs_of(const ObjectId& id) const;
  void check_invariants() const;

 private:
  struct Object {
    std::uint32_t needs = 0;  // tasks here that name it, whatever their state
    bool fetching = false;    // asked, or to be asked when the store is back
    bool kept = false;
    bool deleted = false;
    std::optional<Bytes> payload;
    std::optional<TimePoint> expires;                   // only while fetching
    std::vector<TaskId> waiting;                        // parked tasks, some of which may be gone
    std::optional<std::list<ObjectId>::iterator> idle;  // kept, here, and needed by nobody
  };
  using Objects = std::unordered_map<ObjectId, Object>;

  void drop_payload(Object& object);
  void stop_fetch(const ObjectId& id, Object& object);
  void set_expires(const ObjectId& id, Object& object, std::optional<TimePoint> expires);
  void settle(Objects::iterator found);  // nobody needs it: keep as idle, or erase
  void erase(Objects::iterator found);

  std::uint64_t idle_bytes_max_;
  Objects objects_;
  std::list<ObjectId> idle_;  // oldest first
  std::set<std::pair<TimePoint, ObjectId>> expiries_;
  std::uint64_t fetches_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t idle_bytes_ = 0;
  std::uint64_t expected_bytes_ = 4096;
};

}  // namespace scaler::agent
