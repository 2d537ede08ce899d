#include "scaler/view/task_history.hpp"

#include <catch2/catch.hpp>

#include "view/page_support.hpp"

namespace scaler::view {

namespace {

using test::profiled;
using test::task;
using wire::TaskState;

}  // namespace

TEST_CASE("a task that waits for a worker takes no place", "[view]") {
  TaskHistory history;
  for (std::uint32_t i = 0; i < 100; ++i) history.on_task(task(i, TaskState::inactive, ""), 10);
  CHECK(history.end() == 0);
}

TEST_CASE("a measured task began as long before its end as it took", "[view]") {
  TaskHistory history;
  history.on_task(task(1, TaskState::running), 1000);
  history.on_task(profiled(task(1, TaskState::success), 0.25F, 77), 5000);
  REQUIRE(history.end() == 1);
  const TaskRecord& record = history.at(0);
  CHECK(record.seen == 1000);
  CHECK(record.begin == 4750);
  CHECK(record.end == 5000);
  CHECK(record.duration_us == 250'000U);
  CHECK(record.memory_peak_bytes == 77);
  CHECK(history.names().functions.at(record.function) == "f");
}

TEST_CASE("a task that was not measured began when its worker had ended the one before", "[view]") {
  TaskHistory history;
  history.on_task(task(1, TaskState::running), 100);
  history.on_task(task(2, TaskState::running), 100);
  history.on_task(task(1, TaskState::success), 400);
  history.on_task(task(2, TaskState::failed), 900);
  CHECK(history.at(0).begin == 100);
  CHECK(history.at(1).begin == 400);
  CHECK_FALSE(history.at(1).duration_us);
}

TEST_CASE("a task that moves to another worker begins there anew", "[view]") {
  TaskHistory history;
  history.on_task(task(1, TaskState::running, "a"), 100);
  history.on_task(task(1, TaskState::balance_canceling, "a"), 200);
  history.on_task(task(1, TaskState::balance_canceled, "a"), 300);
  CHECK(history.at(0).begin == 0);
  CHECK(history.at(0).worker == 0);
  history.on_task(task(1, TaskState::running, "b"), 400);
  CHECK(history.at(0).begin == 400);
  CHECK(history.names().workers.at(history.at(0).worker) == "b");
  CHECK(history.end() == 1);
}

TEST_CASE("the end of a task that nobody saw begin is kept, and a canceled one has no duration",
          "[view]") {
  TaskHistory history;
  history.on_task(task(1, TaskState::success), 500);
  history.on_task(profiled(task(2, TaskState::canceled), 3.0F, 5), 600);
  CHECK(history.at(0).begin == 0);
  CHECK(history.at(0).end == 500);
  CHECK_FALSE(history.at(1).duration_us);
}

TEST_CASE("a duration that is no duration is not taken for one", "[view]") {
  TaskHistory history;
  for (const float seconds : {-1.0F, std::numeric_limits<float>::infinity(),
                              std::numeric_limits<float>::quiet_NaN(), 1e30F})
    history.on_task(profiled(task(1, TaskState::success), seconds, 5), 600);
  for (std::uint64_t i = 0; i < history.end(); ++i) CHECK_FALSE(history.at(i).duration_us);
}

TEST_CASE("what is too much is folded into blocks, what is too old is forgotten", "[view]") {
  TaskHistory history({.records_max = 10, .blocks_max = 3, .keep_ms = 10'000, .block_ms = 100});
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const WallMs now = 100'000 + i;
    history.on_task(task(i, TaskState::running), now);
    history.on_task(profiled(task(i, i % 2 ? TaskState::success : TaskState::failed), 0.0F, 0),
                    now);
    REQUIRE(history.end() - history.first() <= 10);
    REQUIRE(history.blocks().size() <= 3);
  }
  REQUIRE(history.end() == 1000);
  const auto& [key, block] = *history.blocks().begin();
  CHECK(key.first == 1007);
  CHECK(block.count == 100);
  CHECK(block.failed == 50);
  history.prune(200'000);
  CHECK(history.first() == 1000);
  CHECK(history.blocks().empty());
  CHECK(history.names().functions.held() == std::vector<std::uint32_t>{0});
  CHECK(history.names().workers.held() == std::vector<std::uint32_t>{0});
}

TEST_CASE("tasks that never end are bounded too", "[view]") {
  TaskHistory history({.records_max = 10});
  for (std::uint32_t i = 0; i < 1000; ++i)
    history.on_task(task(i, TaskState::running, "w" + std::to_string(i)), 100);
  CHECK(history.end() - history.first() == 10);
  CHECK(history.names().workers.held().size() == 11);
  history.on_task(task(0, TaskState::success, "w0"), 200);  // an end of one that was dropped
  CHECK(history.at(history.end() - 1).end == 200);
}

TEST_CASE("changes are told once, in order, and only of what is still there", "[view]") {
  TaskHistory history({.records_max = 2});
  history.on_task(task(1, TaskState::running), 1);
  history.on_task(task(2, TaskState::running), 1);
  history.on_task(task(1, TaskState::success), 2);
  CHECK(history.take_changed() == std::vector<std::uint64_t>{0, 1});
  CHECK(history.take_changed().empty());
  history.on_task(task(2, TaskState::success), 3);
  history.on_task(task(3, TaskState::running), 3);
  history.on_task(task(4, TaskState::running), 3);
  CHECK(history.take_changed() == std::vector<std::uint64_t>{2, 3});
}

TEST_CASE("a number stands for one name as long as somebody holds it", "[view]") {
  NameTable table;
  const auto a = table.hold("a");
  CHECK(table.hold("a") == a);
  CHECK(table.hold("") == 0);
  table.release(a);
  CHECK(table.at(a) == "a");
  CHECK(table.take_new() == std::vector<std::uint32_t>{a});
  table.release(a);
  CHECK(table.hold("b") == a);
  CHECK(table.take_new() == std::vector<std::uint32_t>{a});
  CHECK(table.hold(std::string(1000, 'x')) != a);
  CHECK(table.at(table.hold(std::string(2000, 'x'))).size() == NameTable::name_bytes_max);
  CHECK(table.at(table.hold("\x1b[31m\xff")) == "\xef\xbf\xbd[31m\xef\xbf\xbd");
}

}  // namespace scaler::view
