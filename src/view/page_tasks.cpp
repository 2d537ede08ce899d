#include "view/page_tasks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "view/json_object.hpp"

namespace scaler::view {
namespace {

// Ids of older ones are not shown, and would be half of a snapshot.
constexpr std::uint64_t whole_max = 1000;

// 0 stands for "not known": what began with the page itself is moved by a millisecond.
WallMs since(WallMs origin, WallMs time) {
  if (time == 0) return 0;
  return time == origin ? 1 : time - origin;
}

std::string fate(const TaskRecord& record, WallMs origin) {
  const std::string duration = record.duration_us ? fmt::format("{}", *record.duration_us) : "null";
  return fmt::format("{},{},{},{},{},{}", record.worker, since(origin, record.begin),
                     since(origin, record.end), static_cast<int>(record.state), duration,
                     record.memory_peak_bytes);
}

std::string whole(std::uint64_t number, const TaskRecord& record, WallMs origin, bool with_id) {
  return fmt::format("[{},{},\"{}\",{},{},{}]", number, fate(record, origin),
                     with_id ? record.id.hex() : "", record.function, record.capabilities,
                     since(origin, record.seen));
}

std::string names_of(const NameTable& table, const std::vector<std::uint32_t>& numbers) {
  return json_array(numbers, [&](std::uint32_t number) {
    return fmt::format("[{},{}]", number, json::quoted(table.at(number)));
  });
}

}  // namespace

TaskChanges changes_of(TaskHistory& history, const std::vector<std::uint64_t>& numbers,
                       WallMs origin, std::size_t new_max) {
  TaskChanges changes;
  const auto news = static_cast<std::size_t>(
      std::count_if(numbers.begin(), numbers.end(),
                    [&](std::uint64_t number) { return !history.at(number).is_told; }));
  changes.skipped = news - std::min(news, new_max);
  std::size_t to_skip = changes.skipped;  // the oldest
  for (const std::uint64_t number : numbers) {
    TaskRecord& record = history.at(number);
    if (!record.is_told && to_skip > 0) {
      --to_skip;
      continue;
    }
    if (!changes.tasks.empty()) changes.tasks += ',';
    changes.tasks += std::exchange(record.is_told, true)
                         ? fmt::format("[{},{}]", number, fate(record, origin))
                         : whole(number, record, origin, true);
  }
  return changes;
}

std::string tasks_json(const TaskHistory& history, WallMs origin) {
  std::string body;
  for (std::uint64_t number = history.first(); number < history.end(); ++number) {
    if (!body.empty()) body += ',';
    body += whole(number, history.at(number), origin, number + whole_max >= history.end());
  }
  return '[' + body + ']';
}

std::string blocks_json(const TaskHistory& history, WallMs origin) {
  return json_array(history.blocks(), [&](const auto& entry) {
    const auto& [key, block] = entry;
    return fmt::format("[{},{},{},{},{}]", key.second,
                       key.first * history.limits().block_ms - origin, block.count, block.failed,
                       block.busy_ms);
  });
}

std::string names_json(const TaskHistory& history) {
  const auto all = [](const NameTable& table) { return names_of(table, table.held()); };
  return JsonObject()
      .raw("functions", all(history.names().functions))
      .raw("workers", all(history.names().workers))
      .raw("capabilities", all(history.names().capabilities))
      .take();
}

std::string take_new_names(TaskHistory& history) {
  JsonObject names;
  bool any = false;
  const auto add = [&](std::string_view key, NameTable& table) {
    const auto numbers = table.take_new();
    if (numbers.empty()) return;
    names.raw(key, names_of(table, numbers));
    any = true;
  };
  add("functions", history.names().functions);
  add("workers", history.names().workers);
  add("capabilities", history.names().capabilities);
  return any ? names.take() : std::string();
}

}  // namespace scaler::view
