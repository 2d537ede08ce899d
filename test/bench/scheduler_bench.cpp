// What the bare scheduler costs: tasks per second with and without the codec, memory per waiting
// task, and whether single operations cost the same behind a long queue as behind a short one.
//   ninja -C build/release scheduler_bench && build/release/test/bench/scheduler_bench
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string_view>
#include <vector>

#include "scaler/base/log.hpp"
#include "scaler/scheduler/scheduler.hpp"
#include "scaler/wire/codec.hpp"

namespace {

using namespace scaler;
// CPU of this thread: the machine may have other work.
double cpu_seconds() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
}

double seconds_of(const std::function<void()>& act) {
  const double start = cpu_seconds();
  act();
  return cpu_seconds() - start;
}

std::size_t heap_bytes() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

// One client, one worker, and the role's part: frames in, frames out.
class Rig {
 public:
  Rig() : core_(quiet()), random_(1) {
    core_.on_peer(client_, client_name_, now_, out_);
    core_.on_peer(worker_, worker_name_, now_, out_);
    core_.on_message(client_, wire::ClientHeartbeat{}, {}, now_, out_);
    out_.clear();
    function_ = object();
  }

  void add_worker(std::uint32_t slots) {
    wire::WorkerHeartbeat heartbeat;
    heartbeat.queue_size = slots;
    core_.on_message(worker_, heartbeat, {}, now_, out_);
    turns();
  }
  void lose_worker() {
    core_.on_message(worker_, wire::DisconnectRequest{worker_name_}, {}, now_, out_);
    turns();
  }
  void lose_client() {
    core_.on_message(client_, wire::ClientDisconnect{}, {}, now_, out_);
    turns();
  }
  wire::Task task() {
    wire::Task task;
    random_.fill(task.id.bytes);
    task.function = function_;
    task.source = client_name_;
    task.metadata = Bytes::copy_of(std::string_view("\1\0\0\0\0\0", 6));
    task.arguments = {object(), object()};
    return task;
  }
  ObjectId object() {
    ObjectId id;
    random_.fill(id.bytes);
    return id;
  }
  void hear(PeerId from, const Bytes& frame) {
    auto message = wire::decode(frame);
    core_.on_message(from, std::move(*message), frame, now_, out_);
  }
  void submit(const wire::Task& task) { hear(client_, wire::encode(task)); }
  void cancel(const TaskId& id) {
    core_.on_message(client_, wire::TaskCancel{id, true}, {}, now_, out_);
    out_.clear();
  }
  std::pair<Bytes, Bytes> answer_of(const TaskId& id) {
    const ObjectId result_object = object();
    wire::ObjectInstruction create{wire::ObjectInstructionType::create,
                                   client_name_,
                                   {result_object},
                                   {wire::ObjectContentType::object},
                                   {Bytes{}}};
    wire::TaskResult result{
        id, wire::TaskResultType::success, Bytes::copy_of("0123456789abcdef"), {result_object}};
    return {wire::encode(create), wire::encode(result)};
  }
  void turns() {
    for (bool more = true; more; flush()) more = core_.run_turn(now_, out_);
    flush();
  }
  PeerId client() const { return client_; }
  PeerId worker() const { return worker_; }

 private:
  static scheduler::Options quiet() {
    scheduler::Options options;
    options.load_balance_interval = -1s;
    return options;
  }
  void flush() {
    for (auto& effect : out_)
      if (auto* send = std::get_if<scheduler::Send>(&effect)) wire::encode(send->message);
    out_.clear();
  }
  const PeerId client_{1, 1};
  const PeerId worker_{2, 1};
  const Bytes client_name_ = Bytes::copy_of("Client|890333c8bb57413f8e71576d3ad8cba3");
  const Bytes worker_name_ = Bytes::copy_of("Worker|w");
  scheduler::Scheduler core_;
  scheduler::Outbox out_;
  TimePoint now_{};
  Random random_;
  ObjectId function_;
};

// Gives the ids only: a cancel's id comes in a message, not from a table as large as the
// scheduler's own.
std::vector<TaskId> fill(Rig& rig, std::size_t count) {
  std::vector<TaskId> ids;
  for (std::size_t i = 0; i < count; ++i) {
    const wire::Task task = rig.task();
    ids.push_back(task.id);
    rig.submit(task);
  }
  rig.turns();
  return ids;
}

void measure_throughput() {
  constexpr std::size_t batch = 100;
  constexpr std::size_t rounds = 2'000;
  double best = 1e9;
  for (int attempt = 0; attempt < 3; ++attempt) {
    Rig rig;
    rig.add_worker(1'000);
    double spent = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
      std::vector<Bytes> tasks;
      std::vector<std::pair<Bytes, Bytes>> answers;
      for (std::size_t i = 0; i < batch; ++i) {
        const auto task = rig.task();
        tasks.push_back(wire::encode(task));
        answers.push_back(rig.answer_of(task.id));
      }
      spent += seconds_of([&] {
        for (const auto& frame : tasks) rig.hear(rig.client(), frame);
        rig.turns();
        for (const auto& [create, result] : answers) {
          rig.hear(rig.worker(), create);
          rig.hear(rig.worker(), result);
        }
        rig.turns();
      });
    }
    best = std::min(best, spent);
  }
  const double tasks = static_cast<double>(batch * rounds);
  std::printf("task, result's create, result, decoded each: %.2f us a task, %.0f tasks/s\n",
              best / tasks * 1e6, tasks / best);
}

std::size_t resident_bytes() {
  std::size_t pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*u %zu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages * 4096;
}

// With its message, and without what the program needs anyway.
void measure_memory() {
  constexpr std::size_t count = 1'000'000;
  Rig rig;
  const std::size_t frame_bytes = wire::encode(rig.task()).size();
  const std::size_t heap_before = heap_bytes();
  const std::size_t resident_before = resident_bytes();
  for (std::size_t i = 0; i < count; ++i) rig.submit(rig.task());
  rig.turns();
  const auto each = [&](std::size_t bytes) {
    return static_cast<double>(bytes) / static_cast<double>(count);
  };
  std::printf(
      "waiting task with two arguments (a message of %zu bytes): %.0f bytes of heap, %.0f "
      "resident\n",
      frame_bytes, each(heap_bytes() - heap_before), each(resident_bytes() - resident_before));
}

// Decoding, handling, encoding the echo; the second's tick over all of them beside it.
void measure_heartbeats() {
  constexpr std::uint32_t workers = 10'000;
  constexpr int rounds = 10;
  scheduler::Options options;
  options.load_balance_interval = -1s;
  scheduler::Scheduler core(options);
  scheduler::Outbox out;
  wire::WorkerHeartbeat heartbeat;
  heartbeat.queue_size = 1000;
  heartbeat.manager_id = Bytes::copy_of("wm1");
  heartbeat.processors.resize(1);
  const Bytes frame = wire::encode(heartbeat);
  for (std::uint32_t i = 0; i < workers; ++i)
    core.on_peer({i, 1}, Bytes::copy_of("Worker|" + std::to_string(i)), {}, out);
  const auto round = [&] {
    for (std::uint32_t i = 0; i < workers; ++i) {
      core.on_message({i, 1}, std::move(*wire::decode(frame)), frame, {}, out);
      for (auto& effect : out)
        if (auto* send = std::get_if<scheduler::Send>(&effect)) wire::encode(send->message);
      out.clear();
    }
  };
  round();
  const double beats = seconds_of([&] {
    for (int i = 0; i < rounds; ++i) round();
  });
  const double tick = seconds_of([&] { core.on_deadline(TimePoint{} + 1s, out); });
  std::printf("heartbeat of one of 10,000 workers: %.2f us; the tick over all: %.0f us a second\n",
              beats / rounds / workers * 1e6, tick * 1e6);
}

// Nanoseconds per task of one operation with that many waiting.
using Costs = std::vector<std::pair<const char*, double>>;
Costs costs_with(std::size_t count) {
  Costs costs;
  const auto note = [&](const char* what, std::size_t times, double seconds) {
    costs.emplace_back(what, seconds / static_cast<double>(times) * 1e9);
  };
  {
    Rig rig;
    const auto ids = fill(rig, count);
    note("cancel", count / 10, seconds_of([&] {
           for (std::size_t at = 0; at < count; at += 10) rig.cancel(ids[count - 1 - at]);
         }));
    note("lose client", count, seconds_of([&] { rig.lose_client(); }));
  }
  {
    Rig rig;
    fill(rig, count);
    note("place", count, seconds_of([&] { rig.add_worker(static_cast<std::uint32_t>(count)); }));
    note("lose worker", count, seconds_of([&] { rig.lose_worker(); }));
  }
  return costs;
}

Costs least_costs(std::size_t count, int attempts) {
  Costs least = costs_with(count);
  for (int i = 1; i < attempts; ++i) {
    const Costs again = costs_with(count);
    for (std::size_t at = 0; at < least.size(); ++at)
      least[at].second = std::min(least[at].second, again[at].second);
  }
  return least;
}

void measure_ratios() {
  const Costs few = least_costs(10'000, 20);
  const Costs many = least_costs(1'000'000, 3);
  for (std::size_t at = 0; at < few.size(); ++at)
    std::printf("%-12s %6.0f ns a task with 10,000, %6.0f ns with 1,000,000: x%.1f\n",
                few[at].first, few[at].second, many[at].second, many[at].second / few[at].second);
}

}  // namespace

// scheduler_bench ratios: only these, which want a quiet machine most.
int main(int argc, char** argv) {
  log::set_level(log::Level::error);
  if (argc > 1 && std::string_view(argv[1]) == "ratios") {
    measure_ratios();
    return 0;
  }
  measure_memory();
  measure_heartbeats();
  measure_throughput();
  measure_ratios();
}
