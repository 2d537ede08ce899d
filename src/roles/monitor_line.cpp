#include "roles/monitor_line.hpp"

#include <fmt/format.h>

#include <utility>

#include "scaler/base/random.hpp"
#include "scaler/wire/codec.hpp"

namespace scaler::roles {
namespace {

constexpr Duration hello_patience = 1s;      // then the other protocol is tried
constexpr std::uint16_t from_scheduler = 2;  // to its monitor's port, by default
constexpr std::uint16_t from_storage = 1;

net::DealerOptions options_of(const Address& address, std::shared_ptr<tls::Context> tls) {
  net::DealerOptions options;
  options.address = address;
  options.socket_type = SocketType::sub;
  options.identity = fmt::format("Monitor|{}", Random::from_system().hex(32));
  options.tries_both_protocols = true;
  options.handshake_patience = hello_patience;
  options.tls = std::move(tls);
  return options;
}

}  // namespace

MonitorLine::MonitorLine(net::Loop& loop, const Address& address, std::shared_ptr<tls::Context> tls,
                         Events events)
    : events_(std::move(events)), dealer_(loop, options_of(address, std::move(tls)), *this) {}

void MonitorLine::on_message(Bytes payload) {
  if (const auto message = wire::decode(payload)) events_.on_message(*message);
}

MonitorSearch::MonitorSearch(net::Loop& loop, Address address, std::shared_ptr<tls::Context> tls,
                             std::function<void()> on_found)
    : loop_(loop),
      address_(std::move(address)),
      tls_(std::move(tls)),
      on_found_(std::move(on_found)) {}

void MonitorSearch::start() {
  if (of_scheduler_ || !address_.has_port()) return;
  of_scheduler_ = listen_at(from_scheduler);
  of_storage_ = listen_at(from_storage);
}

std::unique_ptr<MonitorLine> MonitorSearch::listen_at(std::uint16_t distance) {
  Address beside = address_;
  if (beside.port > 65535 - distance) return nullptr;
  beside.port = static_cast<std::uint16_t>(beside.port + distance);
  return std::make_unique<MonitorLine>(
      loop_, beside, tls_,
      MonitorLine::Events{[this, beside](const wire::Message& message) { heard(beside, message); },
                          [](std::string_view) {}});
}

void MonitorSearch::heard(const Address& address, const wire::Message& message) {
  if (found_ || !std::holds_alternative<wire::StateScheduler>(message)) return;
  found_ = address;
  on_found_();
}

}  // namespace scaler::roles
