// Ping-pong latency and one-way rate of 250-byte messages, dealer to router over loopback, both
// ends in one loop on one thread.
#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "scaler/net/dealer.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/router.hpp"

namespace scaler::net {
namespace {

constexpr std::size_t message_bytes = 250;
constexpr int round_trips = 20'000;
constexpr int one_way_messages = 2'000'000;
constexpr int burst = 2'000;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class Bench final : public RouterEvents, public DealerEvents {
 public:
  Bench(const std::string& where, Protocol protocol) : router_(loop_, {}, *this) {
    DealerOptions options;
    options.address = *router_.listen(*Address::parse(where));
    options.protocol = protocol;
    options.identity = "bench";
    dealer_ = std::make_unique<Dealer>(loop_, options, *this);
    on_connect_ = [this] { loop_.stop(); };
    loop_.run();
  }

  double ping_pong_us() {
    int left = round_trips;
    on_request_ = [this](PeerId id, Bytes payload) { router_.send(id, std::move(payload)); };
    on_answer_ = [&](Bytes payload) {
      if (--left == 0) return loop_.stop();
      dealer_->send(std::move(payload));
    };
    const auto start = std::chrono::steady_clock::now();
    dealer_->send(payload_);
    loop_.run();
    return seconds_since(start) * 1e6 / round_trips;
  }

  double one_way_per_second() {
    int sent = 0;
    int received = 0;
    on_request_ = [&](PeerId, Bytes) {
      if (++received == one_way_messages) loop_.stop();
    };
    const auto token = loop_.before_poll([&] {
      if (dealer_->queued_bytes() > burst * message_bytes) return;
      for (int i = 0; i < burst && sent < one_way_messages; ++i, ++sent) dealer_->send(payload_);
      loop_.wake();
    });
    const auto start = std::chrono::steady_clock::now();
    loop_.wake();
    loop_.run();
    return one_way_messages / seconds_since(start);
  }

 private:
  void on_peer(PeerId, const Bytes&, Protocol) override {}
  void on_message(PeerId id, Bytes payload) override { on_request_(id, std::move(payload)); }
  void on_peer_lost(PeerId, std::string_view) override {}
  void on_connected() override { on_connect_(); }
  void on_message(Bytes payload) override { on_answer_(std::move(payload)); }
  void on_disconnected(std::string_view) override {}

  Loop loop_;
  Router router_;
  std::unique_ptr<Dealer> dealer_;
  std::function<void()> on_connect_;
  std::function<void(PeerId, Bytes)> on_request_;
  std::function<void(Bytes)> on_answer_;
  Bytes payload_ = Bytes::copy_of(std::string(message_bytes, 'x'));
};

void report(const char* name, const std::string& where, Protocol protocol) {
  Bench bench(where, protocol);
  const double latency = bench.ping_pong_us();
  const double rate = bench.one_way_per_second();
  fmt::print("{:10} round trip {:6.1f} us   one way {:6.2f} million messages/s of {} bytes\n", name,
             latency, rate / 1e6, message_bytes);
}

}  // namespace
}  // namespace scaler::net

int main() {
  using scaler::net::Protocol;
  scaler::net::report("tcp zmtp", "tcp://127.0.0.1:0", Protocol::zmtp);
  scaler::net::report("tcp ymq", "tcp://127.0.0.1:0", Protocol::ymq);
  scaler::net::report("ipc ymq", "ipc:///tmp/scaler-net-bench.sock", Protocol::ymq);
  return 0;
}
