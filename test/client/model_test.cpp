#include <set>

#include "client/core_env.hpp"
#include "scaler/base/random.hpp"

namespace scaler::client {
namespace {

// Thousands of random steps of a user, a scheduler and a store that may be slow, come and go, and
// say things twice. Every token hears exactly one end, and nothing is left.
class Chaos {
 public:
  explicit Chaos(std::uint64_t seed) : random_(seed) { env_.connect(); }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      one_step();
      env_.step();
      hear_ends();
    }
    settle();
  }

 private:
  void one_step() {
    switch (random_.below(12)) {
      case 0:
      case 1:
      case 2:
        env_.submit(next_, random_.below(2) == 0 ? Fetch::eager : Fetch::lazy);
        open_.insert(next_ + 1);
        running_.push_back(next_++);
        break;
      case 3:
      case 4:
      case 5:
        finish(false);
        break;
      case 6:
        bring();
        break;
      case 7:
        bring();
        break;
      case 8:
        if (auto number = any_running()) env_.ask(Cancel{task(*number)});
        break;
      case 9:
        if (auto number = any_running())
          env_.hear(wire::TaskCancelConfirm{task(*number), confirm()});
        break;
      case 10:
        if (auto number = any_running(); number && random_.below(4) == 0)
          env_.ask(Abandon{{task(*number)}});
        break;
      default:
        env_.hear(wire::ClientHeartbeatEcho{{"127.0.0.1", 7, "tcp"}});
        env_.pass(100ms);
        if (random_.below(20) == 0) env_.ask(Clear{});
        if (random_.below(5) == 0) {
          env_.core.on_store_lost("reset", env_.now, env_.out);
          env_.core.on_store_connected(env_.now, env_.out);
        }
    }
  }

  wire::CancelConfirmType confirm() {
    return static_cast<wire::CancelConfirmType>(random_.below(3));
  }
  std::optional<std::uint64_t> any_running() {
    if (running_.empty()) return std::nullopt;
    return running_[random_.below(running_.size())];
  }
  void finish(bool all) {
    while (auto number = any_running()) {
      env_.finish(*number, static_cast<wire::TaskResultType>(random_.below(3)));
      std::erase(running_, *number);
      if (!all) return;
    }
  }
  void bring() {
    auto get = env_.done<GetObject>();
    if (!get) return;
    const std::size_t size = random_.below(3) == 0 ? 64 << 10 : 10;
    env_.core.on_object(get->id, Bytes::copy_of(std::string(size, 'x')), env_.now, env_.out);
  }
  void hear_ends() {
    const auto end = [&](Token token) { REQUIRE(open_.erase(token) == 1); };
    while (auto finished = env_.take<Finished>()) end(finished->token);
    while (auto canceled = env_.take<Canceled>()) end(canceled->token);
    while (auto lost = env_.take<Lost>()) end(lost->token);
  }
  void settle() {
    finish(true);
    for (int i = 0; i < 5000 && !open_.empty(); ++i) {
      bring();
      hear_ends();
    }
    REQUIRE(open_.empty());
    env_.ask(Clear{});
    env_.step();
    CHECK(env_.core.open_tasks() == 0);
    CHECK(env_.core.live_objects() == 0);
    CHECK_FALSE(env_.core.ended());
  }

  Random random_;
  CoreEnv env_;
  std::uint64_t next_ = 0;
  std::vector<std::uint64_t> running_;
  std::set<Token> open_;
};

TEST_CASE("whatever happens, every waiter hears one end and nothing is kept", "[client]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    Chaos(seed).run(150);
  }
}

}  // namespace
}  // namespace scaler::client
