#pragma once

#include <string>
#include <string_view>

#include "scaler/view/top_screen.hpp"

// A fixed cluster to draw: two pools of workers, some clients, and messages of many kinds.
namespace scaler::view {

inline Bytes text_bytes(std::string_view text) { return Bytes::copy_of(text); }

inline wire::StateScheduler::WorkerStatus sample_worker(std::string_view id, unsigned number) {
  wire::StateScheduler::WorkerStatus worker;
  worker.worker = text_bytes(id);
  worker.agent = {static_cast<std::uint16_t>(number), 40'000'000 + number * 1'000'000};
  worker.rss_free_bytes = 22'226'455'757;
  worker.free = 1000 - number;
  worker.sent = number;
  worker.queued = number / 2;
  worker.lag_us = 90 + 400 * number;
  worker.last_seconds = static_cast<std::uint8_t>(number);
  worker.itl = number % 2 == 0 ? "100" : "110";
  worker.processors = {
      {100 + number,
       true,
       number % 2 != 0,
       false,
       {static_cast<std::uint16_t>(number * 250), 60'000'000 + number * 10'000'000}}};
  return worker;
}

inline wire::StateScheduler sample_state() {
  using wire::TaskState;
  wire::StateScheduler state;
  state.scheduler = {10, 43'096'473};
  state.rss_free_bytes = 21'367'462'297;
  state.objects = 462;
  state.tasks = {{TaskState::inactive, 12},          {TaskState::running, 9},
                 {TaskState::canceling, 0},          {TaskState::balance_canceling, 0},
                 {TaskState::success, 53'704},       {TaskState::failed, 14},
                 {TaskState::failed_worker_died, 0}, {TaskState::canceled, 48},
                 {TaskState::canceled_not_found, 0}, {TaskState::worker_disconnecting, 0}};
  state.sent = {{"WorkerManagerHeartbeatEcho", 30},
                {"WorkerHeartbeatEcho", 85},
                {"ClientHeartbeatEcho", 283'701},
                {"Task", 54'660},
                {"TaskResult", 53'766},
                {"TaskCancel", 62}};
  state.received = {{"WorkerManagerHeartbeat", 30},
                    {"WorkerHeartbeat", 85},
                    {"ClientHeartbeat", 283'701},
                    {"ObjectInstruction", 233},
                    {"Task", 53'764},
                    {"TaskResult", 53'794},
                    {"TaskCancel", 60}};
  state.clients = {{text_bytes("Client|6dd525aaf8f14c0bb3f1d2a1c5e5a0d1"), 3},
                   {text_bytes("Client|0b1c2d3e4f5061728394a5b6c7d8e9f0"), 18}};
  wire::StateScheduler::ManagedWorkers fixed{text_bytes("wm-native"), {}};
  for (unsigned i = 0; i < 6; ++i) {
    const std::string id = "Worker|FIX|" + std::string(1, static_cast<char>('a' + i)) +
                           "3261bed1f00f4c2d9d6b9b1a2c3d4e5f";
    state.workers.push_back(sample_worker(id, i));
    fixed.workers.push_back(text_bytes(id));
  }
  state.workers.push_back(sample_worker("Worker|NAT|77", 7));
  state.managed_workers = {fixed,
                           {text_bytes("wm-burst-of-tuesday"), {text_bytes("Worker|NAT|77")}}};
  state.managers = {{text_bytes("wm-burst-of-tuesday"), "m", 2, 16, "gpu linux", 2}};
  return state;
}

inline wire::StateTask sample_end(std::string_view function, wire::TaskState state, float seconds) {
  wire::StateTask event;
  event.function_name = text_bytes(function);
  event.state = state;
  if (seconds > 0) event.metadata = wire::encode_task_profile({seconds, 41'943'040, seconds});
  return event;
}

inline Heard sample_heard() {
  Heard heard;
  heard.on_message(sample_state(), TimePoint{});
  heard.on_message(sample_end("fold", wire::TaskState::success, 0.5F), TimePoint{});
  heard.on_message(sample_end("fold", wire::TaskState::success, 1.5F), TimePoint{});
  heard.on_message(sample_end("__main__.parse_all_of_it", wire::TaskState::failed, 0), TimePoint{});
  return heard;
}

// Without the spaces at the ends of lines.
inline std::string text_of(const Frame& frame) {
  std::string text;
  for (const Line& line : frame)
    text += line.text.substr(0, line.text.find_last_not_of(' ') + 1) + '\n';
  return text;
}

}  // namespace scaler::view
