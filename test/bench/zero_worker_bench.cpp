// The scheduler alone, as a process of its own behind real sockets, with one simulated client and
// one simulated worker that answers at once: tasks per second, and the scheduler's CPU per task,
// whose inverse is what one core carries. Each task is one task message, the announcement of its
// result's object, and the result.
//   zero_worker_bench [TASKS]
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "scaler/base/log.hpp"
#include "scaler/base/random.hpp"
#include "scaler/net/dealer.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/roles/roles.hpp"
#include "scaler/wire/codec.hpp"

namespace {

using namespace scaler;

constexpr std::uint64_t in_flight_max = 4000;
const std::string client_name = "Client|890333c8bb57413f8e71576d3ad8cba3";
const std::string worker_name = "Worker|simulated";

double cpu_seconds_of(pid_t process) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

// A peer of the scheduler: what it hears goes to `on_heard`.
class Peer : private net::DealerEvents {
 public:
  Peer(net::Loop& loop, const Address& address, const std::string& name, net::Protocol protocol,
       wire::Message greeting)
      : greeting_(std::move(greeting)), dealer_(loop, options(address, name, protocol), *this) {}
  void say(const wire::Message& message) { dealer_.send(wire::encode(message)); }
  std::function<void(wire::Message&)> on_heard;

 private:
  static net::DealerOptions options(const Address& address, const std::string& name,
                                    net::Protocol protocol) {
    net::DealerOptions options;
    options.address = address;
    options.identity = name;
    options.protocol = protocol;
    return options;
  }
  void on_connected() override { say(greeting_); }
  void on_message(Bytes payload) override {
    auto message = wire::decode(payload);
    if (message) on_heard(*message);
  }
  void on_disconnected(std::string_view) override {}

  wire::Message greeting_;
  net::Dealer dealer_;
};

wire::Message worker_greeting() {
  wire::WorkerHeartbeat heartbeat;
  heartbeat.queue_size = 2 * in_flight_max;
  return heartbeat;
}

class Bench {
 public:
  Bench(const Address& address, net::Protocol protocol, std::uint64_t tasks)
      : tasks_(tasks),
        client_(loop_, address, client_name, protocol, wire::ClientHeartbeat{}),
        worker_(loop_, address, worker_name, protocol, worker_greeting()) {
    random_.fill(function_.bytes);
    client_.on_heard = [this](wire::Message& message) { client_hears(message); };
    worker_.on_heard = [this](wire::Message& message) { worker_hears(message); };
  }

  // Wall seconds from the first task to the last result.
  double run() {
    const auto feed = loop_.before_poll([this] { submit(); });
    loop_.run();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  std::function<void()> on_start;

 private:
  void client_hears(wire::Message& message) {
    if (std::holds_alternative<wire::TaskResult>(message)) {
      if (++ended_ == tasks_) loop_.stop();
    } else {
      note_greeted();
    }
  }
  void worker_hears(wire::Message& message) {
    auto* task = std::get_if<wire::Task>(&message);
    if (task == nullptr) return note_greeted();
    ObjectId object;
    random_.fill(object.bytes);
    worker_.say(wire::ObjectInstruction{wire::ObjectInstructionType::create,
                                        std::move(task->source),
                                        {object},
                                        {wire::ObjectContentType::object},
                                        {Bytes{}}});
    worker_.say(wire::TaskResult{
        task->id, wire::TaskResultType::success, Bytes::copy_of("0123456789abcdef"), {object}});
  }
  void note_greeted() {
    if (++greeted_ < 2) return;
    start_ = std::chrono::steady_clock::now();
    on_start();
  }
  void submit() {
    for (; greeted_ == 2 && sent_ < tasks_ && sent_ - ended_ < in_flight_max; ++sent_) {
      wire::Task task;
      random_.fill(task.id.bytes);
      task.function = function_;
      task.source = Bytes::copy_of(client_name);
      task.metadata = Bytes::copy_of(std::string_view("\1\0\0\0\0\0", 6));
      task.arguments = {function_};
      client_.say(task);
    }
  }

  const std::uint64_t tasks_;
  std::uint64_t sent_ = 0;
  std::uint64_t ended_ = 0;
  int greeted_ = 0;
  Random random_{1};
  ObjectId function_;
  std::chrono::steady_clock::time_point start_;
  net::Loop loop_;
  Peer client_;
  Peer worker_;
};

pid_t start_scheduler(const Address& address) {
  const pid_t child = fork();
  if (child != 0) return child;
  log::set_level(log::Level::error);
  config::SchedulerOptions options;
  options.bind_address = address;
  std::_Exit(roles::run_scheduler(options));
}

void measure(net::Protocol protocol, std::uint64_t tasks) {
  const auto port = static_cast<std::uint16_t>(20'000 + getpid() % 20'000 +
                                               (protocol == net::Protocol::ymq ? 10 : 0));
  const Address address = *Address::parse(fmt::format("tcp://127.0.0.1:{}", port));
  const pid_t scheduler = start_scheduler(address);
  double before = 0;
  double wall = 0;
  {
    Bench bench(address, protocol, tasks);
    bench.on_start = [&] { before = cpu_seconds_of(scheduler); };
    wall = bench.run();
  }
  const double cpu = (cpu_seconds_of(scheduler) - before) / static_cast<double>(tasks);
  fmt::print(
      "{:5} {} tasks: {:.0f} tasks/s; scheduler {:.2f} us of CPU per task, so {:.0f} "
      "tasks/s on a whole core\n",
      protocol == net::Protocol::ymq ? "YMQ" : "ZMTP", tasks, static_cast<double>(tasks) / wall,
      cpu * 1e6, 1 / cpu);
  kill(scheduler, SIGTERM);
  waitpid(scheduler, nullptr, 0);
}

}  // namespace

int main(int argc, char** argv) {
  log::set_level(log::Level::error);
  const std::uint64_t tasks = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 500'000;
  measure(net::Protocol::zmtp, tasks);
  measure(net::Protocol::ymq, tasks);
}
