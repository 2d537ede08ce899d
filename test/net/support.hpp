#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scaler/net/dealer.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/router.hpp"
#include "scaler/net/timer.hpp"
#include "support/log_recorder.hpp"

namespace scaler::net {

using support::LogRecorder;

inline constexpr const char* loopback = "tcp://127.0.0.1:0";

// A loop for one test. Events end each step; the watchdog only ends a test that would hang.
class TestLoop {
 public:
  TestLoop() : watchdog_(loop, [this] { expired_ = true, loop.stop(); }) {}

  // Runs until `done` holds at the end of a turn.
  void run_until(std::function<bool()> done) {
    expired_ = false;
    watchdog_.start(30s);
    const auto token = loop.before_poll([&] {
      if (done()) loop.stop();
    });
    loop.run();
    watchdog_.stop();
    REQUIRE_FALSE(expired_);
  }
  // Lets everything that can happen without waiting happen.
  void turn(int turns) {
    run_until([&, left = turns]() mutable {
      loop.wake();
      return left-- == 0;
    });
  }

  Loop loop;

 private:
  bool expired_ = false;
  Timer watchdog_;
};

// A Router that writes down what happens to it, and answers if told how.
class RecordingRouter final : public RouterEvents {
 public:
  struct Seen {
    PeerId id;
    std::string identity;
    Protocol protocol;
  };
  explicit RecordingRouter(Loop& loop, RouterOptions options = {})
      : router(std::make_unique<Router>(loop, std::move(options), *this)) {}

  Address listen(const std::string& address) {
    auto bound = router->listen(*Address::parse(address));
    REQUIRE(bound);
    return *bound;
  }

  void on_peer(PeerId id, const Bytes& identity, Protocol protocol) override {
    peers.push_back({id, std::string(identity.text()), protocol});
    history.push_back("peer " + std::string(identity.text()));
    if (act_on_peer) act_on_peer(id);
  }
  void on_message(PeerId id, Bytes payload) override {
    bytes += payload.size();
    if (keep) messages.emplace_back(payload.text());
    ++count;
    if (act_on_message) act_on_message(id, std::move(payload));
  }
  void on_peer_lost(PeerId id, std::string_view why) override {
    lost.emplace_back(why);
    lost_ids.push_back(id);
    history.push_back("lost");
    if (act_on_lost) act_on_lost(id);
  }

  std::vector<Seen> peers;
  std::vector<std::string> messages;
  std::vector<std::string> lost;
  std::vector<PeerId> lost_ids;
  std::vector<std::string> history;
  std::size_t bytes = 0;
  std::size_t count = 0;
  bool keep = true;
  std::function<void(PeerId)> act_on_peer;
  std::function<void(PeerId, Bytes)> act_on_message;
  std::function<void(PeerId)> act_on_lost;
  std::unique_ptr<Router> router;
};

class RecordingDealer final : public DealerEvents {
 public:
  RecordingDealer(Loop& loop, DealerOptions options)
      : dealer(std::make_unique<Dealer>(loop, std::move(options), *this)) {}
  RecordingDealer(Loop& loop, const Address& address, Protocol protocol, std::string identity)
      : RecordingDealer(loop, options_for(address, protocol, std::move(identity))) {}

  static DealerOptions options_for(const Address& address, Protocol protocol,
                                   std::string identity) {
    DealerOptions options;
    options.address = address;
    options.protocol = protocol;
    options.identity = std::move(identity);
    options.retry_first = 1ms;
    options.retry_most = 5ms;
    return options;
  }

  void on_connected() override {
    ++connections;
    if (act_on_connected) act_on_connected();
  }
  void on_message(Bytes payload) override {
    bytes += payload.size();
    last = payload;
    messages.emplace_back(payload.size() < 4096 ? payload.text() : "(long)");
    if (act_on_message) act_on_message(std::move(payload));
  }
  void on_disconnected(std::string_view why) override {
    disconnections.emplace_back(why);
    if (act_on_disconnected) act_on_disconnected();
  }

  int connections = 0;
  std::vector<std::string> messages;
  std::vector<std::string> disconnections;
  std::size_t bytes = 0;
  Bytes last;
  std::function<void()> act_on_connected;
  std::function<void(Bytes)> act_on_message;
  std::function<void()> act_on_disconnected;
  std::unique_ptr<Dealer> dealer;
};

// A blocking client socket without any protocol. `receive_bytes` shrinks its kernel buffer, so that
// a peer that does not read is noticed early.
class RawClient {
 public:
  explicit RawClient(const Address& address, int receive_bytes = 0);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  void say(std::string_view bytes) const;
  std::string hear();       // what is there now; empty if nothing
  bool at_end();            // whether the other side has closed or reset
  void end_output() const;  // half close
  void reset();             // abort with RST
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

// A socket that listens on loopback and never reads.
class RawListener {
 public:
  RawListener();
  ~RawListener();
  RawListener(const RawListener&) = delete;
  RawListener& operator=(const RawListener&) = delete;
  Address address() const { return address_; }

 private:
  int descriptor_;
  Address address_;
};

std::string ymq_hello(std::string_view identity);  // with magic
std::string ymq_frame(std::string_view body);
std::string fresh_path(std::string_view name);  // for a socket file of this process

}  // namespace scaler::net
