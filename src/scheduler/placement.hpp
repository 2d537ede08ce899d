#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scaler/scheduler/scheduler.hpp"
#include "scheduler/intrusive.hpp"
#include "scheduler/tasks.hpp"
#include "scheduler/workers.hpp"

namespace scaler::scheduler {

Names names_of(const wire::Capabilities& capabilities);

// Workers filed by load; the least loaded, and among equals the one filed longest ago. Loads change
// by one at a time, so the search goes on where the last one ended: O(1) amortised. Loads beyond
// the last bucket count as equal.
class LoadBuckets {
 public:
  using Bucket = List<Worker, &Worker::in_bucket>;
  void insert(WorkerTable& workers, Index worker);
  void remove(WorkerTable& workers, Index worker);
  Index lowest() const;  // none: nobody is filed
  std::size_t size() const { return size_; }

 private:
  static constexpr std::uint32_t bucket_last = 65'535;
  std::vector<Bucket> buckets_;
  std::vector<std::uint64_t> used_;     // one bit per bucket
  mutable std::size_t first_used_ = 0;  // no word before it has a bit set
  std::size_t size_ = 0;
};

// Who waits, who has room, and who gets what next.
//
// Tasks that need the same capability names form a class with one queue of its own, so a task that
// nobody can run never blocks another class; between classes the older task goes first. Workers
// that offer the same names form a group, filed by load. A class knows the groups that can run it.
// Under even_load there is one class and one group. Within a class nested tasks go first, and they
// are placed on full workers too: their parents wait for them, in those very places.
//
// Among workers of equal load, a task goes to the one that made what it takes.
//
// Costs: O(log classes) per queue operation, O(matching groups) per choice. Nothing scans tasks or
// workers.
class Placement {
 public:
  Placement(Allocation allocation, TaskTable& tasks, WorkerTable& workers);

  // Capability lists of tasks, interned. Every intern() is given back by one release().
  Index intern(const wire::Capabilities& capabilities);
  void release(Index label);
  const wire::Capabilities& capabilities_of(Index label) const {
    return labels_[label].capabilities;
  }

  // Queues. A task is queued by its label.
  void push_back(Index task);
  void push_front(Index task);
  void remove(Index task);
  std::size_t waiting() const { return waiting_; }
  // Somebody could take it now, if nobody else were before it.
  bool has_place_for(Index task) const {
    return choose(classes_[class_of(task)], tasks_[task].nested) != none;
  }

  // Workers. One that joined may be given tasks while it is open; say reload() after its load or
  // capacity changed.
  void join(Index worker);
  void leave(Index worker);
  void reload(Index worker);

  struct Choice {
    Index task;
    Index worker;
  };
  // The next task that can be placed, taken out of its queue; the caller attaches it and reloads
  // the worker. Nothing: whoever waits has nobody to go to.
  std::optional<Choice> next();
  bool may_place() const { return !runnable_.empty(); }

  // How many live tasks need what, without those sent ahead, which nobody else could run either.
  // O(label count), since every live task holds its label.
  std::vector<TaskDemand> demand() const;
  void count_ahead(Index label) { ++labels_[label].ahead; }
  void uncount_ahead(Index label) { --labels_[label].ahead; }

  // The last of the nested tasks that go before a waiting task; none when there is no such task.
  Index nested_before(Index task) const {
    return tasks_[task].nested ? none : classes_[class_of(task)].nested.tail;
  }

  void check_invariants() const;
  bool empty() const { return waiting_ == 0 && labels_.size() == 1; }

 private:
  struct Label {
    wire::Capabilities capabilities;
    std::string key;
    std::size_t references = 0;
    Index task_class = none;
    std::size_t ahead = 0;  // of the tasks
  };
  using Urgency = std::pair<bool, std::uint64_t>;  // ordinary?, arrival of the first task
  struct Class {
    Names names;
    std::size_t references = 0;  // labels
    PlacedTasks nested;
    PlacedTasks ordinary;
    std::vector<Index> groups;
    bool runnable = false;  // listed in runnable_, under `urgency`
    Urgency urgency;
  };
  struct Group {
    Names names;
    std::size_t workers = 0;
    LoadBuckets open;
    LoadBuckets full;
    std::vector<Index> classes;
  };

  Index class_for(const Names& names);
  Index group_for(const Names& names);
  void drop_class(Index index);
  void drop_group(Index index);
  Index class_of(Index task) const { return labels_[tasks_[task].label].task_class; }
  PlacedTasks& queue_of(Index task);
  Index choose(const Class& task_class, bool nested) const;
  Index rather_near(Index chosen, Index task, const Class& task_class) const;
  void refresh(Index index);  // its urgency may have changed
  void wake(Index index);     // it may have somebody to go to
  void wake_classes_of(const Group& group);
  void file(Index worker);
  void unfile(Index worker);
  static bool covers(const Group& group, const Class& task_class);

  Allocation allocation_;
  TaskTable& tasks_;
  WorkerTable& workers_;
  Pool<Label> labels_;
  Pool<Class> classes_;
  Pool<Group> groups_;
  std::map<std::string, Index> labels_by_key_;
  std::map<Names, Index> classes_by_names_;
  std::map<Names, Index> groups_by_names_;
  std::set<std::pair<Urgency, Index>> runnable_;
  std::set<std::string> warned_about_;
  std::size_t waiting_ = 0;
  std::uint64_t changes_ = 0;
};

}  // namespace scaler::scheduler
