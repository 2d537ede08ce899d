// Numbers, on request only: zygote_test "[.measure]" in a release build.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "embed/fake_agent.hpp"

namespace scaler::embed {
namespace {

using Clock = std::chrono::steady_clock;

double microseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

void report(const char* what, std::vector<double> samples) {
  std::ranges::sort(samples);
  fmt::print("{:<44} median {:9.1f} us   min {:9.1f}   max {:9.1f}   n={}\n", what,
             samples[samples.size() / 2], samples.front(), samples.back(), samples.size());
}

}  // namespace

TEST_CASE("what forks and tasks cost", "[.measure]") {
  auto start = Clock::now();
  FakeAgent agent;
  REQUIRE(agent.hear_zygote().front() == 'R');
  report("zygote, exec to ready", {microseconds_since(start)});

  std::vector<double> forks;
  for (int i = 0; i < 50; ++i) {
    start = Clock::now();
    auto seat = agent.start_processor();
    forks.push_back(microseconds_since(start));
    seat->hang_up();
    FakeAgent::wait_status_of(seat->pid);
  }
  report("fork request to ProcessorReady", forks);

  auto seat = agent.start_processor();
  evaluate(*seat, "7");
  seat->tell(agent::GiveObject{object_id(3), Bytes::copy_of(pickled_name("builtins", "abs"))});
  seat->tell(agent::GiveObject{object_id(4), Bytes::copy_of("I5\n.")});
  const agent::RunTask task{task_id(1), Bytes::copy_of(client), 0,
                            false,      object_id(3),           {object_id(4)}};
  std::vector<double> trips;
  for (int i = 0; i < 20'000; ++i) {
    start = Clock::now();
    seat->tell(task);
    REQUIRE_FALSE(finished(*seat).failed);
    trips.push_back(microseconds_since(start));
  }
  report("no-op task, round trip one at a time", trips);

  constexpr int window = 100;
  std::vector<double> batches;
  for (int i = 0; i < 200; ++i) {
    start = Clock::now();
    for (int k = 0; k < window; ++k) seat->tell(task);
    for (int k = 0; k < window; ++k) REQUIRE_FALSE(finished(*seat).failed);
    batches.push_back(microseconds_since(start) / window);
  }
  report("no-op task, 100 in flight, per task", batches);
}

}  // namespace scaler::embed
