#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "scaler/base/ids.hpp"
#include "scaler/view/name_table.hpp"
#include "scaler/wire/messages.hpp"

namespace scaler::view {

using WallMs = std::int64_t;  // milliseconds since the epoch

// One task from the moment it went to a worker.
struct TaskRecord {
  TaskId id;
  std::uint32_t function = 0;  // these three: numbers of names
  std::uint32_t worker = 0;
  std::uint32_t capabilities = 0;
  WallMs seen = 0;   // heard of first
  WallMs begin = 0;  // 0: not known. Of one that has not ended: sent to its worker
  WallMs end = 0;    // 0: it has not ended
  wire::TaskState state = wire::TaskState::inactive;
  std::optional<std::uint64_t> duration_us;  // as its processor measured; most do not
  std::uint64_t memory_peak_bytes = 0;
  bool is_changed = false;  // since take_changed()
  bool is_told = false;     // the owner's: whoever listens knows it, names included
};

// What became of tasks too many to keep one by one: those that began in the same few seconds on
// the same worker.
struct TaskBlock {
  std::uint32_t count = 0;
  std::uint32_t failed = 0;
  std::uint64_t busy_ms = 0;
};

// The latest tasks of a monitor stream, folded: pure, bounded in all it holds. A record has a
// number, one more than the record before. Those that are too many are folded into blocks, oldest
// first; what is too old is forgotten.
class TaskHistory {
 public:
  struct Limits {
    std::size_t records_max = 20'000;
    std::size_t blocks_max = 20'000;
    WallMs keep_ms = 30 * 60 * 1000;
    WallMs block_ms = 5'000;
  };
  struct Names {
    NameTable functions;
    NameTable workers;
    NameTable capabilities;
  };
  using BlockKey = std::pair<WallMs, std::uint32_t>;  // begin / block_ms, worker
  using Blocks = std::map<BlockKey, TaskBlock>;

  TaskHistory() = default;
  explicit TaskHistory(Limits limits) : limits_(limits) {}

  void on_task(const wire::StateTask& task, WallMs now);
  void prune(WallMs now);

  const Limits& limits() const { return limits_; }
  std::uint64_t first() const { return first_; }
  std::uint64_t end() const { return first_ + records_.size(); }  // one behind the last
  const TaskRecord& at(std::uint64_t number) const { return records_[number - first_]; }
  TaskRecord& at(std::uint64_t number) { return records_[number - first_]; }
  const Blocks& blocks() const { return blocks_; }
  Names& names() { return names_; }
  const Names& names() const { return names_; }

  // Numbers of the records that came or changed since the last call, ascending.
  std::vector<std::uint64_t> take_changed();

 private:
  TaskRecord& find_or_add(const wire::StateTask& task, WallMs now);
  void set_names(TaskRecord& record, const wire::StateTask& task);
  void set_end(TaskRecord& record, const wire::StateTask& task, WallMs now);
  void drop_first();
  void fold(const TaskRecord& record);
  void drop_first_block();
  WallMs& last_end_of(std::uint32_t worker);

  Limits limits_;
  Names names_;
  std::deque<TaskRecord> records_;
  std::uint64_t first_ = 0;
  std::unordered_map<TaskId, std::uint64_t> open_;  // tasks that have not ended
  std::vector<std::uint64_t> changed_;
  Blocks blocks_;
  std::vector<WallMs> last_ends_;  // by worker
};

bool is_final(wire::TaskState state);
bool is_failure(wire::TaskState state);

}  // namespace scaler::view
