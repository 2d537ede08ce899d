#pragma once

#include <string>

#include "scaler/view/page_feed.hpp"
#include "scaler/wire/messages.hpp"

// What a monitor stream says, for the tests of the page.
namespace scaler::view::test {

constexpr WallMs start = 1'700'000'000'000;

inline PageFeed::Now moment(WallMs after) {
  return {TimePoint(std::chrono::milliseconds(after)), start + after};
}

inline TaskId task_id(std::uint32_t number) {
  TaskId id;
  store_le32(id.bytes.data(), number);
  return id;
}

inline wire::StateTask task(std::uint32_t number, wire::TaskState state,
                            std::string_view worker = "w", std::string_view function = "f") {
  wire::StateTask said;
  said.id = task_id(number);
  said.function_name = Bytes::copy_of(function);
  said.state = state;
  said.worker = Bytes::copy_of(worker);
  return said;
}

inline wire::StateTask profiled(wire::StateTask said, float seconds, std::uint64_t bytes) {
  said.metadata = wire::encode_task_profile({seconds, bytes, seconds});
  return said;
}

inline wire::StateScheduler::WorkerStatus worker(std::string_view name, std::uint32_t sent = 0) {
  wire::StateScheduler::WorkerStatus status;
  status.worker = Bytes::copy_of(name);
  status.sent = sent;
  status.itl = "100";
  status.processors = {{7, true, sent > 0, false, {100, 5'000'000}}};
  return status;
}

}  // namespace scaler::view::test
