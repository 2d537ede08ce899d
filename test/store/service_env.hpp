#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scaler/net/dealer.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/timer.hpp"
#include "scaler/roles/store_service.hpp"
#include "scaler/store/store_client.hpp"
#include "store/store_env.hpp"
#include "support/log_recorder.hpp"

namespace scaler::roles {

using store::id_of;
using store::StoreClient;
using support::LogRecorder;

// A service on a free port of the loopback, and the loop that it shares with its clients.
struct ServiceEnv {
  explicit ServiceEnv(StoreServiceLimits limits = {})
      : service(loop, "ObjectStorageServer", limits) {
    auto bound = service.listen(*Address::parse("tcp://127.0.0.1:0"));
    REQUIRE(bound);
    address = *bound;
  }
  ~ServiceEnv() { service.check_invariants(); }

  // Turns the loop until `done` holds. A minute is for a broken test only.
  void run_until(const std::function<bool()>& done) {
    bool late = false;
    net::Timer watchdog(loop, [&] {
      late = true;
      loop.stop();
    });
    watchdog.start(60s);
    bool stopped = false;  // the turn of a stop may end twice
    const auto check = loop.before_poll([&] {
      if (!stopped && done()) {
        stopped = true;
        loop.stop();
      }
    });
    loop.run();
    REQUIRE_FALSE(late);
  }

  net::Loop loop;
  LogRecorder log;
  StoreService service;
  Address address;
};

// A peer of the service over a real socket, several requests at a time.
class TestClient final : public net::DealerEvents {
 public:
  enum class Way : std::uint8_t { tcp, same_host };
  TestClient(ServiceEnv& env, std::string identity, net::Protocol protocol = net::Protocol::ymq,
             Way way = Way::tcp)
      : env_(env), dealer_(env.loop, options(env, std::move(identity), protocol, way), *this) {}

  std::uint64_t set(const ObjectId& id, Bytes content) {
    return send(client_.set(id, std::move(content), frames_));
  }
  std::uint64_t set_late(const ObjectId& id, Bytes content) {
    return send(client_.set(id, std::move(content), frames_, StoreClient::Answered::late));
  }
  std::uint64_t get(const ObjectId& id) { return send(client_.get(id, frames_)); }
  std::uint64_t remove(const ObjectId& id) { return send(client_.remove(id, frames_)); }
  std::uint64_t duplicate(const ObjectId& source, const ObjectId& copy) {
    return send(client_.duplicate(source, copy, frames_));
  }
  void send_raw(Bytes frame) { REQUIRE(dealer_.send(std::move(frame))); }

  bool has(std::uint64_t request) const { return answers.contains(request); }
  const StoreClient::Answer& wait_for(std::uint64_t request) {
    env_.run_until([&] { return has(request); });
    return answers.at(request);
  }

  std::map<std::uint64_t, StoreClient::Answer> answers;
  std::vector<std::uint64_t> order;  // of the answers, by request
  int connections = 0;
  int disconnections = 0;

 private:
  static net::DealerOptions options(const ServiceEnv& env, std::string identity,
                                    net::Protocol protocol, Way way) {
    net::DealerOptions options;
    options.prefers_same_host = way == Way::same_host;
    options.address = env.address;
    options.identity = std::move(identity);
    options.protocol = protocol;
    options.limits = StoreServiceLimits::object_limits(std::uint64_t{1} << 30);
    return options;
  }
  std::uint64_t send(std::uint64_t request) {
    for (Bytes& frame : frames_) REQUIRE(dealer_.send(std::move(frame)));
    frames_.clear();
    return request;
  }

  void on_connected() override { ++connections; }
  void on_disconnected(std::string_view) override {
    ++disconnections;
    client_.on_reconnected();
  }
  void on_message(Bytes payload) override {
    auto result = client_.on_frame(std::move(payload));
    REQUIRE(result);
    if (!result->has_value()) return;
    const std::uint64_t request = (*result)->request_id;
    REQUIRE(answers.emplace(request, std::move(**result)).second);
    order.push_back(request);
  }

  ServiceEnv& env_;
  StoreClient client_;
  std::vector<Bytes> frames_;
  net::Dealer dealer_;
};

// Bytes of a known pattern that differ at every place a slip could hide.
inline Bytes patterned(std::size_t size, std::uint64_t seed) {
  Buffer buffer(size);
  std::uint64_t value = seed;
  std::byte word[8];
  for (std::size_t at = 0; at < size; at += 8) {
    value = value * 6364136223846793005U + 1442695040888963407U;
    store_le64(word, value);
    buffer.append(ByteView(word).first(std::min<std::size_t>(8, size - at)));
  }
  return std::move(buffer).freeze();
}

}  // namespace scaler::roles
