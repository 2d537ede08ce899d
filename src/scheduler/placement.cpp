#include "scheduler/placement.hpp"

#include <algorithm>

#include "scaler/base/log.hpp"

namespace scaler::scheduler {

namespace {

constexpr std::size_t warned_sets_max = 1000;
constexpr Index no_capabilities = 0;  // the label of most tasks, never dropped

wire::Capabilities sorted(wire::Capabilities capabilities) {
  std::sort(capabilities.begin(), capabilities.end(), [](const auto& a, const auto& b) {
    return std::tie(a.name, a.value) < std::tie(b.name, b.value);
  });
  return capabilities;
}

std::string key_of(const wire::Capabilities& capabilities) {
  std::string key;
  for (const auto& capability : capabilities) {
    key += std::to_string(capability.name.size()) + ':' + capability.name;
    key += std::to_string(capability.value) + ';';
  }
  return key;
}

std::string joined(const Names& names) { return fmt::format("{}", fmt::join(names, ", ")); }

}  // namespace

Names names_of(const wire::Capabilities& capabilities) {
  Names names;
  names.reserve(capabilities.size());
  for (const auto& capability : capabilities) names.push_back(capability.name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Placement::Placement(Allocation allocation, TaskTable& tasks, WorkerTable& workers)
    : allocation_(allocation), tasks_(tasks), workers_(workers) {
  const Index label = labels_.insert({});
  SCALER_ASSERT(label == no_capabilities, "the first label is the empty one");
  labels_[label].references = 1;
  labels_[label].task_class = class_for({});
  ++classes_[labels_[label].task_class].references;
}

// ---- labels ----

Index Placement::intern(const wire::Capabilities& capabilities) {
  if (capabilities.empty()) {
    ++labels_[no_capabilities].references;
    return no_capabilities;
  }
  wire::Capabilities canonical = sorted(capabilities);
  std::string key = key_of(canonical);
  const auto known = labels_by_key_.find(key);
  if (known != labels_by_key_.end()) {
    ++labels_[known->second].references;
    return known->second;
  }
  const Names names = names_of(canonical);
  if (allocation_ == Allocation::even_load && warned_about_.size() < warned_sets_max &&
      warned_about_.insert(joined(names)).second)
    log::warning("allocation even_load ignores the capabilities that tasks ask for: {}",
                 joined(names));
  const Index index = labels_.insert({std::move(canonical), key, 1, none});
  const Index task_class = class_for(allocation_ == Allocation::even_load ? Names{} : names);
  labels_[index].task_class = task_class;
  ++classes_[task_class].references;
  labels_by_key_.emplace(std::move(key), index);
  return index;
}

void Placement::release(Index label) {
  if (--labels_[label].references > 0) return;
  const Index task_class = labels_[label].task_class;
  labels_by_key_.erase(labels_[label].key);
  labels_.erase(label);
  if (--classes_[task_class].references == 0) drop_class(task_class);
}

std::vector<TaskDemand> Placement::demand() const {
  std::vector<TaskDemand> found;
  const auto add = [&](Names names, const Label& label, std::size_t others) {
    found.push_back({std::move(names), label.references - others - label.ahead});
  };
  add({}, labels_[no_capabilities], 1);  // one reference is our own
  for (const auto& [key, label] : labels_by_key_)
    add(names_of(labels_[label].capabilities), labels_[label], 0);
  return found;
}

// ---- classes and groups ----

bool Placement::covers(const Group& group, const Class& task_class) {
  return std::includes(group.names.begin(), group.names.end(), task_class.names.begin(),
                       task_class.names.end());
}

Index Placement::class_for(const Names& names) {
  const auto known = classes_by_names_.find(names);
  if (known != classes_by_names_.end()) return known->second;
  const Index index = classes_.insert({});
  Class& made = classes_[index];
  made.names = names;
  classes_by_names_.emplace(names, index);
  for (const auto& [offered, group] : groups_by_names_)
    if (covers(groups_[group], made)) {
      made.groups.push_back(group);
      groups_[group].classes.push_back(index);
    }
  return index;
}

Index Placement::group_for(const Names& names) {
  const auto known = groups_by_names_.find(names);
  if (known != groups_by_names_.end()) return known->second;
  const Index index = groups_.insert({});
  Group& made = groups_[index];
  made.names = names;
  groups_by_names_.emplace(names, index);
  for (const auto& [required, task_class] : classes_by_names_)
    if (covers(made, classes_[task_class])) {
      made.classes.push_back(task_class);
      classes_[task_class].groups.push_back(index);
    }
  return index;
}

void Placement::drop_class(Index index) {
  Class& old = classes_[index];
  SCALER_ASSERT(old.nested.empty() && old.ordinary.empty(), "a class with tasks is dropped");
  for (const Index group : old.groups) std::erase(groups_[group].classes, index);
  if (old.runnable) runnable_.erase({old.urgency, index});
  classes_by_names_.erase(old.names);
  classes_.erase(index);
}

void Placement::drop_group(Index index) {
  for (const Index task_class : groups_[index].classes)
    std::erase(classes_[task_class].groups, index);
  groups_by_names_.erase(groups_[index].names);
  groups_.erase(index);
}

// ---- queues ----

PlacedTasks& Placement::queue_of(Index task) {
  Class& task_class = classes_[class_of(task)];
  return tasks_[task].nested ? task_class.nested : task_class.ordinary;
}

void Placement::push_back(Index task) {
  const bool was_empty = queue_of(task).empty();
  queue_of(task).push_back(tasks_.pool(), task);
  ++waiting_;
  if (was_empty) wake(class_of(task));
}

void Placement::push_front(Index task) {
  queue_of(task).push_front(tasks_.pool(), task);
  ++waiting_;
  wake(class_of(task));
}

void Placement::remove(Index task) {
  const bool was_first = queue_of(task).head == task;
  queue_of(task).remove(tasks_.pool(), task);
  --waiting_;
  if (was_first) refresh(class_of(task));
}

void Placement::refresh(Index index) {
  if (!classes_[index].runnable) return;
  Class& task_class = classes_[index];
  auto entry = runnable_.extract({task_class.urgency, index});
  const PlacedTasks& first = task_class.nested.empty() ? task_class.ordinary : task_class.nested;
  if (first.empty()) {
    task_class.runnable = false;
    return;
  }
  task_class.urgency = {task_class.nested.empty(), tasks_[first.head].arrival};
  entry.value().first = task_class.urgency;
  runnable_.insert(std::move(entry));
}

void Placement::wake(Index index) {
  Class& task_class = classes_[index];
  if (task_class.nested.empty() && task_class.ordinary.empty()) return;
  if (!task_class.runnable) {
    task_class.runnable = true;
    runnable_.insert({task_class.urgency, index});
  }
  refresh(index);
}

void Placement::wake_classes_of(const Group& group) {
  for (const Index task_class : group.classes) wake(task_class);
}

// ---- workers ----

void Placement::join(Index worker) {
  Worker& joined = workers_[worker];
  SCALER_ASSERT(joined.group == none, "a worker joins twice");
  joined.group =
      group_for(allocation_ == Allocation::even_load ? Names{} : names_of(joined.capabilities));
  ++groups_[joined.group].workers;
  file(worker);
  wake_classes_of(groups_[joined.group]);
}

void Placement::leave(Index worker) {
  Worker& left = workers_[worker];
  if (left.group == none) return;
  unfile(worker);
  const Index group = std::exchange(left.group, none);
  if (--groups_[group].workers == 0) drop_group(group);
}

void Placement::reload(Index worker) {
  if (workers_[worker].group == none) return;
  const Group& group = groups_[workers_[worker].group];
  const bool had_room = group.open.size() > 0;
  unfile(worker);
  file(worker);
  if (!had_room && group.open.size() > 0) wake_classes_of(group);
}

void Placement::file(Index worker) {
  Worker& filed = workers_[worker];
  if (filed.capacity == 0) return;  // it wants no work, nested or not
  filed.changed = ++changes_;
  filed.bucket = filed.free_places() > 0 ? Worker::Bucket::open : Worker::Bucket::full;
  Group& group = groups_[filed.group];
  (filed.bucket == Worker::Bucket::open ? group.open : group.full).insert(workers_, worker);
}

void Placement::unfile(Index worker) {
  Worker& filed = workers_[worker];
  if (filed.bucket == Worker::Bucket::out) return;
  Group& group = groups_[filed.group];
  (filed.bucket == Worker::Bucket::open ? group.open : group.full).remove(workers_, worker);
  filed.bucket = Worker::Bucket::out;
}

// ---- choosing ----

Index Placement::choose(const Class& task_class, bool nested) const {
  Index best = none;
  const auto consider = [&](Index worker) {
    if (worker == none) return;
    const auto rank = [&](Index of) {
      return std::pair(workers_[of].load(), workers_[of].changed);
    };
    if (best == none || rank(worker) < rank(best)) best = worker;
  };
  for (const Index group : task_class.groups) consider(groups_[group].open.lowest());
  if (best == none && nested)
    for (const Index group : task_class.groups) consider(groups_[group].full.lowest());
  return best;
}

// The worker that made what the task takes, if it is as good as the one chosen.
Index Placement::rather_near(Index chosen, Index task, const Class& task_class) const {
  const OwnMessage* own = own_message_of(tasks_[task]);
  if (own == nullptr || own->near == none) return chosen;
  const Worker& near = workers_[own->near];
  if (near.bucket != workers_[chosen].bucket || near.load() != workers_[chosen].load())
    return chosen;
  const auto& groups = task_class.groups;
  return std::find(groups.begin(), groups.end(), near.group) == groups.end() ? chosen : own->near;
}

std::optional<Placement::Choice> Placement::next() {
  while (!runnable_.empty()) {
    const Index index = runnable_.begin()->second;
    Class& task_class = classes_[index];
    const bool nested = !task_class.nested.empty();
    const Index worker = choose(task_class, nested);
    if (worker == none) {
      runnable_.erase(runnable_.begin());
      task_class.runnable = false;
      continue;
    }
    const Index task = nested ? task_class.nested.head : task_class.ordinary.head;
    const Choice choice{task, rather_near(worker, task, task_class)};
    remove(task);
    return choice;
  }
  return std::nullopt;
}

void Placement::check_invariants() const {
  std::size_t queued = 0;
  for (const auto& [names, index] : classes_by_names_) {
    const Class& task_class = classes_[index];
    queued += task_class.nested.size + task_class.ordinary.size;
    for (const PlacedTasks* queue : {&task_class.nested, &task_class.ordinary}) {
      std::size_t seen = 0;
      for (Index task = queue->head; task != none;
           task = PlacedTasks::next_of(tasks_.pool(), task)) {
        SCALER_ASSERT(tasks_[task].state == State::inactive, "a queued task is not inactive");
        SCALER_ASSERT(class_of(task) == index, "a task waits in the queue of another class");
        SCALER_ASSERT(tasks_[task].nested == (queue == &task_class.nested), "nested is not first");
        ++seen;
      }
      SCALER_ASSERT(seen == queue->size, "a queue has lost count");
    }
    SCALER_ASSERT(task_class.runnable == runnable_.contains({task_class.urgency, index}),
                  "runnable classes are listed");
    if (!task_class.runnable && !(task_class.nested.empty() && task_class.ordinary.empty()))
      SCALER_ASSERT(choose(task_class, !task_class.nested.empty()) == none,
                    "a class sleeps though somebody could take its task");
  }
  SCALER_ASSERT(queued == waiting_, "waiting tasks do not add up");
  std::size_t members = 0;
  for (const auto& [names, index] : groups_by_names_) members += groups_[index].workers;
  for (const auto& [identity, index] : workers_.by_identity()) {
    const Worker& worker = workers_[index];
    if (worker.group == none) continue;
    --members;
    using Bucket = Worker::Bucket;
    const Bucket right = worker.capacity == 0        ? Bucket::out
                         : worker.free_places() == 0 ? Bucket::full
                                                     : Bucket::open;
    SCALER_ASSERT(worker.bucket == right, "a worker is filed in the wrong place");
    SCALER_ASSERT(right == Bucket::out || worker.bucket_load == std::min(worker.load(), 65'535U),
                  "a worker is filed under an old load");
  }
  SCALER_ASSERT(members == 0, "groups have lost count of their workers");
}

}  // namespace scaler::scheduler
