#include "scaler/clientio/client_link.hpp"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <set>

namespace scaler::clientio {

namespace {

LinkOptions to_nowhere() {
  LinkOptions options;
  options.client.identity = "Client|0123";
  options.client.scheduler_address = "tcp://127.0.0.1:1";
  options.client.serializer = Bytes::copy_of("serializer");
  options.scheduler = *Address::parse("tcp://127.0.0.1:1");
  return options;
}

// Of a function that was never uploaded: answered by Canceled at once.
client::Request stray_task(client::Token token) {
  client::Submit request;
  request.tasks.push_back({{}, token, {}});
  return request;
}

client::Request stray_tasks(client::Token first, std::size_t count) {
  client::Submit request;
  for (std::size_t i = 0; i < count; ++i) request.tasks.push_back({{}, first + i, {}});
  return request;
}

// What a link tells. While it is held the link's thread stands still in the middle of telling.
class Listener {
 public:
  void hear(std::vector<client::Notice> batch) {
    std::unique_lock lock(mutex_);
    for (client::Notice& notice : batch) told_.push_back(std::move(notice));
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
  }
  void hold(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }
  void wait_until_told(std::size_t count) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, 30s, [&] { return told_.size() >= count; }));
  }
  // Looks again with each batch, as the link's contract says.
  void wait_for_room(const ClientLink& link) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, 30s, [&] { return link.has_room(); }));
  }
  std::vector<client::Notice> told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<client::Notice> told_;
  bool held_ = false;
};

struct LinkEnv {
  explicit LinkEnv(LinkOptions options = to_nowhere())
      : link(std::move(options), [this](auto batch) { listener.hear(std::move(batch)); }) {}
  ~LinkEnv() {
    listener.hold(false);
    link.post(client::Disconnect{});
    link.wait_ended(30s);  // the listener must outlive the thread
  }
  // The link's thread has taken nothing of what is posted after this.
  void stop_thread() {
    listener.hold(true);
    link.post(stray_task(1));
    listener.wait_until_told(1);
  }
  Listener listener;
  ClientLink link;
};

}  // namespace

TEST_CASE("what is beyond a turn's share is served in the turns after, in order", "[clientio]") {
  constexpr client::Token count = 20'000;
  LinkEnv env;
  env.stop_thread();
  for (client::Token token = 2; token <= count; ++token) REQUIRE(env.link.post(stray_task(token)));
  env.listener.hold(false);
  env.listener.wait_until_told(count);
  client::Token next = 1;
  for (const client::Notice& notice : env.listener.told())
    REQUIRE(std::get<client::Canceled>(notice).token == next++);
}

TEST_CASE("a link that is disconnected with requests waiting tells all of them", "[clientio]") {
  constexpr client::Token count = 5'000;
  LinkEnv env;
  env.stop_thread();
  for (client::Token token = 2; token <= count; ++token) env.link.post(stray_task(token));
  env.link.post(client::Disconnect{});
  std::size_t posted = count;  // after the end too, until the link is closed: then post() says so
  while (posted < 2 * count && env.link.post(stray_task(++posted))) {
  }
  env.listener.hold(false);
  REQUIRE(env.link.wait_ended(30s));
  std::set<client::Token> answered;
  bool ended = false;
  for (const client::Notice& notice : env.listener.told()) {
    if (const auto* canceled = std::get_if<client::Canceled>(&notice))
      REQUIRE(answered.insert(canceled->token).second);
    else if (const auto* lost = std::get_if<client::Lost>(&notice))
      REQUIRE(answered.insert(lost->token).second);
    else if (std::holds_alternative<client::Ended>(notice))
      ended = true;
  }
  REQUIRE(answered.size() == posted);
  REQUIRE(ended);
  REQUIRE_FALSE(env.link.post(stray_task(1)));
}

TEST_CASE("a link is crowded by what it has not taken, and tells when half of it has left",
          "[clientio]") {
  LinkOptions options = to_nowhere();
  options.crowd_bytes_max = 256 * 100;
  LinkEnv env(std::move(options));
  env.stop_thread();
  env.link.post(stray_tasks(2, 100));
  REQUIRE_FALSE(env.link.is_crowded());
  REQUIRE_FALSE(env.link.has_room());
  env.link.post(stray_tasks(200, 100));
  REQUIRE(env.link.is_crowded());
  env.link.want_room();
  env.listener.hold(false);
  env.listener.wait_for_room(env.link);
  REQUIRE_FALSE(env.link.is_crowded());
}

TEST_CASE("a link is crowded by payloads that no store has taken", "[clientio]") {
  LinkOptions options = to_nowhere();
  options.backlog_bytes_max = 1000;
  LinkEnv env(std::move(options));
  client::Upload upload;
  ObjectId id;
  id.bytes[0] = std::byte{1};
  upload.objects.push_back({id, {}, Bytes::copy_of(std::string(2000, 'x'))});
  env.link.post(std::move(upload));
  REQUIRE(env.link.is_crowded());
  env.link.post(stray_task(1));  // answered at the end of a turn that has taken the upload
  env.listener.wait_until_told(1);
  REQUIRE(env.link.is_crowded());
  REQUIRE_FALSE(env.link.has_room());
}

}  // namespace scaler::clientio
